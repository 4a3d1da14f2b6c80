//! The shapes of invitations.

use serde::{Deserialize, Serialize};
use types::{GroupId, InvitationId, Time, UserId};
use utoipa::{IntoParams, ToSchema};

use crate::organizations::members::model::{OrganizationMember, RoleNames};

/// How far an invitation came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum InvitationStatus {
    /// It waits for an answer.
    Pending,
    /// Whoever was invited is a member.
    Accepted,
    /// Whoever was invited did not want to.
    Rejected,
    /// It was taken back.
    Canceled,
}

impl InvitationStatus {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Canceled => "canceled",
        }
    }

    pub(super) fn stored(text: &str) -> types::Result<Self> {
        [Self::Pending, Self::Accepted, Self::Rejected, Self::Canceled]
            .into_iter()
            .find(|one| one.name() == text)
            .ok_or_else(|| types::Error::internal("an unknown status of an invitation is stored"))
    }
}

/// An invitation into an organization.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationInvitation {
    /// Its id.
    pub(crate) id: InvitationId,
    /// The organization.
    pub(crate) organization_id: GroupId,
    /// Who is invited.
    #[schema(example = "ada@example.com")]
    pub(crate) email: String,
    /// As what.
    #[schema(example = "member")]
    pub(crate) role: String,
    /// The team they come into as well.
    pub(crate) team_id: Option<GroupId>,
    /// How far it came.
    pub(crate) status: InvitationStatus,
    /// Until when it can be accepted.
    pub(crate) expires_at: Time,
    /// When it was made.
    pub(crate) created_at: Time,
    /// The login of whoever invites; null once it is gone.
    pub(crate) inviter_id: Option<UserId>,
}

/// An invitation, as whoever is invited sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceivedInvitation {
    /// The invitation.
    #[serde(flatten)]
    pub(crate) invitation: OrganizationInvitation,
    /// What the organization is called.
    pub(crate) organization_name: String,
    /// Its name in addresses.
    pub(crate) organization_slug: String,
    /// The address of whoever invites.
    pub(crate) inviter_email: String,
}

/// An invitation in a list of one's own.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedInvitation {
    /// The invitation.
    #[serde(flatten)]
    pub(crate) invitation: OrganizationInvitation,
    /// What the organization is called.
    pub(crate) organization_name: String,
}

/// An answered invitation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnsweredInvitation {
    /// As it is now.
    pub(crate) invitation: OrganizationInvitation,
    /// The new member; null when it was rejected.
    pub(crate) member: Option<OrganizationMember>,
}

/// One team; a list may hold one only.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum TeamIds {
    /// Its id.
    One(String),
    /// The same in a list.
    Several(Vec<String>),
}

/// Who is to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.com", "role": "member"}))]
pub(crate) struct InviteMember {
    /// Their address; whether there is an account with it makes no difference.
    pub(crate) email: String,
    /// `owner`, `admin`, `member`, or a role the organization defines; not above the caller's own.
    pub(crate) role: RoleNames,
    /// The active one, if absent.
    pub(crate) organization_id: Option<String>,
    /// Send the open invitation once more, and let it last longer.
    pub(crate) resend: Option<bool>,
    /// The team they come into as well.
    pub(crate) team_id: Option<TeamIds>,
}

/// Which invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TheInvitation {
    /// Its id.
    pub(crate) invitation_id: String,
}

/// Which invitation.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationById {
    /// Its id.
    pub(crate) id: String,
}

/// Whose invitations.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct OfOrganization {
    /// The active one, if absent.
    pub(crate) organization_id: Option<String>,
}
