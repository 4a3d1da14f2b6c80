//! What may be asked of lists of connections.

use filter::{FieldKind, Schema};
use types::Kind;

use super::model::Connection;
use crate::listing::{Column, Listable, Sorted, Table, columns, fields};

/// Who made a connection is not told, so it is not asked either.
pub(crate) static TABLE: Table = Table {
    columns: columns! {
        "createdAt" "o.id" "id" Id;
        "updatedAt" "o.updated_at" "updated_at" Int;
        "type" "o.type" "type" Text;
        "strength" "o.strength" "strength" Real => ?;
        "validFrom" "o.valid_from" "valid_from" Int => ?;
        "validTo" "o.valid_to" "valid_to" Int => ?;
    },
    schema: &Schema {
        fields: fields! {
            "id" "o.id" FieldKind::Id(Kind::Connection);
            "type" "o.type" FieldKind::Text;
            "groupId" "o.group_id" FieldKind::Id(Kind::Group);
            "fromId" "o.from_id" FieldKind::AnyId;
            "toId" "o.to_id" FieldKind::AnyId;
            "strength" "o.strength" FieldKind::Number => ?;
            "validFrom" "o.valid_from" FieldKind::Time => ?;
            "validTo" "o.valid_to" FieldKind::Time => ?;
            "createdAt" "o.created_at" FieldKind::Time;
            "updatedAt" "o.updated_at" FieldKind::Time;
        },
        json: &[("metadata", "o.metadata")],
    },
    members: &[
        "id",
        "groupId",
        "type",
        "fromId",
        "toId",
        "metadata",
        "strength",
        "validFrom",
        "validTo",
        "createdAt",
        "updatedAt",
    ],
    open: "metadata",
    indexed: false,
    marked: false,
};

impl Listable for Connection {
    fn sorted(&self, column: &Column) -> Sorted {
        let time =
            |time: Option<types::Time>| time.map_or(Sorted::Null, |at| Sorted::Int(at.micros()));
        match column.name {
            "updatedAt" => Sorted::Int(self.updated_at.micros()),
            "type" => Sorted::Text(self.kind.clone()),
            "strength" => self.strength.map_or(Sorted::Null, Sorted::Real),
            "validFrom" => time(self.valid_from),
            "validTo" => time(self.valid_to),
            _ => Sorted::Id(self.id.0),
        }
    }

    fn bytes(&self) -> usize {
        self.metadata.as_str().len()
    }
}
