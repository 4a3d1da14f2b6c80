//! How much an export has in memory at a time. Rows are of any size; a page of them is not: it ends
//! when it has enough bytes, and the next one asks for no more rows than have as many.

use std::ops::ControlFlow;

use database::seams::plan;
use database::{Engine, Row, Sql, Tx};
use kernel::access::Scope;
use types::{Limit, Result};

use crate::listing::{Names, Order, Part};

/// Bytes after which a page ends: it has these and one more row at most.
const BYTES: usize = 1 << 20;
/// Rows of a first page, of which nobody knows yet how large they are.
const FIRST: usize = 250;

/// How many rows the next page asks for. A page ends in time anyway; but what was asked for and is
/// not taken is sent by PostgreSQL all the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    limit: Limit,
    most: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self::up_to(Limit::EXPORT.rows())
    }
}

impl Pace {
    /// A page never asks for more rows than this.
    pub(crate) fn up_to(most: usize) -> Self {
        Self { limit: Limit::exported(FIRST.min(most)), most }
    }

    /// Rows of the next page.
    pub(crate) fn limit(self) -> Limit {
        self.limit
    }

    /// Learns from a page.
    pub(crate) fn had(&mut self, rows: usize, bytes: usize) {
        if rows == 0 {
            return;
        }
        let fitting = BYTES.saturating_mul(rows) / bytes.max(1);
        // No more than twice as many, and only behind a whole page: what a few small rows promise
        // is asked for in vain as often as large ones follow.
        let limit = self.limit.rows();
        let trusted = if rows < limit { limit } else { limit * 2 };
        self.limit = Limit::exported(fitting.min(trusted).min(self.most));
    }
}

/// Whether a page of so many bytes has enough.
pub(crate) const fn is_enough(bytes: usize) -> bool {
    bytes >= BYTES
}

/// The rows that a statement finds, until they are enough, and whether it finds more; `bytes` tells
/// how large a row is.
///
/// # Errors
/// As [`Tx::until`].
pub(crate) async fn rows<T>(
    tx: &mut Tx,
    sql: &Sql<'_>,
    read: impl Fn(&Row<'_>) -> Result<T>,
    bytes: impl Fn(&T) -> usize,
) -> Result<(Vec<T>, bool)> {
    let (mut rows, mut held, mut more) = (Vec::new(), 0, false);
    tx.until(sql.text(), sql.args(), |row| {
        if is_enough(held) {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        let row = read(row)?;
        held += bytes(&row);
        rows.push(row);
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    Ok((rows, more))
}

/// Lists rows along their keys, where the engine would sort whole rows: below a group, of whose
/// rows no index has the order. `head` is that of the list, and `page` appends everything behind
/// it.
pub(crate) fn along_keys<'a>(
    (scope, engine): (&Scope, Engine),
    head: &'static str,
    order: &Order,
    page: impl FnOnce(&mut Sql<'a>),
) -> Option<Sql<'a>> {
    let sorted = matches!(scope, Scope::Subtree(..)) && plan::sorts_whole_rows(engine);
    let ((_, from), key) = head.split_once(" from ").zip(order.creation()).filter(|_| sorted)?;
    let mut sql = Sql::new(head);
    sql.push(" and ").push(key).push(" in (select ").push(key).push(" from ").push(from);
    page(&mut sql);
    sql.push(")");
    order.order_by(&mut sql, Part::Table, Names::Table);
    Some(sql)
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
