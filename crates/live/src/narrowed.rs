//! Rooms that fewer may see by now, or that are gone: who is in one of them and may not see it any
//! more is looked at again, and nobody else. What happens is held against the policy event by event;
//! who types, how far somebody has read and who is there is told to whoever is in the room. And
//! groups that went with one that was deleted, which nothing names: whoever is a member there or
//! listens there is looked at, too.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use database::{Sql, Tx, args};
use tokio::sync::Notify;
use types::{GroupId, PersonId, Result, ThingId};

use crate::follow::{look_at, look_at_all};
use crate::heard::Heard;
use crate::listener::Sink;
use crate::moved::Touched;
use crate::{Live, moved};

/// So many are looked at again at once: nobody's events wait for it, and others need the store.
const AT_ONCE: usize = 4;
/// Groups that one read asks about.
const GROUPS: usize = 512;
/// Until what could not be read is tried again.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is to be looked at; what changes once more while it waits is looked at once.
#[derive(Default)]
pub(crate) struct Narrowed {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Default)]
struct Waiting {
    rooms: HashSet<ThingId>,
    /// Groups are gone, and nothing says which.
    vanished: bool,
}

impl Narrowed {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
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
            self.lock().rooms.extend(rooms);
            self.news.notify_one();
        }
    }

    /// A group is gone with what was below it, and whoever comes from here on looks by themselves.
    pub(crate) fn hear_vanished(&self) {
        self.lock().vanished = true;
        self.news.notify_one();
    }
}

/// Looks at them until the task is dropped.
pub(crate) async fn follow(live: Live) {
    loop {
        live.narrowed.news.notified().await;
        let Waiting { rooms, vanished } = std::mem::take(&mut *live.narrowed.lock());
        for room in rooms {
            look_at_room(&live, room).await;
        }
        if vanished && let Err(error) = look_at_vanished(&live).await {
            tracing::warn!(cause = error.cause(), "which groups are gone cannot be read");
            live.narrowed.hear_vanished();
            tokio::time::sleep(PATIENCE).await;
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

/// Looks again at those who are here for a group that is gone, or about to be. Who only knows to be
/// a member of one has to be asked, too: a membership counts without a look at its group.
async fn look_at_vanished(live: &Live) -> Result<()> {
    let here: Vec<GroupId> = groups_here(live).into_iter().collect();
    let mut gone: HashSet<GroupId> = HashSet::new();
    for some in here.chunks(GROUPS) {
        gone.extend(some);
        let some = some.to_vec();
        let there = live.app.db.unbound().read(async move |tx| there(tx, &some).await).await?;
        for group in there {
            gone.remove(&group);
        }
    }
    let touched = Touched { members: gone.clone(), groups: gone, ..Touched::default() };
    look_at(live, touched, AT_ONCE).await;
    Ok(())
}

/// The groups that those who are here listen to, or are members of.
fn groups_here(live: &Live) -> HashSet<GroupId> {
    let listeners = live.board.listeners(|_| true);
    let guests = listeners.iter().filter_map(|listener| match &listener.sink {
        Sink::Stream { guest, .. } => Some(Arc::clone(guest)),
        Sink::Wire(_) => None,
    });
    let wires = live.board.wires().into_iter().filter_map(|wire| wire.data.guest());
    let mut found: HashSet<GroupId> = listeners.iter().map(|listener| listener.group).collect();
    for guest in wires.chain(guests) {
        found.extend(guest.caller.identity().memberships.iter().map(|one| one.group));
    }
    found
}

/// Which of these groups are there, and not about to go.
async fn there(tx: &mut Tx, groups: &[GroupId]) -> Result<Vec<GroupId>> {
    let mut sql = Sql::new("select id from groups where status <> 'deleting' and id in ");
    sql.bind_filled(groups.iter().copied());
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}
