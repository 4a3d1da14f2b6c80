//! Everybody reads their own. Making one is for the house, which [`super::follow()`] does it for.

use std::collections::BTreeMap;

use database::Tx;
use kernel::access;
use kernel::events::NewEvent;
use kernel::{App, Caller, Work};
use serde_json::{Map, Value, json};
use types::{Error, GroupId, Json, Limit, PersonId, Result, ThingId, Time};
use web::IfMatch;

use super::choices::Choices;
use super::matters::About;
use super::model::{
    Counts, Ids, Meant, Notification, NotificationKind, NotificationQuery, Preferences,
    PreferencesChange, Severity,
};
use super::receivers::{Receiver, Telling};
use super::{shown, sql, titles};
use crate::things;
use crate::things::model::{Status, Thing, Tier, Visibility};

/// Ids one request may name.
const MAX_IDS: usize = 200;

/// A page of the caller's, and one more when another page follows; the latest first.
///
/// # Errors
/// 401; 403 for an API key.
pub async fn list(
    app: &App,
    caller: &Caller,
    query: NotificationQuery,
    limit: Limit,
    after: Option<(Time, ThingId)>,
) -> Result<Vec<Notification>> {
    let (me, _) = themselves(caller)?;
    let store = app.store(caller);
    let caller = caller.clone();
    store
        .read(async move |tx| {
            let rows = sql::list(tx, me, &query, after, limit.probe()).await?;
            shown::shown(tx, &caller, rows).await
        })
        .await
}

/// One of the caller's.
///
/// # Errors
/// 401; 403 for an API key; 404.
pub async fn get(app: &App, caller: &Caller, id: ThingId) -> Result<Notification> {
    themselves(caller)?;
    let store = app.store(caller);
    let caller = caller.clone();
    let found = store.read(async move |tx| some(tx, &caller, &[id]).await).await?;
    found.into_iter().next().ok_or_else(Error::not_found)
}

/// These of the caller's, as far as they are there, the oldest first.
///
/// # Errors
/// 401; 403 for an API key.
pub async fn some(tx: &mut Tx, caller: &Caller, ids: &[ThingId]) -> Result<Vec<Notification>> {
    let (me, _) = themselves(caller)?;
    let rows = sql::some(tx, me, ids).await?;
    shown::shown(tx, caller, rows).await
}

/// What the caller has not read.
///
/// # Errors
/// 401; 403 for an API key.
pub async fn counts(app: &App, caller: &Caller) -> Result<Counts> {
    let store = app.store(caller);
    let caller = caller.clone();
    store.read(async move |tx| counts_in(tx, &caller).await).await
}

/// The same in a transaction.
///
/// # Errors
/// As [`counts`].
pub async fn counts_in(tx: &mut Tx, caller: &Caller) -> Result<Counts> {
    let (me, _) = themselves(caller)?;
    let mut counts = Counts { by_kind: BTreeMap::new(), ..Counts::default() };
    for (kind, some, together) in sql::counts(tx, me).await? {
        counts.notifications += some.unsigned_abs();
        if kind == NotificationKind::Message.name() {
            counts.unread = together.unsigned_abs();
        }
        counts.by_kind.insert(kind, some.unsigned_abs());
    }
    Ok(counts)
}

/// Marks some of the caller's as read; those that are stay as they are, and others' are not there.
///
/// # Errors
/// 401; 403 for an API key; 422 unless exactly one of the ways is named.
pub async fn mark_read(app: &App, caller: &Caller, meant: Meant) -> Result<Counts> {
    let (me, home) = themselves(caller)?;
    check_meant(&meant)?;
    app.change(caller, async move |work| {
        let marked = match (&meant.ids, meant.up_to) {
            (Some(ids), _) => sql::read_some(work.tx, me, ids, work.now).await?,
            (None, until) => sql::read_until(work.tx, me, until, work.now).await?,
        };
        record_marked(work, "notifications_read", (me, home), &marked).await?;
        counts_in(work.tx, work.caller).await
    })
    .await
}

/// Marks some of the caller's as not read.
///
/// # Errors
/// 401; 403 for an API key; 422 for too many.
pub async fn mark_unread(app: &App, caller: &Caller, ids: Ids) -> Result<Counts> {
    let (me, home) = themselves(caller)?;
    check_ids(&ids.ids)?;
    app.change(caller, async move |work| {
        let marked = sql::unread_some(work.tx, me, &ids.ids).await?;
        record_marked(work, "notifications_unread", (me, home), &marked).await?;
        counts_in(work.tx, work.caller).await
    })
    .await
}

