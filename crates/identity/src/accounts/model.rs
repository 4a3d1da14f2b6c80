//! The shapes of accounts.

use serde::{Deserialize, Serialize};
use types::{GroupId, PersonId, Secret, Time, UserId};

use crate::sessions::{Login, Session};

/// A login, as the better-auth client knows it, with the person it speaks for.
#[derive(Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(crate) struct Account {
    /// Its id.
    pub(crate) id: UserId,
    /// What the person is called.
    #[schema(example = "Ada Lovelace")]
    pub(crate) name: String,
    /// Where mail reaches them; also what they sign in with.
    #[schema(example = "ada@example.com")]
    pub(crate) email: String,
    /// Whether they proved that the address is theirs.
    pub(crate) email_verified: bool,
    /// A picture.
    pub(crate) image: Option<String>,
    /// When they signed up.
    pub(crate) created_at: Time,
    /// When this last changed.
    pub(crate) updated_at: Time,
    /// Whether signing in takes a second factor.
    pub(crate) two_factor_enabled: bool,
    /// The person it speaks for.
    pub(crate) person_id: PersonId,
    /// The person's private group.
    pub(crate) personal_group_id: GroupId,
}

impl Account {
    /// Whom it speaks for.
    pub(crate) const fn login(&self) -> Login {
        Login { user: self.id, person: self.person_id, home: self.personal_group_id }
    }
}

/// A way somebody can prove who they are, as the better-auth client knows it.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinkedAccount {
    /// Its id.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) user_id: UserId,
    /// `credential` for a password, else the provider.
    pub(crate) provider_id: String,
    /// Who they are there.
    pub(crate) account_id: String,
    /// Since when.
    pub(crate) created_at: Time,
    /// When it last changed.
    pub(crate) updated_at: Time,
    /// What the provider lets us do.
    pub(crate) scopes: Vec<String>,
}

/// What an account is made of.
pub(crate) struct NewAccount {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) password: Secret<String>,
    pub(crate) image: Option<String>,
}

/// Signing up with an e-mail address.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "name": "Ada Lovelace", "email": "ada@example.com", "password": "analytical engine"
}))]
pub(crate) struct SignUpEmail {
    /// What the person is called, 1 to 100 characters.
    pub(crate) name: String,
    /// Not yet used here. Lower and upper case are the same; ASCII only.
    pub(crate) email: String,
    /// At least 12 characters, unless the server says otherwise.
    pub(crate) password: Secret<String>,
    /// An address of a picture.
    pub(crate) image: Option<String>,
    /// Where the mailed link leads once the address is verified.
    #[serde(rename = "callbackURL")]
    pub(crate) callback_url: Option<String>,
    /// False: the browser forgets the session when it closes.
    pub(crate) remember_me: Option<bool>,
}

/// A new account, signed in unless its address is to be proven first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignedUp {
    /// Send it as `Authorization: Bearer …`; also in the cookie and in `set-auth-token`. Null when
    /// the server wants the address to be proven first.
    #[schema(example = "ses_Q0x3bXkyY2tGQ1h2b2pBd0ZqV2t3Z1h6d2R1c2p0aWs")]
    pub(crate) token: Option<String>,
    /// Who it is.
    pub(crate) user: Account,
}

/// Signing in with an e-mail address.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com", "password": "analytical engine" }))]
pub(crate) struct SignInEmail {
    /// As at sign-up.
    pub(crate) email: String,
    /// As at sign-up.
    pub(crate) password: Secret<String>,
    /// Where to go then: a path of this server, or an address below an allowed origin.
    #[serde(rename = "callbackURL")]
    pub(crate) callback_url: Option<String>,
    /// False: the browser forgets the session when it closes.
    pub(crate) remember_me: Option<bool>,
}

/// Signed in.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignedInEmail {
    /// Whether to go to `url`.
    pub(crate) redirect: bool,
    /// Send it as `Authorization: Bearer …`; also in the cookie and in `set-auth-token`.
    #[schema(example = "ses_Q0x3bXkyY2tGQ1h2b2pBd0ZqV2t3Z1h6d2R1c2p0aWs")]
    pub(crate) token: String,
    /// The `callbackURL` that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// Who it is.
    pub(crate) user: Account,
}

/// Signing out; what the client sends along means nothing here.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({}))]
pub(crate) struct SignOut {
    /// Not used.
    #[serde(rename = "callbackURL")]
    pub(crate) _callback_url: Option<String>,
    /// Not used.
    #[serde(rename = "disableRedirect")]
    pub(crate) _disable_redirect: Option<bool>,
    /// Not used.
    #[serde(rename = "state")]
    pub(crate) _state: Option<String>,
}

/// Done.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Success {
    /// Always true.
    pub(crate) success: bool,
}

/// The service is there.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AuthOk {
    /// Always true.
    pub(crate) ok: bool,
}

/// Who is signed in, and from where.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SessionAndUser {
    /// The signed-in device.
    pub(crate) session: Session,
    /// The login.
    pub(crate) user: Account,
}

/// Signing up for a token pair.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ada@example.com", "password": "analytical engine", "name": "Ada Lovelace"
}))]
pub(crate) struct SignUpPair {
    /// Not yet used here. Lower and upper case are the same; ASCII only.
    pub(crate) email: String,
    /// At least 12 characters, unless the server says otherwise.
    pub(crate) password: Secret<String>,
    /// What the person is called; without it, what stands before the `@`.
    pub(crate) name: Option<String>,
}

/// Signing in for a token pair.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com", "password": "analytical engine" }))]
pub(crate) struct SignInPair {
    /// As at sign-up.
    pub(crate) email: String,
    /// As at sign-up.
    pub(crate) password: Secret<String>,
    /// The second factor, for accounts that want one: six digits of an authenticator app, or a
    /// backup code.
    #[schema(value_type = Option<String>)]
    pub(crate) code: Option<Secret<String>>,
}

/// Exchanging a refresh token.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RefreshPair {
    /// The last one received; it is good for one exchange.
    pub(crate) refresh_token: Secret<String>,
}

/// Ending the session of a token pair.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({}))]
pub(crate) struct SignOutPair {
    /// Ends its session when no access token is sent, or the sent one has expired.
    #[schema(value_type = Option<String>)]
    pub(crate) refresh_token: Option<Secret<String>>,
}

/// An access token and what renews it.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenPair {
    /// A JWT; send it as `Authorization: Bearer …`. Null after a sign-up when the server wants the
    /// address to be proven first.
    pub(crate) access_token: Option<String>,
    /// Keep it secret; exchange it before the access token expires. Null as the other.
    #[schema(example = "rft_Q0x3bXkyY2tGQ1h2b2pBd0ZqV2t3Z1h6d2R1c2p0aWs")]
    pub(crate) refresh_token: Option<String>,
    /// Seconds the access token is good for.
    #[schema(example = 900)]
    pub(crate) expires_in: u64,
    /// Who it is.
    pub(crate) user: Account,
}
