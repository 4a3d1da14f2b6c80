//! Threads that do nothing but hash: as many as there are cores.
//!
//! They are not the runtime's own, so that a crowd signing in takes neither its workers nor the
//! threads other blocking work waits for; each keeps its memory from one hash to the next.

use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use argon2::Block;
use tokio::sync::{Semaphore, oneshot};
use types::{Error, Result, Shortage};

/// A thread that had nothing to do for this long gives its memory back.
const IDLE: Duration = Duration::from_secs(5);

/// Whether there was anything to do.
type Job = Box<dyn FnOnce(&mut Memory) -> bool + Send>;

/// The blocks of one thread; Argon2 overwrites all of them before it reads any.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// At least that many blocks.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            self.0.resize(count, Block::default());
        }
        self.0.get_mut(..count).unwrap_or_default()
    }

    /// Keeps no more than `count` blocks: an imported hash may have asked for more than ours.
    fn shrink(&mut self, count: usize) {
        if self.0.len() > count {
            self.0 = Vec::new();
        }
    }
}

/// How much of a queue there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Jobs that wait.
    pub(super) waiting: usize,
    /// How long whoever comes may have to wait until their job is done, by what jobs took lately.
    /// One that finds nobody waiting is always taken.
    pub(super) wait: Duration,
}

/// A bounded queue in front of its threads. The threads start with the first job and end with it.
pub(super) struct Pool {
    shared: Arc<Shared>,
    /// One for each job that runs or waits.
    places: Arc<Semaphore>,
    started: Once,
    /// How many threads there are.
    threads: usize,
    wait: Duration,
}

struct Shared {
    queue: Mutex<Queue>,
    news: Condvar,
    /// Blocks a thread keeps between jobs.
    keep: usize,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// How long a job took lately.
    lasts: Duration,
    closed: bool,
}

/// The part that the last job has in what jobs take.
const LATELY: u32 = 8;

impl Queue {
    /// Until one that came now would be done.
    fn wait(&self, threads: usize) -> Duration {
        let turns = self.jobs.len() / threads.max(1) + 1;
        self.lasts.saturating_mul(u32::try_from(turns).unwrap_or(u32::MAX))
    }

    fn took(&mut self, time: Duration) {
        self.lasts = match self.lasts {
            Duration::ZERO => time,
            lasts => lasts - lasts / LATELY + time / LATELY,
        };
    }
}

impl Pool {
    /// A pool whose threads keep `keep` blocks.
    pub(super) fn new(bounds: Bounds, keep: usize) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            shared: Arc::new(Shared { queue: Mutex::default(), news: Condvar::new(), keep }),
            places: Arc::new(Semaphore::new(threads + bounds.waiting)),
            started: Once::new(),
            threads,
            wait: bounds.wait,
        }
    }

    /// Runs `work` on one of the threads. Work that nobody waits for any more when its turn comes
    /// is dropped.
    ///
    /// # Errors
    /// 503 when too many wait, or would too long; what `work` answers.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| crowded())?;
        self.start();
        let (sender, done) = oneshot::channel();
        let job: Job = Box::new(move |memory| {
            // The place goes along: a client that hangs up does not stop a hash that runs, so it
            // must not free its place either.
            let _place = place;
            let wanted = !sender.is_closed();
            if wanted {
                let _ = sender.send(work(memory));
            }
            wanted
        });
        {
            let mut queue = self.shared.lock();
            if !queue.jobs.is_empty() && queue.wait(self.threads) > self.wait {
                return Err(crowded());
            }
            queue.jobs.push_back(job);
        }
        self.shared.news.notify_one();
        done.await?
    }

    fn start(&self) {
        self.started.call_once(|| {
            for number in 0..self.threads {
                let shared = Arc::clone(&self.shared);
                let thread = std::thread::Builder::new().name(format!("password-{number}"));
                if let Err(error) = thread.spawn(move || shared.work()) {
                    tracing::error!(%error, "a thread for passwords cannot be started");
                }
            }
        });
    }
}

fn crowded() -> Error {
    let error =
        Error::overloaded("Too many people are signing in just now; try again in a moment.");
    error.short_of(Shortage::Passwords)
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.news.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut memory = Memory::default();
        while let Some(job) = self.next(&mut memory) {
            let began = Instant::now();
            // The job's sender goes down with it, so whoever waits is told.
            let done = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
            if done.is_err() {
                tracing::error!("hashing a password panicked");
            }
            memory.shrink(self.keep);
            // What nobody waits for any more says nothing of how long a job takes.
            if done.unwrap_or_default() {
                self.lock().took(began.elapsed());
            }
        }
    }

    /// The next job; none when the pool is gone.
    fn next(&self, memory: &mut Memory) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            let (woken, waited) =
                self.news.wait_timeout(queue, IDLE).unwrap_or_else(PoisonError::into_inner);
            queue = woken;
            if waited.timed_out() {
                memory.shrink(0);
            }
        }
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
