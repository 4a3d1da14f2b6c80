//! The owner of a change: one transaction, one caller, one moment, its events.

use std::pin::Pin;

use database::{Answer, Reach, Tx};
use telemetry::within;
use tokio::task::JoinHandle;
use types::{AnyId, Error, EventId, GroupId, JobId, Json, PersonId, Result, Time};
use uuid::Uuid;

use crate::events::{self, NewEvent};
use crate::jobs::{self, NewJob};
use crate::{App, Caller};

type Effect = Box<dyn FnOnce(&App) + Send>;

/// A change being made. Everything it does is in one transaction; what leaves the house waits for
/// the commit.
pub struct Work<'t> {
    /// The transaction.
    pub tx: &'t mut Tx,
    /// On whose behalf.
    pub caller: &'t Caller,
    /// The one moment of this change.
    pub now: Time,
    app: &'t App,
    /// All of it is taken back in the end.
    rehearsal: bool,
    left: Left,
}

/// What a change leaves for after its commit.
#[derive(Default)]
struct Left {
    recorded: u32,
    enqueued: bool,
    /// The kinds of the jobs that were enqueued, and how many.
    jobs: Vec<(&'static str, u64)>,
    silent: bool,
    effects: Vec<Effect>,
}

impl Left {
    fn add(&mut self, other: Self) {
        self.recorded += other.recorded;
        self.enqueued |= other.enqueued;
        self.jobs.extend(other.jobs);
        self.silent |= other.silent;
        self.effects.extend(other.effects);
    }
}

impl<'t> Work<'t> {
    /// One that has done nothing so far.
    fn of(tx: &'t mut Tx, caller: &'t Caller, app: &'t App, now: Time) -> Self {
        Self { tx, caller, now, app, rehearsal: false, left: Left::default() }
    }

    /// A new id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.app.id(self.now)
    }

    /// The house this happens in.
    #[must_use]
    pub fn app(&self) -> &App {
        self.app
    }

    /// The person who calls.
    #[must_use]
    pub fn me(&self) -> Option<PersonId> {
        self.caller.person()
    }

    /// Whether all of this is taken back in the end ([`App::rehearse`]): what it counts is nobody
    /// else's then, and nobody is to wait for it.
    #[must_use]
    pub const fn is_rehearsal(&self) -> bool {
        self.rehearsal
    }

    /// Writes an event into the same transaction.
    ///
    /// # Errors
    /// As [`Tx::run`].
    pub async fn record(&mut self, event: NewEvent<'_>) -> Result<EventId> {
        self.left.recorded += 1;
        let id = EventId(self.id());
        events::append(self.tx, id, self.caller, self.now, &event).await?;
        Ok(id)
    }

