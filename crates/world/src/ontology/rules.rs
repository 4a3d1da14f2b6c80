//! Which types there are in a group.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use kernel::access::{self, Right, Sight};
use kernel::ontology::{ConnectionType, EventType, ThingType, built_in};
use kernel::{App, Caller};
use serde::de::DeserializeOwned;
use types::{Error, GroupId, Json, Result};

use super::kind::Kind;
use super::model::{
    Dimension, KnownConnectionType, KnownEventType, KnownThingType, OntologyFilter, OntologyView,
};
use super::{components, sql, typescript};

use database::Tx;

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
        None => read(&registered(tx, group, Dimension::Thing, name).await?).map(Cow::Owned),
    }
}

/// The same, ready to check and sort the properties of things.
///
/// # Errors
/// As [`thing_type`].
pub async fn kind(tx: &mut Tx, group: GroupId, name: &str) -> Result<Kind> {
    match THINGS.get(name) {
        Some(known) => Ok(Kind::BuiltIn(known)),
        None => Kind::registered(&registered(tx, group, Dimension::Thing, name).await?),
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
        None => read(&registered(tx, group, Dimension::Connection, name).await?).map(Cow::Owned),
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
        None => read(&registered(tx, group, Dimension::Event, name).await?).map(Cow::Owned),
    }
}

fn read<T: DeserializeOwned>(definition: &Json) -> Result<T> {
    Ok(serde_json::from_str(definition.as_str())?)
}

async fn registered(tx: &mut Tx, group: GroupId, dimension: Dimension, name: &str) -> Result<Json> {
    // What cannot be a name is not looked up and not repeated.
    if !is_name(name) {
        return Err(unknown(dimension, ""));
    }
    let definition = sql::find(tx, group, dimension, name).await?;
    definition.ok_or_else(|| unknown(dimension, name))
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
pub fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether the ontology has a type of this name, which therefore nobody registers.
pub(crate) fn is_built_in(dimension: Dimension, name: &str) -> bool {
    match dimension {
        Dimension::Thing => THINGS.contains_key(name),
        Dimension::Connection => CONNECTIONS.contains_key(name),
        Dimension::Event => EVENTS.contains_key(name),
    }
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
        .store(&caller)
        .read(async move |tx| {
            let place = access::standing(tx, &caller, group).await?;
            place.require(Right::GroupsRead)?;
            let mut rows = sql::list(tx, group).await?;
            for dimension in Dimension::ALL {
                let sight = Sight::of(place.rights, dimension.read());
                let names: Vec<&str> = rows
                    .iter()
                    .filter(|row| row.dimension == dimension)
                    .map(|row| row.name.as_str())
                    .collect();
                let counts = sql::count_of(tx, group, dimension, sight, caller.person(), &names);
                let counts = counts.await?;
                for row in rows.iter_mut().filter(|row| row.dimension == dimension) {
                    row.count = counts.get(&row.name).copied().unwrap_or_default();
                }
            }
            Ok(rows)
        })
        .await?;
    for row in rows {
        add(&mut view, &row)?;
    }
    Ok(view)
}

/// The same as a TypeScript file.
///
/// # Errors
/// As [`view`].
pub async fn typescript(app: &App, caller: &Caller, filter: OntologyFilter) -> Result<String> {
    typescript::write(&view(app, caller, filter).await?)
}

/// The same for the group with this slug, for whoever is at the machine itself.
///
/// # Errors
/// 422 when there is no such group.
pub async fn typescript_of(app: &App, slug: &str) -> Result<String> {
    let wanted = slug.to_owned();
    let found = app.db.unbound().read(async move |tx| sql::group_called(tx, &wanted).await).await?;
    let group = found.ok_or_else(|| {
        Error::invalid("group", "unknown_group", format!("there is no group `{slug}`."))
    })?;
    let filter = OntologyFilter { group_id: Some(group) };
    typescript(app, &Caller::system("types"), filter).await
}

/// The built-in types as a TypeScript file.
///
/// # Errors
/// As writing it does.
pub fn shipped_typescript() -> Result<String> {
    typescript::write(&shipped())
}

/// The types of things as schemas of an OpenAPI document.
///
/// # Errors
/// As [`view`].
pub async fn components(app: &App, caller: &Caller, filter: OntologyFilter) -> Result<Json> {
    Ok(Json::of(&components::write(&view(app, caller, filter).await?)?)?)
}

pub(super) fn shipped() -> OntologyView {
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
            .map(|kind| KnownThingType {
                kind: Cow::Borrowed(kind),
                group_id: None,
                version: None,
                count: None,
            })
            .collect(),
        connection_types: connections
            .map(|kind| KnownConnectionType {
                kind: Cow::Borrowed(kind),
                group_id: None,
                version: None,
                count: None,
            })
            .collect(),
        event_types: events
            .map(|kind| KnownEventType {
                kind: Cow::Borrowed(kind),
                group_id: None,
                version: None,
                count: None,
            })
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
    let (version, count) = (Some(row.version), Some(row.count));
    match row.dimension {
        Dimension::Thing => {
            let kind: ThingType = serde_json::from_str(text)?;
            if view.thing_types.last().is_none_or(|last| last.kind.name != kind.name) {
                view.thing_types.push(KnownThingType {
                    kind: Cow::Owned(kind),
                    group_id,
                    version,
                    count,
                });
            }
        }
        Dimension::Connection => {
            let kind: ConnectionType = serde_json::from_str(text)?;
            if view.connection_types.last().is_none_or(|last| last.kind.name != kind.name) {
                view.connection_types.push(KnownConnectionType {
                    kind: Cow::Owned(kind),
                    group_id,
                    version,
                    count,
                });
            }
        }
        Dimension::Event => {
            let kind: EventType = serde_json::from_str(text)?;
            if view.event_types.last().is_none_or(|last| last.kind.name != kind.name) {
                view.event_types.push(KnownEventType {
                    kind: Cow::Owned(kind),
                    group_id,
                    version,
                    count,
                });
            }
        }
    }
    Ok(())
}
