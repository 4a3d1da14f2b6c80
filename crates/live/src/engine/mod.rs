//! Engine.IO, revision 4: connections that begin as HTTP requests and mostly become WebSockets
//! (<https://github.com/socketio/engine.io-protocol>).
//!
//! Ours, because telling a thousand listeners one thing is what this room is for. What is told is
//! one [`Frame`], made once and shared by everybody's queue. Nobody has a task that wakes for each
//! of them: a few [`Pens`](pen::Pens) go through all who are to be told something and write as much
//! as there is for one with one call. A connection at rest is one task, which reads, and no timer;
//! one clock asks them all whether they are still there.
//!
//! `request` reads what a request wants, `polling` answers those that wait for packets, `socket`
//! runs a WebSocket over its `pipe`, and a [`Session`] is the connection whichever way it goes.

mod frame;
mod open;
mod pen;
mod pipe;
mod polling;
mod queue;
mod request;
mod session;
mod socket;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use tokio::time::Instant;

pub(crate) use frame::Frame;
pub(crate) use open::Open;
pub(crate) use queue::PLACE;
pub(crate) use session::{Full, Session};

use self::pen::Pens;
use self::request::{Refusal, Wanted};

/// What an operator may set of it.
pub(crate) struct Config {
    /// Between two questions whether a client is still there.
    pub(crate) heartbeat: Duration,
    /// Without an answer for so long it is not.
    pub(crate) heartbeat_timeout: Duration,
    /// Frames that wait for one client, at most.
    pub(crate) queue: usize,
    /// The largest frame and the largest body of a client, in bytes.
    pub(crate) max_bytes: usize,
    /// Sessions at the same time.
    pub(crate) max_sessions: usize,
}

/// What is done with connections. Nothing of it may wait.
pub(crate) trait Handler: Send + Sync + Sized + 'static {
    /// What is kept of each.
    type Data: Send + Sync + 'static;

    /// A name nobody can guess: who knows it may speak for the connection while it polls.
    fn name(&self) -> Arc<str>;
    /// What is kept of the request that opens a connection.
    fn meet(&self, request: &Parts) -> Self::Data;
    /// A connection was opened.
    fn came(&self, session: &Arc<Session<Self>>);
    /// A client said something.
    fn said(&self, session: &Arc<Session<Self>>, text: &str);
    /// A client sent bytes.
    fn sent_bytes(&self, session: &Arc<Session<Self>>);
    /// A connection has ended; told once.
    fn left(&self, session: &Arc<Session<Self>>);
}

/// All connections of this process.
pub(crate) struct Engine<H: Handler> {
    handler: H,
    config: Config,
    sessions: Mutex<HashMap<Arc<str>, Arc<Session<H>>>>,
    pens: Pens,
    open: Open,
    began: Instant,
}

impl<H: Handler> Engine<H> {
    /// Without connections; those that are WebSockets count in `open`. Its clock and pens run until
    /// it is dropped, in the runtime this is called in.
    pub(crate) fn start(handler: H, config: Config, open: Open) -> Arc<Self> {
        let engine = Arc::new(Self {
            handler,
            config,
            sessions: Mutex::default(),
            pens: Pens::start(),
            open,
            began: Instant::now(),
        });
        let (weak, tick) = (Arc::downgrade(&engine), engine.tick());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(tick).await;
                let Some(engine) = weak.upgrade() else { return };
                engine.look_round();
            }
        });
        engine
    }

    /// Answers a request.
    pub(crate) async fn answer(self: Arc<Self>, request: Request) -> Response {
        let wanted = Wanted::of(&request);
        let answer = match wanted {
            Ok(Wanted::Poll { name: None }) => polling::open(&self, request),
            Ok(Wanted::Poll { name: Some(name) }) => self.polling(&name, polling::poll).await,
            Ok(Wanted::Post { name }) => {
                let body = request.into_body();
                self.polling(&name, |session| polling::take(session, body)).await
            }
            Ok(Wanted::Socket { name, key }) => socket::open(&self, name, &key, request),
            Err(refusal) => Err(refusal),
        };
        answer.unwrap_or_else(IntoResponse::into_response)
    }

    async fn polling<F: Future<Output = Result<Response, Refusal>>>(
        &self,
        name: &str,
        answer: impl FnOnce(Arc<Session<H>>) -> F,
    ) -> Result<Response, Refusal> {
        let session = self.find(name).ok_or(Refusal::UnknownSession)?;
        if session.is_socket() {
            return Err(Refusal::BadRequest);
        }
        answer(session).await
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Session<H>>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, name: &str) -> Option<Arc<Session<H>>> {
        self.lock().get(name).cloned()
    }

    /// A new session, before anybody knows of it.
    fn open(self: &Arc<Self>, request: &Parts) -> Result<Arc<Session<H>>, Refusal> {
        let data = self.handler.meet(request);
        let session = Arc::new(Session::new(Arc::clone(self), self.handler.name(), data));
        let mut sessions = self.lock();
        if sessions.len() >= self.config.max_sessions {
            return Err(Refusal::Overloaded);
        }
        sessions.insert(Arc::clone(&session.id), Arc::clone(&session));
        Ok(session)
    }

    /// Takes a session out; whether it was in.
    fn forget(&self, name: &str) -> bool {
        self.lock().remove(name).is_some()
    }

    /// Milliseconds since this engine began.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How often the clock looks round: a heartbeat is late by a tenth of itself at most.
    fn tick(&self) -> Duration {
        let least = self.config.heartbeat.min(self.config.heartbeat_timeout);
        (least / 10).clamp(Duration::from_millis(50), Duration::from_secs(1))
    }

    /// Asks those who are due whether they are still there, and ends those who did not answer.
    fn look_round(&self) {
        let now = self.now();
        let due: Vec<Arc<Session<H>>> =
            self.lock().values().filter(|session| session.is_due(now)).cloned().collect();
        for session in due {
            session.beat(now);
        }
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