    /// Writes many events into the same transaction, in this order.
    ///
    /// # Errors
    /// As [`Tx::insert_each`].
    pub async fn record_all(&mut self, events: &[NewEvent<'_>]) -> Result<()> {
        self.left.recorded += u32::try_from(events.len())?;
        let ids: Vec<EventId> = events.iter().map(|_| EventId(self.id())).collect();
        events::append_all(self.tx, &ids, self.caller, self.now, events).await
    }

    /// Records an event about one object of a group that everybody in the group may see.
    ///
    /// # Errors
    /// As [`Tx::run`].
    pub async fn announce(
        &mut self,
        group: GroupId,
        kind: &'static str,
        target: impl Into<AnyId>,
        metadata: &Json,
    ) -> Result<()> {
        self.record(NewEvent::new(group, kind, Some(target.into()), metadata)).await?;
        Ok(())
    }

    /// How many events this change, or this part of it, has recorded so far.
    #[must_use]
    pub fn recorded(&self) -> u32 {
        self.left.recorded
    }

    /// Where in the log the last event is that was recorded by itself: who looked for it there would
    /// lose to everybody who adds to it.
    ///
    /// # Errors
    /// As [`Tx::last_number`].
    pub async fn seq(&mut self) -> Result<i64> {
        self.tx.last_number().await
    }

    /// Runs a part on behalf of the same caller as they are by now: after they made a group, or
    /// became a member, they may do there what the request's start could not know.
    ///
    /// # Errors
    /// What `part` answers.
    pub async fn acting<T>(
        &mut self,
        caller: &Caller,
        part: impl AsyncFnOnce(&mut Work<'_>) -> Result<T>,
    ) -> Result<T> {
        let left = std::mem::take(&mut self.left);
        let (now, app, rehearsal) = (self.now, self.app, self.rehearsal);
        let mut inner = Work { tx: self.tx, caller, now, app, rehearsal, left };
        let done = part(&mut inner).await;
        self.left = inner.left;
        done
    }

    /// Puts a job into the queue, in the same transaction.
    ///
    /// # Errors
    /// As [`Tx::run`].
    pub async fn enqueue(&mut self, job: NewJob) -> Result<()> {
        self.submit(&job).await.map(drop)
    }

    /// As [`Work::enqueue`], and tells the job's id: of a unique one that of the job that is queued
    /// or running already, if there is one.
    ///
    /// # Errors
    /// As [`Tx::run`].
    pub async fn submit(&mut self, job: &NewJob) -> Result<JobId> {
        self.left.enqueued = true;
        let id = self.id();
        let job_id = jobs::enqueue(self.tx, id, self.now, job).await?;
        if job_id.0 == id {
            self.left.jobs.push((job.kind, 1));
        }
        Ok(job_id)
    }

    /// Puts many jobs into the queue, in the same transaction. Unique ones are left out where there
    /// is one like them.
    ///
    /// # Errors
    /// As [`Tx::insert_each`].
    pub async fn enqueue_all(&mut self, new: &[NewJob]) -> Result<()> {
        self.left.enqueued = true;
        let ids: Vec<Uuid> = new.iter().map(|_| self.id()).collect();
        let made = jobs::enqueue_all(self.tx, &ids, self.now, new).await?;
        self.left.jobs.extend(made);
        Ok(())
    }

    /// Wakes workers after the commit: something was changed that lets jobs run, or is to end some.
    pub fn stir_jobs(&mut self) {
        self.left.enqueued = true;
        self.after_commit(|app| app.hub.recall_jobs());
    }

    /// Runs a part whose failure undoes only what it did: the change goes on without it.
    ///
    /// # Errors
    /// What `part` answers.
    pub async fn nested<T>(
        &mut self,
        part: impl AsyncFnOnce(&mut Work<'_>) -> Result<T>,
    ) -> Result<T> {
        let (caller, now, app, rehearsal) = (self.caller, self.now, self.app, self.rehearsal);
        let (done, left) = self
            .tx
            .nested(async move |tx| {
                let left = Left::default();
                let mut inner = Work { tx, caller, now, app, rehearsal, left };
                let done = part(&mut inner).await?;
                Ok((done, inner.left))
            })
            .await?;
        self.left.add(left);
        Ok(done)
    }

    /// Does something once the change is durable: the only door for caches, mail and pushes.
    pub fn after_commit(&mut self, effect: impl FnOnce(&App) + Send + 'static) {
        self.left.effects.push(Box::new(effect));
    }

    /// Says that this change is about bookkeeping that is no event (a session's last use, a
    /// spent token, a cursor).
    pub fn silently(&mut self) {
        self.left.silent = true;
    }
}

/// What a change does, without its type: what surrounds it is then compiled once, and not once for
/// each of some hundred changes.
trait Part: Send {
    fn run<'a>(&'a self, work: &'a mut Work<'_>) -> Running<'a>;
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

struct Typed<T, F> {
    change: F,
    answer: Answer<T>,
}

impl<T, F> Part for Typed<T, F>
where
    T: Send,
    F: AsyncFn(&mut Work<'_>) -> Result<T> + Send,
{
    fn run<'a>(&'a self, work: &'a mut Work<'_>) -> Running<'a> {
        Box::pin(async move {
            self.answer.put((self.change)(work).await?);
            Ok(())
        })
    }
}

pub(crate) async fn run<T, F>(app: &App, caller: &Caller, reach: Reach, change: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFn(&mut Work<'_>) -> Result<T> + Send + 'static,
{
    let (place, answer) = Answer::new();
    let done = apart(app, caller, reach, Box::new(Typed { change, answer: place })).await;
    // What a task that broke says of itself may quote what was changed.
    done.map_err(|_| Error::internal("a change broke off"))??;
    answer.take()
}

/// As [`run`], and takes it back: nothing is left of it but the answer, so nobody has to be told of
/// it, and who goes away need not have it.
pub(crate) async fn rehearse<T, F>(app: &App, caller: &Caller, change: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFn(&mut Work<'_>) -> Result<T> + Send + 'static,
{
    let (place, answer) = Answer::new();
    let change: Box<dyn Part> = Box::new(Typed { change, answer: place });
    let (inside, caller, now) = (app.clone(), caller.clone(), app.now());
    let rehearsing = app.store(&caller).rehearse(async move |tx| {
        let mut work = Work { rehearsal: true, ..Work::of(tx, &caller, &inside, now) };
        change.run(&mut work).await
    });
    rehearsing.await?;
    answer.take()
}

/// A task of its own: once queued, a change happens even when its request goes away, and then its
/// effects must too — a revocation nobody waits for is still one. Begun here, so that it is compiled
/// here once and not in every crate that changes something.
fn apart(
    app: &App,
    caller: &Caller,
    reach: Reach,
    change: Box<dyn Part>,
) -> JoinHandle<Result<()>> {
    let (app, caller) = (app.clone(), caller.clone());
    let current = telemetry::current();
    tokio::spawn(async move { within(current, commit(&app, caller, reach, change)).await })
}

async fn commit(app: &App, caller: Caller, reach: Reach, change: Box<dyn Part>) -> Result<()> {
    let (inside, now) = (app.clone(), app.now());
    let once = caller.key().cloned();
    let left = app
        .db
        .bound(reach)
        .write(async move |tx| {
            let mut work = Work::of(tx, &caller, &inside, now);
            change.run(&mut work).await?;
            if work.left.recorded == 0 && !work.left.silent && work.tx.wrote() {
                return Err(Error::internal("a change was made without an event"));
            }
            // Last, so that nobody who sends the same waits for more than this row.
            if let Some(once) = caller.key() {
                once.claim(work.tx, now).await?;
            }
            Ok(work.left)
        })
        .await?;
    if let Some(once) = once {
        once.claimed();
    }
    for effect in left.effects {
        effect(app);
    }
    if left.recorded > 0 {
        app.hub.wake();
        app.db.announce();
    }
    for (kind, made) in left.jobs {
        app.meters().jobs.of(kind).enqueued.add(made);
    }
    if left.enqueued {
        app.hub.wake_workers();
    }
    Ok(())
}
