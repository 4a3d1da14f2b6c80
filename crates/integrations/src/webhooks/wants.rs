//! What a webhook asks of an event, in memory.

use filter::{Field, FieldKind, Filter, Given, Row, Schema, Value};
use types::{JsonMap, Kind, Result};
use world::events::model::Event;

use super::model::Webhook;

macro_rules! fields {
    ($($name:literal $column:literal $kind:expr, $nullable:literal;)*) => {
        &[$(Field { name: $name, column: $column, kind: $kind, nullable: $nullable }),*]
    };
}

/// What a filter of events may name.
static SCHEMA: Schema = Schema {
    fields: fields! {
        "id" "o.id" FieldKind::Id(Kind::Event), false;
        "seq" "o.seq" FieldKind::Number, false;
        "type" "o.type" FieldKind::Text, false;
        "groupId" "o.group_id" FieldKind::Id(Kind::Group), false;
        "actorId" "o.actor_id" FieldKind::Id(Kind::Person), true;
        "targetId" "o.target_id" FieldKind::Text, true;
        "targetKind" "o.target_kind" FieldKind::Text, true;
        "timestamp" "o.occurred_at" FieldKind::Time, false;
    },
    json: &[("metadata", "o.metadata")],
};

/// Reads a filter of events.
///
/// # Errors
/// 422 with the column of the text.
pub(super) fn filter(text: &str) -> Result<Filter> {
    Filter::parse(text, &SCHEMA)
}

/// Whether a webhook asks for events of a type.
pub(super) fn wants_type(types: &[String], kind: &str) -> bool {
    types.iter().any(|one| one == "*" || one == kind)
}

/// Whether a webhook asks for an event; `filter` is the webhook's, read.
pub(super) fn wants(
    webhook: &Webhook,
    filter: Option<&Filter>,
    event: &Event,
    given: Given,
) -> bool {
    wants_type(&webhook.event_types, &event.kind)
        && !is_kept_in(event)
        && filter.is_none_or(|filter| filter.matches(&Asked::about(event), given))
}

/// A notification that its receiver does not want by webhook says so.
fn is_kept_in(event: &Event) -> bool {
    matches!(event.kind.as_str(), "notification_created" | "notification_updated")
        && event.metadata.to_map().get("webhook") == Some(&false.into())
}

struct Asked<'e> {
    event: &'e Event,
    target: Option<String>,
    metadata: JsonMap,
}

impl<'e> Asked<'e> {
    fn about(event: &'e Event) -> Self {
        let target = event.target_id.map(|target| target.to_string());
        Self { event, target, metadata: event.metadata.to_map() }
    }
}

impl Row for Asked<'_> {
    fn field(&self, name: &str) -> Value<'_> {
        let event = self.event;
        match name {
            "id" => Value::Id(event.id.0),
            "seq" => Value::Int(event.seq),
            "type" => Value::Text(&event.kind),
            "groupId" => Value::Id(event.group_id.0),
            "actorId" => event.actor_id.map_or(Value::Null, |actor| Value::Id(actor.0)),
            "targetId" => self.target.as_deref().map_or(Value::Null, Value::Text),
            "targetKind" => event.target_id.map_or(Value::Null, |id| Value::Text(id.kind.prefix())),
            "timestamp" => Value::Time(event.timestamp),
            _ => Value::Null,
        }
    }

    fn json(&self, name: &str) -> Option<&JsonMap> {
        (name == "metadata").then_some(&self.metadata)
    }
}
