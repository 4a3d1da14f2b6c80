//! The statements that look at an object for the policy.

use database::{Tx, args};
use kernel::access::{Right, Row};
use types::{AnyId, GroupId, Kind, Result};

/// Looks at any object: what may be told of it is the policy's to say. None for a kind that has no
/// rows of its own.
pub(super) async fn find(tx: &mut Tx, id: AnyId) -> Result<Option<(GroupId, Row)>> {
    let (read, statement) = match id.kind {
        Kind::Thing => (
            Right::ThingsRead,
            "select group_id, visibility, owner_id, owner_id from things where id = $1",
        ),
        Kind::Connection => (
            Right::ConnectionsRead,
            "select group_id, visibility, owner_id, created_by from connections where id = $1",
        ),
        Kind::Knowledge => (
            Right::KnowledgeRead,
            "select group_id, visibility, owner_id, owner_id from knowledge where id = $1",
        ),
        Kind::Event => (
            Right::EventsRead,
            "select group_id, visibility, owner_id, actor_id from events where id = $1",
        ),
        _ => return Ok(None),
    };
    tx.maybe(statement, args![id], |row| {
        let (visibility, owner, maker) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((row.get(0)?, Row { read, visibility, owner, maker }))
    })
    .await
}
