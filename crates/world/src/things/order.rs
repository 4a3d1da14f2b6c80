//! The order of a list of things: what `sort` says, as SQL and as a place in it.
//!
//! Every order ends in the id, so it is total, and a page starts behind the sort values of the last
//! row of the page before: rows that come or go meanwhile move no others. A property is sorted
//! along its index: numbers first, then texts, and last what lacks it, by the rest of the order.

use database::{Sql, Value};
use types::{Error, Result};
use uuid::Uuid;

use super::model::Thing;

/// Keys of one order, the id aside.
const MOST: usize = 3;

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Id,
    Updated,
    Name,
    Type,
    Status,
    Property,
}

#[derive(Debug, Clone, Copy)]
struct Key {
    column: Column,
    descending: bool,
}

/// In which order things are listed.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// The last one is the id.
    keys: Vec<Key>,
    /// What [`Column::Property`] stands for; then it is the first key.
    property: Option<String>,
}

/// Where a statement finds its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The table: no property is sorted by.
    Table,
    /// The index of a property, as far as it holds numbers.
    Numbers,
    /// The index of a property, as far as it holds texts.
    Texts,
    /// What lacks the property.
    Lacking,
}

/// A row's value in an order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sorted {
    /// A time.
    Int(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(String),
    /// The id.
    Id(Uuid),
}

/// A row's place in an order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Where it was found.
    pub(super) part: Part,
    values: Vec<Sorted>,
}

impl Order {
    /// Reads `sort`; newest first, if absent.
    ///
    /// # Errors
    /// 422 at `sort`: `unknown_sort`, `repeated_sort`, `too_many_sorts`.
    pub(super) fn parse(text: Option<&str>) -> Result<Self> {
        let refuse = |code, message: String| Err(Error::invalid("sort", code, message));
        let mut order = Self { keys: Vec::new(), property: None };
        for word in text.unwrap_or("-createdAt").split(',') {
            let (name, descending) = match word.strip_prefix('-') {
                Some(name) => (name, true),
                None => (word, false),
            };
            let Some(column) = column(name) else { return refuse("unknown_sort", unknown()) };
            if order.keys.iter().any(|key| key.column == column) {
                return refuse("repeated_sort", format!("names `{name}` twice; leave one out."));
            }
            if order.keys.len() == MOST {
                return refuse("too_many_sorts", format!("may name at most {MOST} fields."));
            }
            if column == Column::Property {
                if !order.keys.is_empty() {
                    let message = "may name one property, and it must come first.";
                    return refuse("unknown_sort", message.to_owned());
                }
                order.property = name.strip_prefix(PROPERTIES).map(str::to_owned);
            }
            order.keys.push(Key { column, descending });
        }
        // Ids are unique: nothing behind one changes the order.
        let end = order.keys.iter().position(|key| key.column == Column::Id);
        match end {
            Some(end) => order.keys.truncate(end + 1),
            None => {
                // The same way as the key before, so that an index over both is read one way.
                let descending = order.keys.last().is_some_and(|key| key.descending);
                order.keys.push(Key { column: Column::Id, descending });
            }
        }
        Ok(order)
    }

    /// The property that is sorted by.
    #[must_use]
    pub(super) fn property(&self) -> Option<&str> {
        self.property.as_deref()
    }

    /// Whether it is the order of creation.
    #[must_use]
    pub(super) fn is_by_id(&self) -> bool {
        self.keys.len() == 1
    }

