//! What may be connected, who sees it, and what follows when an end changes.

use database::Tx;
use kernel::access::{self, Everywhere, Right, Scope, Sight};
use kernel::events::NewEvent;
use kernel::ontology::ConnectionType;
use kernel::usage::{self, Metric};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{
    AnyId, Checks, ConnectionId, Error, ErrorKind, GroupId, Json, PersonId, Result, ThingId, Time,
};

use super::model::{Connection, ConnectionFilter, NewConnection, NodeFilter};
use super::sql::{self, Direction, Plain};
use super::{around, changes, cycle, ends};
use crate::changes::Changes;
use crate::listing::{self, Ask, Found, Slice};
use crate::things::graph::Way;
use crate::{ontology, reference, sizes, things};

/// Makes a connection, or updates the one of this type between these ends; also tells whether it
/// is new.
///
/// # Errors
/// 401, 403, 404 by policy; 409 in an archived group, between two trees, for a `cycle`, a path that
/// is `too_deep`, or `already_exists` when it is somebody else's; 422 for what is not sensible.
pub async fn create(app: &App, caller: &Caller, new: NewConnection) -> Result<(Connection, bool)> {
    access::require_known(caller)?;
    check(&new)?;
    app.change(caller, async move |work| insert_in(work, &new).await).await
}

/// The same inside a change that is already being made (import, batch).
///
/// # Errors
/// As [`create`].
pub async fn insert_in(work: &mut Work<'_>, new: &NewConnection) -> Result<(Connection, bool)> {
    check(new)?;
    let place = ends::find(work, new).await?;
    let kind = ontology::rules::connection_type(work.tx, place.group, &new.kind).await?;
    let (from, to) = (place.from.id, place.to.id);
    if let Some(before) = edge(work.tx, from, &new.kind, to).await? {
        return Ok((repeat(work, &kind, new, before, &place).await?, false));
    }
    let origin =
        Origin { group: place.group, created_by: work.me(), created_at: None, updated_at: None };
    insert_new(work, &kind, new, &place, origin).await.map(|connection| (connection, true))
}

/// Where a connection comes from that has a history already (import).
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// Its group.
    pub group: GroupId,
    /// Who made it.
    pub created_by: Option<PersonId>,
    /// When it was made; now, if unknown.
    pub created_at: Option<Time>,
    /// When it was last changed; now, if unknown.
    pub updated_at: Option<Time>,
}

/// Stores a connection that has its identity already (import), unless there is one of this type
/// between these ends; tells whether it was stored. The group and the type were checked.
///
/// # Errors
/// 409 when the id is taken, between two trees, for a `cycle` or a path that is `too_deep`; 422
/// for what is not sensible.
pub async fn insert_as_is(
    work: &mut Work<'_>,
    kind: &ConnectionType,
    new: &NewConnection,
    origin: Origin,
) -> Result<bool> {
    check(new)?;
    let place = ends::find_in(work, new, origin.group).await?;
    if edge(work.tx, place.from.id, &new.kind, place.to.id).await?.is_some() {
        return Ok(false);
    }
    insert_new(work, kind, new, &place, origin).await.map(|_| true)
}

/// There is one of a type between two objects, in whichever group of whichever tree: two people may
/// share several.
async fn edge(tx: &mut Tx, from: AnyId, kind: &str, to: AnyId) -> Result<Option<Connection>> {
    tx.beyond(async |tx| sql::find_edge(tx, from, kind, to).await).await
}

async fn insert_new(
    work: &mut Work<'_>,
    kind: &ConnectionType,
    new: &NewConnection,
    place: &ends::Place,
    origin: Origin,
) -> Result<Connection> {
    let (from, to) = (place.from.id, place.to.id);
    let metadata = new.metadata.clone().unwrap_or_default();
    ends::check(kind, place, &metadata)?;
    if kind.acyclic {
        cycle::refuse(work, &new.kind, from, to).await?;
    }
    let (visibility, owner) = place.visibility();
    let connection = Connection {
        id: new.id.unwrap_or_else(|| ConnectionId(work.id())),
        group_id: origin.group,
        kind: new.kind.clone(),
        from_id: from,
        to_id: to,
        metadata: Json::of(&metadata)?,
        strength: new.strength,
        valid_from: new.valid_from,
        valid_to: new.valid_to,
        created_at: origin.created_at.unwrap_or(work.now),
        updated_at: origin.updated_at.unwrap_or(work.now),
        visibility,
        owner,
        created_by: origin.created_by,
    };
    check_span(&connection)?;
    if !sql::insert(work.tx, &connection).await? {
        return Err(work.tx.lost("This connection is being made by others; try again."));
    }
    usage::take(work, connection.group_id, Metric::Connections, 1).await?;
    record(work, "connection_created", &connection, None).await?;
    Ok(connection)
}

