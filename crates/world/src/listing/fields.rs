//! What a list tells of each row: all of it, or the chosen members.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use types::{Error, Result};

use super::Table;

/// Which members of a row are told.
#[derive(Debug)]
pub(crate) struct Fields {
    table: &'static Table,
    members: Vec<&'static str>,
    /// Single keys of the open member.
    keys: Vec<String>,
}

impl Fields {
    /// Reads `fields`.
    ///
    /// # Errors
    /// 422 `unknown_field` at `fields`.
    pub(crate) fn parse(text: &str, table: &'static Table) -> Result<Self> {
        let mut fields = Self { table, members: Vec::new(), keys: Vec::new() };
        for name in text.split(',') {
            let key = name.strip_prefix(table.open).and_then(|rest| rest.strip_prefix('.'));
            if let Some(key) = key.filter(|key| !key.is_empty()) {
                fields.keys.push(key.to_owned());
            } else if let Some(member) = table.members.iter().find(|member| **member == name) {
                fields.members.push(member);
            } else {
                let (members, open) = (table.members.join(", "), table.open);
                let message = format!("must be a list of {members} and `{open}.X`.");
                return Err(Error::invalid("fields", "unknown_field", message));
            }
        }
        if fields.members.contains(&table.open) {
            fields.keys.clear();
        } else if !fields.keys.is_empty() {
            fields.members.push(table.open);
        }
        Ok(fields)
    }
}

/// A row, whole or in part.
#[derive(Debug)]
pub struct Shown<T> {
    row: T,
    fields: Option<Arc<Fields>>,
}

impl<T> Shown<T> {
    /// The row, or what `fields` chooses of it.
    pub(crate) const fn new(row: T, fields: Option<Arc<Fields>>) -> Self {
        Self { row, fields }
    }
}

impl<T: Serialize> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(fields) = &self.fields else { return self.row.serialize(serializer) };
        // Written once and cut up, not read: numbers and stored JSON stay to the letter.
        let text = serde_json::to_string(&self.row).map_err(S::Error::custom)?;
        let all: BTreeMap<&str, &RawValue> =
            serde_json::from_str(&text).map_err(S::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        for member in fields.table.members.iter().filter(|name| fields.members.contains(name)) {
            let Some(value) = all.get(member) else { continue };
            if *member == fields.table.open && !fields.keys.is_empty() {
                let some = some_of(value, &fields.keys).map_err(S::Error::custom)?;
                map.serialize_entry(member, &some)?;
            } else {
                map.serialize_entry(member, value)?;
            }
        }
        map.end()
    }
}

fn some_of<'v>(
    object: &'v RawValue,
    keys: &[String],
) -> Result<BTreeMap<String, &'v RawValue>, serde_json::Error> {
    let mut all: BTreeMap<String, &RawValue> = serde_json::from_str(object.get())?;
    all.retain(|key, _| keys.contains(key));
    Ok(all)
}
