//! Room on a disk. Who fills it up with a copy stops everybody who writes to the database beside it.

use std::path::Path;

use types::{Error, ErrorKind, Result};

/// What is left to others: with less than this `doctor` says that there is too little.
const RESERVE: u64 = 256 << 20;

/// Whether so many bytes more can be written to a folder.
///
/// # Errors
/// 507 `backup_no_room`.
pub(super) fn require(folder: &Path, bytes: u64) -> Result<()> {
    let needed = bytes.saturating_add(RESERVE);
    match free(folder) {
        Some(free) if free < needed => Err(Error::new(
            ErrorKind::StorageFull,
            "backup_no_room",
            "There is not enough room on the disk: for all that is to be written, and 256 MiB that \
             are left to others.",
        )
        .caused_by(format!(
            "{} MiB are free in {}, and {} MiB are needed",
            free >> 20,
            folder.display(),
            needed >> 20
        ))),
        _ => Ok(()),
    }
}

/// None where it cannot be told: then writing tells.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let about = rustix::fs::statvfs(folder).ok()?;
    Some(about.f_bavail.saturating_mul(about.f_frsize))
}

#[cfg(not(unix))]
fn free(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_disk_can_have_is_refused_before_it_is_written() {
        let error = require(&std::env::temp_dir(), u64::MAX).expect_err("no disk is so large");
        assert_eq!(error.code(), "backup_no_room");
        assert!(!error.message().contains('/'), "where exactly is for the log: {error}");
    }
}
