//! `sixfold compact`: the file of the database, without what is not used any more.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use database::file::{self, Hold};
use serde_json::json;

use super::size;
use crate::config::Settings;
use crate::exit::Stop;
use crate::start;

/// How every such file begins; one without a byte is a database with nothing in it.
const BEGINNING: &[u8] = b"SQLite format 3\0";

pub(super) fn run(settings: &Settings, json: bool) -> Result<(), Stop> {
    let store = start::database_settings(settings);
    let Some(database) = start::in_data_dir(&store) else {
        return Err(Stop::usage(
            "compact_of_postgres",
            "An SQLite file is compacted; PostgreSQL does it by itself, and at once with \
             `vacuum (full)`.",
        ));
    };
    super::require_database(settings)?;
    let hold = Hold::take(database).map_err(|error| Stop::opening(&error))?;
    require_store(database)?;
    let done = file::compact(database)?;
    drop(hold);
    if json {
        return super::print_json(&json!({ "bytesBefore": done.before, "bytes": done.after }));
    }
    let (before, after) = (size(done.before), size(done.after));
    super::print(&format!("{} is {after}, it was {before}\n", database.display()))
}

fn require_store(file: &Path) -> Result<(), Stop> {
    let mut begins = Vec::new();
    File::open(file)?.take(BEGINNING.len() as u64).read_to_end(&mut begins)?;
    if begins.is_empty() || begins == BEGINNING {
        return Ok(());
    }
    let said = format!(
        "{} is no SQLite database: nothing was changed. Put the right file there, or restore a \
         backup.",
        file.display()
    );
    Err(Stop::refused("not_a_database", said))
}
