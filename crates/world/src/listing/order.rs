//! The order of a list: what `sort` says, as SQL and as a place in it.
//!
//! Every order ends in the order of creation, so it is total, and a page starts behind the sort
//! values of the last row of the page before: rows that come or go meanwhile move no others. What
//! lacks a value comes last, whichever way. A property is sorted along its index: numbers first,
//! then texts, and last what lacks it, by the rest of the order.

use database::{Sql, Value};
use types::{Error, Result};
use uuid::Uuid;

use super::table::{Column, Holds, Listable, Table};

/// Keys of one order, the id aside.
const MOST: usize = 3;

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Column(&'static Column),
    Property,
}

#[derive(Debug, Clone, Copy)]
struct Key {
    by: By,
    descending: bool,
}

/// In which order rows are listed.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    table: &'static Table,
    /// The last one is the order of creation.
    keys: Vec<Key>,
    /// What [`By::Property`] stands for; then it is the first key.
    property: Option<String>,
}

/// Where a statement finds its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
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
pub(crate) enum Sorted {
    /// Nothing.
    Null,
    /// A time, or a whole number.
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
pub(crate) struct Place {
    /// Where it was found.
    pub(crate) part: Part,
    values: Vec<Sorted>,
}

impl Order {
    /// Reads `sort`; newest first, if absent.
    ///
    /// # Errors
    /// 422 at `sort`: `unknown_sort`, `repeated_sort`, `too_many_sorts`.
    pub(crate) fn parse(table: &'static Table, text: Option<&str>) -> Result<Self> {
        let refuse = |code, message: String| Err(Error::invalid("sort", code, message));
        let mut order = Self { table, keys: Vec::new(), property: None };
        for word in text.unwrap_or("-createdAt").split(',') {
            let (name, descending) = match word.strip_prefix('-') {
                Some(name) => (name, true),
                None => (word, false),
            };
            let Some(by) = by(table, name) else { return refuse("unknown_sort", unknown(table)) };
            if order.keys.iter().any(|key| key.by == by) {
                return refuse("repeated_sort", format!("names `{name}` twice; leave one out."));
            }
            if order.keys.len() == MOST {
                return refuse("too_many_sorts", format!("may name at most {MOST} fields."));
            }
            if by == By::Property {
                if !order.keys.is_empty() {
                    let message = "may name one property, and it must come first.";
                    return refuse("unknown_sort", message.to_owned());
                }
                order.property = name.strip_prefix(PROPERTIES).map(str::to_owned);
            }
            order.keys.push(Key { by, descending });
        }
        // No two rows were made at one place: nothing behind it changes the order.
        let end = order.keys.iter().position(|key| order.is_creation(key));
        match (end, table.columns.first()) {
            (Some(end), _) => order.keys.truncate(end + 1),
            (None, Some(creation)) => {
                // The same way as the key before, so that an index over both is read one way.
                let descending = order.keys.last().is_some_and(|key| key.descending);
                order.keys.push(Key { by: By::Column(creation), descending });
            }
            (None, None) => {}
        }
        Ok(order)
    }

    /// The order of creation, oldest first.
    #[must_use]
    pub(crate) fn of_creation(table: &'static Table) -> Self {
        let creation = table.columns.iter().take(1);
        let keys = creation.map(|column| Key { by: By::Column(column), descending: false });
        Self { table, keys: keys.collect(), property: None }
    }

    fn is_creation(&self, key: &Key) -> bool {
        matches!(key.by, By::Column(column) if self.table.columns.first() == Some(column))
    }

    /// The column of the order of creation, which tells rows apart.
    #[must_use]
    pub(crate) fn creation(&self) -> Option<&'static str> {
        self.table.columns.first().map(|column| column.sql)
    }

    /// The property that is sorted by.
    #[must_use]
    pub(crate) fn property(&self) -> Option<&str> {
        self.property.as_deref()
    }

    /// Whether it is the order of creation.
    #[must_use]
    pub(crate) fn is_by_creation(&self) -> bool {
        self.keys.len() == 1
    }

    /// Whether it is by a property, and of the same value by creation.
    #[must_use]
    pub(crate) fn is_by_property(&self) -> bool {
        self.property.is_some()
            && matches!(self.keys.as_slice(), [_, creation] if self.is_creation(creation))
    }

