//! `sixfold backup`: backups of the embedded store, and the way back.

mod clear;
mod latest;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Clock, Random};
use ops::backup::{
    self, Backups, Found, KeysAfter, Kind, Pair, Place, Restored, Restoring, Room, Seal, Unlock,
    Wanted,
};
use serde_json::{Value, json};
use types::Secret;

use super::{private, size};
use crate::config::Settings;
use crate::exit::Stop;
use crate::start::keys;
use crate::{backups, log, start};

/// Backups that are listed.
const LISTED: usize = 5000;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a backup, also while the server runs
    Create(Create),
    /// List backups, the newest first
    List(List),
    /// Unpack a backup into a scratch folder and check everything in it
    Verify(Verify),
    /// Put a backup in place, while no server runs
    Restore(Restore),
    /// Delete backups
    Delete(clear::Delete),
    /// Delete what the schedule made and has had its time, as the next one of it would
    Prune(clear::Prune),
    /// Make a pair of keys: the public one encrypts backups, the private one reads them
    NewKey(NewKey),
}

#[derive(clap::Args)]
pub(super) struct Create {
    /// A folder or `s3://BUCKET/PREFIX`, instead of `backup.to`
    #[arg(long, value_name = "PLACE")]
    to: Option<String>,
    /// A public key (`age1…`), instead of the settings; may be repeated
    #[arg(long, value_name = "KEY", conflicts_with_all = ["passphrase_file", "unencrypted"])]
    recipient: Vec<String>,
    /// A file with a passphrase, instead of the settings
    #[arg(long, value_name = "FILE", conflicts_with = "unencrypted")]
    passphrase_file: Option<PathBuf>,
    /// For anybody to read who finds it
    #[arg(long)]
    unencrypted: bool,
    /// With the keys of the installation in it
    #[arg(long)]
    with_keys: bool,
    /// As quickly as can be, whoever else works on this machine
    #[arg(long)]
    fast: bool,
}

#[derive(clap::Args)]
pub(super) struct List {
    /// A folder or `s3://BUCKET/PREFIX`, instead of `backup.to`
    #[arg(value_name = "PLACE")]
    place: Option<String>,
}

#[derive(clap::Args)]
pub(super) struct Which {
    /// Its name at `backup.to`, or a path, or `s3://BUCKET/…`
    #[arg(value_name = "BACKUP", required_unless_present = "latest")]
    backup: Option<String>,
    /// The newest one at `backup.to`, as each says of itself
    #[arg(long, conflicts_with = "backup")]
    latest: bool,
    /// A file with private keys (`AGE-SECRET-KEY-1…`); may be repeated
    #[arg(long, value_name = "FILE")]
    identity: Vec<PathBuf>,
    /// A file with the passphrase, instead of `backup.passphrase`
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Take it although it is not encrypted, where encrypted ones are expected
    #[arg(long)]
    unencrypted: bool,
}

