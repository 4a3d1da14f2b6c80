//! Every table of the schema, and what becomes of it when somebody is erased: a step that adds a
//! table and forgets to say so fails here. And a look into every cell of all of them.

use crate::engines::Engine;
use crate::stage::Stage;

/// What becomes of the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// They go with another row that they refer to.
    Cascade,
    /// A statement removes those that are about the person, or of a group of theirs alone.
    Statement,
    /// They name the person by an id at most.
    Id,
    /// They hold nothing of a person.
    Nothing,
}

use Fate::{Cascade, Id, Nothing, Statement};

const TABLES: &[(&str, Fate)] = &[
    ("api_keys", Statement),
    ("audit_checkpoints", Nothing),
    ("audit_deletions", Nothing),
    ("audit_keys", Nothing),
    ("audit_tiles", Nothing),
    ("backup_codes", Cascade),
    ("challenges", Statement),
    ("connections", Statement),
    ("credentials", Cascade),
    ("cursors", Nothing),
    ("erasures", Id),
    ("event_horizons", Nothing),
    ("event_leaves", Statement),
    ("events", Statement),
    ("group_ancestors", Cascade),
    ("group_roles", Cascade),
    ("groups", Statement),
    ("idempotency_keys", Statement),
    ("import_errors", Cascade),
    ("import_labels", Cascade),
    ("import_people", Statement),
    ("import_runs", Statement),
    ("imports", Nothing),
    ("invitations", Statement),
    ("job_queues", Nothing),
    ("job_schedules", Nothing),
    ("jobs", Statement),
    ("join_requests", Statement),
    ("knowledge", Statement),
    ("live_receipts", Statement),
    ("live_sent", Statement),
    ("mails", Statement),
    ("memberships", Statement),
    ("migrations", Nothing),
    ("notification_choices", Statement),
    ("notification_runs", Cascade),
    ("notifications", Statement),
    ("onboarding", Statement),
    ("once", Nothing),
    ("passkeys", Cascade),
    // The record without a name.
    ("people", Id),
    ("receiver_messages", Cascade),
    // Of groups of others: who set them up last.
    ("receivers", Id),
    ("registered_types", Statement),
    ("removed_groups", Statement),
    ("removed_things", Id),
    ("search_documents", Statement),
    ("second_factor_failures", Cascade),
    ("sessions", Cascade),
    ("signing_keys", Nothing),
    ("spent_refresh_tokens", Cascade),
    ("thing_keys", Cascade),
    ("thing_knowledge", Cascade),
    ("thing_revisions", Cascade),
    ("thing_values", Cascade),
    ("things", Statement),
    ("trusted_devices", Cascade),
    ("two_factors", Cascade),
    ("type_versions", Statement),
    ("usage_counters", Cascade),
    ("usage_cuts", Cascade),
    ("users", Statement),
    ("vault_keys", Statement),
    ("webhook_attempts", Cascade),
    ("webhook_deliveries", Statement),
    ("webhook_generation", Nothing),
    ("webhooks", Id),
];

/// What SQLite makes for the index of words and for itself.
fn is_engines_own(table: &str) -> bool {
    table.starts_with("search_index") || table.starts_with("sqlite_")
}

/// Every table with its columns.
async fn columns(stage: &Stage) -> Vec<(String, String)> {
    let found = match stage.server.database() {
        None => {
            let file = stage.server.data_dir().join("sixfold.db");
            let store = rusqlite::Connection::open(file).expect("the store");
            let sql = "select m.name || '.' || c.name from sqlite_master m \
                       join pragma_table_info(m.name) c where m.type = 'table' order by 1";
            let mut all = store.prepare(sql).expect("a statement");
            let rows = all.query_map([], |row| row.get::<_, String>(0)).expect("columns");
            rows.map(|row| row.expect("a name")).collect::<Vec<_>>()
        }
        Some(database) => {
            let sql = "select cast(table_name || '.' || column_name as text) \
                       from information_schema.columns \
                       where table_schema = current_schema() order by 1";
            database.all("everything", sql).await
        }
    };
    let split = |name: String| {
        let (table, column) = name.split_once('.').expect("two names");
        (table.to_owned(), column.to_owned())
    };
    found.into_iter().map(split).collect()
}

/// The columns in which a word stands, in whatever they hold, with how many rows.
pub(super) async fn tells(stage: &Stage, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (table, column) in columns(stage).await {
        // Words of texts as they were once stand in the index until it is rewritten.
        if table.starts_with("search_index") {
            continue;
        }
        let rows = rows_with(stage, &table, &column, word).await;
        if rows > 0 {
            found.push(format!("{table}.{column}: {rows}"));
        }
    }
    found
}

async fn rows_with(stage: &Stage, table: &str, column: &str, word: &str) -> i64 {
    let word = word.to_lowercase();
    match stage.server.database() {
        None => {
            let file = stage.server.data_dir().join("sixfold.db");
            let store = rusqlite::Connection::open(file).expect("the store");
            // Of a blob, its bytes.
            let sql = format!(
                "select count(*) from \"{table}\" \
                 where instr(lower(cast(\"{column}\" as text)), ?1) > 0 \
                 or instr(cast(\"{column}\" as blob), cast(?1 as blob)) > 0"
            );
            store.query_row(&sql, [&word], |row| row.get(0)).expect("a number")
        }
        Some(database) => {
            let sql = format!(
                "select cast(count(*) as text) from \"{table}\" \
                 where position('{word}' in lower(cast(\"{column}\" as text))) > 0 \
                 or position('{}' in cast(\"{column}\" as text)) > 0",
                hex(&word)
            );
            database.all("everything", &sql).await[0].parse().expect("a number")
        }
    }
}

/// As PostgreSQL writes bytes.
fn hex(word: &str) -> String {
    word.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn of_every_table_it_is_said_what_becomes_of_it() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        stage.server.stop();
        let mut tables: Vec<String> =
            columns(&stage).await.into_iter().map(|(table, _)| table).collect();
        tables.dedup();
        tables.retain(|table| stage.engine != Engine::Sqlite || !is_engines_own(table));
        for table in &tables {
            assert!(
                TABLES.iter().any(|(known, _)| known == table),
                "what becomes of the table {table} when somebody is erased? Register what removes \
                 it with kernel::erasure::Rooms, in the room whose table it is, and say here \
                 which way it goes"
            );
        }
        for (known, fate) in TABLES {
            assert!(tables.iter().any(|table| table == known), "there is no {known} ({fate:?})");
        }
    }
}
