//! `sixfold compact`: the file of the database, without what is not used any more.

use database::file::{self, Hold};
use serde_json::json;

use super::size;
use crate::config::Settings;
use crate::exit::Stop;
use crate::start;

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
    let done = file::compact(database)?;
    drop(hold);
    if json {
        return super::print_json(&json!({ "bytesBefore": done.before, "bytes": done.after }));
    }
    let (before, after) = (size(done.before), size(done.after));
    super::print(&format!("{} is {after}, it was {before}\n", database.display()))
}