    /// The parts of the list, in order.
    #[must_use]
    pub(super) fn parts(&self) -> &'static [Part] {
        match (self.property.is_some(), self.keys.first().is_some_and(|key| key.descending)) {
            (false, _) => &[Part::Table],
            (true, false) => &[Part::Numbers, Part::Texts, Part::Lacking],
            (true, true) => &[Part::Texts, Part::Numbers, Part::Lacking],
        }
    }

    /// The keys that tell rows of a part apart.
    fn keys(&self, part: Part) -> impl Iterator<Item = &Key> {
        let lacking = part == Part::Lacking;
        self.keys.iter().filter(move |key| !(lacking && key.column == Column::Property))
    }

    /// Appends ` and …` for the rows behind a place; `names` names the columns.
    pub(super) fn behind<'a>(&self, sql: &mut Sql<'a>, place: &'a Place, names: Names) {
        let keys: Vec<&Key> = self.keys(place.part).collect();
        let one_way = keys.windows(2).all(|pair| pair[0].descending == pair[1].descending);
        let Some(first) = keys.first() else { return };
        if one_way {
            // One comparison of whole rows, which an index over the columns answers.
            sql.push(" and (");
            list(sql, &keys, |sql, key| {
                sql.push(names.column(key.column, place.part));
            });
            sql.push(if first.descending { ") < (" } else { ") > (" });
            list(sql, &place.values, |sql, value| {
                sql.bind(value.bound());
            });
            sql.push(")");
            return;
        }
        sql.push(" and (1 = 0");
        for (at, key) in keys.iter().enumerate() {
            sql.push(" or (1 = 1");
            for (before, value) in keys.iter().zip(&place.values).take(at) {
                sql.push(" and ").push(names.column(before.column, place.part)).push(" = ");
                sql.bind(value.bound());
            }
            sql.push(" and ").push(names.column(key.column, place.part));
            sql.push(if key.descending { " < " } else { " > " });
            if let Some(value) = place.values.get(at) {
                sql.bind(value.bound());
            }
            sql.push(")");
        }
        sql.push(")");
    }

    /// Appends a bound of the first key that bounds nothing, for the first page of a list over many
    /// groups; [`crate::listing::Slice::along`] tells why.
    pub(super) fn along(&self, sql: &mut Sql<'_>) {
        match self.keys.first().map(|key| key.column) {
            Some(Column::Id) => sql.push(" and o.id <= ").bind(Uuid::max()),
            Some(Column::Updated) => sql.push(" and o.updated_at <= ").bind(i64::MAX),
            Some(Column::Name) => sql.push(" and o.name >= ''"),
            Some(Column::Type | Column::Status | Column::Property) | None => sql,
        };
    }

    /// Appends ` order by …`.
    pub(super) fn order_by(&self, sql: &mut Sql<'_>, part: Part, names: Names) {
        sql.push(" order by ");
        let keys: Vec<&Key> = self.keys(part).collect();
        list(sql, &keys, |sql, key| {
            sql.push(names.column(key.column, part));
            if key.descending {
                sql.push(" desc");
            }
        });
    }

    /// Where the row with this id stands, in the order of creation.
    #[must_use]
    pub(super) fn place_of(id: Uuid) -> Place {
        Place { part: Part::Table, values: vec![Sorted::Id(id)] }
    }

    /// Where a row stands; `value` is what the index holds of the property.
    #[must_use]
    pub(super) fn place(&self, part: Part, thing: &Thing, value: Option<&Sorted>) -> Place {
        let values = self.keys(part).map(|key| match key.column {
            Column::Id => Sorted::Id(thing.id.0),
            Column::Updated => Sorted::Int(thing.updated_at.micros()),
            Column::Name => Sorted::Text(thing.name.clone()),
            Column::Type => Sorted::Text(thing.kind.clone()),
            Column::Status => Sorted::Text(thing.status.name().to_owned()),
            Column::Property => value.cloned().unwrap_or(Sorted::Int(0)),
        });
        Place { part, values: values.collect() }
    }

    /// Reads a place back from the bytes of [`Place::to_bytes`].
    #[must_use]
    pub(super) fn read(&self, bytes: &[u8]) -> Option<Place> {
        let (part, mut rest) = bytes.split_first()?;
        let part = *self.parts().get(usize::from(*part))?;
        let mut values = Vec::with_capacity(self.keys.len());
        for key in self.keys(part) {
            values.push(match (key.column, part) {
                (Column::Id, _) => Sorted::Id(Uuid::from_bytes(*take(&mut rest)?)),
                (Column::Updated, _) => Sorted::Int(i64::from_be_bytes(*take(&mut rest)?)),
                (Column::Property, Part::Numbers) => {
                    Sorted::Real(f64::from_be_bytes(*take(&mut rest)?))
                }
                _ => {
                    let length = usize::from(u16::from_be_bytes(*take(&mut rest)?));
                    let (text, behind) = rest.split_at_checked(length)?;
                    rest = behind;
                    Sorted::Text(std::str::from_utf8(text).ok()?.to_owned())
                }
            });
        }
        rest.is_empty().then_some(Place { part, values })
    }

    /// What a cursor holds.
    #[must_use]
    pub(super) fn write(&self, place: &Place) -> Vec<u8> {
        let part = self.parts().iter().position(|part| *part == place.part).unwrap_or_default();
        let mut bytes = vec![u8::try_from(part).unwrap_or_default()];
        for value in &place.values {
            match value {
                Sorted::Int(value) => bytes.extend_from_slice(&value.to_be_bytes()),
                Sorted::Real(value) => bytes.extend_from_slice(&value.to_be_bytes()),
                Sorted::Id(value) => bytes.extend_from_slice(value.as_bytes()),
                Sorted::Text(value) => {
                    // Names and indexed texts have a few hundred characters at most.
                    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
                    bytes.extend_from_slice(&length.to_be_bytes());
                    bytes.extend_from_slice(&value.as_bytes()[..usize::from(length)]);
                }
            }
        }
        bytes
    }
}

