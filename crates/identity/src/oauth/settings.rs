//! Where people may sign in, as the operator says it.

use serde::Deserialize;
use types::Secret;

/// All providers.
#[derive(Clone, Default)]
pub struct ProviderSettings {
    /// `[google]`
    pub google: GoogleSettings,
    /// `[github]`
    pub github: GithubSettings,
    /// `[facebook]`
    pub facebook: FacebookSettings,
    /// `[microsoft]`
    pub microsoft: MicrosoftSettings,
    /// `[apple]`
    pub apple: AppleSettings,
    /// `[[oidc]]`
    pub oidc: OidcSettings,
}

/// Google. Without a client id it is not offered.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GoogleSettings {
    /// The OAuth client's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret<String>,
    /// Where the provider describes itself.
    pub issuer: String,
    /// Instead of the discovered one.
    pub authorization_url: String,
    /// Instead of the discovered one.
    pub token_url: String,
    /// Instead of the discovered one.
    pub userinfo_url: String,
    /// Instead of the discovered one.
    pub jwks_url: String,
    /// Asked for beside `openid`, `email` and `profile`.
    pub scopes: Vec<String>,
}

impl Default for GoogleSettings {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_secret: Secret::new(String::new()),
            issuer: "https://accounts.google.com".to_owned(),
            authorization_url: String::new(),
            token_url: String::new(),
            userinfo_url: String::new(),
            jwks_url: String::new(),
            scopes: Vec::new(),
        }
    }
}

/// GitHub. Without a client id it is not offered.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GithubSettings {
    /// The OAuth app's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret<String>,
    /// Where people agree.
    pub authorization_url: String,
    /// Where codes are exchanged.
    pub token_url: String,
    /// Who somebody is.
    pub userinfo_url: String,
    /// Which addresses they have.
    pub emails_url: String,
    /// Asked for beside `read:user` and `user:email`.
    pub scopes: Vec<String>,
}

impl Default for GithubSettings {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_secret: Secret::new(String::new()),
            authorization_url: "https://github.com/login/oauth/authorize".to_owned(),
            token_url: "https://github.com/login/oauth/access_token".to_owned(),
            userinfo_url: "https://api.github.com/user".to_owned(),
            emails_url: "https://api.github.com/user/emails".to_owned(),
            scopes: Vec::new(),
        }
    }
}

/// Facebook. Without a client id it is not offered.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FacebookSettings {
    /// The app's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret<String>,
    /// Where people agree.
    pub authorization_url: String,
    /// Where codes are exchanged.
    pub token_url: String,
    /// Who somebody is.
    pub userinfo_url: String,
    /// Asked for beside `email` and `public_profile`.
    pub scopes: Vec<String>,
}

impl Default for FacebookSettings {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_secret: Secret::new(String::new()),
            authorization_url: "https://www.facebook.com/v24.0/dialog/oauth".to_owned(),
            token_url: "https://graph.facebook.com/v24.0/oauth/access_token".to_owned(),
            userinfo_url: "https://graph.facebook.com/v24.0/me".to_owned(),
            scopes: Vec::new(),
        }
    }
}

/// Microsoft. Without a client id it is not offered.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MicrosoftSettings {
    /// The application's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret<String>,
    /// Whose accounts: `common`, `organizations`, `consumers` or a directory's id.
    pub tenant: String,
    /// Instead of the tenant's.
    pub issuer: String,
    /// Instead of the discovered one.
    pub authorization_url: String,
    /// Instead of the discovered one.
    pub token_url: String,
    /// Instead of the discovered one.
    pub userinfo_url: String,
    /// Instead of the discovered one.
    pub jwks_url: String,
    /// Asked for beside `openid`, `email` and `profile`.
    pub scopes: Vec<String>,
}

impl Default for MicrosoftSettings {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_secret: Secret::new(String::new()),
            tenant: "common".to_owned(),
            issuer: String::new(),
            authorization_url: String::new(),
            token_url: String::new(),
            userinfo_url: String::new(),
            jwks_url: String::new(),
            scopes: Vec::new(),
        }
    }
}

/// Apple. Without a client id it is not offered.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppleSettings {
    /// The services id.
    pub client_id: String,
    /// The team's id.
    pub team_id: String,
    /// The key's id.
    pub key_id: String,
    /// The key itself, as downloaded: PKCS#8 in PEM. Client secrets are signed with it.
    pub private_key: Secret<String>,
    /// Where the provider describes itself.
    pub issuer: String,
    /// Instead of the discovered one.
    pub authorization_url: String,
    /// Instead of the discovered one.
    pub token_url: String,
    /// Instead of the discovered one.
    pub jwks_url: String,
    /// Asked for beside `openid`, `email` and `name`.
    pub scopes: Vec<String>,
}

impl Default for AppleSettings {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            team_id: String::new(),
            key_id: String::new(),
            private_key: Secret::new(String::new()),
            issuer: "https://appleid.apple.com".to_owned(),
            authorization_url: String::new(),
            token_url: String::new(),
            jwks_url: String::new(),
            scopes: Vec::new(),
        }
    }
}

/// Any other OpenID providers.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OidcSettings {
    /// One table for each.
    pub providers: Vec<OidcTable>,
}

/// One OpenID provider.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcTable {
    /// What clients call it: `a`–`z`, `0`–`9`, `-`.
    pub id: String,
    /// Where it describes itself, exactly as it writes it.
    pub issuer: String,
    /// The client's id.
    pub client_id: String,
    /// Its secret; a public client has none.
    #[serde(default = "nothing")]
    pub client_secret: Secret<String>,
    /// `client_secret_basic`, `client_secret_post` or `none`; else what the provider offers.
    #[serde(default)]
    pub client_auth: String,
    /// Asked for beside `openid`; without, `email` and `profile`.
    #[serde(default = "usual_scopes")]
    pub scopes: Vec<String>,
    /// Instead of the discovered one.
    #[serde(default)]
    pub authorization_url: String,
    /// Instead of the discovered one.
    #[serde(default)]
    pub token_url: String,
    /// Instead of the discovered one.
    #[serde(default)]
    pub userinfo_url: String,
    /// Instead of the discovered one.
    #[serde(default)]
    pub jwks_url: String,
}

fn nothing() -> Secret<String> {
    Secret::new(String::new())
}

fn usual_scopes() -> Vec<String> {
    vec!["email".to_owned(), "profile".to_owned()]
}
