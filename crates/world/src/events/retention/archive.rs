//! The files of what was deleted: for each group a folder, for each day a file of gzipped lines, one
//! event each, as the API tells it.
//!
//! Each slice is a gzip member of its own, and members one after the other are a file that every
//! reader of gzip reads as one. A slice whose deletion failed is written again with the next try,
//! so an event may stand there twice; its id tells.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use types::{GroupId, Result, Time};

use crate::events::model::Event;

/// The lines of a slice.
pub(super) fn pack(events: &[Event]) -> Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    for event in events {
        serde_json::to_writer(&mut out, event)?;
        out.write_all(b"\n")?;
    }
    Ok(out.finish()?)
}

/// Appends a slice to the file of a group and a day; it is on the disk when this returns.
pub(super) fn append(directory: &Path, group: GroupId, day: Time, packed: &[u8]) -> Result<()> {
    let folder = directory.join(group.to_string());
    private_folder(&folder)?;
    let mut name = day.to_string();
    name.truncate("2026-01-31".len());
    let path = folder.join(format!("{name}.ndjson.gz"));
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(packed)?;
    file.sync_all()?;
    // The name of a new file is in its folder.
    std::fs::File::open(&folder)?.sync_all()?;
    Ok(())
}

/// Makes a folder that only this user reads, unless it is there.
fn private_folder(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    Ok(builder.create(path)?)
}