/// What making a connection that is there already does: nothing when it says the same, else it is
/// changed by whoever made it or may delete it. Whoever neither made nor sees it learns that it
/// exists, and nothing of what it says.
async fn repeat(
    work: &mut Work<'_>,
    kind: &ConnectionType,
    new: &NewConnection,
    before: Connection,
    ends: &ends::Place,
) -> Result<Connection> {
    // Two people may have been connected in another group that they share.
    if before.group_id != ends.group {
        ends::require(work, before.group_id).await.map_err(|error| match error.kind() {
            ErrorKind::NotFound => exists(),
            _ => error,
        })?;
    }
    let place = access::standing(work.tx, work.caller, before.group_id).await?;
    let mine = before.created_by.is_some() && before.created_by == work.me();
    let sight = Sight::of(place.rights, Right::ConnectionsRead);
    if !mine && !sight.sees(before.visibility, before.owner, work.me()) {
        return Err(exists());
    }
    let (after, changes) = changes::apply(&before, new, work.now)?;
    if changes.is_empty() {
        return Ok(before);
    }
    if !mine && !place.rights.has(Right::ConnectionsDelete) {
        return Err(exists());
    }
    ends::check(kind, ends, &after.metadata.to_map())?;
    check_span(&after)?;
    sql::update(work.tx, &after).await?;
    record(work, "connection_updated", &after, Some(&changes)).await?;
    Ok(after)
}

fn exists() -> Error {
    Error::conflict(
        "already_exists",
        "Somebody else made this connection: it is changed by them, or by whoever may delete it.",
    )
}

/// One connection.
///
/// # Errors
/// 401; 404 when there is none the caller may see.
pub async fn get(app: &App, caller: &Caller, id: ConnectionId) -> Result<Connection> {
    let caller = caller.clone();
    app.store(&caller).read(async move |tx| visible(tx, &caller, id).await).await
}

/// A page of connections.
///
/// # Errors
/// 401; 403 and 404 by policy; 422 for an end that is no id, `query_too_expensive`.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    filter: ConnectionFilter,
    ask: Ask,
) -> Result<Found<Connection>> {
    let end =
        |text: Option<&String>, name| text.map(|text| reference::parse(text, name)).transpose();
    let from = end(filter.from_id.as_ref(), "fromId")?.map(|(id, _)| id);
    let to = end(filter.to_id.as_ref(), "toId")?.map(|(id, _)| id);
    let (caller, given) = (caller.clone(), listing::given(app, caller));
    let (asked, children) = (ask.clone(), filter.include_children);
    asked
        .look(app.store(&caller), async move |tx| {
            let read = Right::ConnectionsRead;
            let scope = Scope::of(tx, &caller, read, filter.group_id, children).await?;
            let plain = Plain { kind: filter.kind.as_deref(), from, to };
            sql::list(tx, &scope, given, plain, &ask).await
        })
        .await
}

/// A page of the connections that start at an object.
///
/// # Errors
/// 401; 404 when the object is not there for the caller; 422 for what is no id,
/// `query_too_expensive`.
pub(crate) async fn list_from(
    app: &App,
    caller: &Caller,
    node: &str,
    filter: NodeFilter,
    ask: Ask,
) -> Result<Found<Connection>> {
    list_of(app, caller, (node, Direction::From), filter, ask).await
}

/// A page of the connections that end at an object.
///
/// # Errors
/// As [`list_from`].
pub(crate) async fn list_to(
    app: &App,
    caller: &Caller,
    node: &str,
    filter: NodeFilter,
    ask: Ask,
) -> Result<Found<Connection>> {
    list_of(app, caller, (node, Direction::To), filter, ask).await
}

async fn list_of(
    app: &App,
    caller: &Caller,
    (node, direction): (&str, Direction),
    filter: NodeFilter,
    ask: Ask,
) -> Result<Found<Connection>> {
    access::require_known(caller)?;
    let (id, bare) = reference::parse(node, "id")?;
    let (caller, given, asked) = (caller.clone(), listing::given(app, caller), ask.clone());
    asked
        .look(app.store(&caller), async move |tx| {
            let node = reference::resolve(tx, &caller, id, bare).await?.id;
            let (seen, kind) = (seen(&caller), filter.kind.as_deref());
            sql::list_of(tx, (node, direction), &seen, given, kind, &ask).await
        })
        .await
}

/// A page of the connections of a thing in both directions, and one more row when another page
/// follows.
///
/// # Errors
/// 401; 404 when the thing is not there for the caller.
pub async fn of_thing(
    app: &App,
    caller: &Caller,
    thing: ThingId,
    slice: Slice,
) -> Result<Vec<Connection>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            things::rules::visible(tx, &caller, thing).await?;
            let node = AnyId::from(thing);
            sql::list_around(tx, node, &seen(&caller), caller.person(), slice).await
        })
        .await
}

/// The connections of any of `nodes` that the caller sees, at most `limit`.
///
/// # Errors
/// As [`Tx::all`].
pub async fn around(
    tx: &mut Tx,
    caller: &Caller,
    nodes: &[AnyId],
    way: Way,
    types: &[String],
    limit: usize,
) -> Result<Vec<Connection>> {
    around::any(tx, caller, nodes, way, types, limit).await
}

