//! `sixfold keys`: the signing keys and the root key, from the machine itself.

use database::Db;
use identity::SigningKey;
use kernel::{Keys, Random};
use types::Result;

use crate::config::{Environment, Settings};
use crate::exit::Stop;
use crate::{house, start};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List the keys that sign access tokens
    List,
    /// Make a new signing key; it is published now and signs after the overlap
    Rotate {
        /// Sign with it at once, because the one before it has leaked
        #[arg(long)]
        now: bool,
    },
    /// End a signing key at once, with every token it signed
    Retire {
        /// Its name, as `list` prints it
        kid: String,
    },
    /// Bring everything under a new root key, while no server runs
    RotateRoot,
}

pub(super) async fn run(command: Command, settings: &Settings, json: bool) -> Result<(), Stop> {
    if matches!(command, Command::RotateRoot) {
        return rotate_root(settings, json).await;
    }
    let app = start::open(settings).await?;
    let done = signing(&app, command, settings, json).await;
    app.db.close().await;
    done
}

async fn signing(
    app: &kernel::App,
    command: Command,
    settings: &Settings,
    json: bool,
) -> Result<(), Stop> {
    match command {
        Command::Rotate { now } => {
            let key = house::rotate_signing_key(app, settings, now).await?;
            show(&[key], json)
        }
        Command::Retire { kid } => {
            house::retire_signing_key(app, settings, &kid).await?;
            show(&house::signing_keys(app, settings).await?, json)
        }
        Command::List | Command::RotateRoot => {
            show(&house::signing_keys(app, settings).await?, json)
        }
    }
}

fn show(keys: &[SigningKey], json: bool) -> Result<(), Stop> {
    if json {
        return super::print_json(&keys);
    }
    let mut text = String::new();
    for key in keys {
        let state = serde_json::to_value(key.state)?;
        let state = state.as_str().unwrap_or_default();
        let from = key.signs_from.map(|at| format!("signs from {at}")).unwrap_or_default();
        let until = key.ends_at.map(|at| format!("until {at}")).unwrap_or_default();
        text.push_str(format!("{}  {state:9}  {from}  {until}", key.kid).trim_end());
        text.push('\n');
    }
    super::print(&text)
}

/// Where the new root key comes from decides where the old one is looked for.
async fn rotate_root(settings: &Settings, json: bool) -> Result<(), Stop> {
    if let Some(file) = super::absent_database(settings) {
        let message = format!(
            "There is no database at {}: name one with --data-dir or DATABASE_URL.",
            file.display()
        );
        return Err(Stop::refused("database_absent", message));
    }
    let opening = |error: types::Error| Stop::opening(&error);
    let db = Db::open(&start::database_settings(settings)).await.map_err(opening)?;
    let done = rewrap(settings, &db).await;
    db.close().await;
    // The lock on an embedded store goes with it.
    drop(db);
    let count = done?;
    let app = start::open(settings).await?;
    let told = house::root_key_rotated(&app).await;
    app.db.close().await;
    told?;
    if json {
        super::print_json(&serde_json::json!({ "rewrapped": count }))
    } else {
        super::print(&format!(
            "The new root key is in use; {count} keys were wrapped anew. Keep the old one with \
             the backups that were made under it.\n"
        ))
    }
}

async fn rewrap(settings: &Settings, db: &Db) -> Result<u64, Stop> {
    let opening = |error: types::Error| Stop::opening(&error);
    if let (Some(root), Some(signing)) = (&settings.keys.root, &settings.keys.signing) {
        let (root, signing) = (root.reveal(), signing.reveal());
        let (root, signing) = (Keys::parse(root)?, Keys::parse(signing)?);
        let old = Keys::new(Keys::parse(&old_root()?)?, signing);
        return start::keys::rotate_root(db, &old, root).await.map_err(opening);
    }
    let folder = start::keys::folder(settings);
    let Some(old) = Keys::load(&folder).map_err(opening)? else {
        return Err(Stop::refused(
            "keys_missing",
            format!("There are no keys in {}: restore them.", folder.display()),
        ));
    };
    let root = Keys::next_root(&folder, &Random::System).map_err(opening)?;
    let count = start::keys::rotate_root(db, &old, root).await.map_err(opening)?;
    Keys::replace_root(&folder).map_err(opening)?;
    Ok(count)
}

/// The root key in use until now, when the operator keeps the keys.
fn old_root() -> Result<String, Stop> {
    let environment = Environment::of_process();
    if let Some(text) = environment.get("SIXFOLD_ROOT_KEY_OLD") {
        return Ok(text);
    }
    let Some(path) = environment.get("SIXFOLD_ROOT_KEY_OLD_FILE") else {
        return Err(Stop::usage(
            "root_key_old_missing",
            "Give the root key in use until now in SIXFOLD_ROOT_KEY_OLD, or in a file named by \
             SIXFOLD_ROOT_KEY_OLD_FILE; the new one is in SIXFOLD_ROOT_KEY.",
        ));
    };
    std::fs::read_to_string(&path).map_err(|error| {
        let message =
            format!("The file {path} of SIXFOLD_ROOT_KEY_OLD_FILE cannot be read: {error}.");
        Stop::usage("root_key_old_missing", message)
    })
}
