//! The statements about old events. The house asks, about any group.

use database::seams::tail::{self, Position};
use database::{Sql, Tx, args};
use kernel::access::Scope;
use types::{GroupId, Json, JsonMap, Result, Time};

use crate::events::model::Event;
use crate::events::sql::{HEAD, event};

/// A group with what decides how long its events are kept.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: GroupId,
    pub(super) plan: String,
    pub(super) limits: JsonMap,
}

/// Groups behind one, by id.
pub(super) async fn groups(tx: &mut Tx, after: Option<GroupId>, limit: i64) -> Result<Vec<Group>> {
    let mut sql = Sql::new("select o.id, o.plan, o.limits from groups o where 1 = 1");
    if let Some(after) = after {
        sql.push(" and o.id > ").bind(after);
    }
    sql.push(" order by o.id limit ").bind(limit);
    tx.all(sql.text(), sql.args(), |row| {
        let limits: Option<Json> = row.get(2)?;
        let limits = limits.map(|limits| limits.to_map()).unwrap_or_default();
        Ok(Group { id: row.get(0)?, plan: row.get(1)?, limits })
    })
    .await
}

/// Events of a group from before a moment that every follower has read, the oldest first; but for
/// the last one that tells how many were deleted: each time it went another one would take its
/// place.
pub(super) async fn expired(
    tx: &mut Tx,
    group: GroupId,
    before: Time,
    read: Position,
    limit: i64,
) -> Result<Vec<Event>> {
    let mut sql = Sql::new(HEAD);
    sql.and_equals("o.group_id", Some(group)).push(" and o.occurred_at < ").bind(before);
    tail::up_to(tx, &mut sql, read);
    sql.push(
        " and o.seq <> coalesce((select max(d.seq) from events d \
         where d.type = 'events_deleted' and d.group_id = ",
    );
    sql.bind(group).push("), 0) order by o.occurred_at, o.seq limit ").bind(limit);
    tx.all(sql.text(), sql.args(), event).await
}

/// Those of these events that are of this group, and from before a moment.
pub(super) async fn still_expired(
    tx: &mut Tx,
    group: GroupId,
    places: &[(i64, Time)],
    before: Time,
) -> Result<Vec<(i64, Time)>> {
    let mut sql = Sql::new("select seq, occurred_at from events where group_id = ");
    sql.bind(group).push(" and occurred_at < ").bind(before);
    sql.push(" and seq in ").bind_filled(places.iter().map(|(seq, _)| *seq));
    sql.push(" order by seq");
    tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Events of a group that were deleted without being told yet.
pub(super) async fn untold(tx: &mut Tx, group: GroupId) -> Result<i64> {
    let found = tx
        .maybe("select untold from event_horizons where group_id = $1", args![group], |row| {
            row.get(0)
        })
        .await?;
    Ok(found.unwrap_or_default())
}

/// Deletes these events, and notes up to where they went.
pub(super) async fn delete(
    tx: &mut Tx,
    group: GroupId,
    places: &[(i64, Time)],
    now: Time,
) -> Result<()> {
    let mut sql = Sql::new("delete from events where group_id = ");
    sql.bind(group).push(" and seq in ").bind_filled(places.iter().map(|(seq, _)| *seq));
    let deleted = tx.run(sql.text(), sql.args()).await?;
    let seq = places.iter().map(|(seq, _)| *seq).max().unwrap_or_default();
    let at = places.iter().map(|(_, at)| at.micros()).max().unwrap_or_default();
    tx.run(
        "insert into event_horizons (group_id, seq, occurred_at, generation, untold, updated_at) \
         values ($1, $2, $3, 1, $4, $5) on conflict (group_id) do update set \
         seq = case when excluded.seq > event_horizons.seq \
           then excluded.seq else event_horizons.seq end, \
         occurred_at = case when excluded.occurred_at > event_horizons.occurred_at \
           then excluded.occurred_at else event_horizons.occurred_at end, \
         generation = event_horizons.generation + 1, \
         untold = event_horizons.untold + excluded.untold, updated_at = excluded.updated_at",
        args![group, seq, at, i64::try_from(deleted)?, now],
    )
    .await?;
    Ok(())
}

/// How many were deleted since it was last asked.
pub(super) async fn tell(tx: &mut Tx, group: GroupId) -> Result<i64> {
    let count = untold(tx, group).await?;
    if count > 0 {
        tx.run("update event_horizons set untold = 0 where group_id = $1", args![group]).await?;
    }
    Ok(count)
}

/// What is gone from the logs of a scope.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::events) struct Horizon {
    /// Changes with every deletion.
    pub(in crate::events) generation: i64,
    /// The last place in the log that was deleted.
    pub(in crate::events) seq: i64,
    /// The latest time that was deleted, in microseconds.
    pub(in crate::events) occurred_at: i64,
}

/// What is gone from the logs of a scope.
pub(in crate::events) async fn horizon(tx: &mut Tx, scope: &Scope) -> Result<Horizon> {
    let mut sql = Sql::new(
        "select cast(coalesce(sum(o.generation), 0) as bigint), coalesce(max(o.seq), 0), \
         coalesce(max(o.occurred_at), 0) from event_horizons o where 1 = 1",
    );
    match scope {
        Scope::Everything => {}
        Scope::Group(group, _) => {
            sql.and_equals("o.group_id", Some(*group));
        }
        Scope::Groups(groups) => {
            sql.push(" and o.group_id in ").bind_list(groups.iter().map(|one| one.0));
        }
        Scope::Subtree(root, _) => {
            sql.push(" and o.group_id in (select a.group_id from group_ancestors a ");
            sql.push("where a.ancestor_id = ").bind(*root).push(")");
        }
    }
    tx.one(sql.text(), sql.args(), |row| {
        Ok(Horizon { generation: row.get(0)?, seq: row.get(1)?, occurred_at: row.get(2)? })
    })
    .await
}
