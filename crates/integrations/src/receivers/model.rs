//! The shapes of a receiver and of a call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{EventId, GroupId, JobId, PersonId, ReceiverId, Secret, Time};
use utoipa::{IntoParams, ToSchema};
use web::Patch;

/// How a call proves who it is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Signature {
    /// Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`.
    Standard,
    /// `X-Hub-Signature-256: sha256=…` over the body, as GitHub and others send it.
    Github,
    /// `Stripe-Signature: t=…,v1=…` over time and body.
    Stripe,
    /// The secret itself, as `Authorization: Bearer …`: for programs that cannot sign.
    Token,
}

impl Signature {
    /// The stored name.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Github => "github",
            Self::Stripe => "stripe",
            Self::Token => "token",
        }
    }

    /// Reads a stored name.
    #[must_use]
    pub(crate) fn read(stored: &str) -> Self {
        match stored {
            "github" => Self::Github,
            "stripe" => Self::Stripe,
            "token" => Self::Token,
            _ => Self::Standard,
        }
    }
}

/// Where another program's webhooks come in.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receiver {
    /// Its id.
    pub id: ReceiverId,
    /// Whose it is.
    pub group_id: GroupId,
    /// Whoever set it up last: events are recorded and things made on their behalf.
    pub owner_id: PersonId,
    /// What it is called.
    #[schema(example = "Shop orders")]
    pub name: String,
    /// The path that calls go to.
    #[schema(example = "/v1/receivers/receiver_01j…/in")]
    pub path: String,
    /// How calls prove who they are from.
    pub signature: Signature,
    /// The type of event that a call becomes; null where it becomes a thing.
    #[schema(example = "commerce_event")]
    pub event_type: Option<String>,
    /// The type of thing that a call becomes, by a job; null where it becomes an event.
    #[schema(example = "order")]
    pub thing_type: Option<String>,
    /// What is kept of a call: names, each with a JSON pointer into the body. Of an event names in
    /// its `metadata`; null for all of the body, as `metadata.payload`. Of a thing `name` and
    /// `properties.…`.
    #[schema(example = json!({"order": "/data/id"}))]
    pub fields: Option<BTreeMap<String, String>>,
    /// Whether calls are taken.
    pub enabled: bool,
    /// Why the installation switched it off: `owner_lost_access`; null when it did not.
    pub disabled_reason: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// A receiver with its secret, shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedReceiver {
    /// The receiver.
    #[serde(flatten)]
    pub receiver: Receiver,
    /// The secret that the other program signs with: keep it now.
    pub secret: String,
}

/// A receiver to be made.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Shop orders", "signature": "standard", "thingType": "order",
    "fields": {"name": "/data/title", "properties.total": "/data/total"}}))]
pub(crate) struct NewReceiver {
    /// Whose it is; the caller's personal group, if absent.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// What it is called, 1 to 100 characters.
    pub name: String,
    /// How calls prove who they are from.
    pub signature: Signature,
    /// The secret, where the other program chose it; else one is made.
    #[serde(default)]
    pub secret: Option<Secret<String>>,
    /// A call becomes an event of this type: one of the ontology that the installation does not
    /// record itself, or a registered one. Either this or `thingType` is named.
    #[serde(default)]
    pub event_type: Option<String>,
    /// A call becomes a thing of this type, by a job: one of the ontology, or a registered one.
    #[serde(default)]
    pub thing_type: Option<String>,
    /// What is kept of a call, at most 50 names with JSON pointers. Of an event names in its
    /// `metadata`; all of the body, if absent. Of a thing `name`, which must be there, and
    /// `properties.…`.
    #[serde(default)]
    pub fields: Option<BTreeMap<String, String>>,
}

/// What of a receiver is to be changed. Whoever changes it becomes its owner.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"enabled": false}))]
pub(crate) struct ReceiverChange {
    /// What it is called.
    #[serde(default)]
    pub name: Option<String>,
    /// Another secret; the one before it is no good any more.
    #[serde(default)]
    pub secret: Option<Secret<String>>,
    /// A call becomes an event of this type from now on.
    #[serde(default)]
    pub event_type: Option<String>,
    /// A call becomes a thing of this type from now on.
    #[serde(default)]
    pub thing_type: Option<String>,
    /// What is kept of a call; null for all of it.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    pub fields: Patch<BTreeMap<String, String>>,
    /// Whether calls are taken.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// Which receivers a list holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ReceiverFilter {
    /// Of this group; the caller's personal group, if absent.
    pub group_id: Option<GroupId>,
}

/// What became of a call.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Intake {
    /// The event; null where it becomes a thing.
    pub event_id: Option<EventId>,
    /// The job that makes the thing; its `result` names it. Null where it became an event.
    pub job_id: Option<JobId>,
    /// Whether the same message came in before: then this is what it became.
    pub duplicate: bool,
}
