//! What is in a database file that nobody serves: its tables, its schema, its log, its damage.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use types::{Result, Time};

use super::open;
use crate::migrate::{self, Applied};
use crate::{Engine, failure};

/// Findings told at most.
const TOLD: u32 = 20;
/// KiB of a file that are kept.
const CACHE_KIB: i64 = 16_384;

/// What is in a database.
#[derive(Debug, Clone)]
pub struct Contents {
    /// Rows by table, without what full-text search keeps for itself.
    pub rows: BTreeMap<String, u64>,
    /// The steps of its schema, as this binary knows them.
    pub migrations: Vec<Applied>,
    /// The place of the newest event in the log; 0 when there was never one.
    pub last_event: i64,
    /// The group of the platform: which installation this is. None before its first start.
    pub platform: Option<uuid::Uuid>,
    /// What is remembered of the keys it was made with.
    pub keys: Option<String>,
}

/// Counts everything in a file.
///
/// # Errors
/// When it is no database of this product, or cannot be read.
pub fn look(path: &Path) -> Result<Contents> {
    let connection = reader(path)?;
    let applied = applied(&connection)?;
    let migrations = migrate::compared(Engine::Sqlite, applied);
    let rows = rows(&connection)?;
    let text = |sql: &str| {
        let found = connection.query_row(sql, [], |row| row.get::<_, Option<String>>(0));
        optional(found).map(Option::flatten)
    };
    let keys = match rows.contains_key("once") {
        true => text("select value from once where name = 'keys'")?,
        false => None,
    };
    let platform = match rows.contains_key("groups") {
        true => optional(connection.query_row(
            "select id from groups where slug = 'platform'",
            [],
            |row| row.get::<_, Vec<u8>>(0),
        ))?,
        false => None,
    };
    let last_event = match rows.contains_key("events") {
        true => connection
            .query_row("select coalesce(max(seq), 0) from events", [], |row| row.get(0))
            .map_err(failure::of_sqlite)?,
        false => 0,
    };
    let platform = platform.and_then(|bytes| uuid::Uuid::from_slice(&bytes).ok());
    Ok(Contents { rows, migrations, last_event, platform, keys })
}

/// Reads all of a file once or twice. Anybody may have made it: what its schema asks for is not
/// done, what its pages say is checked, and none of them is mapped, because one that is cut short
/// meanwhile would end the process.
fn reader(path: &Path) -> Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    for (config, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    ] {
        connection.set_db_config(config, on).map_err(failure::of_sqlite)?;
    }
    for (name, value) in [("cell_size_check", 1), ("mmap_size", 0), ("cache_size", -CACHE_KIB)] {
        connection.pragma_update(None, name, value).map_err(failure::of_sqlite)?;
    }
    Ok(connection)
}

fn applied(connection: &Connection) -> Result<Vec<(String, String, Time)>> {
    let mut statement = connection
        .prepare("select name, checksum, applied_at from migrations order by name")
        .map_err(failure::of_sqlite)?;
    let rows = statement
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, Time::from_micros(row.get::<_, i64>(2)?)))
        })
        .map_err(failure::of_sqlite)?;
    rows.collect::<Result<_, _>>().map_err(failure::of_sqlite)
}

fn rows(connection: &Connection) -> Result<BTreeMap<String, u64>> {
    // Shadow tables hold the index of full-text search, which is not rows of anybody.
    let mut statement = connection
        .prepare(
            "select name from pragma_table_list where schema = 'main' and type = 'table' \
             and name not like 'sqlite\\_%' escape '\\' order by name",
        )
        .map_err(failure::of_sqlite)?;
    let names = statement
        .query_map([], |row| row.get::<_, String>(0))
        .and_then(Iterator::collect::<Result<Vec<String>, _>>)
        .map_err(failure::of_sqlite)?;
    let mut rows = BTreeMap::new();
    for name in names {
        let quoted = name.replace('"', "\"\"");
        let count: i64 = connection
            .query_row(&format!("select count(*) from \"{quoted}\""), [], |row| row.get(0))
            .map_err(failure::of_sqlite)?;
        rows.insert(name, u64::try_from(count).unwrap_or_default());
    }
    Ok(rows)
}

fn optional<T>(found: rusqlite::Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        Err(error) => Err(failure::of_sqlite(error)),
    }
}

/// How closely a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every page: enough for one whose bytes are known to be those of a sound database.
    Pages,
    /// Also every index against its table, and every reference.
    All,
}

/// Looks for damage in a file; what is wrong, in sentences.
///
/// # Errors
/// When it cannot be read at all.
pub fn problems(path: &Path, depth: Depth) -> Result<Vec<String>> {
    let connection = reader(path)?;
    let lines = |sql: &str| {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect::<rusqlite::Result<Vec<String>>>()
    };
    let check = if depth == Depth::All { "integrity_check" } else { "quick_check" };
    let mut found = lines(&format!("pragma {check}({TOLD})")).map_err(failure::of_sqlite)?;
    found.retain(|line| line != "ok");
    if depth == Depth::Pages {
        return Ok(found);
    }
    let dangling =
        lines(&format!("select distinct \"table\" from pragma_foreign_key_check limit {TOLD}"))
            .map_err(failure::of_sqlite)?;
    found.extend(dangling.into_iter().map(|table| format!("a row of {table} refers to nothing")));
    Ok(found)
}
