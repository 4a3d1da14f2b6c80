//! A store as an earlier version left it: the schema of the first steps, with the data of a house.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};

use crate::house::House;

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
const DATABASE: &str = "sixfold.db";
/// Tables with data. What follows the log begins with it anew, search with an empty index.
const TABLES: &str = "select name from main.sqlite_schema where type = 'table' \
                      and name not like 'sqlite%' and name not like 'search%' \
                      and name not in ('migrations', 'cursors') order by name";
/// The columns that a table has in both.
const COLUMNS: &str = "select name from pragma_table_info(?1, 'main') \
                       intersect select name from pragma_table_info(?1, 'newer')";

/// A database file of an earlier schema, to be put into a house again and again.
pub struct Older {
    file: PathBuf,
    steps: usize,
}

impl Older {
    /// Makes one that ends with this step of the schema, from all that a house holds. The server
    /// does not run, and its store is SQLite.
    ///
    /// # Errors
    /// When the data does not fit.
    pub fn of(house: &House, last: &str) -> Result<Self> {
        let file = house.folder().join("older.db");
        let store = Connection::open(&file)?;
        store.execute_batch(&spell(
            "create table migrations (
                name text primary key, checksum text not null, applied_at {int} not null
            ) {strict}",
        ))?;
        let mut steps = 0;
        for (name, text) in first_steps(last)? {
            store.execute_batch(&spell(&text)).with_context(|| name.clone())?;
            let sum: String =
                Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
            store.execute("insert into migrations values (?1, ?2, 0)", params![name, sum])?;
            steps += 1;
        }
        let newer = house.data(DATABASE);
        let newer = newer.to_str().context("a path in UTF-8")?;
        store.execute("attach ?1 as newer", [newer])?;
        store.execute_batch("pragma foreign_keys = off")?;
        for table in names(&store, TABLES, None)? {
            let columns = names(&store, COLUMNS, Some(&table))?.join(", ");
            let copy = format!(
                "delete from main.{table}; \
                 insert into main.{table} ({columns}) select {columns} from newer.{table}"
            );
            store.execute_batch(&copy).with_context(|| table.clone())?;
        }
        Ok(Self { file, steps })
    }

    /// Makes it the database of a house that does not run.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn put(&self, house: &House) -> Result<()> {
        for beside in ["sixfold.db-wal", "sixfold.db-shm"] {
            let path = house.data(beside);
            if path.exists() {
                std::fs::remove_file(path)?;
            }
        }
        std::fs::copy(&self.file, house.data(DATABASE))?;
        Ok(())
    }

    /// The steps that an interrupted start of a house has added to it.
    ///
    /// # Errors
    /// When its database cannot be read.
    pub fn steps_added(&self, house: &House) -> Result<usize> {
        // Whoever opens it repairs it, and that is for the server to do.
        let apart = tempfile::tempdir_in(house.folder())?;
        for name in [DATABASE, "sixfold.db-wal"] {
            let from = house.data(name);
            if from.exists() {
                std::fs::copy(from, apart.path().join(name))?;
            }
        }
        let store = Connection::open(apart.path().join(DATABASE))?;
        let count: i64 =
            store.query_row("select count(*) from migrations", [], |row| row.get(0))?;
        usize::try_from(count)?.checked_sub(self.steps).context("a step is gone")
    }
}

/// The steps of SQLite up to this one, in order.
fn first_steps(last: &str) -> Result<Vec<(String, String)>> {
    let mut steps = Vec::new();
    for file in Path::new(MIGRATIONS).read_dir()? {
        let path = file?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match name.strip_suffix(".sql") {
            Some(name) if name <= last && !name.ends_with(".postgres") => {
                steps.push((name.to_owned(), std::fs::read_to_string(&path)?));
            }
            _ => {}
        }
    }
    // As the server sorts them: by the whole names of their files.
    steps.sort_by_key(|(name, _)| format!("{name}.sql"));
    ensure!(steps.iter().any(|(name, _)| name == last), "there is no step {last}");
    Ok(steps)
}

/// The words that SQLite spells its own way (`docs/sql.md`).
fn spell(text: &str) -> String {
    let words = [
        ("{uuid}", "blob"),
        ("{int}", "integer"),
        ("{real}", "real"),
        ("{text}", "text"),
        ("{json}", "text"),
        ("{bytes}", "blob"),
        ("{flag}", "integer"),
        ("{serial}", "integer primary key autoincrement"),
        ("{strict}", "strict"),
    ];
    words.iter().fold(text.to_owned(), |text, (word, spelled)| text.replace(word, spelled))
}

fn names(store: &Connection, sql: &str, of: Option<&str>) -> Result<Vec<String>> {
    let mut look = store.prepare(sql)?;
    let found = look.query_map(rusqlite::params_from_iter(of), |row| row.get(0))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
