//! Who may look back, and how a thing goes back.

use database::Tx;
use kernel::access::{Right, Sight, Standing};
use kernel::{App, Caller};
use types::{Error, Json, Result, ThingId};
use web::IfMatch;

use super::model::Revision;
use super::{difference, sql};
use crate::things::change::{Edit, settle, to_change};
use crate::things::model::Thing;
use crate::things::{patch, rules};

/// Changes that are read at once while a version is made out.
const BATCH: i64 = 200;
/// Changes that are taken back at most.
const REACH: u64 = 10_000;

/// The changes of a thing below a version, newest first, and one more when more follow.
///
/// # Errors
/// 401; 404 when there is no thing the caller may see.
pub async fn list(
    app: &App,
    caller: &Caller,
    id: ThingId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Revision>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            let (_, place) = rules::visible(tx, &caller, id).await?;
            let rows = sql::list(tx, id, before.map(|version| version - 1), 0, limit).await?;
            rows.into_iter()
                .map(|row| {
                    let open = sees(&place, &caller, &row);
                    Ok(Revision {
                        version: row.version + 1,
                        at: row.at,
                        actor_id: row.actor,
                        changes: if open { Some(Json::of(&row.kept.changes)?) } else { None },
                    })
                })
                .collect()
        })
        .await
}

fn sees(place: &Standing, caller: &Caller, row: &sql::Stored) -> bool {
    let sight = Sight::of(place.rights, Right::ThingsRead);
    sight.sees(&row.kept.visibility, row.kept.owner_id, caller.person())
}

/// A thing as it was.
///
/// # Errors
/// 401; 404 when there is no thing the caller may see, it never was that version, or was private
/// to others then.
pub async fn version(app: &App, caller: &Caller, id: ThingId, version: u64) -> Result<Thing> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            let (thing, place) = rules::visible(tx, &caller, id).await?;
            as_of(tx, &caller, thing, &place, version).await
        })
        .await
}

/// Takes changes back, from the newest to the one that left `version` behind.
async fn as_of(
    tx: &mut Tx,
    caller: &Caller,
    mut thing: Thing,
    place: &Standing,
    version: u64,
) -> Result<Thing> {
    if version == 0 || version > thing.version || thing.version - version > REACH {
        return Err(Error::not_found());
    }
    let mut properties = thing.properties.to_map();
    let mut changed_at = Some(thing.updated_at);
    while thing.version > version {
        let below = Some(thing.version.cast_signed());
        let rows = sql::list(tx, thing.id, below, version.cast_signed(), BATCH).await?;
        // An imported thing has a version and no past.
        if rows.is_empty() {
            return Err(Error::not_found());
        }
        for row in rows {
            let last = row.version == version;
            if row.version + 1 != thing.version || (last && !sees(place, caller, &row)) {
                return Err(Error::not_found());
            }
            difference::undo(&mut thing, &mut properties, &row.kept.changes);
            thing.version = row.version;
            changed_at = None;
        }
    }
    if changed_at.is_none() {
        let below = Some(version.cast_signed());
        let made = sql::list(tx, thing.id, below, 0, 1).await?;
        thing.updated_at = made.first().map_or(thing.created_at, |row| row.at);
        thing.properties = Json::of(&properties)?;
    }
    Ok(thing)
}

/// Gives a thing the name, the properties and the parent it had. Status and visibility stay: what
/// was closed since does not open again. Hidden properties stay: nothing remembers them.
///
/// # Errors
/// 404 as [`version`]; else as an update: its type may refuse what it once allowed.
pub async fn revert(
    app: &App,
    caller: &Caller,
    id: ThingId,
    seen: IfMatch,
    version: u64,
) -> Result<Thing> {
    app.change(caller, async move |work| {
        let (before, place) = to_change(work, id, seen).await?;
        let then = as_of(work.tx, work.caller, before.clone(), &place, version).await?;
        let mut after = patch::next(&before, work.now);
        after.name = then.name;
        after.parent_id = then.parent_id;
        let properties = then.properties.to_map();
        settle(work, &place, before, after, Edit::Replace(&properties), Some(version)).await
    })
    .await
}
