//! Room on a disk. Who fills it up with a copy stops everybody who writes to the database beside it.

use std::path::Path;

/// Bytes that are left to others: with less than this `doctor` says that there is too little.
pub const RESERVE: u64 = 256 << 20;

/// What is lacking, for the log, if a folder has no room for so many bytes more and what is left to
/// others.
#[must_use]
pub fn lacking(folder: &Path, bytes: u64) -> Option<String> {
    let needed = bytes.saturating_add(RESERVE);
    let free = free(folder).filter(|free| *free < needed)?;
    Some(format!(
        "{} MiB are free in {}, and {} MiB are needed",
        free >> 20,
        folder.display(),
        needed >> 20
    ))
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
    fn no_disk_has_room_for_everything() {
        let told = lacking(&std::env::temp_dir(), u64::MAX).expect("no disk is so large");
        assert!(told.contains("MiB are free"), "{told}");
        assert_eq!(lacking(Path::new("/nowhere/at/all"), 1), None, "what cannot be told");
    }
}
