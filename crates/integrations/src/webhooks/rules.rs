//! The verbs of webhooks: create, list, get, update, delete, rotate; and the one of the house,
//! disable.

use std::collections::BTreeMap;
use std::time::Duration;

use database::Tx;
use kernel::access::{self, Right, Standing};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Checks, Error, Field, GroupId, Json, Limit, PersonId, Result, Time, WebhookId};
use url::Url;
use uuid::Uuid;
use web::Patch;
use world::ontology::rules as types_of;

use super::model::{CreatedWebhook, NewWebhook, Webhook, WebhookChange, WebhookFilter};
use super::sql::{self, Stored};
use super::{secret, wants};
use crate::{Integrations, sign};

const MAX_DESCRIPTION: usize = 500;
const MAX_URL: usize = 2_000;
const MAX_TYPES: usize = 100;
const MAX_HEADERS: usize = 10;
const MAX_HEADER: usize = 1_000;
/// How long the secret before the present one signs beside it.
const GRACE: Duration = Duration::from_secs(24 * 3_600);
/// Headers that are ours, or the connection's.
const RESERVED: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "proxy-authorization",
];

/// Who calls, as a person: a webhook speaks for one.
pub(crate) fn person(caller: &Caller) -> Result<PersonId> {
    access::require_known(caller)?;
    caller.person().ok_or_else(Error::unauthenticated)
}

/// Refuses whoever may not let events of a group leave the house.
pub(super) fn require(place: &Standing, children: bool) -> Result<()> {
    place.require(Right::GroupsUpdate)?;
    place.require(Right::EventsRead)?;
    if children && !place.owns {
        return Err(Error::forbidden(
            "Only an owner of this group may have events of the groups below sent.",
        ));
    }
    Ok(())
}

/// Makes a webhook.
///
/// # Errors
/// 401; 403 for whoever may not change the group or read its events; 404; 409 in an archived group,
/// or when it has too many; 422.
pub(super) async fn create(
    house: &Integrations,
    caller: &Caller,
    new: NewWebhook,
) -> Result<CreatedWebhook> {
    let me = person(caller)?;
    let group =
        new.group_id.or_else(|| caller.personal_group()).ok_or_else(Error::unauthenticated)?;
    let draft = draft(house.id(house.now()), group, me, house.now(), &new);
    check(house, &draft, &new.headers)?;
    let key: [u8; sign::KEY] = house.random.bytes();
    let most = house.settings().per_group;
    let webhook = house
        .change(caller, async move |work| {
            let place = access::standing_to_change(work.tx, work.caller, group).await?;
            require(&place, draft.include_children)?;
            check_types(work.tx, &draft).await?;
            if sql::count(work.tx, group).await? >= i64::from(most) {
                return Err(too_many(most));
            }
            let (now, vault) = (work.now, work.app().vault.clone());
            let secret = secret::seal(&vault, work.tx, now, (group, draft.id, 1), &key).await?;
            let headers =
                secret::seal_headers(&vault, work.tx, now, (group, draft.id), &new.headers).await?;
            let stored = Stored {
                webhook: draft.clone(),
                secret,
                secret_version: 1,
                old_secret: None,
                headers,
            };
            sql::insert(work.tx, &stored).await?;
            tell(work, &draft, "webhook_created", &Json::empty()).await?;
            Ok(draft.clone())
        })
        .await?;
    Ok(CreatedWebhook { webhook, secret: sign::text_of(&key) })
}

fn draft(id: Uuid, group: GroupId, me: PersonId, now: Time, new: &NewWebhook) -> Webhook {
    Webhook {
        id: WebhookId(id),
        group_id: group,
        owner_id: me,
        url: new.url.trim().to_owned(),
        description: new.description.clone(),
        event_types: new.event_types.clone(),
        filter: new.filter.clone(),
        include_children: new.include_children,
        ordered: new.ordered,
        enabled: new.enabled,
        disabled_reason: None,
        disabled_at: None,
        failing_since: None,
        header_names: new.headers.keys().cloned().collect(),
        old_secret_until: None,
        created_at: now,
        updated_at: now,
    }
}

fn too_many(most: u32) -> Error {
    let message = format!("This group has {most} webhooks; delete one first.");
    Error::conflict("too_many_webhooks", message)
}

/// What no store needs to be asked for.
fn check(app: &App, one: &Webhook, headers: &BTreeMap<String, String>) -> Result<()> {
    let mut checks = Checks::new();
    checks.text("/url", &one.url, 1, MAX_URL);
    checks.text("/description", one.description.as_deref().unwrap_or_default(), 0, MAX_DESCRIPTION);
    let count = one.event_types.len();
    checks.that(
        (1..=MAX_TYPES).contains(&count),
        "/eventTypes",
        "wrong_length",
        format!("must have 1 to {MAX_TYPES} types, or `*`."),
    );
    let url = Url::parse(&one.url).ok();
    checks.that(
        url.is_some_and(|url| app.egress.admits(&url)),
        "/url",
        "url_refused",
        "must be http or https, without user and password, at an address that everybody can reach \
         and its usual port.",
    );
    check_headers(&mut checks, headers);
    checks.done()?;
    if let Some(filter) = &one.filter {
        wants::filter(filter).map_err(|error| in_body(&error))?;
    }
    Ok(())
}

