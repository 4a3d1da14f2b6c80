//! Writers, each with a connection of its own, who keep the ledger.
//!
//! Half of them send an `Idempotency-Key` and the same request again until they know what came of
//! it; the others never send anything twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail, ensure};

use crate::client::Client;
use crate::deed::{Deed, Meaning};
use crate::house::House;
use crate::ledger::Ledger;

/// Writers of a load.
pub const WRITERS: usize = 8;
/// Between a failure and the next request: a fault is no reason to shout.
const PAUSE: Duration = Duration::from_millis(10);
/// How long what is waited for may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// Times a writer is told that its first request is still running, until it believes that this one
/// was carried out and nobody knows its answer.
const RUNNING: u32 = 300;

/// What the writers have seen.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Writes that were acknowledged.
    pub done: usize,
    /// Requests that were answered with a failure, by writer.
    pub failed: [usize; WRITERS],
    /// And by status.
    pub statuses: BTreeMap<u16, usize>,
    /// Requests whose connection ended.
    pub lost: usize,
    /// Writers that are still at it.
    pub writing: usize,
}

impl Counts {
    /// Whether every writer was told so often that it failed.
    #[must_use]
    pub fn all_failed(&self, times: usize) -> bool {
        self.failed.iter().all(|failed| *failed >= times)
    }
}

/// Writers at work.
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Result<()>>>,
}

struct Shared {
    ledger: Arc<Ledger>,
    group: String,
    stop: AtomicBool,
    counts: Mutex<Counts>,
    news: Condvar,
}

impl Shared {
    fn counts(&self) -> Result<MutexGuard<'_, Counts>> {
        self.counts.lock().map_err(|_| anyhow!("a writer died counting"))
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) -> Result<()> {
        change(&mut *self.counts()?);
        self.news.notify_all();
        Ok(())
    }
}

impl Load {
    /// Starts to write into a group, which only this load writes into.
    #[must_use]
    pub fn start(house: &House, group: &str, ledger: &Arc<Ledger>) -> Self {
        let shared = Arc::new(Shared {
            ledger: Arc::clone(ledger),
            group: group.to_owned(),
            stop: AtomicBool::new(false),
            counts: Mutex::new(Counts {
                done: 0,
                failed: [0; WRITERS],
                statuses: BTreeMap::new(),
                lost: 0,
                writing: WRITERS,
            }),
            news: Condvar::new(),
        });
        let threads = (0..WRITERS).map(|number| {
            let mut writer =
                Writer { shared: Arc::clone(&shared), client: house.client(), number, own: None };
            std::thread::spawn(move || {
                let ended = writer.run();
                writer.shared.count(|counts| counts.writing -= 1)?;
                ended
            })
        });
        let threads = threads.collect();
        Self { shared, threads }
    }

    /// Waits until the writers have seen this, or none of them is left; what they have seen then.
    ///
    /// # Errors
    /// When it takes too long.
    pub fn until(&self, seen: impl Fn(&Counts) -> bool) -> Result<Counts> {
        let end = Instant::now() + PATIENCE;
        let mut counts = self.shared.counts()?;
        while !seen(&counts) && counts.writing > 0 {
            let left = end.saturating_duration_since(Instant::now());
            ensure!(!left.is_zero(), "what is waited for does not come: {counts:?}");
            let waited = self.shared.news.wait_timeout(counts, left);
            counts = waited.map_err(|_| anyhow!("a writer died counting"))?.0;
        }
        Ok(counts.clone())
    }

    /// What the writers have seen so far.
    ///
    /// # Errors
    /// When one of them died.
    pub fn seen(&self) -> Result<Counts> {
        Ok(self.shared.counts()?.clone())
    }

    /// Lets them finish what they are at.
    ///
    /// # Errors
    /// When one of them was given an answer that no fault explains.
    pub fn end(self) -> Result<Counts> {
        self.shared.stop.store(true, Ordering::Release);
        for thread in self.threads {
            thread.join().map_err(|_| anyhow!("a writer panicked"))??;
        }
        Ok(self.shared.counts()?.clone())
    }
}

