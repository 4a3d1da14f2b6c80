//! `sixfold user`: accounts, from the machine itself. An account is named by its address or id.

use std::path::PathBuf;
use std::process::ExitCode;

use identity::{Desk, ImportSummary, NewAtDesk};
use serde_json::{Value, json};
use types::Time;

use super::admin::password;
use super::transfer::{Scratch, source};
use crate::config::Settings;
use crate::exit::Stop;
use crate::{house, log, start};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make an account; the password comes from `SIXFOLD_PASSWORD` or stdin
    Add(Add),
    /// Make accounts of NDJSON
    Import(Import),
    /// List accounts
    List(List),
    /// Say that an address is known to be theirs
    Verify(Who),
    /// Mail a link to set a password, print it, or set one
    ResetPassword(ResetPassword),
    /// End every session
    RevokeSessions(Who),
    /// Keep somebody out
    Ban(Ban),
    /// Let somebody in again
    Unban(Who),
    /// Delete an account
    Delete(Who),
}

#[derive(clap::Args)]
pub(super) struct Who {
    /// E-mail address or id
    #[arg(value_name = "USER")]
    user: String,
}

#[derive(clap::Args)]
pub(super) struct Add {
    /// Name to show
    #[arg(long)]
    name: String,
    /// E-mail to sign in with
    #[arg(long)]
    email: String,
    /// The address is known to be theirs
    #[arg(long)]
    verified: bool,
    /// Read the password from stdin, up to the end of its first line
    #[arg(long, conflicts_with = "without_password")]
    password_stdin: bool,
    /// Mail a link to set the password instead; printed when no mail is configured
    #[arg(long)]
    without_password: bool,
}

#[derive(clap::Args)]
pub(super) struct Import {
    /// NDJSON to read; `-` is stdin
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Check every line and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(clap::Args)]
pub(super) struct List {
    /// What name or address begin with
    #[arg(value_name = "PREFIX")]
    prefix: Option<String>,
    /// Only who is banned
    #[arg(long)]
    banned: bool,
}

#[derive(clap::Args)]
pub(super) struct ResetPassword {
    #[command(flatten)]
    who: Who,
    /// Print the link instead of mailing it
    #[arg(long, conflicts_with = "password_stdin")]
    print_link: bool,
    /// Set the password on stdin instead, up to the end of its first line
    #[arg(long)]
    password_stdin: bool,
}

#[derive(clap::Args)]
pub(super) struct Ban {
    #[command(flatten)]
    who: Who,
    /// What they are told
    #[arg(long)]
    reason: Option<String>,
    /// When it ends by itself, e.g. 2027-01-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Time>,
}

fn time(text: &str) -> Result<Time, String> {
    let said = |_| "write it like 2027-01-01T00:00:00Z".to_owned();
    serde_json::from_value(Value::from(text)).map_err(said)
}

/// 0 when it is done, 1 when a line of an import was refused.
pub(super) async fn run(
    command: Command,
    mut settings: Settings,
    json: bool,
) -> Result<ExitCode, Stop> {
    log::start(&settings);
    // What is read is read before the database is opened, let alone made.
    let command = match command {
        Command::Import(import) => {
            let (input, _) = source(&import.file)?;
            let scratch = if import.dry_run { Scratch::instead_of(&mut settings)? } else { None };
            let work = async |desk: &Desk| {
                let read = desk.import(input, import.dry_run, |line| refused(&line, json)).await?;
                summary(&read, json)?;
                let good = read.refused == 0;
                Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            };
            let done = at_the_desk(&settings, "user import", work).await;
            drop(scratch);
            return done;
        }
        Command::Add(add) => {
            let secret =
                if add.without_password { None } else { Some(password(add.password_stdin)?) };
            let work = async |desk: &Desk| self::add(desk, add, secret, json).await;
            return at_the_desk(&settings, "user add", work).await;
        }
        other => other,
    };
    super::require_database(&settings)?;
    let work = async |desk: &Desk| act(desk, command, json).await;
    at_the_desk(&settings, "user", work).await
}

/// Opens the house for one piece of work and closes it whatever comes of it.
async fn at_the_desk(
    settings: &Settings,
    task: &str,
    work: impl AsyncFnOnce(&Desk) -> Result<ExitCode, Stop>,
) -> Result<ExitCode, Stop> {
    let app = start::open(settings).await?;
    let done = async {
        house::boot(&app).await?;
        work(&house::desk(&app, settings, task)?).await
    }
    .await;
    app.db.close().await;
    done
}

