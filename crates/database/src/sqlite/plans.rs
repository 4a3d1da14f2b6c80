//! Plans of statements, for the log of slow ones.

use rusqlite::Connection;

/// How SQLite runs a statement, in its words; nothing is bound, so nothing of it is in there.
pub(crate) fn steps(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("explain query plan {sql}"))?;
    // As it is: a parameter that is not bound is null, and no mistake.
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push(row.get(3)?);
    }
    Ok(steps)
}