impl Sorted {
    fn bound(&self) -> Value<'_> {
        match self {
            Self::Int(value) => Value::Int(*value),
            Self::Real(value) => Value::Real(*value),
            Self::Text(value) => Value::Text(value),
            Self::Id(value) => Value::Uuid(*value),
        }
    }
}

/// What the columns of an order are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// In a statement over the table `o`.
    Table,
    /// In a statement along the index `v` of a property.
    Index,
    /// In the answer that several statements make together.
    Merged,
}

impl Names {
    const fn column(self, column: Column, part: Part) -> &'static str {
        match (column, self) {
            (Column::Id, Self::Table) => "o.id",
            (Column::Id, Self::Index) => "v.thing_id",
            (Column::Id, Self::Merged) => "id",
            (Column::Updated, Self::Merged) => "updated_at",
            (Column::Updated, _) => "o.updated_at",
            (Column::Name, Self::Merged) => "name",
            (Column::Name, _) => "o.name",
            (Column::Type, Self::Merged) => "type",
            (Column::Type, _) => "o.type",
            (Column::Status, Self::Merged) => "status",
            (Column::Status, _) => "o.status",
            (Column::Property, _) => match part {
                Part::Texts => "v.text",
                _ => "v.number",
            },
        }
    }
}

/// How properties are named in parameters.
pub(super) const PROPERTIES: &str = "properties.";

fn column(name: &str) -> Option<Column> {
    Some(match name {
        "createdAt" => Column::Id,
        "updatedAt" => Column::Updated,
        "name" => Column::Name,
        "type" => Column::Type,
        "status" => Column::Status,
        _ => {
            return name
                .strip_prefix(PROPERTIES)
                .filter(|name| is_name(name))
                .map(|_| Column::Property);
        }
    })
}

/// Whether a property may be named in a parameter: 1 to 64 of `a-z A-Z 0-9 _`, no digit first.
#[must_use]
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn unknown() -> String {
    "must be a list of `createdAt`, `updatedAt`, `name`, `type`, `status` and `properties.X`, each \
     with `-` in front for descending, e.g. `sort=-updatedAt,name`."
        .to_owned()
}

fn list<'a, 'i, T>(sql: &mut Sql<'a>, items: &'i [T], mut push: impl FnMut(&mut Sql<'a>, &'i T)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            sql.push(", ");
        }
        push(sql, item);
    }
}

fn take<'b, const N: usize>(rest: &mut &'b [u8]) -> Option<&'b [u8; N]> {
    let (head, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(head)
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
