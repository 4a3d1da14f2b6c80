//! `sixfold admin`: platform owners and people, from the machine itself.

use std::io::Read as _;

use types::{PersonId, Secret};

use super::person::{self, Erase, ExportPerson};
use crate::config::{Environment, Settings};
use crate::exit::Stop;
use crate::{house, start};

/// Passwords are at most this long; what is longer was piped in by accident.
const MAX_PASSWORD_BYTES: u64 = 4096;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a platform owner; the password comes from `SIXFOLD_PASSWORD` or stdin
    Create(Create),
    /// Write what is held about somebody into a file
    ExportPerson(ExportPerson),
    /// Erase somebody: their account, what was theirs alone, and what names them
    Erase(Erase),
    /// Print the token that makes the first platform owner over HTTP, once
    SetupToken,
}

#[derive(clap::Args)]
pub(super) struct Create {
    /// Name to show
    #[arg(long)]
    name: String,
    /// E-mail to sign in with
    #[arg(long)]
    email: String,
    /// Read the password from stdin, up to the end of its first line
    #[arg(long)]
    password_stdin: bool,
}

pub(super) fn run(command: Command, settings: &Settings, json: bool) -> Result<(), Stop> {
    match command {
        Command::Create(create) => {
            let password = password(create.password_stdin)?;
            super::run_async(make(create, password, settings, json))
        }
        Command::ExportPerson(asked) => super::run_async(person::export(asked, settings, json)),
        Command::Erase(asked) => super::run_async(person::erase(asked, settings, json)),
        Command::SetupToken => setup_token(settings, json),
    }
}

async fn make(
    create: Create,
    password: Secret<String>,
    settings: &Settings,
    json: bool,
) -> Result<(), Stop> {
    let app = start::open(settings).await?;
    let made = make_in(&app, create, password, settings).await;
    app.db.close().await;
    let (person, email) = made?;
    if json {
        let made = serde_json::json!({
            "personId": person, "email": email, "role": "platform_owner",
        });
        super::print_json(&made)
    } else {
        super::print(&format!("{email} owns the platform now; sign in with that address.\n"))
    }
}

async fn make_in(
    app: &kernel::App,
    create: Create,
    password: Secret<String>,
    settings: &Settings,
) -> Result<(PersonId, String), Stop> {
    house::boot(app).await?;
    let person = house::create_owner(app, settings, &create.name, &create.email, password).await?;
    Ok((person, create.email))
}

/// Derived from the keys, so it needs no database and works while the server runs.
fn setup_token(settings: &Settings, json: bool) -> Result<(), Stop> {
    let keys = start::keys::present(settings).map_err(|error| Stop::opening(&error))?;
    let Some(keys) = keys else {
        return Err(Stop::refused(
            "keys_missing",
            "There are no keys yet: the first start makes them and prints the setup link.",
        ));
    };
    let token = keys.setup_token();
    if json {
        super::print_json(&serde_json::json!({ "token": token }))
    } else {
        super::print(&format!("{token}\n"))
    }
}

/// The password of an account to be made: on stdin, in the environment, or in a file it names.
pub(super) fn password(from_stdin: bool) -> Result<Secret<String>, Stop> {
    let text = if from_stdin { first_line_of_stdin()? } else { from_environment()? };
    if text.is_empty() {
        return Err(Stop::usage("password_missing", "The password is empty: give one."));
    }
    Ok(Secret::new(text))
}

fn first_line_of_stdin() -> Result<String, Stop> {
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_PASSWORD_BYTES).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn from_environment() -> Result<String, Stop> {
    let environment = Environment::of_process();
    if let Some(password) = environment.get("SIXFOLD_PASSWORD") {
        return Ok(password);
    }
    let Some(path) = environment.get("SIXFOLD_PASSWORD_FILE") else {
        return Err(Stop::usage(
            "password_missing",
            "Give the password in SIXFOLD_PASSWORD, in a file named by SIXFOLD_PASSWORD_FILE, or \
             on stdin with --password-stdin.",
        ));
    };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let message = format!("The file {path} of SIXFOLD_PASSWORD_FILE cannot be read: {error}.");
        Stop::usage("password_missing", message)
    })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
