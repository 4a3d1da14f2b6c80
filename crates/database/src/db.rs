//! The handle to the store.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use telemetry::Meters;
use types::{Error, Result};

use crate::load::{Load, Sizes};
use crate::migrate::{self, Applied};
use crate::part::{self, Look, Part, untyped};
use crate::watch::Watch;
use crate::{MigrationState, Reach, Settings, Tx, Waits, postgres, sqlite, traced};

/// Which engine a store runs on. Rooms have no reason to ask; operators do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// `sqlite` or `postgres`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Handle>);

struct Handle {
    inner: Inner,
    budget_ms: u32,
    watch: Arc<Watch>,
}

enum Inner {
    Sqlite(sqlite::Store),
    Postgres(postgres::Store),
}

/// The way to transactions, by [`Db::bound`] or [`Db::unbound`].
#[must_use]
pub struct Store<'a> {
    db: &'a Db,
    reach: Reach,
}

/// What becomes of a transaction.
type Outcome<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

impl<'a> Store<'a> {
    /// One transaction: all of `change` or nothing, durable when this returns `Ok`.
    ///
    /// `change` may await nothing but its transaction and may be run more than once, so it must
    /// have no effect outside of it.
    ///
    /// # Errors
    /// What `change` answers; 503 when the queue is full; 507 when the disk is.
    pub async fn write<T, F>(self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (part, answer) = untyped(change);
        self.change(postgres::Mode::Write, part).await?;
        answer.take()
    }

    /// As [`Store::write`], for whoever hands out rows of a queue: each statement sees what others
    /// have committed until then, and what was read is not watched. So those who take and those who
    /// put do not lose to each other; what must not change meanwhile is held
    /// ([`crate::seams::claim`]), and an update says itself what it expects to find.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn hand_out<T, F>(self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (part, answer) = untyped(change);
        self.change(postgres::Mode::HandOut, part).await?;
        answer.take()
    }

    /// As [`Store::write`], and takes everything back but the answer: for a dry run. Each statement
    /// sees what others have committed until then, and what was read is not watched: who keeps
    /// nothing has no race to lose, however long it takes.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn rehearse<T, F>(self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (part, answer) = untyped(change);
        match self.change(postgres::Mode::HandOut, part::rehearsal(part)).await {
            Err(error) if !part::is_taken_back(&error) => Err(error),
            _ => answer.take(),
        }
    }

    /// One snapshot. On SQLite it runs on the caller's own thread; should it take longer than a
    /// moment, it is cut off and starts again on a thread where it holds up nobody.
    ///
    /// # Errors
    /// What `look` answers, or 503 when there is no capacity.
    pub async fn read<T, F>(self, look: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (part, answer) = untyped(look);
        self.look(Look::Short, part).await?;
        answer.take()
    }

    /// One snapshot, for reads known to take long (search, followers): never on a request thread.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read_long<T, F>(self, look: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (part, answer) = untyped(look);
        self.look(Look::Long, part).await?;
        answer.take()
    }

    /// One snapshot, for a question whose cost is the asker's making: a filter, an order. It is
    /// given up after [`Settings::filter_budget_ms`].
    ///
    /// # Errors
    /// As [`Store::read`]; 503 with the code [`crate::TOO_LONG`] when it was given up.
    pub async fn read_bounded<T, F>(self, look: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        let how = match self.db.0.budget_ms {
            0 => Look::Short,
            ms => Look::Bounded(ms),
        };
        let (part, answer) = untyped(look);
        self.look(how, part).await?;
        answer.take()
    }

    /// One snapshot without a time limit, for an operator's export.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn snapshot<T, F>(self, look: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (part, answer) = untyped(look);
        self.look(Look::Endless, part).await?;
        answer.take()
    }

    // In a box, so that this is compiled here once and not in every crate that has a transaction.
    fn change(self, mode: postgres::Mode, part: Box<dyn Part>) -> Outcome<'a> {
        Box::pin(async move {
            let all = &self.db.0.watch.meter().writes;
            let (inside, traced) = traced::begin(self.db.engine(), "write", all);
            let outcome = match &self.db.0.inner {
                Inner::Sqlite(store) => store.write(inside, part).await,
                Inner::Postgres(store) => store.transact(mode, self.reach, inside, part).await,
            };
            traced.ended(outcome)
        })
    }

    fn look(self, how: Look, part: Box<dyn Part>) -> Outcome<'a> {
        Box::pin(async move {
            let all = &self.db.0.watch.meter().reads;
            let (inside, traced) = traced::begin(self.db.engine(), "read", all);
            let outcome = match &self.db.0.inner {
                Inner::Sqlite(store) => store.look(inside, how, part).await,
                Inner::Postgres(store) => {
                    let mode = match how {
                        Look::Bounded(ms) => postgres::Mode::Bounded(ms),
                        Look::Short | Look::Long | Look::Endless => postgres::Mode::Read,
                    };
                    store.transact(mode, self.reach, inside, part).await
                }
            };
            traced.ended(outcome)
        })
    }
}

