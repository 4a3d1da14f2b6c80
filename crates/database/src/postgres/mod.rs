//! The server engine: a few database threads, each with its own runtime and connections.
//!
//! A transaction runs on the thread that owns its connection, so a statement's answer never
//! crosses threads, closures need not be `Send` while they wait, and a request that goes away
//! cannot leave a transaction half done.

mod doors;
mod listen;
mod plans;
mod said;
mod seats;
mod session;
mod statistics;
mod tls;
pub(crate) mod wall;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use telemetry::{Current, Database, current, within};
use tokio::sync::{mpsc, oneshot};
use types::{Error, ErrorKind, Result, Shortage};

use self::doors::Doors;
pub(crate) use self::said::Failed;
use self::seats::Seats;
pub(crate) use self::session::{Mode, Session};
use crate::part::{Part, untyped};
use crate::tx::Inner;
use crate::waits::{HOUSE, Line, Place};
use crate::watch::Watch;
use crate::{Load, Reach, Settings, Tx, Waits};

/// Runs of a transaction that keeps losing races before its caller hears 503. Serializable
/// transactions also lose to neighbours on an index page, so a few runs are nothing unusual.
const ATTEMPTS: u32 = 12;
/// Lost races after which a transaction goes one at a time with all others that lost as often:
/// who keeps meeting the same neighbours then meets at most those who have only begun.
const PATIENT: u32 = 4;
/// The door they go through.
const LOSERS: i64 = i64::MIN;
/// Pause before the second run; it doubles, and up to as much again is added by chance, so that
/// those that lost together do not meet again.
const PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);
/// Threads beyond a few only add hops: each one drives many connections.
const THREADS: usize = 2;

type Task = Box<dyn FnOnce(Pool) -> Pin<Box<dyn Future<Output = ()>>> + Send>;

pub(crate) struct Store {
    threads: Vec<mpsc::Sender<Task>>,
    /// The pools of the threads, to look at.
    pools: Vec<Pool>,
    next: AtomicUsize,
    news: listen::News,
    turns: Turns,
    reads: Arc<Line>,
    writes: Arc<Line>,
}

/// What keeps transactions of this process out of each other's way.
#[derive(Clone)]
struct Turns {
    doors: Arc<Doors>,
    seats: Arc<Seats>,
    watch: Arc<Watch>,
}

impl Turns {
    fn meter(&self) -> &Database {
        self.watch.meter()
    }
}

impl Store {
    pub(crate) async fn open(settings: &Settings, watch: &Arc<Watch>) -> Result<Self> {
        let mut config: tokio_postgres::Config = settings.url.parse().map_err(|error| {
            Error::invalid(
                "database.url",
                "invalid",
                format!("is not a PostgreSQL address: {error}"),
            )
        })?;
        config.application_name("sixfold");
        tls::settle(&mut config);
        config.connect_timeout(Duration::from_secs(settings.connect_timeout_s.into()));
        // Without sequential scans: of a small table the server reads all rather than an index, and
        // a serializable transaction that read all of a table loses to everybody who adds to it.
        // Without helpers and without compiling: starting either takes longer than reading a page.
        let ms = u64::from(settings.statement_timeout_s) * 1000;
        let given = config.get_options().unwrap_or_default().to_owned();
        config.options(format!(
            "-c statement_timeout={ms} -c lock_timeout={ms} \
             -c idle_in_transaction_session_timeout={ms} -c timezone=UTC \
             -c enable_seqscan=off -c max_parallel_workers_per_gather=0 -c jit=off {given}"
        ));
        let tls = tls::connector()?;

        let threads = THREADS.min(settings.connections.max(1));
        let each = settings.connections.max(1).div_ceil(threads);
        let mut senders = Vec::with_capacity(threads);
        let mut pools = Vec::with_capacity(threads);
        for number in 0..threads {
            let manager = Manager::from_config(
                config.clone(),
                tls.clone(),
                ManagerConfig { recycling_method: RecyclingMethod::Fast },
            );
            let patience = Duration::from_secs(settings.connect_timeout_s.into());
            let pool = Pool::builder(manager)
                .max_size(each)
                .runtime(Runtime::Tokio1)
                .timeouts(Timeouts {
                    wait: Some(patience),
                    create: Some(patience),
                    recycle: Some(patience),
                })
                .build()?;
            let (sender, tasks) = mpsc::channel::<Task>(settings.write_queue.max(1));
            pools.push(pool.clone());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            std::thread::Builder::new()
                .name(format!("postgres-{number}"))
                .spawn(move || run(&runtime, pool, tasks))?;
            senders.push(sender);
        }
        if let Some(first) = senders.first() {
            tokio::spawn(statistics::keep(first.downgrade(), Arc::clone(watch)));
        }
        let store = Self {
            threads: senders,
            pools,
            next: AtomicUsize::new(0),
            news: listen::News::start(config, tls),
            turns: Turns { doors: Arc::default(), seats: Arc::default(), watch: Arc::clone(watch) },
            reads: Arc::default(),
            writes: Arc::default(),
        };
        let (look, _) = untyped(async |tx: &mut Tx| tx.run("select 1", &[]).await);
        store.transact(Mode::Read, Reach::everything(), None, look).await.map_err(|error| {
            Error::new(
                ErrorKind::Overloaded,
                "database_unreachable",
                format!(
                    "PostgreSQL does not answer ({}): check DATABASE_URL and that the server runs.",
                    error.cause().unwrap_or_default()
                ),
            )
        })?;
        Ok(store)
    }

