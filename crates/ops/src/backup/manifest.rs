//! What a backup says of itself.
//!
//! A file begins with two lines anybody may read: which format it is, and its [`Manifest`]. Behind
//! them stands an archive (tar, gzip), encrypted unless somebody chose otherwise, whose last entry
//! is [`Inside`]: the manifest again, with the parts, their checksums and how many rows each table
//! has. Where the archive is encrypted, nobody who only has the file can change that.

use std::collections::BTreeMap;
use std::io::{BufRead, Read as _};

use kernel::Keys;
use serde::{Deserialize, Serialize};
use types::{Error, Result, Time};
use utoipa::ToSchema;

use super::place::is_name;
use super::unpack::unreadable;

/// The format this binary writes, and the only one there is.
pub(crate) const FORMAT: u32 = 1;
/// How the first line begins.
const MAGIC: &str = "sixfold-backup ";
/// Bytes of both lines at most.
pub(crate) const HEAD_BYTES: usize = 4 << 10;
/// Letters of a word in it at most.
const WORD: usize = 100;
/// The name of [`Inside`] in the archive.
pub(crate) const INSIDE: &str = "contents.json";
/// The name of the database in the archive.
pub(crate) const DATABASE: &str = "sixfold.db";
/// The folder of the keys in the archive.
pub(crate) const KEYS: &str = "keys/";
/// What their files are called.
pub(crate) const KEY_NAMES: [&str; 3] = ["root.key", "signing.key", "root.key.old"];

/// Who asked for a backup: retention only ever deletes what a schedule made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BackupKind)]
pub enum Kind {
    /// The schedule; it is deleted when its time is over.
    Scheduled,
    /// A person; it stays until a person deletes it.
    Manual,
}

/// How a backup is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BackupEncryption)]
pub enum Encryption {
    /// Not at all.
    None,
    /// To public keys (`age1…`).
    Recipients,
    /// With a passphrase.
    Passphrase,
}

/// What anybody who has the file may know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The format of the file.
    pub format: u32,
    /// Its name when it was written.
    pub name: String,
    /// Who asked for it.
    pub kind: Kind,
    /// The moment the data is of.
    pub created_at: Time,
    /// The version of Sixfold that wrote it.
    pub version: String,
    /// The engine whose file is in it.
    pub engine: String,
    /// The installation it is of: the id of its platform's group.
    pub installation: Option<String>,
    /// The newest step of the schema.
    pub migration: String,
    /// The place of the newest event.
    pub event_seq: i64,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// How what follows is encrypted.
    pub encryption: Encryption,
    /// Whether the keys are in it.
    pub includes_keys: bool,
    /// What is remembered of the keys the data was made with.
    pub keys_fingerprint: Option<String>,
    /// What shows an installation that it wrote this itself: only the schedule's have it, since
    /// only they are ever deleted.
    pub proof: Option<String>,
}

/// A file in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// What only who can decrypt the file may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inside {
    pub(crate) manifest: Manifest,
    pub(crate) parts: Vec<Part>,
    /// Rows by table.
    pub(crate) rows: BTreeMap<String, u64>,
}

impl Manifest {
    /// The lines a file begins with.
    pub(crate) fn head(&self) -> Result<Vec<u8>> {
        let text = serde_json::to_string(self)?;
        Ok(format!("{MAGIC}{FORMAT}\n{text}\n").into_bytes())
    }

    /// Reads those lines, and nothing behind them.
    pub(crate) fn read(from: &mut impl BufRead) -> Result<Self> {
        let first = line(from, 64, MAGIC)?;
        let Some(format) = first.strip_prefix(MAGIC) else { return Err(foreign()) };
        match format.parse::<u32>() {
            Ok(FORMAT) => {}
            Ok(format) => return Err(newer(&format!("Its format is {format}"))),
            Err(_) => return Err(foreign()),
        }
        let second = line(from, HEAD_BYTES, "{")?;
        let head: Self =
            serde_json::from_str(&second).map_err(|error| unread().caused_by(error))?;
        if head.is_plain() { Ok(head) } else { Err(unread()) }
    }

    /// Whether there is nothing in it but what we write: it is shown to people, and anybody may have
    /// written it.
    fn is_plain(&self) -> bool {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-+".contains(letter);
        let word = |text: &str| !text.is_empty() && text.len() <= WORD && text.chars().all(plain);
        let words = [&self.version, &self.engine, &self.migration];
        let perhaps = [&self.installation, &self.keys_fingerprint, &self.proof];
        self.format == FORMAT
            && is_name(&self.name)
            && word(&self.name)
            && words.into_iter().all(|text| word(text))
            && perhaps.into_iter().flatten().all(|text| word(text))
    }

    /// Shows this installation that the head is its own: nobody else has its keys.
    pub(crate) fn prove(&mut self, keys: &Keys) -> Result<()> {
        self.proof = Some(self.proof_by(keys)?);
        Ok(())
    }

    /// Whether the holder of these keys wrote it.
    pub(crate) fn is_proven(&self, keys: &Keys) -> bool {
        self.proof.is_some() && self.proof_by(keys).ok() == self.proof
    }

    /// Of everything in it but this.
    fn proof_by(&self, keys: &Keys) -> Result<String> {
        let text = serde_json::to_string(&Self { proof: None, ..self.clone() })?;
        let proof = keys.derive(&format!("head of a backup v1: {text}"));
        Ok(proof.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A line that begins like this, without its end.
fn line(from: &mut impl BufRead, most: usize, begins: &str) -> Result<String> {
    let mut line = Vec::new();
    // With its end, which is not counted.
    let mut bounded = from.take(most as u64 + 1);
    bounded.read_until(b'\n', &mut line).map_err(unreadable)?;
    if !line.starts_with(begins.as_bytes()) && !begins.as_bytes().starts_with(&line) {
        return Err(foreign());
    }
    match line.pop() {
        None => return Err(foreign()),
        Some(b'\n') => {}
        Some(_) if line.len() == most => return Err(foreign()),
        Some(_) => return Err(truncated()),
    }
    String::from_utf8(line).map_err(|_| foreign())
}

fn unread() -> Error {
    Error::conflict("backup_damaged", "The head of this backup cannot be read.")
}

/// Not one of ours.
pub(crate) fn foreign() -> Error {
    Error::conflict("backup_foreign", "This is no backup that Sixfold wrote.")
}

/// It ends too early.
pub(crate) fn truncated() -> Error {
    Error::conflict(
        "backup_truncated",
        "This backup ends too early: a part of it is missing. Take another one.",
    )
}

/// Its bytes are not those that were written.
pub(crate) fn damaged(what: &str) -> Error {
    Error::conflict(
        "backup_damaged",
        format!("This backup was damaged or changed: {what}. Take another one."),
    )
}

/// It comes from a version that knows more.
pub(crate) fn newer(why: &str) -> Error {
    Error::conflict(
        "backup_newer",
        format!("{why}: this backup was made by a newer version of Sixfold. Use that one."),
    )
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
pub(super) mod tests;
