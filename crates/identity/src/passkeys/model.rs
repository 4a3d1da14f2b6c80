//! The shapes of passkeys.

use serde::{Deserialize, Serialize};
use types::{PasskeyId, Time, UserId};

use crate::accounts::Account;
use crate::sessions::Session;

/// A passkey, as the better-auth client knows it.
#[derive(Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Passkey {
    /// Its id.
    pub(crate) id: PasskeyId,
    /// What its owner calls it.
    #[schema(example = "MacBook")]
    pub(crate) name: Option<String>,
    /// Whose it is.
    pub(crate) user_id: UserId,
    /// The id its authenticator gave it, in base64url.
    #[serde(rename = "credentialID")]
    pub(crate) credential_id: String,
    /// The COSE key, in base64.
    pub(crate) public_key: String,
    /// Its uses, where its authenticator counts them; else 0.
    pub(crate) counter: i64,
    /// `singleDevice`, or `multiDevice` where it may be copied to others.
    #[schema(example = "multiDevice")]
    pub(crate) device_type: String,
    /// It was copied to other devices.
    pub(crate) backed_up: bool,
    /// How its authenticator is reached, separated by commas.
    #[schema(example = "internal,hybrid")]
    pub(crate) transports: Option<String>,
    /// The authenticator's model; zeros where it does not tell.
    #[schema(example = "fbfc3007-154e-4ecc-8c0b-6e020557d7bd")]
    pub(crate) aaguid: Option<String>,
    /// When it was registered.
    pub(crate) created_at: Time,
    /// When it was last signed in with.
    pub(crate) last_used_at: Option<Time>,
}

/// What to ask an authenticator for.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RegisterQuery {
    /// `platform` for the device itself, `cross-platform` for a security key.
    pub(crate) authenticator_attachment: Option<String>,
    /// What the authenticator calls the account, up to 100 characters; without it, its address.
    pub(crate) name: Option<String>,
    /// Not used: a passkey is added by whoever is signed in.
    #[serde(rename = "context")]
    pub(crate) _context: Option<String>,
}

/// The relying party.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Party {
    /// What it is called.
    pub(crate) name: String,
    /// Its domain.
    #[schema(example = "example.com")]
    pub(crate) id: String,
}

/// Whose passkey it will be.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Owner {
    /// The user handle, in base64url.
    pub(crate) id: String,
    /// What tells it from other accounts.
    pub(crate) name: String,
    /// What people are shown.
    pub(crate) display_name: String,
}

/// A signature algorithm.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Parameter {
    /// −8, −7 or −257.
    pub(crate) alg: i64,
    /// Always `public-key`.
    pub(crate) r#type: &'static str,
}

/// A passkey, named for an authenticator.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Descriptor {
    /// In base64url.
    pub(crate) id: String,
    /// Always `public-key`.
    pub(crate) r#type: &'static str,
    /// How its authenticator is reached.
    pub(crate) transports: Vec<String>,
}

/// What the authenticator has to be able to do.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Selection {
    /// As asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authenticator_attachment: Option<String>,
    /// Always `required`: signing in starts without a name.
    pub(crate) resident_key: &'static str,
    /// The same in the words of older browsers.
    pub(crate) require_resident_key: bool,
    /// Always `required`.
    pub(crate) user_verification: &'static str,
}

/// What is asked beside.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extensions {
    /// Whether the passkey can be found without its id.
    pub(crate) cred_props: bool,
}

/// For `navigator.credentials.create`, with bytes in base64url.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegisterOptions {
    /// Good once.
    pub(crate) challenge: String,
    /// This service.
    pub(crate) rp: Party,
    /// Whoever is signed in.
    pub(crate) user: Owner,
    /// The best first.
    pub(crate) pub_key_cred_params: Vec<Parameter>,
    /// Milliseconds the challenge is good for.
    #[schema(example = 300_000)]
    pub(crate) timeout: u64,
    /// Always `none`.
    pub(crate) attestation: &'static str,
    /// What they have already.
    pub(crate) exclude_credentials: Vec<Descriptor>,
    /// What the authenticator has to be able to do.
    pub(crate) authenticator_selection: Selection,
    /// What is asked beside.
    pub(crate) extensions: Extensions,
    /// Always empty.
    pub(crate) hints: Vec<String>,
}

/// For `navigator.credentials.get`, with bytes in base64url.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthenticateOptions {
    /// Good once.
    pub(crate) challenge: String,
    /// This service's domain.
    #[schema(example = "example.com")]
    pub(crate) rp_id: String,
    /// Milliseconds the challenge is good for.
    #[schema(example = 300_000)]
    pub(crate) timeout: u64,
    /// Always `required`.
    pub(crate) user_verification: &'static str,
    /// The passkeys of whoever is signed in; absent for somebody unknown, whose device finds its
    /// own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allow_credentials: Option<Vec<Descriptor>>,
}

/// The answer to `generate-register-options`.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct VerifyRegistration {
    /// What the browser's authenticator answered, as JSON (WebAuthn Level 3, section 5.1.8).
    #[schema(value_type = Object)]
    pub(crate) response: serde_json::Value,
    /// What its owner calls it, up to 100 characters.
    pub(crate) name: Option<String>,
    /// Begin a new session, too.
    pub(crate) create_session: Option<bool>,
}

/// The answer to `generate-authenticate-options`.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyAuthentication {
    /// What the browser's authenticator answered, as JSON (WebAuthn Level 3, section 5.1.8).
    #[schema(value_type = Object)]
    pub(crate) response: serde_json::Value,
}

/// A new passkey, with a session where one was asked for.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Registered {
    /// The passkey.
    #[serde(flatten)]
    pub(crate) passkey: Passkey,
    /// The new session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<Session>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<Account>,
}

/// Signed in; the token is in the cookie and in `set-auth-token`.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PasskeySession {
    /// The new session.
    pub(crate) session: Session,
    /// Who it is.
    pub(crate) user: Account,
}

/// Another name for a passkey.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "id": "passkey_01kcp0000000000000000000e0", "name": "MacBook" }))]
pub(crate) struct RenamePasskey {
    /// Which.
    pub(crate) id: PasskeyId,
    /// What its owner calls it, 1 to 100 characters.
    pub(crate) name: String,
}

/// A passkey under its new name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RenamedPasskey {
    /// The passkey.
    pub(crate) passkey: Passkey,
}

/// Removing a passkey.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "id": "passkey_01kcp0000000000000000000e0" }))]
pub(crate) struct DeletePasskey {
    /// Which.
    pub(crate) id: PasskeyId,
}

/// Done.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PasskeyDeleted {
    /// Always true.
    pub(crate) status: bool,
}
