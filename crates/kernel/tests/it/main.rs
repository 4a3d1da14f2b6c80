//! The kernel from outside, on both engines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests say what they expect, and nobody imports them"
)]

mod egress;
#[path = "../../../database/tests/it/engines.rs"]
mod engines;
mod follow;
mod jobs;
mod mail;
mod usage;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use database::args;
use kernel::{App, Caller, Clock, Keys, Mail, Parts, Random};
use types::{GroupId, Result};

use crate::engines::Fresh;

/// An app over a fresh store, with a clock that stands still.
pub struct House {
    pub app: App,
    pub group: GroupId,
    clock: Arc<AtomicI64>,
}

impl House {
    pub fn over(store: &Fresh) -> Self {
        Self::with_mail(store, Mail::Nowhere)
    }

    pub fn with_mail(store: &Fresh, mail: Mail) -> Self {
        let clock = Arc::new(AtomicI64::new(1_800_000_000_000_000));
        let (clocked, keys) = (Clock::Fixed(Arc::clone(&clock)), Keys::new([1; 32], [2; 32]));
        let parts = Parts::new(store.db.clone(), keys, clocked, Random::seeded(7));
        let app = App::new(Parts { mail, ..parts });
        Self { group: GroupId(app.id(app.now())), app, clock }
    }

    /// Moves the clock on.
    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::AcqRel);
    }

    /// Records an event about nothing.
    pub async fn event(&self, kind: &'static str) -> Result<()> {
        let group = self.group;
        self.app
            .change(&Caller::system("test"), async move |work| {
                let nothing = types::Json::empty();
                work.record(kernel::events::NewEvent::new(group, kind, None, &nothing)).await?;
                Ok(())
            })
            .await
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        self.app
            .db
            .unbound()
            .read(async move |tx| tx.one(sql, args![], |row| row.get(0)).await)
            .await
            .expect("a count")
    }
}

/// Waits until something is so, and fails where it never becomes so.
pub async fn until<F: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> F) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !check().await {
        assert!(std::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}
