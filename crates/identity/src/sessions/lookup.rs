//! From a credential to an identity: the memory first, the store when it has to be.

use std::sync::Arc;
use std::time::Duration;

use kernel::{ApiKeyScope, Caller, Identity, Limit};
use types::{Result, SessionId, Time};

use super::model::Stored;
use super::sql;
use crate::token::{SESSION, sha256};
use crate::{IdentityApp, api_keys, users};

/// A session's last use is noted at most this often: a write per request would cost more than
/// the request.
const SESSION_NOTES: Duration = Duration::from_secs(3_600);
/// A key's last use is noted at most this often.
const KEY_NOTES: Duration = Duration::from_secs(60);
/// Whether an owner may still act as somebody else is remembered this long.
const ACTING: Duration = Duration::from_secs(1);
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
pub(crate) async fn identify(
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

/// Who somebody is by now, as the store has it: nobody, when the session or the key of this hash is
/// gone, or they are banned. It goes by the session and not by its token: an access token that ends
/// meanwhile does not break off what began with it.
pub(super) async fn identify_again(
    house: &IdentityApp,
    before: &Identity,
    key: Option<[u8; 32]>,
) -> Result<Option<Arc<Identity>>> {
    let now = house.now();
    let found = match (key, before.session) {
        (Some(hash), _) => of_key(house, hash, now).await?,
        (None, Some(session)) => {
            of_session(house, now, before.user, async move |tx| sql::by_id(tx, session).await)
                .await?
        }
        (None, None) => None,
    };
    Ok(found.map(|found| {
        // Nobody proved anything in this request since it began.
        Arc::new(Identity { authenticated_at: before.authenticated_at, ..found.identity })
    }))
}

async fn look_up(
    house: &IdentityApp,
    credential: &str,
    hash: [u8; 32],
    now: Time,
) -> Result<Option<Found>> {
    if api_keys::is_meant(credential) {
        // A mistyped key costs no query.
        if !api_keys::is_well_formed(credential) {
            return Ok(None);
        }
        return of_key(house, hash, now).await;
    }
    if credential.starts_with(SESSION) {
        return of_session(house, now, None, async move |tx| sql::by_token(tx, &hash).await).await;
    }
    let Some(claims) = house.parts.access_tokens.read(credential, now) else { return Ok(None) };
    let found =
        of_session(house, now, Some(claims.sub), async move |tx| sql::by_id(tx, claims.sid).await)
            .await?;
    let end = Time::from_micros(claims.exp.saturating_mul(1_000_000));
    // Somebody else may have proved who they are at the same session since this one was signed.
    let proven = Time::from_micros(claims.auth_time.saturating_mul(1_000_000));
    Ok(found.map(|mut found| {
        found.until = found.until.min(end);
        found.identity.authenticated_at = found.identity.authenticated_at.min(Some(proven));
        found
    }))
}

async fn of_session(
    house: &IdentityApp,
    now: Time,
    claimed: Option<types::UserId>,
    find: impl AsyncFn(&mut database::Tx) -> Result<Option<Stored>> + Send + 'static,
) -> Result<Option<Found>> {
    let found = house
        .db
        .unbound()
        .read(async move |tx| {
            let Some(session) = find(tx).await? else { return Ok(None) };
            if session.expires_at <= now || claimed.is_some_and(|user| user != session.user) {
                return Ok(None);
            }
            if users::is_banned(tx, session.person, now).await? {
                return Ok(None);
            }
            if let Some(owner) = session.impersonator
                && !users::may_impersonate(tx, owner, now).await?
            {
                return Ok(None);
            }
            let identity = Identity::of_person(tx, session.person).await?;
            Ok(Some((session, identity)))
        })
        .await?;
    Ok(found.map(|(session, identity)| {
        let absolute =
            session.refresh_expires_at.unwrap_or_else(|| house.session_last(session.created_at));
        // Acting as somebody else is looked at again often and never lasts longer for being used.
        let acting = session.impersonator.is_some();
        let stale = !acting && session.updated_at.after(SESSION_NOTES) <= now;
        let until =
            if acting { session.expires_at.min(now.after(ACTING)) } else { session.expires_at };
        Found {
            identity: Identity {
                session: Some(session.id),
                authenticated_at: session.authenticated_at.or(Some(session.created_at)),
                impersonator: session.impersonator,
                ..identity
            },
            until,
            note: stale.then(|| Note::Session(session.id, house.session_end(now, absolute))),
        }
    }))
}

async fn of_key(house: &IdentityApp, hash: [u8; 32], now: Time) -> Result<Option<Found>> {
    house
        .db
        .unbound()
        .read(async move |tx| {
            let Some(key) = api_keys::sql::by_hash(tx, &hash, now).await? else { return Ok(None) };
            if !key.is_live(now) {
                return Ok(None);
            }
            if users::is_banned(tx, key.creator, now).await? {
                return Ok(None);
            }
            let identity = Identity::of_person(tx, key.creator).await?;
            let limit = key.limit.and_then(|(most, span_ms)| {
                let per = Duration::from_millis(u64::try_from(span_ms).ok()?);
                Some(Limit { most: u32::try_from(most).ok()?, per })
            });
            let scope = ApiKeyScope {
                id: key.id,
                group: key.group,
                tree: key.tree.unwrap_or(key.group),
                rights: key.rights,
                limit,
                counted: key.counted,
            };
            let ends = [key.expires_at, key.old_until].into_iter().flatten().min();
            let stale = key.last_used_at.is_none_or(|used| used.after(KEY_NOTES) <= now);
            Ok(Some(Found {
                identity: identity.through_key(scope),
                until: ends.unwrap_or(now.after(KEY_NOTES * 60)),
                note: stale.then_some(Note::Key(key.id)),
            }))
        })
        .await
}

/// Beside the request: should it fail, the next one tries again.
fn take_note(house: &IdentityApp, note: Note) {
    let Ok(place) = Arc::clone(&house.parts.notes).try_acquire_owned() else { return };
    let app = house.app.clone();
    let uses = match note {
        Note::Key(id) => house.parts.key_uses.take(id, house.now()),
        Note::Session(..) => Vec::new(),
    };
    let (parts, taken) = (Arc::clone(&house.parts), uses.clone());
    tokio::spawn(async move {
        let noted = app
            .change(&Caller::system("identity.note"), async move |work| {
                work.silently();
                let now = work.now;
                match note {
                    Note::Session(id, end) => sql::touch(work.tx, id, now, end).await,
                    Note::Key(_) => api_keys::note(work.tx, &uses).await,
                }
            })
            .await;
        if let Err(error) = noted {
            parts.key_uses.put_back(&taken);
            tracing::debug!(cause = error.cause(), "the use of a credential was not noted");
        }
        drop(place);
    });
}
