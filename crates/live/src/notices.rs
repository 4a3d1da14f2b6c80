//! Notifications as they come: whoever listens to what concerns themselves is told each as
//! `notification`, as the API shows it, and with each change of what is unread the `counts`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use types::{Kind, PersonId, Result, ThingId};
use world::notifications::model::{Counts, Notification};
use world::notifications::rules as notifications;

use crate::engine::Full;
use crate::heard::Heard;
use crate::listener::Style;
use crate::topic::Topic;
use crate::wire::{Guest, Wire};
use crate::{Live, packet};

/// Notifications of one person that are told one by one; of more in one batch only the latest are,
/// and the counts tell of all.
const MOST: usize = 50;

/// Before the store is asked again that could not be asked.
const PAUSE: Duration = Duration::from_secs(1);

/// What is to be told, by person; what comes while somebody is told is told together.
#[derive(Default)]
pub(crate) struct Notices {
    waiting: Mutex<HashMap<PersonId, Vec<ThingId>>>,
    news: Notify,
}

impl Notices {
    fn lock(&self) -> MutexGuard<'_, HashMap<PersonId, Vec<ThingId>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what of a batch is about notifications. Reading them takes the store, which nobody
    /// who listens to events waits for.
    pub(crate) fn hear(&self, live: &Live, batch: &[Heard]) {
        let mut is_new = false;
        for heard in batch {
            let Some((person, thing, is_news)) = of_notification(heard) else { continue };
            if !live.board.is_here(person) {
                continue;
            }
            let mut waiting = self.lock();
            let news = waiting.entry(person).or_default();
            if is_news {
                news.retain(|other| *other != thing);
                news.push(thing);
                let many = news.len().saturating_sub(MOST);
                news.drain(..many);
            }
            is_new = true;
        }
        if is_new {
            self.news.notify_one();
        }
    }
}

/// Whose notification an event is about, which one, and whether it is to be shown.
fn of_notification(heard: &Heard) -> Option<(PersonId, ThingId, bool)> {
    let event = &heard.told.event;
    let thing = event.target_id.filter(|id| id.kind == Kind::Thing)?;
    let owner = heard.told.owner()?;
    // Most events are about other things: they are not read.
    if !event.metadata.as_str().contains(notifications::TYPE) {
        return None;
    }
    let kind = event.metadata.to_map();
    if kind.get("type")?.as_str()? != notifications::TYPE {
        return None;
    }
    let is_news = matches!(event.kind.as_str(), "notification_created" | "notification_updated");
    Some((owner, ThingId(thing.uuid), is_news))
}

/// Tells people until the task is dropped.
pub(crate) async fn follow(live: Live) {
    loop {
        live.notices.news.notified().await;
        let waiting = std::mem::take(&mut *live.notices.lock());
        for (person, news) in waiting {
            if let Err(error) = tell(&live, person, news).await {
                // The list is right in any case, and the next counts are.
                tracing::warn!(cause = error.cause(), "somebody is not told: {}", error.message());
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn tell(live: &Live, person: PersonId, news: Vec<ThingId>) -> Result<()> {
    let Some((guest, wires)) = listening(live, person) else { return Ok(()) };
    let caller = guest.caller.clone();
    let (some, counts) = live
        .app
        .store(&guest.caller)
        .read(async move |tx| {
            let some = match news.as_slice() {
                [] => Vec::new(),
                news => notifications::some(tx, &caller, news).await?,
            };
            Ok((some, notifications::counts_in(tx, &caller).await?))
        })
        .await?;
    for wire in wires {
        if send(&wire, &some, &counts).is_err() {
            live.part(&wire);
            wire.close();
        }
    }
    Ok(())
}

/// The connections on which somebody listens to what concerns them.
fn listening(live: &Live, person: PersonId) -> Option<(Arc<Guest>, Vec<Arc<Wire>>)> {
    let mut wires = live.board.wires_of(person);
    let topic = (Topic::Person(person), Style::Events);
    wires.retain(|wire| wire.data.lock().listening.contains_key(&topic));
    // A program has none of its own.
    wires.retain(|wire| guest(wire).is_some());
    let guest = guest(wires.first()?)?;
    Some((guest, wires))
}

fn guest(wire: &Wire) -> Option<Arc<Guest>> {
    wire.data.guest().filter(|guest| guest.caller.identity().key.is_none())
}

/// An error, when its reader is too slow.
fn send(wire: &Wire, some: &[Notification], counts: &Counts) -> Result<(), Full> {
    for one in some {
        wire.emit(packet::event("notification", one))?;
    }
    wire.emit(packet::event("counts", counts))
}