/// Marks what tells of a room as read, as far as the caller has read the room.
///
/// # Errors
/// As the store.
pub async fn mark_room_read(work: &mut Work<'_>, room: ThingId, seq: i64) -> Result<()> {
    let Ok((me, home)) = themselves(work.caller) else { return Ok(()) };
    let key = About::of_room(room).key;
    let marked = sql::read_like(work.tx, me, &key, seq, work.now).await?;
    record_marked(work, "notifications_read", (me, home), &marked).await
}

/// One event for all that were marked: it is about the newest of them.
async fn record_marked(
    work: &mut Work<'_>,
    kind: &'static str,
    (me, home): (PersonId, GroupId),
    marked: &[ThingId],
) -> Result<()> {
    let Some(newest) = marked.iter().max() else {
        work.silently();
        return Ok(());
    };
    let metadata = Json::of(&json!({ "type": TYPE, "count": marked.len() }))?;
    let event = NewEvent::new(home, kind, Some((*newest).into()), &metadata);
    work.record(event.about(Visibility::Private.name(), Some(me))).await?;
    Ok(())
}

fn check_meant(meant: &Meant) -> Result<()> {
    let all = meant.all == Some(true);
    let ways = [meant.ids.is_some(), meant.up_to.is_some(), all];
    if ways.iter().filter(|way| **way).count() != 1 {
        let message = "must have exactly one of `ids`, `upTo` and `all` (which is true).";
        return Err(Error::invalid("", "one_of", message));
    }
    check_ids(meant.ids.as_deref().unwrap_or_default())
}

fn check_ids(ids: &[ThingId]) -> Result<()> {
    if ids.len() <= MAX_IDS {
        return Ok(());
    }
    Err(Error::invalid("/ids", "too_many", format!("has at most {MAX_IDS} ids.")))
}

/// Removes one of the caller's for good.
///
/// # Errors
/// 401; 403 for an API key; 404; 409 while other things belong to it.
pub async fn delete(app: &App, caller: &Caller, id: ThingId) -> Result<()> {
    let (me, _) = themselves(caller)?;
    app.change(caller, async move |work| {
        if sql::some(work.tx, me, &[id]).await?.is_empty() {
            return Err(Error::not_found());
        }
        things::rules::remove_in(work, id, IfMatch(None)).await
    })
    .await
}

/// What the caller wants to be told of, and how.
///
/// # Errors
/// 401; 403 for an API key.
pub async fn preferences(app: &App, caller: &Caller) -> Result<Preferences> {
    let (me, _) = themselves(caller)?;
    Ok(app.store(caller).read(async move |tx| choices(tx, me).await).await?.preferences())
}

/// Changes it.
///
/// # Errors
/// As [`preferences`]; 422 for a kind or an hour there is not.
pub async fn change_preferences(
    app: &App,
    caller: &Caller,
    change: PreferencesChange,
) -> Result<Preferences> {
    let (me, home) = themselves(caller)?;
    app.change(caller, async move |work| {
        let before = choices(work.tx, me).await?;
        let after = before.changed(&change)?;
        choose(work, (me, home), &before, &after).await?;
        Ok(after.preferences())
    })
    .await
}

/// No more letters for somebody whose letter says so; who is gone gets none anyway.
///
/// # Errors
/// As the store.
pub(super) async fn unsubscribe(app: &App, person: PersonId) -> Result<()> {
    app.change(&Caller::system("unsubscribe"), async move |work| {
        work.silently();
        let Some(home) = sql::home(work.tx, person).await? else { return Ok(()) };
        let before = choices(work.tx, person).await?;
        choose(work, (person, home), &before, &before.without_letters()).await
    })
    .await
}

async fn choices(tx: &mut Tx, person: PersonId) -> Result<Choices> {
    let chosen = sql::chosen(tx, person).await?;
    let chosen = chosen.map(|chosen| serde_json::from_str(chosen.as_str())).transpose()?;
    Ok(chosen.unwrap_or_default())
}

async fn choose(
    work: &mut Work<'_>,
    (person, home): (PersonId, GroupId),
    before: &Choices,
    after: &Choices,
) -> Result<()> {
    if before == after {
        work.silently();
        return Ok(());
    }
    sql::choose(work.tx, person, home, &Json::of(after)?, work.now).await?;
    // What waits comes when letters come by now.
    if let Some(receiver) = Receiver::find(work.tx, person, work.now).await? {
        let next = after.next_letter(work.now, receiver.zone.as_deref());
        sql::put_off(work.tx, person, next).await?;
    }
    let changes = json!({ "notifications": {
        "from": before.preferences(), "to": after.preferences(),
    }});
    let metadata = Json::of(&json!({ "changes": changes }))?;
    let event = NewEvent::new(home, "preferences_updated", Some(person.into()), &metadata);
    let event = event.about(Visibility::Private.name(), Some(person));
    work.record(event.by(Some(person))).await?;
    Ok(())
}

