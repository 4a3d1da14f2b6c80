//! The statements of administration. Logins belong to nobody's group, so none carries one.

use database::{Row, Sql, Tx, args};
use types::{Limit, PersonId, Result, SessionId, Time, UserId};
use uuid::Uuid;

use super::model::{UserFilter, UserRecord, UserSort};

const RECORD: &str = "select u.id, u.name, u.email, u.email_verified, u.image, u.created_at, \
     u.updated_at, u.two_factor_enabled, u.banned_at, u.ban_reason, u.ban_expires_at, p.id, \
     p.personal_group_id, \
     (select count(*) from memberships m join groups g on g.id = m.group_id \
      where m.person_id = p.id and m.status = 'active' and m.role = 'platform_owner' \
      and g.slug = 'platform'), \
     (select count(*) from credentials c where c.user_id = u.id and c.provider = 'password') \
     from users u join people p on p.user_id = u.id where p.personal_group_id is not null";

fn record(row: &Row<'_>, now: Time) -> Result<UserRecord> {
    let (since, until): (Option<Time>, Option<Time>) = (row.get(8)?, row.get(10)?);
    let banned = since.is_some() && until.is_none_or(|until| until > now);
    let reason: Option<String> = row.get(9)?;
    Ok(UserRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        email_verified: row.get(3)?,
        image: row.get(4)?,
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
        two_factor_enabled: row.get(7)?,
        banned,
        ban_reason: reason.filter(|_| banned),
        ban_expires_at: until.filter(|_| banned),
        person_id: row.get(11)?,
        personal_group_id: row.get(12)?,
        platform_owner: row.get::<i64>(13)? > 0,
        has_password: row.get::<i64>(14)? > 0,
    })
}

pub(super) async fn find(tx: &mut Tx, user: UserId, now: Time) -> Result<Option<UserRecord>> {
    tx.maybe(&format!("{RECORD} and u.id = $1"), args![user], |row| record(row, now)).await
}

pub(super) async fn by_email(tx: &mut Tx, email: &str, now: Time) -> Result<Option<UserRecord>> {
    tx.maybe(&format!("{RECORD} and u.email = $1"), args![email], |row| record(row, now)).await
}

pub(super) async fn list(
    tx: &mut Tx,
    filter: &UserFilter,
    after: Option<Uuid>,
    limit: Limit,
    now: Time,
) -> Result<Vec<UserRecord>> {
    let pattern = filter.q.as_ref().map(|q| format!("{}%", escaped(&q.to_lowercase())));
    let mut sql = Sql::new(RECORD);
    if let Some(pattern) = pattern.as_deref() {
        sql.push(" and (u.email like ").bind(pattern).push(" escape '!' or lower(u.name) like ");
        sql.bind(pattern).push(" escape '!')");
    }
    match filter.banned {
        None => {}
        Some(true) => {
            sql.push(" and u.banned_at is not null and (u.ban_expires_at is null ");
            sql.push("or u.ban_expires_at > ").bind(now).push(")");
        }
        Some(false) => {
            sql.push(" and (u.banned_at is null or u.ban_expires_at <= ").bind(now).push(")");
        }
    }
    let newest = filter.sort == UserSort::Newest;
    if let Some(after) = after {
        sql.push(if newest { " and u.id < " } else { " and u.id > " }).bind(after);
    }
    sql.push(if newest { " order by u.id desc limit " } else { " order by u.id limit " });
    sql.bind(limit.probe());
    tx.all(sql.text(), sql.args(), |row| record(row, now)).await
}

/// A text as `like` finds it, with `!` before what would mean something else.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c]))
        .collect()
}

pub(super) async fn exists(tx: &mut Tx, user: UserId) -> Result<bool> {
    let found: i64 =
        tx.one("select count(*) from users where id = $1", args![user], |row| row.get(0)).await?;
    Ok(found > 0)
}

/// Which of these addresses and ids are in use.
pub(super) async fn taken<'a>(
    tx: &mut Tx,
    emails: impl Iterator<Item = &'a str>,
    ids: impl Iterator<Item = UserId>,
) -> Result<Vec<(UserId, String)>> {
    let mut sql = Sql::new("select id, email from users where email in ");
    sql.bind_list(emails).push(" or id in ").bind_list(ids);
    tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// A login to be stored.
pub(super) struct NewRow<'a> {
    pub(super) id: UserId,
    pub(super) email: &'a str,
    pub(super) email_verified: bool,
    pub(super) name: &'a str,
    pub(super) image: Option<&'a str>,
    pub(super) created_at: Time,
    pub(super) now: Time,
}

