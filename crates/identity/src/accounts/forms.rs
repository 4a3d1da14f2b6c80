//! What is sent to and answered by the calls that change an account.

use kernel::erasure::Contents;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::Secret;
use web::Patch;

use super::model::Account;

/// An address that a letter is asked for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com", "callbackURL": "/welcome" }))]
pub(super) struct SendVerification {
    /// Where the letter goes, if there is an account that has not proven it yet.
    pub(super) email: String,
    /// Where its link leads in the end.
    #[serde(rename = "callbackURL")]
    pub(super) callback_url: Option<String>,
}

/// The token of a letter that proves an address.
#[derive(Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyEmail {
    /// From the letter.
    pub(super) token: String,
    /// Where to go then: a path of this server, or an address below an allowed origin.
    #[serde(rename = "callbackURL")]
    pub(super) callback_url: Option<String>,
}

/// The token of a letter that undoes a change of address.
#[derive(Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct RevertEmail {
    /// From the letter.
    pub(super) token: String,
}

/// Done.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AccountDone)]
pub(super) struct Status {
    /// Always true.
    pub(super) status: bool,
}

impl Status {
    pub(super) const DONE: Self = Self { status: true };
}

/// An address that is proven.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Verified {
    /// Always true.
    pub(super) status: bool,
    /// Whose it is.
    pub(super) user: Account,
}

/// Asking for a letter that resets the password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com", "redirectTo": "/new-password" }))]
pub(super) struct RequestReset {
    /// Where the letter goes, if there is an account.
    pub(super) email: String,
    /// The page that asks for the new password; it gets `?token=`, or `?error=INVALID_TOKEN`.
    /// Without one the server shows a page of its own.
    pub(super) redirect_to: Option<String>,
}

/// A letter is on its way, if there is an account.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ResetRequested {
    /// Always true.
    pub(super) status: bool,
    /// For people.
    #[schema(example = "If this email exists in our system, check your email for the reset link")]
    pub(super) message: &'static str,
}

/// Where the link of a reset letter leads.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetLink {
    /// The page that asks for the new password.
    #[serde(rename = "callbackURL")]
    pub(super) callback_url: Option<String>,
}

/// A new password by a mailed link.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "newPassword": "difference engine", "token": "Q0x3bXkyY2tGQ1h2b2pBd0" }))]
pub(super) struct ResetPassword {
    /// At least 12 characters, unless the server says otherwise.
    pub(super) new_password: Secret<String>,
    /// From the letter; it may stand in the query instead.
    pub(super) token: Option<String>,
}

/// The token of a reset, where the body has none.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetToken {
    /// From the letter.
    pub(super) token: Option<String>,
}

/// A password to be compared.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "password": "analytical engine" }))]
pub(super) struct VerifyPassword {
    /// The current one.
    pub(super) password: Secret<String>,
}

/// A new password by the old one.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "newPassword": "difference engine", "currentPassword": "analytical engine"
}))]
pub(super) struct ChangePassword {
    /// At least 12 characters, unless the server says otherwise.
    pub(super) new_password: Secret<String>,
    /// The one until now.
    pub(super) current_password: Secret<String>,
    /// Whether every other session ends.
    pub(super) revoke_other_sessions: Option<bool>,
}

/// The session goes on with a new token.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PasswordChanged {
    /// Send it as `Authorization: Bearer …`; also in the cookie and in `set-auth-token`. A token
    /// pair's is an access token; null where it ended with the other sessions.
    #[schema(example = "ses_Q0x3bXkyY2tGQ1h2b2pBd0ZqV2t3Z1h6d2R1c2p0aWs")]
    pub(super) token: Option<String>,
    /// Who it is.
    pub(super) user: Account,
}

/// Another address.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "newEmail": "countess@example.com", "callbackURL": "/settings" }))]
pub(super) struct ChangeEmail {
    /// Where the letter goes.
    pub(super) new_email: String,
    /// Where its link leads in the end.
    #[serde(rename = "callbackURL")]
    pub(super) callback_url: Option<String>,
}

/// Another name or picture.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Countess of Lovelace", "image": null }))]
pub(super) struct UpdateUser {
    /// What the person is called, 1 to 100 characters.
    pub(super) name: Option<String>,
    /// An address of a picture; null takes it away.
    #[serde(default)]
    pub(super) image: Patch<String>,
    /// Refused here: `/v1/auth/change-email` changes it.
    #[schema(value_type = Option<String>)]
    pub(super) email: Option<Value>,
}

/// The end of an account.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "password": "analytical engine" }))]
pub(super) struct DeleteUser {
    /// Where the link of the letter leads in the end.
    #[serde(rename = "callbackURL")]
    pub(super) callback_url: Option<String>,
    /// Deletes at once.
    #[schema(value_type = Option<String>)]
    pub(super) password: Option<Secret<String>>,
    /// From the letter; deletes at once.
    pub(super) token: Option<String>,
    /// What becomes of what they own in groups of others once they are erased; it stays, if absent.
    pub(super) contents: Option<Contents>,
}

/// What became of it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct UserDeleted {
    /// Always true.
    pub(super) success: bool,
    /// `User deleted`, or `Verification email sent`.
    #[schema(example = "User deleted")]
    pub(super) message: &'static str,
}

/// What went wrong, as whoever leads here says.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorPage {
    /// Its code.
    pub(super) error: Option<String>,
    /// Accepted and not shown: it is somebody else's text.
    #[serde(rename = "error_description")]
    pub(super) _error_description: Option<String>,
}
