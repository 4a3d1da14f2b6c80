//! The verbs of receivers: create, list, get, update, delete.

use std::collections::BTreeMap;

use database::Tx;
use kernel::access::{self, Right};
use kernel::vault::Slot;
use kernel::{App, Caller, Work};
use types::{Checks, Error, ErrorKind, Json, Limit, PersonId, ReceiverId, Result};
use uuid::Uuid;
use world::events::rules as events_of;
use world::ontology::rules as types_of;

use super::model::{
    CreatedReceiver, NewReceiver, Receiver, ReceiverChange, ReceiverFilter, Signature,
};
use super::sql::{self, Stored};
use super::verify;
use crate::webhooks::person;
use crate::{Integrations, sign};

const MAX_NAME: usize = 100;
const MAX_FIELDS: usize = 50;
const MAX_POINTER: usize = 200;
/// What a thing is made of, as `fields` name it.
pub(super) const NAME: &str = "name";
pub(super) const PROPERTY: &str = "properties.";

/// What a receiver's secret is sealed as.
pub(super) fn slot(one: &Receiver, version: i64) -> Slot<'static> {
    Slot {
        purpose: "receiver",
        tenant: one.group_id.0,
        owner: Uuid::nil(),
        object: one.id.0,
        field: "secret",
        version: version.unsigned_abs(),
    }
}

/// Makes a receiver.
///
/// # Errors
/// 401; 403 for whoever may not change the group, or record events or make things in it; 404; 409
/// in an archived group, or when it has too many; 422.
pub(super) async fn create(
    house: &Integrations,
    caller: &Caller,
    new: NewReceiver,
) -> Result<CreatedReceiver> {
    let me = person(caller)?;
    let group =
        new.group_id.or_else(|| caller.personal_group()).ok_or_else(Error::unauthenticated)?;
    let secret = match &new.secret {
        Some(secret) => secret.reveal().clone(),
        None => sign::text_of(&house.random.bytes::<{ sign::KEY }>()),
    };
    let draft = draft(ReceiverId(house.id(house.now())), group, me, house.now(), &new);
    check(&draft, Some(&secret))?;
    let (most, sealed_text) = (house.settings().per_group, secret.clone());
    let receiver = house
        .change(caller, async move |work| {
            let draft = draft.clone();
            may_set_up(work, &draft).await?;
            if sql::count(work.tx, group).await? >= i64::from(most) {
                let message = format!("This group has {most} receivers; delete one first.");
                return Err(Error::conflict("too_many_receivers", message));
            }
            let secret = seal(work, &draft, 1, &sealed_text).await?;
            let stored = Stored { receiver: draft, secret, secret_version: 1 };
            sql::insert(work.tx, &stored).await?;
            tell(work, &stored.receiver, "receiver_created").await?;
            Ok(stored.receiver)
        })
        .await?;
    Ok(CreatedReceiver { receiver, secret })
}

fn draft(
    id: ReceiverId,
    group: types::GroupId,
    me: PersonId,
    now: types::Time,
    new: &NewReceiver,
) -> Receiver {
    Receiver {
        id,
        group_id: group,
        owner_id: me,
        name: new.name.trim().to_owned(),
        path: format!("/v1/receivers/{id}/in"),
        signature: new.signature,
        event_type: new.event_type.clone(),
        thing_type: new.thing_type.clone(),
        fields: new.fields.clone(),
        enabled: true,
        disabled_reason: None,
        created_at: now,
        updated_at: now,
    }
}

async fn seal(work: &mut Work<'_>, one: &Receiver, version: i64, text: &str) -> Result<Vec<u8>> {
    let (now, vault) = (work.now, work.app().vault.clone());
    vault.seal(work.tx, now, slot(one, version), text.as_bytes()).await
}

