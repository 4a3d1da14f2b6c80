//! The keys of the installation, and the proof that they belong to this data.
//!
//! The first start over an empty database makes them (or takes what the operator gives) and
//! leaves a fingerprint in the table `once`. Every later start compares: new keys over old data
//! would make what the old ones protect unreadable, so such a start is refused.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use database::{Db, Tx, args};
use kernel::{Clock, Keys, Random, vault};
use types::{Error, ErrorKind, Result};

use crate::config::Settings;

/// The row in `once`.
const ROW: &str = "keys";
/// The row with the base of derived keys, once the root key was rotated.
const BASE_ROW: &str = "keys_base";

/// Where the key files are.
pub(crate) fn folder(settings: &Settings) -> PathBuf {
    settings.server.data_dir.join("keys")
}

/// The keys the operator gave, or those in the files; nothing when there are none yet.
pub(crate) fn present(settings: &Settings) -> Result<Option<Keys>> {
    let keys = match (&settings.keys.root, &settings.keys.signing) {
        (Some(root), Some(signing)) => {
            Some(Keys::new(Keys::parse(root.reveal())?, Keys::parse(signing.reveal())?))
        }
        _ => Keys::load(&folder(settings))?,
    };
    if let Some(keys) = &keys {
        keys.check()?;
    }
    Ok(keys)
}

/// The keys of this database: those that are there, or new ones if it holds no data yet.
pub(super) async fn of(settings: &Settings, db: &Db) -> Result<Keys> {
    let recorded = db.unbound().read(async |tx: &mut Tx| stored(tx).await).await?;
    let keys = match (present(settings)?, &recorded) {
        (Some(keys), _) => keys,
        (None, None) => create(&folder(settings), &Random::System)?,
        (None, Some(_)) => return Err(missing(&folder(settings))),
    };
    let own = fingerprint(&keys);
    let recorded = match recorded {
        Some(recorded) => recorded,
        None => record(db, own.clone()).await?,
    };
    if recorded == own {
        return with_base(db, keys).await;
    }
    if settings.keys.root.is_none() && folder(settings).join("root.key.new").exists() {
        return Err(unfinished());
    }
    Err(foreign())
}

/// The keys of this database, for who only looks at it; none that are there, or none that are its.
pub(crate) async fn at_hand(settings: &Settings) -> Result<Option<Keys>> {
    let Some(keys) = present(settings)? else { return Ok(None) };
    let look = async |tx: &mut Tx| Ok((stored(tx).await?, row(tx, BASE_ROW).await?));
    let (recorded, base) = Db::look(&super::database_settings(settings), look).await?;
    if recorded.as_deref() != Some(&*fingerprint(&keys)) {
        return Ok(None);
    }
    unwrapped(keys, base).map(Some)
}

/// The keys as they were before any rotation, to those who only use what is derived from them.
async fn with_base(db: &Db, keys: Keys) -> Result<Keys> {
    let wrapped = db.unbound().read(async |tx: &mut Tx| row(tx, BASE_ROW).await).await?;
    unwrapped(keys, wrapped)
}

fn unwrapped(keys: Keys, base: Option<String>) -> Result<Keys> {
    match base {
        None => Ok(keys),
        Some(text) => vault::unwrap_base(keys, &URL_SAFE_NO_PAD.decode(text)?),
    }
}

/// Brings everything under another root key: what it wrapped is wrapped anew and the fingerprint
/// is the new one, in one transaction. How many keys of tenants there were; none when an earlier
/// rotation got that far.
pub(crate) async fn rotate_root(db: &Db, old: &Keys, new_root: [u8; 32]) -> Result<u64> {
    old.under(new_root).check()?;
    let recorded = db.unbound().read(async |tx: &mut Tx| stored(tx).await).await?;
    let (new, now) = (old.under(new_root), Clock::System.now());
    if recorded.as_deref() == Some(&*fingerprint(&new)) {
        return Ok(0);
    }
    if recorded.as_deref() != Some(&*fingerprint(old)) {
        return Err(foreign());
    }
    let (old, random) = (with_base(db, old.clone()).await?, Random::System);
    let new = old.under(new_root);
    let base = URL_SAFE_NO_PAD.encode(vault::wrap_base(&new, &random)?);
    db.unbound()
        .write(async move |tx| {
            let count = vault::rewrap(tx, &old, &new, &random).await?;
            ops::audit::root_key_rotated(tx, &old, &new, now).await?;
            let moved = tx
                .run(
                    "update once set value = $3, claimed_at = $4 where name = $1 and value = $2",
                    args![ROW, &fingerprint(&old), &fingerprint(&new), now],
                )
                .await?;
            if moved != 1 {
                return Err(foreign());
            }
            tx.run(
                "insert into once (name, value, claimed_at) values ($1, $2, $3) \
             on conflict (name) do update set value = $2, claimed_at = $3",
                args![BASE_ROW, &base, now],
            )
            .await?;
            Ok(count)
        })
        .await
}

/// What is remembered of the keys: enough to tell them apart, useless for anything else.
pub(crate) fn fingerprint(keys: &Keys) -> String {
    keys.fingerprint()
}

/// The fingerprint in the database.
pub(crate) async fn stored(tx: &mut Tx) -> Result<Option<String>> {
    row(tx, ROW).await
}

async fn row(tx: &mut Tx, name: &str) -> Result<Option<String>> {
    let found = tx
        .maybe("select value from once where name = $1", args![name], |row| {
            row.get::<Option<String>>(0)
        })
        .await?;
    Ok(found.flatten())
}

/// Writes the fingerprint unless another node was faster; answers the one that stands.
async fn record(db: &Db, own: String) -> Result<String> {
    let now = Clock::System.now();
    db.unbound()
        .write(async move |tx| {
            tx.run(
                "insert into once (name, value, claimed_at) values ($1, $2, $3) \
             on conflict (name) do nothing",
                args![ROW, &own, now],
            )
            .await?;
            Ok(stored(tx).await?.unwrap_or_default())
        })
        .await
}

/// Makes both files or none: they are written beside and moved into place together.
fn create(folder: &Path, random: &Random) -> Result<Keys> {
    let mut beside = folder.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    // Left by a start that was interrupted here: never used, because never moved.
    match fs::remove_dir_all(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unmade(&error)),
        _ => {}
    }
    let keys = Keys::create(&beside, random)?;
    fs::rename(&beside, folder).map_err(|error| unmade(&error))?;
    for changed in [Some(folder), folder.parent()].into_iter().flatten() {
        fs::File::open(changed)
            .and_then(|directory| directory.sync_all())
            .map_err(|error| unmade(&error))?;
    }
    Ok(keys)
}

fn unmade(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::Conflict,
        "key_unusable",
        format!("The key files cannot be made ({error}): check the data directory."),
    )
}

fn missing(folder: &Path) -> Error {
    Error::new(
        ErrorKind::Conflict,
        "keys_missing",
        format!(
            "The database holds data, but its keys are not in {}: restore that folder from a \
             backup, or give the keys with SIXFOLD_ROOT_KEY and SIXFOLD_SIGNING_KEY. New keys \
             would make what the old ones protect unreadable, so none are made.",
            folder.display()
        ),
    )
}

fn unfinished() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "root_rotation_unfinished",
        "A rotation of the root key was interrupted: run `sixfold keys rotate-root` again.",
    )
}

fn foreign() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "keys_foreign",
        "These keys are not the ones this database was made with: use the keys that belong to \
         it, or another DATABASE_URL or SIXFOLD_DATA_DIR.",
    )
}
