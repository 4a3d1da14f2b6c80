//! Records of a CSV as objects: which column is which field, and what its cells say.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};
use types::{Error, JsonMap, Result};

use super::model::{ImportDimension, Options};
use crate::exports::cells;

/// What a column is.
enum Column {
    Skipped,
    Field(&'static str),
    Property(String),
}

/// The columns of an input.
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Reads the head.
    ///
    /// # Errors
    /// 422 naming a column that is no field, or is there twice.
    pub(super) fn of(header: &[String], options: &Options) -> Result<Self> {
        let mut seen = HashSet::new();
        let mut columns = Vec::with_capacity(header.len());
        for name in header {
            let name = cells::text(name.trim());
            let field = match options.mapping.get(name) {
                Some(None) => {
                    columns.push(Column::Skipped);
                    continue;
                }
                Some(Some(field)) => field.as_str(),
                None => name,
            };
            if !seen.insert(field.to_owned()) {
                let message = format!("the column `{field}` is there twice.");
                return Err(Error::invalid(field, "repeated_column", message));
            }
            columns
                .push(options.dimension.and_then(|into| column(field, into)).ok_or_else(|| {
                let message = format!(
                    "the column `{field}` is no field: map it to one (`properties.{field}`), or \
                     to null to pass over it."
                );
                Error::invalid(field, "unknown_column", message)
            })?);
        }
        Ok(Self(columns))
    }

    /// The cell of a field, if there is something in it.
    pub(super) fn cell<'r>(&self, name: &str, record: &'r [String]) -> Option<&'r str> {
        let at = self.0.iter().position(|column| matches!(column, Column::Field(f) if *f == name));
        at.and_then(|at| record.get(at))
            .map(|cell| cells::text(cell))
            .filter(|cell| !cell.is_empty())
    }

    /// A record as the object it says. Empty cells are absent.
    ///
    /// # Errors
    /// 422 for more cells than the head has columns, or JSON that cannot be read.
    pub(super) fn object(
        &self,
        record: &[String],
        declared: &BTreeMap<String, Value>,
    ) -> Result<JsonMap> {
        if record.len() > self.0.len() {
            let message = "has more cells than the head has columns.";
            return Err(Error::invalid("", "too_many_cells", message));
        }
        let (mut object, mut own) = (JsonMap::new(), JsonMap::new());
        for (column, cell) in self.0.iter().zip(record).filter(|(_, cell)| !cell.is_empty()) {
            match column {
                Column::Skipped => {}
                Column::Property(name) => {
                    let schema = declared.get(name).unwrap_or(&Value::Null);
                    own.insert(name.clone(), cells::read(schema, cell));
                }
                Column::Field(name) => {
                    object.insert((*name).to_owned(), field(name, cell)?);
                }
            }
        }
        if !own.is_empty() {
            let all = object.entry("properties").or_insert_with(|| json!({}));
            if let Some(all) = all.as_object_mut() {
                all.extend(own);
            }
        }
        Ok(object)
    }
}

fn column(field: &str, dimension: ImportDimension) -> Option<Column> {
    if dimension == ImportDimension::Things
        && let Some(property) = field.strip_prefix("properties.").filter(|name| !name.is_empty())
    {
        return Some(Column::Property(property.to_owned()));
    }
    let fields: &[&'static str] = match dimension {
        ImportDimension::Things => &[
            "id",
            "type",
            "name",
            "status",
            "visibility",
            "groupId",
            "parentId",
            "ownerId",
            "version",
            "createdAt",
            "updatedAt",
            "deletedAt",
            "properties",
        ],
        ImportDimension::Connections => &[
            "id",
            "type",
            "fromId",
            "toId",
            "groupId",
            "strength",
            "validFrom",
            "validTo",
            "createdAt",
            "updatedAt",
            "metadata",
        ],
        ImportDimension::People => &[
            "id",
            "personId",
            "displayName",
            "email",
            "username",
            "groupId",
            "role",
            "permissions",
            "status",
            "bio",
            "avatar",
            "createdAt",
            "updatedAt",
            "metadata",
        ],
        ImportDimension::Events => {
            &["id", "seq", "type", "groupId", "actorId", "targetId", "timestamp", "metadata"]
        }
        ImportDimension::Knowledge => &[
            "id",
            "type",
            "text",
            "groupId",
            "sourceThingId",
            "labels",
            "createdAt",
            "updatedAt",
            "metadata",
        ],
    };
    fields.iter().find(|known| **known == field).map(|known| Column::Field(known))
}

fn field(name: &str, cell: &str) -> Result<Value> {
    match name {
        "properties" | "metadata" | "labels" | "permissions" | "strength" => {
            serde_json::from_str(cell).map_err(|_| {
                Error::invalid(format!("/{name}"), "malformed_json", "must be JSON in a cell.")
            })
        }
        _ => Ok(Value::String(cells::text(cell).to_owned())),
    }
}