    /// `inside` is the span of the change, where it has one; else it is done in whatever its caller is.
    pub(crate) async fn transact(
        &self,
        mode: Mode,
        reach: Reach,
        inside: Option<Current>,
        part: Box<dyn Part>,
    ) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let (turns, current) = (self.turns.clone(), inside.or_else(current));
        let place = if mode.is_reading() { self.reads.join() } else { self.writes.join() };
        let task: Task = Box::new(move |pool| {
            Box::pin(within(current, attempt(pool, turns, (mode, reach, place), part, reply)))
        });
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len();
        self.threads[turn].try_send(task).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => {
                self.turns.meter().refused_full.one();
                Error::overloaded("Too many transactions are waiting; try again in a moment.")
                    .short_of(Shortage::DatabaseQueue)
            }
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        answer.await.map_err(|_| closed())?
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.threads.iter().all(|queue| !queue.is_closed())
    }

    /// Whether more transactions are waiting for a connection than the house's own.
    pub(crate) fn is_busy(&self) -> bool {
        let waiting =
            |queue: &mpsc::Sender<Task>| queue.max_capacity().saturating_sub(queue.capacity());
        self.threads.iter().map(waiting).sum::<usize>() > HOUSE
    }

    pub(crate) fn waits(&self, span: Duration) -> Waits {
        Waits { reads: self.reads.look(span), writes: self.writes.look(span) }
    }

    pub(crate) fn load(&self) -> Load {
        let mut load = Load { waiting: 0, places: 0, connections: 0, in_use: 0 };
        for queue in &self.threads {
            let places = queue.max_capacity();
            load.places += places;
            load.waiting += places - queue.capacity().min(places);
        }
        for pool in &self.pools {
            let status = pool.status();
            load.waiting += status.waiting;
            load.connections += status.size;
            load.in_use += status.size - status.available.min(status.size);
        }
        load
    }

    pub(crate) fn announce(&self) {
        self.news.announce();
    }

    pub(crate) fn signal(&self, text: String) {
        self.news.signal(text);
    }

    pub(crate) fn signals(&self) -> tokio::sync::broadcast::Receiver<String> {
        self.news.signals()
    }

    pub(crate) async fn announced(&self, patience: Duration) {
        self.news.announced(patience).await;
    }

    pub(crate) fn close(&self) {
        self.news.stop();
    }
}

fn closed() -> Error {
    Error::overloaded("The database is closed; the server is stopping.")
}

/// The connection ended between the commit and its answer.
fn unknown(error: &Error) -> Error {
    Error::new(
        ErrorKind::Overloaded,
        "outcome_unknown",
        "The database went away while this was being stored: it may have been. Look before you \
         send it again.",
    )
    .caused_by(error.cause().unwrap_or_default())
}

fn run(runtime: &tokio::runtime::Runtime, pool: Pool, mut tasks: mpsc::Receiver<Task>) {
    // Twice the connections may wait in the pool; the rest stays in the bounded channel, where a
    // full queue turns into 503.
    let waiting = Arc::new(tokio::sync::Semaphore::new(pool.status().max_size * 2));
    tokio::task::LocalSet::new().block_on(runtime, async move {
        while let Some(task) = tasks.recv().await {
            let Ok(turn) = Arc::clone(&waiting).acquire_owned().await else { return };
            let work = task(pool.clone());
            tokio::task::spawn_local(async move {
                work.await;
                drop(turn);
            });
        }
    });
}

