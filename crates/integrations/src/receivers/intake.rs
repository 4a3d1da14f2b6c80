//! Taking a call: who is it from, did it come before, what does it become.

use std::sync::Arc;

use http::HeaderMap;
use kernel::{Caller, Limit, Work};
use serde_json::{Value, json};
use types::{Error, ErrorKind, JsonMap, ReceiverId, Result};
use world::events::model::NewCustomEvent;
use world::events::rules as events_of;

use super::jobs::{self, Waiting};
use super::model::{Intake, Receiver};
use super::verify::{self, Proven};
use super::{rules, sql};
use crate::Integrations;
use crate::webhooks::speaker;

/// Calls with a wrong signature from one address, and good ones of one receiver.
const WRONG: Limit = Limit::per_minutes(60, 1);
const RIGHT: Limit = Limit::per_minutes(600, 1);

/// A call as it came.
pub(super) struct Call {
    /// The address it is from, for counting.
    pub(super) from: String,
    pub(super) request_id: Arc<str>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Turns a call into an event, or into a job that makes a thing.
///
/// # Errors
/// 404 when there is no such receiver, or it is off; 401 `invalid_signature`, whatever is wrong
/// with it; 429; 400 and 422 for what cannot become an event or a thing; 409 in an archived group.
pub(super) async fn take(house: &Integrations, id: ReceiverId, call: Call) -> Result<Intake> {
    let vault = house.vault.clone();
    let (receiver, secret) = house
        .db
        .unbound()
        .read(async move |tx| {
            let found = sql::find(tx, id).await?.filter(|one| one.receiver.enabled);
            let stored = found.ok_or_else(Error::not_found)?;
            let slot = rules::slot(&stored.receiver, stored.secret_version);
            let secret = vault.open(tx, slot, &stored.secret).await?;
            Ok((stored.receiver, secret))
        })
        .await?;
    let now = house.now();
    let name = id.to_string();
    // Taken before it is known who calls, given back when it is whoever has the secret: floods of
    // wrong ones neither cost a look at each body nor keep the right ones out.
    let wrong = house.limits.take("receiver_wrong", &[&name, &call.from], WRONG, now)?;
    let key = std::str::from_utf8(secret.reveal())
        .ok()
        .and_then(|secret| verify::key(receiver.signature, secret));
    let proven = key
        .and_then(|key| verify::verify(receiver.signature, &key, &call.headers, &call.body, now));
    let Some(proven) = proven else { return Err(invalid_signature()) };
    wrong.give_back();
    let _counted = house.limits.take("receiver", &[&name], RIGHT, now)?;
    let payload: JsonMap = web::parse(&call.body)?;
    let wanted = wanted(&receiver, payload, &call.request_id)?;
    record(house, receiver, proven, wanted, call.request_id).await
}

/// What a call is to become.
enum Wanted {
    Event(NewCustomEvent),
    Thing(Waiting),
}

fn wanted(receiver: &Receiver, payload: JsonMap, request_id: &str) -> Result<Wanted> {
    if let Some(kind) = &receiver.thing_type {
        return Waiting::new(receiver, kind, &Value::Object(payload), request_id)
            .map(Wanted::Thing);
    }
    Ok(Wanted::Event(NewCustomEvent {
        group_id: Some(receiver.group_id),
        kind: receiver.event_type.clone().unwrap_or_default(),
        target_id: None,
        metadata: metadata(receiver, payload),
        timestamp: None,
    }))
}

async fn record(
    house: &Integrations,
    receiver: Receiver,
    proven: Proven,
    wanted: Wanted,
    request_id: Arc<str>,
) -> Result<Intake> {
    let id = receiver.id;
    let done = house
        .change_unbound(&Caller::new(Arc::default(), request_id), async move |work| {
            let now = work.now;
            if let Some(message) = &proven.message
                && let Some(known) = sql::known(work.tx, id, message, now).await?
            {
                work.silently();
                return Ok(Some(known));
            }
            let Some(became) = become_it(work, &receiver, &wanted).await? else { return Ok(None) };
            if let Some(message) = &proven.message {
                let until = now.after(proven.remembered);
                sql::remember(work.tx, id, message, &became, until).await?;
            }
            Ok(Some(became))
        })
        .await?;
    let Some(intake) = done else {
        rules::disable(house, id, "owner_lost_access").await?;
        return Err(Error::not_found());
    };
    Ok(intake)
}

/// Records the event, or enqueues the job that makes the thing, on behalf of the receiver's owner;
/// none, when they may not any more.
async fn become_it(
    work: &mut Work<'_>,
    receiver: &Receiver,
    wanted: &Wanted,
) -> Result<Option<Intake>> {
    let task = work.caller.request_id().to_owned();
    let Some(owner) = speaker(work.tx, receiver.owner_id, &task).await? else { return Ok(None) };
    let done = match wanted {
        Wanted::Event(event) => work
            .acting(&owner, async |work| events_of::create_in(work, event).await)
            .await
            .map(|event| (Some(event.id), None)),
        Wanted::Thing(waiting) => {
            work.silently();
            work.acting(&owner, async |work| waiting.enqueue(work, receiver).await)
                .await
                .map(|job| (None, Some(job)))
        }
    };
    match done {
        Ok((event_id, job_id)) => Ok(Some(Intake { event_id, job_id, duplicate: false })),
        Err(error) => jobs::lost(error).map(|()| None),
    }
}

/// What an event keeps of a call; what a pointer does not find is left out.
fn metadata(receiver: &Receiver, payload: JsonMap) -> JsonMap {
    let payload = Value::Object(payload);
    let mut kept = JsonMap::new();
    match &receiver.fields {
        None => {
            kept.insert("payload".to_owned(), payload);
        }
        Some(fields) => {
            let found = fields.iter().filter_map(|(name, pointer)| {
                Some((name.clone(), payload.pointer(pointer)?.clone()))
            });
            kept.extend(found);
        }
    }
    kept.insert("receiverId".to_owned(), json!(receiver.id));
    kept
}

fn invalid_signature() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "invalid_signature",
        "This call is not signed as it must be, or too long ago; check the secret and the clock.",
    )
}
