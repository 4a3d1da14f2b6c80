//! The shapes of magic links.

use serde::{Deserialize, Serialize};
use types::{JsonMap, Secret};
use utoipa::IntoParams;

use crate::accounts::Account;
use crate::entry::Entry;
use crate::sessions::Session;

/// Asking for a link.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com", "callbackURL": "/dashboard" }))]
pub(crate) struct SignInMagicLink {
    /// Where the link goes.
    pub(crate) email: String,
    /// What a new account is called; without it, what stands before the `@`.
    pub(crate) name: Option<String>,
    /// Where to go once signed in: a path of this server, or an address below an allowed origin.
    #[serde(rename = "callbackURL")]
    pub(crate) callback_url: Option<String>,
    /// The same for an account the link has just made.
    #[serde(rename = "newUserCallbackURL")]
    pub(crate) new_user_callback_url: Option<String>,
    /// The same when the link is not good; `?error=` says why.
    #[serde(rename = "errorCallbackURL")]
    pub(crate) error_callback_url: Option<String>,
    /// Accepted and not used.
    #[serde(rename = "metadata")]
    #[schema(value_type = Option<Object>)]
    pub(crate) _metadata: Option<JsonMap>,
}

/// The link is on its way, if mail can reach the address.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct LinkAsked {
    /// Always true.
    pub(crate) status: bool,
}

/// What a link carries: its token, and where to go.
#[derive(Deserialize, IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FollowedLink {
    /// The token of the link.
    #[schema(value_type = String)]
    #[param(value_type = String)]
    pub(crate) token: Secret<String>,
    /// Where to go once signed in.
    #[serde(rename = "callbackURL")]
    pub(crate) callback_url: Option<String>,
    /// The same for an account the link has just made.
    #[serde(rename = "newUserCallbackURL")]
    pub(crate) new_user_callback_url: Option<String>,
    /// The same when the link is not good.
    #[serde(rename = "errorCallbackURL")]
    pub(crate) error_callback_url: Option<String>,
}

/// Where to go afterwards.
#[derive(Clone, Default)]
pub(crate) struct Urls {
    pub(crate) callback: Option<String>,
    pub(crate) new_user: Option<String>,
    pub(crate) error: Option<String>,
}

impl Urls {
    /// Those that are there, by the names they have on the wire.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("callbackURL", &self.callback),
            ("newUserCallbackURL", &self.new_user),
            ("errorCallbackURL", &self.error),
        ]
        .into_iter()
        .filter_map(|(name, url)| url.as_deref().map(|url| (name, url)))
    }
}

/// Signed in by a link.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignedInByLink {
    /// Send it as `Authorization: Bearer …`; also in the cookie and in `set-auth-token`.
    #[schema(example = "ses_Q0x3bXkyY2tGQ1h2b2pBd0ZqV2t3Z1h6d2R1c2p0aWs")]
    pub(crate) token: String,
    /// Who it is.
    pub(crate) user: Account,
    /// The signed-in device.
    pub(crate) session: Option<Session>,
}

/// What was asked for with a link, left with its challenge.
#[derive(Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) email: String,
    pub(super) name: Option<String>,
}

/// Where a link leads.
pub(super) enum Leads {
    /// To the page of this server that signs in, and from there on.
    Here(Urls),
    /// To the login page of the app.
    ToTheApp,
}

/// A link that was good.
pub(super) struct Good {
    pub(super) entry: Entry,
    pub(super) session: Option<Session>,
    /// The account was made just now.
    pub(super) is_new: bool,
}

/// Asking for a link in an app with a login page of its own.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com" }))]
pub(crate) struct RequestLink {
    /// Where the link goes.
    pub(crate) email: String,
}

/// The link is on its way, if mail can reach the address.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct LinkRequested {
    /// Always `ok`.
    #[schema(example = "ok")]
    pub(crate) status: &'static str,
    /// The link itself; in development only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) magic_link: Option<String>,
}

/// Using a link in such an app.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyLink {
    /// The token of the link.
    #[schema(value_type = String)]
    pub(crate) token: Secret<String>,
}

/// Who is signed in.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CurrentSession {
    /// The login.
    pub(crate) user: Account,
    /// The signed-in device.
    pub(crate) session: Session,
}
