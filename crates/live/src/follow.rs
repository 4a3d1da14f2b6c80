//! Reads the log once for everybody who listens here, and looks again at what they may see when
//! something about people or groups has changed.

use std::collections::HashSet;
use std::time::Duration;

use database::seams::tail;
use database::{Sql, Tx};
use futures_util::{StreamExt as _, stream};
use kernel::Caller;
use std::sync::Arc;
use tokio::time::MissedTickBehavior;
use types::{ApiKeyId, GroupId, PersonId, Result};
use world::events::Part;

use crate::heard::{self, Heard};
use crate::listener::{Listener, Sink, Style};
use crate::moved::{Touched, touched};
use crate::topic::{self, Topic};
use crate::wire::{Guest, Wire};
use crate::{Live, door, packet, subscriptions};

/// Events read at a time.
const BATCH: i64 = 500;
/// The log is looked at this often, should every hint be lost.
const PATIENCE: Duration = Duration::from_secs(1);
/// Everybody is asked who they are this often.
const SWEEP: Duration = Duration::from_secs(60);
/// Until a node knows of a change to the keys that sign tokens: they are read again after a second,
/// while who asks meanwhile is still answered by the old ones.
const SETTLED: Duration = Duration::from_secs(2);
/// So many are looked at again at once: everybody's events wait for it.
const AT_ONCE: usize = 16;
/// How long somebody who was sent away has to end the transport themselves.
const FAREWELL: Duration = Duration::from_secs(2);

/// Follows the log until the task is dropped.
pub(crate) async fn follow(live: Live) {
    let mut commits = live.app.hub.commits();
    let mut passed = false;
    loop {
        commits.mark_unchanged();
        match step(&live, &mut passed).await {
            Ok(true) => {
                // A read may be over at once: whoever else is due comes first.
                tokio::task::yield_now().await;
                continue;
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(
                    cause = error.cause(),
                    "the log cannot be followed: {}",
                    error.message()
                );
                tokio::time::sleep(PATIENCE).await;
                continue;
            }
        }
        let _ = tokio::time::timeout(PATIENCE, commits.changed()).await;
    }
}

/// Asks everybody who they are, again and again, until the task is dropped: credentials end by time,
/// too, which no event tells. It is also the net below what events do, and beside them, because there
/// may be many to ask: nobody hears anything later for it.
pub(crate) async fn sweep(live: Live) {
    let mut due = tokio::time::interval(SWEEP);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    due.tick().await;
    loop {
        tokio::select! {
            _ = due.tick() => {}
            () = live.sooner.notified() => {
                tokio::time::sleep(SETTLED).await;
                // What is remembered of them may be older than the reason to ask.
                live.app.identities.clear();
            }
        }
        for wire in live.board.wires() {
            identify_again(&live, &wire, Why::Due).await;
            // A look into the store may be over at once.
            tokio::task::yield_now().await;
        }
        identify_streams(&live, |_| true, Why::Due).await;
    }
}

/// Why somebody is asked who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Their rights may be others: whoever cannot be asked just now hears nothing until they can.
    Moved,
    /// It is time to: whoever cannot be asked just now is asked the next time.
    Due,
}

/// Whether an answer says that somebody is not let in, or may not see something; else it says that
/// the store has no answer just now.
fn is_denied(error: &types::Error) -> bool {
    let status = error.kind().status();
    (400..500).contains(&status) && error.kind() != types::ErrorKind::TooFast
}

/// One batch; whether there may be more at once. What happens while nobody is here is `passed` by.
async fn step(live: &Live, passed: &mut bool) -> Result<bool> {
    let at = live.board.at();
    if live.board.is_empty() {
        *passed = true;
        // Nobody listens: only where the log ends has to be known.
        let end = live.app.db.unbound().read(async |tx| tail::end(tx).await).await?;
        live.board.skip_to(end);
        return Ok(false);
    }
    if std::mem::take(passed) {
        // Nobody's rights were looked at: who has come may be taken for who they were before.
        live.sooner.notify_one();
    }
    let parents = live.board.has_rooms();
    let mut batch = live
        .app
        .db
        .unbound()
        .read(async move |tx| heard::read(tx, Part::Whole, at, BATCH, parents).await)
        .await?;
    if batch.is_empty() {
        return Ok(false);
    }
    // Before anything is told: the store is at least as new as the batch.
    review(live, &batch).await?;
    let read = batch.len();
    let (told, slow) = live.board.hand_out(&batch, parents, &live.cursors, live.app.now());
    batch.truncate(told);
    // A connection may have missed something in several of its topics, and is one that ended.
    for listener in slow {
        if live.send_away(&listener) {
            live.app.meters().live.slow.one();
        }
    }
    live.notices.hear(live, &batch);
    live.narrowed.hear(live, &batch);
    Ok(told < read || i64::try_from(read).is_ok_and(|read| read == BATCH))
}

