//! The statements of logins. They belong to nobody's group, so none carries one.

use database::{Row, Tx, args};
use types::{Result, Time, UserId};
use uuid::Uuid;

use super::model::{Account, LinkedAccount};
use crate::sessions::Login;

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

/// Who an address belongs to, and what proves it.
pub(crate) struct Found {
    pub(crate) login: Login,
    pub(super) verified: bool,
    pub(super) hash: Option<String>,
}

/// The login of an address, with the hash of its password.
pub(crate) async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<Found>> {
    tx.maybe(
        "select u.id, p.id, p.personal_group_id, u.email_verified, c.secret_hash from users u \
         join people p on p.user_id = u.id and p.personal_group_id is not null \
         left join credentials c on c.user_id = u.id and c.provider = 'password' \
         where u.email = $1",
        args![email],
        |row| {
            let login = Login { user: row.get(0)?, person: row.get(1)?, home: row.get(2)? };
            Ok(Found { login, verified: row.get(3)?, hash: row.get(4)? })
        },
    )
    .await
}

/// The login with this id, or of the person with this id.
pub(crate) async fn by_any_id(tx: &mut Tx, id: Uuid) -> Result<Option<UserId>> {
    tx.maybe(
        "select u.id from users u join people p on p.user_id = u.id where u.id = $1 or p.id = $1",
        args![id],
        |row| row.get(0),
    )
    .await
}

/// Whether an account has this address.
pub(crate) async fn is_taken(tx: &mut Tx, email: &str) -> Result<bool> {
    let found: Option<UserId> =
        tx.maybe("select id from users where email = $1", args![email], |row| row.get(0)).await?;
    Ok(found.is_some())
}

/// The hash of a login's password, if it has one.
pub(super) async fn password(tx: &mut Tx, user: UserId) -> Result<Option<String>> {
    let found: Option<Option<String>> = tx
        .maybe(
            "select secret_hash from credentials where user_id = $1 and provider = 'password'",
            args![user],
            |row| row.get(0),
        )
        .await?;
    Ok(found.flatten())
}

/// Replaces the password of a login; false when it has none.
pub(super) async fn set_password(tx: &mut Tx, user: UserId, hash: &str, now: Time) -> Result<bool> {
    let changed = tx
        .run(
            "update credentials set secret_hash = $2, updated_at = $3 \
             where user_id = $1 and provider = 'password'",
            args![user, hash, now],
        )
        .await?;
    Ok(changed == 1)
}

/// Marks the address as proven; false when it was before.
pub(super) async fn verify(tx: &mut Tx, user: UserId, now: Time) -> Result<bool> {
    let changed = tx
        .run(
            "update users set email_verified = $2, updated_at = $3 \
             where id = $1 and email_verified <> $2",
            args![user, true, now],
        )
        .await?;
    Ok(changed == 1)
}

/// Changes the address of a login unless somebody has the new one.
pub(super) async fn change_email(
    tx: &mut Tx,
    user: UserId,
    email: &str,
    verified: bool,
    now: Time,
) -> Result<bool> {
    let changed = tx
        .run(
            "update users set email = $2, email_verified = $3, updated_at = $4 \
             where id = $1 and not exists (select 1 from users where email = $2)",
            args![user, email, verified, now],
        )
        .await?;
    Ok(changed == 1)
}

/// The member record follows its login's address.
pub(super) async fn change_person_email(
    tx: &mut Tx,
    user: UserId,
    email: Option<&str>,
    now: Time,
) -> Result<()> {
    tx.run(
        "update people set email = $2, version = version + 1, updated_at = $3 where user_id = $1",
        args![user, email, now],
    )
    .await?;
    Ok(())
}

/// Changes name and picture.
pub(super) async fn update_profile(
    tx: &mut Tx,
    user: UserId,
    name: &str,
    image: Option<&str>,
    now: Time,
) -> Result<()> {
    tx.run(
        "update users set name = $2, image = $3, updated_at = $4 where id = $1",
        args![user, name, image, now],
    )
    .await?;
    Ok(())
}

/// The member record follows its login's name.
pub(super) async fn rename_person(tx: &mut Tx, user: UserId, name: &str, now: Time) -> Result<()> {
    tx.run(
        "update people set display_name = $2, version = version + 1, updated_at = $3 \
         where user_id = $1 and display_name <> $2",
        args![user, name, now],
    )
    .await?;
    Ok(())
}

/// How somebody can prove who they are.
pub(super) async fn credentials(tx: &mut Tx, user: UserId) -> Result<Vec<LinkedAccount>> {
    tx.all(
        "select id, user_id, provider, account_id, created_at, updated_at, scopes \
         from credentials where user_id = $1 order by id",
        args![user],
        |row| {
            let provider: String = row.get(2)?;
            let scopes: Option<String> = row.get(6)?;
            Ok(LinkedAccount {
                id: row.get::<Uuid>(0)?.to_string(),
                user_id: row.get(1)?,
                // As the client knows it.
                provider_id: if provider == "password" { "credential".into() } else { provider },
                account_id: row.get(3)?,
                created_at: row.get(4)?,
                updated_at: row.get(5)?,
                scopes: scopes
                    .unwrap_or_default()
                    .split([' ', ','])
                    .filter(|scope| !scope.is_empty())
                    .map(str::to_owned)
                    .collect(),
            })
        },
    )
    .await
}

const ACCOUNT: &str = "select u.id, u.name, u.email, u.email_verified, u.image, u.created_at, \
     u.updated_at, p.id, p.personal_group_id, u.two_factor_enabled from users u join people p on p.user_id = u.id \
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
        two_factor_enabled: row.get(9)?,
        person_id: row.get(7)?,
        personal_group_id: row.get(8)?,
    })
}

/// The login, as its owner sees it.
pub(crate) async fn view(tx: &mut Tx, user: UserId) -> Result<Option<Account>> {
    tx.maybe(&format!("{ACCOUNT}u.id = $1"), args![user], account).await
}

/// The same by address.
pub(super) async fn view_by_email(tx: &mut Tx, email: &str) -> Result<Option<Account>> {
    tx.maybe(&format!("{ACCOUNT}u.email = $1"), args![email], account).await
}
