//! Verifies a whole database: every event against its leaf, every tile, every checkpoint, and what
//! tells of deletions. It only reads, also while a server writes, and believes nothing that it can work
//! out.

use std::collections::VecDeque;

use database::{Db, Settings, Tx};
use kernel::events;
use kernel::sealed::tiles::{self, LEVELS, Tile, WIDTH};
use kernel::sealed::{Checkpoint, Verifier};
use types::{Error, Result};

use super::check::{Check, Seen};
use super::findings::{Report, TOLD};
use super::notes::Notes;
use super::sql::{self, NAME};

/// What a log is held against.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Keys that whoever verifies knows to be those of the log: its last checkpoint is signed by
    /// one of them.
    pub trusted: Vec<Verifier>,
    /// A checkpoint that was kept outside, and the keys of which it is by one; one of the log's, if
    /// none is named.
    pub kept: Option<(Checkpoint, Vec<Verifier>)>,
}

/// Verifies the database that the settings name, in one snapshot.
///
/// # Errors
/// 409 `audit_absent`, when it was never sealed; when it cannot be read.
pub async fn verify(settings: &Settings, wanted: Wanted) -> Result<Report> {
    let look = async move |tx: &mut Tx| all(tx, &wanted).await;
    Db::look(&patient(settings), look).await
}

/// Counting in a log takes as long as it is long: no statement is given up.
pub(super) fn patient(settings: &Settings) -> Settings {
    Settings { statement_timeout_s: 0, slow_statement_ms: 0, ..settings.clone() }
}

/// The keys that came with a log.
pub(super) async fn known(tx: &mut Tx) -> Result<Vec<Verifier>> {
    let keys = sql::keys(tx).await?;
    Ok(keys.iter().filter_map(|key| Verifier::parse(key).ok()).collect())
}

/// Refuses a database from before there was any of this.
pub(super) async fn require(tx: &mut Tx) -> Result<()> {
    if sql::is_known(tx).await? {
        return Ok(());
    }
    Err(Error::conflict(
        "audit_absent",
        "This database was last used by a version that did not seal the event log as this one does: \
         start this version on it once.",
    ))
}

async fn all(tx: &mut Tx, wanted: &Wanted) -> Result<Report> {
    require(tx).await?;
    let known = known(tx).await?;
    let mut check = Check::new(wanted.trusted.clone(), known, wanted.kept.clone());
    let mut notes = Notes::default();
    let mut place = 0;
    while let Some(bytes) = sql::tile(tx, (0, place)).await? {
        let Some(hashes) = tiles::hashes(&bytes) else {
            let said = format!("The tile {place} of leaves is damaged.");
            check.report.find("tile_damaged", None, Some(check.size()), said);
            break;
        };
        let count = hashes.len();
        leaves_of(tx, &mut check, &mut notes, hashes).await?;
        place += 1;
        if count < WIDTH {
            break;
        }
    }
    beside(tx, &mut check).await?;
    while let Some((size, note)) = notes.up_to(tx, u64::MAX).await? {
        note.check(size, &mut check);
    }
    unsealed(tx, &mut check).await?;
    Ok(check.finish())
}

/// The leaves of one tile, and the tiles above that it fills.
async fn leaves_of(
    tx: &mut Tx,
    check: &mut Check,
    notes: &mut Notes,
    hashes: Vec<[u8; 32]>,
) -> Result<()> {
    let from = check.size();
    let to = from + WIDTH as u64;
    let mut found: VecDeque<(u64, Seen)> = sql::leaves(tx, from, to).await?.into();
    let mut full = Vec::new();
    for (leaf, hash) in (from..).zip(hashes) {
        let here = found.front().is_some_and(|(place, _)| *place == leaf);
        let seen = if here { found.pop_front().map(|(_, seen)| seen) } else { None };
        while let Some((size, note)) = notes.up_to(tx, check.size()).await? {
            note.check(size, check);
        }
        check.leaf(hash, seen.unwrap_or(Seen::Gone), &mut full)?;
    }
    for tile in full.iter().filter(|tile| tile.level > 0) {
        same_tile(tx, check, tile).await?;
    }
    Ok(())
}

async fn same_tile(tx: &mut Tx, check: &mut Check, tile: &Tile) -> Result<()> {
    let Tile { level, place, hashes } = tile;
    let stored = sql::tile(tx, (*level, *place)).await?;
    if stored.as_deref() != Some(hashes.as_flattened()) {
        let said = format!("The tile {place} of level {level} is not that of the tiles below it.");
        check.report.find("tile_differs", None, None, said);
    }
    Ok(())
}

/// What has to be there beside the leaves, and what must not.
async fn beside(tx: &mut Tx, check: &mut Check) -> Result<()> {
    for tile in check.partial().iter().filter(|tile| tile.level > 0) {
        same_tile(tx, check, tile).await?;
    }
    let size = check.size();
    let mut counts = sql::tile_counts(tx).await?;
    for level in (0..).take(LEVELS) {
        let expected = tiles::count(size, level).div_ceil(WIDTH as u64);
        let at = counts.iter().position(|(found, _)| *found == i64::from(level));
        let found = at.map_or(0, |at| counts.swap_remove(at).1);
        if found != expected {
            let said = format!("Level {level} has {found} tiles instead of {expected}.");
            check.report.find("tiles_differ", None, None, said);
        }
    }
    if !counts.is_empty() {
        let said = "There are tiles above the tree.".to_owned();
        check.report.find("tiles_differ", None, None, said);
    }
    let behind = sql::leaves_from(tx, size).await?;
    if behind > 0 {
        let said = format!("{behind} events were sealed as leaves that the tree does not have.");
        check.report.find("log_cut", None, Some(size), said);
    }
    Ok(())
}

/// Events without a leaf: those that wait for the sealer, and none that it has passed.
async fn unsealed(tx: &mut Tx, check: &mut Check) -> Result<()> {
    let at = events::place(tx, NAME).await?.unwrap_or_default();
    let limit = i64::try_from(TOLD)? + 1;
    for seq in sql::passed_over(tx, at, limit).await? {
        let said = format!("Event {seq} was never sealed, and stands among those that were.");
        check.report.find("event_unsealed", Some(seq), None, said);
    }
    check.report.waiting = sql::waiting(tx).await?;
    Ok(())
}
