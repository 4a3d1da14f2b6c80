//! What may be done with groups, and what follows from it.

use database::Tx;
use kernel::access::{self, Right, Role, Standing};
use kernel::{App, Caller, Work, ontology};
use serde_json::json;
use types::{Error, GroupId, Json, JsonMap, Result};
use web::IfMatch;

pub use super::archiving::{archive_as_is, archive_in, end, restore};
use super::archiving::{may_end, no_active_children, under_active};
pub use super::check::MAX_NAME;
use super::model::{
    Group, GroupChange, GroupFilter, GroupSettings, GroupStatus, GroupVisibility, JoinPolicy,
    NewGroup, NewGroupSettings, TEAM_OF,
};
use super::moving::{move_to, no_key_at_the_top, owned};
pub use super::ownership::transfer;
pub(crate) use super::slug::is_slug_taken;
pub use super::slug::with_slug;
use super::sql::{self, Bound};
pub use super::tree::{root, same_tree};
use super::{archiving, change, check, tree};
use crate::listing::{self, Ask, Found};
use crate::{people, quotas};

/// The group that exists from the start; owning it is owning the installation.
pub const PLATFORM_SLUG: &str = "platform";

/// Makes a group; its maker becomes its owner.
///
/// # Errors
/// 401; 403 for an API key at the top and without `groups:create` in the parent; 404 for a parent
/// one may not see; 409 `slug_taken`, or under an archived parent; 422 for what is not sensible.
pub async fn create(app: &App, caller: &Caller, new: NewGroup) -> Result<Group> {
    app.change(caller, async move |work| create_in(work, &new).await).await
}

/// The same inside a change that is already being made.
///
/// # Errors
/// As [`create`].
pub async fn create_in(work: &mut Work<'_>, new: &NewGroup) -> Result<Group> {
    access::require_known(work.caller)?;
    no_team(&new.metadata)?;
    match new.parent_group_id {
        Some(parent) => {
            let place = access::standing_to_change(work.tx, work.caller, parent).await?;
            place.require(Right::GroupsCreate)?;
        }
        None => no_key_at_the_top(work.caller)?,
    }
    let group = Group {
        id: GroupId(work.id()),
        parent_group_id: new.parent_group_id,
        slug: new.slug.clone(),
        name: new.name.clone(),
        kind: new.kind.clone(),
        description: new.description.clone(),
        settings: settings_of(&new.kind, &new.settings, work.app().plans.default_plan()),
        metadata: Json::of(&new.metadata)?,
        status: GroupStatus::Active,
        version: 1,
        created_at: work.now,
        updated_at: work.now,
    };
    quotas::rules::may_have(work, &group.settings)?;
    insert_as_is(work, &group).await?;
    if let Some(me) = work.me() {
        people::rules::admit(work, group.id, me, Role::GroupOwner, &[]).await?;
    }
    Ok(group)
}

/// Stores a group that has its identity already (import, sign-up); it has no members yet.
///
/// # Errors
/// 409 when the id or the slug is taken; 422 for what is not sensible.
pub async fn insert_as_is(work: &mut Work<'_>, group: &Group) -> Result<()> {
    check::check(group)?;
    free_slug(work.tx, group).await?;
    let limits = stored_limits(group)?;
    work.tx.enter([group.id]);
    sql::insert(work.tx, group, &limits).await.map_err(taken)?;
    tree::plant(work.tx, group.id, group.parent_group_id).await?;
    let metadata = Json::of(&json!({
        "type": group.kind, "name": group.name, "slug": group.slug,
        "parentGroupId": group.parent_group_id,
    }))?;
    work.announce(group.id, "group_created", group.id, &metadata).await
}

/// The type's settings and the default plan, with what is given instead.
pub fn settings_of(kind: &str, given: &NewGroupSettings, plan: &str) -> GroupSettings {
    let kind = ontology::built_in().group_types.iter().find(|one| one.name == kind);
    let usual = |read: fn(&ontology::GroupType) -> &String| kind.map(read).map(String::as_str);
    GroupSettings {
        visibility: given.visibility.unwrap_or_else(|| {
            usual(|kind| &kind.visibility)
                .and_then(|text| GroupVisibility::stored(text).ok())
                .unwrap_or(GroupVisibility::Private)
        }),
        join_policy: given.join_policy.unwrap_or_else(|| {
            usual(|kind| &kind.join_policy)
                .and_then(|text| JoinPolicy::stored(text).ok())
                .unwrap_or(JoinPolicy::InviteOnly)
        }),
        plan: given.plan.clone().unwrap_or_else(|| plan.to_owned()),
        limits: given.limits.clone().filter(|limits| !limits.is_empty()),
    }
}

/// One group.
///
/// # Errors
/// 401; 403 for an API key without `groups:read`; 404 when there is none the caller may see.
pub async fn get(app: &App, caller: &Caller, id: GroupId) -> Result<Group> {
    let caller = caller.clone();
    app.store(&caller).read(async move |tx| visible(tx, &caller, id).await).await
}

/// The same inside a transaction.
///
/// # Errors
/// As [`get`].
pub async fn visible(tx: &mut Tx, caller: &Caller, id: GroupId) -> Result<Group> {
    access::standing(tx, caller, id).await?.require(Right::GroupsRead)?;
    sql::find(tx, id).await?.ok_or_else(Error::not_found)
}

/// What a group is called; whoever asks checks that it may be told.
///
/// # Errors
/// As the store.
pub(crate) async fn name_of(tx: &mut Tx, id: GroupId) -> Result<Option<String>> {
    Ok(sql::find(tx, id).await?.map(|group| group.name))
}

