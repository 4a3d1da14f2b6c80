//! What may be done with things, and what follows from it.

use database::Tx;
use kernel::access::{self, Right, Scope, Sight, Standing};
use kernel::events::NewEvent;
use kernel::{App, Caller, Work, ontology};
use serde::Serialize;
use types::{Checks, Error, GroupId, Json, JsonMap, Result, ThingId};
use web::IfMatch;

use super::model::{NewThing, Status, Thing, ThingChange, ThingFilter, Tier, Visibility};
use super::{patch, sql};
use crate::changes::Changes;
use crate::listing::Slice;
use crate::ontology::rules as types_of;
use crate::{connections, knowledge, sizes};

/// Characters of a name.
pub const MAX_NAME: usize = 500;
/// Things from one at the top down to the deepest below it.
const MAX_LEVELS: usize = 100;

/// Makes a thing.
///
/// # Errors
/// 401, 403, 404 by policy; 409 in an archived group, or `too_deep`; 422 for what is not sensible.
pub async fn create(app: &App, caller: &Caller, new: NewThing) -> Result<Thing> {
    check_new(&new)?;
    let group = home(caller, new.group_id)?;
    app.change(caller, async move |work| create_in(work, group, &new).await).await
}

/// The same inside a change that is already being made; `new` was checked.
///
/// # Errors
/// As [`create`].
pub async fn create_in(work: &mut Work<'_>, group: GroupId, new: &NewThing) -> Result<Thing> {
    let place = access::standing_to_change(work.tx, work.caller, group).await?;
    place.require(Right::ThingsCreate)?;
    check_type(work.tx, group, &new.kind, &new.properties).await?;
    let properties = Json::of(&new.properties)?;
    sizes::check_properties(&properties)?;
    if let Some(parent) = new.parent_id {
        check_parent(work, group, parent, None).await?;
    }
    let thing = Thing {
        id: ThingId(work.id()),
        group_id: group,
        parent_id: new.parent_id,
        kind: new.kind.clone(),
        name: new.name.clone(),
        properties,
        status: new.status.unwrap_or(Status::Active),
        owner_id: work.me(),
        visibility: new.visibility.unwrap_or(Visibility::Group),
        tier: Tier::Plain,
        version: 1,
        deleted_at: None,
        created_at: work.now,
        updated_at: work.now,
    };
    if !sql::insert(work.tx, &thing).await? {
        return Err(Error::internal("a new id was taken"));
    }
    record_created(work, &thing).await?;
    Ok(thing)
}

/// Stores a thing that has its identity already (import); its type and properties were checked.
/// False when the id is taken: what is there stays as it is.
///
/// # Errors
/// 409 when its parent or its owner is not there; 422 for properties that are too large.
pub async fn insert_as_is(work: &mut Work<'_>, thing: &Thing) -> Result<bool> {
    sizes::check_properties(&thing.properties)?;
    if !sql::insert(work.tx, thing).await? {
        return Ok(false);
    }
    record_created(work, thing).await?;
    Ok(true)
}

/// One thing.
///
/// # Errors
/// 401; 404 when there is none the caller may see.
pub async fn get(app: &App, caller: &Caller, id: ThingId) -> Result<Thing> {
    let caller = caller.clone();
    app.db.read(async move |tx| Ok(visible(tx, &caller, id).await?.0)).await
}

/// A page of things, and one more row when another page follows.
///
/// # Errors
/// 401; 403 and 404 by policy.
pub async fn list(
    app: &App,
    caller: &Caller,
    filter: ThingFilter,
    slice: Slice,
) -> Result<Vec<Thing>> {
    let caller = caller.clone();
    app.db
        .read(async move |tx| {
            let scope =
                Scope::of(tx, &caller, Right::ThingsRead, filter.group_id, filter.include_children)
                    .await?;
            sql::list(tx, &scope, caller.person(), &filter, slice).await
        })
        .await
}

/// Changes a thing, or restores it from the archive.
///
/// # Errors
/// 401, 403, 404 by policy; 409 for a step its status does not allow, a `cycle`, or `too_deep`; 412
/// when it is no longer the version the caller has seen; 422 for what is not sensible.
pub async fn update(
    app: &App,
    caller: &Caller,
    id: ThingId,
    seen: IfMatch,
    change: ThingChange,
) -> Result<Thing> {
    if let Some(name) = &change.name {
        Checks::new().text("/name", name, 1, MAX_NAME).done()?;
    }
    app.change(caller, async move |work| update_in(work, id, seen, &change).await).await
}

