//! One transaction on one connection.

use std::borrow::Cow;

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::seats::Seat;
use crate::Value;
use crate::tx::rows_of;

/// Rows of one insert.
const TOGETHER: usize = 128;

const READ: &str = "begin isolation level repeatable read read only";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    /// The same, each statement for so many milliseconds at most.
    Bounded(u32),
    Write,
    /// Rows of a queue are handed out: held by locks, so nobody watches what was read.
    HandOut,
    /// A step of the schema: it waits for a lock first and must then see what others committed
    /// meanwhile, which a snapshot taken before the wait would hide.
    Alter,
}

impl Mode {
    /// Whether it only looks.
    pub(crate) const fn is_reading(self) -> bool {
        matches!(self, Self::Read | Self::Bounded(_))
    }

    fn begin(self) -> Cow<'static, str> {
        let begin = match self {
            // Serializable, because rules read before they write and SQLite's single writer
            // gives them the same guarantee.
            Self::Write => "begin isolation level serializable",
            Self::Alter | Self::HandOut => "begin isolation level read committed",
            Self::Read => READ,
            Self::Bounded(ms) => {
                return format!("{READ}; set local statement_timeout = {ms}").into();
            }
        };
        begin.into()
    }
}

pub(crate) struct Session {
    client: Object,
    mode: Mode,
    begun: bool,
    /// The doors this transaction is behind, in order.
    doors: Vec<i64>,
    /// One it asks for.
    asked: Option<i64>,
    /// What only this transaction of the process has, if it may write.
    seat: Option<Seat>,
}

impl Session {
    pub(crate) fn new(client: Object, mode: Mode, seat: Option<Seat>) -> Self {
        Self { client, mode, begun: false, doors: Vec::new(), asked: None, seat }
    }

    /// The number that no other open transaction of this process has.
    pub(crate) fn seat(&self) -> u8 {
        self.seat.as_ref().map_or(0, Seat::number)
    }

    /// Waits until this connection alone is behind each of `doors`, before it begins anything.
    /// They are in order everywhere, so that no two wait for each other.
    pub(crate) async fn enter(&mut self, doors: &[i64]) -> Result<(), Error> {
        for door in doors {
            let statement = self.client.prepare_cached("select pg_advisory_lock($1)").await?;
            self.doors.push(*door);
            self.client.execute(&statement, &[door]).await?;
        }
        Ok(())
    }

    pub(crate) fn is_behind(&self, door: i64) -> bool {
        self.doors.contains(&door)
    }

    /// How many doors this transaction is behind.
    pub(crate) fn doors(&self) -> usize {
        self.doors.len()
    }

    pub(crate) fn ask_for(&mut self, door: i64) {
        self.asked = Some(door);
    }

    /// The door this transaction has to be behind when it is run again.
    pub(crate) fn asked(&self) -> Option<i64> {
        self.asked
    }

    pub(crate) async fn all(&mut self, sql: &str, args: &[Value<'_>]) -> Result<Vec<Row>, Error> {
        let statement = self.client.prepare_cached(sql).await?;
        let args = dynamic(args);
        let begun = std::mem::replace(&mut self.begun, true);
        self.after_begin(begun, self.client.query(&statement, &args)).await
    }

    pub(crate) async fn run(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64, Error> {
        let statement = self.client.prepare_cached(sql).await?;
        let args = dynamic(args);
        let begun = std::mem::replace(&mut self.begun, true);
        self.after_begin(begun, self.client.execute(&statement, &args)).await
    }

    /// Many rows in a few statements: all of them are on the wire before the first answer is waited
    /// for. They have one of few lengths, so that few statements have to be prepared.
    pub(crate) async fn insert_each(
        &mut self,
        head: &str,
        tail: &str,
        width: usize,
        mut rows: &[Value<'_>],
    ) -> Result<u64, Error> {
        let mut parts = Vec::new();
        while !rows.is_empty() {
            let left = rows.len() / width;
            let count = if left >= TOGETHER { TOGETHER } else { 1 << left.ilog2() };
            let (part, rest) = rows.split_at(count * width);
            let statement = self.client.prepare_cached(&rows_of(head, tail, width, count)).await?;
            parts.push((statement, dynamic(part)));
            rows = rest;
        }
        let begun = std::mem::replace(&mut self.begun, true);
        let client = &self.client;
        let runs = parts.iter().map(|(statement, args)| client.execute(statement, args));
        let changed = self.after_begin(begun, futures_util::future::try_join_all(runs)).await?;
        Ok(changed.into_iter().sum())
    }

    pub(crate) async fn script(&mut self, sql: &str) -> Result<(), Error> {
        let begun = std::mem::replace(&mut self.begun, true);
        self.after_begin(begun, self.client.batch_execute(sql)).await
    }

    /// Opens the transaction in the same round trip as its first statement.
    async fn after_begin<T>(
        &self,
        begun: bool,
        statement: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        if begun {
            return statement.await;
        }
        // `join` polls in order, so `begin` is on the wire first.
        let begin = self.mode.begin();
        let begin = self.client.batch_execute(&begin);
        let (begun, answer) = futures_util::future::join(begin, statement).await;
        begun?;
        answer
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        let done = if self.begun { self.client.batch_execute("commit").await } else { Ok(()) };
        self.leave().await;
        done
    }

    /// Ends the transaction without keeping anything. A connection that cannot even do that is
    /// not given back to the pool.
    pub(crate) async fn abandon(self) {
        if self.begun && self.client.batch_execute("rollback").await.is_err() {
            drop(Object::take(self.client));
        } else {
            self.leave().await;
        }
    }

    /// Opens every door again. A connection that cannot is closed, which opens them too.
    async fn leave(self) {
        let doors = "select pg_advisory_unlock_all()";
        if !self.doors.is_empty() && self.client.batch_execute(doors).await.is_err() {
            drop(Object::take(self.client));
        }
    }
}

fn dynamic<'a>(args: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect()
}
