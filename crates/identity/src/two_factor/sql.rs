//! The statements of second factors. They belong to a login, so none carries a group.

use std::time::Duration;

use database::{Tx, args};
use types::{Result, Time, UserId};
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(86_400);

/// An authenticator app.
pub(super) struct Stored {
    pub(super) secret: Vec<u8>,
    pub(super) confirmed_at: Option<Time>,
}

pub(super) async fn find(tx: &mut Tx, user: UserId) -> Result<Option<Stored>> {
    tx.maybe(
        "select secret, confirmed_at from two_factors where user_id = $1",
        args![user],
        |row| Ok(Stored { secret: row.get(0)?, confirmed_at: row.get(1)? }),
    )
    .await
}

/// Sets up an app anew, unless one is confirmed.
pub(super) async fn put(tx: &mut Tx, user: UserId, secret: &[u8], now: Time) -> Result<bool> {
    let put = tx
        .run(
            "insert into two_factors (user_id, secret, confirmed_at, last_step, created_at) \
             values ($1, $2, null, 0, $3) on conflict (user_id) do update set \
             secret = excluded.secret, last_step = 0, created_at = excluded.created_at \
             where two_factors.confirmed_at is null",
            args![user, secret, now],
        )
        .await?;
    Ok(put == 1)
}

pub(super) async fn confirm(tx: &mut Tx, user: UserId, now: Time) -> Result<()> {
    tx.run("update two_factors set confirmed_at = $2 where user_id = $1", args![user, now]).await?;
    Ok(())
}

/// Uses a time step: each counts once, and none before it counts afterwards.
pub(super) async fn use_step(tx: &mut Tx, user: UserId, step: i64) -> Result<bool> {
    let used = tx
        .run(
            "update two_factors set last_step = $2 where user_id = $1 and last_step < $2",
            args![user, step],
        )
        .await?;
    Ok(used == 1)
}

pub(super) async fn delete(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.run("delete from two_factors where user_id = $1", args![user]).await?;
    Ok(())
}

/// Says whether signing in takes a second factor; false when that was so before.
pub(super) async fn set_enabled(
    tx: &mut Tx,
    user: UserId,
    enabled: bool,
    now: Time,
) -> Result<bool> {
    let changed = tx
        .run(
            "update users set two_factor_enabled = $2, updated_at = $3 \
             where id = $1 and two_factor_enabled <> $2",
            args![user, enabled, now],
        )
        .await?;
    Ok(changed == 1)
}

/// The hash of somebody's password, if they have one.
pub(super) async fn password_hash(tx: &mut Tx, user: UserId) -> Result<Option<String>> {
    let found: Option<Option<String>> = tx
        .maybe(
            "select secret_hash from credentials where user_id = $1 and provider = 'password'",
            args![user],
            |row| row.get(0),
        )
        .await?;
    Ok(found.flatten())
}

/// Remembers whether the password was set by a mailed link.
pub(super) async fn note_mailed(tx: &mut Tx, user: UserId, mailed: bool) -> Result<()> {
    tx.run(
        "update credentials set set_by_mail = $2 \
         where user_id = $1 and provider = 'password' and set_by_mail <> $2",
        args![user, mailed],
    )
    .await?;
    Ok(())
}

/// Whether the password was set by a mailed link and an app is set up: a mailed code proves
/// nothing more then.
pub(super) async fn mail_says_nothing(tx: &mut Tx, user: UserId) -> Result<bool> {
    let found: Option<bool> = tx
        .maybe(
            "select c.set_by_mail from credentials c join two_factors f on f.user_id = c.user_id \
             where c.user_id = $1 and c.provider = 'password' and c.set_by_mail \
             and f.confirmed_at is not null",
            args![user],
            |row| row.get(0),
        )
        .await?;
    Ok(found.is_some())
}

pub(super) async fn insert_code(tx: &mut Tx, user: UserId, hash: &[u8; 32]) -> Result<()> {
    tx.run("insert into backup_codes (user_id, code_hash) values ($1, $2)", args![user, hash])
        .await?;
    Ok(())
}

