//! How a group ends and comes back: archived, restored, or deleted for good.

use database::Tx;
use kernel::access::{self, Right};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Error, GroupId, Json, Result};
use web::IfMatch;

use super::model::{Group, GroupChange, GroupStatus, HowToEnd};
use super::rules::{PLATFORM_SLUG, update_in};
use super::{deletion, sql};

/// Archives a group, with `cascade` everything below it too; or deletes one that is archived.
///
/// # Errors
/// As [`archive_in`], and of deleting what it says.
pub async fn end(
    app: &App,
    caller: &Caller,
    id: GroupId,
    seen: IfMatch,
    how: HowToEnd,
) -> Result<()> {
    if how.permanent {
        return deletion::rules::delete(app, caller, id, seen, how).await;
    }
    if how.confirm.is_some() {
        let message = "is for `permanent=true`: an archived group can be restored.";
        return Err(Error::invalid("confirm", "not_allowed", message));
    }
    app.change(caller, async move |work| archive_in(work, id, seen, how.cascade).await).await
}

/// Archives a group inside a change that is already being made.
///
/// # Errors
/// 401, 403, 404 by policy; 409 `group_archived`, `group_has_children`, `personal_group`,
/// `platform_group`; 412.
pub async fn archive_in(
    work: &mut Work<'_>,
    id: GroupId,
    seen: IfMatch,
    cascade: bool,
) -> Result<()> {
    let place = access::standing_to_change(work.tx, work.caller, id).await?;
    place.require(Right::GroupsDelete)?;
    let group = sql::find(work.tx, id).await?.ok_or_else(Error::not_found)?;
    seen.check(group.version)?;
    may_end(work.tx, &group).await?;
    if !cascade {
        no_active_children(work.tx, id).await?;
    }
    archive_as_is(work, id).await
}

/// Archives a group with all below it, without asking who calls.
///
/// # Errors
/// As the store.
pub async fn archive_as_is(work: &mut Work<'_>, id: GroupId) -> Result<()> {
    let (from, to) = (GroupStatus::Active, GroupStatus::Archived);
    for (one, kind) in sql::turn_subtree(work.tx, id, from, to, work.now).await? {
        tell(work, "entity_archived", one, &kind, (from, to)).await?;
    }
    Ok(())
}

/// Makes an archived group active again; with `cascade`, all below it too.
///
/// # Errors
/// 401, 403, 404 by policy; 409 under an archived parent; 412.
pub async fn restore(
    app: &App,
    caller: &Caller,
    id: GroupId,
    seen: IfMatch,
    cascade: bool,
) -> Result<Group> {
    app.change(caller, async move |work| restore_in(work, id, seen, cascade).await).await
}

async fn restore_in(
    work: &mut Work<'_>,
    id: GroupId,
    seen: IfMatch,
    cascade: bool,
) -> Result<Group> {
    let (from, to) = (GroupStatus::Archived, GroupStatus::Active);
    let change = GroupChange { status: Some(to), ..GroupChange::default() };
    let group = update_in(work, id, seen, &change).await?;
    if cascade {
        // What ends a whole subtree brings it back.
        access::standing(work.tx, work.caller, id).await?.require(Right::GroupsDelete)?;
        let turned = sql::turn_subtree(work.tx, id, from, to, work.now).await?;
        if turned.is_empty() {
            // Nothing below was archived: nothing changed, and nothing is told.
            work.silently();
        }
        for (one, kind) in turned {
            tell(work, "group_updated", one, &kind, (from, to)).await?;
        }
    }
    Ok(group)
}

async fn tell(
    work: &mut Work<'_>,
    event: &'static str,
    group: GroupId,
    kind: &str,
    (from, to): (GroupStatus, GroupStatus),
) -> Result<()> {
    let changes = json!({"status": {"from": from, "to": to}});
    let metadata = Json::of(&json!({"type": kind, "changes": changes}))?;
    work.announce(group, event, group, &metadata).await
}

/// Two kinds of groups stay where and what they are.
pub(super) async fn may_end(tx: &mut Tx, group: &Group) -> Result<()> {
    if group.slug == PLATFORM_SLUG && group.parent_group_id.is_none() {
        return Err(platform());
    }
    if sql::holds_personal(tx, group.id).await? {
        return Err(personal());
    }
    Ok(())
}

pub(super) async fn no_active_children(tx: &mut Tx, id: GroupId) -> Result<()> {
    if sql::has_active_children(tx, id).await? {
        return Err(Error::conflict(
            "group_has_children",
            "This group has active children: archive them first, or DELETE with `cascade=true`.",
        ));
    }
    Ok(())
}

pub(super) async fn under_active(tx: &mut Tx, parent: Option<GroupId>) -> Result<()> {
    let Some(parent) = parent else { return Ok(()) };
    match sql::find(tx, parent).await? {
        Some(parent) if parent.status == GroupStatus::Archived => Err(Error::conflict(
            "parent_archived",
            "The group above is archived: restore it first.",
        )),
        _ => Ok(()),
    }
}

pub(super) fn archived() -> Error {
    Error::conflict(
        "group_archived",
        "This group is archived: restore it (status `active`) before changing it.",
    )
}

pub(super) fn platform() -> Error {
    Error::conflict("platform_group", "The platform's own group keeps its slug and its place.")
}

pub(super) fn personal() -> Error {
    Error::conflict(
        "personal_group",
        "A personal group stays with its person: it is neither archived, moved nor handed over.",
    )
}
