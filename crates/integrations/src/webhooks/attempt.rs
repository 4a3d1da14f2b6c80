//! One request: what is sent is looked up and allowed anew, signed, posted, and its outcome kept.

use std::collections::BTreeMap;
use std::time::Instant;

use database::Tx;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use kernel::egress::{CallBounds, CallFailure, Called};
use serde::Serialize;
use telemetry::within;
use types::{DeliveryId, GroupId, PersonId, Result, Secret, Time, WebhookId};
use url::Url;
use world::events::model::Event;
use world::events::rules as events_of;

use super::outbox::Place;
use super::queue_sql::{self, NewAttempt, Outcome, Sending};
use super::schedule::{self, Next};
use super::state::{self, State};
use super::{rules, secret, sql};
use crate::sign;

/// Bytes of an answer that are read, and of a request and an answer that are kept.
const READ: usize = 64 << 10;
const KEEP: usize = 1 << 10;
/// Requests of one delivery that are kept.
const KEEP_ATTEMPTS: i64 = 30;

/// What is posted.
#[derive(Serialize)]
struct Message<'e> {
    #[serde(rename = "type")]
    kind: &'e str,
    timestamp: Time,
    data: &'e Event,
}

/// Everything a request needs.
struct Request {
    sending: Sending,
    webhook: WebhookId,
    group: GroupId,
    /// Whoever named the address.
    owner: PersonId,
    failing_since: Option<Time>,
    url: String,
    body: Vec<u8>,
    keys: Vec<Secret<Vec<u8>>>,
    headers: BTreeMap<String, String>,
}

/// What a delivery that was taken comes to before anything is sent.
enum Plan {
    Send(Box<Request>),
    /// Somebody else has it by now.
    Leave,
    /// Its webhook is gone.
    Forget,
    /// Its webhook is off.
    Hold,
    /// Its webhook must be switched off.
    Disable(WebhookId),
    /// Its owner may not see it any more.
    Hide(Sending),
}

/// Makes the next request of a delivery, which has a lease and this place.
pub(super) async fn run(state: State, mut place: Place, id: DeliveryId) {
    let (inside, span) = state.app.meters().traces.work("webhooks", &id).unzip();
    if let Err(error) = within(inside, one(&state, &mut place, id)).await {
        if let Some(mut span) = span {
            span.failed(error.code().to_owned());
        }
        // Its lease ends, and it is sent again.
        tracing::warn!(delivery = %id, cause = error.cause(), "a webhook was not sent");
    }
}

async fn one(state: &State, place: &mut Place, id: DeliveryId) -> Result<()> {
    let (app, now) = (&state.app, state.app.now());
    let vault = app.vault.clone();
    let plan = app.db.unbound().read(async move |tx| plan(tx, &vault, id, now).await).await?;
    match plan {
        Plan::Send(request) => {
            let began = Instant::now();
            let outcome = place.carry(post(state, id, &request, now)).await;
            // Ended, it took too long for how many wait.
            let outcome = outcome.unwrap_or(Err(CallFailure::TimedOut));
            let elapsed = began.elapsed();
            app.meters().webhooks.took.took(elapsed);
            let took = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
            state.outbox.note(place.webhook(), schedule::wrong(&outcome).is_some());
            settle(state, id, *request, outcome, took, now).await
        }
        Plan::Leave => Ok(()),
        Plan::Forget => {
            app.db.unbound().write(async move |tx| queue_sql::delete(tx, id).await).await
        }
        Plan::Hold => app.db.unbound().write(async move |tx| queue_sql::hold(tx, id).await).await,
        Plan::Disable(webhook) => {
            rules::disable(app, webhook, "owner_lost_access").await?;
            app.db.unbound().write(async move |tx| queue_sql::hold(tx, id).await).await
        }
        Plan::Hide(sending) => {
            let end = Outcome {
                state: "failed",
                attempts: sending.attempts,
                step: sending.step,
                due_at: now,
                status: None,
                error: Some("not_visible"),
            };
            app.db
                .unbound()
                .write(async move |tx| queue_sql::settle(tx, id, &end, now).await)
                .await?;
            Ok(())
        }
    }
}

