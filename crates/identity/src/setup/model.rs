//! The shapes of setup.

use serde::{Deserialize, Serialize};
use types::Secret;

/// Naming the first platform owner.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "token": "5f0c61b1d2aa…", "name": "Ada Lovelace", "email": "ada@example.com",
    "password": "analytical engine"
}))]
pub(crate) struct SetUp {
    /// As the server printed it when it started.
    pub(crate) token: Secret<String>,
    /// What the person is called, 1 to 100 characters.
    pub(crate) name: String,
    /// What they will sign in with.
    pub(crate) email: String,
    /// At least 12 characters, unless the server says otherwise.
    pub(crate) password: Secret<String>,
}

/// Whether the first platform owner is still to be named.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SetupState {
    /// True until it happened.
    pub(crate) open: bool,
}
