//! The data directory: created once, readable by its owner only.

use std::fs;
use std::io;
use std::path::Path;

use crate::exit::Stop;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Absent,
    Directory,
    SomethingElse,
}

impl Place {
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(Self::Directory),
            Ok(_) => Ok(Self::SomethingElse),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Absent),
            Err(error) => Err(error),
        }
    }
}

/// Makes the directory if it is not there; refuses one that cannot be written.
pub(super) fn prepare(path: &Path) -> Result<(), Stop> {
    let place =
        Place::at(path).map_err(|error| unusable(path, &format!("cannot be read ({error})")))?;
    match place {
        Place::SomethingElse => Err(unusable(path, "is not a directory")),
        Place::Absent => {
            create(path).map_err(|error| unusable(path, &format!("cannot be created ({error})")))
        }
        Place::Directory => is_writable(path)
            .map_err(|error| unusable(path, &format!("cannot be written ({error})"))),
    }
}

fn create(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Tries it: permissions, mounts and quotas have too many ways to say no.
pub(crate) fn is_writable(path: &Path) -> io::Result<()> {
    let probe = path.join(format!(".probe-{}", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&probe)?;
    fs::remove_file(&probe)
}

fn unusable(path: &Path, why: &str) -> Stop {
    Stop::refused(
        "data_directory_unusable",
        format!(
            "The data directory {} {why}: give this user write access to it, or name another \
             with SIXFOLD_DATA_DIR or --data-dir.",
            path.display()
        ),
    )
}
