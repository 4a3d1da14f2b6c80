//! A transaction, the same to its user on both engines.

mod later;
mod rows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Statement};
use types::{Error, GroupId, Result};

use crate::postgres::Session;
use crate::watch::Watch;
use crate::{Engine, Reach, Row, Value, failure, sqlite};

/// One transaction. Its methods take SQL with `$1 $2 …` and parameters from
/// [`args!`](crate::args); rows are mapped while they are read, never collected first.
pub struct Tx {
    pub(crate) inner: Inner,
    /// A statement failed: PostgreSQL would refuse to commit, so SQLite does too.
    pub(crate) broken: bool,
    /// The failure was a lost race: the whole transaction may be run again.
    pub(crate) again: bool,
    /// A statement that changes rows was run.
    wrote: bool,
    /// Of the last row that was given one, on SQLite.
    number: Option<i64>,
    watch: Arc<Watch>,
    /// Slow statements whose plans are still to be asked for.
    unplanned: Vec<String>,
}

pub(crate) enum Inner {
    Sqlite(Connection),
    Postgres(Box<Session>),
}

impl Tx {
    pub(crate) fn new(inner: Inner, watch: Arc<Watch>) -> Self {
        let unplanned = Vec::new();
        let (broken, again, wrote, number) = (false, false, false, None);
        Self { inner, broken, again, wrote, number, watch, unplanned }
    }

