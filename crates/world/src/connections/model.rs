//! The shapes of a connection.

use serde::{Deserialize, Serialize};
use types::{AnyId, ConnectionId, GroupId, Json, JsonMap, PersonId, Time};
use utoipa::{IntoParams, ToSchema};

use crate::listing::{Count, asked};

/// A typed edge, as the store holds it and as it is answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The group it belongs to: that of its start, or of its end when it starts at a person.
    pub group_id: GroupId,
    /// A type of the ontology or a registered one.
    #[serde(rename = "type")]
    #[schema(example = "part_of")]
    pub kind: String,
    /// Where it starts: a thing, a person or a group.
    pub from_id: AnyId,
    /// Where it ends: a thing, a person or a group.
    pub to_id: AnyId,
    /// What its type asks for, and whatever else was given.
    #[schema(example = json!({"transactionType": "payment"}))]
    pub metadata: Json,
    /// 0 to 1.
    pub strength: Option<f64>,
    /// When it begins to hold.
    pub valid_from: Option<Time>,
    /// When it ceases to hold.
    pub valid_to: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// `private` when one of its ends is, else `group`.
    #[serde(skip)]
    pub(crate) visibility: &'static str,
    /// The owner of the private end, or the person at one end.
    #[serde(skip)]
    pub(crate) owner: Option<PersonId>,
    /// Who made it.
    #[serde(skip)]
    pub(crate) created_by: Option<PersonId>,
}

/// A connection to be made, or — when there is one of this type between these ends — updated.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "type": "part_of",
    "fromId": "thing_01jd7jrykgfk1sh8nw1g60edsf",
    "toId": "thing_01jd7jrykgfk1sh8nw1g60edsg",
    "strength": 0.8
}))]
pub struct NewConnection {
    /// The id it already has elsewhere (import); never read from a request.
    #[serde(skip)]
    pub id: Option<ConnectionId>,
    /// A type of the ontology or a registered one.
    #[serde(rename = "type")]
    pub kind: String,
    /// A thing, a person or a group the caller may see.
    #[schema(value_type = AnyId)]
    pub from_id: String,
    /// A thing, a person or a group of the same group tree.
    #[schema(value_type = AnyId)]
    pub to_id: String,
    /// What its type asks for, and whatever else is worth keeping, at most 64 KiB. Replaces what
    /// is stored; if absent, that stays.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<JsonMap>,
    /// 0 to 1; if absent, what is stored stays.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    pub strength: Option<f64>,
    /// When it begins to hold; if absent, what is stored stays.
    #[serde(default)]
    pub valid_from: Option<Time>,
    /// When it ceases to hold, not before `validFrom`; if absent, what is stored stays.
    #[serde(default)]
    pub valid_to: Option<Time>,
}

/// Which connections a list holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ConnectionFilter {
    /// Only of this group; every group the caller belongs to, if absent.
    pub group_id: Option<GroupId>,
    /// Also of all groups below `groupId`; for its owners.
    pub include_children: bool,
    /// Only of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Only from this thing, person or group.
    #[param(value_type = Option<AnyId>)]
    pub from_id: Option<String>,
    /// Only to this thing, person or group.
    #[param(value_type = Option<AnyId>)]
    pub to_id: Option<String>,
    /// Only what this says, e.g. `strength >= 0.5 && metadata.note != null`; see `docs/filter.md`.
    pub filter: Option<String>,
    /// Up to three of `createdAt`, `updatedAt`, `type`, `strength`, `validFrom` and `validTo`, each with `-` in front for descending; `-createdAt`, if absent.
    pub sort: Option<String>,
    /// Only these members of each connection, e.g. `id,fromId,toId,metadata.note`; all, if absent.
    pub fields: Option<String>,
    /// `exact` also counts what all pages together hold.
    #[param(inline)]
    pub count: Option<Count>,
}

/// Which connections of one object a list holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NodeFilter {
    /// Only of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Only what this says, e.g. `strength >= 0.5 && metadata.note != null`; see `docs/filter.md`.
    pub filter: Option<String>,
    /// Up to three of `createdAt`, `updatedAt`, `type`, `strength`, `validFrom` and `validTo`, each with `-` in front for descending; `-createdAt`, if absent.
    pub sort: Option<String>,
    /// Only these members of each connection, e.g. `id,fromId,toId,metadata.note`; all, if absent.
    pub fields: Option<String>,
    /// `exact` also counts what all pages together hold.
    #[param(inline)]
    pub count: Option<Count>,
}

asked!(ConnectionFilter);
asked!(NodeFilter);
