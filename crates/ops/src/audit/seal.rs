//! The sealer: follows the log and lets the tree grow. Whoever writes an event does nothing for it
//! and waits for nothing.
//!
//! All that costs time — reading, hashing, signing — happens beside the writer; one short
//! transaction then moves the cursor and notes leaves, tiles and checkpoint, all or nothing. Of
//! many nodes the one that moves the cursor has sealed the batch; the others find it done.

use std::time::{Duration, Instant};

use database::Tx;
use database::seams::tail::Position;
use kernel::sealed::tiles::{Edge, Tile};
use kernel::sealed::{self, Checkpoint, Event, Head, Signer};
use kernel::{App, Keys, events};
use types::{Error, ErrorKind, Result, Time};

use super::sql::{self, NAME};

/// Events sealed in one transaction: what the writer does for them takes about a millisecond.
const BATCH: usize = 256;
/// From one look to the next, so that there is one checkpoint a second at most, and one
/// transaction for all that happened meanwhile.
const REST: Duration = Duration::from_secs(1);
/// It looks by itself this often, should every hint be lost.
const PATIENCE: Duration = Duration::from_secs(1);
/// After a failure; and after one that only people can mend.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_BROKEN: Duration = Duration::from_secs(60);
/// While others wait to write, it leaves the store to them for this many times what it took.
const MANNERS: u32 = 15;
/// What a server seals before it ends: batches, and time.
const LAST_BATCHES: usize = 64;
const LAST: Duration = Duration::from_secs(5);
/// Of each hour that has passed the last checkpoint is kept.
const HOUR: i64 = 3_600_000_000;

const BROKEN: &str = "audit_log_broken";
const OTHER_KEY: &str = "audit_key_rotated";

