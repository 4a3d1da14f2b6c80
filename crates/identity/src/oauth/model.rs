//! The shapes of the better-auth client's calls about providers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use types::{AccountId, Secret, Time};

use crate::accounts::Account;

/// Signing in at a provider.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "provider": "github", "callbackURL": "/dashboard" }))]
pub(crate) struct SignInSocial {
    /// Its id: `google`, `github`, `facebook`, `microsoft`, `apple`, or what the operator named it.
    pub(super) provider: String,
    /// Where to go then: a path of this server, or an address below an allowed origin.
    #[serde(rename = "callbackURL")]
    pub(super) callback_url: Option<String>,
    /// Where a new account goes instead.
    #[serde(rename = "newUserCallbackURL")]
    pub(super) new_user_callback_url: Option<String>,
    /// Where to go with `?error=` when it fails; without it, to `callbackURL`.
    #[serde(rename = "errorCallbackURL")]
    pub(super) error_callback_url: Option<String>,
    /// True: the client goes to the answer's address by itself.
    pub(super) disable_redirect: Option<bool>,
    /// An id token the app got by itself; then nobody is sent anywhere.
    pub(super) id_token: Option<SocialIdToken>,
    /// Asked for beside the usual ones.
    pub(super) scopes: Option<Vec<String>>,
    /// Not used: signing in makes an account where the server allows it.
    #[serde(rename = "requestSignUp")]
    pub(super) _request_sign_up: Option<bool>,
    /// Whom the provider may suggest.
    pub(super) login_hint: Option<String>,
    /// Further parameters for the provider, e.g. `prompt`; those of OAuth itself are refused.
    pub(super) additional_params: Option<BTreeMap<String, String>>,
    /// Not used.
    #[serde(rename = "additionalData")]
    #[schema(value_type = Option<Object>)]
    pub(super) _additional_data: Option<Map<String, Value>>,
}

/// An id token an app got from the provider by itself.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SocialIdToken {
    /// The token.
    pub(super) token: Secret<String>,
    /// The nonce it was asked for with.
    pub(super) nonce: Option<String>,
    /// The access token that came with it.
    #[schema(value_type = Option<String>)]
    pub(super) access_token: Option<Secret<String>>,
    /// The refresh token that came with it.
    #[schema(value_type = Option<String>)]
    pub(super) refresh_token: Option<Secret<String>>,
    /// When the access token ends, in seconds since 1970.
    pub(super) expires_at: Option<i64>,
    /// What Apple tells an app the first time; only the name is used.
    pub(super) user: Option<SocialUser>,
}

/// What Apple tells the first time.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SocialUser {
    /// The name.
    pub(super) name: Option<SocialName>,
    /// Not used: the token says it.
    #[serde(rename = "email")]
    pub(super) _email: Option<String>,
}

/// A name in two parts.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SocialName {
    /// The first part.
    pub(super) first_name: Option<String>,
    /// The last part.
    pub(super) last_name: Option<String>,
}

impl SocialUser {
    /// Both parts of the name that are there.
    pub(super) fn called(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        let parts = [&name.first_name, &name.last_name];
        let parts: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// Linking an account at a provider.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "provider": "github", "callbackURL": "/settings" }))]
pub(crate) struct LinkSocial {
    /// Its id.
    pub(super) provider: String,
    /// Where to go then.
    #[serde(rename = "callbackURL")]
    pub(super) callback_url: Option<String>,
    /// Where to go with `?error=` when it fails; without it, to `callbackURL`.
    #[serde(rename = "errorCallbackURL")]
    pub(super) error_callback_url: Option<String>,
    /// True: the client goes to the answer's address by itself.
    pub(super) disable_redirect: Option<bool>,
    /// An id token the app got by itself; then nobody is sent anywhere.
    pub(super) id_token: Option<SocialIdToken>,
    /// Asked for beside the usual ones.
    pub(super) scopes: Option<Vec<String>>,
    /// Not used.
    #[serde(rename = "requestSignUp")]
    pub(super) _request_sign_up: Option<bool>,
    /// Whom the provider may suggest.
    pub(super) login_hint: Option<String>,
    /// Further parameters for the provider; those of OAuth itself are refused.
    pub(super) additional_params: Option<BTreeMap<String, String>>,
    /// Not used.
    #[serde(rename = "additionalData")]
    #[schema(value_type = Option<Object>)]
    pub(super) _additional_data: Option<Map<String, Value>>,
}

/// Where to go to sign in.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({
    "url": "https://github.com/login/oauth/authorize?response_type=code", "redirect": true
}))]
pub(crate) struct SocialRedirect {
    /// The provider's page.
    pub(super) url: String,
    /// Whether the client goes there by itself.
    pub(super) redirect: bool,
    /// True when an account was linked at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<bool>,
    /// The session, when an id token did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// Who it is, when an id token did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<Account>,
}

/// What a provider sends back, by address or by form; what it sends beside is not used.
#[derive(Default)]
pub(super) struct Returned {
    pub(super) code: Option<String>,
    pub(super) state: Option<String>,
    pub(super) error: Option<String>,
    pub(super) iss: Option<String>,
    /// Apple's name of somebody new, as JSON.
    pub(super) user: Option<String>,
}

/// Which account at a provider.
#[derive(Default, Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[schema(example = json!({ "providerId": "google" }))]
pub(crate) struct AccountChoice {
    /// Its id in the list of accounts, or the provider's own id of it.
    pub(super) account_id: Option<String>,
    /// The provider, where that is enough to tell.
    pub(super) provider_id: Option<String>,
    /// One's own id; nobody else's is allowed.
    pub(super) user_id: Option<String>,
}

/// Tokens of a provider.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderToken {
    /// For calls to the provider.
    #[schema(example = "ya29.a0AfH6SMC")]
    pub(super) access_token: String,
    /// When it ends, if the provider says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) access_token_expires_at: Option<Time>,
    /// What it is good for.
    pub(super) scopes: Vec<String>,
    /// The id token, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_token: Option<String>,
}

/// Tokens of a provider, renewed.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderTokens {
    /// For calls to the provider.
    pub(super) access_token: String,
    /// For the next renewal; this server keeps it too.
    pub(super) refresh_token: String,
    /// When the access token ends, if the provider says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) access_token_expires_at: Option<Time>,
    /// When the refresh token ends, if the provider says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token_expires_at: Option<Time>,
    /// What they are good for, with commas between.
    pub(super) scope: Option<String>,
    /// The id token, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_token: Option<String>,
    /// The provider.
    pub(super) provider_id: String,
    /// The account's id in the list of accounts.
    pub(super) account_id: AccountId,
}

/// What a provider says of somebody just now.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AccountInfo {
    /// In this server's words.
    pub(super) user: AccountPerson,
    /// Which account it is.
    pub(super) account: AccountRef,
    /// In the provider's words.
    #[schema(value_type = Object)]
    pub(super) data: Map<String, Value>,
}

/// Somebody at a provider.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountPerson {
    /// The provider's id of them.
    pub(super) id: String,
    /// What they are called there.
    pub(super) name: String,
    /// Their address there.
    pub(super) email: Option<String>,
    /// Whether the provider vouches for it.
    pub(super) email_verified: bool,
    /// Their picture there.
    pub(super) image: Option<String>,
}

/// An account at a provider.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountRef {
    /// Its id in the list of accounts.
    pub(super) id: AccountId,
    /// The provider.
    pub(super) provider_id: String,
    /// The provider's id of it.
    pub(super) account_id: String,
}

/// Done.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({ "status": true }))]
pub(crate) struct Unlinked {
    /// Always true.
    pub(super) status: bool,
}
