//! The statements that take an account away from whoever had it before its owner came. They are
//! about a login and its person, so none carries a group.

use database::{Tx, args};
use types::{AccountId, Result, SessionId, Time, UserId};

/// Marks the address as proven; false when it was, or when there is no such login.
pub(super) async fn verify(tx: &mut Tx, user: UserId, now: Time) -> Result<bool> {
    let changed = tx
        .run(
            "update users set email_verified = $2, two_factor_enabled = $3, updated_at = $4 \
             where id = $1 and not email_verified",
            args![user, true, false, now],
        )
        .await?;
    Ok(changed == 1)
}

pub(super) async fn end_sessions(tx: &mut Tx, user: UserId) -> Result<Vec<SessionId>> {
    tx.all("delete from sessions where user_id = $1 returning id", args![user], |row| row.get(0))
        .await
}

pub(super) async fn delete_credentials(
    tx: &mut Tx,
    user: UserId,
    but: Option<AccountId>,
) -> Result<u64> {
    tx.run(
        "delete from credentials where user_id = $1 and id is distinct from $2",
        args![user, but],
    )
    .await
}

pub(super) async fn delete_passkeys(tx: &mut Tx, user: UserId) -> Result<u64> {
    tx.run("delete from passkeys where user_id = $1", args![user]).await
}

/// Whether there was a confirmed one.
pub(super) async fn delete_second_factors(tx: &mut Tx, user: UserId) -> Result<bool> {
    let confirmed = tx
        .run("delete from two_factors where user_id = $1 and confirmed_at is not null", args![user])
        .await?;
    for table in ["two_factors", "second_factor_failures", "backup_codes", "trusted_devices"] {
        tx.run(&format!("delete from {table} where user_id = $1"), args![user]).await?;
    }
    Ok(confirmed > 0)
}

pub(super) async fn delete_challenges(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.run("delete from challenges where user_id = $1", args![user]).await?;
    Ok(())
}
