//! The shapes of a batch.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use types::{AnyId, Json};
use utoipa::ToSchema;

/// Changes to be made together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"operations": [
    {"id": "course", "method": "POST", "path": "/v1/things",
        "body": {"type": "course", "name": "Rust for teams"}},
    {"id": "lesson", "method": "POST", "path": "/v1/things",
        "body": {"type": "lesson", "name": "Ownership"}},
    {"method": "POST", "path": "/v1/connections",
        "body": {"type": "part_of", "fromId": "$lesson.id", "toId": "$course.id"}}
]}))]
pub struct Batch {
    /// 1 to 1000, carried out in this order.
    #[schema(min_items = 1, max_items = 1000)]
    pub operations: Vec<Step>,
    /// Does everything, answers, and takes all of it back.
    #[serde(default)]
    pub dry_run: bool,
}

/// One operation of a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = BatchOperation)]
pub struct Step {
    /// A name for later operations: a letter, then letters, digits, `_` or `-`, at most 64.
    #[serde(default)]
    #[schema(example = "course")]
    pub id: Option<String>,
    /// `POST`, `PATCH` or `DELETE`.
    pub method: Method,
    /// As of the single request: `/v1/things`, `/v1/things/{id}` and so for connections, people,
    /// knowledge, events and groups. `$name.id` may stand for an id.
    #[schema(example = "/v1/things")]
    pub path: String,
    /// As of the single request; a text `$name.field` is replaced by what the operation of this
    /// name answered, `$$name.field` is the text `$name.field`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub body: Option<Box<RawValue>>,
    /// As `If-Match` of the single request: the version a change was made from.
    #[serde(default)]
    pub if_match: Option<u64>,
}

/// What an operation does to its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = BatchMethod)]
pub enum Method {
    /// Makes.
    Post,
    /// Changes.
    Patch,
    /// Deletes.
    Delete,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    /// One for each operation, in their order.
    pub results: Vec<StepAnswer>,
    /// Nothing of it was kept.
    pub dry_run: bool,
}

/// What the single request would have answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepAnswer {
    /// The operation's name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The status.
    pub status: u16,
    /// The object.
    pub id: AnyId,
    /// Its version, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The object as it is now; absent when it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Json>,
}
