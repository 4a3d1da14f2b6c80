//! Following the log: read a batch, act on it, move the cursor in the same transaction as the
//! effect, so that each event takes effect once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use database::seams::tail::{self, Position};
use database::{Tx, args};
use tokio::sync::watch;
use types::{AnyId, Kind, Result};

use super::Entry;
use crate::{App, Caller, Work};

/// Entries read at a time.
const BATCH: i64 = 200;
/// A follower looks by itself this often, should every hint be lost.
const PATIENCE: Duration = Duration::from_secs(1);
/// Pause after a failure, so that a broken store is not hammered.
const RETRY: Duration = Duration::from_secs(1);
/// While others wait to write, a follower leaves the store to them for this many times what it
/// took itself: requests are answered first, followers catch up when there is room.
const MANNERS: u32 = 15;

const COLUMNS: &str = "id, group_id, type, target_id, target_kind";

/// A batch of entries and where it ends.
pub struct Followed {
    /// In commit order.
    pub entries: Vec<Entry>,
    from: Option<Position>,
    to: Position,
}

/// Follows the log under `name` until the task is dropped. `prepare` turns entries into what
/// `apply` writes; it reads in a snapshot of its own, off the writer.
pub async fn follow<P, R, W>(app: App, name: &'static str, prepare: R, apply: W)
where
    P: Send + Sync + 'static,
    R: AsyncFn(&mut Tx, &[Entry]) -> Result<P> + Send + Sync + Clone + 'static,
    W: AsyncFn(&mut Tx, &P) -> Result<()> + Send + Sync + Clone + 'static,
{
    follow_then(app, name, prepare, apply, |_| {}).await;
}

/// The same; `after` is told what was prepared once its batch is committed — by this process or,
/// when another one was faster, by that.
pub async fn follow_then<P, R, W>(
    app: App,
    name: &'static str,
    prepare: R,
    apply: W,
    after: impl Fn(&P) + Send + Sync,
) where
    P: Send + Sync + 'static,
    R: AsyncFn(&mut Tx, &[Entry]) -> Result<P> + Send + Sync + Clone + 'static,
    W: AsyncFn(&mut Tx, &P) -> Result<()> + Send + Sync + Clone + 'static,
{
    let mut pace = Pace::new(&app, name);
    loop {
        pace.begin();
        let done = step(&app, name, prepare.clone(), apply.clone(), &after).await;
        pace.keep(done).await;
    }
}

/// The same where what follows from an event is a change of the house itself: it may record events
/// and enqueue jobs, in the transaction that moves the cursor. It must bear reading its own events.
pub async fn follow_changing<P, R, W>(app: App, name: &'static str, prepare: R, apply: W)
where
    P: Send + Sync + 'static,
    R: AsyncFn(&mut Tx, &[Entry]) -> Result<P> + Send + Sync + Clone + 'static,
    W: AsyncFn(&mut Work<'_>, &P) -> Result<()> + Send + Sync + Clone + 'static,
{
    let caller = Caller::system(name);
    let mut pace = Pace::new(&app, name);
    loop {
        pace.begin();
        let done = change_step(&app, &caller, name, prepare.clone(), apply.clone()).await;
        pace.keep(done).await;
    }
}

/// When a follower reads again.
struct Pace {
    app: App,
    name: &'static str,
    commits: watch::Receiver<u64>,
    began: Instant,
}

impl Pace {
    fn new(app: &App, name: &'static str) -> Self {
        Self { app: app.clone(), name, commits: app.hub.commits(), began: Instant::now() }
    }

    fn begin(&mut self) {
        self.commits.mark_unchanged();
        self.began = Instant::now();
    }

    /// Waits as what became of the last batch says: whether there was anything to do.
    async fn keep(&mut self, done: Result<bool>) {
        match done {
            Ok(true) if self.app.db.is_busy() => {
                tokio::time::sleep(self.began.elapsed() * MANNERS).await;
            }
            Ok(true) => {}
            Ok(false) => {
                let _ = tokio::time::timeout(PATIENCE, self.commits.changed()).await;
            }
            Err(error) => {
                tracing::warn!(follower = self.name, cause = error.cause(), "{}", error.message());
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// One batch; whether there was anything to do.
async fn step<P, R, W>(
    app: &App,
    name: &'static str,
    prepare: R,
    apply: W,
    after: &(impl Fn(&P) + Sync),
) -> Result<bool>
where
    P: Send + Sync + 'static,
    R: AsyncFn(&mut Tx, &[Entry]) -> Result<P> + Send + Sync + 'static,
    W: AsyncFn(&mut Tx, &P) -> Result<()> + Send + Sync + 'static,
{
    let Some((from, to, prepared)) = next(app, name, prepare).await? else { return Ok(false) };
    let (now, prepared) = (app.now(), Arc::new(prepared));
    let written = Arc::clone(&prepared);
    app.db
        .unbound()
        .write(async move |tx| {
            // Somebody else (another node) may have been faster: then this batch is theirs.
            if advance(tx, name, from, to, now).await? {
                apply(tx, &written).await?;
            }
            Ok(())
        })
        .await?;
    after(&prepared);
    Ok(true)
}

/// As [`step`], in a change.
async fn change_step<P, R, W>(
    app: &App,
    caller: &Caller,
    name: &'static str,
    prepare: R,
    apply: W,
) -> Result<bool>
where
    P: Send + Sync + 'static,
    R: AsyncFn(&mut Tx, &[Entry]) -> Result<P> + Send + Sync + 'static,
    W: AsyncFn(&mut Work<'_>, &P) -> Result<()> + Send + Sync + 'static,
{
    let Some((from, to, prepared)) = next(app, name, prepare).await? else { return Ok(false) };
    app.change(caller, async move |work| {
        work.silently();
        // As above.
        if advance(work.tx, name, from, to, work.now).await? {
            apply(work, &prepared).await?;
        }
        Ok(())
    })
    .await?;
    Ok(true)
}

/// The next batch with what was prepared of it, and where it begins and ends; none at the end of
/// the log.
async fn next<P, R>(
    app: &App,
    name: &'static str,
    prepare: R,
) -> Result<Option<(Option<Position>, Position, P)>>
where
    P: Send + Sync + 'static,
    R: AsyncFn(&mut Tx, &[Entry]) -> Result<P> + Send + Sync + 'static,
{
    app.db
        .unbound()
        .read_long(async move |tx| {
            let batch = read(tx, name).await?;
            if batch.entries.is_empty() {
                return Ok(None);
            }
            let prepared = prepare(tx, &batch.entries).await?;
            Ok(Some((batch.from, batch.to, prepared)))
        })
        .await
}

/// How far the follower `name` has come; none before it has begun.
///
/// # Errors
/// As [`Tx::maybe`].
pub async fn place(tx: &mut Tx, name: &str) -> Result<Option<Position>> {
    tx.maybe("select xid, seq from cursors where name = $1", args![name], |row| {
        Ok(Position { xid: row.get(0)?, seq: row.get(1)? })
    })
    .await
}

async fn read(tx: &mut Tx, name: &str) -> Result<Followed> {
    let from = place(tx, name).await?;
    let start = from.unwrap_or_default();
    let rows = tail::after(tx, COLUMNS, 5, start, BATCH, |row| {
        let target: Option<uuid::Uuid> = row.get(3)?;
        let kind: Option<String> = row.get(4)?;
        Ok(Entry {
            id: row.get(0)?,
            group: row.get(1)?,
            kind: row.get(2)?,
            target: target
                .zip(kind.as_deref().and_then(Kind::from_prefix))
                .map(|(uuid, kind)| AnyId { kind, uuid }),
        })
    })
    .await?;
    let to = rows.last().map_or(start, |(at, _)| *at);
    Ok(Followed { entries: rows.into_iter().map(|(_, entry)| entry).collect(), from, to })
}

/// Moves the follower `name` on, in the transaction of what it did with what it read; false when
/// it is not at `from` any more: then somebody else, another node, did it.
///
/// # Errors
/// As [`Tx::run`].
pub async fn advance(
    tx: &mut Tx,
    name: &str,
    from: Option<Position>,
    to: Position,
    now: types::Time,
) -> Result<bool> {
    let moved = match from {
        Some(from) => {
            tx.run(
                "update cursors set xid = $2, seq = $3, updated_at = $4 \
                 where name = $1 and xid = $5 and seq = $6",
                args![name, to.xid, to.seq, now, from.xid, from.seq],
            )
            .await?
        }
        None => {
            tx.run(
                "insert into cursors (name, xid, seq, updated_at) values ($1, $2, $3, $4) \
                 on conflict (name) do nothing",
                args![name, to.xid, to.seq, now],
            )
            .await?
        }
    };
    Ok(moved == 1)
}
