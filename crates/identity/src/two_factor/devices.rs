//! Trusted devices: a cookie that stands for the second factor, good for one use each time.

use std::time::Duration;

use database::Tx;
use kernel::Work;
use types::{Result, Secret, Time, UserId};

use super::sql;
use crate::IdentityApp;
use crate::token::{Token, sha256};

/// Devices somebody may trust at once; the oldest make room.
const MOST: i64 = 20;

fn life(house: &IdentityApp) -> Duration {
    Duration::from_secs(u64::from(house.parts.settings.trusted_device_days) * 86_400)
}

/// Trusts a device from now on; its token.
pub(super) async fn trust(
    work: &mut Work<'_>,
    house: &IdentityApp,
    user: UserId,
) -> Result<Secret<String>> {
    let token = Token::mint(&house.random, "");
    let (id, now) = (work.id(), work.now);
    sql::insert_device(work.tx, id, user, &token.hash, now, now.after(life(house))).await?;
    sql::trim_devices(work.tx, user, MOST).await?;
    Ok(token.text)
}

/// Takes what a device shows for its owner; its next token, or none when it is not trusted. Of
/// two that show the same token one is believed, so a copied cookie does not stay unnoticed.
pub(crate) async fn show(
    work: &mut Work<'_>,
    house: &IdentityApp,
    user: UserId,
    shown: &Secret<String>,
) -> Result<Option<Secret<String>>> {
    let (old, next, now) = (sha256(shown.reveal()), Token::mint(&house.random, ""), work.now);
    let until = now.after(life(house));
    let trusted = sql::rotate_device(work.tx, user, &old, &next.hash, now, until).await?;
    Ok(trusted.then_some(next.text))
}

/// Trusts none of somebody's devices any longer: for changes of password and second factor, and
/// when an administrator ends all sessions.
///
/// # Errors
/// As the store.
pub(crate) async fn forget(tx: &mut Tx, user: UserId) -> Result<()> {
    sql::delete_devices(tx, user).await
}

/// Removes devices whose time is over, a batch at a time.
///
/// # Errors
/// As the store.
pub(crate) async fn delete_expired(tx: &mut Tx, now: Time, limit: i64) -> Result<u64> {
    sql::delete_expired_devices(tx, now, limit).await
}
