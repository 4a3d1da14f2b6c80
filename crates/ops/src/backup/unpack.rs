//! Reading a backup again: everything it says of itself is compared with what is in it, before
//! anybody relies on it.

use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use database::MigrationState;
use database::file::{self, Depth};
use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};
use types::{Error, ErrorKind, Result, Secret};

use super::apart::Stop;
use super::archive::{self, Entry};
use super::folder::parent;
use super::manifest::{
    DATABASE, INSIDE, Inside, KEY_NAMES, KEYS, Manifest, Part, damaged, newer, truncated,
};
use super::pack::{Fingerprint, KeyFile, hex};
use super::seal::Unlock;
use super::space;

const CHUNK: usize = 256 << 10;
/// Bytes of a key at most.
const KEY_BYTES: u64 = 4 << 10;
/// Bytes of what is said of the rest at most.
const INSIDE_BYTES: u64 = 1 << 20;

/// A backup that was unpacked and found whole.
pub(super) struct Unpacked {
    /// What it says of itself.
    pub(super) manifest: Manifest,
    /// The database in it, in a file of its own.
    pub(super) database: PathBuf,
    /// The keys in it.
    pub(super) keys: Vec<KeyFile>,
    /// Rows in all tables.
    pub(super) rows: u64,
}

/// A backup whose head was read, and nothing behind it.
pub(super) struct Begun<'a> {
    from: BufReader<&'a mut dyn Read>,
    /// What it says of itself, which nothing has shown to be true yet.
    pub(super) manifest: Manifest,
}

/// Reads the head of a backup.
///
/// # Errors
/// 409: `backup_foreign`, `backup_newer`, `backup_truncated`, `backup_damaged`.
pub(super) fn begin(from: &mut dyn Read) -> Result<Begun<'_>> {
    let mut from = BufReader::with_capacity(CHUNK, from);
    let manifest = Manifest::read(&mut from)?;
    if !file::knows(&manifest.migration) {
        let why = format!("Its schema ({}) is not known to this one", manifest.migration);
        return Err(newer(&why));
    }
    if manifest.engine != "sqlite" {
        return Err(damaged("it names an engine whose files are not backed up"));
    }
    Ok(Begun { from, manifest })
}

impl Begun<'_> {
    /// Unpacks the rest, the database into a new file, and checks everything. What was written stays
    /// there when this fails: it is the caller's to remove.
    ///
    /// # Errors
    /// 409: `backup_truncated`, `backup_damaged`, `backup_locked`, `backup_not_encrypted`,
    /// `backup_lock_too_costly`, `backup_newer`; 507 `backup_no_room`.
    pub(super) fn unpack(
        self,
        unlock: &Unlock,
        into: &Path,
        depth: Depth,
        fingerprint: Fingerprint,
        stop: &Stop,
    ) -> Result<Unpacked> {
        let Self { from, manifest } = self;
        let opened = unlock.open(from, manifest.encryption)?;
        space::require(parent(into), manifest.database_bytes)?;
        let mut archive = GzDecoder::new(BufReader::with_capacity(CHUNK, opened));
        let mut found = read(&mut archive, &manifest, into, stop)?;
        // To the end of the compression, which has a checksum, and of the encryption, which has one.
        ends(&mut archive)?;
        let mut rest = archive.into_inner();
        ends(&mut rest)?;
        let inside = found.inside.take().ok_or_else(truncated)?;
        if inside.manifest != manifest || manifest.includes_keys == found.keys.is_empty() {
            return Err(damaged("its head does not say what is in it"));
        }
        if inside.parts != found.parts {
            return Err(damaged("its parts are not those that were written"));
        }
        fit(&manifest, &found.keys, fingerprint)?;
        let rows = check(&inside, into, depth)?;
        Ok(Unpacked { manifest, database: into.to_owned(), keys: found.keys, rows })
    }
}

/// Whether keys are those of the data they came with.
fn fit(manifest: &Manifest, keys: &[KeyFile], fingerprint: Fingerprint) -> Result<()> {
    let Some(said) = manifest.keys_fingerprint.as_ref().filter(|_| !keys.is_empty()) else {
        return Ok(());
    };
    match fingerprint(keys) {
        Ok(own) if own == *said => Ok(()),
        Ok(_) => Err(damaged("the keys in it are not those of its data")),
        Err(error) => Err(damaged("a key in it is none").caused_by(error.to_string())),
    }
}

/// What came out of an archive.
#[derive(Default)]
struct Found {
    parts: Vec<Part>,
    keys: Vec<KeyFile>,
    inside: Option<Inside>,
}

