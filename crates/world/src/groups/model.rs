//! The shapes of a group.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{GroupId, Json, JsonMap, PersonId, Time};
use utoipa::{IntoParams, ToSchema};
use web::Patch;

use crate::listing::{Count, asked};

words! {
    /// Who may see that it exists.
    GroupVisibility {
        /// Whoever is signed in.
        Public = "public",
        /// Its members, and owners of groups above.
        Private = "private",
    }
}

words! {
    /// How one becomes a member.
    JoinPolicy {
        /// By oneself.
        Open = "open",
        /// By being added.
        InviteOnly = "invite_only",
        /// By asking.
        ApprovalRequired = "approval_required",
    }
}

words! {
    /// Whether it may be changed.
    GroupStatus {
        /// In use.
        Active = "active",
        /// Read only.
        Archived = "archived",
    }
}

/// The key of a child group's metadata that makes it a team of the group it names, which is its
/// parent: whoever leaves that group leaves its teams.
pub const TEAM_OF: &str = "teamOf";

/// What a group may use at most, by name; what is absent is as the plan says.
pub type GroupLimits = BTreeMap<String, i64>;

/// How a group behaves.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupSettings {
    /// Who may see that it exists.
    pub visibility: GroupVisibility,
    /// How one becomes a member.
    pub join_policy: JoinPolicy,
    /// A plan of the ontology.
    #[schema(example = "enterprise")]
    pub plan: String,
    /// Limits of its own, instead of the plan's.
    #[schema(value_type = Option<Object>, example = json!({"things": 500}))]
    pub limits: Option<GroupLimits>,
}

/// A group, as the store holds it and as it is answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// The group it is in; null at the top.
    pub parent_group_id: Option<GroupId>,
    /// Its name in addresses, unique on this server.
    #[schema(example = "acme")]
    pub slug: String,
    /// What people call it.
    #[schema(example = "Acme")]
    pub name: String,
    /// A group type of the ontology.
    #[serde(rename = "type")]
    #[schema(example = "business")]
    pub kind: String,
    /// What it is for.
    pub description: Option<String>,
    /// How it behaves.
    pub settings: GroupSettings,
    /// Free-form.
    #[schema(example = json!({"costCentre": "4711"}))]
    pub metadata: Json,
    /// Whether it may be changed.
    pub status: GroupStatus,
    /// Counts changes; also its `ETag`.
    pub version: u64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// A group to be made; its maker becomes its owner.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Acme", "slug": "acme", "type": "business"}))]
pub struct NewGroup {
    /// The group it is in; at the top, if absent.
    #[serde(default)]
    pub parent_group_id: Option<GroupId>,
    /// 3 to 50 of `a-z`, `0-9` and `-`, unique on this server.
    pub slug: String,
    /// 1 to 200 characters.
    pub name: String,
    /// A group type of the ontology; it gives the settings that are absent.
    #[serde(rename = "type")]
    pub kind: String,
    /// At most 2000 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// What should differ from the type's settings.
    #[serde(default, deserialize_with = "web::object")]
    pub settings: NewGroupSettings,
    /// Free-form, at most 64 KiB.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: JsonMap,
}

/// Settings of a group to be made; its type gives what is absent.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NewGroupSettings {
    /// Who may see that it exists.
    pub visibility: Option<GroupVisibility>,
    /// How one becomes a member.
    pub join_policy: Option<JoinPolicy>,
    /// A plan of the ontology; `enterprise`, if absent.
    pub plan: Option<String>,
    /// Limits of its own, by the names of a plan's.
    #[schema(value_type = Option<Object>)]
    pub limits: Option<GroupLimits>,
}