/// Whom a batch may have given other rights: the people it is about and those they act as, those who
/// are here as members of the groups it is about or with its keys, and whoever else listens in these
/// groups or below them. Where what was below is gone, too, that is found [beside](crate::narrowed).
async fn review(live: &Live, batch: &[Heard]) -> Result<()> {
    let events = batch.iter().map(|heard| &heard.told.event);
    let Some(mut found) = touched(events) else { return Ok(()) };
    live.board.review();
    if found.everybody {
        // All that are here, one by one: nobody's events wait for that.
        live.sooner.notify_one();
    }
    let vanished = found.vanished;
    if !found.groups.is_empty() {
        let groups = std::mem::take(&mut found.groups);
        let read = live.app.db.unbound().read(async move |tx| all_below(tx, &groups).await);
        found.groups = read.await?;
        found.members.extend(found.groups.iter().copied());
    }
    look_at(live, found, AT_ONCE).await;
    if vanished {
        // Once nobody is known by what was remembered before: whoever comes from here on is not.
        live.narrowed.hear_vanished();
    }
    Ok(())
}

/// Looks again at all of these, at so many at once.
pub(crate) async fn look_at(live: &Live, touched: Touched, at_once: usize) {
    let Touched { mut people, keys, members, groups, .. } = touched;
    // Another node's change: what was remembered here may be older. It is forgotten before it is seen
    // who is here, or whoever comes just then would be known by it.
    for key in &keys {
        live.app.identities.forget_key(*key);
    }
    if !members.is_empty() && live.app.db.has_nodes() {
        live.app.identities.clear();
    }
    if !keys.is_empty() || !members.is_empty() || !people.is_empty() {
        // What they may do as members is known of them from when they were last asked who they are.
        let is_one = |guest: &Guest| {
            let acting = guest.caller.identity().impersonator;
            has_one(guest, &keys, &members) || acting.is_some_and(|one| people.contains(&one))
        };
        let here = people_here(live, is_one);
        people.extend(here);
    }
    let look_at = |person: PersonId| async move {
        live.app.identities.forget_person(person);
        for wire in live.board.wires_of(person) {
            identify_again(live, &wire, Why::Moved).await;
        }
    };
    stream::iter(people.clone()).for_each_concurrent(at_once, look_at).await;
    if !people.is_empty() {
        let is_one = |guest: &Guest| guest.caller.person().is_some_and(|one| people.contains(&one));
        identify_streams(live, is_one, Why::Moved).await;
    }
    if !groups.is_empty() {
        // Theirs were looked at with them.
        let is_left = |one: &Listener| {
            groups.contains(&one.group) && one.me.is_none_or(|me| !people.contains(&me))
        };
        look_at_all(live, live.board.listeners(is_left), at_once).await;
    }
}

/// Looks once more at what each of these may see, at so many at once.
pub(crate) async fn look_at_all(live: &Live, listeners: Vec<Arc<Listener>>, at_once: usize) {
    let look = |listener| async move { look_once(live, &listener).await };
    stream::iter(listeners).for_each_concurrent(at_once, look).await;
}

/// Whether somebody speaks through one of these keys, or as a member of one of these groups.
fn has_one(guest: &Guest, keys: &HashSet<ApiKeyId>, members: &HashSet<GroupId>) -> bool {
    let identity = guest.caller.identity();
    identity.key.as_ref().is_some_and(|key| keys.contains(&key.id))
        || identity.memberships.iter().any(|one| members.contains(&one.group))
}

/// Everybody who is here and for whom `is` holds: one look at each, however much it asks for.
fn people_here(live: &Live, is: impl Fn(&Guest) -> bool) -> Vec<PersonId> {
    let mut found: Vec<PersonId> = Vec::new();
    for wire in live.board.wires() {
        let guest = wire.data.guest().filter(|guest| is(guest));
        found.extend(guest.and_then(|guest| guest.caller.person()));
    }
    for listener in live.board.listeners(|one| matches!(one.sink, Sink::Stream { .. })) {
        if let Sink::Stream { guest, .. } = &listener.sink
            && is(guest)
        {
            found.extend(guest.caller.person());
        }
    }
    found
}

/// These groups and everything below them.
async fn all_below(tx: &mut Tx, groups: &HashSet<GroupId>) -> Result<HashSet<GroupId>> {
    let mut sql = Sql::new("select group_id from group_ancestors where ancestor_id in ");
    sql.bind_list(groups.iter().copied());
    let rows = tx.all(sql.text(), sql.args(), |row| row.get(0)).await?;
    Ok(rows.into_iter().chain(groups.iter().copied()).collect())
}

/// Asks who somebody who has arrived is by now.
pub(crate) async fn identify_arrived(live: &Live, wire: &Arc<Wire>) {
    identify_again(live, wire, Why::Moved).await;
}

