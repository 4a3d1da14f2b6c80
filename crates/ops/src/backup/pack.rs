//! Making a backup: a copy of the database at one moment, and its way through archive, compression
//! and encryption to wherever it goes. Memory stays small, however large the database is.

use std::fs::File;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use database::file::{self, Contents, Copying, Depth, Pace};
use flate2::Compression;
use flate2::write::GzEncoder;
use kernel::Keys;
use sha2::{Digest as _, Sha256};
use types::{Error, ErrorKind, GroupId, Result, Secret, Time};

use super::apart::{Rhythm, Stop};
use super::archive::{self, Entry};
use super::manifest::{DATABASE, FORMAT, INSIDE, Inside, KEYS, Kind, Manifest, Part};
use super::seal::{Seal, Sealed};
use super::space;

/// Bytes read at once.
const CHUNK: usize = 256 << 10;
/// Quick, and a fifth of the size for rows of text and JSON; more costs others more than it saves.
const LEVEL: Compression = Compression::new(3);

/// A key of the installation, as it stands in its file.
#[derive(Clone)]
pub struct KeyFile {
    /// `root.key`.
    pub name: String,
    /// What is in it.
    pub text: Secret<String>,
}

/// What is remembered of keys: enough to tell whether they are those of a database.
pub type Fingerprint = fn(&[KeyFile]) -> Result<String>;

/// What is to be made.
pub(super) struct Order {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) now: Time,
    /// The database, which may be in use.
    pub(super) database: PathBuf,
    /// Where the copy lies meanwhile.
    pub(super) scratch: PathBuf,
    pub(super) seal: Seal,
    /// None unless they are asked for.
    pub(super) keys: Vec<KeyFile>,
    pub(super) fingerprint: Fingerprint,
    /// What shows later that this installation made it.
    pub(super) proof: Option<Keys>,
    /// Whether somebody else works on this machine.
    pub(super) gently: bool,
}

/// How far it is: percent, and what is done.
pub(super) type Told<'a> = &'a (dyn Fn(u8, &str) + Send + Sync);

/// Makes one, and writes it to `out`.
pub(super) fn make(
    order: &Order,
    out: &mut dyn Write,
    stop: &Stop,
    told: Told<'_>,
) -> Result<Manifest> {
    let copy = PlainCopy(order.scratch.join(format!("{}.db", order.name)));
    copied(order, &copy.0, stop, told)?;
    sound(&copy.0)?;
    let contents = file::look(&copy.0)?;
    fit(order, &contents)?;
    stop.check()?;
    let manifest = manifest(order, &contents, std::fs::metadata(&copy.0)?.len())?;
    out.write_all(&manifest.head()?)?;
    let sealed = order.seal.close(out)?;
    let mut packed = GzEncoder::new(sealed, LEVEL);
    entries(order, &manifest, &copy.0, contents, &mut packed, stop, told)?;
    let out = packed.finish()?.finish()?;
    out.flush()?;
    Ok(manifest)
}

/// Copies the database as long as there is room for it, and for others.
fn copied(order: &Order, copy: &Path, stop: &Stop, told: Told<'_>) -> Result<()> {
    let size = |end: &str| {
        let mut name = order.database.as_os_str().to_owned();
        name.push(end);
        std::fs::metadata(name).map_or(0, |about| about.len())
    };
    space::require(&order.scratch, size("").saturating_add(size("-wal")))?;
    let pace = if order.gently { Pace::GENTLE } else { Pace::FULL };
    let mut room = Ok(());
    let done = file::copy(&order.database, copy, pace, |Copying { done, of }| {
        told(percent(done, of, 0, 50), "copying the database");
        room = space::require(&order.scratch, 0);
        room.is_ok() && !stop.is_asked()
    });
    room.and(done)
}

/// Of a damaged database no backup is made: it would take the place of one that is good.
fn sound(copy: &Path) -> Result<()> {
    let unsound = |why: String| {
        Error::conflict(
            "database_damaged",
            "The database is damaged, so no backup was made of it: stop the server, run `sixfold \
             doctor`, and restore an earlier backup.",
        )
        .caused_by(why)
    };
    match file::problems(copy, Depth::Pages) {
        Ok(found) => found.into_iter().next().map_or(Ok(()), |first| Err(unsound(first))),
        Err(error) if error.kind() == ErrorKind::Internal => Err(unsound(error.to_string())),
        Err(error) => Err(error),
    }
}