async fn add(
    desk: &Desk,
    add: Add,
    secret: Option<types::Secret<String>>,
    json: bool,
) -> Result<ExitCode, Stop> {
    let (mailed, email) = (secret.is_none(), add.email.clone());
    let new =
        NewAtDesk { name: add.name, email: add.email, password: secret, verified: add.verified };
    let made = desk.add(new).await?;
    show(&made, json)?;
    if mailed && !desk.can_mail() {
        print_link(desk, &email, json).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn act(desk: &Desk, command: Command, json: bool) -> Result<ExitCode, Stop> {
    match command {
        Command::Add(_) | Command::Import(_) => {}
        Command::List(List { prefix, banned }) => {
            let told = |user: Value| show(&user, json).map_err(|stop| gone(&stop));
            desk.list(prefix, banned.then_some(true), told).await?;
        }
        Command::Verify(Who { user }) => show(&desk.verify(&user).await?, json)?,
        Command::ResetPassword(reset) => reset_password(desk, &reset, json).await?,
        Command::RevokeSessions(Who { user }) => {
            let revoked = desk.revoke_sessions(&user).await?;
            say(&json!({ "revoked": revoked }), &format!("{revoked} sessions ended."), json)?;
        }
        Command::Ban(Ban { who, reason, until }) => {
            show(&desk.ban(&who.user, reason, until).await?, json)?;
        }
        Command::Unban(Who { user }) => show(&desk.unban(&user).await?, json)?,
        Command::Delete(Who { user }) => {
            desk.delete(&user).await?;
            say(&json!({ "deleted": true }), "The account is deleted.", json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn reset_password(desk: &Desk, reset: &ResetPassword, json: bool) -> Result<(), Stop> {
    let user = &reset.who.user;
    if reset.password_stdin {
        desk.set_password(user, password(true)?).await?;
        let said = "The password is set; all sessions have ended.";
        return say(&json!({ "status": "password_set" }), said, json);
    }
    if reset.print_link || !desk.can_mail() {
        return print_link(desk, user, json).await;
    }
    desk.mail_reset(user).await?;
    let said = "A link is on its way; it leaves as soon as the server runs.";
    say(&json!({ "status": "mailed" }), said, json)
}

/// Whoever runs this hands the link over; it is good for one new password.
async fn print_link(desk: &Desk, user: &str, json: bool) -> Result<(), Stop> {
    let link = desk.reset_link(user).await?;
    say(&json!({ "status": "link", "url": link.reveal() }), link.reveal(), json)
}

/// A line of data on stdout when data is asked for, else for the eyes on stderr.
fn refused(line: &identity::ImportedLine, json: bool) {
    let (Some(code), Some(message)) = (&line.code, &line.message) else { return };
    let report = json!({ "line": line.line, "code": code, "message": message });
    if json { println!("{report}") } else { eprintln!("{report}") }
}

fn summary(read: &ImportSummary, json: bool) -> Result<(), Stop> {
    if json {
        super::print(&format!("{}\n", json!({ "summary": read })))
    } else {
        eprintln!("{read}");
        Ok(())
    }
}

/// An account on a line of its own, so that a list is read as it comes.
fn show(user: &Value, json: bool) -> Result<(), Stop> {
    if json {
        return super::print(&format!("{user}\n"));
    }
    let text = |field: &str| user.get(field).and_then(Value::as_str).unwrap_or_default();
    let has = |field: &str| user.get(field).and_then(Value::as_bool).unwrap_or_default();
    let mut line = format!("{} {} {:?}", text("id"), text("email"), text("name"));
    for (field, mark) in
        [("emailVerified", "verified"), ("platformOwner", "owner"), ("banned", "banned")]
    {
        if has(field) {
            line.push(' ');
            line.push_str(mark);
        }
    }
    line.push('\n');
    super::print(&line)
}

fn say(data: &Value, sentence: &str, json: bool) -> Result<(), Stop> {
    if json { super::print(&format!("{data}\n")) } else { super::print(&format!("{sentence}\n")) }
}

/// The reader of a list went away.
fn gone(stop: &Stop) -> types::Error {
    types::Error::new(types::ErrorKind::Internal, "output_unwritable", stop.message().to_owned())
}
