//! One transaction on one connection.

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use crate::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
    /// Rows of a queue are handed out: held by locks, so nobody watches what was read.
    HandOut,
    /// A step of the schema: it waits for a lock first and must then see what others committed
    /// meanwhile, which a snapshot taken before the wait would hide.
    Alter,
}

impl Mode {
    fn begin(self) -> &'static str {
        match self {
            // Serializable, because rules read before they write and SQLite's single writer
            // gives them the same guarantee.
            Self::Write => "begin isolation level serializable",
            Self::Alter | Self::HandOut => "begin isolation level read committed",
            Self::Read => "begin isolation level repeatable read read only",
        }
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
}

impl Session {
    pub(crate) fn new(client: Object, mode: Mode) -> Self {
        Self { client, mode, begun: false, doors: Vec::new(), asked: None }
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

    /// One statement many times: all of them are on the wire before the first answer is waited for.
    pub(crate) async fn run_each<'a>(
        &mut self,
        sql: &str,
        runs: impl Iterator<Item = &'a [Value<'a>]>,
    ) -> Result<u64, Error> {
        let statement = self.client.prepare_cached(sql).await?;
        let all: Vec<_> = runs.map(dynamic).collect();
        let begun = std::mem::replace(&mut self.begun, true);
        let (client, statement) = (&self.client, &statement);
        let runs = all.iter().map(|args| client.execute(statement, args));
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
        let begin = self.client.batch_execute(self.mode.begin());
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
