//! One room, many listeners: how many deliveries a second, and how late the last of them is.
//!
//! Whatever answers `join_room {room}` and `message {room, body}` with `{ok: true}` and tells
//! `message {body, …}` to everybody in the room can be measured, so other servers can, too.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::wire::Wire;
use super::{cost, histogram, record, spread};
use crate::options::LiveOptions;
use crate::proc::Snapshot;
use crate::report::Report;
use crate::scenario::visitor;

/// Messages before the measurement.
const WARM_UP: usize = 20;
/// How long one message may take to everybody.
const PATIENCE: Duration = Duration::from_secs(60);
/// Before its number in the body of a message.
const MARK: &str = "\"body\":\"bench-";

/// A room somewhere.
pub(super) struct Place<'a> {
    pub(super) address: SocketAddr,
    pub(super) token: Option<&'a str>,
    pub(super) room: &'a str,
}

/// What the listeners have heard.
struct Heard {
    /// When each message was sent.
    sent: RefCell<Vec<Instant>>,
    /// How many have heard each message.
    by: RefCell<Vec<u32>>,
    /// The first of those that somebody has not heard.
    open: Cell<usize>,
    listeners: u32,
    /// Of messages from here on.
    latencies: RefCell<Histogram<u64>>,
    deliveries: Cell<u64>,
    news: Notify,
}

impl Heard {
    fn hear(&self, number: usize) {
        let now = Instant::now();
        let mut by = self.by.borrow_mut();
        let (Some(count), Some(sent)) =
            (by.get_mut(number), self.sent.borrow().get(number).copied())
        else {
            return;
        };
        *count += 1;
        if number >= WARM_UP {
            record(&mut self.latencies.borrow_mut(), now - sent);
            self.deliveries.set(self.deliveries.get() + 1);
        }
        while by.get(self.open.get()) == Some(&self.listeners) {
            self.open.set(self.open.get() + 1);
            self.news.notify_one();
        }
    }

    /// Waits until at most `window` messages are on their way.
    async fn heard_up_to(&self, next: usize, window: usize) -> Result<()> {
        let all = async {
            while next.saturating_sub(self.open.get()) > window {
                self.news.notified().await;
            }
        };
        tokio::time::timeout(PATIENCE, all).await.context("a message was not heard by everybody")
    }
}

/// Measures it.
pub(super) async fn measure(
    place: &Place<'_>,
    options: &LiveOptions,
    pid: Option<u32>,
    report: &mut Report,
) -> Result<()> {
    let heard = Rc::new(Heard {
        sent: RefCell::default(),
        by: RefCell::default(),
        open: Cell::new(0),
        listeners: options.listeners,
        latencies: RefCell::new(histogram()?),
        deliveries: Cell::new(0),
        news: Notify::new(),
    });
    let mut listeners = JoinSet::new();
    let join = serde_json::json!({ "room": place.room }).to_string();
    for number in 0..options.listeners {
        let mut wire = Wire::open(place.address, Some(visitor(number.into())), place.token).await?;
        wire.ask(1, "join_room", &join).await?;
        let heard = Rc::clone(&heard);
        listeners.spawn_local(async move { listen(wire, &heard).await });
    }
    let speaker = Wire::open(place.address, None, place.token).await?;
    let spoken = tokio::select! {
        spoken = speak(speaker, place.room, options, pid, &heard) => spoken?,
        Some(ended) = listeners.join_next() => return Err(ended?.context("a listener was cut off")),
    };
    listeners.abort_all();
    let (messages, elapsed, usage) = spoken;
    let deliveries = heard.deliveries.get();
    if deliveries != messages * u64::from(options.listeners) {
        bail!("{messages} messages were heard {deliveries} times");
    }
    report.note(format!(
        "fan-out: {} listeners in one room, messages of {} bytes, {} at a time: {:.0} messages/s, \
         {:.0} deliveries/s; from sending to each listener {}; {}.",
        options.listeners,
        options.body,
        options.window,
        messages as f64 / elapsed.as_secs_f64(),
        deliveries as f64 / elapsed.as_secs_f64(),
        spread(&heard.latencies.borrow()),
        cost(&usage, elapsed, "delivery", deliveries),
    ));
    Ok(())
}

/// Says one thing after the other; how many were measured, for how long, and what it cost.
async fn speak(
    mut wire: Wire,
    room: &str,
    options: &LiveOptions,
    pid: Option<u32>,
    heard: &Heard,
) -> Result<(u64, Duration, crate::proc::Usage)> {
    let window = options.window as usize;
    let mut begun = None;
    let mut next = 0;
    loop {
        if next == WARM_UP {
            heard.heard_up_to(next, 0).await?;
            begun = Some((Instant::now(), Snapshot::take(pid)?));
        }
        if let Some((start, _)) = &begun
            && start.elapsed() >= Duration::from_secs(options.seconds)
        {
            break;
        }
        heard.heard_up_to(next, window - 1).await?;
        let mut body = format!("bench-{next:09}-");
        body.extend(std::iter::repeat_n('x', (options.body as usize).saturating_sub(body.len())));
        let message = serde_json::json!({ "room": room, "body": body }).to_string();
        heard.by.borrow_mut().push(0);
        heard.sent.borrow_mut().push(Instant::now());
        wire.ask(next as u64, "message", &message).await?;
        next += 1;
    }
    heard.heard_up_to(next, 0).await?;
    let (start, before) = begun.context("nothing was measured")?;
    let elapsed = start.elapsed();
    let usage = Snapshot::take(pid)?.since(&before, elapsed);
    Ok(((next - WARM_UP) as u64, elapsed, usage))
}

/// Listens until something goes wrong.
async fn listen(mut wire: Wire, heard: &Heard) -> anyhow::Error {
    loop {
        match wire.packet().await {
            Ok(packet) => {
                if packet.starts_with("42[\"message\",")
                    && let Some(number) = number_of(packet)
                {
                    heard.hear(number);
                }
            }
            Err(error) => return error,
        }
    }
}

/// Which message this is.
fn number_of(packet: &str) -> Option<usize> {
    let (_, rest) = packet.split_once(MARK)?;
    rest.split('-').next()?.parse().ok()
}
