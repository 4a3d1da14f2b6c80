//! The shapes of a thing.

use filter::Filter;
use serde::{Deserialize, Serialize};
use types::{GroupId, Json, JsonMap, PersonId, ThingId, Time};
use utoipa::{IntoParams, ToSchema};
use web::Patch;

use crate::listing::Count;

words! {
    /// Where a thing is in its life; `ontology.json` says which steps there are.
    Status {
        /// Not shown to others by façades yet.
        Draft = "draft",
        /// In use.
        Active = "active",
        /// In use and announced.
        Published = "published",
        /// Out of use for now.
        Inactive = "inactive",
        /// Deleted softly; left by restore only.
        Archived = "archived",
    }
}

words! {
    /// Who may see it.
    Visibility {
        /// Its owner, and owners of the group.
        Private = "private",
        /// Members of the group.
        Group = "group",
        /// Whoever sees the group.
        Public = "public",
    }
}

words! {
    /// How its content is kept.
    Tier {
        /// As it came.
        Plain = "plain",
        /// Sealed by the server.
        Server = "server",
        /// Sealed by its owner's devices.
        E2e = "e2e",
    }
}

/// A thing, as the store holds it and as it is answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Thing {
    /// Its id.
    pub id: ThingId,
    /// The group it is kept in.
    pub group_id: GroupId,
    /// What it belongs to, e.g. a comment's post.
    pub parent_id: Option<ThingId>,
    /// A type of the ontology or a registered one.
    #[serde(rename = "type")]
    #[schema(example = "course")]
    pub kind: String,
    /// What people call it.
    #[schema(example = "Rust for teams")]
    pub name: String,
    /// Known ones are type-checked, others kept as they are.
    #[schema(example = json!({"level": "beginner", "price": 40}))]
    pub properties: Json,
    /// Where it is in its life.
    pub status: Status,
    /// The person it belongs to.
    pub owner_id: Option<PersonId>,
    /// Who may see it.
    pub visibility: Visibility,
    /// How its content is kept.
    pub tier: Tier,
    /// Counts changes; also its `ETag`.
    pub version: u64,
    /// When it was archived.
    pub deleted_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// A thing to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"type": "course", "name": "Rust for teams", "properties": {"price": 40}}))]
pub struct NewThing {
    /// Where to keep it; the caller's personal group, if absent.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// What it belongs to; a thing of the same group, at most 99 levels down.
    #[serde(default)]
    pub parent_id: Option<ThingId>,
    /// A type of the ontology or a registered one.
    #[serde(rename = "type")]
    pub kind: String,
    /// 1 to 500 characters.
    pub name: String,
    /// Free-form, at most 256 KiB; known ones are type-checked.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub properties: JsonMap,
    /// `active` (default) or `draft`.
    #[serde(default)]
    pub status: Option<Status>,
    /// `group`, if absent.
    #[serde(default)]
    pub visibility: Option<Visibility>,
}

/// A merge patch (RFC 7396) of a thing.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"name": "Rust for everybody", "properties": {"price": null}}))]
pub struct ThingChange {
    /// What it belongs to; null takes it out.
    pub parent_id: Patch<ThingId>,
    /// 1 to 500 characters.
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// Merged into the stored ones, at most 256 KiB together; null removes a key.
    #[schema(value_type = Object, required = false)]
    #[serde(deserialize_with = "crate::changes::kept")]
    pub properties: Option<JsonMap>,
    /// A step the ontology allows; `active` restores an archived thing, `archived` takes the
    /// permission to delete it.
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub status: Option<Status>,
    /// Who may see it.
    #[serde(deserialize_with = "crate::changes::kept")]
    #[schema(nullable = false)]
    pub visibility: Option<Visibility>,
}

/// Which things a list holds, and what it says of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ThingQuery {
    /// Only of this group; every group the caller belongs to, if absent.
    pub group_id: Option<GroupId>,
    /// Also of all groups below `groupId`; for its owners.
    pub include_children: bool,
    /// Only of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Only with this status; everything but `archived`, if absent.
    pub status: Option<Status>,
    /// Only of this person.
    pub owner_id: Option<PersonId>,
    /// Only what belongs to this thing.
    pub parent_id: Option<ThingId>,
    /// Only what this says, e.g. `properties.price <= 100 && ownerId == me`; see `docs/filter.md`.
    #[param(example = "properties.price <= 100 && name.startsWith(\"Rust\")")]
    pub filter: Option<String>,
    /// Up to three of `createdAt`, `updatedAt`, `name`, `type` and `status`, each with `-` in front
    /// for descending; `-createdAt`, if absent. The first may be `properties.X` that `type`
    /// indexes, with `groupId`.
    #[param(example = "-updatedAt,name")]
    pub sort: Option<String>,
    /// Only these members of each thing, e.g. `id,name,properties.price`; all, if absent.
    pub fields: Option<String>,
    /// Also what each thing refers to: any of `owner`, `group`, `parent` and `connections` (the
    /// 20 newest). Null is what the caller may not see.
    pub expand: Option<String>,
    /// `exact` also counts what all pages together hold.
    #[param(inline)]
    pub count: Option<Count>,
    /// Also tells how the engine finds the page; for owners of `groupId`.
    pub explain: bool,
}

/// Which things are meant.
#[derive(Debug, Clone, Default)]
pub struct ThingFilter {
    /// Of this group.
    pub group_id: Option<GroupId>,
    /// And of those below it.
    pub include_children: bool,
    /// Of this type.
    pub kind: Option<String>,
    /// With this status; everything but `archived`, if absent.
    pub status: Option<Status>,
    /// Of this person.
    pub owner_id: Option<PersonId>,
    /// Of this thing.
    pub parent_id: Option<ThingId>,
    /// And as this says.
    pub filter: Option<Filter>,
}

/// How to delete.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct HowToDelete {
    /// Remove the thing, its connections and its knowledge for good instead of archiving it.
    pub permanent: bool,
}
