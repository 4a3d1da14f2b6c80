//! What clients may ask for; every question is answered.

use std::sync::Arc;

use kernel::Caller;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use types::{Error, ErrorKind, PersonId, Result, ThingId, Time};

use crate::packet::Call;
use crate::presence::Member;
use crate::wire::Wire;
use crate::{Live, receipts, rooms, subscriptions};

/// An answer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// Done; nothing to say.
    Done(Done),
    Subscribed(Subscribed),
    Joined(Joined),
    Sent(Sent),
    Online(Online),
}

#[derive(Debug, Serialize)]
pub(crate) struct Done {
    ok: bool,
}

/// A topic is being listened to.
#[derive(Debug, Serialize)]
pub(crate) struct Subscribed {
    pub(crate) ok: bool,
    /// Where listening began.
    pub(crate) cursor: String,
    /// Whether everything since the place that was named has been or will be told.
    pub(crate) recovered: bool,
}

/// A room is joined.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Joined {
    pub(crate) ok: bool,
    /// Who is there.
    pub(crate) members: Vec<Member>,
    /// What they have got and read.
    pub(crate) receipts: Vec<receipts::Receipt>,
    /// Where listening began.
    pub(crate) cursor: String,
    /// As [`Subscribed::recovered`].
    pub(crate) recovered: bool,
}

/// A message is durable.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent {
    pub(crate) ok: bool,
    pub(crate) message_id: ThingId,
    pub(crate) seq: i64,
    pub(crate) timestamp: Time,
}

#[derive(Debug, Serialize)]
pub(crate) struct Online {
    pub(crate) online: Vec<PersonId>,
}

/// An answer that is no.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refused<'a> {
    ok: bool,
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
}

impl<'a> Refused<'a> {
    pub(crate) fn of(error: &'a Error) -> Self {
        let field = error.field_errors().first();
        Self {
            ok: false,
            code: field.map_or(error.code(), |field| &field.code),
            message: field.map_or(error.message(), |field| &field.message),
            retry_after: error.retry_after_s(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfTopic {
    topic: String,
}

/// Counts a call against what may be asked live.
///
/// # Errors
/// 429 `rate_limited` with the seconds to wait.
pub(crate) fn count(live: &Live, caller: &Caller) -> Result<()> {
    live.app.rates.take_live(caller.identity(), live.app.now())
}

/// Counts a call that does what a request would do as that request; what belongs to being connected
/// — a page that comes back listens to hundreds of topics, who reads says so of each message — is
/// none. Once for each call: what is refused may be tried a second time.
///
/// # Errors
/// As [`count`], also for too many messages.
pub(crate) fn count_request(live: &Live, caller: &Caller, call: &Call<'_>) -> Result<()> {
    if !matches!(call.name.as_str(), "message" | "presence") {
        return Ok(());
    }
    let (app, identity, now) = (&live.app, caller.identity(), live.app.now());
    if let Some(error) = app.rates.take(identity, now).refused {
        return Err(error);
    }
    if let Some((key, limit)) = identity.key.as_ref().and_then(|key| Some((key.id, key.limit?))) {
        let _counts = app.limits.take_of_key(key, limit, now)?;
    }
    if call.name == "message" { rooms::messages::count(live, caller) } else { Ok(()) }
}

/// Answers a call.
///
/// # Errors
/// 400 and 422 for what makes no sense, and what the rules answer.
pub(crate) async fn answer(
    live: &Live,
    wire: &Arc<Wire>,
    caller: &Caller,
    call: &Call<'_>,
) -> Result<Answer> {
    match call.name.as_str() {
        "subscribe" => {
            let wanted = payload(call)?;
            subscriptions::subscribe(live, wire, caller, wanted).await.map(Answer::Subscribed)
        }
        "unsubscribe" => {
            let OfTopic { topic } = payload(call)?;
            subscriptions::unsubscribe(live, wire, caller, &topic).map(|()| done())
        }
        "join_room" => rooms::join(live, wire, caller, payload(call)?).await.map(Answer::Joined),
        "leave_room" => rooms::leave(live, wire, caller, payload(call)?).map(|()| done()),
        "message" => {
            rooms::messages::send(live, wire, caller, payload(call)?).await.map(Answer::Sent)
        }
        "typing" => rooms::typing(live, wire, caller, payload(call)?).map(|()| done()),
        "presence" => rooms::who_is_online(live, caller, payload(call)?).await.map(Answer::Online),
        "delivered" => {
            receipts::give(live, wire, caller, payload(call)?, receipts::Step::Delivered)
                .await
                .map(|()| done())
        }
        "read" => receipts::give(live, wire, caller, payload(call)?, receipts::Step::Read)
            .await
            .map(|()| done()),
        _ => Err(Error::new(
            ErrorKind::Malformed,
            "unknown_event",
            "There is no such event: subscribe, unsubscribe, join_room, leave_room, message, \
             typing, presence, delivered and read are.",
        )),
    }
}

fn done() -> Answer {
    Answer::Done(Done { ok: true })
}

fn payload<T: DeserializeOwned>(call: &Call<'_>) -> Result<T> {
    let text = call.payload.map_or("{}", serde_json::value::RawValue::get);
    web::parse(text.as_bytes())
}

/// Bytes are for uploads.
pub(crate) fn no_bytes() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "binary_not_supported",
        "Payloads are JSON; send bytes as an upload and name it here.",
    )
}
