//! The keys of the installation, and the proof that they belong to this data.
//!
//! The first start over an empty database makes them (or takes what the operator gives) and
//! leaves a fingerprint in the table `once`. Every later start compares: new keys over old data
//! would make what the old ones protect unreadable, so such a start is refused.

use std::fs;
use std::path::{Path, PathBuf};

use database::{Db, Tx, args};
use kernel::{Clock, Keys, Random};
use types::{Error, ErrorKind, Result};

use crate::config::Settings;

/// The row in `once`.
const ROW: &str = "keys";
const FINGERPRINT_BYTES: usize = 16;

/// Where the key files are.
pub(crate) fn folder(settings: &Settings) -> PathBuf {
    settings.server.data_dir.join("keys")
}

/// The keys the operator gave, or those in the files; nothing when there are none yet.
pub(crate) fn present(settings: &Settings) -> Result<Option<Keys>> {
    match (&settings.keys.root, &settings.keys.signing) {
        (Some(root), Some(signing)) => {
            Ok(Some(Keys::new(Keys::parse(root.reveal())?, Keys::parse(signing.reveal())?)))
        }
        _ => Keys::load(&folder(settings)),
    }
}

/// The keys of this database: those that are there, or new ones if it holds no data yet.
pub(super) async fn of(settings: &Settings, db: &Db) -> Result<Keys> {
    let recorded = db.read(async |tx: &mut Tx| stored(tx).await).await?;
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
    if recorded == own { Ok(keys) } else { Err(foreign()) }
}

/// What is remembered of the keys: enough to tell them apart, useless for anything else.
pub(crate) fn fingerprint(keys: &Keys) -> String {
    keys.derive("fingerprint")
        .iter()
        .take(FINGERPRINT_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The fingerprint in the database.
pub(crate) async fn stored(tx: &mut Tx) -> Result<Option<String>> {
    let found = tx
        .maybe("select value from once where name = $1", args![ROW], |row| {
            row.get::<Option<String>>(0)
        })
        .await?;
    Ok(found.flatten())
}

/// Writes the fingerprint unless another node was faster; answers the one that stands.
async fn record(db: &Db, own: String) -> Result<String> {
    let now = Clock::System.now();
    db.write(async move |tx| {
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

fn foreign() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "keys_foreign",
        "These keys are not the ones this database was made with: use the keys that belong to \
         it, or another DATABASE_URL or SIXFOLD_DATA_DIR.",
    )
}