    /// Slow statements whose plans are still to be asked for.
    pub(crate) fn unplanned(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unplanned)
    }

    /// A statement began then and has ended.
    fn ended(&mut self, sql: &str, began: Instant) {
        let before = match &self.inner {
            Inner::Sqlite(_) => Duration::ZERO,
            Inner::Postgres(session) => session.took_before(),
        };
        let took = began.elapsed().saturating_sub(before);
        if self.watch.is_slow(took) {
            self.was_slow(sql, took);
        }
    }

    #[cold]
    fn was_slow(&mut self, sql: &str, took: Duration) {
        self.watch.tell(sql, took);
        if !self.watch.wants_plan(sql) {
            return;
        }
        match &self.inner {
            Inner::Sqlite(connection) => {
                // An insert has no steps.
                if let Ok(steps) = sqlite::plans::steps(connection, sql)
                    && !steps.is_empty()
                {
                    Watch::tell_plan(sql, &steps);
                }
            }
            // Not in this transaction: should it fail, all of it would.
            Inner::Postgres(_) => self.unplanned.push(sql.to_owned()),
        }
    }

    /// Which engine it runs on, for what [`crate::seams`] has words for.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// Whether a statement that changes rows was run.
    #[must_use]
    pub const fn wrote(&self) -> bool {
        self.wrote
    }

    /// Forgets the last transaction, for an engine that reuses its connection.
    pub(crate) fn reset(&mut self) {
        (self.broken, self.again, self.wrote, self.number) = (false, false, false, None);
    }

    /// Every row.
    ///
    /// # Errors
    /// Conflict for a broken constraint, 503/507 when the store cannot serve, internal else.
    pub async fn all<T>(
        &mut self,
        sql: &str,
        args: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.each(sql, args, |row| {
            found.push(map(row)?);
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// The first row, if any.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn maybe<T>(
        &mut self,
        sql: &str,
        args: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut found = None;
        self.each(sql, args, |row| {
            if found.is_none() {
                found = Some(map(row)?);
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// The row that must be there.
    ///
    /// # Errors
    /// As [`Tx::all`]; internal when there is none.
    pub async fn one<T>(
        &mut self,
        sql: &str,
        args: &[Value<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.maybe(sql, args, map)
            .await?
            .ok_or_else(|| Error::internal("a statement that always answers gave no row"))
    }

    /// Runs a statement and tells how many rows it changed.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn run(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64> {
        let began = Instant::now();
        let done = match &mut self.inner {
            Inner::Sqlite(connection) => connection
                .prepare_cached(sql)
                .and_then(|mut statement| {
                    bind(&mut statement, args)?;
                    statement.raw_execute()
                })
                .map(|rows| rows as u64)
                .map_err(failure::of_sqlite),
            Inner::Postgres(session) => session.run(sql, args).await.map_err(|error| {
                let (error, again) = failure::of_postgres(error);
                self.again |= again;
                error
            }),
        };
        self.ended(sql, began);
        self.wrote = true;
        self.broken |= done.is_err();
        done
    }

    /// Inserts `rows`, which hold the values of one row after the other, `width` each, and tells how
    /// many rows it made. `head` ends in `values `; `tail` is what follows the values. What many rows
    /// share is done once: preparing on SQLite; waiting for the server, and starting a statement
    /// there, on PostgreSQL.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn insert_each(
        &mut self,
        head: &str,
        tail: &str,
        width: usize,
        rows: &[Value<'_>],
    ) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        let began = Instant::now();
        let done = match &mut self.inner {
            Inner::Sqlite(connection) => {
                let sql = rows_of(head, tail, width, 1);
                each_sqlite(connection, &sql, rows.chunks(width))
            }
            Inner::Postgres(session) => {
                session.insert_each(head, tail, width, rows).await.map_err(|error| {
                    let (error, again) = failure::of_postgres(error);
                    self.again |= again;
                    error
                })
            }
        };
        let took = began.elapsed();
        if self.watch.is_slow(took) {
            self.was_slow(&rows_of(head, tail, width, 1), took);
        }
        self.wrote = true;
        self.broken |= done.is_err();
        done
    }

    /// Runs `part` so that its failure undoes only what it did: the transaction goes on.
    ///
    /// # Errors
    /// What `part` answers, or the failure to undo it.
    pub async fn nested<T>(&mut self, part: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.is_over() {
            self.broken = true;
            return Err(Error::internal("the transaction is lost"));
        }
        let (before, wrote, reach) = (self.broken, self.wrote, self.reach());
        self.command("savepoint part").await?;
        let mut outcome = part(self).await;
        // What the part put off is its own to fail.
        if outcome.is_ok()
            && let Err(error) = self.settle().await
        {
            outcome = Err(error);
        }
        // A lost race, or a transaction the engine gave up, is not the part's alone.
        if self.again || self.is_over() {
            self.broken = true;
            return outcome.and_then(|_| Err(Error::internal("the transaction is lost")));
        }
        if outcome.is_ok() && self.broken == before {
            self.command("release part").await?;
            return outcome;
        }
        self.undo("rollback to part").await?;
        self.command("release part").await?;
        (self.broken, self.wrote) = (before, wrote);
        // What the server was told of its reach meanwhile is undone as well.
        if let (Inner::Postgres(session), Some(reach)) = (&mut self.inner, reach) {
            session.tell_again(reach);
        }
        outcome.and_then(|_| Err(Error::internal("a part went on after a failed statement")))
    }

    /// Somebody else changed meanwhile what this was about to. Where each statement sees what
    /// others commit the engine does not say so: the whole transaction is run again.
    #[must_use]
    pub fn lost(&mut self, message: &'static str) -> Error {
        (self.broken, self.again) = (true, true);
        Error::overloaded(message)
    }

    /// Whether SQLite rolled the whole transaction back by itself, as it does on a full disk: what
    /// runs now would be in none.
    fn is_over(&self) -> bool {
        matches!(&self.inner, Inner::Sqlite(connection) if connection.is_autocommit())
    }

    /// Reaches into these groups as well, and into all below them: for what the policy allows
    /// somebody who is not in their tree, and for a group that is being made.
    pub fn enter(&mut self, groups: impl IntoIterator<Item = GroupId>) {
        if let Inner::Postgres(session) = &mut self.inner {
            session.widen(groups);
        }
    }

    /// Reaches only into these groups, which the policy allows, and into all below them. Rows of those
    /// that are named cost the wall least: for others it works out the tree, once a statement.
    pub fn reach_only(&mut self, groups: impl IntoIterator<Item = GroupId>) {
        let reach = self.reach().map(|reach| reach.only(groups));
        self.set_reach(reach);
    }

    /// Runs `part` without the wall between tenants, for the few statements that must look across
    /// them: whether a name is free anywhere, whether somebody is in any group still. What they
    /// find is no answer to anybody.
    ///
    /// # Errors
    /// What `part` answers.
    pub async fn beyond<T>(&mut self, part: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let reach = self.reach();
        self.set_reach(Some(Reach::everything()));
        let outcome = part(self).await;
        self.set_reach(reach);
        outcome
    }

    fn reach(&self) -> Option<Reach> {
        match &self.inner {
            Inner::Sqlite(_) => None,
            Inner::Postgres(session) => Some(session.reach().clone()),
        }
    }

    fn set_reach(&mut self, reach: Option<Reach>) {
        if let (Inner::Postgres(session), Some(reach)) = (&mut self.inner, reach) {
            session.set_reach(reach);
        }
    }

    /// As [`Tx::command`], on the way back: what was put off until now is not done at all.
    async fn undo(&mut self, sql: &'static str) -> Result<()> {
        if let Inner::Postgres(session) = &mut self.inner {
            session.forget();
        }
        self.command(sql).await
    }

    /// A statement about the transaction itself.
    async fn command(&mut self, sql: &'static str) -> Result<()> {
        let done = match &mut self.inner {
            Inner::Sqlite(connection) => connection
                .prepare_cached(sql)
                .and_then(|mut statement| statement.raw_execute())
                .map(|_| ())
                .map_err(failure::of_sqlite),
            Inner::Postgres(session) => session.command(sql).await.map_err(|error| {
                let (error, again) = failure::of_postgres(error);
                self.again |= again;
                error
            }),
        };
        self.broken |= done.is_err();
        done
    }

    /// Several statements without parameters: migrations and seams only.
    pub(crate) async fn script(&mut self, sql: &str) -> Result<()> {
        let done = match &mut self.inner {
            Inner::Sqlite(connection) => connection.execute_batch(sql).map_err(failure::of_sqlite),
            Inner::Postgres(session) => session.script(sql).await.map_err(|error| {
                let (error, again) = failure::of_postgres(error);
                self.again |= again;
                error
            }),
        };
        self.broken |= done.is_err();
        done
    }
}

/// An insert of `count` rows.
pub(crate) fn rows_of(head: &str, tail: &str, width: usize, count: usize) -> String {
    let mut sql = String::with_capacity(head.len() + tail.len() + count * width * 7);
    sql.push_str(head);
    for place in 0..count * width {
        sql.push_str(match (place, place % width) {
            (0, _) => "($",
            (_, 0) => "), ($",
            _ => ", $",
        });
        sql.push_str(&(place + 1).to_string());
    }
    sql.push(')');
    sql.push_str(tail);
    sql
}

fn each_sqlite<'a>(
    connection: &Connection,
    sql: &str,
    runs: impl Iterator<Item = &'a [Value<'a>]>,
) -> Result<u64> {
    let mut statement = connection.prepare_cached(sql).map_err(failure::of_sqlite)?;
    let places: Vec<usize> =
        (1..=statement.parameter_count()).map(|index| place(&statement, index)).collect();
    let mut changed = 0;
    for args in runs {
        for (index, place) in (1..).zip(&places) {
            bind_one(&mut statement, index, args, *place).map_err(failure::of_sqlite)?;
        }
        changed += statement.raw_execute().map_err(failure::of_sqlite)? as u64;
    }
    Ok(changed)
}

fn bind(statement: &mut Statement<'_>, args: &[Value<'_>]) -> rusqlite::Result<()> {
    for index in 1..=statement.parameter_count() {
        let place = place(statement, index);
        bind_one(statement, index, args, place)?;
    }
    Ok(())
}

/// To SQLite `$2` is a name, not a number: it counts parameters in the order in which they first
/// appear. Binding by name makes `$2` the second parameter, as it is on PostgreSQL. A name that is
/// no number has no place among the arguments.
fn place(statement: &Statement<'_>, index: usize) -> usize {
    statement
        .parameter_name(index)
        .and_then(|name| name.get(1..)?.parse::<usize>().ok()?.checked_sub(1))
        .unwrap_or(usize::MAX)
}

fn bind_one(
    statement: &mut Statement<'_>,
    index: usize,
    args: &[Value<'_>],
    place: usize,
) -> rusqlite::Result<()> {
    let value = args.get(place).ok_or_else(|| {
        rusqlite::Error::InvalidParameterCount(args.len(), statement.parameter_count())
    })?;
    statement.raw_bind_parameter(index, value)
}
