//! Rooms that fewer may see by now, or that are gone: who is in one of them and may not see it any
//! more is looked at again, and nobody else. What happens is held against the policy event by event;
//! who types, how far somebody has read and who is there is told to whoever is in the room.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use database::{Tx, args};
use tokio::sync::Notify;
use types::{PersonId, Result, ThingId};

use crate::follow::look_at_all;
use crate::heard::Heard;
use crate::{Live, moved};

/// So many are looked at again at once: nobody's events wait for it, and others need the store.
const AT_ONCE: usize = 4;

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

    /// Takes in what of a batch is about such rooms, once it is told: that one has ended is for
    /// those who listened to it. There may be many to look at, and nobody's events wait for it.
    pub(crate) fn hear(&self, live: &Live, batch: &[Heard]) {
        let mut rooms = moved::narrowed(batch.iter().map(|heard| &heard.told.event));
        if rooms.is_empty() {
            return;
        }
        // Before it is seen who listens: whoever begins to just then looks once more by themselves.
        live.board.review();
        rooms.retain(|room| live.board.is_room(*room));
        if !rooms.is_empty() {
            self.lock().extend(rooms);
            self.news.notify_one();
        }
    }
}

/// Looks at them until the task is dropped.
pub(crate) async fn follow(live: Live) {
    loop {
        live.narrowed.news.notified().await;
        let rooms = std::mem::take(&mut *live.narrowed.lock());
        for room in rooms {
            look_at_room(&live, room).await;
        }
    }
}

/// Looks again at those in a room, but for who surely sees it: one read tells that of all of them,
/// so that a large room costs the store no more than a small one, however often it is opened and
/// closed. Where it tells nothing each of them is asked for.
async fn look_at_room(live: &Live, room: ThingId) {
    let read = live.app.db.unbound().read(async move |tx| seen_by(tx, room).await).await;
    let mut listeners = live.board.listeners_of(room);
    if let Ok(Some((visibility, owner))) = read {
        listeners.retain(|listener| !listener.sees(&visibility, owner));
    }
    look_at_all(live, listeners, AT_ONCE).await;
}

/// Who may see a room, looked up across groups: it is held against what each listener sees in its
/// own. Nothing when it is gone.
async fn seen_by(tx: &mut Tx, room: ThingId) -> Result<Option<(String, Option<PersonId>)>> {
    let sql = "select visibility, owner_id from things where id = $1";
    tx.maybe(sql, args![room], |row| Ok((row.get(0)?, row.get(1)?))).await
}
