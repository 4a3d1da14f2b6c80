//! What may be read of the log, and what may be added to it.

use database::Tx;
use kernel::access::{self, Right, Scope, Sight};
use kernel::events::NewEvent;
use kernel::{App, Caller, Work, ontology};
use types::{AnyId, Checks, Error, ErrorKind, EventId, GroupId, Json, Kind, Result, Time};

use super::model::{Event, EventFilter, NewCustomEvent};
use super::retention::{Horizon, horizon};
use super::sql;
use crate::listing::{self, Ask, Found, Order, Place, Sorted};
use crate::{ontology as types_of, reference, sizes, things};

/// 2000-01-01: nothing a client records happened before.
const EARLIEST: Time = Time::from_micros(946_684_800_000_000);

/// Categories of built-in types that the installation records itself. What they say is believed —
/// who got which role, which key was revoked — so nobody else says it.
const RESERVED: [&str; 5] = ["Platform", "User", "Authentication", "Group", "Thing lifecycle"];
/// The same for single types of other categories: earlier versions told of registered types so.
const RESERVED_TYPES: [&str; 1] = ["settings_updated"];

/// One event.
///
/// # Errors
/// 401; 404 when there is none the caller may see.
pub async fn get(app: &App, caller: &Caller, id: EventId) -> Result<Event> {
    let caller = caller.clone();
    app.store(&caller).read(async move |tx| visible(tx, &caller, id, Sight::All).await).await
}

/// One event as it may leave the house on behalf of `caller`: what is private to others is not for
/// them, not even where they own the group.
///
/// # Errors
/// As [`get`].
pub async fn shown(tx: &mut Tx, caller: &Caller, id: EventId) -> Result<Event> {
    visible(tx, caller, id, Sight::Shared).await
}

async fn visible(tx: &mut Tx, caller: &Caller, id: EventId, most: Sight) -> Result<Event> {
    access::require_known(caller)?;
    let stored = sql::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let place = access::standing(tx, caller, stored.event.group_id).await?;
    let sight = Sight::of(place.rights, Right::EventsRead).min(most);
    let me = caller.person();
    let hidden = sight != Sight::All && sql::is_hidden(tx, id, me).await?;
    if !hidden && sight.sees(&stored.visibility, stored.owner, me) {
        Ok(stored.event)
    } else {
        Err(Error::not_found())
    }
}

/// An event's place in the log; 0 when there is none.
///
/// # Errors
/// As the store.
pub async fn seq_of(tx: &mut Tx, id: EventId) -> Result<i64> {
    Ok(sql::find(tx, id).await?.map_or(0, |stored| stored.event.seq))
}

/// Ids of the events of a group — with `children` also of the groups below it — that stand behind
/// `seq` in the log, oldest first. Whoever asks must check what may be shown of each.
///
/// # Errors
/// As the store.
pub async fn behind(
    tx: &mut Tx,
    group: GroupId,
    children: bool,
    seq: i64,
    limit: i64,
) -> Result<Vec<(EventId, i64)>> {
    sql::behind(tx, group, children, seq, limit).await
}

/// A page of events.
///
/// # Errors
/// 401; 403 and 404 by policy; 410 `resync_required`; 422 for a target that is no id,
/// `query_too_expensive`.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    filter: EventFilter,
    ask: Ask,
) -> Result<Found<Event>> {
    let target = filter.target_id.as_deref().map(target).transpose()?;
    let (caller, given, asked) = (caller.clone(), listing::given(app, caller), ask.clone());
    asked
        .look(app.store(&caller), async move |tx| {
            let (group, children) = (filter.group_id, filter.include_children);
            let scope = Scope::of(tx, &caller, Right::EventsRead, group, children).await?;
            let gone = match place(&ask.order) {
                Some(place) => still_there(&ask, place, horizon(tx, &scope).await?)?,
                None => Horizon::default(),
            };
            let found = sql::list(tx, &scope, given, (&filter, target), &ask).await?;
            Ok(found.marked(gone.generation))
        })
        .await
}

/// Where retention has come to in the order of a list.
type Reached = fn(&Horizon) -> i64;

