//! A database written anew, so that its file has nothing but what is in it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;
use types::{Error, Result};

use super::{alone, open};
use crate::failure;

/// What a file came to.
#[derive(Debug, Clone, Copy)]
pub struct Compacted {
    /// Bytes it had, with its log.
    pub before: u64,
    /// Bytes it has.
    pub after: u64,
}

/// Writes a database anew beside its file and puts it in its place, for the same owner: bytes of
/// what was removed are not in it, nor words of earlier versions in the index of texts. Whatever
/// stops it, the database is there with everything in it. Takes as much room again. To be called by
/// who holds the file ([`super::Hold`]).
///
/// # Errors
/// When the file is no database or damaged, the disk is full, or the new file cannot be given to
/// whom the old one belongs.
pub fn compact(database: &Path) -> Result<Compacted> {
    // Of a link, where it leads to: what is there would stay else.
    let database = &fs::canonicalize(database)?;
    let before = bytes(database) + bytes(&beside(database, "-wal"));
    let copy = beside(database, ".compact");
    // What is there was left by one that did not come to its end.
    remove(&copy)?;
    let written = make(&copy, database).and_then(|()| write(database, &copy)).and_then(|()| {
        fs::set_permissions(&copy, fs::metadata(database)?.permissions())?;
        File::open(&copy)?.sync_all()?;
        fs::rename(&copy, database)?;
        if let Some(folder) = database.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    });
    if let Err(error) = written {
        let _ = remove(&copy);
        return Err(error);
    }
    Ok(Compacted { before, after: bytes(database) })
}

/// An empty file that nobody else can read, of the same owner.
#[cfg(unix)]
fn make(copy: &Path, of: &Path) -> Result<()> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
    let file = File::options().write(true).create_new(true).mode(0o600).open(copy)?;
    let about = fs::metadata(of)?;
    Ok(fchown(&file, Some(about.uid()), Some(about.gid()))?)
}

#[cfg(not(unix))]
fn make(copy: &Path, _of: &Path) -> Result<()> {
    File::options().write(true).create_new(true).open(copy)?;
    Ok(())
}

fn write(database: &Path, copy: &Path) -> Result<()> {
    let connection = open(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let copy = copy.to_str().ok_or_else(|| Error::internal("a path that is no text"))?;
    let work = || {
        if connection.table_exists(Some("main"), "search_index")? {
            connection
                .execute_batch("insert into search_index (search_index) values ('optimize')")?;
        }
        connection.execute("vacuum into ?1", [copy])
    };
    work().map_err(failure::of_sqlite)?;
    // The log belongs to the file that goes.
    alone(&connection)?;
    connection.close().map_err(|(_, error)| failure::of_sqlite(error))
}

fn beside(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn bytes(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |about| about.len())
}

fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
