//! The shapes of teams.

use serde::{Deserialize, Serialize};
use types::{GroupId, MemberId, Time, UserId};
use utoipa::{IntoParams, ToSchema};

/// A team of an organization.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Team {
    /// Its group.
    pub(crate) id: GroupId,
    /// What people call it.
    #[schema(example = "Support")]
    pub(crate) name: String,
    /// The organization.
    pub(crate) organization_id: GroupId,
    /// How many are in it.
    pub(crate) member_count: i64,
    /// When it was made.
    pub(crate) created_at: Time,
    /// When it was last changed.
    pub(crate) updated_at: Time,
}

/// Somebody in a team.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TeamMember {
    /// Names them in this team.
    pub(crate) id: MemberId,
    /// The team.
    pub(crate) team_id: GroupId,
    /// Their login.
    pub(crate) user_id: UserId,
    /// Since when.
    pub(crate) created_at: Time,
}

/// A team to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Support"}))]
pub(crate) struct CreateTeam {
    /// 1 to 200 characters.
    pub(crate) name: String,
    /// The active one, if absent.
    pub(crate) organization_id: Option<String>,
}

/// Which team ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RemoveTeam {
    /// Its id.
    pub(crate) team_id: String,
    /// The active one, if absent.
    pub(crate) organization_id: Option<String>,
}

/// A change of a team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"teamId": "group_01jd7jrygge1wv63rrwxms37sg", "data": {"name": "Help"}}))]
pub(crate) struct UpdateTeam {
    /// Its id.
    pub(crate) team_id: String,
    /// What changes.
    #[serde(deserialize_with = "web::object")]
    pub(crate) data: TeamData,
}

/// What of a team changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct TeamData {
    /// 1 to 200 characters.
    pub(crate) name: Option<String>,
    /// Its organization, where it stays; the active one, if absent.
    pub(crate) organization_id: Option<String>,
}

/// Which team becomes the active one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct SetActiveTeam {
    /// Its id; null for none.
    pub(crate) team_id: web::Patch<String>,
}

/// Who comes into a team, or leaves it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TeamSeat {
    /// The team.
    pub(crate) team_id: String,
    /// Their login; they are a member of the organization.
    pub(crate) user_id: String,
    /// The active one, if absent.
    pub(crate) organization_id: Option<String>,
}

/// Whose teams.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct WhoseTeams {
    /// The caller, if absent.
    pub(crate) user_id: Option<String>,
    /// Only in this one.
    pub(crate) organization_id: Option<String>,
}

/// Which team.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct WhichTeam {
    /// The active one, if absent.
    pub(crate) team_id: Option<String>,
}

/// That it went well.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TeamMessage {
    /// A sentence.
    pub(crate) message: &'static str,
}
