//! The verbs: issue, look, take, revoke.

use std::time::Duration;

use database::Tx;
use kernel::Work;
use types::{Json, Result, Secret, Time, UserId};

use super::model::{Purpose, Taken};
use super::sql;
use crate::IdentityApp;
use crate::token::Token;

/// Stores a new challenge in the transaction of its cause and gives its token: 256 random bits.
pub(crate) async fn issue(
    work: &mut Work<'_>,
    house: &IdentityApp,
    purpose: Purpose,
    user: Option<UserId>,
    payload: &Json,
    life: Duration,
) -> Result<Secret<String>> {
    let token = Token::mint(&house.random, "").text;
    issue_as(work, house, purpose, token.reveal(), user, payload, life).await?;
    Ok(token)
}

/// The same for a token the caller made, e.g. because a browser keeps it.
pub(crate) async fn issue_as(
    work: &mut Work<'_>,
    house: &IdentityApp,
    purpose: Purpose,
    token: &str,
    user: Option<UserId>,
    payload: &Json,
    life: Duration,
) -> Result<()> {
    let (id, now) = (work.id(), work.now);
    let row = sql::NewRow {
        id,
        purpose: purpose.name(),
        token_hash: &house.challenge_hash(purpose, token),
        user,
        payload,
        now,
        expires_at: now.after(life),
    };
    sql::insert(work.tx, &row).await
}

/// The same for a token whose hash was made before, until a given moment; issuing it again changes
/// nothing and answers false.
pub(crate) async fn issue_hashed(
    work: &mut Work<'_>,
    purpose: Purpose,
    token_hash: &[u8; 32],
    user: UserId,
    payload: &Json,
    expires_at: Time,
) -> Result<bool> {
    let (id, now) = (work.id(), work.now);
    let purpose = purpose.name();
    let row = sql::NewRow { id, purpose, token_hash, user: Some(user), payload, now, expires_at };
    sql::insert_once(work.tx, &row).await
}

/// Remembers what somebody else issued and is good once here; false when it was seen before.
pub(crate) async fn remember(
    work: &mut Work<'_>,
    purpose: Purpose,
    token_hash: &[u8; 32],
    expires_at: Time,
) -> Result<bool> {
    let (id, now, purpose) = (work.id(), work.now, purpose.name());
    let payload = &Json::empty();
    let row = sql::NewRow { id, purpose, token_hash, user: None, payload, now, expires_at };
    sql::insert_once(work.tx, &row).await
}

/// Whether a challenge is still there and its time is over.
pub(crate) async fn is_expired(
    tx: &mut Tx,
    house: &IdentityApp,
    purpose: Purpose,
    token: &str,
    now: Time,
) -> Result<bool> {
    let found = sql::find(tx, &house.challenge_hash(purpose, token)).await?;
    Ok(found.is_some_and(|(_, expires_at)| expires_at <= now))
}

/// Takes a challenge: whoever comes second finds none, and neither does who comes too late.
pub(crate) async fn take(
    tx: &mut Tx,
    house: &IdentityApp,
    purpose: Purpose,
    token: &str,
    now: Time,
) -> Result<Option<Taken>> {
    let taken = sql::take(tx, &house.challenge_hash(purpose, token)).await?;
    Ok(taken.filter(|(_, expires_at)| *expires_at > now).map(|(taken, _)| taken))
}

/// Reads a challenge without taking it.
pub(crate) async fn look(
    tx: &mut Tx,
    house: &IdentityApp,
    purpose: Purpose,
    token: &str,
    now: Time,
) -> Result<Option<Taken>> {
    let found = sql::find(tx, &house.challenge_hash(purpose, token)).await?;
    Ok(found.filter(|(_, expires_at)| *expires_at > now).map(|(taken, _)| taken))
}

/// Makes every challenge of a user for one purpose worthless.
pub(crate) async fn revoke_of(tx: &mut Tx, purpose: Purpose, user: UserId) -> Result<()> {
    sql::delete_of(tx, purpose.name(), user).await
}

/// The same for those issued after a moment.
pub(crate) async fn revoke_since(
    tx: &mut Tx,
    purpose: Purpose,
    user: UserId,
    moment: Time,
) -> Result<()> {
    sql::delete_since(tx, purpose.name(), user, moment).await
}

/// Counts a try at the challenges of a user for one purpose; none when none is live.
pub(crate) async fn count_try(
    tx: &mut Tx,
    purpose: Purpose,
    user: UserId,
    now: Time,
) -> Result<Option<i64>> {
    sql::count_try(tx, purpose.name(), user, now).await
}

/// Whether a user has a challenge for a purpose that has not expired.
pub(crate) async fn has_live(
    tx: &mut Tx,
    purpose: Purpose,
    user: UserId,
    now: Time,
) -> Result<bool> {
    sql::has_live(tx, purpose.name(), user, now).await
}

impl IdentityApp {
    /// HMAC-SHA-256 of purpose and token: what is stored opens nothing.
    pub(crate) fn challenge_hash(&self, purpose: Purpose, token: &str) -> [u8; 32] {
        let key = aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA256,
            &self.keys.derive("challenge tokens v1"),
        );
        let mut text = purpose.name().as_bytes().to_vec();
        text.push(0);
        text.extend_from_slice(token.as_bytes());
        let tag = aws_lc_rs::hmac::sign(&key, &text);
        let mut hash = [0; 32];
        hash.copy_from_slice(tag.as_ref());
        hash
    }
}