/// A merge patch (RFC 7396) of a group.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"name": "Acme Inc.", "settings": {"visibility": "public"}}))]
pub struct GroupChange {
    /// The group it is in; null takes it to the top.
    pub parent_group_id: Patch<GroupId>,
    /// 3 to 50 of `a-z`, `0-9` and `-`, unique on this server.
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub slug: Option<String>,
    /// 1 to 200 characters.
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// A group type of the ontology.
    #[serde(rename = "type", deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub kind: Option<String>,
    /// At most 2000 characters.
    pub description: Patch<String>,
    /// Merged into the stored ones.
    #[serde(deserialize_with = "crate::changes::kept_object")]
    #[schema(nullable = false)]
    pub settings: Option<GroupSettingsChange>,
    /// Merged into the stored one; null removes a key.
    #[schema(value_type = Object, required = false)]
    #[serde(deserialize_with = "crate::changes::kept")]
    pub metadata: Option<JsonMap>,
    /// `archived`, or `active` to restore it.
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub status: Option<GroupStatus>,
}

/// A merge patch of a group's settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GroupSettingsChange {
    /// Who may see that it exists.
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub visibility: Option<GroupVisibility>,
    /// How one becomes a member.
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub join_policy: Option<JoinPolicy>,
    /// A plan of the ontology.
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub plan: Option<String>,
    /// Merged into the stored ones; null removes one, or all.
    #[schema(value_type = Option<Object>)]
    pub limits: Patch<BTreeMap<String, Option<i64>>>,
}

/// Which groups a list holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ChildFilter {
    /// Only with this status; `active`, if absent.
    pub status: Option<GroupStatus>,
    /// Only what this says, e.g. `name.startsWith("A") && metadata.region == "north"`; see `docs/filter.md`.
    pub filter: Option<String>,
    /// Up to three of `createdAt`, `updatedAt`, `name`, `slug` and `type`, each with `-` in front for descending; `-createdAt`, if absent.
    pub sort: Option<String>,
    /// Only these members of each group, e.g. `id,slug,name`; all, if absent.
    pub fields: Option<String>,
    /// `exact` also counts what all pages together hold.
    #[param(inline)]
    pub count: Option<Count>,
}

/// Which groups a list holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GroupFilter {
    /// `public`: every public group of this server, not only the caller's.
    pub visibility: Option<GroupVisibility>,
    /// Only of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Only with this status; `active`, if absent.
    pub status: Option<GroupStatus>,
    /// Only directly in this group.
    pub parent_group_id: Option<GroupId>,
    /// Only what this says, e.g. `name.startsWith("A") && metadata.region == "north"`; see `docs/filter.md`.
    pub filter: Option<String>,
    /// Up to three of `createdAt`, `updatedAt`, `name`, `slug` and `type`, each with `-` in front for descending; `-createdAt`, if absent.
    pub sort: Option<String>,
    /// Only these members of each group, e.g. `id,slug,name`; all, if absent.
    pub fields: Option<String>,
    /// `exact` also counts what all pages together hold.
    #[param(inline)]
    pub count: Option<Count>,
}

asked!(ChildFilter);
asked!(GroupFilter);

/// How a group ends.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct HowToEnd {
    /// With all groups below it; without it, active children are a conflict — and, with
    /// `permanent`, any.
    pub cascade: bool,
    /// Delete an archived group for good, with everything in it but its events.
    pub permanent: bool,
    /// With `permanent`: the group's slug, typed once more.
    pub confirm: Option<String>,
}

/// How to restore.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct HowToRestore {
    /// Restore all archived groups below with it.
    pub cascade: bool,
}

/// To whom a group is handed over.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"personId": "person_01jd7jrygge1wv63rrwxms37sg"}))]
pub struct Handover {
    /// A member who can sign in; they become `group_owner`.
    pub person_id: PersonId,
    /// Whether the caller stays an owner too; without it they become `group_user`.
    #[serde(default)]
    pub keep_role: bool,
}

/// How far down.
#[derive(Debug, Clone, Copy)]
pub enum Depth {
    /// One level.
    Children,
    /// All of them.
    Descendants,
}

/// Whether a group is below another one.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Descent {
    /// Somewhere below; nothing is below itself.
    pub is_descendant: bool,
}
