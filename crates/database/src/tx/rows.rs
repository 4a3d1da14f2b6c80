//! How the rows of an answer are walked through: all of them, or one by one until there are enough.

use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Instant;

use futures_util::TryStreamExt as _;
use rusqlite::Connection;
use types::{Error, Result};

use super::{Inner, Tx, bind};
use crate::postgres::Session;
use crate::row::Inner as RowInner;
use crate::{Row, Value, failure};

impl Tx {
    /// Looks at row by row until `visit` breaks off. No more of the answer is in memory than the row
    /// that is looked at, however large the others are. PostgreSQL sends those behind it all the
    /// same, so the statement should be bounded as well.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn until(
        &mut self,
        sql: &str,
        args: &[Value<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let began = Instant::now();
        let done = match &mut self.inner {
            Inner::Sqlite(connection) => visit_sqlite(connection, sql, args, &mut visit),
            Inner::Postgres(session) => {
                visit_postgres(session, sql, args, &mut visit).await.map_err(|(error, again)| {
                    self.again |= again;
                    error
                })
            }
        };
        self.walked(sql, began, &done);
        done
    }

    pub(super) async fn each(
        &mut self,
        sql: &str,
        args: &[Value<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let began = Instant::now();
        let done = match &mut self.inner {
            Inner::Sqlite(connection) => {
                let mut on = |row: &Row<'_>| visit(row).map(ControlFlow::Continue);
                visit_sqlite(connection, sql, args, &mut on)
            }
            Inner::Postgres(session) => match session.all(sql, args).await {
                Ok(rows) => rows.iter().try_for_each(|row| visit(&Row(RowInner::Postgres(row)))),
                Err(error) => {
                    let (error, again) = failure::of_postgres(error);
                    self.again |= again;
                    Err(error)
                }
            },
        };
        self.walked(sql, began, &done);
        done
    }

    /// A statement that answers with rows has ended.
    fn walked(&mut self, sql: &str, began: Instant, done: &Result<()>) {
        self.ended(sql, began);
        self.wrote |= !sql.starts_with("select") && !sql.starts_with("with");
        self.broken |= done.is_err();
    }
}

fn visit_sqlite(
    connection: &Connection,
    sql: &str,
    args: &[Value<'_>],
    visit: &mut impl FnMut(&Row<'_>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(sql).map_err(failure::of_sqlite)?;
    bind(&mut statement, args).map_err(failure::of_sqlite)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(failure::of_sqlite)? {
        if visit(&Row(RowInner::Sqlite(row)))?.is_break() {
            break;
        }
    }
    Ok(())
}

/// An error comes with whether the whole transaction may be run again.
async fn visit_postgres(
    session: &mut Session,
    sql: &str,
    args: &[Value<'_>],
    visit: &mut impl FnMut(&Row<'_>) -> Result<ControlFlow<()>>,
) -> Result<(), (Error, bool)> {
    let rows = session.stream(sql, args).await.map_err(failure::of_postgres)?;
    let mut rows = pin!(rows);
    while let Some(row) = rows.try_next().await.map_err(failure::of_postgres)? {
        let next = visit(&Row(RowInner::Postgres(&row))).map_err(|error| (error, false))?;
        if next.is_break() {
            break;
        }
    }
    Ok(())
}
