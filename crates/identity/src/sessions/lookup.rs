//! From a credential to an identity: the memory first, the store when it has to be.

use std::sync::Arc;
use std::time::Duration;

use kernel::{ApiKeyScope, Caller, Identity};
use types::{Result, SessionId, Time};

use super::model::Stored;
use super::sql;
use crate::token::{SESSION, sha256};
use crate::{IdentityApp, api_keys};

/// A session's last use is noted at most this often: a write per request would cost more than
/// the request.
const SESSION_NOTES: Duration = Duration::from_secs(3_600);
/// A key's last use is noted at most this often.
const KEY_NOTES: Duration = Duration::from_secs(60);
/// No credential of ours is longer.
const MAX_BYTES: usize = 2_048;

/// Whose a credential is, until when, and what is to be noted about its use.
struct Found {
    identity: Identity,
    until: Time,
    note: Option<Note>,
}

#[derive(Clone, Copy)]
enum Note {
    Session(SessionId, Time),
    Key(types::ApiKeyId),
}

/// Whose credential this is; nobody's when it is unknown, expired, revoked or not even one.
pub(super) async fn identify(
    house: &IdentityApp,
    credential: &str,
) -> Result<Option<Arc<Identity>>> {
    if credential.len() > MAX_BYTES {
        return Ok(None);
    }
    let hash = sha256(credential);
    let now = house.now();
    if let Some(identity) = house.identities.get(&hash, now) {
        return Ok(Some(identity));
    }
    // Before the store is read, so that a change in between is not overlooked.
    let as_of = house.identities.as_of();
    let Some(found) = look_up(house, credential, hash, now).await? else { return Ok(None) };
    let identity = Arc::new(found.identity);
    house.identities.insert(hash, Arc::clone(&identity), now, found.until, as_of);
    if let Some(note) = found.note {
        take_note(house, note);
    }
    Ok(Some(identity))
}

async fn look_up(
    house: &IdentityApp,
    credential: &str,
    hash: [u8; 32],
    now: Time,
) -> Result<Option<Found>> {
    if credential.starts_with(api_keys::PREFIX) {
        return of_key(house, credential, hash, now).await;
    }
    if credential.starts_with(SESSION) {
        return of_session(house, now, None, async move |tx| sql::by_token(tx, &hash).await).await;
    }
    let Some(claims) = house.parts.access_tokens.read(credential, now) else { return Ok(None) };
    let found =
        of_session(house, now, Some(claims.sub), async move |tx| sql::by_id(tx, claims.sid).await)
            .await?;
    let end = Time::from_micros(claims.exp.saturating_mul(1_000_000));
    Ok(found.map(|found| Found { until: found.until.min(end), ..found }))
}

async fn of_session(
    house: &IdentityApp,
    now: Time,
    claimed: Option<types::UserId>,
    find: impl AsyncFn(&mut database::Tx) -> Result<Option<Stored>> + Send + 'static,
) -> Result<Option<Found>> {
    let found = house
        .db
        .read(async move |tx| {
            let Some(session) = find(tx).await? else { return Ok(None) };
            if session.expires_at <= now || claimed.is_some_and(|user| user != session.user) {
                return Ok(None);
            }
            let identity = Identity::of_person(tx, session.person).await?;
            Ok(Some((session, identity)))
        })
        .await?;
    Ok(found.map(|(session, identity)| {
        let absolute =
            session.refresh_expires_at.unwrap_or_else(|| house.session_last(session.created_at));
        let stale = session.updated_at.after(SESSION_NOTES) <= now;
        Found {
            identity: Identity { session: Some(session.id), ..identity },
            until: session.expires_at,
            note: stale.then(|| Note::Session(session.id, house.session_end(now, absolute))),
        }
    }))
}

async fn of_key(
    house: &IdentityApp,
    credential: &str,
    hash: [u8; 32],
    now: Time,
) -> Result<Option<Found>> {
    // A mistyped key costs no query.
    if !api_keys::is_well_formed(credential) {
        return Ok(None);
    }
    house
        .db
        .read(async move |tx| {
            let Some(key) = api_keys::sql::by_hash(tx, &hash).await? else { return Ok(None) };
            if !key.is_live(now) {
                return Ok(None);
            }
            let identity = Identity::of_person(tx, key.creator).await?;
            let scope = ApiKeyScope { id: key.id, group: key.group, rights: key.rights };
            let stale = key.last_used_at.is_none_or(|used| used.after(KEY_NOTES) <= now);
            Ok(Some(Found {
                identity: identity.through_key(scope),
                until: key.expires_at.unwrap_or(now.after(KEY_NOTES * 60)),
                note: stale.then_some(Note::Key(key.id)),
            }))
        })
        .await
}

/// Beside the request: should it fail, the next one tries again.
fn take_note(house: &IdentityApp, note: Note) {
    let Ok(place) = Arc::clone(&house.parts.notes).try_acquire_owned() else { return };
    let app = house.app.clone();
    tokio::spawn(async move {
        let noted = app
            .change(&Caller::system("identity.note"), async move |work| {
                work.silently();
                let now = work.now;
                match note {
                    Note::Session(id, end) => sql::touch(work.tx, id, now, end).await,
                    Note::Key(id) => api_keys::sql::touch(work.tx, id, now).await,
                }
            })
            .await;
        if let Err(error) = noted {
            tracing::debug!(cause = error.cause(), "the use of a credential was not noted");
        }
        drop(place);
    });
}
