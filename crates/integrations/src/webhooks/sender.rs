//! Sends what is due: takes it from the queue as places become free, and waits for news when there
//! is nothing.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use database::Engine;
use types::{DeliveryId, PersonId, Result, Time, WebhookId};

use super::outbox::{Lack, OF_WEBHOOK, Outbox, Place, SLOW_AFTER};
use super::queue_sql::{self, Head, Heads};
use super::state::State;
use super::{attempt, dispatch};
use crate::Integrations;

/// How long the sender sleeps at most: another node's deliveries wake nobody here.
const PATIENCE: Duration = Duration::from_secs(5);
/// Webhooks served in one round; the others are in the next one.
const ROUND: usize = 64;
/// Queues that are looked at together: a few milliseconds, however many there are.
const LOOK: i64 = 512;
/// Who looked at more of them for nothing rests for so many times as long as that took.
const MANNERS: u32 = 2;

/// Whose queue was looked at last; none, where the next is the first of all. Rounds go on from
/// there: who comes late among thousands waits for no more of them than whoever comes early.
type Walk = Option<WebhookId>;

/// What a webhook is given places for.
type Turn = (Head, Vec<Place>);

/// What a look at some queues came to.
#[derive(Debug, Clone, Copy)]
struct Found {
    /// The last of them; none, where no more come behind it.
    last: Walk,
    /// One of them was given places.
    some: bool,
    /// One of them has no place, since none is left.
    full: bool,
    /// As many have places as are served in one round.
    enough: bool,
}

impl Found {
    /// Where the walk goes on, and whether it does so in the same round.
    fn leads(self, walk: Walk) -> (Walk, bool) {
        if self.full && !self.some {
            // They are the first to be looked at when a place is free.
            return (walk, false);
        }
        (self.last, self.last.is_some() && !self.full && !self.enough)
    }

    /// Whether the next round follows at once, of one that ends with this look.
    fn is_followed(self, begun: Walk, walk: Walk) -> bool {
        // Behind the last one the first comes next, which was not looked at yet.
        self.enough || (walk.is_none() && begun.is_some() && !self.full)
    }
}

/// Follows the log and sends webhooks, until the task is dropped.
pub async fn run(house: Integrations) {
    let state = State::new(house.app.clone(), house.settings().clone());
    tokio::join!(dispatch::follow(state.clone()), send(state));
}

