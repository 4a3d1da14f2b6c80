//! The log as others are told of it: read on from a position in commit order, with what decides who
//! may be told.

use std::collections::HashMap;

use database::seams::tail::{self, Position};
use database::{Row, Sql, Tx};
use kernel::access::{Scope, Sight};
use types::{AnyId, EventId, GroupId, Kind, PersonId, Result};
use uuid::Uuid;

use super::model::Event;
use super::retention::horizon;
use super::sql;

/// An event of the log, and who may be told.
#[derive(Debug, Clone)]
pub struct Told {
    /// Where it stands in commit order.
    pub position: Position,
    /// What happened.
    pub event: Event,
    visibility: String,
    owner: Option<PersonId>,
    /// It tells of things that are private by now, to these people.
    private_to: Vec<Option<PersonId>>,
}

/// Which part of the log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// That of one group.
    Group(GroupId),
    /// What is about one object.
    About(AnyId),
}

impl Told {
    /// Whether somebody with this sight in the event's group may be told: the same that lists of
    /// events show them.
    #[must_use]
    pub fn is_seen(&self, sight: Sight, me: Option<PersonId>) -> bool {
        let own = |owner: Option<PersonId>| owner.is_some() && owner == me;
        sight.sees(&self.visibility, self.owner, me)
            && (sight == Sight::All || self.private_to.iter().copied().all(own))
    }

    /// Whose it is, where it is somebody's.
    #[must_use]
    pub fn owner(&self) -> Option<PersonId> {
        self.owner
    }
}

/// Whether nothing of a group after `position` was deleted from the log: retention may have.
///
/// # Errors
/// As the store.
pub async fn is_whole_after(tx: &mut Tx, group: GroupId, position: Position) -> Result<bool> {
    let gone = horizon(tx, &Scope::Group(group, Sight::All)).await?;
    Ok(position.seq >= gone.seq)
}

/// Up to `limit` events of a part of the log after `position`.
///
/// # Errors
/// As the store.
pub async fn told(tx: &mut Tx, part: Part, position: Position, limit: i64) -> Result<Vec<Told>> {
    let (columns, width) = (sql::COLUMNS, sql::WIDTH);
    let rows = match part {
        Part::Whole => tail::after(tx, columns, width, position, limit, read).await?,
        Part::Group(group) => {
            let of = ("o.group_id", group.into());
            tail::slice(tx, columns, width, of, position, limit, read).await?
        }
        Part::About(id) => {
            let of = ("o.target_id", id.uuid.into());
            tail::slice(tx, columns, width, of, position, limit, read).await?
        }
    };
    bounded(tx, rows).await
}

/// These events of the log, without their positions; one that is gone is left out.
///
/// # Errors
/// As the store.
pub(crate) async fn told_again(tx: &mut Tx, ids: &[EventId]) -> Result<Vec<Told>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(sql::HEAD);
    sql.push(" and o.id in ").bind_list(ids.iter().copied()).push(" order by o.seq");
    let rows = tx.all(sql.text(), sql.args(), |row| Ok((Position::default(), read(row)?))).await?;
    bounded(tx, rows).await
}

/// An event, its visibility and owner, and the things it tells of.
type Bounds = (Event, String, Option<PersonId>, [Option<Uuid>; 3]);

fn read(row: &Row<'_>) -> Result<Bounds> {
    let event = sql::event(row)?;
    let target = event.target_id.filter(|id| id.kind == Kind::Thing).map(|id| id.uuid);
    Ok((event, row.get(10)?, row.get(11)?, [target, row.get(13)?, row.get(14)?]))
}

/// With what of it is private by now.
async fn bounded(tx: &mut Tx, rows: Vec<(Position, Bounds)>) -> Result<Vec<Told>> {
    let private = private_things(tx, rows.iter().flat_map(|(_, row)| row.3).flatten()).await?;
    Ok(rows
        .into_iter()
        .map(|(position, (event, visibility, owner, things))| {
            let private_to =
                things.iter().flatten().filter_map(|id| private.get(id).copied()).collect();
            Told { position, event, visibility, owner, private_to }
        })
        .collect())
}

/// Which of these are things that are private by now, or were when they were removed, and whose
/// they are.
async fn private_things(
    tx: &mut Tx,
    things: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Option<PersonId>>> {
    let mut things: Vec<Uuid> = things.collect();
    things.sort_unstable();
    things.dedup();
    if things.is_empty() {
        return Ok(HashMap::new());
    }
    let mut sql = Sql::new(
        "select r.id, r.owner_id from removed_things r \
         where not exists (select 1 from things t where t.id = r.id) and r.id in ",
    );
    sql.bind_list(things.iter().copied())
        .push(" union all select id, owner_id from things where visibility = 'private' and id in ")
        .bind_list(things);
    let rows = tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, row.get(1)?))).await?;
    Ok(rows.into_iter().collect())
}
