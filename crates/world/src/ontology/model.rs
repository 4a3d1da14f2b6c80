//! The shapes of the ontology.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kernel::access::Right;
use kernel::ontology::{ConnectionType, EventType, GroupType, Plan, RoleFacts, ThingType};
use serde::{Deserialize, Serialize};
use types::{GroupId, Json, PersonId, Time};
use utoipa::{IntoParams, ToSchema};

/// The dimensions a group may register types in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Dimension {
    /// Kinds of things.
    Thing,
    /// Kinds of connections.
    Connection,
    /// Kinds of events.
    Event,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 3] = [Self::Thing, Self::Connection, Self::Event];

    /// The stored and shown name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thing => "thing",
            Self::Connection => "connection",
            Self::Event => "event",
        }
    }

    /// What shows rows of this dimension.
    #[must_use]
    pub const fn read(self) -> Right {
        match self {
            Self::Thing => Right::ThingsRead,
            Self::Connection => Right::ConnectionsRead,
            Self::Event => Right::EventsRead,
        }
    }

    /// The dimension with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Whose view of the ontology.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OntologyFilter {
    /// Also the types that this group and its ancestors registered.
    pub group_id: Option<GroupId>,
}

/// What happens to what there is of a type when its definition changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Existing {
    /// All of it must fit, and follows.
    #[default]
    Check,
    /// It stays as it is until it is changed.
    Keep,
}

/// How to define a type.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HowToDefine {
    /// `check` (default): things that exist must fit the definition, and are indexed, filled with
    /// defaults and relieved of hidden properties as it says. `keep`: they stay as they are until
    /// they are changed; not when `indexed`, `unique` or `hidden` change.
    #[param(inline)]
    pub existing: Existing,
}

/// Which types a list holds.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct TypeFilter {
    /// Only of this dimension.
    #[param(inline)]
    pub dimension: Option<Dimension>,
}

/// A type that a group registered, without its definition.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TypeSummary {
    /// Of what it is a kind.
    pub dimension: Dimension,
    /// Its name.
    pub name: String,
    /// The group that registered it.
    pub group_id: GroupId,
    /// How often it was defined; also its `ETag`.
    pub version: u64,
    /// How many the group has that the caller sees; at most 100 000 of all its types are counted.
    pub count: i64,
    /// When it was registered.
    pub created_at: Time,
    /// When it was last defined.
    pub updated_at: Time,
}

/// A type that a group registered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredType {
    /// What there is to know of it.
    #[serde(flatten)]
    pub summary: TypeSummary,
    /// What it says.
    #[schema(example = json!({"name": "package", "properties": {"size": {"type": "integer"}}}))]
    pub definition: Json,
}

/// A definition that a type has or had.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TypeVersion {
    /// Counts the definitions.
    pub version: u64,
    /// What it said.
    pub definition: Json,
    /// Who defined it so; null for the installation itself.
    pub actor_id: Option<PersonId>,
    /// When.
    pub created_at: Time,
}

/// A kind of thing that may be used.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KnownThingType {
    /// The type.
    #[serde(flatten)]
    #[schema(value_type = ThingType, inline = false)]
    pub kind: Cow<'static, ThingType>,
    /// Who registered it; null for a built-in one.
    pub group_id: Option<GroupId>,
    /// Of a registered one, how often it was defined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Of a registered one, how many the group has that the caller sees; at most 100 000 of all
    /// its types are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
}

/// A kind of connection that may be used.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KnownConnectionType {
    /// The type.
    #[serde(flatten)]
    #[schema(value_type = ConnectionType, inline = false)]
    pub kind: Cow<'static, ConnectionType>,
    /// Who registered it; null for a built-in one.
    pub group_id: Option<GroupId>,
    /// Of a registered one, how often it was defined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Of a registered one, how many the group has that the caller sees; at most 100 000 of all
    /// its types are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
}

/// A kind of event that may be used.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KnownEventType {
    /// The type.
    #[serde(flatten)]
    #[schema(value_type = EventType, inline = false)]
    pub kind: Cow<'static, EventType>,
    /// Who registered it; null for a built-in one.
    pub group_id: Option<GroupId>,
    /// Of a registered one, how often it was defined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Of a registered one, how many the group has that the caller sees; at most 100 000 of all
    /// its types are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
}

/// Everything there is to choose from.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OntologyView {
    /// Kinds of groups, with the settings a new one gets.
    pub group_types: &'static [GroupType],
    /// Roles by rank.
    pub roles: &'static [RoleFacts],
    /// Names of permissions, for roles, members and API keys.
    #[schema(example = json!(["groups:read", "things:create"]))]
    pub permissions: Vec<&'static str>,
    /// From a status to those that may follow it.
    pub thing_statuses: &'static BTreeMap<String, Vec<String>>,
    /// Kinds of things.
    pub thing_types: Vec<KnownThingType>,
    /// Kinds of connections.
    pub connection_types: Vec<KnownConnectionType>,
    /// Kinds of events.
    pub event_types: Vec<KnownEventType>,
    /// Values of an event's `metadata.protocol`.
    pub event_protocols: &'static [String],
    /// Kinds of knowledge.
    pub knowledge_types: &'static [String],
    /// How a thing and a piece of knowledge belong together.
    pub thing_knowledge_roles: &'static [String],
    /// Suggested prefixes of labels.
    pub label_prefixes: &'static [String],
    /// What a plan includes; null means unlimited.
    pub plans: &'static BTreeMap<String, Plan>,
}
