//! The statements about events; they are only ever appended, by [`kernel::Work::record`].

use database::seams::private;
use database::{Engine, Row, Sql, Tx, args};
use filter::Given;
use kernel::access::{Scope, Sight};
use types::{AnyId, EventId, GroupId, Kind, PersonId, Result};
use uuid::Uuid;

use super::model::{Event, EventFilter};
use crate::listing::{Ask, Found};

macro_rules! columns {
    () => {
        "o.seq, o.id, o.group_id, o.type, o.actor_id, o.target_id, o.target_kind, o.occurred_at, \
         o.metadata, o.request_id, o.visibility, o.owner_id, o.impersonator_id, o.thing_id, \
         o.other_thing_id"
    };
}

/// What [`event`] reads, with visibility and owner at places 10 and 11, and what it tells of beside
/// its target at 13 and 14.
pub(super) const COLUMNS: &str = columns!();
/// How many they are.
pub(super) const WIDTH: usize = 15;

pub(super) const HEAD: &str = concat!("select ", columns!(), " from events o where 1 = 1");
const FIND: &str = concat!("select ", columns!(), " from events o where o.id = $1");

/// An event with what decides who sees it.
pub(super) struct Stored {
    pub(super) event: Event,
    pub(super) visibility: String,
    pub(super) owner: Option<PersonId>,
}

pub(super) fn event(row: &Row<'_>) -> Result<Event> {
    let target: Option<Uuid> = row.get(5)?;
    let kind: Option<String> = row.get(6)?;
    Ok(Event {
        seq: row.get(0)?,
        id: row.get(1)?,
        group_id: row.get(2)?,
        kind: row.get(3)?,
        actor_id: row.get(4)?,
        impersonator_id: row.get(12)?,
        target_id: target
            .zip(kind.as_deref().and_then(Kind::from_prefix))
            .map(|(uuid, kind)| AnyId { kind, uuid }),
        timestamp: row.get(7)?,
        metadata: row.get(8)?,
        request_id: row.get(9)?,
    })
}

/// Looks across groups: whoever asks must check what the caller may see of it.
pub(super) async fn find(tx: &mut Tx, id: EventId) -> Result<Option<Stored>> {
    tx.maybe(FIND, args![id], |row| {
        Ok(Stored { event: event(row)?, visibility: row.get(10)?, owner: row.get(11)? })
    })
    .await
}

pub(super) async fn list(
    tx: &mut Tx,
    scope: &Scope,
    given: Given,
    (filter, target): (&EventFilter, Option<AnyId>),
    ask: &Ask,
) -> Result<Found<Event>> {
    let part = (scope, given);
    ask.over(tx, part, HEAD, |sql| condition(sql, scope, given, filter, target), event).await
}

/// Appends what a list asks of alias `o` beside its scope and its filter.
pub(super) fn condition<'a>(
    sql: &mut Sql<'a>,
    scope: &Scope,
    given: Given,
    filter: &'a EventFilter,
    target: Option<AnyId>,
) {
    sql.and_equals("o.type", filter.kind.as_deref())
        .and_equals("o.actor_id", filter.actor_id)
        .and_equals("o.target_id", target);
    but_of_hidden(sql, scope, given);
    if let Some(from) = filter.from {
        sql.push(" and o.occurred_at >= ").bind(from);
    }
    if let Some(to) = filter.to {
        sql.push(" and o.occurred_at < ").bind(to);
    }
}

/// What an event tells of: should one of these be a thing that is private by now, it is hidden.
const TOLD_OF: [&str; 3] = ["o.target_id", "o.thing_id", "o.other_thing_id"];

/// Leaves out what was told of a thing — or of what connects it, or is known of it — while others
/// saw it, now that it is private to somebody else: the log is never rewritten, so its reading is
/// bounded. Owners read on.
fn but_of_hidden(sql: &mut Sql<'_>, scope: &Scope, given: Given) {
    let whole: Vec<GroupId> = match scope {
        Scope::Everything | Scope::Group(_, Sight::All) | Scope::Subtree(_, Sight::All) => return,
        Scope::Group(..) | Scope::Subtree(..) => Vec::new(),
        Scope::Groups(groups) => {
            groups.iter().filter(|one| one.1 == Sight::All).map(|one| one.0).collect()
        }
    };
    sql.push(" and (1 = 1");
    not_hidden(sql, given.engine, given.me);
    if !whole.is_empty() {
        sql.push(" or o.group_id in ").bind_list(whole);
    }
    sql.push(")");
}

fn not_hidden(sql: &mut Sql<'_>, engine: Engine, me: Option<PersonId>) {
    for thing in TOLD_OF {
        sql.push(" and ");
        private::not_of_others(sql, engine, thing, me);
    }
}

/// Whether it tells of a thing that is private to somebody else by now.
pub(super) async fn is_hidden(tx: &mut Tx, id: EventId, me: Option<PersonId>) -> Result<bool> {
    let mut sql = Sql::new("select 1 from events o where o.id = ");
    sql.bind(id);
    not_hidden(&mut sql, tx.engine(), me);
    Ok(tx.maybe(sql.text(), sql.args(), |_| Ok(())).await?.is_none())
}

pub(super) async fn behind(
    tx: &mut Tx,
    group: GroupId,
    children: bool,
    seq: i64,
    limit: i64,
) -> Result<Vec<(EventId, i64)>> {
    let mut sql = Sql::new("select o.id, o.seq from events o where o.seq > ");
    sql.bind(seq);
    if children {
        sql.push(
            " and o.group_id in (select a.group_id from group_ancestors a where a.ancestor_id = ",
        )
        .bind(group)
        .push(")");
    } else {
        sql.push(" and o.group_id = ").bind(group);
    }
    sql.push(" order by o.seq limit ").bind(limit);
    tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, row.get(1)?))).await
}
