//! Backups that go: those somebody names, and those that have had their time.

use ops::backup::{Cleared, Place};
use serde_json::json;

use super::one;
use crate::config::Settings;
use crate::exit::Stop;
use crate::start::keys;
use crate::{backups, cli};

#[derive(clap::Args)]
pub(in crate::cli) struct Delete {
    /// Its name at `backup.to`, or a path, or `s3://BUCKET/…`
    #[arg(value_name = "BACKUP", required = true)]
    backups: Vec<String>,
}

#[derive(clap::Args)]
pub(in crate::cli) struct Prune {
    /// Say what would go, and delete nothing
    #[arg(long)]
    dry_run: bool,
}

/// All of them are looked at before the first one goes.
pub(super) async fn delete(asked: Delete, settings: &Settings, json: bool) -> Result<(), Stop> {
    let mut named: Vec<(Place, String)> = Vec::new();
    for text in &asked.backups {
        let (place, name) = one(text, settings)?;
        is_backup(&place, &name, text).await?;
        named.push((place, name));
    }
    let mut all = Cleared::default();
    for (place, name) in named {
        let Cleared { gone, failed } = place.clear(vec![name]).await;
        all.gone.extend(gone);
        all.failed = all.failed.or(failed);
    }
    all.gone.sort();
    all.gone.dedup();
    told(all, json)
}

/// One that is damaged, or that a newer version made, is one; anything else stays where it is.
async fn is_backup(place: &Place, name: &str, text: &str) -> Result<(), Stop> {
    let Err(error) = place.about(name).await else { return Ok(()) };
    match error.code() {
        "backup_damaged" | "backup_truncated" | "backup_newer" => Ok(()),
        "backup_foreign" => {
            let said = format!("{text} is no backup of Sixfold: nothing was deleted.");
            Err(Stop::failed("backup_foreign", said))
        }
        _ => Err(error.into()),
    }
}

pub(super) async fn prune(asked: Prune, settings: &Settings, json: bool) -> Result<(), Stop> {
    let backups = backups::of(settings)?;
    let place = backups.place().ok_or_else(|| {
        let said = "The schedule's place is pruned: set backup.to.";
        Stop::usage("backup_not_configured", said)
    })?;
    cli::require_database(settings)?;
    let own = keys::at_hand(settings).await?.ok_or_else(|| {
        let said = "Only what was written with the keys of this installation is deleted, and they \
                    are not at hand.";
        Stop::refused("keys_missing", said)
    })?;
    let over = backups.over(place, &own).await?;
    if !asked.dry_run {
        return told(place.clear(over).await, json);
    }
    if json {
        return cli::print_json(&json!({ "dryRun": true, "deleted": over }));
    }
    let lines: Vec<String> = over.iter().map(|name| format!("{name} would be deleted\n")).collect();
    cli::print(&lines.concat())
}

fn told(Cleared { gone, failed }: Cleared, json: bool) -> Result<(), Stop> {
    if json {
        cli::print_json(&json!({ "deleted": gone }))?;
    } else if gone.is_empty() && failed.is_none() {
        eprintln!("There is nothing to delete.");
    } else {
        let lines: Vec<String> = gone.iter().map(|name| format!("{name} is deleted\n")).collect();
        cli::print(&lines.concat())?;
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}
