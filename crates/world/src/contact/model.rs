//! The shapes of a contact form.

use serde::{Deserialize, Serialize};
use types::{GroupId, ThingId, Time};
use utoipa::{IntoParams, ToSchema};

use crate::listing::Sort;

words! {
    /// How far a group has come with a submission.
    ContactStatus {
        /// Nobody looked yet.
        New = "new",
        /// Somebody did.
        Read = "read",
        /// It was answered.
        Responded = "responded",
        /// It is done with.
        Archived = "archived",
    }
}

/// What somebody writes to a group.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Ada Lovelace", "email": "ada@example.com",
    "subject": "Bread for Friday", "message": "Do you deliver?"}))]
pub struct NewContact {
    /// Who writes: 1 to 100 characters.
    pub name: String,
    /// Where an answer reaches them.
    pub email: String,
    /// At most 200 characters.
    #[serde(default)]
    pub subject: Option<String>,
    /// 1 to 5000 characters.
    pub message: String,
    /// A public group; the platform, if absent.
    #[serde(default)]
    pub group_id: Option<GroupId>,
}

/// That it came in; the same for a group that takes none.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = ContactReceived)]
pub struct Received {
    /// Always true.
    #[schema(example = true)]
    pub received: bool,
}

/// What somebody wrote, for owners of the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactSubmission {
    /// Its id, as a thing.
    pub id: ThingId,
    /// The group it was written to.
    pub group_id: GroupId,
    /// Who wrote, as they say.
    pub name: String,
    /// Where an answer reaches them, as they say: nobody has proven it.
    pub email: String,
    /// What it is about.
    pub subject: Option<String>,
    /// What they wrote.
    pub message: String,
    /// How far the group has come with it.
    pub status: ContactStatus,
    /// When it came in.
    pub created_at: Time,
    /// When its status last changed.
    pub updated_at: Time,
}

/// What a submission keeps as properties of its thing.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Letter {
    pub(super) name: String,
    pub(super) email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    pub(super) message: String,
    pub(super) status: ContactStatus,
}

/// A step with a submission.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "read"}))]
pub struct ContactChange {
    /// A later status than it has: `new`, `read`, `responded`, `archived`.
    pub status: ContactStatus,
}

/// Which submissions a list holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ContactFilter {
    /// To this group; to the platform, if absent.
    pub group_id: Option<GroupId>,
    /// Only with this status.
    pub status: Option<ContactStatus>,
    /// `-createdAt` (default) or `createdAt`.
    #[param(inline)]
    pub sort: Sort,
}

/// Whose submissions are counted.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ContactCount {
    /// To this group; to the platform, if absent.
    pub group_id: Option<GroupId>,
}

/// How many submissions a group has, by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContactStats {
    /// Nobody looked yet.
    pub new: u64,
    /// Somebody did.
    pub read: u64,
    /// Answered.
    pub responded: u64,
    /// Done with.
    pub archived: u64,
    /// All together.
    pub total: u64,
}
