//! Live: what happens is told to whoever listens, as it happens.
//!
//! Everything comes from the event log. One task reads it for the whole process (`follow`),
//! holds each event against the policy for every listener, and puts one frame into many queues.
//! Who comes back says where they left off and is told the rest first (`subscriptions`), without
//! a hole and nothing twice. Messages are things, stored before they are acknowledged; presence,
//! typing and receipts go from node to node in passing (`signals`).
//!
//! Clients speak Socket.IO (`engine` carries it, `packet` reads it) or server-sent events
//! (`stream`).

mod board;
mod calls;
mod clean_up;
mod door;
mod engine;
mod erasing;
mod follow;
mod handler;
mod heard;
mod listener;
mod moved;
mod narrowed;
mod notices;
mod outlet;
mod packet;
#[doc(hidden)]
pub mod parsers;
mod presence;
mod receipts;
mod rooms;
mod settings;
mod signals;
mod stream;
mod subscriptions;
mod topic;
mod wire;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use kernel::App;
use kernel::jobs::Jobs;
use tokio::sync::{Notify, Semaphore, watch};
use types::{Error, PersonId, Result, Shortage};
use utoipa_axum::router::OpenApiRouter;
use web::CursorKey;

use crate::board::Board;
pub use crate::door::{Found, Who};
use crate::engine::{Config, Engine, Open};
pub use crate::erasing::erasing;
use crate::handler::Handler;
use crate::listener::{Listener, Sink};
use crate::narrowed::Narrowed;
use crate::notices::Notices;
use crate::presence::Presence;
pub use crate::settings::Settings;
use crate::signals::{Signal, Signals};
use crate::wire::{Guest, Wire};

/// Where Socket.IO clients connect.
pub const SOCKETS: &str = "/socket.io/";

/// The state of this room; cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Parts>);

/// What [`Live`] is made of.
pub struct Parts {
    app: App,
    settings: Settings,
    who: Who,
    cursors: CursorKey,
    board: Board,
    notices: Notices,
    narrowed: Narrowed,
    presence: Presence,
    signals: Signals,
    streams: AtomicUsize,
    catching_up: Semaphore,
    /// Everybody is to be asked who they are before it is due.
    sooner: Notify,
    /// WebSockets of ours.
    open: Open,
    closing: watch::Sender<bool>,
}

impl Deref for Live {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The room over `app`; `who` finds out who sent a request.
#[must_use]
pub fn new(app: App, settings: Settings, who: Who) -> Live {
    let cursors = CursorKey::new(&app.keys.derive("live cursors v1"));
    let node = app.id(app.now());
    let signals = Signals::new(node, app.db.clone());
    Live(Arc::new(Parts {
        settings,
        who,
        cursors,
        board: Board::new(app.db.meters()),
        notices: Notices::default(),
        narrowed: Narrowed::default(),
        presence: Presence::default(),
        signals,
        streams: AtomicUsize::new(0),
        catching_up: Semaphore::new(subscriptions::CATCHING_UP),
        sooner: Notify::new(),
        open: Open::default(),
        closing: watch::Sender::new(false),
        app,
    }))
}

/// The routes that are part of the API's description.
#[must_use]
pub fn router() -> OpenApiRouter<Live> {
    stream::router()
}

/// Where Socket.IO clients connect: `/socket.io/`, by polling and WebSocket.
pub fn socket_io(live: &Live) -> Router {
    let settings = &live.settings;
    let config = Config {
        heartbeat: settings.heartbeat(),
        heartbeat_timeout: settings.heartbeat_timeout(),
        queue: settings.queue.clamp(16, 65_536),
        max_bytes: usize::try_from(settings.max_frame_bytes).unwrap_or(1 << 20),
        max_sessions: settings.max_connections,
    };
    let engine = Engine::start(Handler(live.clone()), config, live.open.clone());
    Router::new().route(SOCKETS, any(move |request: Request| Arc::clone(&engine).answer(request)))
}

/// Reads the log for everybody who listens, until the task is dropped.
pub async fn follow(live: Live) {
    let (log, people) = (follow::follow(live.clone()), follow::sweep(live.clone()));
    let (notified, things) = (notices::follow(live.clone()), narrowed::follow(live));
    tokio::join!(log, people, notified, things);
}

/// Talks with other nodes, until the task is dropped.
pub async fn talk(live: Live) {
    signals::follow(live).await;
}

/// Adds this room's background work.
#[must_use]
pub fn jobs(jobs: Jobs) -> Jobs {
    clean_up::jobs(jobs)
}

impl Live {
    /// Ends every connection, so that clients go elsewhere or come back: their transports end,
    /// which their library takes as a reason to try again. Nobody here is told of who leaves: they
    /// leave, too; and other nodes are told at once of all of them.
    pub fn close(&self) {
        if self.closing.send_replace(true) {
            return;
        }
        for wire in self.board.close() {
            self.part(&wire);
            wire.close();
        }
        // Of each of them, and of each room they were in, it would be more than is carried at once.
        self.signals.in_order(|_| self.signals.send(Signal::Gone));
    }

