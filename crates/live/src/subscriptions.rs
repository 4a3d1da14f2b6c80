//! Listening to topics: from now on, or from where one left off.

use std::sync::Arc;
use std::time::Duration;

use database::seams::tail::{self, Position};
use filter::Filter;
use kernel::Caller;
use serde::{Deserialize, Serialize};
use types::{Error, ErrorKind, Result};
use world::events;

use crate::board::Joined;
use crate::calls::Subscribed;
use crate::engine::Frame;
use crate::heard::{self, Heard};
use crate::listener::{Listener, SCHEMA, Sink, Style};
use crate::topic::{self, Topic};
use crate::wire::{Guest, Wire};
use crate::{Live, follow, packet};

/// Events read at a time by somebody who catches up.
const BATCH: i64 = 200;
/// So many read what they missed at a time: a crowd that comes back must not take every turn of
/// the runtime, where on SQLite a read is over before anybody else is asked.
pub(crate) const CATCHING_UP: usize = 4;
/// How often a full queue is looked at again, and for how long.
const LOOK: Duration = Duration::from_millis(5);
const LOOKS: u32 = 6_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wanted {
    topic: String,
    #[serde(default)]
    filter: Option<String>,
    #[serde(default)]
    since: Option<String>,
}

/// Listens to a topic.
///
/// # Errors
/// 404 for what the caller may not see; 422 for a topic, filter or cursor that is none; 429 for
/// one topic too many.
pub(crate) async fn subscribe(
    live: &Live,
    wire: &Arc<Wire>,
    caller: &Caller,
    wanted: Wanted,
) -> Result<Subscribed> {
    let topic = Topic::parse(&wanted.topic, caller.person())?;
    let filter = wanted.filter.as_deref().map(|text| Filter::parse(text, &SCHEMA)).transpose()?;
    let sink = Sink::Wire(Arc::clone(wire));
    let what = (topic, Style::Events);
    let start = begin(live, caller, what, filter, wanted.since.as_deref(), sink).await?;
    keep(live, wire, &start.listener, live.settings.topics_per_connection)?;
    if !start.recovered && wanted.since.is_some() {
        resync(wire, topic);
    }
    Ok(start.go(live))
}

/// Listens no more.
///
/// # Errors
/// 422 for what is no topic.
pub(crate) fn unsubscribe(
    live: &Live,
    wire: &Arc<Wire>,
    caller: &Caller,
    topic: &str,
) -> Result<()> {
    let topic = Topic::parse(topic, caller.person())?;
    let known = wire.data.lock().listening.remove(&(topic, Style::Events));
    if let Some(listener) = known {
        live.board.leave(&listener);
    }
    Ok(())
}

/// A listener that may begin.
pub(crate) struct Start {
    pub(crate) listener: Arc<Listener>,
    pub(crate) recovered: bool,
    /// Where it goes on; none: now.
    from: Option<Position>,
    /// As [`Board::reviews`](crate::board::Board::reviews) when it was asked what may be seen.
    reviews: u64,
    /// Who was believed to ask.
    asking: Caller,
}

/// Makes a listener, by the policy.
///
/// # Errors
/// As [`subscribe`].
pub(crate) async fn begin(
    live: &Live,
    caller: &Caller,
    what: (Topic, Style),
    filter: Option<Filter>,
    since: Option<&str>,
    sink: Sink,
) -> Result<Start> {
    let from = since.map(|since| heard::open(&live.cursors, what.0, since)).transpose()?;
    let asking = caller.clone();
    let reviews = live.board.reviews();
    // The first to listen may be here before the log was looked at.
    let first = live.board.at() == Position::default();
    let (view, recovered, end) = live
        .app
        .store(caller)
        .read(async move |tx| {
            let view = topic::view(tx, &asking, what.0).await?;
            let whole = match from {
                Some(from) => events::is_whole_after(tx, view.group, from).await?,
                None => false,
            };
            let end = if first { Some(tail::end(tx).await?) } else { None };
            Ok((view, whole, end))
        })
        .await?;
    if let Some(end) = end {
        live.board.skip_to(end);
    }
    let from = from.filter(|_| recovered);
    let listener = Arc::new(Listener::new(what, view, caller.person(), sink, filter));
    Ok(Start { listener, recovered, from, reviews, asking: caller.clone() })
}

impl Start {
    /// Begins: at once, or in the background by telling what was missed first.
    pub(crate) fn go(self, live: &Live) -> Subscribed {
        let topic = self.listener.topic;
        let at = match self.from {
            None => {
                let at = live.board.listen(Arc::clone(&self.listener));
                if self.is_old(live) {
                    let (live, listener) = (live.clone(), Arc::clone(&self.listener));
                    tokio::spawn(async move { follow::look_once(&live, &listener).await });
                }
                at
            }
            Some(from) => {
                tokio::spawn(catch_up(live.clone(), self.listener, from));
                from
            }
        };
        let cursor = heard::seal(&live.cursors, topic, at);
        Subscribed { ok: true, cursor, recovered: self.recovered }
    }

