//! The statements about what somebody owns, in whichever group. Whoever calls has decided.

use database::{Sql, Tx};
use types::{GroupId, PersonId, Result, ThingId};
use uuid::Uuid;

/// What was written by the contact form from their address.
pub(super) const LETTERS: &str = "select id from things where type = 'contact_submission' \
     and cast(properties ->> 'email' as text) = $1 order by id limit $2";
/// Archived ones, too.
pub(super) const THINGS: &str = "select id from things where owner_id = $1 order by id limit $2";
/// Theirs when they were removed for good, of which the log still tells more than that an erasure
/// removed them.
pub(super) const REMOVED_THINGS: &str = "select o.target_id from events o \
     where o.type = 'thing_deleted' and o.owner_id = $1 and o.target_kind = 'thing' \
     and cast(o.metadata ->> 'reason' as text) is distinct from 'person_erased' \
     and not exists (select 1 from things t where t.id = o.target_id) order by o.seq limit $2";
/// Those they made, those that are theirs, and those that begin or end at them.
pub(super) const CONNECTIONS: &str = "select id from connections where created_by = $1 or owner_id = $1 \
     or from_id = $1 or to_id = $1 limit $2";
/// A label belongs to all of its group.
pub(super) const KNOWLEDGE: &str =
    "select id from knowledge where owner_id = $1 and type <> 'label' limit $2";

/// Connections from and to any of these things.
pub(super) async fn connections_of(tx: &mut Tx, ids: &[Uuid], most: i64) -> Result<Vec<Uuid>> {
    let mut found = Vec::new();
    // Two statements, each along an index.
    for head in [
        "select id from connections where from_id in ",
        "select id from connections where to_id in ",
    ] {
        let mut sql = Sql::new(head);
        sql.bind_list(ids.iter().copied()).push(" limit ").bind(most);
        found.extend(tx.all(sql.text(), sql.args(), |row| row.get::<Uuid>(0)).await?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Knowledge that was made from any of these things.
pub(super) async fn knowledge_of(tx: &mut Tx, ids: &[Uuid], most: i64) -> Result<Vec<Uuid>> {
    let mut sql = Sql::new("select id from knowledge where source_thing_id in ");
    sql.bind_list(ids.iter().copied()).push(" limit ").bind(most);
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}

/// Tells the group of each.
pub(super) async fn delete_connections(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<GroupId>> {
    let mut sql = Sql::new("delete from connections where id in ");
    sql.bind_list(ids.iter().copied()).push(" returning group_id");
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}

/// Tells the group of each, and the bytes of its text.
pub(super) async fn delete_knowledge(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<(GroupId, i64)>> {
    let mut sql = Sql::new("delete from knowledge where id in ");
    sql.bind_list(ids.iter().copied())
        .push(" returning group_id, cast(coalesce(octet_length(text), 0) as bigint)");
    tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Lets nothing belong to these things.
pub(super) async fn orphan(tx: &mut Tx, ids: &[Uuid]) -> Result<()> {
    let mut sql = Sql::new("update things set parent_id = null where parent_id in ");
    sql.bind_list(ids.iter().copied());
    tx.run(sql.text(), sql.args()).await?;
    Ok(())
}

/// A thing that was deleted.
pub(super) struct Deleted {
    pub(super) id: ThingId,
    pub(super) group: GroupId,
    pub(super) kind: String,
    pub(super) visibility: String,
    pub(super) owner: Option<PersonId>,
    pub(super) bytes: i64,
}

/// Their history goes with them.
pub(super) async fn delete_things(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Deleted>> {
    let mut sql = Sql::new("delete from things where id in ");
    sql.bind_list(ids.iter().copied());
    sql.push(" returning id, group_id, type, visibility, owner_id, bytes");
    tx.all(sql.text(), sql.args(), |row| {
        Ok(Deleted {
            id: row.get(0)?,
            group: row.get(1)?,
            kind: row.get(2)?,
            visibility: row.get(3)?,
            owner: row.get(4)?,
            bytes: row.get(5)?,
        })
    })
    .await
}