/// What no store needs to be asked for.
fn check(one: &Receiver, secret: Option<&str>) -> Result<()> {
    let mut checks = Checks::new();
    checks.text("/name", &one.name, 1, MAX_NAME);
    checks.that(
        one.event_type.is_some() != one.thing_type.is_some(),
        "/eventType",
        "contradiction",
        "name either `eventType` or `thingType`: a call becomes one of them.",
    );
    checks.that(
        !one.event_type.as_deref().is_some_and(events_of::is_reserved),
        "/eventType",
        "reserved_type",
        "is recorded by the installation itself; choose another type, or register one.",
    );
    checks.that(
        secret.is_none_or(|secret| verify::key(one.signature, secret).is_some()),
        "/secret",
        "invalid_secret",
        match one.signature {
            Signature::Standard => "must be `whsec_` and 16 to 64 bytes in base64.",
            _ => "must have 16 to 512 bytes.",
        },
    );
    if let Some(fields) = &one.fields {
        check_fields(&mut checks, fields);
    }
    if one.thing_type.is_some() {
        check_thing_fields(&mut checks, one.fields.as_ref());
    }
    checks.done()
}

/// A thing is made of its name and its properties.
fn check_thing_fields(checks: &mut Checks, fields: Option<&BTreeMap<String, String>>) {
    checks.that(
        fields.is_some_and(|fields| fields.contains_key(NAME)),
        "/fields",
        "missing_field",
        "must have a JSON pointer for `name`: every thing has one.",
    );
    let known = |name: &String| {
        name == NAME || name.strip_prefix(PROPERTY).is_some_and(|rest| !rest.is_empty())
    };
    checks.that(
        fields.is_none_or(|fields| fields.keys().all(known)),
        "/fields",
        "unknown_field",
        "must be `name`, and properties as `properties.price`.",
    );
}

fn check_fields(checks: &mut Checks, fields: &BTreeMap<String, String>) {
    checks.that(
        (1..=MAX_FIELDS).contains(&fields.len()),
        "/fields",
        "wrong_length",
        format!("must have 1 to {MAX_FIELDS} names; leave it out to keep everything."),
    );
    let named = |name: &str| !name.is_empty() && name.len() <= 64 && !name.contains('\0');
    let points = |pointer: &str| {
        pointer.len() <= MAX_POINTER && (pointer.is_empty() || pointer.starts_with('/'))
    };
    checks.that(
        fields.iter().all(|(name, pointer)| named(name) && points(pointer)),
        "/fields",
        "invalid_pointer",
        "must be names of 1 to 64 bytes, each with a JSON pointer like `/data/id`.",
    );
}

/// Refuses whoever may not let others record this in the group, or make things there.
async fn may_set_up(work: &mut Work<'_>, one: &Receiver) -> Result<()> {
    let place = access::standing_to_change(work.tx, work.caller, one.group_id).await?;
    place.require(Right::GroupsUpdate)?;
    let (pointer, found) = match (&one.event_type, &one.thing_type) {
        (_, Some(kind)) => {
            place.require(Right::ThingsCreate)?;
            ("/thingType", types_of::thing_type(work.tx, one.group_id, kind).await.map(drop))
        }
        (kind, None) => {
            place.require(Right::EventsCreate)?;
            let kind = kind.as_deref().unwrap_or_default();
            ("/eventType", types_of::event_type(work.tx, one.group_id, kind).await.map(drop))
        }
    };
    match found {
        Err(error) if error.kind() == ErrorKind::Invalid => Err(Error::invalid(
            pointer,
            "unknown_type",
            "is no type of this group; use one of the ontology, or register it first.",
        )),
        found => found,
    }
}

/// The receivers of a group, newest first, and one more row when another page follows.
///
/// # Errors
/// 401, 403, 404 by policy.
pub(super) async fn list(
    house: &Integrations,
    caller: &Caller,
    filter: &ReceiverFilter,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<Receiver>> {
    let group =
        filter.group_id.or_else(|| caller.personal_group()).ok_or_else(Error::unauthenticated)?;
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| {
            let place = access::standing(tx, &caller, group).await?;
            place.require(Right::GroupsUpdate)?;
            sql::list(tx, group, after, limit).await
        })
        .await
}

