//! What time it is where the store is.

use types::{Result, Time};

use crate::{Engine, Tx};

/// The time by the clock of the database server; none on SQLite, which is on this machine.
///
/// # Errors
/// As [`Tx::all`].
pub async fn of_server(tx: &mut Tx) -> Result<Option<Time>> {
    if tx.engine() == Engine::Sqlite {
        return Ok(None);
    }
    let sql = "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";
    tx.one(sql, &[], |row| row.get(0)).await.map(|micros| Some(Time::from_micros(micros)))
}