impl Db {
    /// Opens the store and brings its schema up to date.
    ///
    /// # Errors
    /// A sentence for the operator: the file is locked by another process or cannot be written,
    /// the server cannot be reached, the database is newer than this binary.
    pub async fn open(settings: &Settings) -> Result<Self> {
        let db = Self::open_as_is(settings).await?;
        migrate::up(&db).await?;
        db.unbound().write(async |tx| crate::seams::tail::adopt(tx).await).await?;
        Ok(db)
    }

    /// Opens the store without touching its schema: for looking at it.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn open_as_is(settings: &Settings) -> Result<Self> {
        let url = settings.url.as_str();
        let watch = Watch::new(settings.slow_statement_ms);
        let inner = if let Some(path) = url.strip_prefix("sqlite://") {
            Inner::Sqlite(sqlite::Store::open(path.as_ref(), settings, &watch)?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Inner::Postgres(postgres::Store::open(settings, &watch).await?)
        } else {
            return Err(Error::invalid(
                "database.url",
                "invalid",
                "must start with sqlite:// or postgres://",
            ));
        };
        Ok(Self(Arc::new(Handle { inner, budget_ms: settings.filter_budget_ms, watch })))
    }

    /// One snapshot of a store that somebody else may be serving just now, without a time limit:
    /// for the command line. Nothing is changed, nor brought up to date, nor kept from anybody.
    ///
    /// # Errors
    /// As [`Db::open`], and what `look` answers.
    pub async fn look<T, F>(settings: &Settings, look: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        if let Some(path) = settings.url.strip_prefix("sqlite://") {
            let watch = Watch::new(settings.slow_statement_ms);
            let (part, answer) = untyped(look);
            sqlite::look(path.as_ref(), settings, &watch, part).await?;
            return answer.take();
        }
        let db = Self::open_as_is(settings).await?;
        let outcome = db.unbound().snapshot(look).await;
        db.close().await;
        outcome
    }

