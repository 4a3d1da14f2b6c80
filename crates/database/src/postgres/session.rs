//! One transaction on one connection.

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use crate::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
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
            Self::Alter => "begin isolation level read committed",
            Self::Read => "begin isolation level repeatable read read only",
        }
    }
}

pub(crate) struct Session {
    client: Object,
    mode: Mode,
    begun: bool,
}

impl Session {
    pub(crate) fn new(client: Object, mode: Mode) -> Self {
        Self { client, mode, begun: false }
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
        if self.begun { self.client.batch_execute("commit").await } else { Ok(()) }
    }

    /// Ends the transaction without keeping anything. A connection that cannot even do that is
    /// not given back to the pool.
    pub(crate) async fn abandon(self) {
        if self.begun && self.client.batch_execute("rollback").await.is_err() {
            drop(Object::take(self.client));
        }
    }
}

fn dynamic<'a>(args: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect()
}