/// Asks who somebody is by now, if their memberships are others than this connection knows of; none,
/// if they are not.
pub(crate) async fn identify_changed(
    live: &Live,
    wire: &Arc<Wire>,
    guest: &Guest,
) -> Option<Caller> {
    let found = guest.credentials.identify(&live.who).await.ok()?;
    if found.memberships == guest.caller.identity().memberships {
        return None;
    }
    identify_again(live, wire, Why::Due).await;
    wire.data.guest().map(|guest| guest.caller.clone())
}

/// Asks who somebody is by now; who is nobody any more is told so and sent away.
async fn identify_again(live: &Live, wire: &Arc<Wire>, why: Why) {
    let _alone = wire.data.looking.lock().await;
    let Some(guest) = wire.data.guest() else { return };
    let identity = match guest.credentials.identify(&live.who).await {
        Ok(identity) => identity,
        Err(error) if !is_denied(&error) => {
            // The client library takes it for a transport that broke, and comes back.
            if why == Why::Moved {
                live.part(wire);
                wire.close();
            }
            return;
        }
        Err(error) => {
            let code = Code { code: error.code() };
            let _ = wire.emit(packet::event("session_revoked", &code));
            let _ = wire.emit(packet::DISCONNECT);
            live.part(wire);
            see_off(Arc::clone(wire));
            return;
        }
    };
    let caller = door::caller(identity, &wire.data.id);
    let listening: Vec<Arc<Listener>> = {
        let mut state = wire.data.lock();
        if state.closed {
            return;
        }
        let credentials = guest.credentials.clone();
        state.guest = Some(Arc::new(Guest { caller: caller.clone(), credentials }));
        state.listening.values().cloned().collect()
    };
    for listener in listening {
        look_again(live, &listener, Ok(caller.clone())).await;
    }
}

/// Asks who those of some streams are by now.
async fn identify_streams(live: &Live, is: impl Fn(&Guest) -> bool, why: Why) {
    let theirs = |one: &Listener| matches!(&one.sink, Sink::Stream { guest, .. } if is(guest));
    for listener in live.board.listeners(theirs) {
        let _alone = listener.looking().lock().await;
        match who_hears(live, &listener).await {
            Err(error) if why == Why::Due && !is_denied(&error) => {}
            caller => look_again(live, &listener, caller).await,
        }
    }
}

/// Looks once more at what a listener may see: because something has changed, or because it was found
/// out before it came on the board.
pub(crate) async fn look_once(live: &Live, listener: &Arc<Listener>) {
    let _alone = listener.looking().lock().await;
    look_again(live, listener, who_hears(live, listener).await).await;
}

/// Who listens, by now.
async fn who_hears(live: &Live, listener: &Listener) -> Result<Caller> {
    match &listener.sink {
        Sink::Wire(wire) => {
            let guest = wire.data.guest().ok_or_else(types::Error::unauthenticated)?;
            Ok(guest.caller.clone())
        }
        Sink::Stream { guest, .. } => {
            let found = guest.credentials.identify_reader(&live.who).await?;
            Ok(door::caller(found, "stream"))
        }
    }
}

/// Ends the transport of somebody who was sent away, if they do not do it themselves. Some clients
/// take a transport that ends before they have understood why as one to be mended.
fn see_off(wire: Arc<Wire>) {
    tokio::spawn(async move {
        let _ = tokio::time::timeout(FAREWELL, wire.closed()).await;
        wire.close();
    });
}

#[derive(serde::Serialize)]
struct Code<'a> {
    code: &'a str,
}

/// What a listener may see by now; who sees nothing any more hears nothing more. Only by who looks
/// [alone](Listener::looking).
async fn look_again(live: &Live, listener: &Arc<Listener>, caller: Result<Caller>) {
    // It was found before its turn came, and may be over since.
    if listener.is_gone() {
        return;
    }
    let topic = listener.topic;
    let view = match caller {
        Err(error) => Err(error),
        Ok(caller) => {
            live.app
                .store(&caller)
                .read(async move |tx| topic::view(tx, &caller, topic).await)
                .await
        }
    };
    match view {
        Ok(view) if view.group == listener.group => listener.look_again(view.sight),
        // Not known for a moment is not seen for a moment: then they come back.
        Err(error) if !is_denied(&error) => {
            live.send_away(listener);
        }
        Ok(_) => end(live, listener, "not_found"),
        Err(error) => end(live, listener, error.code()),
    }
}

fn end(live: &Live, listener: &Arc<Listener>, code: &str) {
    live.board.leave(listener);
    let Sink::Wire(wire) = &listener.sink else { return };
    // Another one that has come into its place meanwhile stays: by its name it would be taken for
    // this one, and nobody would look at it any more.
    if !wire.data.lock().forget(listener) {
        return;
    }
    let _ = wire.emit(subscriptions::unsubscribed(listener.topic, code));
    if let (Topic::Room(room), Some(me), Style::Messages) =
        (listener.topic, listener.me, listener.style)
    {
        crate::rooms::exit(live, wire, room, me);
    }
}