    /// Whether it begins with a column of this name, the smallest first.
    #[must_use]
    pub(crate) fn begins_with(&self, name: &str) -> bool {
        self.keys.first().is_some_and(|key| {
            !key.descending && matches!(key.by, By::Column(column) if column.name == name)
        })
    }

    /// The parts of the list, in order.
    #[must_use]
    pub(crate) fn parts(&self) -> &'static [Part] {
        match (self.property.is_some(), self.keys.first().is_some_and(|key| key.descending)) {
            (false, _) => &[Part::Table],
            (true, false) => &[Part::Numbers, Part::Texts, Part::Lacking],
            (true, true) => &[Part::Texts, Part::Numbers, Part::Lacking],
        }
    }

    /// The keys that tell rows of a part apart.
    fn keys(&self, part: Part) -> impl Iterator<Item = &Key> {
        let lacking = part == Part::Lacking;
        self.keys.iter().filter(move |key| !(lacking && key.by == By::Property))
    }

    /// Appends ` and …` for the rows behind a place; `names` names the columns.
    pub(crate) fn behind<'a>(&self, sql: &mut Sql<'a>, place: &'a Place, names: Names) {
        let keys: Vec<&Key> = self.keys(place.part).collect();
        let one_way = keys.windows(2).all(|pair| match pair {
            [one, next] => one.descending == next.descending,
            _ => true,
        });
        let Some(first) = keys.first() else { return };
        if one_way && !keys.iter().any(|key| key.is_nullable()) {
            // One comparison of whole rows, which an index over the columns answers.
            sql.push(" and (");
            list(sql, &keys, |sql, key| {
                sql.push(names.key(key, place.part));
            });
            sql.push(if first.descending { ") < (" } else { ") > (" });
            list(sql, &place.values, |sql, value| {
                sql.bind(value.bound());
            });
            sql.push(")");
            return;
        }
        sql.push(" and (1 = 0");
        for (at, (key, value)) in keys.iter().zip(&place.values).enumerate() {
            // Nothing comes behind what lacks a value but what lacks it too.
            if *value == Sorted::Null {
                continue;
            }
            sql.push(" or (1 = 1");
            for (before, value) in keys.iter().zip(&place.values).take(at) {
                sql.push(" and ").push(names.key(before, place.part));
                match value {
                    Sorted::Null => sql.push(" is null"),
                    value => sql.push(" = ").bind(value.bound()),
                };
            }
            let column = names.key(key, place.part);
            sql.push(if key.is_nullable() { " and (" } else { " and " }).push(column);
            sql.push(if key.descending { " < " } else { " > " }).bind(value.bound());
            if key.is_nullable() {
                sql.push(" or ").push(column).push(" is null)");
            }
            sql.push(")");
        }
        sql.push(")");
    }

    /// Appends a bound of the first key that bounds nothing, for the first page of a list over many
    /// groups: it is how SQLite learns along which index the rows of each group are in order, and
    /// leaves a group once the page is full. Without, it sorts all there is.
    pub(crate) fn along(&self, sql: &mut Sql<'_>) {
        let Some(Key { by: By::Column(column), .. }) = self.keys.first() else { return };
        match column.holds {
            _ if column.nullable => sql,
            Holds::Id => sql.push(" and ").push(column.sql).push(" <= ").bind(Uuid::max()),
            Holds::Int => sql.push(" and ").push(column.sql).push(" <= ").bind(i64::MAX),
            Holds::Text => sql.push(" and ").push(column.sql).push(" >= ''"),
            Holds::Real => sql,
        };
    }

    /// Appends ` order by …`.
    pub(crate) fn order_by(&self, sql: &mut Sql<'_>, part: Part, names: Names) {
        sql.push(" order by ");
        let keys: Vec<&Key> = self.keys(part).collect();
        list(sql, &keys, |sql, key| {
            sql.push(names.key(key, part));
            if key.descending {
                sql.push(" desc");
            }
            if key.is_nullable() {
                sql.push(" nulls last");
            }
        });
    }

    /// Where the row made at this place stands, in the order of creation.
    #[must_use]
    pub(crate) fn place_of(creation: Sorted) -> Place {
        Place { part: Part::Table, values: vec![creation] }
    }

    /// Where a row stands; `value` is what the index holds of the property.
    #[must_use]
    pub(crate) fn place(&self, part: Part, row: &impl Listable, value: Option<&Sorted>) -> Place {
        let values = self.keys(part).map(|key| match key.by {
            By::Column(column) => row.sorted(column),
            By::Property => value.cloned().unwrap_or(Sorted::Null),
        });
        Place { part, values: values.collect() }
    }

    /// Reads a place back from the bytes of [`Place::to_bytes`].
    #[must_use]
    pub(crate) fn read(&self, bytes: &[u8]) -> Option<Place> {
        let (part, mut rest) = bytes.split_first()?;
        let part = *self.parts().get(usize::from(*part))?;
        let mut values = Vec::with_capacity(self.keys.len());
        for key in self.keys(part) {
            let holds = match (key.by, part) {
                (By::Column(column), _) => column.holds,
                (By::Property, Part::Numbers) => Holds::Real,
                (By::Property, _) => Holds::Text,
            };
            if key.is_nullable() && *take::<1>(&mut rest)? == [0] {
                values.push(Sorted::Null);
                continue;
            }
            values.push(match holds {
                Holds::Id => Sorted::Id(Uuid::from_bytes(*take(&mut rest)?)),
                Holds::Int => Sorted::Int(i64::from_be_bytes(*take(&mut rest)?)),
                Holds::Real => Sorted::Real(f64::from_be_bytes(*take(&mut rest)?)),
                Holds::Text => {
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
    pub(crate) fn write(&self, place: &Place) -> Vec<u8> {
        let part = self.parts().iter().position(|part| *part == place.part).unwrap_or_default();
        let mut bytes = vec![u8::try_from(part).unwrap_or_default()];
        for (key, value) in self.keys(place.part).zip(&place.values) {
            if key.is_nullable() {
                bytes.push(u8::from(*value != Sorted::Null));
            }
            match value {
                Sorted::Null => {}
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

impl Place {
    /// The value that comes first in the order.
    #[must_use]
    pub(crate) fn first(&self) -> Option<&Sorted> {
        self.values.first()
    }
}

impl Sorted {
    fn bound(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => Value::Int(*value),
            Self::Real(value) => Value::Real(*value),
            Self::Text(value) => Value::Text(value),
            Self::Id(value) => Value::Uuid(*value),
        }
    }
}

impl Key {
    fn is_nullable(&self) -> bool {
        matches!(self.by, By::Column(column) if column.nullable)
    }
}

/// What the columns of an order are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// As the table says.
    Table,
    /// The same, but the order of creation is that of this column: of what the statement runs
    /// along, which is the index `v` of a property, memberships, or the tree.
    Along(&'static str),
    /// In the answer that several statements make together.
    Merged,
}

impl Names {
    fn key(self, key: &Key, part: Part) -> &'static str {
        match (key.by, self) {
            (By::Column(column), Self::Merged) => column.merged,
            (By::Column(column), Self::Along(creation)) if column.name == "createdAt" => creation,
            (By::Column(column), _) => column.sql,
            (By::Property, _) => match part {
                Part::Texts => "v.text",
                _ => "v.number",
            },
        }
    }
}

/// How properties are named in parameters.
pub(crate) const PROPERTIES: &str = "properties.";

fn by(table: &'static Table, name: &str) -> Option<By> {
    if let Some(column) = table.columns.iter().find(|column| column.name == name) {
        return Some(By::Column(column));
    }
    let property = name.strip_prefix(PROPERTIES).filter(|_| table.indexed)?;
    is_name(property).then_some(By::Property)
}

/// Whether a property may be named in a parameter: 1 to 64 of `a-z A-Z 0-9 _`, no digit first.
#[must_use]
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn unknown(table: &Table) -> String {
    let names: Vec<String> = table.columns.iter().map(|one| format!("`{}`", one.name)).collect();
    let (names, more) = (names.join(", "), if table.indexed { ", `properties.X`" } else { "" });
    format!(
        "must be a list of {names}{more}, each with `-` in front for descending, e.g. \
         `sort=-createdAt`."
    )
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
