//! Things that others may see by now, or that are gone: who listens to one of them, or is in it as
//! a room, is looked at again, and nobody else. What happens is held against the policy event by
//! event; who types, how far somebody has read and who is there is told to whoever is in the room.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use types::ThingId;

use crate::follow::look_at_all;
use crate::heard::Heard;
use crate::{Live, moved};

/// What is to be looked at; what changes once more while it waits is looked at once.
#[derive(Default)]
pub(crate) struct Narrowed {
    waiting: Mutex<HashSet<ThingId>>,
    news: Notify,
}

impl Narrowed {
    fn lock(&self) -> MutexGuard<'_, HashSet<ThingId>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what of a batch is about such things, once it is told: that a thing has ended is
    /// for those who listened to it. There may be many to look at, and nobody's events wait for it.
    pub(crate) fn hear(&self, live: &Live, batch: &[Heard]) {
        let mut things = moved::narrowed(batch.iter().map(|heard| &heard.told.event));
        if things.is_empty() {
            return;
        }
        // Before it is seen who listens: whoever begins to just then looks once more by themselves.
        live.board.review();
        things.retain(|thing| live.board.is_heard(*thing));
        if !things.is_empty() {
            self.lock().extend(things);
            self.news.notify_one();
        }
    }
}

/// Looks at them until the task is dropped.
pub(crate) async fn follow(live: Live) {
    loop {
        live.narrowed.news.notified().await;
        let things = std::mem::take(&mut *live.narrowed.lock());
        for thing in things {
            look_at_all(&live, live.board.listeners_of(thing)).await;
        }
    }
}