async fn update_in(
    work: &mut Work<'_>,
    id: ThingId,
    seen: IfMatch,
    change: &ThingChange,
) -> Result<Thing> {
    let (before, place) = visible_to_change(work, id).await?;
    require_own_or(&place, work, &before, Right::ThingsUpdate, Right::ThingsUpdateOwn)?;
    seen.check(before.version)?;
    let (after, changes) = patch::apply(&before, change, work.now)?;
    if changes.is_empty() {
        return Ok(before);
    }
    check_step(before.status, after.status)?;
    // Archiving is deleting, whichever way it is asked for.
    if after.status == Status::Archived {
        require_own_or(&place, work, &before, Right::ThingsDelete, Right::ThingsDeleteOwn)?;
    }
    if change.properties.is_some() {
        sizes::check_properties(&after.properties)?;
        check_type(work.tx, after.group_id, &after.kind, &after.properties.to_map()).await?;
    }
    if let Some(parent) = after.parent_id.filter(|parent| Some(*parent) != before.parent_id) {
        check_parent(work, after.group_id, parent, Some(id)).await?;
    }
    let metadata = changed(&after, &changes)?;
    store(work, &before, &after, &metadata).await?;
    Ok(after)
}

/// Archives a thing; archiving an archived one changes nothing.
///
/// # Errors
/// 401, 403, 404 by policy; 412.
pub async fn archive(app: &App, caller: &Caller, id: ThingId, seen: IfMatch) -> Result<()> {
    let change = ThingChange { status: Some(Status::Archived), ..ThingChange::default() };
    app.change(caller, async move |work| {
        let (before, place) = visible_to_change(work, id).await?;
        require_own_or(&place, work, &before, Right::ThingsDelete, Right::ThingsDeleteOwn)?;
        seen.check(before.version)?;
        if before.status == Status::Archived {
            return Ok(());
        }
        let (after, changes) = patch::apply(&before, &change, work.now)?;
        let metadata = changed(&after, &changes)?;
        store(work, &before, &after, &metadata).await
    })
    .await
}

/// Removes a thing for good, with its connections and its knowledge.
///
/// # Errors
/// 401, 403, 404 by policy; 409 while other things belong to it; 412.
pub async fn remove(app: &App, caller: &Caller, id: ThingId, seen: IfMatch) -> Result<()> {
    app.change(caller, async move |work| {
        let (thing, place) = visible_to_change(work, id).await?;
        place.require(Right::ThingsDelete)?;
        seen.check(thing.version)?;
        if sql::has_children(work.tx, id).await? {
            return Err(Error::conflict(
                "thing_has_children",
                "Other things belong to this one: remove or move them first.",
            ));
        }
        let connections = connections::rules::remove_of_thing(work.tx, id).await?;
        let knowledge = knowledge::rules::remove_of_thing(work.tx, id).await?;
        sql::delete(work.tx, id).await?;
        let metadata = Json::of(&serde_json::json!({
            "type": thing.kind, "connections": connections, "knowledge": knowledge,
        }))?;
        record(work, "thing_deleted", &thing, &metadata).await
    })
    .await
}

/// A thing the caller may see, with their place in its group.
///
/// # Errors
/// 401; 404 when there is none they may see.
pub async fn visible(tx: &mut Tx, caller: &Caller, id: ThingId) -> Result<(Thing, Standing)> {
    access::require_known(caller)?;
    let thing = sql::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let place = access::standing(tx, caller, thing.group_id).await?;
    let sight = Sight::of(place.rights, Right::ThingsRead);
    if sight.sees(thing.visibility.name(), thing.owner_id, caller.person()) {
        Ok((thing, place))
    } else {
        Err(Error::not_found())
    }
}

async fn visible_to_change(work: &mut Work<'_>, id: ThingId) -> Result<(Thing, Standing)> {
    let (thing, _) = visible(work.tx, work.caller, id).await?;
    let place = access::standing_to_change(work.tx, work.caller, thing.group_id).await?;
    Ok((thing, place))
}

fn require_own_or(
    place: &Standing,
    work: &Work<'_>,
    thing: &Thing,
    any: Right,
    own: Right,
) -> Result<()> {
    let mine = thing.owner_id.is_some() && thing.owner_id == work.me();
    if mine && place.rights.has(own) { Ok(()) } else { place.require(any) }
}

/// The group a new object goes to: the one named, or the caller's own.
///
/// # Errors
/// 401; 422 for a caller without a group of their own.
pub fn home(caller: &Caller, named: Option<GroupId>) -> Result<GroupId> {
    access::require_known(caller)?;
    named.or(caller.personal_group()).ok_or_else(|| {
        Error::invalid("/groupId", "missing_field", "must name a group: you have none of your own.")
    })
}

