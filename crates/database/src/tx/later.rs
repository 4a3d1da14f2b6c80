//! Statements whose answer nobody needs by itself.

use types::{Error, Result};

use super::{Inner, Tx, rows_of};
use crate::postgres::Failed;
use crate::{Value, failure};

impl Tx {
    /// Runs a statement that changes rows, at the latest with the next one or with the commit, which
    /// saves a round trip on PostgreSQL: for what nobody has to know the outcome of by itself. There
    /// its failure is the next one's, or the commit's; and inserts into different tables become one
    /// statement, so none may be into a table whose wall looks at rows of another one: it would not
    /// see those that go along.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn run_later(&mut self, sql: &str, args: &[Value<'_>]) -> Result<()> {
        if matches!(self.inner, Inner::Sqlite(_)) {
            return self.run(sql, args).await.map(drop);
        }
        self.say(sql, args, false).await
    }

    /// Inserts a few rows, as [`Tx::insert_each`] does, and as late as [`Tx::run_later`].
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn insert_later(
        &mut self,
        head: &str,
        tail: &str,
        width: usize,
        rows: &[Value<'_>],
    ) -> Result<()> {
        if matches!(self.inner, Inner::Sqlite(_)) {
            return self.insert_each(head, tail, width, rows).await.map(drop);
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.say(&rows_of(head, tail, width, rows.len() / width), rows, false).await
    }

    /// Inserts one row, as `insert` says and as late as [`Tx::run_later`], to which the store gives a
    /// number in its key `column`: [`Tx::last_number`] tells it. SQLite is not asked with `returning`:
    /// an insert that answers and may fail begins with a savepoint of its own, which keeps a copy of
    /// every page it changes.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn insert_numbered(
        &mut self,
        insert: &'static str,
        column: &'static str,
        args: &[Value<'_>],
    ) -> Result<()> {
        if matches!(self.inner, Inner::Sqlite(_)) {
            self.run(insert, args).await?;
            if let Inner::Sqlite(connection) = &self.inner {
                self.number = Some(connection.last_insert_rowid());
            }
            return Ok(());
        }
        self.say(&format!("{insert} returning {column}"), args, true).await
    }

    /// The number of the row that was inserted last by [`Tx::insert_numbered`].
    ///
    /// # Errors
    /// As [`Tx::all`]; internal when there was none.
    pub async fn last_number(&mut self) -> Result<i64> {
        self.settle().await?;
        let number = match &self.inner {
            Inner::Sqlite(_) => self.number,
            Inner::Postgres(session) => session.number(),
        };
        number.ok_or_else(|| Error::internal("no row was given a number"))
    }

    /// Sends what was put off until later.
    pub(super) async fn settle(&mut self) -> Result<()> {
        let Inner::Postgres(session) = &mut self.inner else { return Ok(()) };
        let done = session.settle().await.map_err(|error| {
            let (error, again) = failure::of_postgres(error);
            self.again |= again;
            error
        });
        self.broken |= done.is_err();
        done
    }

    async fn say(&mut self, sql: &str, args: &[Value<'_>], numbered: bool) -> Result<()> {
        let Inner::Postgres(session) = &mut self.inner else {
            return Err(Error::internal("another engine than before"));
        };
        let done = session.say(sql, args, numbered).await.map_err(|failed| match failed {
            Failed::Statement(error) => {
                let (error, again) = failure::of_postgres(error);
                self.again |= again;
                error
            }
            Failed::Argument(error) => Error::internal(error),
        });
        self.wrote = true;
        self.broken |= done.is_err();
        done
    }
}
