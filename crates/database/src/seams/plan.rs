//! How an engine is going to run a statement, and what of it matters to whoever writes one.

use serde_json::{Value, json};
use types::{Json, Result};

use crate::{Engine, Sql, Tx};

/// Whether what no index has in order is sorted with all that is asked for of it, in the memory of
/// this process: where rows may be large, a statement sorts their keys and reads the rows along these.
#[must_use]
pub const fn sorts_whole_rows(engine: Engine) -> bool {
    matches!(engine, Engine::Sqlite)
}

/// The plan of a statement that reads, in the words of the engine: SQLite's steps, or PostgreSQL's
/// tree. The statement is not run.
///
/// # Errors
/// As [`Tx::all`].
pub async fn of(tx: &mut Tx, sql: &Sql<'_>) -> Result<Json> {
    let engine = tx.engine();
    let steps = match engine {
        Engine::Sqlite => {
            let text = format!("explain query plan {}", sql.text());
            let steps = tx.all(&text, sql.args(), |row| row.get::<String>(3)).await?;
            json!(steps)
        }
        Engine::Postgres => {
            let text = format!("explain (format json) {}", sql.text());
            let plan: Json = tx.one(&text, sql.args(), |row| row.get(0)).await?;
            serde_json::from_str::<Value>(plan.as_str())?
        }
    };
    Ok(Json::of(&json!({ "engine": engine.name(), "steps": steps }))?)
}
