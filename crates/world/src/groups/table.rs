//! What may be asked of lists of groups.

use filter::{FieldKind, Schema};
use types::Kind;

use super::model::Group;
use crate::listing::{Column, Listable, Sorted, Table, columns, fields};

pub(super) static TABLE: Table = Table {
    columns: columns! {
        "createdAt" "o.id" "id" Id;
        "updatedAt" "o.updated_at" "updated_at" Int;
        "name" "o.name" "name" Text;
        "slug" "o.slug" "slug" Text;
        "type" "o.type" "type" Text;
    },
    schema: &Schema {
        fields: fields! {
            "id" "o.id" FieldKind::Id(Kind::Group);
            "parentGroupId" "o.parent_id" FieldKind::Id(Kind::Group) => ?;
            "slug" "o.slug" FieldKind::Text;
            "name" "o.name" FieldKind::Text;
            "type" "o.type" FieldKind::Text;
            "description" "o.description" FieldKind::Text => ?;
            "visibility" "o.visibility" FieldKind::Text;
            "joinPolicy" "o.join_policy" FieldKind::Text;
            "plan" "o.plan" FieldKind::Text;
            "status" "o.status" FieldKind::Text;
            "version" "o.version" FieldKind::Number;
            "createdAt" "o.created_at" FieldKind::Time;
            "updatedAt" "o.updated_at" FieldKind::Time;
        },
        json: &[("metadata", "o.metadata")],
    },
    members: &[
        "id",
        "parentGroupId",
        "slug",
        "name",
        "type",
        "description",
        "settings",
        "metadata",
        "status",
        "version",
        "createdAt",
        "updatedAt",
    ],
    open: "metadata",
    indexed: false,
    marked: false,
};

impl Listable for Group {
    fn sorted(&self, column: &Column) -> Sorted {
        match column.name {
            "updatedAt" => Sorted::Int(self.updated_at.micros()),
            "name" => Sorted::Text(self.name.clone()),
            "slug" => Sorted::Text(self.slug.clone()),
            "type" => Sorted::Text(self.kind.clone()),
            _ => Sorted::Id(self.id.0),
        }
    }
}
