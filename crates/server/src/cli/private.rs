//! Files for nobody else to read.

use std::fs::File;
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

/// A file that is not there yet.
pub(super) fn create(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// A file beside another one, to be moved into its place once it is whole. What is there is what was
/// left by one that did not come to its end, or a trap: it goes, and nothing is written through it.
pub(super) fn beside(path: &Path) -> Result<(PathBuf, File)> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = create(&beside)?;
    Ok((beside, file))
}
