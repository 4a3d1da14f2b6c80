//! One transaction on one connection.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::future::join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, RowStream};
use types::GroupId;

use super::said::{self, Failed, Said};
use super::seats::Seat;
use crate::tx::rows_of;
use crate::watch::Watch;
use crate::{Reach, Value};

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
    reach: Reach,
    /// The server does not know `reach` yet.
    untold: bool,
    /// The doors this transaction is behind, in order.
    doors: Vec<i64>,
    /// One it asks for.
    asked: Option<i64>,
    /// What only this transaction of the process has, if it may write.
    seat: Option<Seat>,
    /// What goes with the next statement.
    said: Vec<Said>,
    /// The last that was told by a statement among these.
    number: Option<i64>,
    /// How long those took that went with the last statement.
    took: Duration,
    watch: Arc<Watch>,
}

impl Session {
    pub(crate) fn new(
        client: Object,
        mode: Mode,
        reach: Reach,
        seat: Option<Seat>,
        watch: Arc<Watch>,
    ) -> Self {
        Self {
            client,
            mode,
            begun: false,
            reach,
            untold: true,
            doors: Vec::new(),
            asked: None,
            seat,
            said: Vec::new(),
            number: None,
            took: Duration::ZERO,
            watch,
        }
    }

    /// The number that no other open transaction of this process has.
    pub(crate) fn seat(&self) -> u8 {
        self.seat.as_ref().map_or(0, Seat::number)
    }

    pub(crate) const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Reaches this far from the next statement on, which takes the news along.
    pub(crate) fn set_reach(&mut self, reach: Reach) {
        self.untold |= self.reach != reach;
        self.reach = reach;
    }

    /// The same when the server may have forgotten what it was told.
    pub(crate) fn tell_again(&mut self, reach: Reach) {
        self.untold = true;
        self.reach = reach;
    }

    pub(crate) fn widen(&mut self, groups: impl IntoIterator<Item = GroupId>) {
        self.untold |= self.reach.widen(groups);
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
        let before = self.before();
        self.send(before, async |client| client.query(&statement, &args).await).await
    }

    /// The same rows one by one, as whoever reads them takes them. Those that nobody takes are read
    /// past before the next statement is answered.
    pub(crate) async fn stream(
        &mut self,
        sql: &str,
        args: &[Value<'_>],
    ) -> Result<RowStream, Error> {
        let statement = self.client.prepare_cached(sql).await?;
        let before = self.before();
        let args = dynamic(args);
        self.send(before, async |client| client.query_raw(&statement, args.iter().copied()).await)
            .await
    }

    pub(crate) async fn run(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64, Error> {
        let statement = self.client.prepare_cached(sql).await?;
        let args = dynamic(args);
        let before = self.before();
        self.send(before, async |client| client.execute(&statement, &args).await).await
    }

    /// Says a statement that goes with the next one, or with the commit, and fails as that does;
    /// it is held to what this transaction reaches now. Of one that is `numbered`,
    /// [`Session::number`] tells the answer.
    pub(crate) async fn say(
        &mut self,
        sql: &str,
        args: &[Value<'_>],
        numbered: bool,
    ) -> Result<(), Failed> {
        if self.said.len() == said::MOST {
            self.settle().await?;
        }
        let statement = self.client.prepare_cached(sql).await?;
        let before = self.before();
        self.said.push(Said::new(before, (statement, sql), args, numbered)?);
        Ok(())
    }

    /// Sends what was said.
    pub(crate) async fn settle(&mut self) -> Result<(), Error> {
        let said = said::joined(std::mem::take(&mut self.said), &self.client).await?;
        let (number, _) = said::send(&said, &self.client, &self.watch).await?;
        self.number = number.or(self.number);
        Ok(())
    }

    /// How long those took that went with the last statement, which waited for them.
    pub(crate) const fn took_before(&self) -> Duration {
        self.took
    }

    /// The last number that was told.
    pub(crate) const fn number(&self) -> Option<i64> {
        self.number
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
        let before = self.before();
        let changed = self.send(before, async |client| {
            let runs = parts.iter().map(|(statement, args)| client.execute(statement, args));
            futures_util::future::try_join_all(runs).await
        });
        Ok(changed.await?.into_iter().sum())
    }

    pub(crate) async fn script(&mut self, sql: &str) -> Result<(), Error> {
        let before = self.before();
        self.send(before, async |client| client.batch_execute(sql).await).await
    }

    /// A statement about the transaction itself. It takes no news along: in a transaction that
    /// failed, the server would hear nothing but the way back.
    pub(crate) async fn command(&mut self, sql: &str) -> Result<(), Error> {
        let begun = std::mem::replace(&mut self.begun, true);
        let begin = (!begun).then(|| self.mode.begin().into_owned());
        self.send(begin, async |client| client.batch_execute(sql).await).await
    }

    /// Forgets what was said and not sent.
    pub(crate) fn forget(&mut self) {
        self.said.clear();
    }

    /// What the server has to hear before the next statement.
    fn before(&mut self) -> Option<String> {
        let begun = std::mem::replace(&mut self.begun, true);
        let told = !std::mem::replace(&mut self.untold, false);
        match (begun, told) {
            (true, true) => None,
            (true, false) => Some(self.reach.declaration()),
            // What `begin` is told, it is told in full: the first statement is always untold.
            (false, _) => Some(format!("{}; {}", self.mode.begin(), self.reach.declaration())),
        }
    }

    /// Sends what was said, `before` and the statement in one round trip. What fails first is told.
    async fn send<T>(
        &mut self,
        before: Option<String>,
        statement: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let said = said::joined(std::mem::take(&mut self.said), &self.client).await?;
        let client: &Client = &self.client;
        let statement = said::with(client, before.as_deref(), statement(client));
        if said.is_empty() {
            self.took = Duration::ZERO;
            return statement.await;
        }
        let (sent, answer) = join(said::send(&said, client, &self.watch), statement).await;
        let (number, took) = sent?;
        self.number = number.or(self.number);
        self.took = took;
        answer
    }

    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        // Where something that was said fails, the server takes the commit for the way back.
        let done = if self.begun { self.command("commit").await } else { Ok(()) };
        // What failed before the commit was on the wire left the transaction open.
        if done.is_err() {
            self.abandon().await;
        } else {
            self.leave().await;
        }
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