/// Seals the log until the task is dropped.
pub async fn follow(app: App) {
    let signer = match Signer::of(&app.keys) {
        Ok(signer) => signer,
        Err(error) => {
            tracing::error!(cause = error.cause(), "the event log is not sealed");
            return tokio::time::sleep(RETRY_BROKEN).await;
        }
    };
    let mut commits = app.hub.commits();
    loop {
        commits.mark_unchanged();
        let began = Instant::now();
        match step(&app, &signer).await {
            Ok(true) if app.db.is_busy() => tokio::time::sleep(began.elapsed() * MANNERS).await,
            Ok(true) => {}
            Ok(false) => {
                tokio::time::sleep(REST).await;
                let _ = tokio::time::timeout(PATIENCE, commits.changed()).await;
            }
            Err(error) if [BROKEN, OTHER_KEY].contains(&error.code()) => {
                tracing::error!("{}", error.message());
                tokio::time::sleep(RETRY_BROKEN).await;
            }
            Err(error) => {
                tracing::warn!(follower = NAME, cause = error.cause(), "{}", error.message());
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Seals what is left before a server ends, within a few seconds; the next start seals the rest.
pub async fn finish(app: &App) {
    let all = async {
        let signer = Signer::of(&app.keys)?;
        for _ in 0..LAST_BATCHES {
            if !step(app, &signer).await? {
                break;
            }
        }
        Ok::<(), Error>(())
    };
    match tokio::time::timeout(LAST, all).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(
            cause = error.cause(),
            "the last events are not sealed yet: {}",
            error.message()
        ),
        Err(_) => tracing::warn!("the last events are not sealed yet"),
    }
}

/// Passes the log on to another root key, in the transaction that makes it the one in use: the last
/// checkpoint is signed with both, so that each later one has a key before it that vouches; what tells
/// of deletions is signed anew, since the old key may be in other hands.
///
/// # Errors
/// As the store.
pub async fn root_key_rotated(tx: &mut Tx, old: &Keys, new: &Keys, now: Time) -> Result<()> {
    let (old, new) = (Signer::of(old)?, Signer::of(new)?);
    let Some(head) = sealed::head(tx).await? else { return Ok(()) };
    match Checkpoint::parse(&head.note) {
        Ok(last) if last.is_by(old.verifier()) => {
            sql::update_checkpoint(tx, head.size, &new.sign_too(&last)).await?;
            sealed::sign_anew(tx, old.verifier(), &new).await?;
            sql::insert_key(tx, &new.verifier().to_string(), now).await
        }
        // Not to be vouched for; and no reason to keep a root key that may have leaked.
        _ => {
            tracing::error!("the last checkpoint is not by the old root key, nor signed anew");
            Ok(())
        }
    }
}

/// What is next to be sealed.
struct Next {
    from: Option<Position>,
    events: Vec<(Position, Option<Event>)>,
    head: Option<Head>,
    edge: Edge,
}

/// What is written of it.
struct Sealed {
    from: Option<Position>,
    to: Position,
    now: Time,
    /// The size of the tree before.
    first: u64,
    leaves: Vec<(i64, [u8; 16])>,
    tiles: Vec<Tile>,
    /// None where nothing was new.
    checkpoint: Option<(u64, String)>,
    /// The public key, where it is the first checkpoint.
    key: Option<String>,
    previous: Option<(u64, Time)>,
}

/// One batch; whether there may be more.
async fn step(app: &App, signer: &Signer) -> Result<bool> {
    let own = app.keys.fingerprint();
    let same = own.clone();
    let look = async move |tx: &mut Tx| {
        require_own(tx, &same).await?;
        next(tx).await
    };
    let next = app.db.unbound().read_long(look).await?;
    let Some(next) = next else { return Ok(false) };
    let more = next.events.len() == BATCH;
    let sealed = seal(app, signer, next)?;
    app.db
        .unbound()
        .write(async move |tx| {
            require_own(tx, &own).await?;
            write(tx, &sealed).await
        })
        .await?;
    Ok(more)
}

/// Beside a database that was brought under another root key this process still has the old one: what
/// it signed would be by a key that is not that of the log any more.
async fn require_own(tx: &mut Tx, own: &str) -> Result<()> {
    match sealed::root_key(tx).await? {
        Some(stored) if stored != own => Err(Error::new(
            ErrorKind::Conflict,
            OTHER_KEY,
            "The database was brought under another root key, and this server still has the old \
             one: it seals nothing more. Start it again with the new key.",
        )),
        _ => Ok(()),
    }
}

async fn next(tx: &mut Tx) -> Result<Option<Next>> {
    let from = events::place(tx, NAME).await?;
    let at = from.unwrap_or_default();
    let events = sql::after(tx, at, i64::try_from(BATCH)?).await?;
    if events.is_empty() {
        return Ok(None);
    }
    let head = sealed::head(tx).await?;
    if head.is_none() && at.seq > 0 {
        return Err(broken("there is no checkpoint although events were sealed"));
    }
    let size = head.as_ref().map_or(0, |head| head.size);
    let edge = Edge::of(size, sql::last_tiles(tx, size).await?);
    let edge = edge.ok_or_else(|| broken("a part of the tree is missing or damaged"))?;
    Ok(Some(Next { from, events, head, edge }))
}

/// The tree as it is stored has to be the one that was signed last: on a tree that somebody has
/// changed nothing is built, and what they did is not signed.
fn seal(app: &App, signer: &Signer, next: Next) -> Result<Sealed> {
    let Next { from, events, head, mut edge } = next;
    if let Some(head) = &head {
        let last = Checkpoint::parse(&head.note).ok();
        let same = |last: &Checkpoint| last.size() == head.size && *last.root() == edge.root();
        if !last.is_some_and(|last| same(&last) && last.is_by(signer.verifier())) {
            return Err(broken("the tree is not the one that was signed last"));
        }
    }
    let (first, mut tiles, mut leaves) = (edge.size(), Vec::new(), Vec::new());
    let to = events.last().map(|(at, _)| *at).or(from).unwrap_or_default();
    for event in events.into_iter().filter_map(|(_, event)| event) {
        let blind: [u8; 16] = app.random.bytes();
        leaves.push((event.seq, blind));
        edge.append(event.blinded(&blind).leaf()?, &mut tiles);
    }
    tiles.extend(edge.partial(first));
    let size = edge.size();
    let checkpoint = (size > first).then(|| (size, signer.sign(size, &edge.root())));
    let key = head.is_none().then(|| signer.verifier().to_string());
    let previous = head.map(|head| (head.size, head.created_at));
    Ok(Sealed { from, to, now: app.now(), first, leaves, tiles, checkpoint, key, previous })
}

async fn write(tx: &mut Tx, sealed: &Sealed) -> Result<()> {
    let Sealed { from, to, now, .. } = *sealed;
    if !events::advance(tx, NAME, from, to, now).await? {
        // Another node was faster.
        return Ok(());
    }
    let Some((size, note)) = &sealed.checkpoint else { return Ok(()) };
    sql::insert_leaves(tx, sealed.first, &sealed.leaves).await?;
    for tile in &sealed.tiles {
        sql::put_tile(tx, tile).await?;
    }
    if let Some(key) = &sealed.key {
        sql::insert_key(tx, key, now).await?;
    }
    sql::insert_checkpoint(tx, *size, note, now).await?;
    match sealed.previous {
        // While it catches up there are many in a second, of which the last stays.
        Some((previous, at)) if now.micros() - at.micros() < REST_MICROS => {
            sql::delete_checkpoint(tx, previous).await
        }
        Some((previous, at)) if hour(at) != hour(now) => {
            let began = Time::from_micros(hour(at) * HOUR);
            let ended = Time::from_micros((hour(at) + 1) * HOUR);
            sql::thin_out(tx, began, ended, previous).await
        }
        _ => Ok(()),
    }
}

/// A little less than [`REST`], which begins after the moment of a checkpoint.
const REST_MICROS: i64 = 900_000;

fn hour(at: Time) -> i64 {
    at.micros().div_euclid(HOUR)
}

fn broken(why: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        BROKEN,
        format!(
            "The sealed event log was changed from outside ({why}): nothing more is sealed. Run \
             `sixfold audit verify`, and restore a backup."
        ),
    )
}