async fn managed(tx: &mut Tx, caller: &Caller, id: ReceiverId) -> Result<Stored> {
    access::require_known(caller)?;
    let found = sql::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let place = access::standing(tx, caller, found.receiver.group_id).await?;
    place.require(Right::GroupsUpdate)?;
    Ok(found)
}

/// One receiver.
///
/// # Errors
/// 401, 403; 404 when there is none in a group they see.
pub(super) async fn get(house: &Integrations, caller: &Caller, id: ReceiverId) -> Result<Receiver> {
    let caller = caller.clone();
    house.store(&caller).read(async move |tx| Ok(managed(tx, &caller, id).await?.receiver)).await
}

/// Changes a receiver; from then on it speaks for whoever did.
///
/// # Errors
/// As [`create`].
pub(super) async fn update(
    house: &Integrations,
    caller: &Caller,
    id: ReceiverId,
    change: ReceiverChange,
) -> Result<Receiver> {
    let me = person(caller)?;
    house
        .change(caller, async move |work| {
            let mut stored = managed(work.tx, work.caller, id).await?;
            let one = &mut stored.receiver;
            (one.owner_id, one.updated_at) = (me, work.now);
            if let Some(name) = &change.name {
                name.trim().clone_into(&mut one.name);
            }
            // Named, one takes the place of the other; both contradict each other.
            if change.event_type.is_some() || change.thing_type.is_some() {
                one.event_type.clone_from(&change.event_type);
                one.thing_type.clone_from(&change.thing_type);
            }
            one.fields = change.fields.clone().apply(one.fields.take());
            if let Some(enabled) = change.enabled {
                one.enabled = enabled;
                one.disabled_reason = one.disabled_reason.take().filter(|_| !enabled);
            }
            let secret = change.secret.as_ref().map(|secret| secret.reveal().as_str());
            check(one, secret)?;
            may_set_up(work, &stored.receiver).await?;
            if let Some(secret) = secret {
                stored.secret_version += 1;
                let version = stored.secret_version;
                stored.secret = seal(work, &stored.receiver, version, secret).await?;
            }
            sql::update(work.tx, &stored).await?;
            tell(work, &stored.receiver, "receiver_updated").await?;
            Ok(stored.receiver)
        })
        .await
}

/// Ends a receiver.
///
/// # Errors
/// As [`get`]; 409 in an archived group.
pub(super) async fn delete(house: &Integrations, caller: &Caller, id: ReceiverId) -> Result<()> {
    person(caller)?;
    house
        .change(caller, async move |work| {
            let stored = managed(work.tx, work.caller, id).await?;
            access::standing_to_change(work.tx, work.caller, stored.receiver.group_id).await?;
            sql::delete(work.tx, id).await?;
            tell(work, &stored.receiver, "receiver_deleted").await
        })
        .await
}

/// Switches a receiver off, by the house itself.
///
/// # Errors
/// As the store.
pub(super) async fn disable(app: &App, id: ReceiverId, reason: &'static str) -> Result<()> {
    app.change(&Caller::system("receivers"), async move |work| {
        work.silently();
        let found = sql::find(work.tx, id).await?;
        let Some(mut stored) = found.filter(|one| one.receiver.enabled) else { return Ok(()) };
        let one = &mut stored.receiver;
        (one.enabled, one.updated_at) = (false, work.now);
        one.disabled_reason = Some(reason.to_owned());
        sql::update(work.tx, &stored).await?;
        tell(work, &stored.receiver, "receiver_disabled").await
    })
    .await
}

async fn tell(work: &mut Work<'_>, one: &Receiver, kind: &'static str) -> Result<()> {
    let metadata = Json::of(&serde_json::json!({ "name": one.name }))?;
    work.announce(one.group_id, kind, one.id, &metadata).await
}
