//! What may be asked of lists of knowledge.

use filter::{FieldKind, Schema};
use types::Kind;

use super::model::Knowledge;
use crate::listing::{Column, Listable, Sorted, Table, columns, fields};

/// Characters of a text that it is sorted by; [`TABLE`] says it to the store.
const SORTED: usize = 200;

/// Vectors, who made it, and who sees it are not told, so they are not asked either.
pub(crate) static TABLE: Table = Table {
    columns: columns! {
        "createdAt" "o.id" "id" Id;
        "updatedAt" "o.updated_at" "updated_at" Int;
        "type" "o.type" "type" Text;
        "text" "substr(o.text, 1, 200)" "substr(text, 1, 200)" Text => ?;
    },
    schema: &Schema {
        fields: fields! {
            "id" "o.id" FieldKind::Id(Kind::Knowledge);
            "type" "o.type" FieldKind::Text;
            "groupId" "o.group_id" FieldKind::Id(Kind::Group);
            "text" "o.text" FieldKind::Text => ?;
            "sourceThingId" "o.source_thing_id" FieldKind::Id(Kind::Thing) => ?;
            "labels" "o.labels" FieldKind::List;
            "deprecated" "o.deprecated" FieldKind::Bool;
            "createdAt" "o.created_at" FieldKind::Time;
            "updatedAt" "o.updated_at" FieldKind::Time;
        },
        json: &[("metadata", "o.metadata")],
    },
    members: &[
        "id",
        "groupId",
        "type",
        "text",
        "sourceThingId",
        "chunk",
        "labels",
        "metadata",
        "contentHash",
        "deprecated",
        "createdAt",
        "updatedAt",
    ],
    open: "metadata",
    indexed: false,
    marked: false,
};

impl Listable for Knowledge {
    fn sorted(&self, column: &Column) -> Sorted {
        match column.name {
            "updatedAt" => Sorted::Int(self.updated_at.micros()),
            "type" => Sorted::Text(self.kind.name().to_owned()),
            "text" => match &self.text {
                Some(text) => Sorted::Text(text.chars().take(SORTED).collect()),
                None => Sorted::Null,
            },
            _ => Sorted::Id(self.id.0),
        }
    }

    fn bytes(&self) -> usize {
        let text = self.text.as_ref().map_or(0, String::len);
        text + self.metadata.as_str().len() + self.labels.as_str().len()
    }
}
