//! Rows page by page. What is below a group is read group by group, along indexes that begin with
//! the group: it costs what is there, however much there is elsewhere in the store.

use database::{Row, Sql, args};
use types::{GroupId, Result};
use uuid::Uuid;

use super::super::line::Line;
use super::Export;
use crate::pace::Pace;

/// How many things are above one, by parents.
const DEPTH: &str = " and (with recursive up (id, depth) as (\
       select o.parent_id, 1 \
       union all \
       select t.parent_id, up.depth + 1 from up join things t on t.id = up.id \
       where t.parent_id is not null and up.depth < 1000) select max(depth) from up) = ";

/// Groups that are named to the wall of the database at a time.
pub(super) const BLOCK: usize = 128;

/// The rows of one dimension.
pub(super) struct Source {
    /// Ends in a `where` with a condition; the last two columns are the key.
    pub(super) select: &'static str,
    /// Columns before the key.
    pub(super) width: usize,
    /// What the rows of the whole store are read along.
    pub(super) key: Key,
    /// Whether rows belong to others, of the same group, which come first.
    pub(super) levels: bool,
    /// Appended while a group is being deleted: bounds the rows to all others.
    pub(super) living: &'static str,
    /// How those below a group are found; nowhere, where `more` says which they are.
    pub(super) inside: Option<Inside>,
}

/// The rows of one dimension below a group.
pub(super) struct Inside {
    /// The groups below `$1` that have such rows. A subquery that is compared is never turned into
    /// a join, of which PostgreSQL may think that it had better read all rows there are.
    pub(super) groups: &'static str,
    /// The column of a row's group.
    pub(super) group: &'static str,
    /// What the rows of a group are read along.
    pub(super) key: Key,
    /// Appends what keeps out rows that refer to something outside.
    pub(super) within: fn(&mut Sql<'_>, GroupId),
}

/// Columns that name a row, and along which rows are read.
#[derive(Clone, Copy)]
pub(super) enum Key {
    /// The last column of the key.
    One(&'static str),
    /// Both, of one index.
    Two(&'static str, &'static str),
    /// Both, of two tables that are joined: of the second there are few for each of the first. A
    /// third column tells apart the few rows that have both in common.
    Joined(&'static str, &'static str, &'static str),
}

impl Key {
    /// Goes on behind a row.
    fn behind(self, sql: &mut Sql<'_>, (one, other): (Uuid, Uuid)) {
        match self {
            Self::One(id) => sql.push(" and ").push(id).push(" > ").bind(other),
            Self::Two(first, second) => {
                sql.push(" and (").push(first).push(", ").push(second).push(") > (");
                sql.bind(one).push(", ").bind(other).push(")")
            }
            // The range by itself is what an index can be asked for.
            Self::Joined(first, second, _) => {
                sql.push(" and ").push(first).push(" >= ").bind(one);
                sql.push(" and (").push(first).push(" > ").bind(one);
                sql.push(" or ").push(second).push(" > ").bind(other).push(")")
            }
        };
    }

    fn order(self, sql: &mut Sql<'_>) {
        sql.push(" order by ");
        match self {
            Self::One(id) => sql.push(id),
            Self::Two(first, second) => sql.push(first).push(", ").push(second),
            Self::Joined(first, second, third) => {
                sql.push(first).push(", ").push(second).push(", ").push(third)
            }
        };
    }
}

impl Export<'_> {
    /// Writes a dimension.
    pub(super) async fn pages(
        &mut self,
        source: &Source,
        more: impl Fn(&mut Sql<'_>),
        read: impl Fn(&Row<'_>) -> Result<Line>,
    ) -> Result<()> {
        self.pace = Pace::default();
        let (Some(root), Some(inside)) = (self.root, &source.inside) else {
            return self.levels(source, source.key, more, &read).await;
        };
        let groups = self.tx.all(inside.groups, args![root], |row| row.get::<GroupId>(0)).await?;
        for block in groups.chunks(BLOCK) {
            self.tx.reach_only(block.iter().copied().chain([root]));
            for group in block {
                let within = |sql: &mut Sql<'_>| {
                    sql.and_equals(inside.group, Some(*group));
                    (inside.within)(sql, root);
                    more(sql);
                };
                self.levels(source, inside.key, within, &read).await?;
            }
        }
        Ok(())
    }

    /// Level by level where there are any, so that what others belong to comes first.
    async fn levels(
        &mut self,
        source: &Source,
        key: Key,
        more: impl Fn(&mut Sql<'_>),
        read: impl Fn(&Row<'_>) -> Result<Line>,
    ) -> Result<()> {
        if !source.levels {
            return self.stretch(source, key, more, &read).await.map(drop);
        }
        let top = |sql: &mut Sql<'_>| {
            more(sql);
            sql.push(" and o.parent_id is null");
        };
        self.stretch(source, key, top, &read).await?;
        for depth in 1_i64.. {
            let level = |sql: &mut Sql<'_>| {
                more(sql);
                sql.push(" and o.parent_id is not null").push(DEPTH).bind(depth);
            };
            if !self.stretch(source, key, level, &read).await? {
                break;
            }
        }
        Ok(())
    }

    /// Whether there was anything.
    async fn stretch(
        &mut self,
        source: &Source,
        key: Key,
        more: impl Fn(&mut Sql<'_>),
        read: impl Fn(&Row<'_>) -> Result<Line>,
    ) -> Result<bool> {
        let mut after: Option<(Uuid, Uuid)> = None;
        loop {
            let mut sql = Sql::new(source.select);
            if self.deleting {
                sql.push(source.living);
            }
            more(&mut sql);
            if let Some(after) = after {
                key.behind(&mut sql, after);
            }
            key.order(&mut sql);
            let width = source.width;
            let keyed = |row: &Row<'_>| {
                Ok((read(row)?, (row.get::<Uuid>(width)?, row.get::<Uuid>(width + 1)?)))
            };
            let mut page = self.page(sql, keyed).await?;
            if page.full && matches!(key, Key::Joined(..)) {
                page.leave_last_key();
            }
            let Some(last) = page.last else { return Ok(after.is_some()) };
            after = Some(last);
            let full = page.full;
            self.send(page).await?;
            if !full {
                return Ok(true);
            }
        }
    }
}
