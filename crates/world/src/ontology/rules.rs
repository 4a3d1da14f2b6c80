//! Which types there are in a group, and how one is added.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use kernel::access::{self, Right};
use kernel::ontology::{ConnectionType, EventType, ThingType, built_in};
use kernel::{App, Caller, Work};
use serde::de::DeserializeOwned;
use serde_json::json;
use types::{Error, GroupId, Json, JsonMap, Result};

use super::model::{
    Dimension, KnownConnectionType, KnownEventType, KnownThingType, OntologyFilter, OntologyView,
};
use super::{definition, schema, sql};

use database::Tx;

/// Types one group may register.
const MOST: i64 = 1000;

type ByName<T> = LazyLock<HashMap<&'static str, &'static T>>;

static THINGS: ByName<ThingType> =
    LazyLock::new(|| built_in().thing_types.iter().map(|one| (one.name.as_str(), one)).collect());
static CONNECTIONS: ByName<ConnectionType> = LazyLock::new(|| {
    built_in().connection_types.iter().map(|one| (one.name.as_str(), one)).collect()
});
static EVENTS: ByName<EventType> =
    LazyLock::new(|| built_in().event_types.iter().map(|one| (one.name.as_str(), one)).collect());

/// The type of things called `name` in `group`.
///
/// # Errors
/// 422 `unknown_type` when it is neither built in nor registered by the group or an ancestor.
pub async fn thing_type(
    tx: &mut Tx,
    group: GroupId,
    name: &str,
) -> Result<Cow<'static, ThingType>> {
    match THINGS.get(name) {
        Some(known) => Ok(Cow::Borrowed(known)),
        None => registered(tx, group, Dimension::Thing, name).await.map(Cow::Owned),
    }
}

/// The type of connections called `name` in `group`.
///
/// # Errors
/// As [`thing_type`].
pub async fn connection_type(
    tx: &mut Tx,
    group: GroupId,
    name: &str,
) -> Result<Cow<'static, ConnectionType>> {
    match CONNECTIONS.get(name) {
        Some(known) => Ok(Cow::Borrowed(known)),
        None => registered(tx, group, Dimension::Connection, name).await.map(Cow::Owned),
    }
}

/// The type of events called `name` in `group`.
///
/// # Errors
/// As [`thing_type`].
pub async fn event_type(
    tx: &mut Tx,
    group: GroupId,
    name: &str,
) -> Result<Cow<'static, EventType>> {
    match EVENTS.get(name) {
        Some(known) => Ok(Cow::Borrowed(known)),
        None => registered(tx, group, Dimension::Event, name).await.map(Cow::Owned),
    }
}

async fn registered<T: DeserializeOwned>(
    tx: &mut Tx,
    group: GroupId,
    dimension: Dimension,
    name: &str,
) -> Result<T> {
    // What cannot be a name is not looked up and not repeated.
    if !is_name(name) {
        return Err(unknown(dimension, ""));
    }
    match sql::find(tx, group, dimension, name).await? {
        Some(definition) => Ok(serde_json::from_str(definition.as_str())?),
        None => Err(unknown(dimension, name)),
    }
}

fn unknown(dimension: Dimension, name: &str) -> Error {
    let what = dimension.name();
    let message = if name.is_empty() {
        format!("is not the name of a {what} type; GET /v1/ontology lists them.")
    } else {
        format!(
            "`{name}` is not a {what} type of this group; GET /v1/ontology lists them, and an \
             owner may register more."
        )
    };
    Error::invalid("/type", "unknown_type", message)
}

/// Whether a type may be called so: 1 to 64 of `a-z 0-9 _`, starting with a letter.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_built_in(dimension: Dimension, name: &str) -> bool {
    match dimension {
        Dimension::Thing => THINGS.contains_key(name),
        Dimension::Connection => CONNECTIONS.contains_key(name),
        Dimension::Event => EVENTS.contains_key(name),
    }
}

/// Checks a thing's properties: fields its type knows have the right form (null counts as absent),
/// others are kept as they are.
///
/// # Errors
/// 422 with a pointer like `/properties/price` for each field that is wrong.
pub fn check_properties(kind: &ThingType, properties: &JsonMap) -> Result<()> {
    schema::check(&kind.properties, properties)
}

