//! What an entry of the index of properties says of the thing's other indexed values: so that a
//! filter by one property in the order of another is answered by the entry alone. It may say less
//! than there is to say, and never that a thing does not match which does: the filter itself is
//! asked of every thing that is left.

use database::seams::compare::{self, JsonPath};
use database::{Engine, Sql};
use serde_json::Value;
use types::{Json, JsonMap, Result};

use super::filtered::{Bound, Held};
use crate::ontology::prepare::Indexed;

/// Characters of a text that are told. The beginnings of texts are in the order of the texts.
const TOLD: usize = 32;
/// Bytes of what one entry tells; of more than that it tells nothing.
const MOST: usize = 512;

/// For each of a thing's indexed values, what its entry tells of the others.
///
/// # Errors
/// Internal, when a value cannot be written.
pub(super) fn of(values: &[(String, Indexed)]) -> Result<Vec<Option<Json>>> {
    let told = |at: usize| -> Result<Option<Json>> {
        let others = values.iter().enumerate().filter(|(other, _)| *other != at);
        let told: JsonMap = others.map(|(_, (property, value))| tell(property, value)).collect();
        let told = Json::of(&told)?;
        Ok((told.as_str().len() <= MOST).then_some(told))
    };
    (0..values.len()).map(told).collect()
}

fn tell(property: &str, value: &Indexed) -> (String, Value) {
    match value {
        Indexed::Number(number) => (key(Held::Number, property), Value::from(*number)),
        Indexed::Text(text) => (key(Held::Text, property), Value::from(beginning(text))),
    }
}

/// Numbers and texts are apart, so that nobody has to ask which it is.
fn key(held: Held, property: &str) -> String {
    let held = match held {
        Held::Number => "n",
        Held::Text => "t",
    };
    format!("{held}{property}")
}

/// As far as an entry tells a text.
pub(super) fn beginning(text: &str) -> &str {
    text.char_indices().nth(TOLD).map_or(text, |(end, _)| &text[..end])
}

/// Where an entry tells one kind of value of one other property.
#[derive(Debug)]
pub(super) struct Other {
    held: Held,
    path: JsonPath,
}

impl Other {
    /// `column` is the one of the entry.
    pub(super) fn new(column: &'static str, held: Held, property: &str) -> Self {
        Self { held, path: JsonPath::new(column, vec![key(held, property)]) }
    }

    /// Appends the value; null when there is none, or nothing is told.
    pub(super) fn value<'a>(&'a self, sql: &mut Sql<'a>, engine: Engine) {
        match self.held {
            Held::Number => compare::known_number(sql, engine, &self.path),
            Held::Text => compare::known_text(sql, engine, &self.path),
        }
    }
}

/// A bound of another property.
#[derive(Debug)]
pub(super) struct Asked<'r> {
    other: Other,
    bound: Bound<'r>,
}

impl<'r> Asked<'r> {
    /// Of the entries with alias `v`.
    pub(super) fn new(bound: Bound<'r>) -> Self {
        Self { other: Other::new("v.others", bound.held, bound.property), bound }
    }

    /// Appends ` and …` for the entries that may be within the bound.
    pub(super) fn condition<'a>(&'a self, sql: &mut Sql<'a>, engine: Engine) {
        sql.push(" and (v.others is null or ");
        self.other.value(sql, engine);
        self.bound.beginning().compare(sql);
        sql.push(")");
    }
}

#[cfg(test)]
#[path = "others_tests.rs"]
mod tests;
