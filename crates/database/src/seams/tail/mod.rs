//! Reading the event log in commit order, without missing a late commit.
//!
//! SQLite commits one at a time, so `seq` is the commit order. PostgreSQL hands out `seq` before
//! commit: a transaction that took 7 may commit after one that took 8, and a reader at 8 would
//! never see 7. There the position is (transaction id, seq), and only transactions older than
//! every running one are read.

mod postgres;
mod sqlite;

use types::{Result, Time};

use crate::{Engine, Row, Sql, Tx, Value};

/// A position in commit order; everything at or before it has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Transaction id on PostgreSQL, 0 on SQLite.
    pub xid: i64,
    /// The event's `seq`.
    pub seq: i64,
}

/// Up to `limit` events after `position`, in commit order. `columns` is a literal column list
/// over the alias `o`; the mapped row starts with them.
///
/// # Errors
/// As [`Tx::all`].
pub async fn after<T>(
    tx: &mut Tx,
    columns: &'static str,
    width: usize,
    position: Position,
    limit: i64,
    mut map: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<(Position, T)>> {
    let sql = match tx.engine() {
        Engine::Sqlite => sqlite::after(columns, ""),
        Engine::Postgres => postgres::after(columns, ""),
    };
    tx.all(&sql, crate::args![position.xid, position.seq, limit], |row| {
        let at = Position { xid: row.get(width)?, seq: row.get(width + 1)? };
        Ok((at, map(row)?))
    })
    .await
}

/// The same of the events in whose `column` there is `value`: a slice of the log, along the index
/// that the column has with `seq`.
///
/// # Errors
/// As [`Tx::all`].
pub async fn slice<T>(
    tx: &mut Tx,
    columns: &'static str,
    width: usize,
    (column, value): (&'static str, Value<'_>),
    position: Position,
    limit: i64,
    mut map: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<(Position, T)>> {
    let condition = format!(" and {column} = $4");
    let sql = match tx.engine() {
        Engine::Sqlite => sqlite::after(columns, &condition),
        Engine::Postgres => postgres::after(columns, &condition),
    };
    let args = crate::args![position.xid, position.seq, limit, value];
    tx.all(&sql, args, |row| {
        let at = Position { xid: row.get(width)?, seq: row.get(width + 1)? };
        Ok((at, map(row)?))
    })
    .await
}

/// Where the log ends now: a reader that starts here sees only what commits later.
///
/// # Errors
/// As [`Tx::one`].
pub async fn end(tx: &mut Tx) -> Result<Position> {
    let sql = match tx.engine() {
        Engine::Sqlite => sqlite::END,
        Engine::Postgres => postgres::END,
    };
    tx.one(sql, &[], |row| Ok(Position { xid: row.get(0)?, seq: row.get(1)? })).await
}

/// Where the last event stands that can be read now; none in an empty log. Unlike [`end`] it is a
/// place that a reader comes to.
///
/// # Errors
/// As [`Tx::maybe`].
pub async fn last(tx: &mut Tx) -> Result<Option<Position>> {
    let sql = match tx.engine() {
        Engine::Sqlite => sqlite::LAST,
        Engine::Postgres => postgres::LAST,
    };
    tx.maybe(sql, &[], |row| Ok(Position { xid: row.get(0)?, seq: row.get(1)? })).await
}

/// How far the slowest of all readers that keep their place in the store has come; none before
/// any has begun.
///
/// # Errors
/// As [`Tx::maybe`].
pub async fn slowest(tx: &mut Tx) -> Result<Option<Position>> {
    tx.maybe("select xid, seq from cursors order by xid, seq limit 1", &[], |row| {
        Ok(Position { xid: row.get(0)?, seq: row.get(1)? })
    })
    .await
}

/// One of the readers that keep their place in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Its name.
    pub name: String,
    /// How far it has come.
    pub at: Position,
    /// When it last moved on.
    pub moved_at: Time,
}

/// All of them.
///
/// # Errors
/// As [`Tx::all`].
pub async fn readers(tx: &mut Tx) -> Result<Vec<Reader>> {
    tx.all("select name, xid, seq, updated_at from cursors order by name", &[], |row| {
        let at = Position { xid: row.get(1)?, seq: row.get(2)? };
        Ok(Reader { name: row.get(0)?, at, moved_at: row.get(3)? })
    })
    .await
}

/// How many events there are after a position, counted up to `most`: also those that a transaction
/// which does not end keeps from being read.
///
/// # Errors
/// As [`Tx::one`].
pub async fn waiting(tx: &mut Tx, position: Position, most: i64) -> Result<i64> {
    let waiting = match tx.engine() {
        Engine::Sqlite => sqlite::after("1", ""),
        Engine::Postgres => postgres::there("1"),
    };
    let sql = format!("select count(*) from ({waiting}) w");
    tx.one(&sql, crate::args![position.xid, position.seq, most], |row| row.get(0)).await
}

/// When the first event after a position happened, whether it can be read yet or not.
///
/// # Errors
/// As [`Tx::maybe`].
pub async fn first_waiting(tx: &mut Tx, position: Position) -> Result<Option<Time>> {
    let sql = match tx.engine() {
        Engine::Sqlite => sqlite::after("o.occurred_at", ""),
        Engine::Postgres => postgres::there("o.occurred_at"),
    };
    tx.maybe(&sql, crate::args![position.xid, position.seq, 1_i64], |row| row.get(0)).await
}

/// Appends ` and …` for the events of alias `o` at or before a position.
pub fn up_to(tx: &Tx, sql: &mut Sql<'_>, position: Position) {
    match tx.engine() {
        Engine::Sqlite => sql.push(" and o.seq <= ").bind(position.seq),
        Engine::Postgres => {
            sql.push(" and (o.xid, o.seq) <= (").bind(position.xid);
            sql.push(", ").bind(position.seq).push(")")
        }
    };
}

/// Makes the log readable again after it moved to another server; nothing to do elsewhere.
///
/// # Errors
/// As [`Tx::run`].
pub(crate) async fn adopt(tx: &mut Tx) -> Result<()> {
    match tx.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => {
            // It takes as long as it takes.
            tx.script("set local statement_timeout = 0").await?;
            tx.script(postgres::ADOPT).await
        }
    }
}
