//! The shapes of an event.

use serde::{Deserialize, Serialize};
use types::{AnyId, EventId, GroupId, Json, JsonMap, PersonId, Time};
use utoipa::{IntoParams, ToSchema};

use crate::listing::{Count, asked};

/// Something that happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its place in the log of the whole installation; grows, with gaps.
    pub seq: i64,
    /// Whose log it belongs to.
    pub group_id: GroupId,
    /// A type of the ontology or a registered one.
    #[serde(rename = "type")]
    #[schema(example = "thing_updated")]
    pub kind: String,
    /// Who did it; null for the installation itself.
    pub actor_id: Option<PersonId>,
    /// The owner of the platform who acted as `actorId` then; null otherwise.
    pub impersonator_id: Option<PersonId>,
    /// What it is about.
    pub target_id: Option<AnyId>,
    /// When it happened.
    pub timestamp: Time,
    /// Ids, types and changed fields with old and new values.
    #[schema(example = json!({"type": "course", "changes": {"name": {"from": "a", "to": "b"}}}))]
    pub metadata: Json,
    /// The request that caused it.
    pub request_id: Option<String>,
}

/// An event to be recorded by a client.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"type": "lesson_completed", "metadata": {"score": 9}}))]
pub struct NewCustomEvent {
    /// Whose log; the target's group or else the caller's personal group, if absent.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// A type of the ontology or a registered one; none that the installation records itself.
    #[serde(rename = "type")]
    pub kind: String,
    /// A thing, person or group the caller may see.
    #[serde(default)]
    #[schema(value_type = Option<AnyId>)]
    pub target_id: Option<String>,
    /// Free-form, at most 64 KiB; `protocol`, if there, is one of the ontology's.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: JsonMap,
    /// When it happened: not in the future and not before 2000; now, if absent.
    #[serde(default)]
    pub timestamp: Option<Time>,
}

/// Which events a list holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EventFilter {
    /// Only of this group; every group the caller belongs to, if absent.
    pub group_id: Option<GroupId>,
    /// Also of all groups below `groupId`; for its owners.
    pub include_children: bool,
    /// Only of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Only by this person.
    pub actor_id: Option<PersonId>,
    /// Only about this object.
    #[param(value_type = Option<AnyId>)]
    pub target_id: Option<String>,
    /// Not before this moment.
    pub from: Option<Time>,
    /// Before this moment.
    pub to: Option<Time>,
    /// Only what this says, e.g. `type == "thing_updated" && metadata.type == "course"`; see `docs/filter.md`.
    pub filter: Option<String>,
    /// Up to three of `createdAt` (the place in the log), `timestamp` and `type`, each with `-` in front for descending; `-createdAt`, if absent.
    pub sort: Option<String>,
    /// Only these members of each event, e.g. `id,type,timestamp,metadata.type`; all, if absent.
    pub fields: Option<String>,
    /// `exact` also counts what all pages together hold.
    #[param(inline)]
    pub count: Option<Count>,
}

asked!(EventFilter);
