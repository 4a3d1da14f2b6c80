//! `sixfold admin export-person` and `sixfold admin erase`: what is held about somebody, and its
//! end.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use identity::Desk;
use kernel::disk;
use kernel::erasure::Contents;
use serde_json::json;

use super::private;
use crate::config::Settings;
use crate::exit::Stop;
use crate::{house, log, start};

#[derive(clap::Args)]
pub(super) struct ExportPerson {
    /// E-mail address or id
    #[arg(value_name = "USER")]
    user: String,
    /// File to write; it must not be there
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(clap::Args)]
pub(super) struct Erase {
    /// E-mail address or id
    #[arg(value_name = "USER")]
    user: String,
    /// First write what is held about them to this file, which must not be there
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// What becomes of what they own in groups of others
    #[arg(long, value_name = "keep|delete", default_value = "keep")]
    contents: Contents,
    /// Really
    #[arg(long)]
    yes: bool,
}

pub(super) async fn export(
    asked: ExportPerson,
    settings: &Settings,
    json: bool,
) -> Result<(), Stop> {
    log::start(settings);
    super::require_database(settings)?;
    absent(&asked.file)?;
    let app = start::open(settings).await?;
    let done = async {
        let desk = house::desk(&app, settings, "admin export-person")?;
        write(&desk, &asked.user, &asked.file).await
    }
    .await;
    app.db.close().await;
    let rows = done?;
    if json {
        super::print(&format!("{}\n", json!({ "rows": rows })))
    } else {
        super::print(&format!("{}: {rows} rows\n", asked.file.display()))
    }
}

pub(super) async fn erase(asked: Erase, settings: &Settings, json: bool) -> Result<(), Stop> {
    log::start(settings);
    if !asked.yes {
        let message = "Nothing brings an erased person back: say so with --yes.";
        return Err(Stop::usage("not_confirmed", message));
    }
    super::require_database(settings)?;
    if let Some(file) = &asked.export {
        absent(file)?;
    }
    let app = start::open(settings).await?;
    let done = async {
        house::boot(&app).await?;
        let desk = house::desk(&app, settings, "admin erase")?;
        // Who cannot be erased is refused before a file is written.
        desk.may_erase(&asked.user).await?;
        let rows = match &asked.export {
            Some(file) => Some(write(&desk, &asked.user, file).await?),
            None => None,
        };
        let person = desk.erase(&asked.user, asked.contents).await?;
        house::erase(&app, person).await?;
        Ok::<_, Stop>((person, rows))
    }
    .await;
    app.db.close().await;
    let (person, rows) = done?;
    if json {
        super::print(&format!("{}\n", json!({ "personId": person, "exported": rows })))
    } else {
        super::print(&format!("The person is erased; what is left is the id {person}.\n"))
    }
}

fn absent(file: &Path) -> Result<(), Stop> {
    if file.symlink_metadata().is_err() {
        return Ok(());
    }
    let message = format!("{} is there already: name a new file.", file.display());
    Err(Stop::usage("output_exists", message))
}

/// Writes beside the file and moves it into place once it is on the disk, so that half an export
/// never looks like a whole one. Only this user reads it.
async fn write(desk: &Desk, user: &str, path: &Path) -> Result<u64, Stop> {
    let unwritable = |error: std::io::Error| {
        let message = format!("{} cannot be written: {error}.", path.display());
        Stop::failed("output_unwritable", message)
    };
    let mut export = desk.export(user).await?;
    let (beside, mut file) = private::beside(path).map_err(unwritable)?;
    let done = async {
        while let Some(piece) = export.next().await? {
            file.write_all(&piece).map_err(unwritable)?;
        }
        file.sync_all().map_err(unwritable)?;
        std::fs::rename(&beside, path).map_err(unwritable)?;
        disk::sync_folder(disk::parent(path)).map_err(unwritable)?;
        Ok::<_, Stop>(export.rows())
    }
    .await;
    if done.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    done
}