fn read(archive: &mut impl Read, manifest: &Manifest, into: &Path, stop: &Stop) -> Result<Found> {
    let mut found = Found::default();
    while let Some(Entry { name, bytes }) = Entry::read(archive)? {
        if found.inside.is_some() {
            return Err(damaged("there is more in it than there should be"));
        }
        if name == DATABASE && found.parts.is_empty() {
            if bytes != manifest.database_bytes {
                return Err(damaged("its database has another size than it says"));
            }
            found.parts.push(database(archive, bytes, into, stop)?);
        } else if name == INSIDE {
            let text = small(archive, bytes, INSIDE_BYTES)?;
            let inside = serde_json::from_slice(&text);
            found.inside = Some(inside.map_err(|_| damaged("its contents cannot be read"))?);
        } else {
            found.parts.push(key(archive, &name, bytes, &mut found.keys)?);
        }
        archive::skip_padding(archive, bytes)?;
    }
    Ok(found)
}

/// All of what has so many bytes at most.
fn small(archive: &mut impl Read, bytes: u64, most: u64) -> Result<Vec<u8>> {
    if bytes > most {
        return Err(damaged("a part of it is larger than it can be"));
    }
    let mut text = vec![0; usize::try_from(bytes)?];
    archive::fill(archive, &mut text)?;
    Ok(text)
}

/// One of the keys there are, each once.
fn key(archive: &mut impl Read, name: &str, bytes: u64, keys: &mut Vec<KeyFile>) -> Result<Part> {
    let file = name.strip_prefix(KEYS).filter(|file| KEY_NAMES.contains(file));
    let file = file.filter(|file| keys.iter().all(|key| key.name != *file));
    let file = file.ok_or_else(|| damaged("there is something in it that nobody knows"))?;
    let text = small(archive, bytes, KEY_BYTES)?;
    let sha256 = hex(Sha256::new_with_prefix(&text));
    let text = String::from_utf8(text).map_err(|_| damaged("a key in it is none"))?;
    keys.push(KeyFile { name: file.to_owned(), text: Secret::new(text) });
    Ok(Part { name: name.to_owned(), bytes, sha256 })
}

fn database(archive: &mut impl Read, bytes: u64, into: &Path, stop: &Stop) -> Result<Part> {
    let mut file = private(into)?;
    let (mut hash, mut left, mut chunk) = (Sha256::new(), bytes, vec![0; CHUNK]);
    while left > 0 {
        let want = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        archive::fill(archive, &mut chunk[..want])?;
        hash.update(&chunk[..want]);
        file.write_all(&chunk[..want]).map_err(|error| unwritable(into, &error))?;
        left -= want as u64;
        space::require(parent(into), 0)?;
        stop.check()?;
    }
    file.sync_all().map_err(|error| unwritable(into, &error))?;
    Ok(Part { name: DATABASE.to_owned(), bytes, sha256: hex(hash) })
}

/// A new file for nobody else.
pub(super) fn private(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map_err(|error| unwritable(path, &error))
}

/// What cannot be written, and why.
pub(super) fn unwritable(path: &Path, error: &io::Error) -> Error {
    let said =
        "A file of the backups cannot be written: the place is full, or not to be written to.";
    Error::new(ErrorKind::StorageFull, "backup_unwritable", said)
        .caused_by(format!("{}: {error}", path.display()))
}

/// Nothing may stand behind what was read.
fn ends(rest: &mut impl Read) -> Result<()> {
    match rest.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(damaged("something stands behind its end")),
        Err(error) => Err(unreadable(error)),
    }
}

/// What reading failed with, in our words.
pub(super) fn unreadable(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => truncated(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            damaged("its bytes are not those that were written").caused_by(error)
        }
        _ => Error::new(ErrorKind::Overloaded, "backup_unreadable", "The backup cannot be read.")
            .caused_by(error),
    }
}

/// Compares a database with what was said of it, and looks for damage; how many rows it has.
fn check(inside: &Inside, database: &Path, depth: Depth) -> Result<u64> {
    let contents = file::look(database).map_err(|error| {
        damaged("the database in it cannot be read").caused_by(error.to_string())
    })?;
    for step in &contents.migrations {
        match step.state {
            MigrationState::Applied | MigrationState::Pending => {}
            MigrationState::Unknown => {
                let why = format!("Its schema has a step ({}) that is not known here", step.name);
                return Err(newer(&why));
            }
            MigrationState::Changed => {
                let name = &step.name;
                return Err(newer(&format!("A step of its schema ({name}) is another one here")));
            }
        }
    }
    if contents.rows != inside.rows || contents.last_event != inside.manifest.event_seq {
        return Err(damaged("its tables do not have the rows they had"));
    }
    if contents.keys != inside.manifest.keys_fingerprint {
        return Err(damaged("its data is not that of the keys it names"));
    }
    if let Some(first) = file::problems(database, depth)?.into_iter().next() {
        return Err(damaged("the database in it is not sound").caused_by(first));
    }
    Ok(contents.rows.values().sum())
}
