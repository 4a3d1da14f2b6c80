//! The verbs: refresh, list, rotate, retire.

use std::time::Duration;

use database::{Engine, Tx};
use kernel::vault::Slot;
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Error, Json, Result, Time};
use uuid::Uuid;

use super::model::{SigningKey, SigningKeyState as State};
use super::ring::{Key, Ring, Times, name};
use super::sql::{self, Stored};
use crate::{IdentityApp, sessions, setup};

/// Keys read; a rotation a week leaves more than a year.
const READ: i64 = 64;
/// Keys published at once: more only make every client's copy bigger.
const PUBLISHED: usize = 16;

impl IdentityApp {
    /// How late another process's rotation may be noticed: an embedded store has one process.
    fn signing_keys_keep(&self) -> Duration {
        Duration::from_secs(match self.db.engine() {
            Engine::Sqlite => 60,
            Engine::Postgres => 1,
        })
    }
}

fn slot(id: Uuid) -> Slot<'static> {
    let nobody = Uuid::nil();
    Slot {
        purpose: "signing_key",
        tenant: nobody,
        owner: nobody,
        object: id,
        field: "seed",
        version: 0,
    }
}

/// Reads the keys before the first request is answered.
///
/// # Errors
/// As the store.
pub async fn ready(house: &IdentityApp) -> Result<()> {
    read(house).await
}

/// Reads the keys again when it is time. Should that fail, the known ones go on; before the first
/// time none is known, since the one that is there may have been ended.
///
/// # Errors
/// As the store, as long as it was never read.
pub(crate) async fn refresh(house: &IdentityApp) -> Result<()> {
    let ring = house.parts.access_tokens.ring();
    if !ring.is_known() {
        return read(house).await;
    }
    reread(house, ring).await;
    Ok(())
}

async fn reread(house: &IdentityApp, ring: &Ring) {
    if !ring.is_due(house.now(), house.signing_keys_keep()) {
        return;
    }
    if let Err(error) = read(house).await {
        ring.expire();
        tracing::warn!(cause = error.cause(), "the signing keys were not read; the old ones go on");
    }
}

async fn read(house: &IdentityApp) -> Result<()> {
    let (vault, ring) = (house.vault.clone(), house.parts.access_tokens.ring());
    let first = ring.first().public.clone();
    let (later, first_retired_at) = house
        .db
        .unbound()
        .read(async move |tx| {
            let (mut later, mut first_retired_at) = (Vec::new(), None);
            for row in sql::list(tx, READ).await? {
                if row.public_key == first {
                    first_retired_at = row.retired_at;
                    continue;
                }
                let seed = vault.open(tx, slot(row.id), &row.seed).await?;
                let times = Times {
                    created_at: Some(row.created_at),
                    signs_from: Some(row.signs_from),
                    retired_at: row.retired_at,
                };
                later.push(Key::new(seed.reveal(), times)?);
            }
            Ok((later, first_retired_at))
        })
        .await?;
    ring.replace(later, first_retired_at);
    Ok(())
}

/// Every signing key there is, the oldest first.
///
/// # Errors
/// 401; 403 for who does not own the platform.
pub async fn list(house: &IdentityApp, caller: &Caller) -> Result<Vec<SigningKey>> {
    let identity = caller.identity();
    if !identity.system {
        sessions::present(caller)?;
    }
    require_owner(caller)?;
    read(house).await?;
    Ok(house.parts.access_tokens.ring().view(house.now()))
}