/// The type of their things.
pub const TYPE: &str = "notification";

/// Tells somebody something: more of what they have not read yet, or a notification of its own.
///
/// # Errors
/// As the store.
pub(super) async fn tell(work: &mut Work<'_>, telling: &Telling) -> Result<()> {
    let (to, about) = (&telling.to, &telling.about);
    let channels = to.choices.channels(about.what);
    // Clients are told milliseconds, and say up to which they have read.
    let told_at = Time::from_micros(work.now.micros() / 1000 * 1000);
    let has_letters = channels.email && to.email.is_some();
    let mail_at =
        if has_letters { to.choices.next_letter(work.now, to.zone.as_deref()) } else { None };
    // Whoever listens to a room may have read it before this is told.
    if about.what == NotificationKind::Message
        && let Some(room) = about.target
        && sql::has_read(work.tx, room, to.person, telling.seq).await?
    {
        return Ok(());
    }
    let before = sql::unread_like(work.tx, to.person, &about.key).await?;
    let new = sql::New {
        id: before.unwrap_or_else(|| ThingId(work.id())),
        home: to.home,
        person: to.person,
        kind: about.what,
        key: &about.key,
        count: telling.count,
        event: telling.event,
        event_type: &telling.event_type,
        group: telling.group,
        actor: telling.actor,
        target: about.target,
        in_app: channels.in_app,
        told_at,
        mail_at,
    };
    let (count, kind) = match before {
        Some(_) => (sql::add(work.tx, &new).await?, "notification_updated"),
        None => (telling.count, "notification_created"),
    };
    let metadata = Json::of(&json!({
        "type": TYPE, "kind": about.what, "count": count, "eventId": telling.event,
        "eventType": telling.event_type, "groupId": telling.group, "actorId": telling.actor,
        "targetId": about.target, "inApp": channels.in_app, "webhook": channels.webhook,
    }))?;
    if before.is_some() {
        let event = NewEvent::new(to.home, kind, Some(new.id.into()), &metadata);
        work.record(event.about(Visibility::Private.name(), Some(to.person))).await?;
        return Ok(());
    }
    let thing = thing_of(work, telling, new.id)?;
    things::rules::give_in(work, &thing, kind, &metadata).await?;
    sql::insert(work.tx, &new).await
}

/// The thing: private to whom it is for.
fn thing_of(work: &Work<'_>, telling: &Telling, id: ThingId) -> Result<Thing> {
    let metadata = telling.metadata.to_map();
    let is_sent = telling.about.what == NotificationKind::Announcement;
    let said = |name: &str| metadata.get(name).filter(|_| is_sent).cloned();
    let severity = match telling.about.what {
        NotificationKind::Quota | NotificationKind::Webhook => Severity::Warning,
        _ => Severity::Info,
    };
    let mut properties = Map::new();
    properties.insert("type".to_owned(), said("severity").unwrap_or(json!(severity)));
    for name in ["message", "actionUrl", "actionLabel"] {
        properties.extend(said(name).map(|value| (name.to_owned(), value)));
    }
    let title = said("title").as_ref().and_then(Value::as_str).map(str::to_owned);
    Ok(Thing {
        id,
        group_id: telling.to.home,
        parent_id: None,
        kind: TYPE.to_owned(),
        name: title.unwrap_or_else(|| titles::name(telling.about.what).to_owned()),
        properties: Json::of(&properties)?,
        status: Status::Active,
        owner_id: Some(telling.to.person),
        visibility: Visibility::Private,
        tier: Tier::Plain,
        version: 1,
        deleted_at: None,
        created_at: work.now,
        updated_at: work.now,
    })
}

/// A person in their own name, and their own group: a program has nobody to tell.
fn themselves(caller: &Caller) -> Result<(PersonId, GroupId)> {
    access::require_known(caller)?;
    let person = caller.person().filter(|_| caller.identity().key.is_none());
    person.zip(caller.personal_group()).ok_or_else(|| {
        Error::forbidden("Notifications are a person's own: sign in, without an API key.")
    })
}
