//! One connection, whichever way it goes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::frame::Frame;
use super::pipe::Pipe;
use super::{Engine, Handler};

/// Packets of one body: python-socketio refuses one of more.
const AT_ONCE: usize = 16;

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
    waiting: VecDeque<Frame>,
    /// A request waits.
    polling: bool,
    /// A WebSocket is about to take over.
    upgrading: bool,
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

    pub(super) fn send(&self, frame: Frame) -> Result<(), Full> {
        if let Some(pipe) = self.pipe.get() {
            return pipe.send(frame);
        }
        let mut polled = self.lock();
        // It may have become a WebSocket meanwhile.
        if let Some(pipe) = self.pipe.get() {
            return pipe.send(frame);
        }
        if self.is_closed() || polled.waiting.len() >= self.engine.config.queue {
            return Err(Full);
        }
        polled.waiting.push_back(frame);
        drop(polled);
        self.news.notify_one();
        Ok(())
    }

    /// Whether one more frame would find a place.
    pub(crate) fn has_room(&self) -> bool {
        match self.pipe.get() {
            Some(pipe) => pipe.has_room(),
            None => !self.is_closed() && self.lock().waiting.len() < self.engine.config.queue,
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
        self.ended.store(true, Ordering::Release);
        match self.pipe.get() {
            Some(pipe) => pipe.end(last),
            None => polled.waiting.extend(last.first().cloned()),
        }
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

    /// A WebSocket is about to take over: requests do not wait any more. Nothing, when another one
    /// is, or has.
    pub(super) fn begin_upgrade(&self) -> Option<Upgrade<'_, H>> {
        let mut polled = self.lock();
        if self.is_socket() || std::mem::replace(&mut polled.upgrading, true) {
            return None;
        }
        drop(polled);
        self.news.notify_one();
        Some(Upgrade(self))
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
        if self.asked.swap(true, Ordering::Relaxed) {
            self.close();
            return;
        }
        let patience = millis(self.engine.config.heartbeat_timeout);
        self.due.store(now.saturating_add(patience), Ordering::Relaxed);
        // With a full queue it is asked enough.
        let _ = self.send(Frame::PING);
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
            news.await;
        }
    }

    fn at_hand(&self, most: usize) -> Option<Vec<u8>> {
        let mut polled = self.0.lock();
        let mut body = Vec::new();
        for _ in 0..AT_ONCE {
            let Some(frame) = polled.waiting.front() else { break };
            let packet = frame.as_packet();
            if !body.is_empty() {
                if body.len() + 1 + packet.len() > most {
                    break;
                }
                body.push(SEPARATOR);
            }
            body.extend_from_slice(packet);
            polled.waiting.pop_front();
        }
        if body.is_empty() && (polled.upgrading || self.0.is_socket() || self.0.is_closed()) {
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

/// While a WebSocket is about to take over.
pub(super) struct Upgrade<'a, H: Handler>(&'a Session<H>);

impl<H: Handler> Drop for Upgrade<'_, H> {
    fn drop(&mut self) {
        self.0.lock().upgrading = false;
    }
}

/// Between packets of one body.
pub(super) const SEPARATOR: u8 = 0x1e;

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
