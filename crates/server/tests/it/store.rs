//! The store behind the server's back; while it is stopped, or where it may be mistaken.

use crate::stage::Stage;

/// Runs a statement.
pub(crate) async fn run(stage: &Stage, statement: &str) {
    match stage.server.database() {
        None => open(stage).execute_batch(statement).expect("it runs"),
        Some(database) => database.run(statement).await,
    }
}

/// How many rows a table has.
pub(crate) async fn count(stage: &Stage, table: &str) -> i64 {
    number(stage, &format!("select count(*) from {table}")).await
}

/// What a query gives: one number.
pub(crate) async fn number(stage: &Stage, query: &str) -> i64 {
    match stage.server.database() {
        None => open(stage).query_row(query, [], |row| row.get(0)).expect("a number"),
        Some(database) => {
            let found =
                database.all("everything", &format!("select cast(({query}) as text)")).await;
            found[0].parse().expect("a number")
        }
    }
}

fn open(stage: &Stage) -> rusqlite::Connection {
    let file = stage.server.data_dir().join("sixfold.db");
    rusqlite::Connection::open(file).expect("the store")
}