/// The newest connections of each of `nodes` that the caller sees, at most `limit` of each way.
///
/// # Errors
/// As [`Tx::all`].
pub async fn newest_of(
    tx: &mut Tx,
    caller: &Caller,
    nodes: &[AnyId],
    limit: i64,
) -> Result<Vec<Connection>> {
    around::newest(tx, caller, nodes, limit).await
}

/// Deletes a connection.
///
/// # Errors
/// 401, 403, 404 by policy; 409 in an archived group.
pub async fn remove(app: &App, caller: &Caller, id: ConnectionId) -> Result<()> {
    app.change(caller, async move |work| remove_in(work, id).await).await
}

/// The same inside a change that is already being made.
///
/// # Errors
/// As [`remove`].
pub async fn remove_in(work: &mut Work<'_>, id: ConnectionId) -> Result<()> {
    let connection = visible(work.tx, work.caller, id).await?;
    let place = access::standing_to_change(work.tx, work.caller, connection.group_id).await?;
    let mine = connection.created_by.is_some() && connection.created_by == work.me();
    place.require_on(Right::ConnectionsDelete, mine)?;
    sql::delete(work.tx, id).await?;
    usage::take(work, connection.group_id, Metric::Connections, -1).await?;
    record(work, "connection_deleted", &connection, None).await
}

/// Makes a thing's connections as visible as their ends are now, after its visibility or its
/// owner changed.
///
/// # Errors
/// As [`Tx::run`].
pub async fn follow_visibility(tx: &mut Tx, thing: ThingId) -> Result<()> {
    tx.beyond(async move |tx| sql::follow(tx, thing).await).await
}

/// Deletes every connection of a thing that is being removed for good; tells how many. The
/// thing's own event speaks for them.
///
/// # Errors
/// As [`Tx::run`].
pub async fn remove_of_thing(work: &mut Work<'_>, thing: ThingId) -> Result<u64> {
    // A group that was moved left the connections behind that led into its old tree.
    let mut groups = work.tx.beyond(async move |tx| sql::delete_of(tx, thing).await).await?;
    groups.sort_unstable();
    work.tx.enter(groups.iter().copied());
    for of_one in groups.chunk_by(|one, other| one == other) {
        let (count, group) = (of_one.len(), of_one.iter().copied().next());
        let given_back = -i64::try_from(count).unwrap_or(i64::MAX);
        if let Some(group) = group {
            usage::take(work, group, Metric::Connections, given_back).await?;
        }
    }
    Ok(groups.len() as u64)
}

async fn visible(tx: &mut Tx, caller: &Caller, id: ConnectionId) -> Result<Connection> {
    access::require_known(caller)?;
    let connection = sql::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let place = access::standing(tx, caller, connection.group_id).await?;
    let sight = Sight::of(place.rights, Right::ConnectionsRead);
    if sight.sees(connection.visibility, connection.owner, caller.person()) {
        Ok(connection)
    } else {
        Err(Error::not_found())
    }
}

/// Everywhere the caller sees connections: an object's may be in any group of its tree.
fn seen(caller: &Caller) -> Everywhere {
    Everywhere::of(caller, Right::ConnectionsRead)
}

fn check(new: &NewConnection) -> Result<()> {
    let mut checks = Checks::new();
    if let Some(metadata) = &new.metadata {
        sizes::check_metadata(&mut checks, metadata)?;
    }
    checks
        .that(
            new.strength.is_none_or(|strength| (0.0..=1.0).contains(&strength)),
            "/strength",
            "out_of_range",
            "must be between 0 and 1.",
        )
        .done()
}

fn check_span(connection: &Connection) -> Result<()> {
    let backwards =
        connection.valid_from.zip(connection.valid_to).is_some_and(|(from, to)| from > to);
    Checks::new()
        .that(!backwards, "/validTo", "out_of_range", "must not be before `validFrom`.")
        .done()
}

async fn record(
    work: &mut Work<'_>,
    kind: &'static str,
    connection: &Connection,
    changes: Option<&Changes>,
) -> Result<()> {
    let mut metadata = json!({
        "type": connection.kind,
        "fromId": connection.from_id,
        "toId": connection.to_id,
    });
    if let (Some(changes), Some(map)) = (changes, metadata.as_object_mut()) {
        map.insert("changes".to_owned(), json!(changes));
    }
    let metadata = Json::of(&metadata)?;
    let event = NewEvent::new(connection.group_id, kind, Some(connection.id.into()), &metadata)
        .about(connection.visibility, connection.owner)
        .of_things([connection.from_id, connection.to_id].map(thing));
    work.record(event).await?;
    Ok(())
}

/// An end that is a thing.
fn thing(end: AnyId) -> Option<ThingId> {
    (end.kind == types::Kind::Thing).then_some(ThingId(end.uuid))
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