#[derive(clap::Args)]
pub(super) struct Verify {
    #[command(flatten)]
    which: Which,
    /// A folder to unpack it in, instead of that of the database
    #[arg(long, value_name = "FOLDER")]
    scratch: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(super) struct Restore {
    #[command(flatten)]
    which: Which,
    /// Put what is there aside, under another name
    #[arg(long)]
    replace: bool,
}

#[derive(clap::Args)]
pub(super) struct NewKey {
    /// A new file for the private key, for nobody else to read
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) async fn run(command: Command, settings: &Settings, json: bool) -> Result<(), Stop> {
    log::start(settings);
    match command {
        Command::Create(create) => make(create, settings, json).await,
        Command::List(list) => show(list, settings, json).await,
        Command::Verify(command) => verify(command, settings, json).await,
        Command::Restore(restore) => put_back(restore, settings, json).await,
        Command::Delete(delete) => clear::delete(delete, settings, json).await,
        Command::Prune(prune) => clear::prune(prune, settings, json).await,
        Command::NewKey(NewKey { out }) => new_key(out.as_deref(), json),
    }
}

async fn make(create: Create, settings: &Settings, json: bool) -> Result<(), Stop> {
    super::require_database(settings)?;
    let backups = backups::of(settings)?;
    let wanted = wanted(&create, settings, &backups)?;
    let (kept, open) = (wanted.keys, wanted.seal.is_open());
    let bar = bar();
    let shown = bar.clone();
    let told = move |percent: u8, words: &str| {
        shown.set_position(percent.into());
        shown.set_message(words.to_owned());
    };
    let done = backups.make(&Clock::System, &Random::System, wanted, told).await;
    bar.finish_and_clear();
    let made = done?;
    if json {
        return super::print_json(&json!({ "bytes": made.bytes, "manifest": made.manifest }));
    }
    let manifest = &made.manifest;
    super::print(&format!(
        "{} ({} of a database of {}, as of {})\n",
        manifest.name,
        size(made.bytes),
        size(manifest.database_bytes),
        manifest.created_at
    ))?;
    if open {
        eprintln!("It is not encrypted: whoever has it can read everything that is not sealed.");
    }
    if !kept {
        eprintln!(
            "The keys are not in it: without them parts of it cannot be read. Keep them apart."
        );
    }
    Ok(())
}

/// What the settings say, but for what the command line says.
fn wanted(create: &Create, settings: &Settings, backups: &Backups) -> Result<Wanted, Stop> {
    let place = match &create.to {
        Some(to) => Place::parse(to, backups.settings())?,
        None => backups.place().cloned().ok_or_else(|| {
            Stop::usage("backup_not_configured", "Say where to: --to, or the setting backup.to.")
        })?,
    };
    let seal = if create.unencrypted {
        Seal::of(&[], None)?
    } else if let Some(file) = &create.passphrase_file {
        Seal::of(&[], Some(passphrase(file)?))?
    } else if !create.recipient.is_empty() {
        Seal::of(&create.recipient, None)?
    } else {
        Seal::of(&settings.backup.recipients, settings.backup.passphrase.clone())?
    };
    if seal.is_open() && !create.unencrypted && !settings.backup.unencrypted {
        return Err(Stop::usage(
            "backup_not_encrypted",
            "Say who may read it: --recipient KEY, --passphrase-file FILE, or --unencrypted for \
             anybody who finds it.",
        ));
    }
    let keys = create.with_keys || settings.backup.include_keys;
    let gently = !create.fast;
    Ok(Wanted { place, seal, kind: Kind::Manual, keys, gently, proof: None, within: None })
}

async fn show(list: List, settings: &Settings, json: bool) -> Result<(), Stop> {
    let place = match &list.place {
        // One that is not made yet holds none; one that was mistyped holds none either.
        Some(named) if !named.contains("://") && !Path::new(named).is_dir() => {
            return Err(Stop::usage("backup_place_absent", format!("There is no folder {named}.")));
        }
        Some(place) => Place::parse(place, &settings.backup)?,
        None => settings.backup.place()?.ok_or_else(|| {
            Stop::usage("backup_not_configured", "Name a place, or set backup.to.")
        })?,
    };
    let found = place.list(LISTED).await?;
    if json {
        return super::print_json(&found.iter().map(line).collect::<Vec<Value>>());
    }
    let mut text = String::new();
    for Found { name, bytes, manifest } in &found {
        let about = match manifest {
            Ok(about) => {
                let keys = if about.includes_keys { "  with keys" } else { "" };
                let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
                let kind = word(serde_json::to_value(about.kind)?);
                let lock = word(serde_json::to_value(about.encryption)?);
                format!("{}  {kind:9}  {lock:10}  {}{keys}", about.created_at, about.migration)
            }
            Err(error) => error.message().to_owned(),
        };
        text.push_str(&format!("{name}  {:>9}  {about}\n", size(*bytes)));
    }
    super::print(&text)
}

fn line(Found { name, bytes, manifest }: &Found) -> Value {
    match manifest {
        Ok(manifest) => json!({ "name": name, "bytes": bytes, "manifest": manifest }),
        Err(error) => json!({ "name": name, "bytes": bytes, "problem": error.message() }),
    }
}

async fn verify(command: Verify, settings: &Settings, json: bool) -> Result<(), Stop> {
    let Verify { which, scratch } = command;
    let (place, name) = which_one(&which, settings).await?;
    let unlock = unlock(&which, settings)?;
    let room = room(scratch, settings);
    let checked = backup::verify(&place, &name, unlock, backups::fingerprint, &room).await?;
    if json {
        let said = json!({ "ok": true, "rows": checked.rows, "manifest": checked.manifest });
        return super::print_json(&said);
    }
    let manifest = &checked.manifest;
    super::print(&format!(
        "{name} is whole: {} rows, events to {}, as of {}\n",
        checked.rows, manifest.event_seq, manifest.created_at
    ))
}

/// Beside the database, where the data lies anyway; without one, in a folder nobody else can have.
fn room(scratch: Option<PathBuf>, settings: &Settings) -> Room {
    let store = start::database_settings(settings);
    let beside = start::in_data_dir(&store).and_then(Path::parent).filter(|folder| folder.is_dir());
    match (scratch, beside) {
        (None, Some(folder)) => Room::Beside(folder.to_owned()),
        (scratch, _) => {
            let own = u64::from_be_bytes(Random::System.bytes());
            let folder = scratch.unwrap_or_else(std::env::temp_dir);
            Room::New(folder.join(format!("sixfold-verify-{own:016x}")))
        }
    }
}

async fn put_back(restore: Restore, settings: &Settings, json: bool) -> Result<(), Stop> {
    let store = start::database_settings(settings);
    let Some(database) = start::in_data_dir(&store) else {
        return Err(Stop::usage(
            "backup_of_postgres",
            "A backup is put in place of an SQLite file; PostgreSQL has pg_restore (docs/backup.md).",
        ));
    };
    let (place, name) = which_one(&restore.which, settings).await?;
    let folder = keys::folder(settings);
    // Keys that cannot be used are others than those of any backup.
    let present = match keys::present(settings) {
        Ok(own) => own.map(|own| keys::fingerprint(&own)),
        Err(_) => Some(String::new()),
    };
    let wanted = Restoring {
        place,
        name,
        unlock: unlock(&restore.which, settings)?,
        database: database.to_owned(),
        keys: settings.keys.root.is_none().then(|| folder.clone()),
        present,
        fingerprint: backups::fingerprint,
        replace: restore.replace,
        now: Clock::System.now(),
    };
    let restored = backup::restore(wanted).await?;
    if json {
        return super::print_json(&told(&restored));
    }
    let manifest = &restored.manifest;
    super::print(&format!(
        "{} holds {} rows, events to {}, as of {}\n",
        database.display(),
        restored.rows,
        manifest.event_seq,
        manifest.created_at
    ))?;
    if restored.sessions > 0 {
        eprintln!("Nobody is signed in: {} sessions were ended.", restored.sessions);
    }
    for path in &restored.aside {
        eprintln!("What was there before is in {}.", path.display());
    }
    keys_told(restored.keys, &folder);
    Ok(())
}

fn told(restored: &Restored) -> Value {
    let keys = match restored.keys {
        KeysAfter::Fit => "fit",
        KeysAfter::Restored => "restored",
        KeysAfter::Missing => "missing",
        KeysAfter::Foreign => "foreign",
    };
    json!({
        "manifest": restored.manifest, "rows": restored.rows, "keys": keys,
        "sessions": restored.sessions, "aside": restored.aside,
    })
}

/// What a restore without the right keys means has to be said before somebody finds out.
fn keys_told(keys: KeysAfter, folder: &Path) {
    let folder = folder.display();
    let what = match keys {
        KeysAfter::Fit => return,
        KeysAfter::Restored => {
            eprintln!("The keys of the backup are in {folder}.");
            return;
        }
        KeysAfter::Missing => "The keys of this data are not here",
        KeysAfter::Foreign => "The keys that are here are not those of this data",
    };
    eprintln!(
        "{what}: put root.key and signing.key into {folder}, or give them with SIXFOLD_ROOT_KEY and \
         SIXFOLD_SIGNING_KEY. Until then the server refuses to start; without them second factors, \
         tokens of sign-in providers, secrets of webhooks and letters on their way cannot be read by \
         anybody, while people, groups, things and events can."
    );
}

fn new_key(out: Option<&Path>, json: bool) -> Result<(), Stop> {
    let Pair { public, private } = Pair::new();
    let text = format!("# public key: {public}\n{}\n", private.reveal());
    if let Some(file) = out {
        write_private(file, &text).map_err(|error| {
            let said = format!("{} cannot be written: {error}.", file.display());
            Stop::usage("file_unwritable", said)
        })?;
        return match json {
            true => super::print_json(&json!({ "public": public })),
            false => super::print(&format!("{public}\n")),
        };
    }
    if json {
        return super::print_json(&json!({ "public": public, "private": private.reveal() }));
    }
    super::print(&text)?;
    eprintln!("public key: {public}");
    Ok(())
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = private::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

async fn which_one(which: &Which, settings: &Settings) -> Result<(Place, String), Stop> {
    match &which.backup {
        Some(text) => one(text, settings),
        None => latest::find(settings).await,
    }
}

/// Which backup is meant, and where it is.
fn one(text: &str, settings: &Settings) -> Result<(Place, String), Stop> {
    if !text.contains('/')
        && !Path::new(text).exists()
        && let Some(place) = settings.backup.place()?
    {
        return Ok((place, text.to_owned()));
    }
    Ok(Place::of_one(text, &settings.backup)?)
}

/// What the command line names, and nothing else then; else what the settings have. Where there is
/// any of it, or backups are made for somebody's keys, one that is not encrypted is not taken.
fn unlock(which: &Which, settings: &Settings) -> Result<Unlock, Stop> {
    let own = &settings.backup;
    let mut identities = Vec::new();
    for file in &which.identity {
        identities.push(Secret::new(secret_text(file)?));
    }
    let passphrase = match &which.passphrase_file {
        Some(file) => Some(passphrase(file)?),
        None => own.passphrase.clone().filter(|_| identities.is_empty()),
    };
    let expected = !identities.is_empty() || passphrase.is_some() || !own.recipients.is_empty();
    let unlock = Unlock::of(&identities, passphrase)?;
    Ok(unlock.only_encrypted(expected && !which.unencrypted))
}

fn passphrase(file: &Path) -> Result<Secret<String>, Stop> {
    let text = secret_text(file)?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn secret_text(file: &Path) -> Result<String, Stop> {
    std::fs::read_to_string(file).map_err(|error| {
        let said = format!("{} cannot be read: {error}.", file.display());
        Stop::usage("file_unreadable", said)
    })
}

/// On a terminal; anywhere else it draws nothing.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(100);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} % {msg}") {
        bar.set_style(style);
    }
    bar
}