/// Makes a new key. It is published at once and signs after the overlap, or `immediately`.
///
/// # Errors
/// 401; 403 for who does not own the platform or proved who they are too long ago; 409
/// `too_many_signing_keys`.
pub async fn rotate(house: &IdentityApp, caller: &Caller, immediately: bool) -> Result<SigningKey> {
    require_fresh_owner(house, caller)?;
    read(house).await?;
    if house.parts.access_tokens.ring().published(house.now()).len() >= PUBLISHED {
        return Err(Error::conflict(
            "too_many_signing_keys",
            format!("{PUBLISHED} signing keys are published; retire one, or wait for one to end."),
        ));
    }
    let seed: [u8; 32] = house.random.bytes();
    let overlap = if immediately { 0 } else { house.parts.settings.signing_key_overlap_minutes };
    let overlap = Duration::from_secs(u64::from(overlap) * 60);
    let times = Times { created_at: None, signs_from: None, retired_at: None };
    let public_key = Key::new(&seed, times)?.public;
    let (kid, public) = (name(&public_key), public_key);
    let (inside, named) = (house.clone(), kid.clone());
    house
        .change(caller, async move |work| {
            let (id, now) = (work.id(), work.now);
            let vault = inside.vault.clone();
            let sealed = vault.seal(work.tx, now, slot(id), &seed).await?;
            let row = Stored {
                id,
                seed: sealed,
                public_key: public.clone(),
                created_at: now,
                signs_from: now.after(overlap),
                retired_at: None,
            };
            sql::insert(work.tx, &row).await?;
            let metadata = json!({ "keyId": named, "signsFrom": row.signs_from });
            tell(work, &inside, "signing_key_rotated", metadata).await
        })
        .await?;
    read(house).await?;
    view(house, &kid)
}

/// Ends a key at once: no token it signed is good any more. The one that signs cannot be ended.
///
/// # Errors
/// 401; 403 as [`rotate`]; 404; 409 `signing_key_in_use`.
pub async fn retire(house: &IdentityApp, caller: &Caller, kid: &str) -> Result<()> {
    require_fresh_owner(house, caller)?;
    read(house).await?;
    match view(house, kid)?.state {
        State::Over => return Ok(()),
        State::Signing => {
            return Err(Error::conflict(
                "signing_key_in_use",
                "This key signs just now; rotate first, immediately if it has leaked.",
            ));
        }
        State::Waiting | State::Verifying => {}
    }
    let ring = house.parts.access_tokens.ring();
    let key = ring.verifier(kid, house.now()).ok_or_else(Error::not_found)?;
    let (public, is_first) = (key.public.clone(), key.kid() == ring.first().kid());
    let (inside, named) = (house.clone(), kid.to_owned());
    house
        .change(caller, async move |work| {
            let now = work.now;
            if is_first {
                end_first(work.tx, work.app().id(now), &public, now).await?;
            } else if !sql::retire(work.tx, &public, now).await? {
                work.silently();
                return Ok(());
            }
            // Identities that were read from its tokens are read again.
            work.after_commit(|app| app.identities.clear());
            let metadata = json!({ "keyId": named });
            tell(work, &inside, "signing_key_retired", metadata).await
        })
        .await?;
    read(house).await
}

/// The first key is no row until it ends.
async fn end_first(tx: &mut Tx, id: Uuid, public: &[u8], now: Time) -> Result<()> {
    let row = Stored {
        id,
        seed: Vec::new(),
        public_key: public.to_vec(),
        created_at: now,
        signs_from: Time::from_micros(0),
        retired_at: Some(now),
    };
    sql::insert(tx, &row).await
}

async fn tell(
    work: &mut Work<'_>,
    house: &IdentityApp,
    kind: &'static str,
    metadata: serde_json::Value,
) -> Result<()> {
    let house = house.clone();
    work.after_commit(move |_| house.parts.access_tokens.ring().expire());
    let platform = setup::platform(work).await?;
    work.announce(platform, kind, platform, &Json::of(&metadata)?).await
}

/// Tells the platform that everything is under another root key.
///
/// # Errors
/// As the store.
pub async fn root_key_rotated(app: &App, caller: &Caller) -> Result<()> {
    app.change(caller, async |work| {
        let platform = setup::platform(work).await?;
        work.announce(platform, "root_key_rotated", platform, &Json::empty()).await
    })
    .await
}

fn view(house: &IdentityApp, kid: &str) -> Result<SigningKey> {
    let all = house.parts.access_tokens.ring().view(house.now());
    all.into_iter().find(|key| key.kid == kid).ok_or_else(Error::not_found)
}

fn require_owner(caller: &Caller) -> Result<()> {
    if caller.identity().platform_owner {
        return Ok(());
    }
    Err(Error::forbidden("Only an owner of the platform may see or change its signing keys."))
}

fn require_fresh_owner(house: &IdentityApp, caller: &Caller) -> Result<()> {
    if !caller.identity().system {
        sessions::present(caller)?;
        require_owner(caller)?;
        sessions::fresh(house, caller)?;
    }
    Ok(())
}