    /// Ready when every WebSocket has ended, and its last word is written.
    pub async fn closed(&self) {
        self.open.none().await;
    }

    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Ready when the server is closing.
    pub(crate) async fn closing(&self) {
        let mut closing = self.closing.subscribe();
        let _ = closing.wait_for(|closing| *closing).await;
    }

    /// Lets somebody in.
    fn arrive(&self, wire: &Arc<Wire>, guest: Guest) -> Result<()> {
        let person = guest.caller.person().ok_or_else(Error::unauthenticated)?;
        if self.is_closing() {
            return Err(Error::overloaded("The server is closing; come back in a moment."));
        }
        let most = self.settings.connections_per_person;
        let room = self.signals.in_order(|_| {
            let count = self.board.arrive(person, wire, most);
            // Behind what tells that nobody is here any more they would stay.
            if count == Some(1) && !self.is_closing() {
                self.signals.send(Signal::Online { person, online: true });
            }
            count.is_some()
        });
        if !room {
            return Err(too_many());
        }
        {
            let mut state = wire.data.lock();
            // It may have ended while it was being let in; if it ends from here on, it parts.
            if state.closed {
                drop(state);
                self.depart(person, wire);
                return Err(Error::unauthenticated());
            }
            state.guest = Some(Arc::new(guest));
            state.opening = None;
        }
        Ok(())
    }

    /// Takes a connection of somebody off the board; other nodes are told when it was their last.
    fn depart(&self, person: PersonId, wire: &Wire) {
        self.signals.in_order(|_| {
            if self.board.depart(person, wire) && !self.is_closing() {
                self.signals.send(Signal::Online { person, online: false });
            }
        });
    }

    /// Takes a connection out of everything it was in; what has been done already is not done
    /// again.
    fn part(&self, wire: &Arc<Wire>) {
        let (guest, rooms, listening) = {
            let mut state = wire.data.lock();
            state.closed = true;
            (state.guest.take(), state.rooms(), std::mem::take(&mut state.listening))
        };
        for listener in listening.into_values() {
            self.board.leave(&listener);
        }
        let Some(person) = guest.and_then(|guest| guest.caller.person()) else { return };
        for room in rooms {
            rooms::exit(self, wire, room, person);
        }
        self.depart(person, wire);
    }

    /// Ends a listener whose reader is too slow; whether its connection was there until now. The
    /// client library sees a broken transport, comes back by itself and asks for what it missed.
    fn send_away(&self, listener: &Arc<Listener>) -> bool {
        self.board.leave(listener);
        match &listener.sink {
            Sink::Wire(wire) => {
                let was_open = !wire.is_closed();
                self.part(wire);
                wire.close();
                was_open
            }
            Sink::Stream { outlet, .. } => !outlet.is_closed(),
        }
    }

    fn is_online(&self, person: PersonId) -> bool {
        self.board.is_here(person) || self.presence.is_on_another_node(person)
    }

    /// A place for a stream of server-sent events of somebody.
    fn place_for_stream(&self, person: Option<PersonId>) -> Result<Place> {
        if self.streams.fetch_add(1, Ordering::AcqRel) >= self.settings.max_connections {
            self.streams.fetch_sub(1, Ordering::AcqRel);
            let error = Error::overloaded("There are too many connections; try again later.");
            return Err(error.short_of(Shortage::LiveConnections));
        }
        self.app.meters().live.streams.add(1);
        let mut place = Place { live: self.clone(), person: None };
        if let Some(person) = person {
            if !self.board.begin_stream(person, self.settings.connections_per_person) {
                return Err(too_many());
            }
            place.person = Some(person);
        }
        Ok(place)
    }
}

/// A stream's place, given back when it ends.
pub(crate) struct Place {
    live: Live,
    person: Option<PersonId>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(person) = self.person {
            self.live.board.end_stream(person);
        }
        self.live.streams.fetch_sub(1, Ordering::AcqRel);
        self.live.app.meters().live.streams.add(-1);
    }
}

fn too_many() -> Error {
    Error::new(
        types::ErrorKind::TooFast,
        "too_many_connections",
        "You have too many connections; close one first.",
    )
}
