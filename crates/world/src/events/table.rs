//! What may be asked of lists of events.

use filter::{FieldKind, Schema};
use types::Kind;

use super::model::Event;
use crate::listing::{Column, Listable, Sorted, Table, columns, fields};

/// Who may see an event, and whose its object was, are not told, so they are not asked either.
pub(crate) static TABLE: Table = Table {
    columns: columns! {
        "createdAt" "o.seq" "seq" Int;
        "timestamp" "o.occurred_at" "occurred_at" Int;
        "type" "o.type" "type" Text;
    },
    schema: &Schema {
        fields: fields! {
            "id" "o.id" FieldKind::Id(Kind::Event);
            "seq" "o.seq" FieldKind::Number;
            "type" "o.type" FieldKind::Text;
            "groupId" "o.group_id" FieldKind::Id(Kind::Group);
            "actorId" "o.actor_id" FieldKind::Id(Kind::Person) => ?;
            "impersonatorId" "o.impersonator_id" FieldKind::Id(Kind::Person) => ?;
            "targetId" "o.target_id" FieldKind::AnyId => ?;
            "timestamp" "o.occurred_at" FieldKind::Time;
            "requestId" "o.request_id" FieldKind::Text => ?;
        },
        json: &[("metadata", "o.metadata")],
    },
    members: &[
        "id",
        "seq",
        "groupId",
        "type",
        "actorId",
        "impersonatorId",
        "targetId",
        "timestamp",
        "metadata",
        "requestId",
    ],
    open: "metadata",
    indexed: false,
    marked: true,
};

impl Listable for Event {
    fn sorted(&self, column: &Column) -> Sorted {
        match column.name {
            "timestamp" => Sorted::Int(self.timestamp.micros()),
            "type" => Sorted::Text(self.kind.clone()),
            _ => Sorted::Int(self.seq),
        }
    }

    fn bytes(&self) -> usize {
        self.metadata.as_str().len()
    }
}
