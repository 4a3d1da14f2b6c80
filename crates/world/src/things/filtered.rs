//! What `filter` may say of things, and which of it an index answers.

use database::{Sql, Value};
use filter::{FieldKind, Filter, Literal, Op, Schema, Subject, Test};
use types::Kind;

use super::model::Thing;
use super::others;
use crate::listing::{Column, Listable, Sorted, Table, columns, fields};

/// What may be asked of things.
pub(super) static TABLE: Table = Table {
    columns: columns! {
        "createdAt" "o.id" "id" Id;
        "updatedAt" "o.updated_at" "updated_at" Int;
        "name" "o.name" "name" Text;
        "type" "o.type" "type" Text;
        "status" "o.status" "status" Text;
    },
    schema: &SCHEMA,
    members: &[
        "id",
        "groupId",
        "parentId",
        "type",
        "name",
        "properties",
        "status",
        "ownerId",
        "visibility",
        "tier",
        "version",
        "deletedAt",
        "createdAt",
        "updatedAt",
    ],
    open: "properties",
    indexed: true,
    marked: false,
};

/// What a filter of things may name.
pub(super) static SCHEMA: Schema = Schema {
    fields: fields! {
        "id" "o.id" FieldKind::Id(Kind::Thing);
        "type" "o.type" FieldKind::Text;
        "name" "o.name" FieldKind::Text;
        "status" "o.status" FieldKind::Text;
        "ownerId" "o.owner_id" FieldKind::Id(Kind::Person) => ?;
        "parentId" "o.parent_id" FieldKind::Id(Kind::Thing) => ?;
        "groupId" "o.group_id" FieldKind::Id(Kind::Group);
        "visibility" "o.visibility" FieldKind::Text;
        "tier" "o.tier" FieldKind::Text;
        "version" "o.version" FieldKind::Number;
        "createdAt" "o.created_at" FieldKind::Time;
        "updatedAt" "o.updated_at" FieldKind::Time;
        "deletedAt" "o.deleted_at" FieldKind::Time => ?;
    },
    json: &[("properties", "o.properties")],
};

impl Listable for Thing {
    fn sorted(&self, column: &Column) -> Sorted {
        match column.name {
            "updatedAt" => Sorted::Int(self.updated_at.micros()),
            "name" => Sorted::Text(self.name.clone()),
            "type" => Sorted::Text(self.kind.clone()),
            "status" => Sorted::Text(self.status.name().to_owned()),
            _ => Sorted::Id(self.id.0),
        }
    }

    fn bytes(&self) -> usize {
        self.properties.as_str().len()
    }
}

/// What an index of properties holds: one of two columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// Numbers, and flags as 0 and 1.
    Number,
    /// Texts.
    Text,
}

/// A bound of a property that every match keeps: what the index may be read along.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound<'f> {
    pub(super) property: &'f str,
    pub(super) held: Held,
    op: Op,
    value: Value<'f>,
}

impl<'f> Bound<'f> {
    fn of(test: &'f Test) -> Option<Self> {
        let Subject::Json { path, .. } = &test.subject else { return None };
        let ([property], [value]) = (path.keys(), test.values.as_slice()) else { return None };
        let (held, value) = match value {
            #[allow(clippy::cast_precision_loss, reason = "the index holds doubles; see `wide`")]
            Literal::Int(value) => (Held::Number, Value::Real(*value as f64)),
            Literal::Real(value) => (Held::Number, Value::Real(*value)),
            Literal::Bool(value) if test.op == Op::Equal => {
                (Held::Number, Value::Real(f64::from(u8::from(*value))))
            }
            Literal::Text(value) => (Held::Text, Value::Text(value)),
            _ => return None,
        };
        let ordered =
            matches!(test.op, Op::Equal | Op::Less | Op::AtMost | Op::Greater | Op::AtLeast);
        ordered.then_some(Self { property, held, op: test.op, value })
    }

    /// Whether it leaves one value.
    pub(super) fn is_equal(&self) -> bool {
        self.op == Op::Equal
    }

    /// Appends ` and …` on `alias` of the index. A little wide: the index holds doubles, to which
    /// large whole numbers are rounded, and the filter itself is asked of every row all the same.
    pub(super) fn condition<'a>(self, alias: &'static str, sql: &mut Sql<'a>)
    where
        'f: 'a,
    {
        let column = match self.held {
            Held::Number => ".number",
            Held::Text => ".text",
        };
        sql.push(" and ").push(alias).push(column).push(" is not null and ");
        sql.push(alias).push(column);
        self.compare(sql);
    }

    /// Appends the comparison to what stands before.
    pub(super) fn compare<'a>(self, sql: &mut Sql<'a>)
    where
        'f: 'a,
    {
        sql.push(match self.op {
            Op::Less | Op::AtMost => " <= ",
            Op::Greater | Op::AtLeast => " >= ",
            _ => " = ",
        });
        sql.bind(self.value);
    }

    /// The same of the beginnings of texts.
    pub(super) fn beginning(self) -> Self {
        match self.value {
            Value::Text(text) => Self { value: Value::Text(others::beginning(text)), ..self },
            _ => self,
        }
    }
}

/// The bounds a filter sets to single properties.
pub(super) fn bounds(filter: &Filter) -> impl Iterator<Item = Bound<'_>> {
    filter.conjuncts().filter_map(Bound::of)
}
