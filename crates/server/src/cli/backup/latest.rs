//! The newest backup at the place of the settings.

use std::collections::HashSet;

use ops::backup::{Manifest, Place};

use crate::config::Settings;
use crate::exit::Stop;

/// The newest one, as each says of itself. What cannot be read is passed over, and said; where there
/// are several installations, nobody knows which one is meant.
pub(super) async fn find(settings: &Settings) -> Result<(Place, String), Stop> {
    let place = settings.backup.place()?.ok_or_else(|| {
        Stop::usage("backup_not_configured", "--latest looks at backup.to, which is not set.")
    })?;
    let found = place.list(super::LISTED).await?;
    let mut heads: Vec<(&str, &Manifest)> = Vec::new();
    for one in &found {
        match &one.manifest {
            Ok(manifest) => heads.push((&one.name, manifest)),
            Err(error) => eprintln!("{} is passed over: {}", one.name, error.message()),
        }
    }
    let of: HashSet<_> = heads.iter().filter_map(|(_, head)| head.installation.as_ref()).collect();
    if of.len() > 1 {
        let said = "There are backups of several installations at backup.to: name the one that is \
                    meant.";
        return Err(Stop::usage("backup_ambiguous", said));
    }
    let newest = heads.iter().max_by_key(|(name, head)| (head.created_at, *name));
    let Some((name, head)) = newest else {
        return Err(Stop::failed("backup_absent", "There is no backup at backup.to."));
    };
    eprintln!("The newest is {name}, as of {}.", head.created_at);
    Ok((place.clone(), (*name).to_owned()))
}