/// Registers a type in a group, or replaces the definition it registered before. Of a thing type
/// the definition holds `category?` and `properties?` (JSON Schema by name), of a connection type
/// `family?`, `from?`, `to?`, `acyclic?` and `metadata?`, of an event type `category?`.
///
/// # Errors
/// 401, 403, 404 by policy (right `types:create`); 409 in an archived group, `built_in_type` for
/// a name the ontology has, `too_many_types` beyond 1000; 422 for a wrong name or definition, with
/// pointers into the definition.
pub async fn register(
    work: &mut Work<'_>,
    group: GroupId,
    dimension: Dimension,
    name: &str,
    definition: &Json,
) -> Result<()> {
    let place = access::standing_to_change(work.tx, work.caller, group).await?;
    place.require(Right::TypesCreate)?;
    register_as_is(work, group, dimension, name, definition).await
}

/// The same where it was decided that it may be done (import).
///
/// # Errors
/// As [`register`], but for the policy.
pub async fn register_as_is(
    work: &mut Work<'_>,
    group: GroupId,
    dimension: Dimension,
    name: &str,
    definition: &Json,
) -> Result<()> {
    if !is_name(name) {
        return Err(Error::invalid(
            "/name",
            "invalid_name",
            "must be 1 to 64 of a-z, 0-9 and `_`, starting with a letter.",
        ));
    }
    if is_built_in(dimension, name) {
        return Err(Error::conflict(
            "built_in_type",
            format!("`{name}` is a built-in {} type; choose another name.", dimension.name()),
        ));
    }
    let definition = definition::read(dimension, name, definition)?;
    sql::upsert(work.tx, group, dimension, name, &definition, work.now).await?;
    if sql::count(work.tx, group).await? > MOST {
        return Err(Error::conflict(
            "too_many_types",
            "A group may register 1000 types; use fewer, or register them in a child group.",
        ));
    }
    let metadata = Json::of(&json!({"registered": {"dimension": dimension, "name": name}}))?;
    work.announce(group, "settings_updated", group, &metadata).await
}

/// The ontology: the built-in one for anybody, with a group's registered types for whoever may
/// see the group.
///
/// # Errors
/// With a group: 401, 403 and 404 by policy.
pub async fn view(app: &App, caller: &Caller, filter: OntologyFilter) -> Result<OntologyView> {
    let mut view = shipped();
    let Some(group) = filter.group_id else { return Ok(view) };
    let caller = caller.clone();
    let rows = app
        .db
        .read(async move |tx| {
            let place = access::standing(tx, &caller, group).await?;
            place.require(Right::GroupsRead)?;
            sql::list(tx, group).await
        })
        .await?;
    for row in rows {
        add(&mut view, &row)?;
    }
    Ok(view)
}

fn shipped() -> OntologyView {
    let shipped = built_in();
    let things = shipped.thing_types.iter();
    let connections = shipped.connection_types.iter();
    let events = shipped.event_types.iter();
    OntologyView {
        group_types: &shipped.group_types,
        roles: &shipped.roles,
        permissions: Right::ALL.iter().map(|right| right.name()).collect(),
        thing_statuses: &shipped.thing_statuses,
        thing_types: things
            .map(|kind| KnownThingType { kind: Cow::Borrowed(kind), group_id: None })
            .collect(),
        connection_types: connections
            .map(|kind| KnownConnectionType { kind: Cow::Borrowed(kind), group_id: None })
            .collect(),
        event_types: events
            .map(|kind| KnownEventType { kind: Cow::Borrowed(kind), group_id: None })
            .collect(),
        event_protocols: &shipped.event_protocols,
        knowledge_types: &shipped.knowledge_types,
        thing_knowledge_roles: &shipped.thing_knowledge_roles,
        label_prefixes: &shipped.label_prefixes,
        plans: &shipped.plans,
    }
}

/// Rows with one name come together, the nearest ancestor's first: only that one counts.
fn add(view: &mut OntologyView, row: &sql::Registered) -> Result<()> {
    let (text, group_id) = (row.definition.as_str(), Some(row.group));
    match row.dimension {
        Dimension::Thing => {
            let kind: ThingType = serde_json::from_str(text)?;
            if view.thing_types.last().is_none_or(|last| last.kind.name != kind.name) {
                view.thing_types.push(KnownThingType { kind: Cow::Owned(kind), group_id });
            }
        }
        Dimension::Connection => {
            let kind: ConnectionType = serde_json::from_str(text)?;
            if view.connection_types.last().is_none_or(|last| last.kind.name != kind.name) {
                view.connection_types
                    .push(KnownConnectionType { kind: Cow::Owned(kind), group_id });
            }
        }
        Dimension::Event => {
            let kind: EventType = serde_json::from_str(text)?;
            if view.event_types.last().is_none_or(|last| last.kind.name != kind.name) {
                view.event_types.push(KnownEventType { kind: Cow::Owned(kind), group_id });
            }
        }
    }
    Ok(())
}
