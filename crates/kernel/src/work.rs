//! The owner of a change: one transaction, one caller, one moment, its events.

use database::Tx;
use types::{AnyId, Error, GroupId, Json, PersonId, Result, Time};
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
    recorded: u32,
    enqueued: bool,
    silent: bool,
    effects: Vec<Effect>,
}

impl Work<'_> {
    /// A new id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.app.id(self.now)
    }

    /// The person who calls.
    #[must_use]
    pub fn me(&self) -> Option<PersonId> {
        self.caller.person()
    }

    /// Writes an event into the same transaction.
    ///
    /// # Errors
    /// As [`Tx::run`].
    pub async fn record(&mut self, event: NewEvent<'_>) -> Result<()> {
        self.recorded += 1;
        let id = self.id();
        events::append(self.tx, id, self.caller, self.now, &event).await
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
        self.record(NewEvent::new(group, kind, Some(target.into()), metadata)).await
    }

    /// Puts a job into the queue, in the same transaction.
    ///
    /// # Errors
    /// As [`Tx::run`].
    pub async fn enqueue(&mut self, job: NewJob) -> Result<()> {
        self.enqueued = true;
        let id = self.id();
        jobs::enqueue(self.tx, id, self.now, &job).await
    }

    /// Does something once the change is durable: the only door for caches, mail and pushes.
    pub fn after_commit(&mut self, effect: impl FnOnce(&App) + Send + 'static) {
        self.effects.push(Box::new(effect));
    }

    /// Says that this change is about bookkeeping that is no event (a session's last use, a
    /// spent token, a cursor).
    pub fn silently(&mut self) {
        self.silent = true;
    }
}

pub(crate) async fn run<T, F>(app: &App, caller: &Caller, change: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFn(&mut Work<'_>) -> Result<T> + Send + 'static,
{
    let (inside, caller, now) = (app.clone(), caller.clone(), app.now());
    let (done, effects, recorded, enqueued) = app
        .db
        .write(async move |tx| {
            let mut work = Work {
                tx,
                caller: &caller,
                now,
                app: &inside,
                recorded: 0,
                enqueued: false,
                silent: false,
                effects: Vec::new(),
            };
            let done = change(&mut work).await?;
            if work.recorded == 0 && !work.silent && work.tx.wrote() {
                return Err(Error::internal("a change was made without an event"));
            }
            Ok((done, work.effects, work.recorded, work.enqueued))
        })
        .await?;
    for effect in effects {
        effect(app);
    }
    if recorded > 0 {
        app.hub.wake();
        app.db.announce();
    }
    if enqueued {
        app.hub.wake_workers();
    }
    Ok(done)
}
