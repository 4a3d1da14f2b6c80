//! Sending one to members of a group: an event of the group, which its receivers are told by.

use database::Tx;
use kernel::access::{self, Right};
use kernel::events::NewEvent;
use kernel::{App, Caller};
use serde_json::{Map, json};
use types::{Checks, Error, EventId, GroupId, Json, PersonId, Result};

use super::matters::SENT;
use super::model::{NewNotification, Sent, Severity};
use crate::people;

/// People one may be for; all members is one word.
const MAX_PEOPLE: usize = 100;

/// Sends a notification to members of a group, but not to whoever sends it.
///
/// # Errors
/// 401, 404 by policy; 403 without `notifications:create`, and to some members without
/// `people:read`; 409 in an archived group; 422 for what is not sensible, and for who is no member.
pub(super) async fn send(app: &App, caller: &Caller, new: NewNotification) -> Result<Sent> {
    check(&new)?;
    app.change(caller, async move |work| {
        let group = new.group_id;
        let place = access::standing_to_change(work.tx, work.caller, group).await?;
        place.require(Right::NotificationsCreate)?;
        if let Some(people) = &new.person_ids {
            place.require(Right::PeopleRead)?;
            check_members(work.tx, group, people).await?;
        }
        let metadata = metadata(&new)?;
        let event = NewEvent::new(group, SENT, Some(group.into()), &metadata);
        // What is for some is for nobody else to read.
        let event = match (&new.person_ids, work.me()) {
            (Some(_), me) => event.about("private", me),
            (None, _) => event,
        };
        let event_id: EventId = work.record(event).await?;
        Ok(Sent { event_id })
    })
    .await
}

fn metadata(new: &NewNotification) -> Result<Json> {
    let mut all = Map::new();
    all.insert("title".to_owned(), json!(new.title));
    all.insert("severity".to_owned(), json!(new.severity.unwrap_or(Severity::Info)));
    let texts = [
        ("message", &new.message),
        ("actionUrl", &new.action_url),
        ("actionLabel", &new.action_label),
        ("collapseKey", &new.collapse_key),
    ];
    for (name, text) in texts {
        all.extend(text.as_ref().map(|text| (name.to_owned(), json!(text))));
    }
    all.extend(new.person_ids.as_ref().map(|people| ("personIds".to_owned(), json!(people))));
    Ok(Json::of(&all)?)
}

fn check(new: &NewNotification) -> Result<()> {
    let mut checks = Checks::new();
    checks.text("/title", &new.title, 1, 200);
    for (pointer, text, most) in [
        ("/message", &new.message, 2000),
        ("/actionUrl", &new.action_url, 2000),
        ("/actionLabel", &new.action_label, 50),
        ("/collapseKey", &new.collapse_key, 100),
    ] {
        if let Some(text) = text {
            checks.text(pointer, text, 1, most);
        }
    }
    let leads = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    checks.that(
        new.action_url.as_ref().is_none_or(leads),
        "/actionUrl",
        "invalid_url",
        "must begin with `https://` or `http://`.",
    );
    let count = new.person_ids.as_ref().map_or(1, Vec::len);
    checks.that(
        (1..=MAX_PEOPLE).contains(&count),
        "/personIds",
        "wrong_length",
        format!("names 1 to {MAX_PEOPLE} people; leave it out for all members."),
    );
    checks.done()
}

async fn check_members(tx: &mut Tx, group: GroupId, people: &[PersonId]) -> Result<()> {
    for (index, person) in people.iter().enumerate() {
        if !people::rules::is_member(tx, group, *person).await? {
            return Err(Error::invalid(
                format!("/personIds/{index}"),
                "not_a_member",
                "is nobody in this group.",
            ));
        }
    }
    Ok(())
}