/// The same of lists that go forth; whoever goes back only comes to an end earlier.
fn place(order: &Order) -> Option<Reached> {
    if order.begins_with("createdAt") {
        Some(|gone| gone.seq)
    } else if order.begins_with("timestamp") {
        Some(|gone| gone.occurred_at)
    } else {
        None
    }
}

/// Refuses a cursor when something behind it was deleted since it was made: whoever reads on would
/// pass by it without a word.
fn still_there(ask: &Ask, place: Reached, gone: Horizon) -> Result<Horizon> {
    let at = ask.after.as_ref().and_then(Place::first);
    match (at, ask.mark) {
        (Some(Sorted::Int(at)), Some(mark)) if mark != gone.generation && *at < place(&gone) => {
            Err(Error::new(
                ErrorKind::Gone,
                "resync_required",
                "Events behind this cursor were deleted, as old as they were: start again without \
                 a cursor, at the oldest there is.",
            ))
        }
        _ => Ok(gone),
    }
}

/// Any kind of object may be a target of events.
pub(super) fn target(text: &str) -> Result<AnyId> {
    AnyId::parse(text, Kind::Thing)
        .map_err(|error| Error::invalid("targetId", "invalid_id", format!("{error}.")))
}

/// Records an event a client reports.
///
/// # Errors
/// 401, 403, 404 by policy; 409 in an archived group; 422 for what is not sensible.
pub async fn create(app: &App, caller: &Caller, new: NewCustomEvent) -> Result<Event> {
    app.change(caller, async move |work| create_in(work, &new).await).await
}

/// The same inside a change that is already being made.
///
/// # Errors
/// As [`create`].
pub async fn create_in(work: &mut Work<'_>, new: &NewCustomEvent) -> Result<Event> {
    check(new, work.now)?;
    let target =
        new.target_id.as_deref().map(|text| reference::parse(text, "/targetId")).transpose()?;
    access::require_known(work.caller)?;
    let target = match target {
        Some((id, bare)) => Some(reference::resolve(work.tx, work.caller, id, bare).await?),
        None => None,
    };
    let named = new.group_id.or(target.as_ref().map(|target| target.group));
    let group = things::rules::home(work.caller, named)?;
    let place = access::standing_to_change(work.tx, work.caller, group).await?;
    place.require(Right::EventsCreate)?;
    types_of::rules::event_type(work.tx, group, &new.kind).await?;
    let metadata = Json::of(&new.metadata)?;
    let mut event = NewEvent::new(group, &new.kind, target.as_ref().map(|one| one.id), &metadata);
    event.occurred_at = new.timestamp;
    if let Some(target) = &target
        && target.visibility == "private"
    {
        event = event.about("private", target.owner);
    }
    let id = work.record(event).await?;
    let stored = sql::find(work.tx, id).await?;
    stored.map(|stored| stored.event).ok_or_else(|| Error::internal("an appended event is gone"))
}

fn check(new: &NewCustomEvent, now: Time) -> Result<()> {
    let protocols = &ontology::built_in().event_protocols;
    let protocol = new.metadata.get("protocol");
    let mut checks = Checks::new();
    sizes::check_metadata(&mut checks, &new.metadata)?;
    checks
        .that(
            !is_reserved(&new.kind),
            "/type",
            "reserved_type",
            "is recorded by the installation itself; choose another type, or register one.",
        )
        .that(
            new.timestamp.is_none_or(|at| (EARLIEST..=now).contains(&at)),
            "/timestamp",
            "out_of_range",
            "must not be in the future and not before 2000.",
        )
        .that(
            protocol.is_none_or(|given| {
                protocols.iter().any(|known| given.as_str() == Some(known.as_str()))
            }),
            "/metadata/protocol",
            "unknown_value",
            format!("must be one of {}.", protocols.join(", ")),
        )
        .done()
}

/// Whether only the installation records events of this type.
#[must_use]
pub fn is_reserved(kind: &str) -> bool {
    let known = ontology::built_in().event_types.iter().find(|one| one.name == kind);
    known.is_some_and(|one| {
        RESERVED_TYPES.contains(&kind)
            || one.category.as_deref().is_some_and(|category| RESERVED.contains(&category))
    })
}
