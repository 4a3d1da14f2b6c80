//! The statements of logins. They belong to nobody's group, so none carries one.

use database::{Row, Tx, args};
use types::{Result, Time, UserId};
use uuid::Uuid;

use super::model::Account;

/// Makes a login, unless the address is taken.
pub(super) async fn insert(
    tx: &mut Tx,
    id: UserId,
    name: &str,
    email: &str,
    image: Option<&str>,
    now: Time,
) -> Result<bool> {
    let made = tx
        .run(
            "insert into users (id, email, email_verified, name, image, created_at, updated_at) \
             values ($1, $2, $3, $4, $5, $6, $6) on conflict (email) do nothing",
            args![id, email, false, name, image, now],
        )
        .await?;
    Ok(made == 1)
}

pub(super) async fn insert_password(
    tx: &mut Tx,
    id: Uuid,
    user: UserId,
    hash: &str,
    now: Time,
) -> Result<()> {
    tx.run(
        "insert into credentials (id, user_id, provider, account_id, secret_hash, created_at, \
         updated_at) values ($1, $2, 'password', $3, $4, $5, $5)",
        args![id, user, &user.to_string(), hash, now],
    )
    .await?;
    Ok(())
}

/// Replaces a hash that was made with other parameters, unless the password changed meanwhile.
pub(super) async fn renew_password(
    tx: &mut Tx,
    user: UserId,
    old: &str,
    new: &str,
    now: Time,
) -> Result<()> {
    tx.run(
        "update credentials set secret_hash = $3, updated_at = $4 \
         where user_id = $1 and provider = 'password' and secret_hash = $2",
        args![user, old, new, now],
    )
    .await?;
    Ok(())
}

/// The login of an address, with the hash of its password.
pub(super) async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<(UserId, Option<String>)>> {
    tx.maybe(
        "select u.id, c.secret_hash from users u \
         left join credentials c on c.user_id = u.id and c.provider = 'password' \
         where u.email = $1",
        args![email],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

const ACCOUNT: &str = "select u.id, u.name, u.email, u.email_verified, u.image, u.created_at, \
     u.updated_at, p.id, p.personal_group_id from users u join people p on p.user_id = u.id \
     where p.personal_group_id is not null and ";

fn account(row: &Row<'_>) -> Result<Account> {
    Ok(Account {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        email_verified: row.get(3)?,
        image: row.get(4)?,
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
        two_factor_enabled: false,
        person_id: row.get(7)?,
        personal_group_id: row.get(8)?,
    })
}

pub(super) async fn view(tx: &mut Tx, user: UserId) -> Result<Option<Account>> {
    tx.maybe(&format!("{ACCOUNT}u.id = $1"), args![user], account).await
}