/// One statement, so a code counts once.
pub(super) async fn take_code(tx: &mut Tx, user: UserId, hash: &[u8; 32]) -> Result<bool> {
    let taken = tx
        .run("delete from backup_codes where user_id = $1 and code_hash = $2", args![user, hash])
        .await?;
    Ok(taken == 1)
}

pub(super) async fn count_codes(tx: &mut Tx, user: UserId) -> Result<i64> {
    tx.one("select count(*) from backup_codes where user_id = $1", args![user], |row| row.get(0))
        .await
}

pub(super) async fn delete_codes(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.run("delete from backup_codes where user_id = $1", args![user]).await?;
    Ok(())
}

/// Counts a try before it is checked; false when there were `most` since `from`.
pub(super) async fn count_try(
    tx: &mut Tx,
    user: UserId,
    most: u32,
    from: Time,
    now: Time,
) -> Result<bool> {
    let counted = tx
        .run(
            "insert into second_factor_failures (user_id, failures, since) values ($1, 1, $2) \
             on conflict (user_id) do update set \
             failures = case when second_factor_failures.since <= $3 then 1 \
                 else second_factor_failures.failures + 1 end, \
             since = case when second_factor_failures.since <= $3 then $2 \
                 else second_factor_failures.since end \
             where second_factor_failures.since <= $3 or second_factor_failures.failures < $4",
            args![user, now, from, most],
        )
        .await?;
    Ok(counted == 1)
}

/// Since when tries are counted.
pub(super) async fn counted_since(tx: &mut Tx, user: UserId) -> Result<Option<Time>> {
    tx.maybe("select since from second_factor_failures where user_id = $1", args![user], |row| {
        row.get(0)
    })
    .await
}

pub(super) async fn forget_tries(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.run("delete from second_factor_failures where user_id = $1", args![user]).await?;
    Ok(())
}

/// Deletes counts whose window has ended: none is longer than a day.
pub(crate) async fn delete_tries(tx: &mut Tx, now: Time, limit: i64) -> Result<u64> {
    tx.run(
        "delete from second_factor_failures where user_id in \
         (select user_id from second_factor_failures where since < $1 limit $2)",
        args![now.before(DAY), limit],
    )
    .await
}

pub(super) async fn insert_device(
    tx: &mut Tx,
    id: Uuid,
    user: UserId,
    hash: &[u8; 32],
    now: Time,
    expires_at: Time,
) -> Result<()> {
    tx.run(
        "insert into trusted_devices (id, user_id, token_hash, created_at, expires_at) \
         values ($1, $2, $3, $4, $5)",
        args![id, user, hash, now, expires_at],
    )
    .await?;
    Ok(())
}

/// Keeps the newest ones.
pub(super) async fn trim_devices(tx: &mut Tx, user: UserId, most: i64) -> Result<()> {
    tx.run(
        "delete from trusted_devices where user_id = $1 and id not in \
         (select id from trusted_devices where user_id = $1 order by created_at desc, id desc \
         limit $2)",
        args![user, most],
    )
    .await?;
    Ok(())
}

/// One statement, so a token counts once.
pub(super) async fn rotate_device(
    tx: &mut Tx,
    user: UserId,
    old: &[u8; 32],
    new: &[u8; 32],
    now: Time,
    expires_at: Time,
) -> Result<bool> {
    let rotated = tx
        .run(
            "update trusted_devices set token_hash = $3, expires_at = $5 \
             where token_hash = $2 and user_id = $1 and expires_at > $4",
            args![user, old, new, now, expires_at],
        )
        .await?;
    Ok(rotated == 1)
}

pub(super) async fn delete_devices(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.run("delete from trusted_devices where user_id = $1", args![user]).await?;
    Ok(())
}

pub(super) async fn delete_expired_devices(tx: &mut Tx, now: Time, limit: i64) -> Result<u64> {
    tx.run(
        "delete from trusted_devices where id in \
         (select id from trusted_devices where expires_at < $1 order by expires_at limit $2)",
        args![now, limit],
    )
    .await
}
