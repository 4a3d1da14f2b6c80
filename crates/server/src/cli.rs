//! The command line. Each command is a file; all of them end in an exit code and, when something
//! is wrong, one sentence that says what to do.

mod admin;
mod audit;
mod backup;
mod compact;
mod doctor;
mod jobs;
mod keys;
mod migrate;
mod person;
mod private;
mod transfer;
mod types;
mod user;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde::Serialize;

use crate::config::{self, Flags, Settings};
use crate::exit::{CODES, Stop};
use crate::{house, start};

/// The six dimensions, served by one binary.
#[derive(Parser)]
#[command(name = "sixfold", version, about, after_help = CODES, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    /// Print data and errors as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until a signal (the default)
    Serve,
    /// Platform owners, and the end of people
    #[command(subcommand)]
    Admin(admin::Command),
    /// Accounts
    #[command(subcommand)]
    User(user::Command),
    /// The keys that sign tokens and protect secrets
    #[command(subcommand)]
    Keys(keys::Command),
    /// Background jobs
    #[command(subcommand)]
    Jobs(jobs::Command),
    /// Backups, and the way back
    #[command(subcommand)]
    Backup(backup::Command),
    /// The sealed event log
    #[command(subcommand)]
    Audit(audit::Command),
    /// The schema of the database
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Read NDJSON into the database
    Import(transfer::Import),
    /// Write the database as NDJSON
    Export(transfer::Export),
    /// Print the types of things, connections and events as TypeScript
    Types(types::Types),
    /// Write the database file anew, without what is not used any more
    Compact,
    /// Look at everything a start needs, and say what is wrong
    Doctor,
    /// The settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the API's description (OpenAPI 3.1)
    Openapi,
    /// Print the version
    Version,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Say whether the settings are right, and every mistake
    Check,
    /// Print a `sixfold.toml` to start from
    Example,
    /// Print the reference page of all settings
    Docs,
}

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // `--help` and `--version` come this way too, with code 0.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let json = cli.json;
    match execute(cli) {
        Ok(code) => code,
        Err(stop) => stop.report(json),
    }
}

fn execute(cli: Cli) -> Result<ExitCode, Stop> {
    let Cli { flags, json, command } = cli;
    let settings = || config::load(&flags).map_err(|mistakes| config::stop(&mistakes));
    match command.unwrap_or(Command::Serve) {
        Command::Serve => run_async(start::serve(settings()?))?,
        Command::Admin(command) => admin::run(command, &settings()?, json)?,
        Command::User(command) => return run_async(user::run(command, settings()?, json)),
        Command::Keys(command) => run_async(keys::run(command, &settings()?, json))?,
        Command::Jobs(command) => run_async(jobs::run(command, &settings()?, json))?,
        Command::Backup(command) => run_async(backup::run(command, &settings()?, json))?,
        Command::Audit(command) => run_async(audit::run(command, &settings()?, json))?,
        Command::Migrate(migrate::Command::Status) => {
            return run_async(migrate::status(&settings()?, json));
        }
        Command::Import(import) => return run_async(transfer::import(settings()?, import, json)),
        Command::Export(export) => run_async(transfer::export(&settings()?, export, json))?,
        Command::Types(types) => run_async(types::run(settings, types))?,
        Command::Compact => compact::run(&settings()?, json)?,
        Command::Doctor => return run_async(doctor::run(&flags, json)),
        Command::Config(ConfigCommand::Check) => check(&flags, json)?,
        Command::Config(ConfigCommand::Example) => print(&config::example())?,
        Command::Config(ConfigCommand::Docs) => print(&config::markdown())?,
        Command::Openapi => print_json(&house::openapi())?,
        Command::Version => version(json)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What a worker may take from the kernel at once: half of what its own queue holds (256), so that
/// what these wake has room there, too.
const EVENTS: usize = 128;
/// While it has work: about half of what it does until it looks again (61 tasks). With more, and more
/// coming than is done, its queue runs over into one that is looked at only now and then, and who came
/// first waits for seconds; in the kernel each has their turn.
const EVENTS_WHILE_BUSY: usize = 32;

fn run_async<T>(task: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    tokio::runtime::Builder::new_multi_thread()
        .max_io_events_per_tick(EVENTS)
        .max_io_events_per_busy_tick(EVENTS_WHILE_BUSY)
        .enable_all()
        .build()?
        .block_on(task)
}

fn check(flags: &Flags, json: bool) -> Result<(), Stop> {
    match config::load(flags) {
        Ok(_) if json => print_json(&serde_json::json!({ "ok": true, "mistakes": [] })),
        Ok(_) => print("The configuration is right.\n"),
        Err(mistakes) if json => {
            print_json(&serde_json::json!({ "ok": false, "mistakes": mistakes }))?;
            Err(config::stop(&mistakes))
        }
        Err(mistakes) => Err(config::stop(&mistakes)),
    }
}

fn version(json: bool) -> Result<(), Stop> {
    let version = env!("CARGO_PKG_VERSION");
    if json {
        print_json(&serde_json::json!({ "name": "sixfold", "version": version }))
    } else {
        print(&format!("sixfold {version}\n"))
    }
}

/// Text on stdout; a reader that went away is a failure of its own.
fn print(text: &str) -> Result<(), Stop> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn print_json(value: &impl Serialize) -> Result<(), Stop> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Refuses to make a database where only one that is there makes sense.
fn require_database(settings: &Settings) -> Result<(), Stop> {
    let Some(file) = absent_database(settings) else { return Ok(()) };
    let message = format!(
        "There is no database at {}: name one with --data-dir or DATABASE_URL.",
        file.display()
    );
    Err(Stop::refused("database_absent", message))
}

/// The path of the SQLite file when there is none yet: reading commands must not create one.
fn absent_database(settings: &Settings) -> Option<PathBuf> {
    let database = start::database_settings(settings);
    let file = start::in_data_dir(&database)?;
    (!file.exists()).then(|| file.to_owned())
}

/// For people.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let (mut rest, mut unit) = (bytes / 102, 0);
    while rest >= 10_240 && unit + 1 < UNITS.len() {
        (rest, unit) = (rest / 1024, unit + 1);
    }
    format!("{}.{} {}", rest / 10, rest % 10, UNITS[unit])
}
