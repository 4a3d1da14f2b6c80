//! One connection, whichever way it goes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::frame::Frame;
use super::pipe::Pipe;
use super::queue::Queue;
use super::{Engine, Handler};

/// Packets of one body: python-socketio refuses one of more.
const AT_ONCE: usize = 16;

/// Places of a queue that are kept for what holds a connection together.
pub(super) const SPARE: usize = 16;
/// While a WebSocket takes over, a request waits so long: as the reference server does.
const CHANGING: Duration = Duration::from_millis(100);

/// A frame found no place: its reader is too slow, or gone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// A connection.
pub(crate) struct Session<H: Handler> {
    /// What its client calls it.
    pub(crate) id: Arc<str>,
    /// What the handler keeps of it.
    pub(crate) data: H::Data,
    engine: Arc<Engine<H>>,
    polled: Mutex<Polled>,
    /// Set when it is a WebSocket, for good.
    pipe: OnceLock<Arc<Pipe>>,
    /// Something waits for a request that polls.
    news: Notify,
    /// When to ask whether the client is there, or, when it was asked, when it is not; in the
    /// engine's milliseconds.
    due: AtomicU64,
    asked: AtomicBool,
    ended: AtomicBool,
    ending: Notify,
}

/// What a client that polls has not got yet.
#[derive(Default)]
struct Polled {
    waiting: Queue,
    /// A request waits.
    polling: bool,
    change: Change,
}

/// Whether a WebSocket is about to take over.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Change {
    #[default]
    None,
    /// One was opened for it.
    Begun,
    /// It works: requests do not wait for long any more.
    Probed,
}

