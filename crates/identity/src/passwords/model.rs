//! The shapes of asking about a password.

use serde::{Deserialize, Serialize};
use types::Secret;

/// A password somebody thinks of.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "password": "analytical engine", "name": "Ada Lovelace" }))]
pub(crate) struct CheckPassword {
    /// It is neither stored nor logged.
    pub(crate) password: Secret<String>,
    /// What the person is called: the password must not be made of it.
    pub(crate) name: Option<String>,
    /// Their address, for the same reason.
    pub(crate) email: Option<String>,
}

/// What is to be said of a password.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PasswordChecked {
    /// Whether it may be chosen.
    pub(crate) acceptable: bool,
    /// How well it withstands guessing: 0 (at once) to 4 (hardly ever).
    #[schema(minimum = 0, maximum = 4, example = 3)]
    pub(crate) score: u8,
    /// Everything that is wrong with it; empty when it may be chosen.
    pub(crate) problems: Vec<PasswordProblem>,
}

/// One thing that is wrong with a password.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PasswordProblem {
    /// `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG`, `PASSWORD_TOO_SIMPLE`, `PASSWORD_TOO_COMMON` or
    /// `PASSWORD_CONTAINS_CONTEXT`: what signing up would answer.
    #[schema(example = "PASSWORD_TOO_COMMON")]
    pub(crate) code: String,
    /// A sentence for people.
    pub(crate) message: String,
}
