//! What is read of a backup, for `tests/parsers` to hold it against what must hold.

use types::Result;

use super::archive::Entry;
use super::manifest::Manifest;

/// The head of a file, as it would be written again.
///
/// # Errors
/// 409 for what is no backup, or not a whole one.
pub fn head(mut file: &[u8]) -> Result<Vec<u8>> {
    Manifest::read(&mut file)?.head()
}

/// The name and the size of the first file of an archive, and its entry as it would be written
/// again; none at the end.
///
/// # Errors
/// 409 for what is no archive, or not a whole one.
pub fn entry(mut archive: &[u8]) -> Result<Option<(String, u64, Vec<u8>)>> {
    let Some(entry) = Entry::read(&mut archive)? else { return Ok(None) };
    let mut written = Vec::new();
    entry.write(&mut written, 0)?;
    Ok(Some((entry.name, entry.bytes, written)))
}