/// A filter's own words for what is wrong, at its place in the body.
fn in_body(error: &Error) -> Error {
    let fields = error.field_errors().iter().cloned();
    Error::fields(fields.map(|one| Field { pointer: "/filter".to_owned(), ..one }).collect())
}

fn check_headers(checks: &mut Checks, headers: &BTreeMap<String, String>) {
    checks.that(
        headers.len() <= MAX_HEADERS,
        "/headers",
        "too_many",
        format!("must be at most {MAX_HEADERS}."),
    );
    for (name, value) in headers.iter().take(MAX_HEADERS) {
        let pointer = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
        let token = http::HeaderName::try_from(name.as_str()).is_ok() && name.len() <= 100;
        let lower = name.to_ascii_lowercase();
        let ours = RESERVED.contains(&lower.as_str()) || lower.starts_with("webhook-");
        checks.that(
            token && !ours,
            &pointer,
            "invalid_header",
            "must be the name of a header that is neither the connection's nor ours.",
        );
        let fits = value.len() <= MAX_HEADER && http::HeaderValue::try_from(value).is_ok();
        checks.that(
            fits,
            &pointer,
            "invalid_header",
            "must be a header's value, at most 1000 bytes.",
        );
    }
}

/// Types that nobody registered are a mistake — unless a group below may have registered them.
async fn check_types(tx: &mut Tx, one: &Webhook) -> Result<()> {
    for (index, kind) in one.event_types.iter().enumerate() {
        let known = kind == "*"
            || one.include_children && types_of::is_name(kind)
            || types_of::event_type(tx, one.group_id, kind).await.is_ok();
        if !known {
            return Err(Error::invalid(
                format!("/eventTypes/{index}"),
                "unknown_type",
                "is no type of events here; use `*`, one of the ontology, or register it first.",
            ));
        }
    }
    Ok(())
}

