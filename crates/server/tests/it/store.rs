//! The store behind the server's back; while it is stopped.

use crate::stage::Stage;

/// Runs a statement.
pub(crate) async fn run(stage: &Stage, statement: &str) {
    match stage.server.database() {
        None => open(stage).execute_batch(statement).expect("it runs"),
        Some(database) => {
            let (client, connection) =
                tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.expect("it");
            let connection = tokio::spawn(connection);
            client.batch_execute(statement).await.expect("it runs");
            drop(client);
            let _ = connection.await;
        }
    }
}

/// How many rows a table has.
pub(crate) async fn count(stage: &Stage, table: &str) -> i64 {
    let query = format!("select count(*) from {table}");
    match stage.server.database() {
        None => open(stage).query_row(&query, [], |row| row.get(0)).expect("a number"),
        Some(database) => {
            let (client, connection) =
                tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.expect("it");
            let connection = tokio::spawn(connection);
            let row = client.query_one(&query, &[]).await.expect("a number");
            drop(client);
            let _ = connection.await;
            row.get(0)
        }
    }
}

fn open(stage: &Stage) -> rusqlite::Connection {
    let file = stage.server.data_dir().join("sixfold.db");
    rusqlite::Connection::open(file).expect("the store")
}
