//! The places for requests under way: so many in all, for one group and for one webhook, so that
//! whoever hangs holds up nobody else.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use types::{GroupId, WebhookId};
use uuid::Uuid;

/// Requests under way in this process.
const IN_ALL: usize = 256;
/// Of them, of one group …
const OF_GROUP: usize = 16;
/// … and of one webhook; of one that failed lately, or that is sent in order, one.
const OF_WEBHOOK: usize = 4;

/// The places. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Outbox(Arc<Inner>);

#[derive(Default)]
struct Inner {
    taken: Mutex<Taken>,
    news: Notify,
    /// Something waits for a place.
    waiting: AtomicBool,
}

#[derive(Default)]
struct Taken {
    all: usize,
    /// By group, and by webhook.
    each: HashMap<Uuid, usize>,
    failing: HashSet<WebhookId>,
}

/// A place, given back when it is dropped.
pub(super) struct Place {
    outbox: Outbox,
    webhook: WebhookId,
    group: GroupId,
    ordered: bool,
}

impl Outbox {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, if there is one.
    pub(super) fn place(&self, webhook: WebhookId, group: GroupId, ordered: bool) -> Option<Place> {
        let mut taken = self.taken();
        let most = if ordered || taken.failing.contains(&webhook) { 1 } else { OF_WEBHOOK };
        let count = |id: Uuid| taken.each.get(&id).copied().unwrap_or(0);
        if taken.all >= IN_ALL || count(group.0) >= OF_GROUP || count(webhook.0) >= most {
            // While nobody can give one back unseen.
            self.0.waiting.store(true, Ordering::SeqCst);
            return None;
        }
        taken.all += 1;
        for id in [webhook.0, group.0] {
            *taken.each.entry(id).or_default() += 1;
        }
        drop(taken);
        Some(Place { outbox: self.clone(), webhook, group, ordered })
    }

    /// Remembers how the last request of a webhook went.
    pub(super) fn note(&self, webhook: WebhookId, failed: bool) {
        let mut taken = self.taken();
        if failed {
            taken.failing.insert(webhook);
        } else {
            taken.failing.remove(&webhook);
        }
    }

    /// There is something to be sent.
    pub(super) fn wake(&self) {
        self.0.news.notify_one();
    }

    /// What is found from now on waits for no place that became free before.
    pub(super) fn look(&self) {
        self.0.waiting.store(false, Ordering::SeqCst);
    }

    /// Until there is something to be sent, or a place for what waits.
    pub(super) async fn news(&self) {
        self.0.news.notified().await;
    }
}

impl Place {
    /// Whose it is.
    pub(super) const fn webhook(&self) -> WebhookId {
        self.webhook
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.outbox.taken();
        taken.all = taken.all.saturating_sub(1);
        for id in [self.webhook.0, self.group.0] {
            if let Some(count) = taken.each.get_mut(&id) {
                *count -= 1;
                if *count == 0 {
                    taken.each.remove(&id);
                }
            }
        }
        drop(taken);
        // In order, the next one waits for this place without having asked for it.
        if self.ordered || self.outbox.0.waiting.load(Ordering::SeqCst) {
            self.outbox.wake();
        }
    }
}
