//! Opens the house without letting anybody in: what `serve`, `import`, `export` and `admin` share.

use std::path::Path;

use database::Db;
use kernel::mail::Mailbox;
use kernel::{App, Clock, Egress, Mail, Parts, Random, Rates};

use super::{directory, keys};
use crate::config::{Mode, Settings};
use crate::exit::Stop;

/// Opens the database, brings it up to date and finds the keys.
///
/// # Errors
/// Exit code 3 and a sentence: nothing was served.
pub(crate) async fn open(settings: &Settings) -> Result<App, Stop> {
    if needs_data_dir(settings) {
        directory::prepare(&settings.server.data_dir)?;
    }
    let db = Db::open(&database_settings(settings)).await.map_err(|error| Stop::opening(&error))?;
    match parts(settings, &db).await {
        Ok(parts) => Ok(App::new(parts)),
        Err(stop) => {
            db.close().await;
            Err(stop)
        }
    }
}

async fn parts(settings: &Settings, db: &Db) -> Result<Parts, Stop> {
    let keys = keys::of(settings, db).await.map_err(|error| Stop::opening(&error))?;
    // Looked at with the other settings already; files may have changed since.
    let letters =
        settings.mail.letters().map_err(|said| unusable("templates", &said.join("; ")))?;
    let smtp = settings.mail.smtp().map_err(|(key, said)| unusable(key, &said))?;
    let mail = match (smtp, settings.server.env) {
        (Some(smtp), _) => Mail::Smtp(Box::new(smtp)),
        (None, Mode::Development) => Mail::Mailbox(Mailbox::aloud()),
        (None, Mode::Production) => Mail::Nowhere,
    };
    let plans = settings
        .quotas
        .plans()
        .map_err(|(key, said)| Stop::refused("quotas_unusable", format!("quotas.{key}: {said}")))?;
    let rates = Rates::new(&settings.limits);
    let parts = Parts::new(db.clone(), keys, Clock::System, Random::System);
    let (egress, jobs) = (Egress::new(&settings.egress), settings.jobs);
    let fresh = settings.identity.fresh();
    let retention = settings.retention.retention(&settings.server.data_dir);
    Ok(Parts { mail, letters, egress, fresh, plans, rates, retention, jobs, ..parts })
}

fn unusable(key: &str, said: &str) -> Stop {
    Stop::refused("mail_unusable", format!("mail.{key}: {said}"))
}

/// The settings of the store, with the default address filled in.
pub(crate) fn database_settings(settings: &Settings) -> database::Settings {
    let mut database = settings.database.clone();
    if database.url.is_empty() {
        let file = settings.server.data_dir.join("sixfold.db");
        // Shown to people, who may stand elsewhere when they read it.
        let file = std::path::absolute(&file).unwrap_or(file);
        database.url = format!("sqlite://{}", file.display());
    }
    database
}

/// The SQLite file, when that is what the settings name.
pub(crate) fn in_data_dir(database: &database::Settings) -> Option<&Path> {
    database.url.strip_prefix("sqlite://").map(Path::new)
}

/// With PostgreSQL and keys from the environment nothing is kept on this machine.
fn needs_data_dir(settings: &Settings) -> bool {
    settings.database.url.is_empty() || settings.keys.root.is_none()
}
