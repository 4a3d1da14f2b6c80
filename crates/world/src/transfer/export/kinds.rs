//! The types of an export: its own, and those it has from above.

use database::{Row, Sql, args};
use serde_json::{Value, json};
use types::{GroupId, Json, Result};

use super::super::line::Line;
use super::super::within::LIVING;
use super::Export;
use super::pages::BLOCK;
use crate::pace::Pace;

const SELECT: &str = "select o.group_id, o.dimension, o.name, o.definition from registered_types o \
     where 1 = 1";

/// Groups below `$1` with types of their own.
const WITH_TYPES: &str = "select a.group_id from group_ancestors a where a.ancestor_id = $1 \
     and (select 1 from registered_types o where o.group_id = a.group_id limit 1) = 1 \
     order by a.group_id";

/// What is above gives its types to the exported part, which must bring them along: of those with
/// one name the nearest, which counts.
const NEAREST: &str = "select a.group_id, o.dimension, o.name, o.definition from group_ancestors a \
     join registered_types o on o.group_id = a.ancestor_id \
     where not exists (select 1 from group_ancestors n \
     join registered_types m on m.group_id = n.ancestor_id where n.group_id = a.group_id \
     and n.depth < a.depth and m.dimension = o.dimension and m.name = o.name) and a.group_id = ";

/// Rows of a page of these: no index has them in order, so that all of a page are sorted.
const SORTED: usize = 64;

/// Where a type is registered: group, dimension, name.
type Address = (GroupId, String, String);

/// Whose types.
#[derive(Clone, Copy)]
enum Whose {
    Everybodys,
    Own(GroupId),
    /// With those from above.
    Root(GroupId),
}

impl Export<'_> {
    /// In the same order on both engines: their names are ordered by bytes.
    pub(super) async fn types(&mut self) -> Result<()> {
        self.pace = Pace::default();
        let Some(root) = self.root else { return self.types_of(Whose::Everybodys).await };
        let mut groups = self.tx.all(WITH_TYPES, args![root], |row| row.get::<GroupId>(0)).await?;
        if let Err(place) = groups.binary_search(&root) {
            groups.insert(place, root);
        }
        for block in groups.chunks(BLOCK) {
            self.tx.reach_only(block.iter().copied().chain([root]));
            for group in block {
                if *group == root {
                    let pace = std::mem::replace(&mut self.pace, Pace::up_to(SORTED));
                    self.types_of(Whose::Root(root)).await?;
                    self.pace = pace;
                } else {
                    self.types_of(Whose::Own(*group)).await?;
                }
            }
        }
        Ok(())
    }

    async fn types_of(&mut self, whose: Whose) -> Result<()> {
        let living = if self.deleting { LIVING } else { "" };
        self.along(|after| statement(whose, living, after), registered).await
    }
}

/// The types behind one of them.
fn statement<'a>(whose: Whose, living: &'static str, after: Option<&'a Address>) -> Sql<'a> {
    let (mut sql, group) = match whose {
        Whose::Root(_) => (Sql::new(NEAREST), "a.group_id"),
        Whose::Own(_) | Whose::Everybodys => (Sql::new(SELECT), "o.group_id"),
    };
    match whose {
        Whose::Everybodys => sql.push(living),
        Whose::Own(id) => sql.push(living).and_equals(group, Some(id)),
        Whose::Root(id) => sql.bind(id),
    };
    if let Some((at, dimension, name)) = after {
        sql.push(" and (").push(group).push(", o.dimension, o.name) > (").bind(*at);
        sql.push(", ").bind(dimension).push(", ").bind(name).push(")");
    }
    sql.push(" order by ").push(group).push(", o.dimension, o.name");
    sql
}

fn registered(row: &Row<'_>) -> Result<(Line, Address)> {
    let at: Address = (row.get(0)?, row.get(1)?, row.get(2)?);
    // The definition is the line without its address.
    let mut line = row.get::<Json>(3)?.to_map();
    line.insert("kind".to_owned(), Value::String(format!("{}Type", at.1)));
    line.insert("groupId".to_owned(), json!(at.0));
    line.insert("name".to_owned(), Value::String(at.2.clone()));
    Ok((serde_json::from_value(Value::Object(line))?, at))
}
