//! The shapes of a webhook and of what was sent to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{DeliveryId, EventId, GroupId, PersonId, Time, WebhookId};
use utoipa::{IntoParams, ToSchema};
use web::Patch;

/// Where events of a group are sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose events are sent.
    pub group_id: GroupId,
    /// Whoever set it up last: what is sent is what they may see.
    pub owner_id: PersonId,
    /// Where to.
    #[schema(example = "https://example.com/hooks/sixfold")]
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Types of events, or `*` for all of them.
    #[schema(example = json!(["thing_created", "thing_updated"]))]
    pub event_types: Vec<String>,
    /// What else an event must be, in the filter language.
    #[schema(example = "metadata.type == \"course\"")]
    pub filter: Option<String>,
    /// Also events of the groups below.
    pub include_children: bool,
    /// One after the other, in the order of the log: an event waits until the one before it was
    /// answered or given up.
    pub ordered: bool,
    /// Whether events are sent.
    pub enabled: bool,
    /// Why the installation switched it off: `gone` (it answered 410), `failing` (no success for
    /// days), `owner_lost_access`, `filter_invalid`; null when it did not.
    pub disabled_reason: Option<String>,
    /// When it did.
    pub disabled_at: Option<Time>,
    /// Since when nothing was sent successfully; null when the last request went well.
    pub failing_since: Option<Time>,
    /// Names of the headers that go along with each request; their values are never shown.
    pub header_names: Vec<String>,
    /// Until when requests are also signed with the secret before this one.
    pub old_secret_until: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// A webhook with the secret that its requests are signed with, shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// The secret: keep it now.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: String,
}

/// A webhook to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"url": "https://example.com/hooks/sixfold", "eventTypes": ["*"]}))]
pub(crate) struct NewWebhook {
    /// Whose events; the caller's personal group, if absent.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// Where to: http or https, at a public address and its usual port.
    pub url: String,
    /// What it is for, at most 500 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// Types of events, or `*`, which is also what is meant when they are absent; 1 to 100.
    #[serde(default = "all")]
    pub event_types: Vec<String>,
    /// What else an event must be; see the guide to filters. It may name `id`, `type`, `groupId`,
    /// `actorId`, `targetId`, `targetKind`, `timestamp`, `seq` and `metadata.…`.
    #[serde(default)]
    pub filter: Option<String>,
    /// Also events of the groups below; for owners.
    #[serde(default)]
    pub include_children: bool,
    /// One after the other, in the order of the log.
    #[serde(default)]
    pub ordered: bool,
    /// Whether to begin at once.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Headers that go along with each request, at most 10: write-only.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

fn all() -> Vec<String> {
    vec!["*".to_owned()]
}

const fn yes() -> bool {
    true
}

/// What of a webhook is to be changed. Whoever changes it becomes its owner.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"enabled": true}))]
pub(crate) struct WebhookChange {
    /// Where to.
    pub url: Option<String>,
    /// What it is for.
    #[schema(value_type = Option<String>)]
    pub description: Patch<String>,
    /// Types of events, or `*`.
    pub event_types: Option<Vec<String>>,
    /// What else an event must be.
    #[schema(value_type = Option<String>)]
    pub filter: Patch<String>,
    /// Also events of the groups below.
    pub include_children: Option<bool>,
    /// One after the other.
    pub ordered: Option<bool>,
    /// Whether events are sent. Switched on again, what waited goes out.
    pub enabled: Option<bool>,
    /// The headers that go along, instead of those there are.
    pub headers: Option<BTreeMap<String, String>>,
}

/// Which webhooks a list holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct WebhookFilter {
    /// Of this group; the caller's personal group, if absent.
    pub group_id: Option<GroupId>,
}

/// How far an event has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    /// It waits for its moment, or for a place.
    Queued,
    /// It waits for its webhook to be switched on again.
    Held,
    /// A request is under way.
    Sending,
    /// It was answered with success.
    Delivered,
    /// It was given up; it can be replayed.
    Failed,
}

impl DeliveryState {
    /// The stored name: what is held is queued.
    #[must_use]
    pub(crate) const fn stored(self) -> &'static str {
        match self {
            Self::Queued | Self::Held => "queued",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Reads a stored name; `enabled` is whether its webhook is.
    #[must_use]
    pub(crate) fn read(stored: &str, enabled: bool) -> Self {
        match stored {
            "sending" => Self::Sending,
            "delivered" => Self::Delivered,
            "failed" => Self::Failed,
            _ if enabled => Self::Queued,
            _ => Self::Held,
        }
    }
}

/// One event on its way to one webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    /// Its id, the `webhook-id` of each of its requests.
    pub id: DeliveryId,
    /// Where it goes.
    pub webhook_id: WebhookId,
    /// The event.
    pub event_id: EventId,
    /// The event's type.
    pub event_type: String,
    /// The event's place in the log.
    pub seq: i64,
    /// How far it has come.
    pub state: DeliveryState,
    /// Requests made so far.
    pub attempts: i64,
    /// When the next request is due; null when none is.
    pub next_attempt_at: Option<Time>,
    /// The status of the last answer.
    pub last_status: Option<i64>,
    /// What was wrong with the last request: `refused_address`, `unreachable`, `timed_out`,
    /// `redirected`, `bad_status`, `gone`, `not_visible`.
    pub last_error: Option<String>,
    /// When the event was taken from the log.
    pub created_at: Time,
    /// When something last happened to it.
    pub updated_at: Time,
}

/// A delivery with its last requests.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryDetail {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Its last requests, the newest first; at most 30 are kept.
    pub requests: Vec<DeliveryAttempt>,
}

/// One request and what came back.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryAttempt {
    /// Counted from 1.
    pub number: i64,
    /// When it was made.
    pub at: Time,
    /// Where to.
    pub url: String,
    /// The beginning of what was sent, at most 1 KiB.
    pub request: String,
    /// The status of the answer; null when there was none.
    pub status: Option<i64>,
    /// What was wrong, as `lastError` of the delivery; null when nothing was.
    pub error: Option<String>,
    /// The beginning of what came back, at most 1 KiB.
    pub response: Option<String>,
    /// How long it took.
    pub duration_ms: i64,
}

/// Which deliveries a list holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct DeliveryFilter {
    /// Only those that have come this far; `queued` and `held` are one.
    #[param(inline)]
    pub state: Option<DeliveryState>,
    /// Only events of this type.
    pub event_type: Option<String>,
}

/// Which events are to be sent once more: one of the two.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"since": "2026-01-31T12:00:00.000Z"}))]
pub(crate) struct Replay {
    /// Deliveries that failed, of events taken from the log at this moment or later.
    pub since: Option<Time>,
    /// Events behind this `seq` of the log, also those that were never sent, e.g. because the
    /// webhook was off: what was delivered is left out.
    #[schema(minimum = 0)]
    pub after: Option<i64>,
}

/// What is sent once more.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Replayed {
    /// How many deliveries were put into the queue.
    pub queued: i64,
    /// Whether there are more: call again.
    pub has_more: bool,
    /// The `after` of the next call; null when `since` was given.
    pub next_after: Option<i64>,
}
