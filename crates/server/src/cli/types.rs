//! `sixfold types`: the types there are, as a TypeScript file.

use std::path::PathBuf;

use crate::config::Settings;
use crate::exit::Stop;
use crate::{log, start};

#[derive(clap::Args)]
pub(super) struct Types {
    /// Also the types that this group and those above it registered
    #[arg(long, value_name = "SLUG")]
    group: Option<String>,
    /// File to write; stdout if absent
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) async fn run(
    settings: impl FnOnce() -> Result<Settings, Stop>,
    types: Types,
) -> Result<(), Stop> {
    let text = match &types.group {
        // The built-in ones are part of the binary.
        None => world::ontology::rules::shipped_typescript()?,
        Some(slug) => registered(&settings()?, slug).await?,
    };
    let Some(path) = types.out else { return super::print(&text) };
    std::fs::write(&path, text).map_err(|error| {
        let message = format!("{} cannot be written: {error}.", path.display());
        Stop::failed("output_unwritable", message)
    })
}

async fn registered(settings: &Settings, slug: &str) -> Result<String, Stop> {
    log::start(settings);
    super::require_database(settings)?;
    let app = start::open(settings).await?;
    let done = world::ontology::rules::typescript_of(&app, slug).await;
    app.db.close().await;
    Ok(done?)
}