/// Keys are only packed with the data they belong to.
fn fit(order: &Order, contents: &Contents) -> Result<()> {
    match &contents.keys {
        Some(said) if !order.keys.is_empty() && (order.fingerprint)(&order.keys)? != *said => {
            Err(Error::conflict(
                "keys_foreign",
                "The keys that are here are not those of this database: they are not put into its \
                 backup.",
            ))
        }
        _ => Ok(()),
    }
}

/// The plain copy: it lies beside the database, and goes as soon as it has been read.
struct PlainCopy(PathBuf);

impl Drop for PlainCopy {
    fn drop(&mut self) {
        for end in ["", "-journal", "-wal", "-shm"] {
            let mut name = self.0.as_os_str().to_owned();
            name.push(end);
            let _ = std::fs::remove_file(name);
        }
    }
}

fn manifest(order: &Order, contents: &Contents, bytes: u64) -> Result<Manifest> {
    let newest = contents.migrations.iter().filter(|step| step.applied_at.is_some());
    let newest = newest.map(|step| step.name.clone()).max().ok_or_else(|| {
        Error::conflict("database_empty", "This database has no schema yet: nothing to back up.")
    })?;
    let mut manifest = Manifest {
        format: FORMAT,
        name: order.name.clone(),
        kind: order.kind,
        // As it reads when it comes back.
        created_at: Time::from_micros(order.now.millis() * 1000),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        engine: "sqlite".to_owned(),
        installation: contents.platform.map(|id| GroupId(id).to_string()),
        migration: newest,
        event_seq: contents.last_event,
        database_bytes: bytes,
        encryption: order.seal.kind(),
        includes_keys: !order.keys.is_empty(),
        keys_fingerprint: contents.keys.clone(),
        proof: None,
    };
    if let Some(keys) = &order.proof {
        manifest.prove(keys)?;
    }
    Ok(manifest)
}

fn entries<W: Write>(
    order: &Order,
    manifest: &Manifest,
    copy: &Path,
    contents: Contents,
    out: &mut GzEncoder<Sealed<W>>,
    stop: &Stop,
    told: Told<'_>,
) -> Result<()> {
    let seconds = order.now.seconds();
    let mut parts = vec![database(order, copy, manifest.database_bytes, out, stop, told)?];
    for key in &order.keys {
        let text = key.text.reveal().as_bytes();
        parts.push(small(&format!("{KEYS}{}", key.name), text, seconds, out)?);
    }
    let inside = Inside { manifest: manifest.clone(), parts, rows: contents.rows };
    small(INSIDE, &serde_json::to_vec(&inside)?, seconds, out)?;
    archive::write_end(out)
}

fn database<W: Write>(
    order: &Order,
    copy: &Path,
    bytes: u64,
    out: &mut GzEncoder<Sealed<W>>,
    stop: &Stop,
    told: Told<'_>,
) -> Result<Part> {
    Entry { name: DATABASE.to_owned(), bytes }.write(out, order.now.seconds())?;
    let (mut from, mut hash) = (File::open(copy)?, Sha256::new());
    let (mut chunk, mut done) = (vec![0; CHUNK], 0u64);
    let mut rhythm = Rhythm::new(order.gently);
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hash.update(&chunk[..read]);
        out.write_all(&chunk[..read])?;
        done += read as u64;
        stop.check()?;
        told(percent(done, bytes, 50, 100), "packing it");
        rhythm.rest();
    }
    if done != bytes {
        return Err(Error::internal("the copy changed its size while it was packed"));
    }
    archive::write_padding(out, bytes)?;
    Ok(Part { name: DATABASE.to_owned(), bytes, sha256: hex(hash) })
}

fn small<W: Write>(name: &str, text: &[u8], seconds: i64, out: &mut W) -> Result<Part> {
    let (name, bytes) = (name.to_owned(), text.len() as u64);
    Entry { name: name.clone(), bytes }.write(out, seconds)?;
    out.write_all(text)?;
    archive::write_padding(out, bytes)?;
    Ok(Part { name, bytes, sha256: hex(Sha256::new_with_prefix(text)) })
}

/// A checksum as it is written.
pub(super) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn percent(done: u64, of: u64, from: u8, to: u8) -> u8 {
    let span = u64::from(to - from);
    from + u8::try_from(done.min(of) * span / of.max(1)).unwrap_or_default()
}
