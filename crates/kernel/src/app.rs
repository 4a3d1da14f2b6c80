//! The one state of the house.

use std::sync::Arc;

use database::Db;
use types::{Result, Time};
use uuid::Uuid;

use crate::{Caller, Clock, Hub, Identities, Keys, Random, Work, work};

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

    /// A new id for an object made at `now`.
    #[must_use]
    pub fn id(&self, now: Time) -> Uuid {
        self.random.id(now)
    }

    /// Changes something: one transaction, one caller, one moment, its events. Whatever the
    /// closure left for after the commit happens then, before this returns.
    ///
    /// # Errors
    /// What the closure answers, and what [`Db::write`] does.
    pub async fn change<T, F>(&self, caller: &Caller, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Work<'_>) -> Result<T> + Send + 'static,
    {
        work::run(self, caller, change).await
    }
}
