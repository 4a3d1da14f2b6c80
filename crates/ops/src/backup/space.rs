//! Room for a backup: it is written beside a database that others write to.

use std::path::Path;

use kernel::disk;
use types::{Error, ErrorKind, Result};

/// Whether so many bytes more can be written to a folder.
///
/// # Errors
/// 507 `backup_no_room`.
pub(super) fn require(folder: &Path, bytes: u64) -> Result<()> {
    let Some(lacking) = disk::lacking(folder, bytes) else { return Ok(()) };
    Err(Error::new(
        ErrorKind::StorageFull,
        "backup_no_room",
        "There is not enough room on the disk: for all that is to be written, and 256 MiB that \
         are left to others.",
    )
    .caused_by(lacking))
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