/// Everything about a new thing that needs no look into the store.
///
/// # Errors
/// 422 with every field that is wrong.
pub fn check_new(new: &NewThing) -> Result<()> {
    Checks::new()
        .text("/name", &new.name, 1, MAX_NAME)
        .that(
            matches!(new.status, None | Some(Status::Active | Status::Draft)),
            "/status",
            "wrong_status",
            "a new thing is `active` or `draft`.",
        )
        .done()
}

async fn check_type(tx: &mut Tx, group: GroupId, kind: &str, properties: &JsonMap) -> Result<()> {
    let kind = types_of::thing_type(tx, group, kind).await?;
    types_of::check_properties(&kind, properties)
}

async fn check_parent(
    work: &mut Work<'_>,
    group: GroupId,
    parent: ThingId,
    child: Option<ThingId>,
) -> Result<()> {
    let refuse = |code, message: &str| Err(Error::invalid("/parentId", code, message));
    let (found, _) = match visible(work.tx, work.caller, parent).await {
        Ok(found) => found,
        Err(error) if error.kind() == types::ErrorKind::NotFound => {
            return refuse("unknown_parent", "must be a thing you may see.");
        }
        Err(error) => return Err(error),
    };
    if found.group_id != group {
        return refuse("foreign_parent", "must be a thing of the same group.");
    }
    let above = sql::line_of(work.tx, parent, MAX_LEVELS).await?;
    if child.is_some_and(|child| above.contains(&child)) {
        return Err(Error::conflict("cycle", "A thing cannot belong to itself, however far up."));
    }
    if above.len() >= MAX_LEVELS {
        return Err(Error::conflict(
            "too_deep",
            format!("Things belong to each other over at most {MAX_LEVELS} levels."),
        ));
    }
    Ok(())
}

/// The steps of `ontology.json`; `archived` is left by restore, which is a step to `active`.
fn check_step(from: Status, to: Status) -> Result<()> {
    if from == Status::Archived && to != Status::Active {
        return Err(Error::conflict(
            "thing_archived",
            "This thing is archived: restore it (status `active`) before changing it.",
        ));
    }
    let steps = ontology::built_in().thing_statuses.get(from.name());
    let allowed = from == to
        || from == Status::Archived
        || steps.is_some_and(|steps| steps.iter().any(|step| step == to.name()));
    if allowed {
        return Ok(());
    }
    Err(Error::conflict(
        "wrong_transition",
        format!(
            "A thing that is {} can become {}, not {}.",
            from.name(),
            steps.map_or_else(String::new, |steps| steps.join(" or ")),
            to.name()
        ),
    ))
}

async fn store(work: &mut Work<'_>, before: &Thing, after: &Thing, metadata: &Json) -> Result<()> {
    if !sql::update(work.tx, after, before.version).await? {
        return Err(Error::overloaded("This thing is being changed by others; try again."));
    }
    if before.visibility != after.visibility {
        connections::rules::follow_visibility(work.tx, after.id).await?;
        let (visibility, owner) = (after.visibility.name(), after.owner_id);
        knowledge::rules::follow_visibility(work.tx, after.id, visibility, owner).await?;
    }
    let kind = match (before.status, after.status) {
        (from, to) if from == to => "thing_updated",
        (_, Status::Archived) => "thing_archived",
        (Status::Archived, _) => "thing_restored",
        _ => "thing_updated",
    };
    // While it was private, or becomes so, the values are for those who may see them.
    let hidden = [before, after].into_iter().find(|one| one.visibility == Visibility::Private);
    record(work, kind, hidden.unwrap_or(after), metadata).await
}

fn changed(thing: &Thing, changes: &Changes) -> Result<Json> {
    Ok(Json::of(&serde_json::json!({ "type": thing.kind, "changes": changes }))?)
}

#[derive(Serialize)]
struct Created<'a> {
    r#type: &'a str,
    name: &'a str,
}

async fn record_created(work: &mut Work<'_>, thing: &Thing) -> Result<()> {
    let metadata = Json::of(&Created { r#type: &thing.kind, name: &thing.name })?;
    record(work, "thing_created", thing, &metadata).await
}

async fn record(
    work: &mut Work<'_>,
    kind: &'static str,
    thing: &Thing,
    metadata: &Json,
) -> Result<()> {
    let event = NewEvent::new(thing.group_id, kind, Some(thing.id.into()), metadata)
        .about(thing.visibility.name(), thing.owner_id);
    work.record(event).await?;
    Ok(())
}
