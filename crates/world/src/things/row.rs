//! What a list tells of each thing: all of it, or the chosen members.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use types::{Error, JsonMap, Result};
use utoipa::ToSchema;

use super::expand::Expanded;
use super::model::Thing;
use super::order::PROPERTIES;

/// A page of things.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThingPage {
    /// The rows.
    pub data: Vec<ThingRow>,
    /// Give this as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// Whether another page follows.
    pub has_more: bool,
    /// With `count=exact`: what all pages hold together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// With `explain=true`: how the engine finds the page, one entry for each statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Vec<types::Json>>,
}

/// A thing in a list, with what was asked to be told about it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThingRow {
    /// The thing, or the chosen members of it.
    #[serde(flatten)]
    #[schema(value_type = Thing)]
    pub thing: Shown,
    /// What it refers to, as far as `expand` names it.
    #[serde(flatten)]
    pub more: Expanded,
}

/// A thing, whole or in part.
#[derive(Debug)]
pub struct Shown {
    thing: Thing,
    fields: Option<Arc<Fields>>,
}

/// Which members of a thing are told.
#[derive(Debug, Default)]
pub struct Fields {
    members: Vec<&'static str>,
    /// Single properties, in the order in which they were named.
    properties: Vec<String>,
}

const MEMBERS: [&str; 14] = [
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
];

impl Fields {
    /// Reads `fields`.
    ///
    /// # Errors
    /// 422 `unknown_field` at `fields`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut fields = Self::default();
        for name in text.split(',') {
            if let Some(property) = name.strip_prefix(PROPERTIES).filter(|name| !name.is_empty()) {
                fields.properties.push(property.to_owned());
            } else if let Some(member) = MEMBERS.iter().find(|member| **member == name) {
                fields.members.push(member);
            } else {
                return Err(Error::invalid(
                    "fields",
                    "unknown_field",
                    format!("must be a list of {} and `properties.X`.", MEMBERS.join(", ")),
                ));
            }
        }
        if fields.members.contains(&"properties") {
            fields.properties.clear();
        } else if !fields.properties.is_empty() {
            fields.members.push("properties");
        }
        Ok(fields)
    }
}

impl Shown {
    /// The thing, or what `fields` chooses of it.
    #[must_use]
    pub fn new(thing: Thing, fields: Option<Arc<Fields>>) -> Self {
        Self { thing, fields }
    }

    /// All of it.
    #[must_use]
    pub const fn thing(&self) -> &Thing {
        &self.thing
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (one, Some(fields)) = (&self.thing, &self.fields) else {
            return self.thing.serialize(serializer);
        };
        let mut map = serializer.serialize_map(Some(fields.members.len()))?;
        for member in MEMBERS.iter().filter(|member| fields.members.contains(member)) {
            match *member {
                "id" => map.serialize_entry(member, &one.id)?,
                "groupId" => map.serialize_entry(member, &one.group_id)?,
                "parentId" => map.serialize_entry(member, &one.parent_id)?,
                "type" => map.serialize_entry(member, &one.kind)?,
                "name" => map.serialize_entry(member, &one.name)?,
                "status" => map.serialize_entry(member, &one.status)?,
                "ownerId" => map.serialize_entry(member, &one.owner_id)?,
                "visibility" => map.serialize_entry(member, &one.visibility)?,
                "tier" => map.serialize_entry(member, &one.tier)?,
                "version" => map.serialize_entry(member, &one.version)?,
                "deletedAt" => map.serialize_entry(member, &one.deleted_at)?,
                "createdAt" => map.serialize_entry(member, &one.created_at)?,
                "updatedAt" => map.serialize_entry(member, &one.updated_at)?,
                _ if fields.properties.is_empty() => {
                    map.serialize_entry(member, &one.properties)?;
                }
                _ => map.serialize_entry(member, &some_of(one, &fields.properties))?,
            }
        }
        map.end()
    }
}

fn some_of(thing: &Thing, names: &[String]) -> JsonMap {
    let mut all = thing.properties.to_map();
    names.iter().filter_map(|name| all.remove_entry(name)).collect()
}
