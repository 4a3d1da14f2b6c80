//! What is said in rooms: things of the type `message` that belong to the conversation. Who is
//! told that theirs is stored can rely on it.

use std::sync::Arc;
use std::time::Duration;

use database::{Tx, args};
use kernel::{Caller, Limit, Work};
use serde::{Deserialize, Serialize};
use types::{Error, JsonMap, PersonId, Result, ThingId, Time};
use world::things;
use world::things::model::NewThing;

use crate::calls::Sent;
use crate::wire::Wire;
use crate::{Live, packet};

/// Characters of a message.
const MAX_BODY: usize = 16_384;
/// Characters of a client's own name for a message.
const MAX_CLIENT_ID: usize = 100;
/// Characters of a message that are its name as a thing.
const NAME: usize = 80;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewMessage {
    room: ThingId,
    body: String,
    #[serde(default)]
    client_id: Option<String>,
}

/// The community app's older name for the acknowledgement.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageSent {
    message_id: ThingId,
    room_slug: ThingId,
    timestamp: Time,
}

/// Counts a message, however often it is tried to store it; one that is refused for whatever reason
/// counts, too.
///
/// # Errors
/// 429 for too many in a minute.
pub(crate) fn count(live: &Live, caller: &Caller) -> Result<()> {
    let most = live.settings.messages_per_minute;
    // Nobody's are not stored.
    let Some(me) = caller.person().filter(|_| most > 0) else { return Ok(()) };
    let limit = Limit { most, per: Duration::from_secs(60) };
    let _ = live.app.limits.take("live_messages", &[&me.to_string()], limit, live.app.now())?;
    Ok(())
}

/// Stores a message that was counted. One that is sent again with the same `clientId` is stored
/// once, and answered as the first time.
///
/// # Errors
/// 402, 403, 404, 409 and 422 as for any thing.
pub(crate) async fn send(
    live: &Live,
    wire: &Arc<Wire>,
    caller: &Caller,
    new: NewMessage,
) -> Result<Sent> {
    let me = caller.person().ok_or_else(Error::unauthenticated)?;
    check(&new)?;
    let room = new.room;
    let client_id = new.client_id.clone();
    let stored = live.app.change(caller, async move |work| store(work, me, &new).await).await;
    let sent = match (stored, client_id) {
        (Ok(sent), _) => sent,
        // It may be refused because it is here already.
        (Err(error), Some(id)) => {
            before(live, caller, me, room, id).await.ok().flatten().ok_or(error)?
        }
        (Err(error), None) => return Err(error),
    };
    let older =
        MessageSent { message_id: sent.message_id, room_slug: room, timestamp: sent.timestamp };
    let _ = wire.emit(packet::event("message_sent", &older));
    Ok(sent)
}

fn check(new: &NewMessage) -> Result<()> {
    let mut checks = types::Checks::new();
    checks.text("/body", &new.body, 1, MAX_BODY);
    if let Some(id) = &new.client_id {
        checks.text("/clientId", id, 1, MAX_CLIENT_ID);
    }
    checks.done()
}

async fn store(work: &mut Work<'_>, me: PersonId, new: &NewMessage) -> Result<Sent> {
    let (room, _) = things::rules::visible(work.tx, work.caller, new.room).await?;
    if room.kind != "conversation" {
        return Err(Error::invalid("/room", "not_a_room", "must be a `conversation`."));
    }
    let mut properties = JsonMap::new();
    properties.insert("content".to_owned(), new.body.clone().into());
    let name: String = new.body.chars().take(NAME).collect();
    let thing = NewThing {
        group_id: Some(room.group_id),
        parent_id: Some(room.id),
        kind: "message".to_owned(),
        name,
        properties,
        status: None,
        visibility: Some(room.visibility),
    };
    let stored = things::rules::create_in(work, room.group_id, &thing).await?;
    let seq = work.seq().await?;
    let sent = Sent { ok: true, message_id: stored.id, seq, timestamp: stored.created_at };
    // Not looked for before: who looked would lose to everybody who sends just now.
    if let Some(id) = &new.client_id
        && !note_sent(work.tx, me, new.room, id, &sent).await?
    {
        return Err(Error::conflict("sent_before", "This message is stored already."));
    }
    Ok(sent)
}

/// What was answered when the same was sent before, to whoever still sees the room.
async fn before(
    live: &Live,
    caller: &Caller,
    me: PersonId,
    room: ThingId,
    client_id: String,
) -> Result<Option<Sent>> {
    let caller = caller.clone();
    live.app
        .db
        .unbound()
        .read(async move |tx| {
            things::rules::visible(tx, &caller, room).await?;
            sent_before(tx, me, room, &client_id).await
        })
        .await
}

async fn sent_before(
    tx: &mut Tx,
    person: PersonId,
    room: ThingId,
    client_id: &str,
) -> Result<Option<Sent>> {
    tx.maybe(
        "select message_id, seq, sent_at from live_sent \
         where person_id = $1 and room_id = $2 and client_id = $3",
        args![person, room, client_id],
        |row| {
            Ok(Sent { ok: true, message_id: row.get(0)?, seq: row.get(1)?, timestamp: row.get(2)? })
        },
    )
    .await
}

/// False when it is noted already.
async fn note_sent(
    tx: &mut Tx,
    person: PersonId,
    room: ThingId,
    client_id: &str,
    sent: &Sent,
) -> Result<bool> {
    let rows = tx
        .run(
            "insert into live_sent (person_id, room_id, client_id, message_id, seq, sent_at) \
             values ($1, $2, $3, $4, $5, $6) on conflict (person_id, room_id, client_id) do nothing",
            args![person, room, client_id, sent.message_id, sent.seq, sent.timestamp],
        )
        .await?;
    Ok(rows == 1)
}
