//! A schema with a field of every kind, and rows of it in memory.

use filter::{Field, FieldKind, Row, Schema, Value};
use types::{JsonMap, Kind, Time};
use uuid::Uuid;

const fn field(name: &'static str, column: &'static str, kind: FieldKind) -> Field {
    Field { name, column, kind, nullable: true }
}

pub static SCHEMA: Schema = Schema {
    fields: &[
        field("name", "o.name", FieldKind::Text),
        field("version", "o.version", FieldKind::Number),
        field("archived", "o.archived", FieldKind::Bool),
        field("createdAt", "o.created_at", FieldKind::Time),
        field("ownerId", "o.owner_id", FieldKind::Id(Kind::Person)),
        field("targetId", "o.target_id", FieldKind::AnyId),
        field("labels", "o.labels", FieldKind::List),
    ],
    json: &[("properties", "o.properties")],
};

#[derive(Debug, Clone, Default)]
pub struct Sample {
    pub name: Option<String>,
    pub version: Option<i64>,
    pub archived: Option<bool>,
    pub created_at: Option<Time>,
    pub owner_id: Option<Uuid>,
    pub target_id: Option<Uuid>,
    pub labels: Vec<serde_json::Value>,
    pub properties: JsonMap,
}

impl Row for Sample {
    fn field(&self, name: &str) -> Value<'_> {
        match name {
            "name" => self.name.as_deref().map_or(Value::Null, Value::Text),
            "version" => self.version.map_or(Value::Null, Value::Int),
            "archived" => self.archived.map_or(Value::Null, Value::Bool),
            "createdAt" => self.created_at.map_or(Value::Null, Value::Time),
            "ownerId" => self.owner_id.map_or(Value::Null, Value::Id),
            "targetId" => self.target_id.map_or(Value::Null, Value::Id),
            other => panic!("no field {other}"),
        }
    }

    fn json(&self, name: &str) -> Option<&JsonMap> {
        (name == "properties").then_some(&self.properties)
    }

    fn list(&self, name: &str) -> &[serde_json::Value] {
        if name == "labels" { &self.labels } else { &[] }
    }
}
