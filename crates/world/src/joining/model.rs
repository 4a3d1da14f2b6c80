//! The shapes of asking to be let in.

use serde::{Deserialize, Serialize};
use types::{GroupId, JoinRequestId, PersonId, Time};
use utoipa::{IntoParams, ToSchema};

use crate::listing::Sort;
use crate::people::model::Person;

words! {
    /// What became of a request.
    RequestStatus {
        /// Nothing yet.
        Pending = "pending",
        /// They were let in.
        Approved = "approved",
        /// They were not.
        Rejected = "rejected",
        /// They do not want to any more.
        Canceled = "canceled",
    }
}

/// Somebody asks to be let into a group.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinRequest {
    /// Its id.
    pub id: JoinRequestId,
    /// The group.
    pub group_id: GroupId,
    /// Who asks.
    pub person_id: PersonId,
    /// What they say about it.
    #[schema(example = "We met in Lisbon.")]
    pub message: Option<String>,
    /// What became of it.
    pub status: RequestStatus,
    /// Who approved or rejected it.
    pub decided_by: Option<PersonId>,
    /// When it was made.
    pub created_at: Time,
    /// When its status last changed.
    pub updated_at: Time,
}

/// Wanting to be a member.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"message": "We met in Lisbon."}))]
pub struct Joining {
    /// For whoever decides, at most 500 characters.
    pub message: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum Joined {
    /// They are a member.
    Member(Box<Person>),
    /// They have asked.
    Asked(JoinRequest),
}

/// Letting somebody in.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"role": "customer"}))]
pub struct Approval {
    /// Not above the caller's own; `group_user`, if absent.
    pub role: Option<String>,
}

/// Which requests a list holds.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RequestFilter {
    /// Only with this status.
    #[param(inline)]
    pub status: Option<RequestStatus>,
    /// `-createdAt` (default) or `createdAt`.
    #[param(inline)]
    pub sort: Sort,
}
