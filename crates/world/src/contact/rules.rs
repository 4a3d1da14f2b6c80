//! Who may write to whom, how often, and what owners do with it.

use database::Tx;
use kernel::access::{self, Right, Standing};
use kernel::events::NewEvent;
use kernel::{App, Caller, Limit, Work};
use serde_json::json;
use types::{Checks, Error, GroupId, Json, Result, ThingId};
use web::IfMatch;

use super::model::{
    ContactChange, ContactFilter, ContactStats, ContactStatus, ContactSubmission, Letter,
    NewContact, Received,
};
use super::sql;
use crate::groups;
use crate::listing::Slice;
use crate::ontology::rules as types_of;
use crate::things::model::{Status, Thing, ThingChange, Tier, Visibility};
use crate::things::rules as things;

/// The type of its thing.
pub(super) const KIND: &str = "contact_submission";
/// What its thing is called: events show the name, and a subject is nobody else's business.
const THING_NAME: &str = "Contact form";
const MAX_NAME: usize = 100;
const MAX_SUBJECT: usize = 200;
const MAX_MESSAGE: usize = 5000;
/// By the address of whoever writes, and by the e-mail they give.
const LIMITS: [(&str, Limit); 2] =
    [("minute", Limit::per_minutes(5, 1)), ("hour", Limit::per_minutes(20, 60))];

/// Takes what somebody writes; `from` names where the request comes from.
///
/// # Errors
/// 422 for what is not sensible; 429 `rate_limited`.
pub async fn submit(app: &App, caller: &Caller, from: &str, new: NewContact) -> Result<Received> {
    let email = new.email.trim().to_lowercase();
    check(&new, &email)?;
    limit(app, from, &email)?;
    let letter = Letter {
        name: new.name,
        email,
        subject: new.subject.filter(|text| !text.is_empty()),
        message: new.message,
        status: ContactStatus::New,
    };
    let properties = Json::of(&letter)?;
    // Whoever it is may write to it, and sees nothing of it.
    let to =
        app.db.unbound().read(async move |tx| groups::known::open(tx, new.group_id).await).await?;
    if let Some(group) = to {
        app.change(caller, async move |work| keep(work, group, &properties).await).await?;
    }
    Ok(Received { received: true })
}

fn check(new: &NewContact, email: &str) -> Result<()> {
    let mut checks = Checks::new();
    checks.text("/name", &new.name, 1, MAX_NAME).email("/email", email);
    checks.text("/subject", new.subject.as_deref().unwrap_or_default(), 0, MAX_SUBJECT);
    checks.text("/message", &new.message, 1, MAX_MESSAGE);
    checks.done()
}

fn limit(app: &App, from: &str, email: &str) -> Result<()> {
    for (what, who) in [("contact_by", from), ("contact_as", email)] {
        for (span, limit) in LIMITS {
            let _counted = app.limits.take(what, &[span, who], limit, app.now())?;
        }
    }
    Ok(())
}

async fn keep(work: &mut Work<'_>, group: GroupId, properties: &Json) -> Result<()> {
    let thing = Thing {
        id: ThingId(work.id()),
        group_id: group,
        parent_id: None,
        kind: KIND.to_owned(),
        name: THING_NAME.to_owned(),
        properties: properties.clone(),
        status: Status::Active,
        // Not even a signed-in writer's: they see what everybody sees of it, nothing.
        owner_id: None,
        visibility: Visibility::Private,
        tier: Tier::Plain,
        version: 1,
        deleted_at: None,
        created_at: work.now,
        updated_at: work.now,
    };
    let kind = types_of::kind(work.tx, group, KIND).await?;
    work.tx.enter([group]);
    if !things::insert_as_is(work, thing.clone(), &kind, None).await? {
        return Err(Error::internal("a new id was taken"));
    }
    record(work, "contact_submitted", &thing, &Json::empty()).await
}

async fn record(work: &mut Work<'_>, kind: &str, thing: &Thing, metadata: &Json) -> Result<()> {
    let event = NewEvent::new(thing.group_id, kind, Some(thing.id.into()), metadata)
        .about(thing.visibility.name(), thing.owner_id);
    work.record(event).await?;
    Ok(())
}

/// A page of submissions, and one more row when another page follows.
///
/// # Errors
/// 401; 403 for anybody but an owner; 404 for a group the caller may not see.
pub async fn list(
    app: &App,
    caller: &Caller,
    filter: ContactFilter,
    slice: Slice,
) -> Result<Vec<ContactSubmission>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            let place = owned(tx, &caller, filter.group_id).await?;
            sql::list(tx, place.group, filter.status, slice).await
        })
        .await
}

/// How many submissions a group has, by status.
///
/// # Errors
/// As [`list`].
pub async fn stats(app: &App, caller: &Caller, group: Option<GroupId>) -> Result<ContactStats> {
    let caller = caller.clone();
    let counts = app
        .store(&caller)
        .read(async move |tx| {
            let place = owned(tx, &caller, group).await?;
            sql::count(tx, place.group).await
        })
        .await?;
    let mut stats = ContactStats::default();
    for (status, count) in counts {
        let counted = match status {
            ContactStatus::New => &mut stats.new,
            ContactStatus::Read => &mut stats.read,
            ContactStatus::Responded => &mut stats.responded,
            ContactStatus::Archived => &mut stats.archived,
        };
        *counted = count;
        stats.total += count;
    }
    Ok(stats)
}

/// One submission.
///
/// # Errors
/// 401; 404 when there is none the caller may see.
pub async fn get(app: &App, caller: &Caller, id: ThingId) -> Result<ContactSubmission> {
    let caller = caller.clone();
    app.store(&caller).read(async move |tx| visible(tx, &caller, id).await).await
}

/// Takes a submission a step further; the step it stands at changes nothing.
///
/// # Errors
/// 401, 403, 404 by policy; 409 `status_step` back, or in an archived group.
pub async fn update(
    app: &App,
    caller: &Caller,
    id: ThingId,
    change: ContactChange,
) -> Result<ContactSubmission> {
    app.change(caller, async move |work| {
        let before = visible(work.tx, work.caller, id).await?;
        let (from, to) = (before.status, change.status);
        if to == from {
            return Ok(before);
        }
        if (to as u8) < (from as u8) {
            return Err(Error::conflict(
                "status_step",
                "A submission goes from `new` to `read`, `responded` and `archived`, not back.",
            ));
        }
        let status = json!({"status": to}).as_object().cloned();
        let patch = ThingChange { properties: status, ..ThingChange::default() };
        let after = things::update_in(work, id, IfMatch::default(), &patch).await?;
        let metadata = Json::of(&json!({"from": from, "to": to}))?;
        record(work, "contact_status_changed", &after, &metadata).await?;
        Ok(ContactSubmission { status: to, updated_at: after.updated_at, ..before })
    })
    .await
}

async fn visible(tx: &mut Tx, caller: &Caller, id: ThingId) -> Result<ContactSubmission> {
    things::visible(tx, caller, id).await?;
    sql::find(tx, id).await?.ok_or_else(Error::not_found)
}

/// The caller's place in a group whose letters they may read.
async fn owned(tx: &mut Tx, caller: &Caller, group: Option<GroupId>) -> Result<Standing> {
    access::require_known(caller)?;
    let group = match group {
        Some(group) => group,
        None => groups::known::platform_id(tx).await?,
    };
    let place = access::standing(tx, caller, group).await?;
    place.require(Right::ThingsRead)?;
    place.require(Right::PrivateRead)?;
    Ok(place)
}
