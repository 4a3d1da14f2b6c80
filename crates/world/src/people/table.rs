//! What may be asked of lists of people: nothing but what each answer tells, and nothing of a
//! membership where no group was asked for.

use filter::{FieldKind, Schema};
use types::Kind;

use super::model::{Person, PersonFilter};
use crate::listing::{Column, Listable, Sorted, Table, columns, fields};

/// What may be asked of the members of a group, and of people found by name.
#[must_use]
pub(crate) fn of(filter: &PersonFilter) -> &'static Table {
    if filter.group_id.is_some() { &MEMBERS } else { &PEOPLE }
}

const TOLD: &[&str] = &[
    "id",
    "userId",
    "email",
    "username",
    "displayName",
    "bio",
    "avatar",
    "metadata",
    "groupId",
    "role",
    "permissions",
    "status",
    "version",
    "createdAt",
    "updatedAt",
];

/// Members of a group.
pub(crate) static MEMBERS: Table = Table {
    columns: columns! {
        "createdAt" "p.id" "id" Id;
        "updatedAt" "p.updated_at" "updated_at" Int;
        "displayName" "p.display_name" "display_name" Text;
        "username" "p.username" "username" Text => ?;
        "role" "coalesce(o.custom_role, o.role)" "role" Text;
    },
    schema: &Schema {
        fields: fields! {
            "id" "p.id" FieldKind::Id(Kind::Person);
            "displayName" "p.display_name" FieldKind::Text;
            "username" "p.username" FieldKind::Text => ?;
            "email" "p.email" FieldKind::Text => ?;
            "bio" "p.bio" FieldKind::Text => ?;
            "role" "coalesce(o.custom_role, o.role)" FieldKind::Text;
            "status" "o.status" FieldKind::Text;
            "createdAt" "p.created_at" FieldKind::Time;
            "updatedAt" "p.updated_at" FieldKind::Time;
        },
        json: &[("metadata", "p.metadata")],
    },
    members: TOLD,
    open: "metadata",
    indexed: false,
    marked: false,
};

/// People by name or address, wherever the caller sees them.
static PEOPLE: Table = Table {
    columns: columns! {
        "createdAt" "p.id" "id" Id;
        "updatedAt" "p.updated_at" "updated_at" Int;
        "displayName" "p.display_name" "display_name" Text;
        "username" "p.username" "username" Text => ?;
    },
    schema: &Schema {
        fields: fields! {
            "id" "p.id" FieldKind::Id(Kind::Person);
            "displayName" "p.display_name" FieldKind::Text;
            "username" "p.username" FieldKind::Text => ?;
            "email" "p.email" FieldKind::Text => ?;
            "bio" "p.bio" FieldKind::Text => ?;
            "createdAt" "p.created_at" FieldKind::Time;
            "updatedAt" "p.updated_at" FieldKind::Time;
        },
        json: &[("metadata", "p.metadata")],
    },
    members: TOLD,
    open: "metadata",
    indexed: false,
    marked: false,
};

impl Listable for Person {
    fn sorted(&self, column: &Column) -> Sorted {
        let text = |text: &Option<String>| text.clone().map_or(Sorted::Null, Sorted::Text);
        match column.name {
            "updatedAt" => Sorted::Int(self.updated_at.micros()),
            "displayName" => Sorted::Text(self.display_name.clone()),
            "username" => text(&self.username),
            "role" => text(&self.role),
            _ => Sorted::Id(self.id.0),
        }
    }

    fn bytes(&self) -> usize {
        let bio = self.bio.as_ref().map_or(0, String::len);
        bio + self.metadata.as_str().len()
    }
}