async fn send(state: State) {
    // What an earlier process was at: nobody else writes this store, so nobody is at it now.
    if state.app.db.engine() == Engine::Sqlite {
        let now = state.app.now();
        let released =
            state.app.db.unbound().write(async move |tx| queue_sql::release_all(tx, now).await);
        if let Err(error) = released.await {
            tracing::warn!(cause = error.cause(), "webhooks under way are sent when leases end");
        }
    }
    let mut jobs = state.app.hub.jobs();
    let mut walk: Walk = None;
    loop {
        jobs.mark_unchanged();
        state.outbox.look();
        let began = Instant::now();
        let pause = match round(&state, &mut walk).await {
            Ok(Round { pause, idle }) => {
                if idle && !pause.is_zero() {
                    tokio::time::sleep((began.elapsed() * MANNERS).min(PATIENCE)).await;
                }
                pause
            }
            Err(error) => {
                tracing::warn!(cause = error.cause(), "webhooks cannot be taken from the queue");
                // The places it had for them were given back, which wakes it: that is no news.
                tokio::time::sleep(PATIENCE).await;
                Duration::ZERO
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = state.outbox.news() => {}
            // A webhook was changed, or something is to be sent again.
            _ = jobs.changed() => {}
        }
    }
}

/// What came of a round.
struct Round {
    /// How long to wait for more.
    pause: Duration,
    /// It looked at much, and there was nothing to send.
    idle: bool,
}

/// Starts what is due, as far as there are places.
async fn round(state: &State, walk: &mut Walk) -> Result<Round> {
    let now = state.app.now();
    let store = || state.app.db.unbound();
    let lost = store().read(async |tx| queue_sql::next_lost(tx).await).await?;
    let ended = lost.is_some_and(|at| at <= now);
    let begun = *walk;
    let (mut taken, mut looks) = (Vec::new(), 0);
    // One that waits has no head before its lease ended, so there is always a next round.
    let mut next = lost.filter(|at| *at > now);
    let found = loop {
        let after = *walk;
        let look = store().read(async move |tx| queue_sql::heads(tx, after, LOOK).await);
        let Heads { heads, last } = look.await?;
        looks += 1;
        let before = taken.len();
        let full = places(&state.outbox, heads.iter().filter(|head| head.due <= now), &mut taken);
        next = heads.iter().map(|head| head.due).filter(|at| *at > now).chain(next).min();
        let (some, enough) = (taken.len() > before, taken.len() >= ROUND);
        let found = Found { last, some, full, enough };
        let (next_walk, on) = found.leads(*walk);
        *walk = next_walk;
        if !on {
            break found;
        }
        tokio::task::yield_now().await;
    };
    let again = ended || found.is_followed(begun, *walk);
    let idle = looks > 1 && taken.is_empty();
    if ended || !taken.is_empty() {
        claim(state, taken, now).await?;
    }
    if again {
        return Ok(Round { pause: Duration::ZERO, idle });
    }
    // What became due since the round began is not kept waiting for it once more.
    let now = state.app.now();
    let pause = next.map_or(PATIENCE, |at| {
        Duration::from_micros(u64::try_from(at.micros() - now.micros()).unwrap_or(0))
    });
    // That what is under way is slow by now is told by nobody.
    let most = if state.outbox.is_waited_for() { SLOW_AFTER } else { PATIENCE };
    Ok(Round { pause: pause.min(most), idle })
}

/// As many places as each head may have; those that stay empty are given back by being dropped.
/// It asks until it is refused: whoever could do with one more is woken by the next that is free.
/// Tells whether one found none of which there was none left at all.
fn places<'h>(outbox: &Outbox, due: impl Iterator<Item = &'h Head>, taken: &mut Vec<Turn>) -> bool {
    let mut full = false;
    for head in in_turn(outbox, due) {
        if taken.len() >= ROUND {
            break;
        }
        let mut places = Vec::new();
        let lack = loop {
            match outbox.ask((head.webhook, head.group, head.owner), head.ordered) {
                Ok(place) => places.push(place),
                Err(lack) => break lack,
            }
        };
        full |= lack == Lack::All;
        if !places.is_empty() {
            taken.push((*head, places));
        }
    }
    full
}

/// People take turns: who has the fewest places comes first, and with each webhook again when the
/// others have as many. Of one person, what has been due for longest.
fn in_turn<'h>(outbox: &Outbox, due: impl Iterator<Item = &'h Head>) -> Vec<&'h Head> {
    let mut heads: Vec<&Head> = due.collect();
    heads.sort_by_key(|head| head.due);
    let mut places: HashMap<PersonId, usize> = HashMap::new();
    let mut turns: Vec<(usize, &Head)> = Vec::with_capacity(heads.len());
    for head in heads {
        let before = places.entry(head.owner).or_insert_with(|| outbox.of(head.owner));
        turns.push((*before, head));
        *before += OF_WEBHOOK;
    }
    turns.sort_by_key(|(before, _)| *before);
    turns.into_iter().map(|(_, head)| head).collect()
}

async fn claim(state: &State, taken: Vec<Turn>, now: Time) -> Result<()> {
    // Since the round began it has looked at all there is.
    let lease = state.app.now().after(state.settings.lease());
    let wanted: Vec<(Head, i64)> = taken
        .iter()
        .map(|(head, places)| (*head, i64::try_from(places.len()).unwrap_or(0)))
        .collect();
    let claimed: Vec<Vec<DeliveryId>> = state
        .app
        .db
        .unbound()
        .write(async move |tx| {
            queue_sql::release(tx, now).await?;
            let mut claimed = Vec::new();
            for (head, most) in &wanted {
                claimed.push(queue_sql::claim(tx, *head, now, lease, *most).await?);
            }
            Ok(claimed)
        })
        .await?;
    for ((_, places), ids) in taken.into_iter().zip(claimed) {
        for (place, id) in places.into_iter().zip(ids) {
            tokio::spawn(attempt::run(state.clone(), place, id));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "sender_tests.rs"]
mod tests;
