//! Things that are made of calls: what is kept of a call waits sealed in a job, whose run makes the
//! thing on behalf of the receiver's owner. A run comes at least once; the thing's id is the job's,
//! so there is one.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::access::{self, Right};
use kernel::jobs::{self, Job, Jobs, NewJob};
use kernel::vault::Slot;
use kernel::{App, Work};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use types::{Error, ErrorKind, GroupId, JobId, Json, JsonMap, ReceiverId, Result, ThingId};
use uuid::Uuid;
use world::things::model::NewThing;
use world::things::rules as things_of;

use super::model::Receiver;
use super::rules::{NAME, PROPERTY};
use super::{rules, sql};
use crate::webhooks::speaker;

/// The job's kind.
const MAKE_THING: &str = "integrations.make_thing";
/// Bytes that are kept of a call.
const MOST: usize = 64 << 10;

/// Adds what makes things to the jobs of the house.
pub(crate) fn jobs(jobs: Jobs) -> Jobs {
    jobs.with(MAKE_THING, make_thing).within(MAKE_THING, Duration::from_secs(30))
}

/// What is kept of a call until the thing is made.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    /// The request that brought it.
    request_id: String,
    kind: String,
    name: String,
    properties: JsonMap,
}

/// What the job is given.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    receiver_id: ReceiverId,
    /// What the content is sealed as.
    content_id: Uuid,
    sealed: String,
}

impl Waiting {
    /// What is kept of a call; what a pointer does not find is left out.
    ///
    /// # Errors
    /// 422 when there is no name, or it is too much.
    pub(super) fn new(
        receiver: &Receiver,
        kind: &str,
        body: &Value,
        request_id: &str,
    ) -> Result<Self> {
        let (mut name, mut properties) = (String::new(), JsonMap::new());
        for (field, pointer) in receiver.fields.iter().flatten() {
            let Some(value) = body.pointer(pointer) else { continue };
            match (field.strip_prefix(PROPERTY), value) {
                (Some(property), value) => {
                    properties.insert(property.to_owned(), value.clone());
                }
                (None, Value::String(text)) if field == NAME => text.trim().clone_into(&mut name),
                (None, Value::Number(number)) if field == NAME => name = number.to_string(),
                (None, _) => {}
            }
        }
        let (request_id, kind) = (request_id.to_owned(), kind.to_owned());
        let waiting = Self { request_id, kind, name, properties };
        things_of::check_new(&waiting.thing(receiver.group_id))?;
        if serde_json::to_vec(&waiting)?.len() > MOST {
            return Err(Error::invalid("/properties", "too_long", "must have at most 64 KiB."));
        }
        Ok(waiting)
    }

    fn thing(&self, group: GroupId) -> NewThing {
        NewThing {
            group_id: Some(group),
            parent_id: None,
            kind: self.kind.clone(),
            name: self.name.clone(),
            properties: self.properties.clone(),
            status: None,
            visibility: None,
        }
    }

    /// Puts the job into the queue, for a caller who may make things there.
    pub(super) async fn enqueue(&self, work: &mut Work<'_>, receiver: &Receiver) -> Result<JobId> {
        let group = receiver.group_id;
        let place = access::standing_to_change(work.tx, work.caller, group).await?;
        place.require(Right::ThingsCreate)?;
        let (now, id, vault) = (work.now, work.id(), work.app().vault.clone());
        let text = serde_json::to_vec(self)?;
        let sealed = vault.seal(work.tx, now, slot(group, receiver.id, id), &text).await?;
        let sealed = STANDARD.encode(sealed);
        let payload = Json::of(&Payload { receiver_id: receiver.id, content_id: id, sealed })?;
        work.submit(&NewJob::new(MAKE_THING, payload).of_group(group)).await
    }
}

/// What came of a run.
enum Made {
    /// The thing is there.
    Thing(ThingId),
    /// Its owner may not make things any more.
    LostAccess,
}

/// Makes the thing.
async fn make_thing(app: App, job: Job) -> Result<()> {
    let Payload { receiver_id, content_id, sealed } = serde_json::from_str(job.payload.as_str())?;
    let sealed = STANDARD.decode(sealed).map_err(Error::internal)?;
    let (vault, thing) = (app.vault.clone(), ThingId(job.id.0));
    let (receiver, waiting) = app
        .db
        .unbound()
        .read(async move |tx| {
            let Some(stored) = sql::find(tx, receiver_id).await? else {
                return Err(jobs::refused("Its receiver is gone."));
            };
            let slot = slot(stored.receiver.group_id, receiver_id, content_id);
            let text = vault.open(tx, slot, &sealed).await?;
            let waiting: Waiting = serde_json::from_slice(text.reveal())?;
            Ok((stored.receiver, waiting))
        })
        .await?;
    let request_id = waiting.request_id.as_str().into();
    let house = kernel::Caller::new(std::sync::Arc::default(), request_id);
    let made = app
        .change_unbound(&house, async move |work| {
            // Should an earlier run have made it, there is nothing to tell.
            work.silently();
            make(work, &receiver, &waiting, thing).await
        })
        .await;
    match made {
        Ok(Made::Thing(id)) => {
            job.result(Json::of(&json!({ "thingId": id }))?);
            Ok(())
        }
        Ok(Made::LostAccess) => {
            rules::disable(&app, receiver_id, "owner_lost_access").await?;
            Err(jobs::refused("The receiver's owner may not make things here any more."))
        }
        Err(error) => match error.kind() {
            // The next run would be told the same.
            ErrorKind::Invalid | ErrorKind::Conflict | ErrorKind::TooLarge => {
                Err(jobs::refused(error.message().to_owned()))
            }
            _ => Err(error),
        },
    }
}

async fn make(
    work: &mut Work<'_>,
    receiver: &Receiver,
    waiting: &Waiting,
    id: ThingId,
) -> Result<Made> {
    let task = work.caller.request_id().to_owned();
    let Some(owner) = speaker(work.tx, receiver.owner_id, &task).await? else {
        return Ok(Made::LostAccess);
    };
    let (group, new) = (receiver.group_id, waiting.thing(receiver.group_id));
    let done = async |work: &mut Work<'_>| things_of::create_once(work, id, group, &new).await;
    match work.acting(&owner, done).await {
        Ok(_) => Ok(Made::Thing(id)),
        Err(error) => lost(error).map(|()| Made::LostAccess),
    }
}

/// That somebody may not do it any more is an answer here, and no failure.
pub(super) fn lost(error: Error) -> Result<()> {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::Forbidden | ErrorKind::Unauthenticated => Ok(()),
        _ => Err(error),
    }
}

fn slot(group: GroupId, receiver: ReceiverId, content: Uuid) -> Slot<'static> {
    Slot {
        purpose: "received",
        tenant: group.0,
        owner: receiver.0,
        object: content,
        field: "content",
        version: 0,
    }
}
