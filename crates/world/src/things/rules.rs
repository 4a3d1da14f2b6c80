//! Who may make, read and list things, and what a new one must be.

use database::Tx;
use kernel::access::{self, Right, Sight, Standing};
use kernel::events::NewEvent;
use kernel::usage::{self, Metric};
use kernel::{App, Caller, Work};
use serde::Serialize;
use types::{Checks, Error, GroupId, Json, JsonMap, Result, ThingId};

use super::many::{self, Draft};
use super::model::{NewThing, Status, Thing, Tier, Visibility};
use super::{content, sql};
use crate::ontology::kind::Kind;
use crate::ontology::prepare::{Prepared, prepare};

pub use super::change::{archive, archive_in, remove, remove_in, update, update_in};

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
    make(work, None, group, new).await?.ok_or_else(|| Error::internal("a new id is never taken"))
}

/// As [`create_in`], under an id that whoever asks has made: asked for twice, it is made once.
/// None, when there is one of this id.
///
/// # Errors
/// As [`create`].
pub async fn create_once(
    work: &mut Work<'_>,
    id: ThingId,
    group: GroupId,
    new: &NewThing,
) -> Result<Option<Thing>> {
    make(work, Some(id), group, new).await
}

async fn make(
    work: &mut Work<'_>,
    id: Option<ThingId>,
    group: GroupId,
    new: &NewThing,
) -> Result<Option<Thing>> {
    let (place, terms) = access::standing_to_take(work.tx, work.caller, group).await?;
    place.require(Right::ThingsCreate)?;
    let prepared = prepare(work.tx, group, &new.kind, &new.properties, None).await?;
    if let Some(parent) = new.parent_id {
        check_parent(work, group, parent, None).await?;
    }
    let mut thing = new_thing(work, group, new, &prepared);
    match id {
        None => sql::insert_new(work.tx, &thing, &prepared.hidden).await?,
        Some(id) => {
            thing.id = id;
            if !sql::insert(work.tx, &thing, &prepared.hidden).await? {
                return Ok(None);
            }
        }
    }
    content::store_content(work.tx, thing.id, group, &thing.kind, &prepared).await?;
    usage::take_by(work, &terms, &taken(&thing, prepared.hidden.as_ref())).await?;
    record(work, "thing_created", &thing, &told_of_new(&thing)?).await?;
    Ok(Some(thing))
}

/// What a request for a new thing describes.
pub(super) fn new_thing(
    work: &Work<'_>,
    group: GroupId,
    new: &NewThing,
    prepared: &Prepared,
) -> Thing {
    Thing {
        id: ThingId(work.id()),
        group_id: group,
        parent_id: new.parent_id,
        kind: new.kind.clone(),
        name: new.name.clone(),
        properties: prepared.properties.clone(),
        status: new.status.unwrap_or(Status::Active),
        owner_id: work.me(),
        visibility: new.visibility.unwrap_or(Visibility::Group),
        tier: Tier::Plain,
        version: 1,
        deleted_at: None,
        created_at: work.now,
        updated_at: work.now,
    }
}

/// Makes a thing of a built-in type that the house gives somebody, and tells of it as `event`.
///
/// # Errors
/// As the store.
pub(crate) async fn give_in(
    work: &mut Work<'_>,
    thing: &Thing,
    event: &'static str,
    metadata: &Json,
) -> Result<()> {
    sql::insert_new(work.tx, thing, &None).await?;
    usage::take_all(work, thing.group_id, &taken(thing, None)).await?;
    record(work, event, thing, metadata).await
}

/// Stores a thing that has its identity already (import), with its properties as its type wants
/// them; `hidden` are its write-only ones. False when the id is taken: what is there stays as it
/// is.
///
/// # Errors
/// 409 when its parent or its owner is not there, or it shares what is to be unique; 422 for
/// properties its type refuses.
pub async fn insert_as_is(
    work: &mut Work<'_>,
    thing: Thing,
    kind: &Kind,
    hidden: Option<&JsonMap>,
) -> Result<bool> {
    Ok(many::store_new(work, vec![Draft::as_is(thing, kind, hidden)?]).await? == [true])
}

/// One thing.
///
/// # Errors
/// 401; 404 when there is none the caller may see.
pub async fn get(app: &App, caller: &Caller, id: ThingId) -> Result<Thing> {
    let caller = caller.clone();
    app.store(&caller).read(async move |tx| Ok(visible(tx, &caller, id).await?.0)).await
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

pub(super) async fn visible_to_change(
    work: &mut Work<'_>,
    id: ThingId,
) -> Result<(Thing, Standing)> {
    let (thing, _) = visible(work.tx, work.caller, id).await?;
    let place = access::standing_to_change(work.tx, work.caller, thing.group_id).await?;
    Ok((thing, place))
}

pub(super) fn is_mine(work: &Work<'_>, thing: &Thing) -> bool {
    thing.owner_id.is_some() && thing.owner_id == work.me()
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

pub(super) async fn check_parent(
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
    shallow(&above)
}

/// Refuses one more level below a thing that is as deep as things may be.
///
/// # Errors
/// 409 `too_deep`.
pub(crate) async fn not_too_deep(tx: &mut Tx, parent: ThingId) -> Result<()> {
    shallow(&sql::line_of(tx, parent, MAX_LEVELS).await?)
}

fn shallow(above: &[ThingId]) -> Result<()> {
    if above.len() < MAX_LEVELS {
        return Ok(());
    }
    Err(Error::conflict(
        "too_deep",
        format!("Things belong to each other over at most {MAX_LEVELS} levels."),
    ))
}

#[derive(Serialize)]
struct Created<'a> {
    r#type: &'a str,
    name: &'a str,
}

/// What a new thing takes of the plan of its group.
fn taken(thing: &Thing, hidden: Option<&Json>) -> [(Metric, i64); 2] {
    let bytes = content::bytes(&thing.properties, hidden);
    [(Metric::Things, 1), (Metric::StorageBytes, bytes)]
}

/// What the event of a new thing tells.
pub(super) fn told_of_new(thing: &Thing) -> Result<Json> {
    Ok(Json::of(&Created { r#type: &thing.kind, name: &thing.name })?)
}

pub(super) async fn record(
    work: &mut Work<'_>,
    kind: &'static str,
    thing: &Thing,
    metadata: &Json,
) -> Result<()> {
    work.record(event_of(kind, thing, metadata)).await?;
    Ok(())
}

/// Nothing is changed in an archived thing, and nothing is tied to it.
pub(crate) fn archived() -> Error {
    Error::conflict(
        "thing_archived",
        "This thing is archived: restore it (status `active`) before changing it.",
    )
}

/// An event about a thing, for whoever may see the thing.
pub(super) fn event_of<'a>(kind: &'a str, thing: &'a Thing, metadata: &'a Json) -> NewEvent<'a> {
    NewEvent::new(thing.group_id, kind, Some(thing.id.into()), metadata)
        .about(thing.visibility.name(), thing.owner_id)
}