async fn plan(tx: &mut Tx, vault: &kernel::Vault, id: DeliveryId, now: Time) -> Result<Plan> {
    let Some(sending) = queue_sql::sending(tx, id).await? else { return Ok(Plan::Leave) };
    let Some(stored) = sql::find(tx, sending.webhook).await? else { return Ok(Plan::Forget) };
    let webhook = &stored.webhook;
    if !webhook.enabled {
        return Ok(Plan::Hold);
    }
    let Some(owner) = state::speaker(tx, webhook.owner_id, "webhooks").await? else {
        return Ok(Plan::Disable(webhook.id));
    };
    if !state::may_send(tx, &owner, webhook).await? {
        return Ok(Plan::Disable(webhook.id));
    }
    let event = match events_of::shown(tx, &owner, sending.event).await {
        Ok(event) => event,
        Err(error) => {
            state::absent(error)?;
            return Ok(Plan::Hide(sending));
        }
    };
    let (group, version) = (webhook.group_id, stored.secret_version);
    let mut keys =
        vec![secret::open(vault, tx, (group, webhook.id, version), &stored.secret).await?];
    if let Some(old) = stored.old_secret.as_ref()
        && webhook.old_secret_until.is_some_and(|until| until > now)
    {
        keys.push(secret::open(vault, tx, (group, webhook.id, version - 1), old).await?);
    }
    let headers = match &stored.headers {
        Some(sealed) => secret::open_headers(vault, tx, (group, webhook.id), sealed).await?,
        None => BTreeMap::new(),
    };
    let message = Message { kind: &event.kind, timestamp: event.timestamp, data: &event };
    Ok(Plan::Send(Box::new(Request {
        webhook: webhook.id,
        group,
        owner: webhook.owner_id,
        failing_since: webhook.failing_since,
        url: webhook.url.clone(),
        body: serde_json::to_vec(&message)?,
        keys,
        headers,
        sending,
    })))
}

async fn post(
    state: &State,
    id: DeliveryId,
    request: &Request,
    now: Time,
) -> Result<Called, CallFailure> {
    let url = Url::parse(&request.url).map_err(|_| CallFailure::Refused)?;
    let headers = headers(id, request, now).ok_or(CallFailure::Refused)?;
    let bounds = CallBounds { total: state.settings.timeout(), read: READ, keep: KEEP };
    let (egress, body) = (&state.app.egress, request.body.clone());
    egress.post_public(request.owner, &url, headers, body, &bounds).await
}

fn headers(id: DeliveryId, request: &Request, now: Time) -> Option<HeaderMap> {
    let (id, seconds) = (id.to_string(), now.seconds());
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(name.as_str()).ok()?, value);
    }
    let signatures: Vec<String> = request
        .keys
        .iter()
        .map(|key| sign::signature(key.reveal(), &id, seconds, &request.body))
        .collect();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("webhook-id", HeaderValue::try_from(&id).ok()?);
    headers.insert("webhook-timestamp", HeaderValue::from(seconds));
    headers.insert("webhook-signature", HeaderValue::try_from(signatures.join(" ")).ok()?);
    Some(headers)
}

/// Keeps what came of it: the delivery and its log in one transaction, and with it what it means
/// for the webhook.
async fn settle(
    state: &State,
    id: DeliveryId,
    request: Request,
    outcome: Result<Called, CallFailure>,
    duration_ms: i64,
    began: Time,
) -> Result<()> {
    let (app, now) = (&state.app, state.app.now());
    let [dice] = app.random.bytes();
    let (number, step) = (request.sending.attempts + 1, request.sending.step + 1);
    let (error, next) = (schedule::wrong(&outcome), schedule::next(step, &outcome, dice));
    let patience = state.settings.disable_after();
    let disabling = schedule::disabling(&outcome, request.failing_since, now, patience);
    let called = outcome.as_ref().ok();
    let status = called.map(|called| i64::from(called.status));
    let meter = &app.meters().webhooks;
    let (stored, due_at, counted) = match next {
        Next::Delivered => ("delivered", now, &meter.delivered),
        Next::Again(pause) => ("queued", now.after(pause), &meter.failed),
        Next::GivenUp => ("failed", now, &meter.given_up),
    };
    counted.one();
    let end = Outcome { state: stored, attempts: number, step, due_at, status, error };
    let attempt = NewAttempt {
        number,
        url: request.url,
        request: beginning(&request.body),
        status,
        error,
        response: called.map(|called| beginning(&called.beginning)),
        duration_ms,
        at: began,
    };
    let (webhook, was_failing) = (request.webhook, request.failing_since);
    app.db
        .unbound()
        .write(async move |tx| {
            if queue_sql::settle(tx, id, &end, now).await? {
                queue_sql::insert_attempt(tx, id, &attempt, KEEP_ATTEMPTS).await?;
            }
            // Said when it changes, not at each request: others write this row, too.
            match (error, was_failing) {
                (Some(_), None) => sql::set_failing(tx, webhook, Some(now)).await,
                (None, Some(_)) => sql::set_failing(tx, webhook, None).await,
                _ => Ok(()),
            }
        })
        .await?;
    if let Some(reason) = disabling {
        rules::disable(app, webhook, reason).await?;
    }
    if matches!(next, Next::Again(_)) {
        // The sender has a new moment to wait for.
        state.outbox.wake();
    }
    tracing::debug!(delivery = %id, group = %request.group, error, "a webhook was sent");
    Ok(())
}

/// The first bytes as text that any store takes.
fn beginning(bytes: &[u8]) -> String {
    let start = bytes.get(..KEEP).unwrap_or(bytes);
    String::from_utf8_lossy(start).replace('\0', "\u{fffd}")
}
