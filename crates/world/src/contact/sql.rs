//! The statements about submissions: things of one type, by what their properties say.

use database::{Row, Sql, Tx, args};
use types::{GroupId, Json, Result, ThingId};

use super::model::{ContactStatus, ContactSubmission, Letter};
use super::rules::KIND;
use crate::listing::Slice;

const HEAD: &str = "select o.id, o.group_id, o.properties, o.created_at, o.updated_at \
     from things o where o.deleted_at is null and o.type = ";
const STATUS: &str = "cast(o.properties ->> 'status' as text)";

fn submission(row: &Row<'_>) -> Result<ContactSubmission> {
    let letter: Letter = serde_json::from_str(row.get::<Json>(2)?.as_str())?;
    Ok(ContactSubmission {
        id: row.get(0)?,
        group_id: row.get(1)?,
        name: letter.name,
        email: letter.email,
        subject: letter.subject,
        message: letter.message,
        status: letter.status,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
    })
}

/// Looks across groups: whoever asks must check that the caller sees the thing.
pub(super) async fn find(tx: &mut Tx, id: ThingId) -> Result<Option<ContactSubmission>> {
    let mut sql = Sql::new(HEAD);
    sql.bind(KIND).push(" and o.id = ").bind(id);
    tx.maybe(sql.text(), sql.args(), submission).await
}

pub(super) async fn list(
    tx: &mut Tx,
    group: GroupId,
    status: Option<ContactStatus>,
    slice: Slice,
) -> Result<Vec<ContactSubmission>> {
    let mut sql = Sql::new(HEAD);
    sql.bind(KIND).push(" and o.group_id = ").bind(group);
    sql.and_equals(STATUS, status.map(ContactStatus::name));
    slice.finish(&mut sql, "o.id");
    tx.all(sql.text(), sql.args(), submission).await
}

pub(super) async fn count(tx: &mut Tx, group: GroupId) -> Result<Vec<(ContactStatus, u64)>> {
    tx.all(
        "select cast(o.properties ->> 'status' as text), count(*) from things o \
         where o.group_id = $1 and o.type = $2 and o.deleted_at is null group by 1",
        args![group, KIND],
        |row| Ok((ContactStatus::stored(row.text(0)?)?, row.get::<i64>(1)?.unsigned_abs())),
    )
    .await
}