    /// Whether what may be seen may be other than what was found out before it came on the board.
    fn is_old(&self, live: &Live) -> bool {
        match &self.listener.sink {
            // Looked up when the request came, before anything here was asked.
            Sink::Stream { .. } => true,
            // Whoever is looked up from here on is looked at with this one.
            Sink::Wire(wire) => {
                let asking = self.asking.identity();
                let is_asking = |guest: &Guest| std::ptr::eq(guest.caller.identity(), asking);
                live.board.reviews() != self.reviews
                    || !wire.data.guest().is_some_and(|guest| is_asking(&guest))
            }
        }
    }
}

/// Notes a listener with its connection, in the place of an earlier one of the same; whether there
/// was one.
pub(crate) fn keep(
    live: &Live,
    wire: &Arc<Wire>,
    listener: &Arc<Listener>,
    most: usize,
) -> Result<bool> {
    let (topic, style) = (listener.topic, listener.style);
    let before = {
        let mut state = wire.data.lock();
        if state.closed {
            return Err(Error::unauthenticated());
        }
        let others = state.listening.keys().filter(|key| key.1 == style && key.0 != topic);
        if others.count() >= most {
            return Err(Error::new(
                ErrorKind::TooFast,
                "too_many_topics",
                format!("One connection listens to at most {most}; leave one first."),
            ));
        }
        state.listening.insert((topic, style), Arc::clone(listener))
    };
    if let Some(before) = &before {
        live.board.leave(before);
    }
    Ok(before.is_some())
}

#[derive(Serialize)]
struct OfTopic {
    topic: String,
}

/// Tells a client that something is missing: it has to read the topic anew.
pub(crate) fn resync(wire: &Wire, topic: Topic) {
    let body = OfTopic { topic: topic.to_string() };
    let _ = wire.emit(packet::event("resync_required", &body));
}

/// Tells everything since `from`, then hands over to the board without a hole and without telling
/// anything twice.
async fn catch_up(live: Live, listener: Arc<Listener>, mut from: Position) {
    loop {
        // Only while it reads, and not while it waits for its client: the slow hold up nobody.
        let Ok(turn) = live.catching_up.acquire().await else { return };
        tokio::task::yield_now().await;
        if listener.is_gone() || listener.sink.is_closed() {
            return lose(&live, &listener);
        }
        let (part, parents) = (listener.topic.part(listener.group), listener.needs_parents());
        let read = live
            .app
            .db
            .unbound()
            .read(async move |tx| {
                // Read first: what commits in between is told twice to nobody.
                let end = tail::end(tx).await?;
                Ok((heard::read(tx, part, from, BATCH, parents).await?, end))
            })
            .await;
        drop(turn);
        let (batch, end) = match read {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(cause = error.cause(), "a listener could not catch up");
                return lose(&live, &listener);
            }
        };
        // Who catches up is not on the board, where what changes the policy is noticed.
        follow::look_once(&live, &listener).await;
        let full = i64::try_from(batch.len()).is_ok_and(|read| read == BATCH);
        from = batch.last().map_or(from, |heard| heard.told.position);
        if !tell_all(&live, &listener, &batch).await {
            return;
        }
        if full {
            continue;
        }
        from = from.max(end);
        if listener.is_gone() {
            return;
        }
        if live.board.join(&listener, from) == Joined::Live {
            return follow::look_once(&live, &listener).await;
        }
    }
}

/// Whether it could all be told.
async fn tell_all(live: &Live, listener: &Arc<Listener>, batch: &[Heard]) -> bool {
    let now = live.app.now();
    for heard in batch.iter().filter(|heard| listener.is_about(heard)) {
        if !listener.wants(heard, now) {
            continue;
        }
        let mut looks = 0;
        while !listener.sink.has_room() {
            looks += 1;
            if listener.is_gone() || listener.sink.is_closed() || looks > LOOKS {
                live.app.meters().live.slow.add(u64::from(looks > LOOKS));
                lose(live, listener);
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
        if listener.is_gone() || listener.tell(heard, &live.cursors).is_err() {
            lose(live, listener);
            return false;
        }
        live.app.meters().live.frames.one();
    }
    true
}

/// A listener that cannot be told everything hears nothing more: its client comes back.
fn lose(live: &Live, listener: &Arc<Listener>) {
    if !listener.is_gone() {
        live.send_away(listener);
    }
}

/// The frame that ends listening because the policy changed.
pub(crate) fn unsubscribed(topic: Topic, code: &str) -> Frame {
    #[derive(Serialize)]
    struct Ended<'a> {
        topic: String,
        code: &'a str,
    }
    packet::event("unsubscribed", &Ended { topic: topic.to_string(), code }).into()
}
