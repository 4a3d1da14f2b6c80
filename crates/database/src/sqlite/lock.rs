//! One process per database file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::Path;

use types::{Error, ErrorKind, Result};

/// An advisory lock beside the database, released by the kernel when the process ends.
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    pub(crate) fn take(database: &Path) -> Result<Self> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let mut file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&name).map_err(
                |error| {
                    Error::new(
                        ErrorKind::StorageFull,
                        "data_directory_not_writable",
                        format!(
                            "{} cannot be opened for writing ({error}): check that the directory \
                         exists and belongs to this user.",
                            Path::new(&name).display()
                        ),
                    )
                },
            )?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::conflict(
                    "database_in_use",
                    format!(
                        "{} is in use by another sixfold process: stop it first, or give this \
                         one another DATABASE_URL or SIXFOLD_DATA_DIR.",
                        database.display()
                    ),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // For a person who wonders who holds it; nothing reads it back.
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { _file: file })
    }
}
