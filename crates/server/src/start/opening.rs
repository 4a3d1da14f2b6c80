//! Opens the house without letting anybody in: what `serve`, `import`, `export` and `admin` share.

use std::path::Path;

use database::Db;
use kernel::{App, Clock, Hub, Identities, Parts, Random};

use super::{directory, keys};
use crate::config::Settings;
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
    match keys::of(settings, &db).await {
        Ok(keys) => Ok(App::new(Parts {
            clock: Clock::System,
            random: Random::System,
            identities: Identities::beside(&db),
            db,
            keys,
            hub: Hub::default(),
        })),
        Err(error) => {
            db.close().await;
            Err(Stop::opening(&error))
        }
    }
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
