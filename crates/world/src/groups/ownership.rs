//! Handing a group over.

use kernel::access::{self, Role};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Error, ErrorKind, GroupId, Json, PersonId, Result};

use super::archiving::{personal, platform};
use super::model::{Group, Handover};
use super::rules::PLATFORM_SLUG;
use super::sql;
use crate::people;

/// Makes another member the owner, in the place of the caller.
///
/// # Errors
/// 401, 404 by policy; 403 for anybody but an owner of this very group who proved who they are
/// lately; 409 `personal_group`, `platform_group`, or in an archived group; 422 for whoever cannot
/// own it.
pub async fn transfer(
    app: &App,
    caller: &Caller,
    id: GroupId,
    handover: Handover,
) -> Result<Group> {
    app.change(caller, async move |work| transfer_in(work, id, &handover).await).await
}

async fn transfer_in(work: &mut Work<'_>, id: GroupId, handover: &Handover) -> Result<Group> {
    let place = access::standing_to_change(work.tx, work.caller, id).await?;
    let me = own_member(work.caller, id)?;
    work.caller.require_fresh(work.now, work.app().fresh)?;
    let group = sql::find(work.tx, id).await?.ok_or_else(Error::not_found)?;
    if group.slug == PLATFORM_SLUG {
        return Err(platform());
    }
    if sql::is_personal(work.tx, id).await? {
        return Err(personal());
    }
    let heir = handover.person_id;
    if heir == me {
        return wrong("already_owner", "must be somebody else: you own this group.");
    }
    if !people::rules::may_own(work.tx, place.group, heir).await? {
        let message = "must be a member of this group who can sign in.";
        return wrong("not_a_member", message);
    }
    let mut steps = vec![(heir, Role::GroupOwner)];
    if !handover.keep_role {
        steps.push((me, Role::GroupUser));
    }
    for (person, role) in steps {
        people::rules::appoint_as_is(work, person, id, role).await?;
    }
    let metadata = Json::of(&json!({"from": me, "to": heir, "keepRole": handover.keep_role}))?;
    work.announce(id, "ownership_transferred", id, &metadata).await?;
    Ok(group)
}

/// Only who has something gives it away: not a program in their name, and not who owns a group
/// above or the platform — they appoint owners like other members.
fn own_member(caller: &Caller, group: GroupId) -> Result<PersonId> {
    let owns = caller.membership(group).is_some_and(|one| one.role >= Role::GroupOwner);
    let person = caller.person().filter(|_| owns && caller.identity().key.is_none());
    person.ok_or_else(|| {
        Error::new(
            ErrorKind::Forbidden,
            "not_the_owner",
            "Only an owner of this group hands it over, signed in and not with an API key.",
        )
    })
}

fn wrong<T>(code: &'static str, message: &'static str) -> Result<T> {
    Err(Error::invalid("/personId", code, message))
}
