//! The one state of the house.

use std::sync::Arc;
use std::time::Duration;

use database::{Db, Engine, Reach, Store};
use telemetry::Meters;
use types::{Result, Time};
use uuid::Uuid;

use crate::events::Retention;
use crate::mail::Templates;
use crate::usage::{Calls, Plans};
use crate::{
    Caller, Clock, Egress, Hub, Identities, Keys, Limits, Mail, Random, Rates, Vault, Work, work,
};

/// Unless a setting says otherwise.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// Everything a room may need, cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub struct Parts {
    /// Where `now` comes from.
    pub clock: Clock,
    /// Where ids and tokens come from.
    pub random: Random,
    /// The store.
    pub db: Db,
    /// Secrets of this installation.
    pub keys: Keys,
    /// News of commits.
    pub hub: Hub,
    /// Who recent credentials belong to; [`Identities::beside`] the store.
    pub identities: Identities,
    /// How often somebody may try something.
    pub limits: Limits,
    /// How many requests each may send.
    pub rates: Rates,
    /// How jobs are run.
    pub jobs: crate::jobs::Settings,
    /// What plans include.
    pub plans: Plans,
    /// How the log is kept from growing for ever.
    pub retention: Retention,
    /// Calls by API keys that are not noted yet.
    pub calls: Calls,
    /// Secrets at rest.
    pub vault: Vault,
    /// Where letters go.
    pub mail: Mail,
    /// What they say.
    pub letters: Templates,
    /// Requests to other servers.
    pub egress: Egress,
    /// How long ago somebody may have proven who they are for a sensitive change; none: any time.
    pub fresh: Option<Duration>,
}

impl Parts {
    /// A store and keys with everything else as a new installation has it: letters go nowhere.
    #[must_use]
    pub fn new(db: Db, keys: Keys, clock: Clock, random: Random) -> Self {
        Self {
            identities: Identities::beside(&db),
            vault: Vault::new(&keys, random.clone()),
            limits: Limits::default(),
            rates: Rates::default(),
            jobs: crate::jobs::Settings::default(),
            plans: Plans::default(),
            retention: Retention::default(),
            calls: Calls::default(),
            mail: Mail::Nowhere,
            letters: Templates::default(),
            egress: Egress::default(),
            fresh: Some(FRESH),
            hub: Hub::default(),
            clock,
            random,
            db,
            keys,
        }
    }
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// What the house counts of itself.
    #[must_use]
    pub fn meters(&self) -> &Meters {
        self.db.meters()
    }

    /// A new id for an object made at `now`.
    #[must_use]
    pub fn id(&self, now: Time) -> Uuid {
        self.random.id(now)
    }

    /// The store, as far as somebody reaches in it.
    pub fn store(&self, caller: &Caller) -> Store<'_> {
        self.db.bound(self.reach_of(caller))
    }

    /// How far somebody reaches. Where nothing holds them to it, it is not worked out.
    #[must_use]
    pub fn reach_of(&self, caller: &Caller) -> Reach {
        match self.db.engine() {
            Engine::Sqlite => Reach::everything(),
            Engine::Postgres => caller.reach(),
        }
    }

    /// Changes something: one transaction, one caller, one moment, its events. Whatever the
    /// closure left for after the commit happens then, before this returns.
    ///
    /// # Errors
    /// What the closure answers, and what [`Store::write`] does.
    pub async fn change<T, F>(&self, caller: &Caller, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Work<'_>) -> Result<T> + Send + 'static,
    {
        work::run(self, caller, self.reach_of(caller), change).await
    }

    /// As [`App::change`], and takes all of it back: what the closure answers is all that is left of
    /// it, and nothing happens after it. It does not lose to changes that are made meanwhile, nor
    /// they to it; only who writes the same row waits for its end.
    ///
    /// # Errors
    /// What the closure answers, and what [`Store::rehearse`] does.
    pub async fn rehearse<T, F>(&self, caller: &Caller, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Work<'_>) -> Result<T> + Send + 'static,
    {
        work::rehearse(self, caller, change).await
    }

    /// The same where the caller's reach is no measure: they prove only now who they are, or make
    /// an account. It is held by nothing but its statements.
    ///
    /// # Errors
    /// As [`App::change`].
    pub async fn change_unbound<T, F>(&self, caller: &Caller, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Work<'_>) -> Result<T> + Send + 'static,
    {
        work::run(self, caller, Reach::everything(), change).await
    }
}