async fn attempt(
    pool: Pool,
    turns: Turns,
    (mode, reach, place): (Mode, Reach, Place),
    part: Box<dyn Part>,
    reply: oneshot::Sender<Result<()>>,
) {
    let (mut runs, mut place) = (0, Some(place));
    let mut turn = turns.doors.turn();
    // Whoever gave up was told so, and may ask again.
    while !reply.is_closed() {
        runs += 1;
        let client = match pool.get().await {
            Ok(client) => client,
            Err(error) => {
                turns.meter().refused_unconnected.one();
                let _ = reply.send(Err(Error::overloaded(
                    "No connection to the database is free; try again in a moment.",
                )
                .short_of(Shortage::DatabaseConnections)
                .caused_by(error)));
                return;
            }
        };
        if let Some(place) = place.take() {
            let meter = turns.meter();
            let all = if mode.is_reading() { &meter.reads } else { &meter.writes };
            let waited = place.turn();
            all.waited.took(waited);
            telemetry::waited(waited);
        }
        // A seat is taken before the snapshot and kept until the end: whoever had it before is seen.
        let seat = (!mode.is_reading()).then(|| turns.seats.take());
        let watch = Arc::clone(&turns.watch);
        let mut session = Session::new(client, mode, reach.clone(), seat, Arc::clone(&watch));
        if let Err(error) = session.enter(turn.behind()).await {
            let _ = reply.send(Err(crate::failure::of_postgres(error).0));
            session.abandon().await;
            return;
        }
        let mut tx = Tx::new(Inner::Postgres(Box::new(session)), watch);
        let outcome = std::panic::AssertUnwindSafe(part.run(&mut tx));
        let outcome = futures_util::FutureExt::catch_unwind(outcome)
            .await
            .unwrap_or_else(|_| Err(Error::internal("a transaction panicked")));
        let broken = tx.broken;
        let again = tx.again;
        plans::tell_later(&pool, tx.unplanned());
        let Inner::Postgres(session) = tx.inner else { return };
        if let Some(door) = session.asked() {
            session.abandon().await;
            turn = turn.also(door).await;
            runs = 0;
            continue;
        }
        let outcome = match outcome {
            Ok(()) if broken => {
                Err(Error::internal("a transaction went on after a failed statement"))
            }
            outcome => outcome,
        };
        match outcome {
            // A snapshot has nothing to commit: the caller need not wait for its end.
            Ok(()) if mode.is_reading() => {
                let _ = reply.send(Ok(()));
                session.abandon().await;
                return;
            }
            Ok(()) => match commit(session, turns.meter()).await {
                Ok(()) => {
                    let _ = reply.send(Ok(()));
                    return;
                }
                Err(error) => {
                    let lost = error.is_closed();
                    let (error, again) = crate::failure::of_postgres(error);
                    if !again || runs == ATTEMPTS {
                        let _ = reply.send(Err(if lost { unknown(&error) } else { error }));
                        return;
                    }
                }
            },
            Err(error) => {
                session.abandon().await;
                if !again || runs == ATTEMPTS {
                    let _ = reply.send(Err(error));
                    return;
                }
            }
        }
        turns.meter().again.one();
        tracing::debug!(run = runs, "a transaction lost a race and is run again");
        if runs == PATIENT {
            turn = turn.also(LOSERS).await;
        }
        // The winners need a moment.
        let pause = LONGEST_PAUSE.min(PAUSE * 2_u32.pow(runs - 1));
        tokio::time::sleep(pause + pause * chance() / 256).await;
    }
}

async fn commit(session: Box<Session>, meter: &Database) -> Result<(), tokio_postgres::Error> {
    let began = Instant::now();
    let done = session.commit().await;
    meter.commit.took(began.elapsed());
    done
}

/// 0 to 255, different at each call. The standard library's hash keys are random and drawn anew:
/// enough to keep two losers apart without the house's randomness.
fn chance() -> u32 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let hash = std::collections::hash_map::RandomState::new().build_hasher().finish();
    u32::try_from(hash & 255).unwrap_or(0)
}
