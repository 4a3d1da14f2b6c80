//! The statements about requests to be let in.

use database::{Row, Sql, Tx, args};
use types::{GroupId, JoinRequestId, PersonId, Result, Time};

use super::model::{JoinRequest, RequestFilter, RequestStatus};
use crate::listing::Slice;

macro_rules! columns {
    () => {
        "o.id, o.group_id, o.person_id, o.message, o.status, o.decided_by, o.created_at, \
         o.updated_at"
    };
}

const FIND: &str = concat!("select ", columns!(), " from join_requests o where o.id = $1");
const PENDING: &str = concat!(
    "select ",
    columns!(),
    " from join_requests o where o.group_id = $1 and o.person_id = $2 and o.status = 'pending'"
);
const HEAD: &str = concat!("select ", columns!(), " from join_requests o where 1 = 1");

fn request(row: &Row<'_>) -> Result<JoinRequest> {
    Ok(JoinRequest {
        id: row.get(0)?,
        group_id: row.get(1)?,
        person_id: row.get(2)?,
        message: row.get(3)?,
        status: RequestStatus::stored(row.text(4)?)?,
        decided_by: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

/// Looks at any request: whoever asks decides in its group, or made it.
pub(super) async fn find(tx: &mut Tx, id: JoinRequestId) -> Result<Option<JoinRequest>> {
    tx.maybe(FIND, args![id], request).await
}

/// The open request of a person, if there is one.
pub(super) async fn pending(
    tx: &mut Tx,
    group: GroupId,
    person: PersonId,
) -> Result<Option<JoinRequest>> {
    tx.maybe(PENDING, args![group, person], request).await
}

/// Requests about a group, or by a person.
pub(super) async fn list(
    tx: &mut Tx,
    group: Option<GroupId>,
    person: Option<PersonId>,
    filter: RequestFilter,
    slice: Slice,
) -> Result<Vec<JoinRequest>> {
    let mut sql = Sql::new(HEAD);
    sql.and_equals("o.group_id", group)
        .and_equals("o.person_id", person)
        .and_equals("o.status", filter.status.map(RequestStatus::name));
    slice.finish(&mut sql, "o.id");
    tx.all(sql.text(), sql.args(), request).await
}

pub(super) async fn insert(tx: &mut Tx, request: &JoinRequest) -> Result<()> {
    tx.run(
        "insert into join_requests (id, group_id, person_id, message, status, decided_by, \
         created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            request.id,
            request.group_id,
            request.person_id,
            &request.message,
            request.status.name(),
            request.decided_by,
            request.created_at,
            request.updated_at
        ],
    )
    .await?;
    Ok(())
}

/// Answers a request that is open; false when it is not any more.
pub(super) async fn answer(
    tx: &mut Tx,
    id: JoinRequestId,
    status: RequestStatus,
    by: Option<PersonId>,
    now: Time,
) -> Result<bool> {
    let rows = tx
        .run(
            "update join_requests set status = $2, decided_by = $3, updated_at = $4 \
             where id = $1 and status = 'pending'",
            args![id, status.name(), by, now],
        )
        .await?;
    Ok(rows == 1)
}
