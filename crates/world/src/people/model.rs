//! The shapes of a person.

use kernel::access::Role;
use serde::{Deserialize, Serialize};
use types::{GroupId, Json, JsonMap, PersonId, Time, UserId};
use utoipa::{IntoParams, ToSchema};
use web::Patch;

use crate::groups::model::Group;
use crate::listing::{Count, asked};

/// Whether a membership counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberStatus {
    /// It does.
    Active,
    /// Not until the person accepts.
    Invited,
}

impl MemberStatus {
    /// How it is stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
        }
    }

    /// Reads a stored word.
    ///
    /// # Errors
    /// Internal, when the store holds something else.
    pub fn stored(text: &str) -> types::Result<Self> {
        match text {
            "active" => Ok(Self::Active),
            "invited" => Ok(Self::Invited),
            _ => Err(types::Error::internal("an unknown status of a member is stored")),
        }
    }
}

/// A person, with what they are in a group when one was asked for.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their login; null for a record about somebody without one.
    pub user_id: Option<UserId>,
    /// Where mail reaches them.
    #[schema(example = "ada@example.com")]
    pub email: Option<String>,
    /// Their name in addresses, unique on this server.
    #[schema(example = "ada")]
    pub username: Option<String>,
    /// What people call them.
    #[schema(example = "Ada Lovelace")]
    pub display_name: String,
    /// About them.
    pub bio: Option<String>,
    /// Address of a picture.
    pub avatar: Option<String>,
    /// Free-form.
    #[schema(example = json!({"pronouns": "she/her"}))]
    pub metadata: Json,
    /// The group that role, permissions and status are about.
    pub group_id: Option<GroupId>,
    /// Their role there.
    #[schema(example = "group_user")]
    pub role: Option<String>,
    /// What they may do there beyond their role.
    #[schema(example = json!(["people:create"]))]
    pub permissions: Option<Vec<String>>,
    /// Whether their membership counts.
    pub status: Option<MemberStatus>,
    /// Counts changes; also their `ETag`.
    pub version: u64,
    /// When the record was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// What a person is in one group.
#[derive(Debug, Clone)]
pub struct Member {
    /// The group.
    pub group: GroupId,
    /// What ranks them there.
    pub role: Role,
    /// The name of their role, if it is not one of the four: `admin`, or one of the group's own.
    pub custom: Option<String>,
    /// Names of permissions beyond the role.
    pub permissions: Vec<String>,
    /// Whether it counts.
    pub status: MemberStatus,
}

impl Member {
    /// The name their role is shown by.
    #[must_use]
    pub fn role_name(&self) -> &str {
        self.custom.as_deref().unwrap_or(self.role.name())
    }
}

impl Person {
    /// The same person, as a member of a group.
    #[must_use]
    pub fn in_group(mut self, member: Member) -> Self {
        self.group_id = Some(member.group);
        self.role = Some(member.role_name().to_owned());
        self.permissions = Some(member.permissions);
        self.status = Some(member.status);
        self
    }
}

/// A group somebody belongs to, with what they are there.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonGroup {
    /// The group.
    #[serde(flatten)]
    pub group: Group,
    /// Their role there.
    #[schema(example = "group_user")]
    pub role: String,
    /// What they may do there beyond their role.
    pub permissions: Vec<String>,
}

/// Somebody to be added to a group: a person there is (`personId`), or a new record.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "groupId": "group_01jd7jrygge1wv63rrwxms37sg", "displayName": "Ada Lovelace",
    "email": "ada@example.com", "role": "group_user"
}))]
pub struct NewPerson {
    /// The group to add them to.
    pub group_id: GroupId,
    /// Somebody the caller may see — a record without a login, where they may change it; their own
    /// id to join an open group.
    #[serde(default)]
    pub person_id: Option<PersonId>,
    /// 1 to 100 characters; needed unless `personId` is there.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Where mail reaches them. It stays a note: an account with this address is neither added nor
    /// told of.
    #[serde(default)]
    pub email: Option<String>,
    /// 3 to 20 of `a-z`, `0-9` and `_`, unique on this server.
    #[serde(default)]
    pub username: Option<String>,
    /// At most 500 characters.
    #[serde(default)]
    pub bio: Option<String>,
    /// Address of a picture.
    #[serde(default)]
    pub avatar: Option<String>,
    /// Free-form, at most 64 KiB.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: JsonMap,
    /// Not above the caller's own: a built-in role, `admin`, or one the group defines;
    /// `group_user`, if absent (`customer` for who joins by themselves).
    #[serde(default)]
    #[schema(example = "group_user")]
    pub role: Option<String>,
    /// Names of permissions beyond the role; none that the caller lacks.
    #[serde(default)]
    pub permissions: Vec<String>,
}

/// A merge patch (RFC 7396) of a person, or of what they are in a group.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({
    "groupId": "group_01jd7jrygge1wv63rrwxms37sg", "role": "group_owner"
}))]
pub struct PersonChange {
    /// The group that `role` and `permissions` are about.
    pub group_id: Option<GroupId>,
    /// Not above the caller's own: a built-in role, `admin`, or one the group defines.
    #[schema(example = "group_owner")]
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub role: Option<String>,
    /// Instead of those there are; none that the caller lacks.
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub permissions: Option<Vec<String>>,
    /// 1 to 100 characters.
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub display_name: Option<String>,
    /// Only of records without a login; who has one changes it with their account.
    pub email: Patch<String>,
    /// 3 to 20 of `a-z`, `0-9` and `_`, unique on this server.
    pub username: Patch<String>,
    /// At most 500 characters.
    pub bio: Patch<String>,
    /// Address of a picture.
    pub avatar: Patch<String>,
    /// Merged into the stored one; null removes a key.
    #[schema(value_type = Object, required = false)]
    #[serde(deserialize_with = "crate::changes::kept")]
    pub metadata: Option<JsonMap>,
}

/// Which people a list holds: members of a group, or — without one — whoever the caller may see
/// that `username`, `email` or `q` finds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PersonFilter {
    /// Members of this group.
    pub group_id: Option<GroupId>,
    /// Also of all groups below; for its owners. Everybody is listed once, with what they are in
    /// the group nearest to `groupId`.
    pub include_children: bool,
    /// Only with this role in the group.
    pub role: Option<String>,
    /// Only with this status in the group.
    #[param(inline)]
    pub status: Option<MemberStatus>,
    /// Only who is called exactly so.
    pub username: Option<String>,
    /// Only with exactly this address.
    pub email: Option<String>,
    /// Only with a username or a word of the name that begins so; 2 to 100 characters.
    pub q: Option<String>,
    /// Only what this says, e.g. `displayName.startsWith("A") && metadata.team == "sales"`; see `docs/filter.md`.
    pub filter: Option<String>,
    /// Up to three of `createdAt`, `updatedAt`, `displayName`, `username` and — with `groupId` — `role`, each with `-` in front for descending; `-createdAt`, if absent.
    pub sort: Option<String>,
    /// Only these members of each person, e.g. `id,displayName,role`; all, if absent.
    pub fields: Option<String>,
    /// `exact` also counts what all pages together hold.
    #[param(inline)]
    pub count: Option<Count>,
}

/// Seen from which group.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SeenFrom {
    /// Also tell what they are in this group.
    pub group_id: Option<GroupId>,
}

/// From which group.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FromGroup {
    /// The group they leave.
    pub group_id: GroupId,
}

asked!(PersonFilter);
