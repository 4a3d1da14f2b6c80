//! `sixfold migrate`: what the schema of the database is. It is brought up to date by every
//! start; this only looks.

use std::process::ExitCode;

use database::{Db, MigrationState};
use serde::Serialize;

use crate::config::Settings;
use crate::exit::Stop;
use crate::start;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List the steps of the schema: applied, pending, changed or unknown to this binary
    Status,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    /// `absent`, `current`, `behind` or `foreign`.
    database: &'static str,
    migrations: Vec<Step>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    name: String,
    state: &'static str,
    applied_at: Option<types::Time>,
}

/// 0 when a start would go well, 1 when the database is not one for this binary.
pub(super) async fn status(settings: &Settings, json: bool) -> Result<ExitCode, Stop> {
    let status = match super::absent_database(settings) {
        Some(_) => Status { database: "absent", migrations: Vec::new() },
        None => look(settings).await?,
    };
    let good = status.database != "foreign";
    if json {
        super::print_json(&status)?;
    } else {
        super::print(&text(&status))?;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look(settings: &Settings) -> Result<Status, Stop> {
    let settings = start::database_settings(settings);
    let db = Db::open_as_is(&settings).await.map_err(|error| Stop::opening(&error))?;
    let found = db.migrations().await;
    db.close().await;
    let found = found?;
    let any = |state| found.iter().any(|step| step.state == state);
    let database = if any(MigrationState::Unknown) || any(MigrationState::Changed) {
        "foreign"
    } else if any(MigrationState::Pending) {
        "behind"
    } else {
        "current"
    };
    let migrations = found
        .into_iter()
        .map(|step| Step { name: step.name, state: name(step.state), applied_at: step.applied_at })
        .collect();
    Ok(Status { database, migrations })
}

const fn name(state: MigrationState) -> &'static str {
    match state {
        MigrationState::Applied => "applied",
        MigrationState::Pending => "pending",
        MigrationState::Changed => "changed",
        MigrationState::Unknown => "unknown",
    }
}

fn text(status: &Status) -> String {
    let mut text = String::new();
    for step in &status.migrations {
        let at = step.applied_at.map(|at| at.to_string()).unwrap_or_default();
        text.push_str(format!("{:8}  {}  {at}", step.state, step.name).trim_end());
        text.push('\n');
    }
    text.push_str(match status.database {
        "absent" => "There is no database yet; the first start makes it.\n",
        "behind" => "The next start applies what is pending.\n",
        "foreign" => {
            "This database was made by another version of Sixfold: start that version, or \
             restore a backup.\n"
        }
        _ => "The schema is current.\n",
    });
    text
}
