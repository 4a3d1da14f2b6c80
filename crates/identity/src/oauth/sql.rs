//! The statements of accounts at providers. They belong to a login, not to a group, so none carries
//! a group.

use database::{Row, Tx, args};
use types::{AccountId, GroupId, PersonId, Result, SessionId, Time, UserId};

use crate::sessions::Login;

/// An account at a provider.
pub(super) struct Held {
    pub(super) id: AccountId,
    pub(super) user: UserId,
    pub(super) provider: String,
    pub(super) account: String,
    pub(super) scopes: Option<String>,
    /// In an envelope of the vault.
    pub(super) tokens: Option<Vec<u8>>,
}

const HELD: &str =
    "select id, user_id, provider, account_id, scopes, tokens from credentials where ";

fn held(row: &Row<'_>) -> Result<Held> {
    Ok(Held {
        id: row.get(0)?,
        user: row.get(1)?,
        provider: row.get(2)?,
        account: row.get(3)?,
        scopes: row.get(4)?,
        tokens: row.get(5)?,
    })
}

/// Whose account at a provider this is: anybody's, since that is the question.
pub(super) async fn by_account(
    tx: &mut Tx,
    provider: &str,
    issuer: &str,
    account: &str,
) -> Result<Option<Held>> {
    tx.maybe(
        &format!("{HELD}provider = $1 and issuer = $2 and account_id = $3"),
        args![provider, issuer, account],
        held,
    )
    .await
}

/// Every way of a login that is a credential, the newest first.
pub(super) async fn of_user(tx: &mut Tx, user: UserId) -> Result<Vec<Held>> {
    tx.all(
        &format!("{HELD}user_id = $1 order by updated_at desc, id desc limit 200"),
        args![user],
        held,
    )
    .await
}

pub(super) async fn find(tx: &mut Tx, id: AccountId) -> Result<Option<Held>> {
    tx.maybe(&format!("{HELD}id = $1"), args![id], held).await
}

/// An account to be stored.
pub(super) struct NewRow<'a> {
    pub(super) id: AccountId,
    pub(super) user: UserId,
    pub(super) provider: &'a str,
    pub(super) issuer: &'a str,
    pub(super) account: &'a str,
    pub(super) now: Time,
}

pub(super) async fn insert(tx: &mut Tx, row: &NewRow<'_>) -> Result<()> {
    tx.run(
        "insert into credentials (id, user_id, provider, issuer, account_id, created_at, \
         updated_at) values ($1, $2, $3, $4, $5, $6, $6)",
        args![row.id, row.user, row.provider, row.issuer, row.account, row.now],
    )
    .await?;
    Ok(())
}

/// Keeps what was granted; scopes only where they are told.
pub(super) async fn keep(
    tx: &mut Tx,
    id: AccountId,
    tokens: &[u8],
    access_expires_at: Option<Time>,
    scopes: Option<&str>,
    now: Time,
) -> Result<()> {
    tx.run(
        "update credentials set tokens = $2, access_expires_at = $3, \
         scopes = coalesce($4, scopes), updated_at = $5 where id = $1",
        args![id, tokens, access_expires_at, scopes, now],
    )
    .await?;
    Ok(())
}

/// The same, unless somebody else kept something meanwhile.
pub(super) async fn replace(
    tx: &mut Tx,
    id: AccountId,
    before: &[u8],
    tokens: &[u8],
    access_expires_at: Option<Time>,
    now: Time,
) -> Result<bool> {
    let changed = tx
        .run(
            "update credentials set tokens = $3, access_expires_at = $4, updated_at = $5 \
             where id = $1 and tokens = $2",
            args![id, before, tokens, access_expires_at, now],
        )
        .await?;
    Ok(changed == 1)
}

pub(super) async fn delete(tx: &mut Tx, id: AccountId, user: UserId) -> Result<bool> {
    let gone =
        tx.run("delete from credentials where id = $1 and user_id = $2", args![id, user]).await?;
    Ok(gone == 1)
}

/// How many ways in a login has: credentials and passkeys.
pub(super) async fn ways(tx: &mut Tx, user: UserId) -> Result<i64> {
    tx.one(
        "select (select count(*) from credentials where user_id = $1) \
         + (select count(*) from passkeys where user_id = $1)",
        args![user],
        |row| row.get(0),
    )
    .await
}

/// A login, with its address and whether that is proven.
pub(super) struct Known {
    pub(super) login: Login,
    pub(super) email: String,
    pub(super) verified: bool,
    pub(super) name: String,
}

const KNOWN: &str = "select u.id, p.id, p.personal_group_id, u.email, u.email_verified, \
     u.name \
     from users u join people p on p.user_id = u.id where p.personal_group_id is not null and ";

fn known(row: &Row<'_>) -> Result<Known> {
    let (user, person, home): (UserId, PersonId, GroupId) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let login = Login { user, person, home };
    Ok(Known { login, email: row.get(3)?, verified: row.get(4)?, name: row.get(5)? })
}

pub(super) async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<Known>> {
    tx.maybe(&format!("{KNOWN}u.email = $1"), args![email], known).await
}

pub(super) async fn by_user(tx: &mut Tx, user: UserId) -> Result<Option<Known>> {
    tx.maybe(&format!("{KNOWN}u.id = $1"), args![user], known).await
}

/// Whether a session of a login still lives.
pub(super) async fn lives(
    tx: &mut Tx,
    session: SessionId,
    user: UserId,
    now: Time,
) -> Result<bool> {
    let found: Option<SessionId> = tx
        .maybe(
            "select id from sessions where id = $1 and user_id = $2 and expires_at > $3",
            args![session, user, now],
            |row| row.get(0),
        )
        .await?;
    Ok(found.is_some())
}