impl<H: Handler> Session<H> {
    pub(super) fn new(engine: Arc<Engine<H>>, id: Arc<str>, data: H::Data) -> Self {
        let due = engine.now().saturating_add(millis(engine.config.heartbeat));
        Self {
            id,
            data,
            engine,
            polled: Mutex::default(),
            pipe: OnceLock::new(),
            news: Notify::new(),
            due: AtomicU64::new(due),
            asked: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            ending: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Polled> {
        self.polled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something to the client.
    ///
    /// # Errors
    /// When there is no room for it.
    pub(crate) fn emit(&self, frame: impl Into<Frame>) -> Result<(), Full> {
        self.send(frame.into())
    }

    /// Says something in passing: a client for which much waits already goes without, so that what
    /// may be lost never takes the place of what may not. Whether it is told.
    pub(crate) fn mention(&self, frame: Frame) -> bool {
        self.send_within(frame, self.engine.config.queue / 2).is_ok()
    }

    pub(super) fn send(&self, frame: Frame) -> Result<(), Full> {
        self.send_within(frame, self.engine.config.queue)
    }

    fn send_within(&self, frame: Frame, most: usize) -> Result<(), Full> {
        self.send_if(frame, |queue| queue.has_room(most))
    }

    fn send_if(&self, frame: Frame, fits: impl FnOnce(&Queue) -> bool) -> Result<(), Full> {
        if let Some(pipe) = self.pipe.get() {
            return pipe.send_if(frame, fits);
        }
        let mut polled = self.lock();
        // It may have become a WebSocket meanwhile.
        if let Some(pipe) = self.pipe.get() {
            return pipe.send_if(frame, fits);
        }
        if self.is_closed() || !fits(&polled.waiting) {
            return Err(Full);
        }
        polled.waiting.push(frame);
        drop(polled);
        self.news.notify_one();
        Ok(())
    }

    /// Whether so little waits that much may follow: who is told what they missed still hears what
    /// is said in passing.
    pub(crate) fn has_room(&self) -> bool {
        let most = (self.engine.config.queue / 4).max(1);
        match self.pipe.get() {
            Some(pipe) => pipe.has_room(most),
            None => !self.is_closed() && self.lock().waiting.has_room(most),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Ready when it has ended.
    pub(crate) async fn closed(&self) {
        let ending = self.ending.notified();
        if !self.is_closed() {
            ending.await;
        }
    }

    /// Ends it. A client library takes it for a transport that broke, and comes back.
    pub(crate) fn close(self: &Arc<Self>) {
        self.finish(&[Frame::CLOSE, Frame::END]);
    }

    /// Ends it after `last`; what was done already is not done again.
    pub(super) fn finish(self: &Arc<Self>, last: &[Frame]) {
        if !self.engine.forget(&self.id) {
            return;
        }
        let mut polled = self.lock();
        // First, or whoever sees that it has ended ends the pipe without these.
        match self.pipe.get() {
            Some(pipe) => pipe.end(last),
            None => last.iter().take(1).for_each(|frame| polled.waiting.push(frame.clone())),
        }
        self.ended.store(true, Ordering::Release);
        drop(polled);
        self.news.notify_one();
        self.ending.notify_waiters();
        self.engine.handler.left(self);
    }

    pub(super) fn engine(&self) -> &Engine<H> {
        &self.engine
    }

    /// Takes a packet of the client; no, when it is the last.
    pub(super) fn hear(self: &Arc<Self>, packet: &str) -> bool {
        let handler = &self.engine.handler;
        match packet.as_bytes().first() {
            Some(b'4') => handler.said(self, packet.get(1..).unwrap_or_default()),
            // Some clients answer before they are asked.
            Some(b'2' | b'3') => self.is_there(),
            // Bytes, as text.
            Some(b'b') => handler.sent_bytes(self),
            _ => return false,
        }
        true
    }

    // ── by polling ───────────────────────────────────────────────────────────────────────────

    /// A request may wait, if no other does.
    pub(super) fn begin_polling(&self) -> Option<Turn<'_, H>> {
        let mut polled = self.lock();
        if std::mem::replace(&mut polled.polling, true) { None } else { Some(Turn(self)) }
    }

    // ── becoming a WebSocket ─────────────────────────────────────────────────────────────────

    pub(super) fn is_socket(&self) -> bool {
        self.pipe.get().is_some()
    }

    /// A WebSocket may take over; nothing, when another one has, or is about to.
    pub(super) fn begin_upgrade(self: &Arc<Self>) -> Option<Upgrade<H>> {
        let mut polled = self.lock();
        if self.is_socket() || polled.change != Change::None {
            return None;
        }
        polled.change = Change::Begun;
        drop(polled);
        Some(Upgrade(Arc::clone(self)))
    }

    /// It is a WebSocket: what waits goes that way from now on. No, when it has ended.
    pub(super) fn go_by(&self, pipe: &Arc<Pipe>) -> bool {
        let mut polled = self.lock();
        if self.is_closed() {
            return false;
        }
        pipe.adopt(std::mem::take(&mut polled.waiting));
        let set = self.pipe.set(Arc::clone(pipe)).is_ok();
        drop(polled);
        self.news.notify_one();
        set
    }

    // ── heartbeat ────────────────────────────────────────────────────────────────────────────

    pub(super) fn is_due(&self, now: u64) -> bool {
        self.due.load(Ordering::Relaxed) <= now
    }

    /// Asks the client whether it is there, or ends what did not answer.
    pub(super) fn beat(self: &Arc<Self>, now: u64) {
        if self.asked.load(Ordering::Relaxed) {
            self.close();
            return;
        }
        // Also when its queue is full; else it is asked when the clock comes by again.
        let places = self.engine.config.queue + SPARE;
        if self.send_if(Frame::PING, |queue| queue.has_place(places)).is_ok() {
            let patience = millis(self.engine.config.heartbeat_timeout);
            self.due.store(now.saturating_add(patience), Ordering::Relaxed);
            self.asked.store(true, Ordering::Relaxed);
        }
    }

    /// The client is there.
    fn is_there(&self) {
        let next = self.engine.now().saturating_add(millis(self.engine.config.heartbeat));
        self.due.store(next, Ordering::Relaxed);
        self.asked.store(false, Ordering::Relaxed);
    }
}

/// The turn of a request that waits for packets; given back when it is answered or gone.
pub(super) struct Turn<'a, H: Handler>(&'a Session<H>);

impl<H: Handler> Turn<'_, H> {
    /// What is to be told now: a body of at most `most` bytes and [`AT_ONCE`] packets, but one in any
    /// case.
    pub(super) async fn packets(&self, most: usize) -> Vec<u8> {
        loop {
            let news = self.0.news.notified();
            if let Some(packets) = self.at_hand(most) {
                return packets;
            }
            if !self.is_changing() {
                news.await;
            } else if tokio::time::timeout(CHANGING, news).await.is_err() {
                return Frame::NOTHING.as_packet().to_vec();
            }
        }
    }

    fn is_changing(&self) -> bool {
        self.0.lock().change == Change::Probed
    }

    fn at_hand(&self, most: usize) -> Option<Vec<u8>> {
        let mut polled = self.0.lock();
        let mut body = Vec::new();
        for _ in 0..AT_ONCE {
            let Some(frame) = polled.waiting.first() else { break };
            let packet = frame.as_packet();
            if !body.is_empty() {
                if body.len() + 1 + packet.len() > most {
                    break;
                }
                body.push(SEPARATOR);
            }
            body.extend_from_slice(packet);
            polled.waiting.pop();
        }
        if body.is_empty() && (self.0.is_socket() || self.0.is_closed()) {
            body.extend_from_slice(Frame::NOTHING.as_packet());
        }
        (!body.is_empty()).then_some(body)
    }
}

impl<H: Handler> Drop for Turn<'_, H> {
    fn drop(&mut self) {
        self.0.lock().polling = false;
    }
}

/// As long as a WebSocket is about to take over.
pub(super) struct Upgrade<H: Handler>(Arc<Session<H>>);

impl<H: Handler> Upgrade<H> {
    pub(super) fn session(&self) -> &Arc<Session<H>> {
        &self.0
    }

    /// The WebSocket works.
    pub(super) fn probed(&self) {
        self.0.lock().change = Change::Probed;
        self.0.news.notify_one();
    }
}

impl<H: Handler> Drop for Upgrade<H> {
    fn drop(&mut self) {
        self.0.lock().change = Change::None;
    }
}

/// Between packets of one body.
pub(super) const SEPARATOR: u8 = 0x1e;

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
