//! The shapes of erasure.

use kernel::erasure::Contents;
use serde::{Deserialize, Serialize};
use types::PersonId;

/// How somebody is erased.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "contents": "keep" }))]
pub(crate) struct EraseUser {
    /// What becomes of what they own in groups of others: `keep` lets it belong to a record
    /// without a name, `delete` removes it, too.
    #[serde(default)]
    #[schema(inline, required = false)]
    pub(crate) contents: Contents,
}

/// Somebody is being erased.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserErasure {
    /// What is left of them: the id of a record without a name.
    pub(crate) person_id: PersonId,
    /// What becomes of what they own in groups of others.
    #[schema(inline)]
    pub(crate) contents: Contents,
}
