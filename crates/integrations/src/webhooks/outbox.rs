//! The places for requests under way: so many in all, for one person, for one group and for one
//! webhook, and for all that keep us waiting together, so that whoever hangs holds up nobody else.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};
use types::{GroupId, PersonId, WebhookId};

/// Requests under way in this process.
const IN_ALL: usize = 256;
/// Of them, of the webhooks of one person: anybody may have any number of groups …
const OF_OWNER: usize = 64;
/// … of one group …
const OF_GROUP: usize = 16;
/// … and of one webhook; of one that failed lately, or that is sent in order, one.
pub(super) const OF_WEBHOOK: usize = 4;
/// A request under way for this long is slow …
pub(super) const SLOW_AFTER: Duration = Duration::from_secs(2);
/// … and while others wait for a place, all that are slow keep this many. No share of each bounds
/// them together: there may be any number of people, too.
const OF_SLOW: usize = IN_ALL / 2;

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
    each: HashMap<Of, usize>,
    /// Those whose last request failed, as far as they are on ([`Outbox::keep`]).
    failing: HashSet<WebhookId>,
    /// By number: the oldest first.
    held: BTreeMap<u64, Held>,
    next: u64,
}

/// Whose places are counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    Owner(PersonId),
    Group(GroupId),
    Webhook(WebhookId),
}

/// A place that is taken.
struct Held {
    owner: PersonId,
    /// Since when a request is under way.
    since: Option<Instant>,
    /// Ends the request.
    end: Option<oneshot::Sender<()>>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    /// The webhook has some, or it, its group or its owner as many as they may have.
    Share,
    /// The webhook has none, and none is left.
    All,
}

/// A place, given back when it is dropped.
pub(super) struct Place {
    outbox: Outbox,
    number: u64,
    webhook: WebhookId,
    owner: PersonId,
    group: GroupId,
    ordered: bool,
    ended: oneshot::Receiver<()>,
}

impl Outbox {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place; else why there is none.
    pub(super) fn ask(
        &self,
        of: (WebhookId, GroupId, PersonId),
        ordered: bool,
    ) -> Result<Place, Lack> {
        self.ask_at(Instant::now(), of, ordered)
    }

    fn ask_at(
        &self,
        now: Instant,
        (webhook, group, owner): (WebhookId, GroupId, PersonId),
        ordered: bool,
    ) -> Result<Place, Lack> {
        let mut taken = self.taken();
        let most = if ordered || taken.failing.contains(&webhook) { 1 } else { OF_WEBHOOK };
        let may = taken.count(Of::Owner(owner)) < OF_OWNER
            && taken.count(Of::Group(group)) < OF_GROUP
            && taken.count(Of::Webhook(webhook)) < most;
        if !may || taken.held.len() >= IN_ALL {
            // One that has a place is not held up: it asks for as many as it may have.
            let held_up = may && taken.count(Of::Webhook(webhook)) == 0;
            if held_up {
                taken.make_room(now);
            }
            // While nobody can give one back unseen.
            self.0.waiting.store(true, Ordering::SeqCst);
            return Err(if held_up { Lack::All } else { Lack::Share });
        }
        let number = taken.next;
        taken.next += 1;
        let (end, ended) = oneshot::channel();
        taken.held.insert(number, Held { owner, since: None, end: Some(end) });
        for of in [Of::Owner(owner), Of::Group(group), Of::Webhook(webhook)] {
            *taken.each.entry(of).or_default() += 1;
        }
        drop(taken);
        Ok(Place { outbox: self.clone(), number, webhook, owner, group, ordered, ended })
    }

    /// How many places a person has.
    pub(super) fn of(&self, owner: PersonId) -> usize {
        self.taken().count(Of::Owner(owner))
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

    /// Forgets how requests went of all webhooks but these, which are on.
    pub(super) fn keep(&self, on: &HashSet<WebhookId>) {
        self.taken().failing.retain(|webhook| on.contains(webhook));
    }

    /// There is something to be sent.
    pub(super) fn wake(&self) {
        self.0.news.notify_one();
    }

    /// What is found from now on waits for no place that became free before.
    pub(super) fn look(&self) {
        self.0.waiting.store(false, Ordering::SeqCst);
    }

    /// Whether somebody was refused a place since.
    pub(super) fn is_waited_for(&self) -> bool {
        self.0.waiting.load(Ordering::SeqCst)
    }

    /// Until there is something to be sent, or a place for what waits.
    pub(super) async fn news(&self) {
        self.0.news.notified().await;
    }
}

impl Taken {
    fn count(&self, of: Of) -> usize {
        self.each.get(&of).copied().unwrap_or(0)
    }

    /// Ends a request, if more than their part are slow: the oldest of whoever has most of them.
    fn make_room(&mut self, now: Instant) {
        let mut slow: HashMap<PersonId, (usize, u64)> = HashMap::new();
        for (number, held) in self.held.iter().filter(|(_, held)| held.is_slow(now)) {
            slow.entry(held.owner).or_insert((0, *number)).0 += 1;
        }
        if slow.values().map(|(count, _)| count).sum::<usize>() <= OF_SLOW {
            return;
        }
        let most = slow.into_values().max_by_key(|(count, oldest)| (*count, Reverse(*oldest)));
        let held = most.and_then(|(_, oldest)| self.held.get_mut(&oldest));
        if let Some(end) = held.and_then(|held| held.end.take()) {
            // One that has just ended by itself gives its place back all the same.
            let _ = end.send(());
        }
    }
}

impl Held {
    /// One that was told to end is none any more.
    fn is_slow(&self, now: Instant) -> bool {
        let took = self.since.map(|since| now.saturating_duration_since(since));
        self.end.is_some() && took.is_some_and(|took| took >= SLOW_AFTER)
    }
}

impl Place {
    /// Whose it is.
    pub(super) const fn webhook(&self) -> WebhookId {
        self.webhook
    }

    /// What comes of a request, or nothing, if it was slow and others waited for its place.
    pub(super) async fn carry<T>(&mut self, request: impl Future<Output = T>) -> Option<T> {
        self.mark(Some(Instant::now()));
        let outcome = tokio::select! {
            outcome = request => Some(outcome),
            Ok(()) = &mut self.ended => None,
        };
        self.mark(None);
        outcome
    }

    /// Says since when a request is under way.
    fn mark(&self, since: Option<Instant>) {
        if let Some(held) = self.outbox.taken().held.get_mut(&self.number) {
            held.since = since;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.outbox.taken();
        taken.held.remove(&self.number);
        for of in [Of::Owner(self.owner), Of::Group(self.group), Of::Webhook(self.webhook)] {
            if let Some(count) = taken.each.get_mut(&of) {
                *count -= 1;
                if *count == 0 {
                    taken.each.remove(&of);
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

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