/// Makes a login, unless the address is taken.
pub(super) async fn insert(tx: &mut Tx, row: &NewRow<'_>) -> Result<bool> {
    let made = tx
        .run(
            "insert into users (id, email, email_verified, name, image, created_at, updated_at) \
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (email) do nothing",
            args![
                row.id,
                row.email,
                row.email_verified,
                row.name,
                row.image,
                row.created_at,
                row.now
            ],
        )
        .await?;
    Ok(made == 1)
}

/// An account elsewhere; false when somebody has it.
pub(super) async fn insert_account(
    tx: &mut Tx,
    id: Uuid,
    user: UserId,
    (provider, issuer, account): (&str, &str, &str),
    now: Time,
) -> Result<bool> {
    let made = tx
        .run(
            "insert into credentials (id, user_id, provider, issuer, account_id, created_at, \
             updated_at) values ($1, $2, $3, $4, $5, $6, $6) \
             on conflict (provider, issuer, account_id) do nothing",
            args![id, user, provider, issuer, account, now],
        )
        .await?;
    Ok(made == 1)
}

/// Sets the password, whether there was one or not.
pub(super) async fn set_password(
    tx: &mut Tx,
    id: Uuid,
    user: UserId,
    hash: &str,
    now: Time,
) -> Result<()> {
    tx.run(
        "insert into credentials (id, user_id, provider, account_id, secret_hash, created_at, \
         updated_at) values ($1, $2, 'password', $3, $4, $5, $5) \
         on conflict (provider, issuer, account_id) \
         do update set secret_hash = excluded.secret_hash, updated_at = excluded.updated_at",
        args![id, user, &user.to_string(), hash, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn update(
    tx: &mut Tx,
    user: UserId,
    name: &str,
    email_verified: bool,
    now: Time,
) -> Result<()> {
    tx.run(
        "update users set name = $2, email_verified = $3, updated_at = $4 where id = $1",
        args![user, name, email_verified, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn ban(
    tx: &mut Tx,
    user: UserId,
    reason: Option<&str>,
    until: Option<Time>,
    now: Time,
) -> Result<()> {
    tx.run(
        "update users set banned_at = $4, ban_reason = $2, ban_expires_at = $3, updated_at = $4 \
         where id = $1",
        args![user, reason, until, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn unban(tx: &mut Tx, user: UserId, now: Time) -> Result<()> {
    tx.run(
        "update users set banned_at = null, ban_reason = null, ban_expires_at = null, \
         updated_at = $2 where id = $1",
        args![user, now],
    )
    .await?;
    Ok(())
}

/// Whether the login of a person is banned.
pub(super) async fn is_banned(tx: &mut Tx, person: PersonId, now: Time) -> Result<bool> {
    let found: Option<UserId> = tx
        .maybe(
            "select u.id from users u join people p on p.user_id = u.id where p.id = $1 \
             and u.banned_at is not null and (u.ban_expires_at is null or u.ban_expires_at > $2)",
            args![person, now],
            |row| row.get(0),
        )
        .await?;
    Ok(found.is_some())
}

/// Whether the platform has owners with a login besides this one.
pub(super) async fn has_other_owners(tx: &mut Tx, person: PersonId) -> Result<bool> {
    let others: i64 = tx
        .one(
            "select count(*) from memberships m join groups g on g.id = m.group_id \
             join people p on p.id = m.person_id join users u on u.id = p.user_id \
             where g.slug = 'platform' and m.role = 'platform_owner' and m.status = 'active' \
             and m.person_id <> $1",
            args![person],
            |row| row.get(0),
        )
        .await?;
    Ok(others > 0)
}

/// Ends the sessions in which somebody acts as others.
pub(super) async fn end_impersonations(tx: &mut Tx, by: PersonId) -> Result<Vec<SessionId>> {
    tx.all("delete from sessions where impersonator_id = $1 returning id", args![by], |row| {
        row.get(0)
    })
    .await
}

/// Ends the one session in which somebody acts as another.
pub(super) async fn end_impersonation(
    tx: &mut Tx,
    session: SessionId,
    by: PersonId,
) -> Result<Option<UserId>> {
    tx.maybe(
        "delete from sessions where id = $1 and impersonator_id = $2 returning user_id",
        args![session, by],
        |row| row.get(0),
    )
    .await
}
