//! Room on a disk, and folders that are on it. Who fills it up with a copy stops everybody who writes
//! to the database beside it.

use std::fs::{DirBuilder, File};
use std::io;
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

/// Makes a folder that only this user reads, and those above it, unless they are there. Each new one
/// stays when the machine stops, not only what is synced in it.
///
/// # Errors
/// As the file system.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let is_missing = |one: &&Path| !one.as_os_str().is_empty() && !one.is_dir();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    // Whoever made the last one that is there may have been killed before this. It may also be none
    // of ours, in a folder that nobody syncs: then nothing is to be done.
    if let Some(there) = path.ancestors().nth(missing.len()) {
        let _ = sync_folder(parent(there));
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    for one in missing.into_iter().rev() {
        match builder.create(one) {
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && one.is_dir() => {}
            made => made?,
        }
        sync_folder(parent(one))?;
    }
    Ok(())
}

/// The names in a folder are on the disk once it is.
///
/// # Errors
/// As the file system.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The folder that something is in.
#[must_use]
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
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
    fn folders_are_made_with_those_above_them_and_for_nobody_else() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("one/two/three");
        for _ in 0..2 {
            make_folder(&path).expect("it is there");
            assert!(path.is_dir());
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            for one in path.ancestors().take(3) {
                let about = std::fs::metadata(one).expect("it is there");
                assert_eq!(about.permissions().mode() & 0o777, 0o700, "{}", one.display());
            }
        }
        std::fs::write(place.path().join("file"), "in the way").expect("a file");
        for wrong in ["file", "file/below"] {
            make_folder(&place.path().join(wrong)).expect_err("there is a file");
        }
        assert_eq!(parent(Path::new("one")), Path::new("."));
        assert_eq!(parent(Path::new("one/two")), Path::new("one"));
    }

    #[test]
    fn no_disk_has_room_for_everything() {
        let told = lacking(&std::env::temp_dir(), u64::MAX).expect("no disk is so large");
        assert!(told.contains("MiB are free"), "{told}");
        assert_eq!(lacking(Path::new("/nowhere/at/all"), 1), None, "what cannot be told");
    }
}
