//! Who may delete a group, and in which order it goes.

use database::seams;
use kernel::access::{self, Right, Role};
use kernel::events::NewEvent;
use kernel::jobs::NewJob;
use kernel::usage::{self, Metric};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Error, GroupId, Json, Result};
use uuid::Uuid;
use web::IfMatch;

use super::{JOB, sql};
use crate::groups::archiving::may_end;
use crate::groups::model::{Group, GroupStatus, HowToEnd};
use crate::groups::rules::PLATFORM_SLUG;
use crate::groups::{sql as groups, tree};
use crate::knowledge;

/// Rows removed in one transaction, about.
pub(super) const BATCH: i64 = 10_000;
/// Things removed by one statement, and groups: each takes rows of other tables along.
const CHUNK: i64 = 500;

/// Deletes an archived group for good.
///
/// # Errors
/// 401, 403, 404 by policy; 403 for anybody but its owner who proved who they are lately; 409
/// `group_not_archived`, `group_has_children`, `personal_group`, `platform_group`; 412; 422 unless
/// its slug is confirmed.
pub(in crate::groups) async fn delete(
    app: &App,
    caller: &Caller,
    id: GroupId,
    seen: IfMatch,
    how: HowToEnd,
) -> Result<()> {
    app.change(caller, async move |work| delete_in(work, id, seen, &how).await).await
}

async fn delete_in(work: &mut Work<'_>, id: GroupId, seen: IfMatch, how: &HowToEnd) -> Result<()> {
    let place = access::standing(work.tx, work.caller, id).await?;
    place.require(Right::GroupsDelete)?;
    if place.role < Some(Role::GroupOwner) {
        return Err(Error::forbidden("Only an owner deletes a group for good."));
    }
    work.caller.require_fresh(work.now, work.app().fresh)?;
    let group = groups::find(work.tx, id).await?.ok_or_else(Error::not_found)?;
    seen.check(group.version)?;
    may_end(work.tx, &group).await?;
    if group.status != GroupStatus::Archived || sql::has_active(work.tx, id).await? {
        return Err(Error::conflict(
            "group_not_archived",
            "Archive this group and all below it first: that can be undone.",
        ));
    }
    if how.confirm.as_deref() != Some(group.slug.as_str()) {
        let message = "must be the group's slug: nothing brings it back.";
        return Err(Error::invalid("confirm", "not_confirmed", message));
    }
    let size = sql::size(work.tx, id).await?;
    if size > 1 && !how.cascade {
        return Err(Error::conflict(
            "group_has_children",
            "There are groups below this one: delete them first, or with `cascade=true`.",
        ));
    }
    vanish(work, &group, size).await?;
    empty(work, id).await
}

/// Takes a group out of everybody's sight, with all below it.
async fn vanish(work: &mut Work<'_>, group: &Group, size: i64) -> Result<()> {
    let home = match group.parent_group_id {
        Some(parent) => parent,
        None => work.tx.beyond(async |tx| sql::platform(tx, PLATFORM_SLUG).await).await?,
    };
    remember(work, group.id).await?;
    hide(work, group.id).await?;
    let metadata = Json::of(&json!({
        "type": group.kind, "name": group.name, "slug": group.slug, "groups": size,
    }))?;
    // Its own log has no readers any more.
    let event = NewEvent::new(home, "group_deleted", Some(group.id.into()), &metadata);
    work.record(event.about("private", work.me())).await?;
    Ok(())
}

/// The log of a group stays; if it was somebody's alone, it goes when they are erased.
async fn remember(work: &mut Work<'_>, root: GroupId) -> Result<()> {
    let alone = work.tx.beyond(async move |tx| sql::alone_around(tx, root).await).await?;
    let Some(person) = alone else { return Ok(()) };
    work.tx.beyond(async move |tx| sql::remember_removed(tx, root, person).await).await
}

/// Out of everybody's sight, without telling anybody.
pub(super) async fn hide(work: &mut Work<'_>, root: GroupId) -> Result<()> {
    let now = work.now;
    work.tx.beyond(async move |tx| sql::forget_records(tx, root, now).await).await?;
    sql::end_access(work.tx, root).await?;
    sql::hide(work.tx, root, now).await?;
    tree::cut(work.tx, root).await?;
    work.after_commit(|app| app.identities.clear());
    Ok(())
}

/// Removes a batch of what a group and those below it hold, then the groups themselves; leaves a
/// job for what is left.
pub(super) async fn empty(work: &mut Work<'_>, root: GroupId) -> Result<()> {
    let mut left = BATCH;
    while left > 0 {
        let removed = remove_some(work, root, left).await?;
        if removed == 0 {
            return Ok(());
        }
        left -= removed;
    }
    work.enqueue(NewJob::new(JOB, Json::of(&root)?)).await
}

/// Removes rows of the first kind there are any of; tells how many.
pub(super) async fn remove_some(work: &mut Work<'_>, root: GroupId, most: i64) -> Result<i64> {
    let connections = sql::delete_connections(work.tx, root, most).await?;
    if connections > 0 {
        return Ok(connections);
    }
    let knowledge = sql::delete_knowledge(work.tx, root, most.min(CHUNK)).await?;
    if !knowledge.is_empty() {
        seams::search::remove_all(work.tx, &knowledge).await?;
        return Ok(knowledge.len().cast_signed() as i64);
    }
    let things = remove_things(work, root, most.min(CHUNK)).await?;
    if things > 0 {
        return Ok(things);
    }
    sql::delete_types(work.tx, root).await?;
    remove_groups(work, root, most.min(CHUNK)).await
}

/// What refers to a thing goes with it, in whichever group that is: one that was moved left some of
/// it behind in its old tree.
async fn remove_things(work: &mut Work<'_>, root: GroupId, most: i64) -> Result<i64> {
    let things = sql::things(work.tx, root, most).await?;
    if things.is_empty() {
        return Ok(0);
    }
    remove_connections_to(work, &things).await?;
    let gone = work.tx.beyond(async |tx| sql::delete_knowledge_of(tx, &things).await).await?;
    let (made, sizes): (Vec<_>, Vec<_>) = gone.into_iter().unzip();
    knowledge::rules::give_back(work, sizes).await?;
    seams::search::remove_all(work.tx, &made).await?;
    work.tx.beyond(async |tx| sql::orphan(tx, &things).await).await?;
    sql::delete_things(work.tx, &things).await?;
    seams::search::remove_all(work.tx, &things).await?;
    Ok(things.len().cast_signed() as i64)
}

async fn remove_connections_to(work: &mut Work<'_>, ids: &[Uuid]) -> Result<()> {
    let groups = work.tx.beyond(async |tx| sql::delete_connections_to(tx, ids).await).await?;
    work.tx.enter(groups.iter().copied());
    for group in groups {
        usage::take(work, group, Metric::Connections, -1).await?;
    }
    Ok(())
}

/// The deepest first: a group goes after those below it, and the root is the last.
async fn remove_groups(work: &mut Work<'_>, root: GroupId, most: i64) -> Result<i64> {
    let groups = sql::deepest(work.tx, root, most).await?;
    if groups.is_empty() {
        return Ok(0);
    }
    remove_connections_to(work, &groups).await?;
    sql::delete_groups(work.tx, &groups).await?;
    Ok(groups.len().cast_signed() as i64)
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