/// A page of the caller's groups — all there are, for an owner of the platform — or of every
/// public one.
///
/// # Errors
/// 401; 422 `query_too_expensive`.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    filter: GroupFilter,
    ask: Ask,
) -> Result<Found<Group>> {
    access::require_known(caller)?;
    let public =
        filter.visibility == Some(GroupVisibility::Public) && caller.identity().key.is_none();
    let bound = Bound { public, ..own(caller) };
    let (given, asked) = (listing::given(app, caller), ask.clone());
    asked
        .look(app.store(caller), async move |tx| sql::list(tx, bound, given, &filter, &ask).await)
        .await
}

/// The groups a caller belongs to, as a condition. An API key belongs to one; if it may not read
/// groups, to none.
pub(super) fn own(caller: &Caller) -> Bound {
    let identity = caller.identity();
    match &identity.key {
        Some(key) => Bound {
            one: Some(key.group).filter(|id| {
                caller.membership(*id).is_some_and(|one| one.rights.has(Right::GroupsRead))
            }),
            ..Bound::default()
        },
        None => {
            Bound { all: identity.platform_owner, of_member: identity.person, ..Bound::default() }
        }
    }
}

/// Changes a group, moves it, archives it or restores it.
///
/// # Errors
/// 401, 403, 404 by policy; 409 `slug_taken`, `cycle`, `group_archived`, `group_has_children`,
/// `personal_group`, `platform_group`; 412 when it is no longer the version the caller has seen;
/// 422 for what is not sensible.
pub async fn update(
    app: &App,
    caller: &Caller,
    id: GroupId,
    seen: IfMatch,
    change: GroupChange,
) -> Result<Group> {
    app.change(caller, async move |work| update_in(work, id, seen, &change).await).await
}

/// The same inside a change that is already being made.
///
/// # Errors
/// As [`update`].
pub async fn update_in(
    work: &mut Work<'_>,
    id: GroupId,
    seen: IfMatch,
    change: &GroupChange,
) -> Result<Group> {
    let place = access::standing(work.tx, work.caller, id).await?;
    place.require(Right::GroupsUpdate)?;
    if let Some(metadata) = &change.metadata {
        no_team(metadata)?;
    }
    update_as_is(work, &place, id, seen, change).await
}

/// Gives a group another name, for whoever may do so by `place` in the group above.
///
/// # Errors
/// 409 in an archived group; 422 for what is no name.
pub async fn rename_as_is(
    work: &mut Work<'_>,
    place: &Standing,
    id: GroupId,
    name: &str,
) -> Result<Group> {
    let change = GroupChange { name: Some(name.to_owned()), ..GroupChange::default() };
    update_as_is(work, place, id, IfMatch(None), &change).await
}

async fn update_as_is(
    work: &mut Work<'_>,
    place: &Standing,
    id: GroupId,
    seen: IfMatch,
    change: &GroupChange,
) -> Result<Group> {
    let before = sql::find(work.tx, id).await?.ok_or_else(Error::not_found)?;
    seen.check(before.version)?;
    let (after, changes) = change::apply(&before, change, work.now)?;
    if before.status == GroupStatus::Archived && after.status == GroupStatus::Archived {
        return Err(archiving::archived());
    }
    if changes.is_empty() {
        return Ok(before);
    }
    check::check(&after)?;
    if (&after.settings.plan, &after.settings.limits)
        != (&before.settings.plan, &before.settings.limits)
    {
        quotas::rules::may_have(work, &after.settings)?;
    }
    if after.slug != before.slug {
        if before.slug == PLATFORM_SLUG {
            return Err(archiving::platform());
        }
        free_slug(work.tx, &after).await?;
    }
    if after.parent_group_id != before.parent_group_id {
        // Who owns the new parent reads the group, also when they are no longer a member.
        owned(place)?;
        move_to(work, &before, after.parent_group_id).await?;
    }
    let kind = if after.status == before.status {
        "group_updated"
    } else if after.status == GroupStatus::Archived {
        place.require(Right::GroupsDelete)?;
        may_end(work.tx, &before).await?;
        no_active_children(work.tx, id).await?;
        "entity_archived"
    } else {
        under_active(work.tx, after.parent_group_id).await?;
        "group_updated"
    };
    let limits = stored_limits(&after)?;
    if !sql::update(work.tx, &after, &limits, before.version).await.map_err(taken)? {
        return Err(work.tx.lost("This group is being changed by others; try again."));
    }
    let metadata = Json::of(&json!({"type": after.kind, "changes": changes}))?;
    work.announce(id, kind, id, &metadata).await?;
    Ok(after)
}

/// Whoever may make teams in the group above decides what is one: they may end it.
fn no_team(metadata: &JsonMap) -> Result<()> {
    if !metadata.contains_key(TEAM_OF) {
        return Ok(());
    }
    let message = "says that a group is a team, which is decided when it is made.";
    Err(Error::invalid(format!("/metadata/{TEAM_OF}"), "read_only", message))
}

async fn free_slug(tx: &mut Tx, group: &Group) -> Result<()> {
    let (slug, id) = (group.slug.as_str(), group.id);
    let taken = tx.beyond(async move |tx| sql::is_slug_taken(tx, slug, id).await).await?;
    if taken { Err(slug_taken()) } else { Ok(()) }
}

/// Two at once with one slug pass the look; the store refuses the second.
fn taken(error: Error) -> Error {
    if error.code() == "already_exists" { slug_taken() } else { error }
}

fn slug_taken() -> Error {
    Error::conflict("slug_taken", "This slug belongs to another group; choose another one.")
}

fn stored_limits(group: &Group) -> Result<Option<Json>> {
    Ok(group.settings.limits.as_ref().map(Json::of).transpose()?)
}
