//! The built-in ontology, loaded from data: roles, plans, group types and — for the world —
//! thing, connection and event types.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The types every installation starts with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ontology {
    /// Kinds of groups with the settings a new one gets.
    pub group_types: Vec<GroupType>,
    /// Roles by rank, with their permissions.
    pub roles: Vec<RoleFacts>,
    /// From → to; `archived` is left by restore only.
    pub thing_statuses: BTreeMap<String, Vec<String>>,
    /// Kinds of things.
    pub thing_types: Vec<ThingType>,
    /// Kinds of connections.
    pub connection_types: Vec<ConnectionType>,
    /// Kinds of events.
    pub event_types: Vec<EventType>,
    /// Values of an event's `metadata.protocol`.
    pub event_protocols: Vec<String>,
    /// Kinds of knowledge.
    pub knowledge_types: Vec<String>,
    /// How a thing and a piece of knowledge belong together.
    pub thing_knowledge_roles: Vec<String>,
    /// Suggested prefixes of labels.
    pub label_prefixes: Vec<String>,
    /// What a plan includes.
    pub plans: BTreeMap<String, Plan>,
}

/// A kind of group.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupType {
    /// Its name.
    pub name: String,
    /// `public` or `private`.
    pub visibility: String,
    /// `open`, `invite_only` or `approval_required`.
    pub join_policy: String,
    /// A key of [`Ontology::plans`].
    pub plan: String,
}

/// A role.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoleFacts {
    /// Its name.
    pub name: String,
    /// Higher may grant lower.
    pub rank: u8,
    /// Other names it is accepted under.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it may do.
    pub permissions: Vec<String>,
}

/// A kind of thing.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ThingType {
    /// Its name.
    pub name: String,
    /// For people who browse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// JSON Schema of each known property; others are kept as they are.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub properties: BTreeMap<String, Value>,
    /// A JSON Schema (draft 2020-12) of the properties as a whole, for what the schemas of
    /// single properties cannot say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub schema: Option<Value>,
    /// Properties a thing must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// Properties that no two things of the type in a group share a value of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique: Vec<String>,
    /// Properties that lists filter and sort by along an index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexed: Vec<String>,
    /// Properties that can be written and are never answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
    /// Kept for old data.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
}

/// A kind of connection.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConnectionType {
    /// Its name.
    pub name: String,
    /// For people who browse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Where it may start.
    pub from: Ends,
    /// Where it may end.
    pub to: Ends,
    /// Whether a path may never come back to its start.
    #[serde(default)]
    pub acyclic: bool,
    /// Required keys of `metadata`, with their allowed values (null: any).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub metadata: BTreeMap<String, Option<Vec<String>>>,
}

/// Types allowed at one end: `"*"` or a list of names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Ends {
    /// `"*"`: any.
    Any(Star),
    /// One of these thing types; `group` is a group, a person counts as `creator`.
    Of(Vec<String>),
}

/// The text `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Star {
    /// The text `*`.
    #[serde(rename = "*")]
    Star,
}

impl Ends {
    /// Whether an object of this type may stand here.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        match self {
            Self::Any(_) => true,
            Self::Of(names) => names.iter().any(|one| one == name),
        }
    }
}

/// A kind of event.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventType {
    /// Its name.
    pub name: String,
    /// For people who browse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

/// What a plan includes; null means unlimited.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Members of a group.
    pub users: Option<i64>,
    /// Bytes of files.
    pub storage_bytes: Option<i64>,
    /// Calls by API keys.
    pub api_calls_per_month: Option<i64>,
    /// Things of a group.
    pub things: Option<i64>,
    /// Connections of a group.
    pub connections: Option<i64>,
    /// Days until an event is deleted.
    pub event_retention_days: Option<i64>,
}

/// The text as shipped, for who wants all of it.
pub const TEXT: &str = include_str!("../data/ontology.json");

/// The built-in ontology.
///
/// It is part of the binary, so a mistake in it is one of ours: a test reads it, and should it
/// ever fail here, nothing is allowed and no type exists.
pub fn built_in() -> &'static Ontology {
    static ONTOLOGY: LazyLock<Ontology> = LazyLock::new(|| {
        serde_json::from_str(TEXT).unwrap_or_else(|error| {
            tracing::error!(%error, "the built-in ontology cannot be read");
            Ontology {
                group_types: Vec::new(),
                roles: Vec::new(),
                thing_statuses: BTreeMap::new(),
                thing_types: Vec::new(),
                connection_types: Vec::new(),
                event_types: Vec::new(),
                event_protocols: Vec::new(),
                knowledge_types: Vec::new(),
                thing_knowledge_roles: Vec::new(),
                label_prefixes: Vec::new(),
                plans: BTreeMap::new(),
            }
        })
    });
    &ONTOLOGY
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_shipped_ontology_has_the_published_counts() {
        let ontology = super::built_in();
        // The 66 published ones, and nine extensions that the same list carries.
        let extensions =
            ontology.thing_types.iter().filter(|one| one.category.as_deref() == Some("Extension"));
        assert_eq!((ontology.thing_types.len(), extensions.count()), (75, 9));
        assert_eq!(ontology.connection_types.len(), 31);
        assert!(ontology.event_types.len() >= 72);
        assert_eq!(ontology.roles.len(), 4);
        assert_eq!(ontology.plans.len(), 3);
        for kind in &ontology.group_types {
            assert!(ontology.plans.contains_key(&kind.plan), "{}", kind.name);
        }
    }
}
