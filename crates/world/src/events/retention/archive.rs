//! The files of what was deleted: for each group a folder, for each slice a file of gzipped lines,
//! one event each, as the API tells it.
//!
//! A file appears under its name when it is whole and on the disk, and never changes: whatever
//! stops its writing, those that are there can be read. It is called after the day and the first
//! and last event in it, so a slice whose deletion failed takes its own place with the next try of
//! that day; on another day, or where it ends elsewhere, its events stand there twice, and their
//! ids tell.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use kernel::disk;
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

/// Writes a slice to its file; it is on the disk when this returns.
pub(super) fn keep(directory: &Path, group: GroupId, name: &str, packed: &[u8]) -> Result<()> {
    let folder = directory.join(group.to_string());
    disk::make_folder(&folder)?;
    let part = folder.join(format!(".{name}.part"));
    let done = whole(&part, packed).and_then(|()| {
        std::fs::rename(&part, folder.join(name))?;
        disk::sync_folder(&folder)
    });
    if done.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    Ok(done?)
}

/// The name of the file of a slice, by the day it is deleted on.
pub(super) fn name(day: Time, events: &[Event]) -> String {
    let mut name = day.to_string();
    name.truncate("2026-01-31".len());
    if let (Some(first), Some(last)) = (events.first(), events.last()) {
        name.push_str(&format!("-{}-{}", first.id, last.id));
    }
    name.push_str(".ndjson.gz");
    name
}

fn whole(path: &Path, packed: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(packed)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_and_not_ended_is_in_nobodys_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let group: GroupId = "0190c0de-0000-7000-8000-000000000001".parse().expect("an id");
        let own = folder.path().join(group.to_string());
        let day: Time = "2026-01-31T12:00:00.000Z".parse().expect("a time");
        let name = name(day, &[]);
        assert_eq!(name, "2026-01-31.ndjson.gz");
        // Somebody was killed while they wrote.
        std::fs::create_dir(&own).expect("a folder");
        std::fs::write(own.join(format!(".{name}.part")), "half").expect("a file");
        keep(folder.path(), group, &name, b"whole").expect("it is kept");
        keep(folder.path(), group, "other", b"other").expect("it is kept");
        let read = |name: &str| std::fs::read(own.join(name)).expect("a file");
        assert_eq!((read(&name), read("other")), (b"whole".to_vec(), b"other".to_vec()));
        // A try that fails leaves nothing, and what is there as it was.
        std::fs::create_dir(own.join("taken")).expect("a folder");
        keep(folder.path(), group, "taken", b"lost").expect_err("there is a folder");
        let names: Vec<_> = std::fs::read_dir(&own).expect("it").flatten().collect();
        assert_eq!(names.len(), 3, "{names:?}");
    }
}
