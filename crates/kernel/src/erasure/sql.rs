//! The statements about who is to be erased. They are the house's, and belong to no group.

use database::{Row, Tx, args};
use types::{GroupId, Json, PersonId, Result, Time};
use uuid::Uuid;

use super::model::{Contents, Subject};

const FIND: &str = "select person_id, user_id, email, groups, contents, requested_by, \
     email_proven from erasures where erased_at is null and ";

fn subject(row: &Row<'_>) -> Result<Subject> {
    Ok(Subject {
        person: row.get(0)?,
        user: row.get(1)?,
        email: row.get(2)?,
        groups: serde_json::from_str(row.get::<Json>(3)?.as_str())?,
        contents: Contents::stored(row.text(4)?)?,
        requested_by: row.get(5)?,
        email_proven: row.get(6)?,
    })
}

/// Remembers whom to erase, or what else is known of it by now. Who was erased stays so.
pub(super) async fn put(tx: &mut Tx, one: &Subject, due: Time, now: Time) -> Result<()> {
    let groups = Json::of(&one.groups)?;
    tx.run(
        "insert into erasures (person_id, user_id, email, groups, contents, requested_by, due_at, \
         removed, created_at, email_proven) values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9) \
         on conflict (person_id) do update set contents = excluded.contents, \
         requested_by = excluded.requested_by, due_at = excluded.due_at \
         where erasures.erased_at is null",
        args![
            one.person,
            one.user,
            &one.email,
            &groups,
            one.contents.name(),
            one.requested_by,
            due,
            now,
            one.email_proven
        ],
    )
    .await?;
    Ok(())
}

/// Somebody who is still to be erased.
pub(super) async fn find(tx: &mut Tx, person: PersonId) -> Result<Option<Subject>> {
    let sql = format!("{FIND}person_id = $1");
    tx.maybe(&sql, args![person], subject).await
}

/// The same by the id of the person or of the login.
pub(super) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Subject>> {
    let sql = format!("{FIND}(person_id = $1 or user_id = $1)");
    tx.maybe(&sql, args![id], subject).await
}

/// The same by the address the account had; the last one that had it.
pub(super) async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<Subject>> {
    let sql = format!("{FIND}email = $1 order by created_at desc limit 1");
    tx.maybe(&sql, args![email], subject).await
}

/// Those who should have been erased by then, the oldest first.
pub(super) async fn overdue(tx: &mut Tx, before: Time, limit: i64) -> Result<Vec<PersonId>> {
    let sql = "select person_id from erasures where erased_at is null and due_at < $1 \
               order by due_at, person_id limit $2";
    tx.all(sql, args![before, limit], |row| row.get(0)).await
}

/// Says which groups are theirs alone, now that nobody can join them any more.
///
/// # Errors
/// As [`Tx::run`].
pub async fn set_groups(tx: &mut Tx, person: PersonId, groups: &[GroupId]) -> Result<()> {
    let groups = Json::of(&groups)?;
    tx.run("update erasures set groups = $2 where person_id = $1", args![person, &groups]).await?;
    Ok(())
}

/// Forgets the address the account had: it is somebody else's now.
///
/// # Errors
/// As [`Tx::run`].
pub async fn forget_address(tx: &mut Tx, person: PersonId) -> Result<()> {
    tx.run("update erasures set email = null where person_id = $1", args![person]).await?;
    Ok(())
}

/// Counts what was removed.
pub(super) async fn count(tx: &mut Tx, person: PersonId, removed: i64) -> Result<()> {
    tx.run(
        "update erasures set removed = removed + $2 where person_id = $1",
        args![person, removed],
    )
    .await?;
    Ok(())
}

/// Ends an erasure; how much was removed, unless somebody else was faster.
pub(super) async fn finish(tx: &mut Tx, person: PersonId, now: Time) -> Result<Option<i64>> {
    let none = Json::from_text("[]".to_owned())?;
    tx.maybe(
        "update erasures set email = null, groups = $2, erased_at = $3 \
         where person_id = $1 and erased_at is null returning removed",
        args![person, &none, now],
        |row| row.get(0),
    )
    .await
}

/// The platform's group, once it is made.
pub(super) async fn platform(tx: &mut Tx) -> Result<Option<GroupId>> {
    tx.maybe("select id from groups where slug = 'platform'", &[], |row| row.get(0)).await
}

/// A member record without a login that has a group of its own: of somebody whose account ended
/// before anybody remembered whom to erase.
pub(super) async fn rest(tx: &mut Tx, person: PersonId) -> Result<Option<GroupId>> {
    tx.maybe(
        "select personal_group_id from people where id = $1 and user_id is null \
         and personal_group_id is not null",
        args![person],
        |row| row.get(0),
    )
    .await
}
