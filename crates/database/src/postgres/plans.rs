//! How the server runs statements that were slow: asked outside of their transactions, and without
//! what they were given.

use deadpool_postgres::Pool;
use tokio_postgres::SimpleQueryMessage;

use crate::watch::Watch;

/// Asks once a connection is free.
pub(super) fn tell_later(pool: &Pool, statements: Vec<String>) {
    if statements.is_empty() {
        return;
    }
    let pool = pool.clone();
    tokio::task::spawn_local(async move {
        let Ok(client) = pool.get().await else { return };
        for statement in statements {
            match client.simple_query(&question(&statement)).await {
                Ok(answer) => Watch::tell_plan(&statement, &steps(&answer)),
                Err(error) => {
                    tracing::debug!(code = ?error.code(), "a plan was not told");
                    // It may have come as far as that.
                    let _ = client.batch_execute("deallocate slow_statement").await;
                }
            }
        }
    });
}

/// The plan for any values, as the server keeps it for statements that are prepared.
fn question(statement: &str) -> String {
    let values = vec!["null"; parameters(statement)].join(", ");
    let values = if values.is_empty() { values } else { format!("({values})") };
    format!(
        "set plan_cache_mode = force_generic_plan; prepare slow_statement as {statement}; \
         explain (costs off) execute slow_statement{values}; \
         deallocate slow_statement; reset plan_cache_mode"
    )
}

/// The highest number of a parameter.
fn parameters(statement: &str) -> usize {
    let numbers = statement.split('$').skip(1).filter_map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse().ok()
    });
    numbers.max().unwrap_or(0)
}

fn steps(answer: &[SimpleQueryMessage]) -> Vec<String> {
    let rows = answer.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    rows.map(|line| line.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_asked_for_without_values() {
        assert_eq!(parameters("select 1"), 0);
        assert_eq!(parameters("select $2, $10 where $1"), 10);
        assert!(question("select $1, $2").contains("execute slow_statement(null, null);"));
        assert!(question("select 1").contains("execute slow_statement;"));
    }
}
