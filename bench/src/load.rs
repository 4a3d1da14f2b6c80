//! The closed loop: so many connections, one request in flight on each, for so long.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::ids::IdPool;
use crate::proc::{Snapshot, Usage};
use crate::scenario::{Scenario, Worker, clip};
use crate::stage::World;

/// After so many wrong answers there is nothing left to measure.
const MAX_FAILURES: u64 = 20;

/// How long answers may still take after the end of the measurement.
const GRACE: Duration = Duration::from_secs(35);

/// Latencies are kept in microseconds, up to a minute, to three digits.
const MAX_MICROS: u64 = 60_000_000;

/// How hard and how long.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: u32,
    pub(crate) warm_up: Duration,
    pub(crate) measure: Duration,
    /// The server's process, when it is known.
    pub(crate) pid: Option<u32>,
}

/// What was measured.
pub(crate) struct Outcome {
    /// Latencies in microseconds of the requests answered within the window.
    pub(crate) latencies: Histogram<u64>,
    pub(crate) elapsed: Duration,
    pub(crate) usage: Usage,
    pub(crate) failures: u64,
    /// The first wrong answer.
    pub(crate) sample: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Warm,
    Measured,
    Over,
}

/// What the connections of one load share; everything lives on one thread.
struct Shared {
    phase: Cell<Phase>,
    over: Notify,
    latencies: RefCell<Histogram<u64>>,
    /// Requests that may still be sent.
    left: Cell<u64>,
    failures: Cell<u64>,
    sample: RefCell<Option<String>>,
    /// Ids of created things, when they are wanted.
    created: Option<RefCell<IdPool>>,
}

impl Shared {
    fn new(left: u64, collect: bool) -> Result<Self> {
        Ok(Self {
            phase: Cell::new(Phase::Warm),
            over: Notify::new(),
            latencies: RefCell::new(Histogram::new_with_bounds(1, MAX_MICROS, 3)?),
            left: Cell::new(left),
            failures: Cell::new(0),
            sample: RefCell::default(),
            created: collect.then(RefCell::default),
        })
    }

    fn end(&self) {
        self.phase.set(Phase::Over);
        self.over.notify_one();
    }

    fn fail(&self, text: impl FnOnce() -> String) {
        if self.failures.get() == 0 {
            *self.sample.borrow_mut() = Some(text());
        }
        self.failures.set(self.failures.get() + 1);
        if self.failures.get() >= MAX_FAILURES {
            self.end();
        }
    }

    /// Takes one of the requests that are left.
    fn take(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0 && self.phase.get() != Phase::Over
    }
}

/// Runs one scenario for the time of `load`.
pub(crate) async fn measure(scenario: Scenario, world: &World, load: &Load) -> Result<Outcome> {
    measure_with(world.address, load, |index| Worker::new(scenario, world, index)).await
}

/// The same with requests of any kind: `worker` makes those of one connection.
pub(crate) async fn measure_with(
    address: SocketAddr,
    load: &Load,
    worker: impl Fn(u32) -> Result<Worker>,
) -> Result<Outcome> {
    let shared = Rc::new(Shared::new(u64::MAX, false)?);
    let mut connections = spawn(address, load.connections, &shared, worker)?;
    wait(&shared, load.warm_up).await;
    let before = Snapshot::take(load.pid)?;
    let start = Instant::now();
    if shared.phase.get() == Phase::Warm {
        shared.phase.set(Phase::Measured);
    }
    wait(&shared, load.measure).await;
    let elapsed = start.elapsed();
    shared.end();
    let usage = Snapshot::take(load.pid)?.since(&before, elapsed);
    join(&mut connections, &shared).await;
    Ok(Outcome {
        latencies: shared.latencies.borrow().clone(),
        elapsed,
        usage,
        failures: shared.failures.get(),
        sample: shared.sample.borrow_mut().take(),
    })
}

/// Creates `count` things as fast as the server takes them, and returns their ids.
pub(crate) async fn fill(world: &World, count: u64, connections: u32) -> Result<IdPool> {
    let shared = Rc::new(Shared::new(count, true)?);
    let mut tasks = spawn(world.address, connections, &shared, |index| {
        Worker::new(Scenario::CreateThing, world, index)
    })?;
    // Bounded by the count; the time is only for a server that has stopped answering.
    let limit = Duration::from_secs(60 + count / 100);
    tokio::select! {
        () = async { while tasks.join_next().await.is_some() {} } => {}
        () = tokio::time::sleep(limit) => bail!("creating {count} things took longer than {limit:?}"),
    }
    if let Some(sample) = shared.sample.borrow_mut().take() {
        bail!("creating things failed: {sample}");
    }
    Ok(shared.created.as_ref().map(RefCell::take).unwrap_or_default())
}

fn spawn(
    address: SocketAddr,
    connections: u32,
    shared: &Rc<Shared>,
    worker: impl Fn(u32) -> Result<Worker>,
) -> Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    for index in 0..connections {
        tasks.spawn_local(converse(Client::new(address), worker(index)?, shared.clone()));
    }
    Ok(tasks)
}

/// One connection's loop.
async fn converse(mut client: Client, mut worker: Worker, shared: Rc<Shared>) {
    let mut start = Instant::now();
    while shared.take() {
        let call = worker.next();
        if call.visitor.is_some() {
            client.call_from(call.visitor);
        }
        match client.send(call.request).await {
            Ok(answer) if call.expected.contains(&answer.status) => {
                // The end of this request is the beginning of the next: one look at the clock per
                // request.
                let now = Instant::now();
                if shared.phase.get() == Phase::Measured {
                    let micros = (now - start).as_micros() as u64;
                    shared.latencies.borrow_mut().saturating_record(micros.max(1));
                }
                start = now;
                if let Some(created) = &shared.created
                    && let Ok(body) = client.body(&answer)
                    && let Some(id) = created_id(&body)
                {
                    created.borrow_mut().push(id);
                }
            }
            Ok(answer) => {
                shared.fail(|| {
                    let body = client.body(&answer).unwrap_or_default();
                    format!("status {}: {}", answer.status, clip(&String::from_utf8_lossy(&body)))
                });
                start = Instant::now();
            }
            Err(error) => {
                shared.fail(|| format!("{error:#}"));
                start = Instant::now();
            }
        }
    }
}

/// The id in a created thing, found without parsing all of it.
fn created_id(body: &[u8]) -> Option<&[u8]> {
    let key = b"\"id\":\"";
    let start = body.windows(key.len()).position(|window| window == key)? + key.len();
    let length = body[start..].iter().position(|byte| *byte == b'"')?;
    Some(&body[start..start + length])
}

async fn wait(shared: &Shared, time: Duration) {
    if shared.phase.get() != Phase::Over {
        // Either the time has passed or the load ended itself; both are the end of the wait.
        let _ = tokio::time::timeout(time, shared.over.notified()).await;
    }
}

/// Waits for the answers still under way; a connection that never gets one is a failure.
async fn join(tasks: &mut JoinSet<()>, shared: &Shared) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        let stuck = tasks.len();
        tasks.abort_all();
        shared.fail(|| format!("{stuck} connections waited longer than {GRACE:?} for an answer"));
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
