//! The statements that shut out whoever changed an address. They are about a login and its person,
//! so none carries a group.

use database::{Tx, args};
use types::{Result, Time, UserId};

/// The password, and accounts at providers that appeared after a moment; their tokens are renewed
/// without anybody's doing, so a later change says nothing.
pub(super) async fn delete_credentials(tx: &mut Tx, user: UserId, moment: Time) -> Result<()> {
    tx.run(
        "delete from credentials where user_id = $1 and (provider = 'password' or created_at > $2)",
        args![user, moment],
    )
    .await?;
    Ok(())
}

pub(super) async fn delete_passkeys(tx: &mut Tx, user: UserId, moment: Time) -> Result<()> {
    tx.run("delete from passkeys where user_id = $1 and created_at > $2", args![user, moment])
        .await?;
    Ok(())
}

pub(super) async fn delete_backup_codes(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.run("delete from backup_codes where user_id = $1", args![user]).await?;
    Ok(())
}

/// Whether there was a second factor that came after a moment.
pub(super) async fn delete_second_factor(tx: &mut Tx, user: UserId, moment: Time) -> Result<bool> {
    let gone = tx
        .run("delete from two_factors where user_id = $1 and created_at > $2", args![user, moment])
        .await?;
    Ok(gone > 0)
}

/// Signing in takes no second factor any more.
pub(super) async fn without_second_factor(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.run("update users set two_factor_enabled = $2 where id = $1", args![user, false]).await?;
    Ok(())
}
