//! The groups of an export, from the top down, so that parents come first.

use database::{Row, Sql};
use types::{GroupId, Json, Result};

use super::super::line::{GroupLine, Line, SettingsLine};
use super::super::within::by_id;
use super::Export;
use crate::groups::model::{GroupStatus, GroupVisibility, JoinPolicy};
use crate::pace::Pace;

const SELECT: &str = "select o.id, o.parent_id, o.slug, o.name, o.type, o.description, \
     o.visibility, o.join_policy, o.plan, o.limits, o.metadata, o.status, o.version, \
     o.created_at, o.updated_at from groups o where o.id in ";

impl Export<'_> {
    /// Their order is that of no index: it is read once, as ids, and the rows along it.
    pub(super) async fn groups(&mut self) -> Result<()> {
        self.pace = Pace::default();
        let root = self.root;
        let read = |row: &Row<'_>| {
            let id = row.get(0)?;
            Ok((group(row, id, root)?, id))
        };
        let order = self.top_down().await?;
        // Groups of one depth are in the order of their ids.
        for level in order.chunk_by(|(one, _), (other, _)| one == other) {
            let mut left = level;
            while !left.is_empty() {
                let next = &left[..left.len().min(self.pace.limit().rows())];
                let mut page = self.page(these(next), &read).await?;
                let Some(last) = page.last.take() else { break };
                left = &left[left.partition_point(|(_, id)| *id <= last)..];
                self.send(page).await?;
            }
        }
        Ok(())
    }

    /// How many groups are above each, and its id.
    async fn top_down(&mut self) -> Result<Vec<(Option<i64>, GroupId)>> {
        let mut sql = Sql::new(
            "select (select max(d.depth) from group_ancestors d where d.group_id = o.id) as above, \
             o.id from groups o where o.status <> 'deleting'",
        );
        if let Some(root) = self.root {
            by_id(&mut sql, root);
        }
        sql.push(" order by above, o.id");
        self.tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, row.get(1)?))).await
    }
}

fn these(groups: &[(Option<i64>, GroupId)]) -> Sql<'static> {
    let mut sql = Sql::new(SELECT);
    sql.bind_filled(groups.iter().map(|(_, id)| *id)).push(" order by o.id");
    sql
}

fn group(row: &Row<'_>, id: GroupId, root: Option<GroupId>) -> Result<Line> {
    let limits = row.get::<Option<Json>>(9)?;
    Ok(Line::Group(Box::new(GroupLine {
        id,
        // What is above the exported part is not there where it is imported.
        parent_group_id: row.get::<Option<GroupId>>(1)?.filter(|_| Some(id) != root),
        slug: row.get(2)?,
        name: row.get(3)?,
        r#type: row.get(4)?,
        description: row.get(5)?,
        settings: SettingsLine {
            visibility: Some(GroupVisibility::stored(row.text(6)?)?),
            join_policy: Some(JoinPolicy::stored(row.text(7)?)?),
            plan: row.get(8)?,
            limits: limits.and_then(|limits| serde_json::from_str(limits.as_str()).ok()),
        },
        metadata: row.get::<Json>(10)?.to_map(),
        status: Some(GroupStatus::stored(row.text(11)?)?),
        version: Some(row.get::<i64>(12)?.unsigned_abs()),
        created_at: row.get(13)?,
        updated_at: row.get(14)?,
    })))
}
