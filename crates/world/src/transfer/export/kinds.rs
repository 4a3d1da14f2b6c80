//! The types of an export: its own, and those it has from above.

use std::collections::BTreeMap;

use database::{Row, Sql, args};
use serde_json::{Value, json};
use types::{GroupId, Json, Result};

use super::super::line::Line;
use super::super::within::{LIVING, by_group};
use super::Export;

impl Export<'_> {
    /// In the same order on both engines, whatever the database thinks of letters.
    pub(super) async fn types(&mut self) -> Result<()> {
        let mut sql = Sql::new(
            "select o.group_id, o.dimension, o.name, o.definition from registered_types o \
             where 1 = 1",
        );
        if let Some(root) = self.root {
            by_group(&mut sql, root);
        }
        if self.deleting {
            sql.push(LIVING);
        }
        let own = self.tx.all(sql.text(), sql.args(), registered).await?;
        let mut types: BTreeMap<Address, Json> = own.into_iter().collect();
        if let Some(root) = self.root {
            // What is above gives its types to the exported part, which must bring them along:
            // the nearest one's first, which counts.
            let above = self
                .tx
                .all(
                    "select o.group_id, o.dimension, o.name, o.definition \
                     from group_ancestors a join registered_types o on o.group_id = a.ancestor_id \
                     where a.group_id = $1 and a.depth > 0 order by a.depth",
                    args![root],
                    registered,
                )
                .await?;
            for ((_, dimension, name), definition) in above {
                types.entry((root, dimension, name)).or_insert(definition);
            }
        }
        let mut lines = Vec::with_capacity(types.len());
        for ((group, dimension, name), definition) in types {
            // The definition is the line without its address.
            let mut line = definition.to_map();
            line.insert("kind".to_owned(), Value::String(format!("{dimension}Type")));
            line.insert("groupId".to_owned(), json!(group));
            line.insert("name".to_owned(), Value::String(name));
            lines.push(serde_json::from_value::<Line>(Value::Object(line))?);
        }
        self.write(lines.into_iter()).await
    }
}

/// Where a type is registered: group, dimension, name.
type Address = (GroupId, String, String);

fn registered(row: &Row<'_>) -> Result<(Address, Json)> {
    Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?))
}
