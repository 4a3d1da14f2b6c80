//! What the log loses with somebody who is erased: the events of the groups that were theirs alone,
//! and elsewhere those about them. Each group is told how many, and for the sealed log it
//! is signed which, as when events are too old.

use database::{Row, Sql, Tx, args};
use kernel::erasure::{Removing, Rooms, Subject, not_read_yet};
use kernel::{App, Work};
use serde_json::json;
use types::{GroupId, JsonMap, Result, Time};
use uuid::Uuid;

use super::retention;

/// Objects whose events are looked for together.
const CHUNK: usize = 100;
/// Groups that are looked at together. Each that loses events is told in the same transaction.
const GROUPS: usize = 64;

/// Adds what becomes of events, and of the files that events were written to.
pub(crate) fn erasing(rooms: Rooms) -> Rooms {
    rooms.code(remove).files(archives)
}

/// An event that is to go.
struct Gone {
    group: GroupId,
    seq: i64,
    at: Time,
    /// What follows the log has sealed it.
    sealed: bool,
}

fn gone(row: &Row<'_>) -> Result<Gone> {
    let sealed = row.get::<i64>(3)? == 1;
    Ok(Gone { group: row.get(0)?, seq: row.get(1)?, at: row.get(2)?, sealed })
}

const HEAD: &str = "select o.group_id, o.seq, o.occurred_at, cast(case when exists \
     (select 1 from event_leaves l where l.seq = o.seq) then 1 else 0 end as bigint) \
     from events o where ";

fn remove<'a>(work: &'a mut Work<'_>, who: &'a Subject, most: i64) -> Removing<'a> {
    Box::pin(async move {
        let mut left = who.groups.as_slice();
        while !left.is_empty() {
            // Few lengths of lists, so few statements to prepare.
            let (some, rest) = left.split_at(GROUPS.min(1 << left.len().ilog2()));
            let found = of_groups(work.tx, some, most).await?;
            if !found.is_empty() {
                return delete(work, found).await;
            }
            left = rest;
        }
        let about: Vec<Uuid> =
            who.groups.iter().map(|group| group.0).chain([who.person.0]).collect();
        remove_about(work, &about, most).await
    })
}

/// Removes so many at most of the events about these objects, in whichever group; how many.
///
/// # Errors
/// 503 `not_read_yet` where what follows the log has read none of them.
pub(crate) async fn remove_about(work: &mut Work<'_>, about: &[Uuid], most: i64) -> Result<i64> {
    for some in about.chunks(CHUNK) {
        let mut sql = Sql::new(HEAD);
        sql.push("o.target_id in ").bind_list(some.iter().copied());
        // They say how much is gone, and of whom.
        sql.push(" and o.type not in ('events_deleted', 'person_erased')");
        sql.push(" order by o.seq limit ").bind(most);
        let found = work.tx.all(sql.text(), sql.args(), gone).await?;
        if !found.is_empty() {
            return delete(work, found).await;
        }
    }
    Ok(0)
}

/// Events of those of these groups that are gone; so many at most, and what told of earlier ones.
async fn of_groups(tx: &mut Tx, groups: &[GroupId], most: i64) -> Result<Vec<Gone>> {
    let mut found = Vec::new();
    for group in with_events(tx, groups).await? {
        let left = most - i64::try_from(found.len())?;
        if left <= 0 {
            break;
        }
        found.extend(of_group(tx, group, left).await?);
    }
    Ok(found)
}

/// Those of these groups that are gone and have events. One statement of many parts, each of which
/// reads no more of an index than the first event: with all groups in one list, each round would
/// read all that is left of them.
async fn with_events(tx: &mut Tx, groups: &[GroupId]) -> Result<Vec<GroupId>> {
    let mut sql = Sql::new("");
    for (at, group) in groups.iter().enumerate() {
        sql.push(if at == 0 { "select * from (" } else { " union all select * from (" });
        sql.push("select o.group_id from events o where o.group_id = ").bind(*group).push(
            " and o.type <> 'events_deleted' and not exists \
             (select 1 from groups g where g.id = o.group_id) order by o.seq limit 1) as part",
        );
    }
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}

/// Events of a group that is gone, the oldest first, and with them what told of earlier ones.
async fn of_group(tx: &mut Tx, group: GroupId, most: i64) -> Result<Vec<Gone>> {
    let sql = format!(
        "{HEAD}o.group_id = $1 and o.type <> 'events_deleted' \
         and not exists (select 1 from groups g where g.id = $1) order by o.seq limit $2"
    );
    let mut found = tx.all(&sql, args![group, most], gone).await?;
    if !found.is_empty() {
        let told = format!(
            "{HEAD}o.group_id = $1 and o.type = 'events_deleted' and o.seq < (select max(d.seq) \
             from events d where d.group_id = $1 and d.type = 'events_deleted') \
             order by o.seq limit $2"
        );
        found.extend(tx.all(&told, args![group, most], gone).await?);
    }
    Ok(found)
}

/// Only what is sealed goes: its leaf stays.
async fn delete(work: &mut Work<'_>, found: Vec<Gone>) -> Result<i64> {
    let mut sealed: Vec<Gone> = found.into_iter().filter(|one| one.sealed).collect();
    if sealed.is_empty() {
        return Err(not_read_yet());
    }
    sealed.sort_unstable_by_key(|one| (one.group, one.seq));
    for of_one in sealed.chunk_by(|one, other| one.group == other.group) {
        let places: Vec<(i64, Time)> = of_one.iter().map(|one| (one.seq, one.at)).collect();
        if let Some(one) = of_one.first() {
            retention::remove(work, one.group, &places, &why()).await?;
        }
    }
    Ok(i64::try_from(sealed.len())?)
}

fn why() -> JsonMap {
    JsonMap::from_iter([("reason".to_owned(), json!("person_erased"))])
}

/// The files of groups that are gone, on this node.
fn archives(app: &App, who: &Subject) -> Result<()> {
    let Some(directory) = &app.retention.archive else { return Ok(()) };
    for group in &who.groups {
        match std::fs::remove_dir_all(directory.join(group.to_string())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}
