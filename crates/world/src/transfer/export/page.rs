//! A page of lines, written while its rows are read: it has enough bytes and one more line at most,
//! and no row is in memory beside it but the one that is read.

use std::ops::ControlFlow;

use database::{Engine, Row, Sql};
use types::Result;

use super::super::line::Line;
use super::{Export, given_up};
use crate::pace;

/// Lines of a dimension, as bytes. `K` is what names a row.
pub(super) struct Page<K> {
    bytes: Vec<u8>,
    lines: usize,
    /// The key of the last row.
    pub(super) last: Option<K>,
    /// Bytes, lines and last key of what stands before the rows of the last key.
    before: Option<(usize, usize, K)>,
    /// Whether there may be more rows than it has.
    pub(super) full: bool,
}

impl<K: PartialEq> Page<K> {
    fn empty() -> Self {
        let bytes = Vec::with_capacity(64 * 1024);
        Self { bytes, lines: 0, last: None, before: None, full: false }
    }

    fn push(&mut self, line: &Line, key: K) -> Result<()> {
        if self.last.as_ref() != Some(&key) {
            let last = self.last.replace(key);
            self.before = last.map(|last| (self.bytes.len(), self.lines, last));
        }
        serde_json::to_writer(&mut self.bytes, line)?;
        self.bytes.push(b'\n');
        self.lines += 1;
        Ok(())
    }

    /// Leaves out the rows of the last key, of which a full page may not have all: the next one
    /// has.
    pub(super) fn leave_last_key(&mut self) {
        if let Some((bytes, lines, last)) = self.before.take() {
            self.bytes.truncate(bytes);
            self.lines = lines;
            self.last = Some(last);
        }
    }
}

impl Export<'_> {
    /// Reads as many rows of a statement as are enough, which ends in an order: its limit is told
    /// here.
    pub(super) async fn page<K: PartialEq>(
        &mut self,
        mut sql: Sql<'_>,
        read: impl Fn(&Row<'_>) -> Result<(Line, K)>,
    ) -> Result<Page<K>> {
        // Where nothing is found nothing is sent, which would tell.
        if self.out.is_closed() {
            return Err(given_up());
        }
        let limit = self.pace.limit().rows();
        sql.push(" limit ").bind(i64::try_from(limit)?);
        let mut page = Page::empty();
        self.tx
            .until(sql.text(), sql.args(), |row| {
                if pace::is_enough(page.bytes.len()) {
                    page.full = true;
                    return Ok(ControlFlow::Break(()));
                }
                let (line, key) = read(row)?;
                page.push(&line, key)?;
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        page.full |= page.lines == limit;
        self.pace.had(page.lines, page.bytes.len());
        Ok(page)
    }

    /// Hands a page to whoever writes.
    pub(super) async fn send<K>(&self, page: Page<K>) -> Result<()> {
        let written = (page.bytes, page.lines as u64);
        let sent = match self.tx.engine() {
            // A thread of its own, and a transaction that awaits nothing but its statements.
            Engine::Sqlite => self.out.blocking_send(written),
            Engine::Postgres => self.out.send(written).await,
        };
        sent.map_err(|_| given_up())
    }

    /// Page by page behind one key after the other: `statement` selects what is behind one, in
    /// order.
    pub(super) async fn along<K: PartialEq>(
        &mut self,
        statement: impl for<'k> Fn(Option<&'k K>) -> Sql<'k>,
        read: impl Fn(&Row<'_>) -> Result<(Line, K)>,
    ) -> Result<()> {
        let mut after = None;
        loop {
            let mut page = self.page(statement(after.as_ref()), &read).await?;
            let Some(last) = page.last.take() else { return Ok(()) };
            let full = page.full;
            self.send(page).await?;
            if !full {
                return Ok(());
            }
            after = Some(last);
        }
    }
}
