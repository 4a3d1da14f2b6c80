//! Where the things are that a backup is about, as the settings have it.

use std::path::Path;

use kernel::Keys;
use ops::backup::{Backups, KeyFile, Whereabouts};
use types::{Error, Result, Secret};

use crate::config::Settings;
use crate::start::{self, keys as own};

/// Backups of this installation.
///
/// # Errors
/// 422, when the settings cannot be used.
pub(crate) fn of(settings: &Settings) -> Result<Backups> {
    let store = start::database_settings(settings);
    let folder = own::folder(settings);
    let keys_folder = folder.clone();
    let given = match (&settings.keys.root, &settings.keys.signing) {
        (Some(root), Some(signing)) => {
            Some([("root.key", root.clone()), ("signing.key", signing.clone())])
        }
        _ => None,
    };
    let keys = move || match &given {
        Some(given) => Ok(given
            .iter()
            .map(|(name, text)| key(name, format!("{}\n", text.reveal().trim())))
            .collect()),
        None => files(&folder),
    };
    let whereabouts = Whereabouts {
        data: settings.server.data_dir.clone(),
        database: start::in_data_dir(&store).map(Path::to_owned),
        keys: Box::new(keys),
        keys_folder,
        fingerprint,
    };
    Backups::new(settings.backup.clone(), whereabouts)
}

/// What is remembered of keys, of those in files.
///
/// # Errors
/// 422, when one is missing or none.
pub(crate) fn fingerprint(files: &[KeyFile]) -> Result<String> {
    let of = |name: &str| {
        let file = files.iter().find(|file| file.name == name);
        Keys::parse(file.map_or("", |file| file.text.reveal().as_str()))
    };
    Ok(own::fingerprint(&Keys::new(of("root.key")?, of("signing.key")?)))
}

fn key(name: &str, text: String) -> KeyFile {
    KeyFile { name: name.to_owned(), text: Secret::new(text) }
}

/// The keys in use, and the one before them, which older backups need.
fn files(folder: &Path) -> Result<Vec<KeyFile>> {
    let mut all = Vec::new();
    for name in ["root.key", "signing.key", "root.key.old"] {
        match std::fs::read_to_string(folder.join(name)) {
            Ok(text) => all.push(key(name, text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && name.ends_with("old") => {
            }
            Err(error) => {
                return Err(Error::conflict(
                    "keys_missing",
                    format!("The key {name} cannot be put into the backup: it cannot be read."),
                )
                .caused_by(error));
            }
        }
    }
    Ok(all)
}
