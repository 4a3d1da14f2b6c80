//! The shapes of the ontology.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kernel::ontology::{ConnectionType, EventType, GroupType, Plan, RoleFacts, ThingType};
use serde::{Deserialize, Serialize};
use types::GroupId;
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
