//! One listener of one topic.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use database::seams::tail::Position;
use filter::{Field, FieldKind, Filter, Given, Row, Schema, Value};
use kernel::access::Sight;
use types::{GroupId, JsonMap, Kind, PersonId, Time};
use web::CursorKey;

use crate::engine::{Frame, Full};
use crate::heard::Heard;
use crate::outlet::Outlet;
use crate::topic::{Topic, View, topics_of};
use crate::wire::{Guest, Wire};

/// What of a topic a listener is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Style {
    /// Every event, as `event`.
    Events,
    /// What is said, as `message`: who joined a room.
    Messages,
}

/// Where frames go.
#[derive(Clone)]
pub(crate) enum Sink {
    /// A Socket.IO connection.
    Wire(Arc<Wire>),
    /// A stream of server-sent events.
    Stream { outlet: Outlet, guest: Arc<Guest> },
}

/// One listener of one topic.
pub(crate) struct Listener {
    pub(crate) topic: Topic,
    pub(crate) style: Style,
    /// The group of the topic.
    pub(crate) group: GroupId,
    pub(crate) me: Option<PersonId>,
    pub(crate) sink: Sink,
    filter: Option<Filter>,
    sight: AtomicU8,
    /// Told up to here before it became live; unset while it is catching up.
    covered: OnceLock<Position>,
    gone: AtomicBool,
    /// Of a stream; see [`Self::looking`].
    looking: tokio::sync::Mutex<()>,
}

impl Listener {
    pub(crate) fn new(
        (topic, style): (Topic, Style),
        view: View,
        me: Option<PersonId>,
        sink: Sink,
        filter: Option<Filter>,
    ) -> Self {
        Self {
            topic,
            style,
            group: view.group,
            me,
            sink,
            filter,
            sight: AtomicU8::new(code(view.sight)),
            covered: OnceLock::new(),
            gone: AtomicBool::new(false),
            looking: tokio::sync::Mutex::default(),
        }
    }

    /// From here on it is told what comes after `at`.
    pub(crate) fn go_live(&self, at: Position) {
        let _ = self.covered.set(at);
    }

    /// What it sees has changed.
    pub(crate) fn look_again(&self, sight: Sight) {
        self.sight.store(code(sight), Ordering::Release);
    }

    /// Held by who looks again at what it may see: one after the other, or what was read first could
    /// be noted last.
    pub(crate) fn looking(&self) -> &tokio::sync::Mutex<()> {
        match &self.sink {
            Sink::Wire(wire) => &wire.data.looking,
            Sink::Stream { .. } => &self.looking,
        }
    }

    /// Nothing more is told.
    pub(crate) fn leave(&self) {
        self.gone.store(true, Ordering::Release);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Where it is on the board.
    pub(crate) fn key(&self) -> Topic {
        self.topic.key(self.group)
    }

    /// Whether this event is for it, now that it is live.
    pub(crate) fn awaits(&self, heard: &Heard, now: Time) -> bool {
        !self.is_gone()
            && self.covered.get().is_some_and(|covered| heard.told.position > *covered)
            && self.wants(heard, now)
    }

    /// Whether an event read from a part of the log is in its topic.
    pub(crate) fn is_about(&self, heard: &Heard) -> bool {
        let event = &heard.told.event;
        let key = self.key();
        topics_of(event.group_id, event.target_id, heard.parent).any(|topic| topic == key)
    }

    /// Whether it has to be known what things belong to.
    pub(crate) fn needs_parents(&self) -> bool {
        matches!(self.topic, Topic::Room(_))
    }

    /// Tells it alone.
    pub(crate) fn tell(&self, heard: &Heard, cursors: &CursorKey) -> Result<(), Full> {
        if let Sink::Stream { outlet, .. } = &self.sink {
            return outlet.tell(heard.json(self.topic, cursors));
        }
        let frame = match self.style {
            Style::Events => Some(heard.event(self.topic, cursors)),
            Style::Messages => heard.message(cursors),
        };
        frame.map_or(Ok(()), |frame| self.sink.send(&frame))
    }

    fn sight(&self) -> Sight {
        sight(self.sight.load(Ordering::Acquire))
    }

    /// Whether a room it listens to is for it, when this is who may see the room: what it sees there
    /// is what it sees of things.
    pub(crate) fn sees(&self, visibility: &str, owner: Option<PersonId>) -> bool {
        self.sight().sees(visibility, owner, self.me)
    }

    /// Whether it may be told, and asked for it.
    pub(crate) fn wants(&self, heard: &Heard, now: Time) -> bool {
        let sight = self.sight();
        heard.told.event.group_id == self.group
            && heard.told.is_seen(sight, self.me)
            && (!self.needs_parents() || heard.is_still_seen(sight, self.me))
            && self.filter.as_ref().is_none_or(|filter| {
                let given = Given { me: self.me, now, engine: database::Engine::Sqlite };
                filter.matches(&Asked(heard), given)
            })
    }
}

const SIGHTS: [Sight; 5] = [Sight::Nothing, Sight::Own, Sight::Public, Sight::Shared, Sight::All];

fn code(sight: Sight) -> u8 {
    SIGHTS.iter().position(|one| *one == sight).and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
}

fn sight(code: u8) -> Sight {
    SIGHTS.get(usize::from(code)).copied().unwrap_or(Sight::Nothing)
}

impl Sink {
    /// Puts a frame into the queue.
    pub(crate) fn send(&self, frame: &Frame) -> Result<(), Full> {
        match self {
            Self::Wire(wire) => wire.emit(frame.clone()),
            Self::Stream { .. } => Ok(()),
        }
    }

    /// Whether another frame would find a place.
    pub(crate) fn has_room(&self) -> bool {
        match self {
            Self::Wire(wire) => wire.has_room(),
            Self::Stream { outlet, .. } => outlet.has_room(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Wire(wire) => wire.is_closed(),
            Self::Stream { outlet, .. } => outlet.is_closed(),
        }
    }
}

macro_rules! fields {
    ($($name:literal $kind:expr, $nullable:expr;)*) => {
        &[$(Field { name: $name, column: $name, kind: $kind, nullable: $nullable }),*]
    };
}

/// What a filter of a topic may name.
pub(crate) static SCHEMA: Schema = Schema {
    fields: fields! {
        "id" FieldKind::Id(Kind::Event), false;
        "type" FieldKind::Text, false;
        "groupId" FieldKind::Id(Kind::Group), false;
        "actorId" FieldKind::Id(Kind::Person), true;
        "targetId" FieldKind::Id(Kind::Thing), true;
        "timestamp" FieldKind::Time, false;
    },
    json: &[("metadata", "metadata")],
};

/// An event as a filter asks about it.
struct Asked<'a>(&'a Heard);

impl Row for Asked<'_> {
    fn field(&self, name: &str) -> Value<'_> {
        let event = &self.0.told.event;
        match name {
            "id" => Value::Id(event.id.0),
            "type" => Value::Text(&event.kind),
            "groupId" => Value::Id(event.group_id.0),
            "actorId" => event.actor_id.map_or(Value::Null, |id| Value::Id(id.0)),
            "targetId" => event.target_id.map_or(Value::Null, |id| Value::Id(id.uuid)),
            "timestamp" => Value::Time(event.timestamp),
            _ => Value::Null,
        }
    }

    fn json(&self, name: &str) -> Option<&JsonMap> {
        (name == "metadata").then(|| self.0.metadata())
    }
}
