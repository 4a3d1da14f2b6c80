//! What owners of the platform may ask of the sealed log. Everything here is looked up in a few
//! tiles, however large the log is.

use database::Tx;
use kernel::sealed::tiles::{self, Tiles};
use kernel::sealed::tree::{self, Hash, Span, base64};
use kernel::sealed::{self, Checkpoint, Head};
use kernel::{App, Caller, access};
use types::{Error, EventId, Limit, Result};

use super::model::{AuditCheckpoint, AuditConsistency, AuditInclusion};
use super::sql;

/// The last checkpoint, as a signed note.
///
/// # Errors
/// 401; 403; 404 before there is one.
pub async fn checkpoint(app: &App, caller: &Caller) -> Result<String> {
    owns_platform(caller)?;
    let head = app.store(caller).read(async |tx| sealed::head(tx).await).await?;
    Ok(head.ok_or_else(Error::not_found)?.note)
}

/// A page of checkpoints, the last first.
///
/// # Errors
/// 401; 403.
pub async fn list(
    app: &App,
    caller: &Caller,
    before: Option<i64>,
    limit: Limit,
) -> Result<Vec<AuditCheckpoint>> {
    owns_platform(caller)?;
    let found = app
        .store(caller)
        .read(async move |tx| sql::checkpoints_before(tx, before, limit.probe()).await)
        .await?;
    found.into_iter().map(told).collect()
}

fn told(head: Head) -> Result<AuditCheckpoint> {
    let Head { size, note, created_at } = head;
    let read = Checkpoint::parse(&note).map_err(|error| Error::internal(error.to_string()))?;
    Ok(AuditCheckpoint { size, root_hash: base64(read.root()), note, created_at })
}

/// What proves that an event is in a tree.
///
/// # Errors
/// 401; 403; 404 for an event that is not there, or not sealed yet; 422 `out_of_range` for a tree
/// that does not have it, or that there is not.
pub async fn inclusion(
    app: &App,
    caller: &Caller,
    id: EventId,
    size: Option<u64>,
) -> Result<AuditInclusion> {
    owns_platform(caller)?;
    app.store(caller)
        .read(async move |tx| {
            let head = sealed::head(tx).await?.ok_or_else(Error::not_found)?;
            let leaf = sql::leaf_of(tx, id).await?.ok_or_else(Error::not_found)?;
            let tree_size = size.unwrap_or(head.size);
            if !(leaf + 1..=head.size).contains(&tree_size) {
                return Err(out_of_range("size", leaf + 1, head.size));
            }
            let spans = tree::inclusion(leaf, tree_size).unwrap_or_default();
            let whole = Span { from: 0, to: tree_size };
            let tiles = load(tx, &[&spans[..], &[whole]].concat()).await?;
            let entry = sql::entry(tx, leaf).await?.ok_or_else(Error::not_found)?;
            let entry = entry.text()?;
            Ok(AuditInclusion {
                event_id: id,
                leaf_hash: base64(&tree::leaf(entry.as_bytes())),
                entry,
                leaf_index: leaf,
                tree_size,
                root_hash: base64(&hash(&tiles, whole)?),
                hashes: hashes(&tiles, &spans)?,
            })
        })
        .await
}

/// What proves that a tree is the beginning of another.
///
/// # Errors
/// 401; 403; 404 before there is a checkpoint; 422 `out_of_range` for a tree that there is not.
pub async fn consistency(
    app: &App,
    caller: &Caller,
    from: u64,
    to: Option<u64>,
) -> Result<AuditConsistency> {
    owns_platform(caller)?;
    app.store(caller)
        .read(async move |tx| {
            let head = sealed::head(tx).await?.ok_or_else(Error::not_found)?;
            let to = to.unwrap_or(head.size);
            if !(1..=head.size).contains(&to) {
                return Err(out_of_range("to", 1, head.size));
            }
            let spans = tree::consistency(from, to).ok_or_else(|| out_of_range("from", 1, to))?;
            let (old, new) = (Span { from: 0, to: from }, Span { from: 0, to });
            let tiles = load(tx, &[&spans[..], &[old, new]].concat()).await?;
            Ok(AuditConsistency {
                from,
                to,
                from_root_hash: base64(&hash(&tiles, old)?),
                to_root_hash: base64(&hash(&tiles, new)?),
                hashes: hashes(&tiles, &spans)?,
            })
        })
        .await
}

fn out_of_range(name: &'static str, least: u64, most: u64) -> Error {
    let said = format!("The log has trees of {least} to {most} events for this; name one of them.");
    Error::invalid(name, "out_of_range", said)
}

/// The tiles that these leaves are hashed in: a few for each level.
async fn load(tx: &mut Tx, spans: &[Span]) -> Result<Tiles> {
    let mut tiles = Tiles::default();
    for place in Tiles::needed(spans) {
        if let Some(hashes) = sql::tile(tx, place).await?.and_then(|bytes| tiles::hashes(&bytes)) {
            tiles.0.insert(place, hashes);
        }
    }
    Ok(tiles)
}

fn hash(tiles: &Tiles, span: Span) -> Result<Hash> {
    let damaged = || Error::internal("a tile of the audit log is missing or damaged");
    tiles.hash(span).ok_or_else(damaged)
}

fn hashes(tiles: &Tiles, spans: &[Span]) -> Result<Vec<String>> {
    spans.iter().map(|span| Ok(base64(&hash(tiles, *span)?))).collect()
}

fn owns_platform(caller: &Caller) -> Result<()> {
    access::require_known(caller)?;
    if caller.identity().platform_owner {
        return Ok(());
    }
    Err(Error::forbidden("Only owners of the platform may do this, and not with an API key."))
}
