//! What an operator wants to know of a store while it works.

use types::Result;

use crate::{Engine, Tx};

/// How much a store has to do at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Changes that wait for the writer; on PostgreSQL transactions that wait for a thread.
    pub waiting: usize,
    /// How many may wait; one more is refused.
    pub places: usize,
    /// Connections that are open: for reading on SQLite, to the server on PostgreSQL.
    pub connections: usize,
    /// Of them, those in use.
    pub in_use: usize,
}

/// How much room a store takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of the database.
    pub data: u64,
    /// Bytes of the write-ahead log beside it. SQLite only.
    pub log: u64,
}

impl Sizes {
    pub(crate) async fn of(tx: &mut Tx, log: u64) -> Result<Self> {
        let sql = match tx.engine() {
            // With what stands in the log alone; the file may be behind.
            Engine::Sqlite => {
                "select page_count * page_size from pragma_page_count, pragma_page_size"
            }
            Engine::Postgres => "select pg_database_size(current_database())",
        };
        let bytes: i64 = tx.one(sql, &[], |row| row.get(0)).await?;
        Ok(Self { data: u64::try_from(bytes)?, log })
    }
}
