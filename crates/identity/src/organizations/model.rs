//! The shapes of organizations.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::{GroupId, JsonMap, Time};
use utoipa::{IntoParams, ToSchema};
use web::Patch;

use super::invitations::model::OrganizationInvitation;
use super::members::model::OrganizationMember;
use super::teams::model::Team;

/// An organization: a group its reader is a member of.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Organization {
    /// The group.
    pub(crate) id: GroupId,
    /// What people call it.
    #[schema(example = "Acme")]
    pub(crate) name: String,
    /// Its name in addresses.
    #[schema(example = "acme")]
    pub(crate) slug: String,
    /// Address of a picture.
    pub(crate) logo: Option<String>,
    /// Free-form.
    #[schema(value_type = Option<Object>, example = json!({"plan": "pro"}))]
    pub(crate) metadata: Option<JsonMap>,
    /// When it was made.
    pub(crate) created_at: Time,
    /// When it was last changed.
    pub(crate) updated_at: Time,
}

/// A new organization with its one member.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedOrganization {
    /// The organization.
    #[serde(flatten)]
    pub(crate) organization: Organization,
    /// Whoever made it.
    pub(crate) members: Vec<OrganizationMember>,
}

/// An organization with what belongs to it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FullOrganization {
    /// The organization.
    #[serde(flatten)]
    pub(crate) organization: Organization,
    /// Its members; for who may not read people, only themselves.
    pub(crate) members: Vec<OrganizationMember>,
    /// Its invitations, for who may invite.
    pub(crate) invitations: Vec<OrganizationInvitation>,
    /// Its teams.
    pub(crate) teams: Vec<Team>,
}

/// An organization to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Acme", "slug": "acme", "metadata": {"plan": "pro"}}))]
pub(crate) struct CreateOrganization {
    /// 1 to 200 characters.
    pub(crate) name: String,
    /// 3 to 50 of `a-z`, `0-9` and `-`, unique on this server.
    pub(crate) slug: String,
    /// Nobody but the caller.
    pub(crate) user_id: Option<String>,
    /// Address of a picture.
    pub(crate) logo: Option<String>,
    /// Free-form, at most 64 KiB.
    #[schema(value_type = Option<Object>)]
    pub(crate) metadata: Option<JsonMap>,
    /// Leave the session's active organization as it is.
    pub(crate) keep_current_active_organization: Option<bool>,
}

/// A change of an organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"data": {"name": "Acme Inc."}}))]
pub(crate) struct UpdateOrganization {
    /// What changes.
    #[serde(deserialize_with = "web::object")]
    pub(crate) data: OrganizationData,
    /// The active one, if absent.
    pub(crate) organization_id: Option<String>,
}

/// What of an organization changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct OrganizationData {
    /// 1 to 200 characters.
    pub(crate) name: Option<String>,
    /// 3 to 50 of `a-z`, `0-9` and `-`, unique on this server.
    pub(crate) slug: Option<String>,
    /// Address of a picture; null removes it.
    pub(crate) logo: Patch<String>,
    /// Instead of what is there.
    #[schema(value_type = Option<Object>)]
    pub(crate) metadata: Option<JsonMap>,
}

/// Which organization ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TheOrganization {
    /// Its id.
    pub(crate) organization_id: String,
}

/// Which organization becomes the active one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct SetActiveOrganization {
    /// By id; null for none.
    pub(crate) organization_id: Patch<String>,
    /// Or by slug.
    pub(crate) organization_slug: Option<String>,
}

/// A slug to be looked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CheckSlug {
    /// The slug.
    pub(crate) slug: String,
}

/// That it went well.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlugIsFree {
    /// True.
    pub(crate) status: bool,
}

/// Which organization is meant; the active one, if none is named.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct WhichOrganization {
    /// By id.
    pub(crate) organization_id: Option<String>,
    /// Or by slug.
    pub(crate) organization_slug: Option<String>,
}

/// The same, with the number of members that are shown.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct WhichFullOrganization {
    /// By id.
    pub(crate) organization_id: Option<String>,
    /// Or by slug.
    pub(crate) organization_slug: Option<String>,
    /// Members shown at most; 100, if absent, never more than 1000.
    pub(crate) members_limit: Option<u32>,
}

/// The key of a group's metadata that holds the address of its picture.
const LOGO: &str = "logo";

/// Splits a group's metadata into what the client calls logo and metadata.
pub(super) fn split(mut stored: JsonMap) -> (Option<String>, Option<JsonMap>) {
    let logo = match stored.remove(LOGO) {
        Some(Value::String(logo)) => Some(logo),
        Some(other) => {
            stored.insert(LOGO.to_owned(), other);
            None
        }
        None => None,
    };
    (logo, Some(stored).filter(|rest| !rest.is_empty()))
}

/// The metadata of a group from what the client calls metadata and logo.
pub(super) fn join(metadata: JsonMap, logo: Option<String>) -> JsonMap {
    let mut stored = metadata;
    if let Some(logo) = logo {
        stored.insert(LOGO.to_owned(), Value::String(logo));
    }
    stored
}

/// The merge patch (RFC 7396) that turns one object into another.
pub(super) fn patch(from: &JsonMap, to: &JsonMap) -> JsonMap {
    let mut patch = JsonMap::new();
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in to {
        let value = match (from.get(key), value) {
            (Some(Value::Object(from)), Value::Object(to)) => Value::Object(self::patch(from, to)),
            (_, value) => value.clone(),
        };
        patch.insert(key.clone(), value);
    }
    patch
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
