//! The shapes of members.

use std::collections::BTreeMap;

use kernel::access::Role;
use serde::{Deserialize, Serialize};
use types::{GroupId, MemberId, PersonId, Time, UserId};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Somebody in an organization.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationMember {
    /// Names them in this organization, as long as they are in it.
    pub(crate) id: MemberId,
    /// The organization.
    pub(crate) organization_id: GroupId,
    /// Their login.
    pub(crate) user_id: UserId,
    /// `owner`, `admin`, `member`, `customer`, or a role the organization defines.
    #[schema(example = "member")]
    pub(crate) role: String,
    /// Since when.
    pub(crate) created_at: Time,
    /// The person behind the login.
    pub(crate) person_id: PersonId,
    /// Who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<MemberUser>,
}

/// Who a member is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberUser {
    /// Their login.
    pub(crate) id: UserId,
    /// What they are called.
    pub(crate) name: String,
    /// Their address.
    pub(crate) email: String,
    /// A picture.
    pub(crate) image: Option<String>,
}

/// A member's handle: group and person in one, so that it needs no column and, with the group at
/// hand, names the person.
pub(crate) fn handle(group: GroupId, person: PersonId) -> MemberId {
    MemberId(Uuid::from_u128(group.0.as_u128() ^ person.0.as_u128()))
}

/// Who a handle names in a group; what is no handle of that group names nobody.
pub(crate) fn named(group: GroupId, handle: MemberId) -> PersonId {
    PersonId(Uuid::from_u128(group.0.as_u128() ^ handle.0.as_u128()))
}

/// What the client calls a role.
pub(crate) fn wire_role(rank: Role, custom: Option<String>) -> String {
    match (rank, custom) {
        (_, Some(custom)) => custom,
        (Role::GroupOwner | Role::PlatformOwner, None) => "owner".to_owned(),
        (Role::GroupUser, None) => "member".to_owned(),
        (Role::Customer, None) => "customer".to_owned(),
    }
}

/// One role; a list may hold one only.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum RoleNames {
    /// Its name.
    One(String),
    /// The same in a list.
    Several(Vec<String>),
}

/// Whom to remove.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RemoveMember {
    /// The member's id or address.
    pub(crate) member_id_or_email: String,
    /// The active one, if absent.
    pub(crate) organization_id: Option<String>,
}

/// Who gets which role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateMemberRole {
    /// Not above the caller's own.
    pub(crate) role: RoleNames,
    /// The member's id.
    pub(crate) member_id: String,
    /// The active one, if absent.
    pub(crate) organization_id: Option<String>,
}

/// Who was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RemovedMember {
    /// What they were.
    pub(crate) member: OrganizationMember,
}

/// A page of members.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrganizationMembers {
    /// The members.
    pub(crate) members: Vec<OrganizationMember>,
    /// How many there are on all pages.
    pub(crate) total: i64,
}

/// Somebody's role.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberRole {
    /// `owner`, `admin`, `member`, `customer`, or a role the organization defines.
    pub(crate) role: String,
}

/// Whose role in which organization.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct WhoseRole {
    /// The caller, if absent.
    pub(crate) user_id: Option<String>,
    /// By id.
    pub(crate) organization_id: Option<String>,
    /// Or by slug.
    pub(crate) organization_slug: Option<String>,
}

/// Which way a list of members goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// Oldest first.
    Asc,
    /// Newest first.
    Desc,
}

/// What a list of members is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub(crate) enum MemberOrder {
    /// Since when.
    #[serde(rename = "createdAt")]
    CreatedAt,
}

/// What a list of members is bounded by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MemberField {
    /// Their role.
    Role,
    /// Their login.
    UserId,
}

/// How that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MemberComparison {
    /// It is so.
    Eq,
    /// It is not.
    Ne,
}

/// Which members of which organization.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct MemberFilter {
    /// Members of a page; 100, if absent, never more than 1000.
    pub(crate) limit: Option<u32>,
    /// Members before the page.
    pub(crate) offset: Option<u32>,
    /// `createdAt`.
    #[param(inline)]
    pub(crate) sort_by: Option<MemberOrder>,
    /// `asc` (default) or `desc`.
    #[param(inline)]
    pub(crate) sort_direction: Option<Direction>,
    /// `role` or `userId`.
    #[param(inline)]
    pub(crate) filter_field: Option<MemberField>,
    /// What it is compared with.
    pub(crate) filter_value: Option<String>,
    /// `eq` (default) or `ne`.
    #[param(inline)]
    pub(crate) filter_operator: Option<MemberComparison>,
    /// By id.
    pub(crate) organization_id: Option<String>,
    /// Or by slug.
    pub(crate) organization_slug: Option<String>,
}

/// Actions by resource.
pub(crate) type Permissions = BTreeMap<String, Vec<String>>;

/// What somebody would like to do.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"permissions": {"invitation": ["create"], "things": ["read"]}}))]
pub(crate) struct HasPermission {
    /// Actions by resource: this client's (`organization`, `member`, `invitation`, `team`, `ac`) or
    /// this server's (`things`, `events`, …).
    #[schema(value_type = Option<Object>)]
    pub(crate) permissions: Option<Permissions>,
    /// The same by its old name.
    #[schema(value_type = Option<Object>)]
    pub(crate) permission: Option<Permissions>,
    /// The active one, if absent.
    pub(crate) organization_id: Option<String>,
}

/// Whether they may do all of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Permitted {
    /// Always null.
    pub(crate) error: Option<String>,
    /// Whether they may.
    pub(crate) success: bool,
}
