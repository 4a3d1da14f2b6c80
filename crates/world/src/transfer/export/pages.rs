//! Rows page by page. What is below a group is read group by group, along indexes that begin with the
//! group: it costs what is there, however much there is elsewhere in the store.

use database::{Row, Sql, args};
use types::{GroupId, Result};
use uuid::Uuid;

use super::super::line::Line;
use super::Export;

/// Rows read at a time.
pub(super) const PAGE: usize = 1000;

/// The rows of one dimension.
pub(super) struct Source {
    /// Ends in a `where` with a condition; the last two columns are the key.
    pub(super) select: &'static str,
    /// Columns before the key.
    pub(super) width: usize,
    /// What the rows of the whole store are read along.
    pub(super) key: Key,
    /// Appended while a group is being deleted: bounds the rows to all others.
    pub(super) living: &'static str,
    /// How those below a group are found; nowhere, where `more` says which they are.
    pub(super) inside: Option<Inside>,
}

/// The rows of one dimension below a group.
pub(super) struct Inside {
    /// The groups below `$1` that have such rows. A subquery that is compared is never turned into a
    /// join, of which PostgreSQL may think that it had better read all rows there are.
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
    /// Both, of two tables that are joined: of the second there are few for each of the first.
    Joined(&'static str, &'static str),
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
            Self::Joined(first, second) => {
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
            Self::Two(first, second) | Self::Joined(first, second) => {
                sql.push(first).push(", ").push(second)
            }
        };
    }
}

impl Export<'_> {
    /// Writes a dimension; tells whether there was anything.
    pub(super) async fn pages(
        &mut self,
        source: &Source,
        more: impl Fn(&mut Sql<'_>),
        read: impl Fn(&Row<'_>) -> Result<Line>,
    ) -> Result<bool> {
        let (Some(root), Some(inside)) = (self.root, &source.inside) else {
            return self.stretch(source, source.key, more, read).await;
        };
        let groups = self.tx.all(inside.groups, args![root], |row| row.get::<GroupId>(0)).await?;
        let mut any = false;
        for group in groups {
            let within = |sql: &mut Sql<'_>| {
                sql.and_equals(inside.group, Some(group));
                (inside.within)(sql, root);
                more(sql);
            };
            any |= self.stretch(source, inside.key, within, &read).await?;
        }
        Ok(any)
    }

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
            sql.push(" limit ").bind(PAGE as i64);
            let width = source.width;
            let rows = self
                .tx
                .all(sql.text(), sql.args(), |row| {
                    Ok((read(row)?, (row.get(width)?, row.get(width + 1)?)))
                })
                .await?;
            let Some((_, last)) = rows.last() else { return Ok(after.is_some()) };
            after = Some(*last);
            let full = rows.len() == PAGE;
            self.write(rows.into_iter().map(|(line, _)| line)).await?;
            if !full {
                return Ok(true);
            }
        }
    }
}