/// A thing that a writer has made and may rename.
struct Own {
    id: String,
    name: String,
    renames: u32,
}

struct Writer {
    shared: Arc<Shared>,
    client: Client,
    number: usize,
    own: Option<Own>,
}

/// What a writer knows after a deed.
enum Known {
    Done(Vec<String>),
    /// Whatever became of it.
    Unclear,
    /// There is nobody to write to any more.
    Gone,
}

impl Writer {
    fn run(&mut self) -> Result<()> {
        let mut turn = 0;
        while !self.shared.stop.load(Ordering::Acquire) {
            let deed = self.next(turn);
            match (self.carry_out(&deed)?, deed) {
                (Known::Gone, _) => return Ok(()),
                (Known::Done(ids), Deed::Make { name }) => {
                    let id = ids.into_iter().next();
                    self.own = id.map(|id| Own { id, name, renames: 0 });
                }
                // A name that may have been given is the last one: what comes next would hide it.
                (Known::Unclear, Deed::Rename { .. }) => self.own = None,
                _ => {}
            }
            turn += 1;
        }
        Ok(())
    }

    fn next(&mut self, turn: usize) -> Deed {
        let name = format!("w{}n{turn}", self.number);
        match (turn % 4, &mut self.own) {
            (1, Some(own)) | (3, Some(own)) => {
                own.renames += 1;
                let name = format!("{}r{}", own.name, own.renames);
                Deed::Rename { id: own.id.clone(), name }
            }
            (2, _) => Deed::Pair { from: format!("{name}a"), to: format!("{name}b") },
            _ => Deed::Make { name },
        }
    }

    fn carry_out(&mut self, deed: &Deed) -> Result<Known> {
        let keyed = self.number.is_multiple_of(2);
        let number = self.shared.ledger.sent(deed, keyed)?;
        let key = keyed.then(|| key(&self.shared.group, number));
        let (mut running, mut unwritten, mut open) = (0, None, false);
        loop {
            match deed.send(&mut self.client, &self.shared.group, key.as_deref()) {
                Ok(answer) => match Meaning::of(&answer) {
                    Meaning::Done => {
                        let ids = deed.ids(&answer)?;
                        self.shared.ledger.done(number, &ids)?;
                        self.shared.count(|counts| counts.done += 1)?;
                        return Ok(Known::Done(ids));
                    }
                    Meaning::Running if running < RUNNING => running += 1,
                    Meaning::Kept | Meaning::Running => {
                        self.shared.ledger.kept(number)?;
                        self.shared.count(|counts| counts.done += 1)?;
                        return Ok(Known::Unclear);
                    }
                    Meaning::Failed => {
                        open = true;
                        self.failed(answer.status)?;
                    }
                    Meaning::Unwritten => {
                        self.failed(answer.status)?;
                        unwritten = Some(answer.text);
                    }
                    Meaning::Refused => {
                        self.shared.ledger.refused(number, &answer.text)?;
                        bail!("no fault explains this answer to {deed:?}: {answer:?}");
                    }
                },
                Err(_) => {
                    open = true;
                    self.shared.count(|counts| counts.lost += 1)?;
                    if !self.client.is_answered() {
                        return Ok(Known::Gone);
                    }
                }
            }
            if !keyed || self.shared.stop.load(Ordering::Acquire) {
                // Only where every answer was that nothing was written is nothing to be there.
                if let (Some(answer), false) = (&unwritten, open) {
                    self.shared.ledger.refused(number, answer)?;
                }
                return Ok(Known::Unclear);
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn failed(&self, status: u16) -> Result<()> {
        self.shared.count(|counts| {
            counts.failed[self.number] += 1;
            *counts.statuses.entry(status).or_default() += 1;
        })?;
        std::thread::sleep(PAUSE);
        Ok(())
    }
}

/// The `Idempotency-Key` of a write.
pub(crate) fn key(group: &str, number: u64) -> String {
    format!("{group}-{number}")
}