    /// Which engine this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.0.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// The store for somebody: their transactions reach no further, whatever their statements say.
    pub const fn bound(&self, reach: Reach) -> Store<'_> {
        Store { db: self, reach }
    }

    /// The store for the house itself, whose transactions are held by nothing but their statements:
    /// jobs, followers, the command line, finding out who somebody is.
    pub const fn unbound(&self) -> Store<'_> {
        Store { db: self, reach: Reach::everything() }
    }

    /// As [`Store::write`], for a step of the schema.
    pub(crate) async fn alter<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (part, answer) = untyped(change);
        match &self.0.inner {
            Inner::Sqlite(store) => store.write(None, part).await?,
            Inner::Postgres(store) => {
                store.transact(postgres::Mode::Alter, Reach::everything(), None, part).await?;
            }
        }
        answer.take()
    }

    /// What of the schema is applied, pending or unknown.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn migrations(&self) -> Result<Vec<Applied>> {
        migrate::status(self).await
    }

    /// Whether the schema fits this binary.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn is_current(&self) -> Result<bool> {
        Ok(self.migrations().await?.iter().all(|one| one.state == MigrationState::Applied))
    }

    /// Tells other nodes on the same PostgreSQL that the event log grew; a hint, coalesced.
    pub fn announce(&self) {
        if let Inner::Postgres(store) = &self.0.inner {
            store.announce();
        }
    }

    /// Waits until another node announces, or `patience` passes. Pending forever on SQLite, where
    /// there is no other node.
    pub async fn announced(&self, patience: Duration) {
        match &self.0.inner {
            Inner::Sqlite(_) => std::future::pending().await,
            Inner::Postgres(store) => store.announced(patience).await,
        }
    }

    /// Whether there may be other nodes on this store.
    #[must_use]
    pub fn has_nodes(&self) -> bool {
        matches!(&self.0.inner, Inner::Postgres(_))
    }

    /// Sends a text of up to 7 900 bytes to every node on the same PostgreSQL, this one too: a hint
    /// that may get lost. Nothing happens on SQLite, where there is no other node.
    pub fn signal(&self, text: String) {
        if let Inner::Postgres(store) = &self.0.inner {
            store.signal(text);
        }
    }

    /// Hears what nodes [`signal`](Self::signal) from now on; nothing ever on SQLite.
    #[must_use]
    pub fn signals(&self) -> tokio::sync::broadcast::Receiver<String> {
        match &self.0.inner {
            Inner::Sqlite(_) => tokio::sync::broadcast::Sender::new(1).subscribe(),
            Inner::Postgres(store) => store.signals(),
        }
    }

    /// Checks the file or server for damage: problems found, in sentences.
    ///
    /// # Errors
    /// When the check itself cannot run.
    pub async fn check(&self) -> Result<Vec<String>> {
        match &self.0.inner {
            Inner::Sqlite(store) => store.check().await,
            Inner::Postgres(_) => {
                self.unbound().read(async |tx| tx.run("select 1", &[]).await).await?;
                Ok(Vec::new())
            }
        }
    }

    /// Why PostgreSQL's row-level security is not in effect; none when it is, and on SQLite, which
    /// knows no such thing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn wall_gap(&self) -> Result<Option<String>> {
        match self.engine() {
            Engine::Sqlite => Ok(None),
            Engine::Postgres => self.unbound().read(async |tx| postgres::wall::gap(tx).await).await,
        }
    }

    /// Whether changes can still be made: the writer, or a database thread, is there.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        match &self.0.inner {
            Inner::Sqlite(store) => store.is_writable(),
            Inner::Postgres(store) => store.is_writable(),
        }
    }

    /// Whether so many changes are waiting for their turn right now that background work should
    /// give way: more than it has there itself.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        match &self.0.inner {
            Inner::Sqlite(store) => store.is_busy(),
            Inner::Postgres(store) => store.is_busy(),
        }
    }

    /// How long transactions waited for their turn since the last look, which was `span` ago: the
    /// shortest of them, since a queue that does not end is one in which even they wait.
    #[must_use]
    pub fn waits(&self, span: Duration) -> Waits {
        match &self.0.inner {
            Inner::Sqlite(store) => store.waits(span),
            Inner::Postgres(store) => store.waits(span),
        }
    }

    /// What the house counts of itself: made with the store, since all of it has one.
    #[must_use]
    pub fn meters(&self) -> &Arc<Meters> {
        &self.0.watch.meters
    }

    /// How much it has to do at this moment.
    #[must_use]
    pub fn load(&self) -> Load {
        match &self.0.inner {
            Inner::Sqlite(store) => store.load(),
            Inner::Postgres(store) => store.load(),
        }
    }

    /// How much room it takes.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sizes(&self) -> Result<Sizes> {
        let log = match &self.0.inner {
            Inner::Sqlite(store) => store.log_size(),
            Inner::Postgres(_) => 0,
        };
        self.unbound().read(async move |tx| Sizes::of(tx, log).await).await
    }

    /// Stops what runs in the background. On SQLite it also finishes what is queued, folds the
    /// log back and closes: later writes answer 503.
    pub async fn close(&self) {
        match &self.0.inner {
            Inner::Sqlite(store) => store.close().await,
            Inner::Postgres(store) => store.close(),
        }
    }
}