/// The webhooks of a group, newest first, and one more row when another page follows.
///
/// # Errors
/// 401, 403, 404 by policy.
pub(super) async fn list(
    house: &Integrations,
    caller: &Caller,
    filter: &WebhookFilter,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<Webhook>> {
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

/// One webhook the caller may manage.
///
/// # Errors
/// 401, 403; 404 when there is none in a group they see.
pub(super) async fn managed(tx: &mut Tx, caller: &Caller, id: WebhookId) -> Result<Stored> {
    access::require_known(caller)?;
    let found = sql::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let place = access::standing(tx, caller, found.webhook.group_id).await?;
    place.require(Right::GroupsUpdate)?;
    Ok(found)
}

/// The same, about to be changed.
///
/// # Errors
/// As [`managed`]; 409 in an archived group.
pub(super) async fn managed_to_change(work: &mut Work<'_>, id: WebhookId) -> Result<Stored> {
    let found = managed(work.tx, work.caller, id).await?;
    access::standing_to_change(work.tx, work.caller, found.webhook.group_id).await?;
    Ok(found)
}

/// One webhook.
///
/// # Errors
/// As [`managed`].
pub(super) async fn get(house: &Integrations, caller: &Caller, id: WebhookId) -> Result<Webhook> {
    let caller = caller.clone();
    house.store(&caller).read(async move |tx| Ok(managed(tx, &caller, id).await?.webhook)).await
}

/// Changes a webhook; from then on it speaks for whoever did.
///
/// # Errors
/// As [`create`].
pub(super) async fn update(
    house: &Integrations,
    caller: &Caller,
    id: WebhookId,
    change: WebhookChange,
) -> Result<Webhook> {
    let me = person(caller)?;
    house
        .change(caller, async move |work| {
            let mut stored = managed_to_change(work, id).await?;
            let (before, after) = (stored.webhook.clone(), merged(&stored.webhook, &change, me));
            let place = access::standing(work.tx, work.caller, after.group_id).await?;
            require(&place, after.include_children)?;
            check(work.app(), &after, &change.headers.clone().unwrap_or_default())?;
            check_types(work.tx, &after).await?;
            if let Some(headers) = &change.headers {
                let (now, vault) = (work.now, work.app().vault.clone());
                let whose = (after.group_id, id);
                stored.headers = secret::seal_headers(&vault, work.tx, now, whose, headers).await?;
            }
            stored.webhook = Webhook { updated_at: work.now, ..after };
            sql::update(work.tx, &stored).await?;
            let kind = match (before.enabled, stored.webhook.enabled) {
                (false, true) => "webhook_enabled",
                _ => "webhook_updated",
            };
            let changed = Json::of(&json!({ "changes": names(&change) }))?;
            tell(work, &stored.webhook, kind, &changed).await?;
            Ok(stored.webhook.clone())
        })
        .await
}

fn merged(before: &Webhook, change: &WebhookChange, me: PersonId) -> Webhook {
    let mut after = before.clone();
    after.owner_id = me;
    if let Some(url) = &change.url {
        url.trim().clone_into(&mut after.url);
    }
    after.description = change.description.clone().apply(after.description);
    after.filter = change.filter.clone().apply(after.filter);
    if let Some(types) = &change.event_types {
        after.event_types.clone_from(types);
    }
    if let Some(headers) = &change.headers {
        after.header_names = headers.keys().cloned().collect();
    }
    after.include_children = change.include_children.unwrap_or(after.include_children);
    after.ordered = change.ordered.unwrap_or(after.ordered);
    if change.enabled == Some(true) && !before.enabled {
        (after.disabled_reason, after.disabled_at, after.failing_since) = (None, None, None);
    }
    after.enabled = change.enabled.unwrap_or(after.enabled);
    after
}

/// What was sent, by name: addresses and filters may hold what is nobody else's business.
fn names(change: &WebhookChange) -> Vec<&'static str> {
    let sent = [
        ("url", change.url.is_some()),
        ("description", !matches!(change.description, Patch::Absent)),
        ("eventTypes", change.event_types.is_some()),
        ("filter", !matches!(change.filter, Patch::Absent)),
        ("includeChildren", change.include_children.is_some()),
        ("ordered", change.ordered.is_some()),
        ("enabled", change.enabled.is_some()),
        ("headers", change.headers.is_some()),
    ];
    sent.into_iter().filter(|(_, sent)| *sent).map(|(name, _)| name).collect()
}

/// Ends a webhook; what it was to be sent is forgotten.
///
/// # Errors
/// As [`managed_to_change`].
pub(super) async fn delete(house: &Integrations, caller: &Caller, id: WebhookId) -> Result<()> {
    person(caller)?;
    house
        .change(caller, async move |work| {
            let stored = managed_to_change(work, id).await?;
            sql::delete(work.tx, id).await?;
            tell(work, &stored.webhook, "webhook_deleted", &Json::empty()).await
        })
        .await
}

/// Gives a webhook a new secret; the one before it signs beside it for a day.
///
/// # Errors
/// As [`managed_to_change`].
pub(super) async fn rotate(
    house: &Integrations,
    caller: &Caller,
    id: WebhookId,
) -> Result<CreatedWebhook> {
    person(caller)?;
    let key: [u8; sign::KEY] = house.random.bytes();
    let webhook = house
        .change(caller, async move |work| {
            let mut stored = managed_to_change(work, id).await?;
            let (group, version) = (stored.webhook.group_id, stored.secret_version + 1);
            let (now, vault) = (work.now, work.app().vault.clone());
            let sealed = secret::seal(&vault, work.tx, now, (group, id, version), &key).await?;
            stored.old_secret = Some(std::mem::replace(&mut stored.secret, sealed));
            stored.secret_version = version;
            stored.webhook.old_secret_until = Some(now.after(GRACE));
            stored.webhook.updated_at = now;
            sql::update(work.tx, &stored).await?;
            tell(work, &stored.webhook, "webhook_secret_rotated", &Json::empty()).await?;
            Ok(stored.webhook)
        })
        .await?;
    Ok(CreatedWebhook { webhook, secret: sign::text_of(&key) })
}

/// Switches a webhook off, by the house itself and for a stated reason.
///
/// # Errors
/// As the store.
pub(super) async fn disable(app: &App, id: WebhookId, reason: &'static str) -> Result<()> {
    app.change(&Caller::system("webhooks"), async move |work| {
        work.silently();
        let Some(mut stored) = sql::find(work.tx, id).await?.filter(|one| one.webhook.enabled)
        else {
            return Ok(());
        };
        let one = &mut stored.webhook;
        (one.enabled, one.disabled_at, one.updated_at) = (false, Some(work.now), work.now);
        one.disabled_reason = Some(reason.to_owned());
        sql::update(work.tx, &stored).await?;
        let metadata = Json::of(&json!({ "reason": reason }))?;
        tell(work, &stored.webhook, "webhook_disabled", &metadata).await
    })
    .await
}

/// Records what happened to a webhook, and has those look again who remember it.
async fn tell(
    work: &mut Work<'_>,
    one: &Webhook,
    kind: &'static str,
    metadata: &Json,
) -> Result<()> {
    sql::changed(work.tx).await?;
    work.announce(one.group_id, kind, one.id, metadata).await?;
    work.after_commit(|app| app.hub.wake_workers());
    Ok(())
}
