//! The statements about revisions. They hang on a thing that the caller may see.

use database::{Row, Sql, Tx, args};
use kernel::Work;
use serde::{Deserialize, Serialize};
use types::{Json, JsonMap, PersonId, Result, ThingId, Time};

use super::difference::{self, Difference};
use crate::things::model::Thing;

/// A change as it is stored: what it did, and who may know.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    pub(super) visibility: String,
    pub(super) owner_id: Option<PersonId>,
    pub(super) changes: JsonMap,
}

pub(super) struct Stored {
    /// The version it left behind.
    pub(super) version: u64,
    pub(super) at: Time,
    pub(super) actor: Option<PersonId>,
    pub(super) kept: Kept,
}

/// Keeps what a change did to `before`; who sees `bound` may see it.
pub(in crate::things) async fn insert(
    work: &mut Work<'_>,
    before: &Thing,
    bound: &Thing,
    difference: &Difference,
) -> Result<()> {
    let kept = Json::of(&Kept {
        visibility: bound.visibility.name().to_owned(),
        owner_id: bound.owner_id,
        changes: difference.kept(),
    })?;
    let (actor, now) = (work.me(), work.now);
    work.tx
        .run(
            "insert into thing_revisions (thing_id, version, before, actor_id, created_at) \
             values ($1, $2, $3, $4, $5)",
            args![before.id, before.version.cast_signed(), &kept, actor, now],
        )
        .await?;
    Ok(())
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    let kept: Json = row.get(3)?;
    Ok(Stored {
        version: row.get::<i64>(0)?.unsigned_abs(),
        at: row.get(1)?,
        actor: row.get(2)?,
        kept: serde_json::from_str(kept.as_str())?,
    })
}

/// Changes that left a version behind below `before` and not below `from`, newest first.
pub(super) async fn list(
    tx: &mut Tx,
    id: ThingId,
    before: Option<i64>,
    from: i64,
    limit: i64,
) -> Result<Vec<Stored>> {
    tx.all(
        "select version, created_at, actor_id, before from thing_revisions \
         where thing_id = $1 and version < $2 and version >= $3 order by version desc limit $4",
        args![id, before.unwrap_or(i64::MAX), from, limit],
        stored,
    )
    .await
}

/// Forgets the values that the history of these things keeps of properties that are hidden now.
pub(crate) async fn scrub(tx: &mut Tx, things: &[ThingId], hidden: &[String]) -> Result<()> {
    let mut sql =
        Sql::new("select thing_id, version, before from thing_revisions where thing_id in ");
    sql.bind_list(things.iter().copied());
    let rows: Vec<(ThingId, i64, Json)> =
        tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).await?;
    for (thing, version, kept) in rows {
        let mut kept: Kept = serde_json::from_str(kept.as_str())?;
        if difference::scrub(&mut kept.changes, hidden) {
            tx.run(
                "update thing_revisions set before = $3 where thing_id = $1 and version = $2",
                args![thing, version, &Json::of(&kept)?],
            )
            .await?;
        }
    }
    Ok(())
}
