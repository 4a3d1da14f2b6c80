//! The providers people can sign in at.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::EncodingKey;
use kernel::egress::Whose;
use types::{Error, ErrorKind, Result, Secret};

use super::checks::is_of;
use super::discovery::Known;
use super::held::Renewals;
use super::settings::{AppleSettings, GoogleSettings, OidcTable, ProviderSettings};

/// Microsoft's issuer for accounts of many directories; the token says which.
const TENANTS: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";
/// The directory of personal Microsoft accounts.
pub(super) const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// All of them by id.
#[derive(Clone, Default)]
pub(crate) struct Providers(Arc<Inner>);

#[derive(Default)]
struct Inner {
    all: BTreeMap<String, Arc<Provider>>,
    renewals: Renewals,
}

/// One of them.
pub(super) struct Provider {
    pub(super) id: String,
    pub(super) dialect: Dialect,
    pub(super) client_id: String,
    pub(super) auth: ClientAuth,
    pub(super) issuer: Issuer,
    /// What the operator or the house says; empty where discovery does.
    pub(super) endpoints: Endpoints,
    pub(super) scopes: Vec<String>,
    /// What it said about itself lately.
    pub(super) known: Known,
}

/// What a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// OpenID Connect, as it is written.
    Oidc,
    /// The same; answers come by POST and names only the first time.
    Apple,
    /// The same; in the tenants anybody can open, addresses are what anybody says.
    Microsoft,
    /// Plain OAuth 2.0.
    Github,
    /// Plain OAuth 2.0, with proof of the secret at each call.
    Facebook,
}

/// How this house proves to a provider who it is.
pub(super) enum ClientAuth {
    /// By its secret, as the provider prefers.
    Secret(Secret<String>),
    /// By its secret, in the `Authorization` header.
    Basic(Secret<String>),
    /// By its secret, in the form.
    Post(Secret<String>),
    /// By a token signed with Apple's key.
    Apple { team_id: String, key_id: String, key: EncodingKey },
    /// Not at all: a public client, held to its request by PKCE alone.
    Public,
}

/// Who may have issued an id token.
#[derive(Clone)]
pub(super) enum Issuer {
    /// There are no id tokens.
    None,
    /// This one.
    Exact(String),
    /// A directory of Microsoft's, which the token names.
    Tenants { tenant: String },
}

/// Addresses of a provider.
#[derive(Clone, Default)]
pub(super) struct Endpoints {
    pub(super) authorization: String,
    pub(super) token: String,
    pub(super) userinfo: String,
    pub(super) jwks: String,
    /// GitHub's list of a person's addresses.
    pub(super) emails: String,
}

impl Providers {
    /// Those of the settings that have a client id; the settings were checked.
    pub(crate) fn new(settings: &ProviderSettings) -> Self {
        let mut all: Vec<Provider> = settings.oidc.providers.iter().map(generic).collect();
        all.extend(built_in(settings));
        let all = all.into_iter().map(|one| (one.id.clone(), Arc::new(one))).collect();
        Self(Arc::new(Inner { all, renewals: Renewals::default() }))
    }

    /// The one with this id.
    ///
    /// # Errors
    /// 404 `provider_not_found`.
    pub(super) fn find(&self, id: &str) -> Result<Arc<Provider>> {
        self.get(id).ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                "provider_not_found",
                "This server does not know such a provider; an operator can add it.",
            )
        })
    }

    /// The one with this id, if there is one.
    pub(super) fn get(&self, id: &str) -> Option<Arc<Provider>> {
        self.0.all.get(id).cloned()
    }

    /// The issuer under which accounts of a provider are kept: empty where it has none, and none
    /// where each account says its own or nobody knows the provider.
    pub(crate) fn issuer_of(&self, id: &str) -> Option<String> {
        match (self.get(id).map(|one| one.issuer.clone()), id) {
            (Some(Issuer::Exact(issuer)), _) => Some(issuer),
            (Some(Issuer::Tenants { tenant }), _) if tenant == "consumers" => {
                Some(TENANTS.replace("{tenantid}", PERSONAL))
            }
            (Some(Issuer::None), _) | (None, "github" | "facebook") => Some(String::new()),
            (None, "google") => Some(GoogleSettings::default().issuer),
            (None, "apple") => Some(AppleSettings::default().issuer),
            _ => None,
        }
    }

    /// Whose tokens are being renewed.
    pub(super) fn renewals(&self) -> &Renewals {
        &self.0.renewals
    }
}

impl Provider {
    fn new(id: &str, dialect: Dialect, client_id: &str, auth: ClientAuth) -> Self {
        Self {
            id: id.to_owned(),
            dialect,
            client_id: client_id.to_owned(),
            auth,
            issuer: Issuer::None,
            endpoints: Endpoints::default(),
            scopes: Vec::new(),
            known: Known::default(),
        }
    }

    fn issued_by(mut self, issuer: Issuer) -> Self {
        self.issuer = issuer;
        self
    }

    fn at(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = endpoints;
        self
    }

    fn asking(mut self, usual: &[&str], further: &[String]) -> Self {
        self.scopes = usual.iter().map(|scope| (*scope).to_owned()).collect();
        for scope in further {
            if !self.scopes.contains(scope) {
                self.scopes.push(scope.clone());
            }
        }
        self
    }

    /// Who says that an address of its is called: the operator, who wrote it or the host it is on, or
    /// the provider. One on this machine is the operator's own, whatever it names.
    pub(super) fn whose(&self, url: &str) -> Whose {
        let own = &self.endpoints;
        let written =
            [&own.token, &own.userinfo, &own.jwks, &own.emails].iter().any(|one| *one == url);
        let base = self.issuer.base().unwrap_or_default();
        if written || is_of(&base, url) { Whose::Operators } else { Whose::Named }
    }

    /// Whether it gives id tokens.
    pub(super) const fn is_openid(&self) -> bool {
        !matches!(self.issuer, Issuer::None)
    }

    /// Whether what it says about an address is worth anything at all.
    pub(super) const fn vouches_for_addresses(&self) -> bool {
        match self.dialect {
            Dialect::Facebook => false,
            // Whoever opens a directory there writes what its tokens say.
            Dialect::Microsoft => matches!(self.issuer, Issuer::Exact(_)),
            Dialect::Oidc | Dialect::Apple | Dialect::Github => true,
        }
    }
}

impl Issuer {
    /// Where the provider describes itself.
    pub(super) fn base(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Exact(issuer) => Some(issuer.clone()),
            Self::Tenants { tenant } => Some(TENANTS.replace("{tenantid}", tenant)),
        }
    }

    /// Whether a provider that describes itself as `said` is this one.
    pub(super) fn describes(&self, said: &str) -> bool {
        match self {
            Self::None => false,
            Self::Exact(issuer) => issuer == said,
            Self::Tenants { tenant } => {
                said == TENANTS
                    || (tenant == "consumers" && said == TENANTS.replace("{tenantid}", PERSONAL))
            }
        }
    }

    /// Whether a token that says `iss` (and, at Microsoft, `tid`) may be from here.
    pub(super) fn issued(&self, iss: &str, tid: Option<&str>) -> bool {
        match self {
            Self::None => false,
            Self::Exact(issuer) => issuer == iss,
            Self::Tenants { tenant } => tid.is_some_and(|tid| {
                let kind = match tenant.as_str() {
                    "consumers" => tid == PERSONAL,
                    "organizations" => tid != PERSONAL,
                    _ => true,
                };
                kind && uuid::Uuid::parse_str(tid).is_ok()
                    && iss == TENANTS.replace("{tenantid}", tid)
            }),
        }
    }
}

fn secret(text: &Secret<String>) -> ClientAuth {
    ClientAuth::Secret(text.clone())
}

fn built_in(settings: &ProviderSettings) -> Vec<Provider> {
    let all = [google, github, facebook, microsoft, apple];
    all.into_iter().filter_map(|one| one(settings)).collect()
}

fn google(settings: &ProviderSettings) -> Option<Provider> {
    let own = &settings.google;
    let auth = ClientAuth::Post(own.client_secret.clone());
    let made = Provider::new("google", Dialect::Oidc, &own.client_id, auth)
        .issued_by(Issuer::Exact(own.issuer.clone()))
        .at(Endpoints {
            authorization: own.authorization_url.clone(),
            token: own.token_url.clone(),
            userinfo: own.userinfo_url.clone(),
            jwks: own.jwks_url.clone(),
            emails: String::new(),
        })
        .asking(&["openid", "email", "profile"], &own.scopes);
    (!own.client_id.is_empty()).then_some(made)
}

fn github(settings: &ProviderSettings) -> Option<Provider> {
    let own = &settings.github;
    let auth = ClientAuth::Post(own.client_secret.clone());
    let made = Provider::new("github", Dialect::Github, &own.client_id, auth)
        .at(Endpoints {
            authorization: own.authorization_url.clone(),
            token: own.token_url.clone(),
            userinfo: own.userinfo_url.clone(),
            jwks: String::new(),
            emails: own.emails_url.clone(),
        })
        .asking(&["read:user", "user:email"], &own.scopes);
    (!own.client_id.is_empty()).then_some(made)
}

fn facebook(settings: &ProviderSettings) -> Option<Provider> {
    let own = &settings.facebook;
    let auth = ClientAuth::Post(own.client_secret.clone());
    let made = Provider::new("facebook", Dialect::Facebook, &own.client_id, auth)
        .at(Endpoints {
            authorization: own.authorization_url.clone(),
            token: own.token_url.clone(),
            userinfo: own.userinfo_url.clone(),
            ..Endpoints::default()
        })
        .asking(&["email", "public_profile"], &own.scopes);
    (!own.client_id.is_empty()).then_some(made)
}

fn microsoft(settings: &ProviderSettings) -> Option<Provider> {
    let own = &settings.microsoft;
    if own.client_id.is_empty() {
        return None;
    }
    let issuer = if !own.issuer.is_empty() {
        Issuer::Exact(own.issuer.clone())
    } else if uuid::Uuid::parse_str(&own.tenant).is_ok() {
        Issuer::Exact(TENANTS.replace("{tenantid}", &own.tenant))
    } else {
        Issuer::Tenants { tenant: own.tenant.clone() }
    };
    let auth = ClientAuth::Post(own.client_secret.clone());
    let made = Provider::new("microsoft", Dialect::Microsoft, &own.client_id, auth)
        .issued_by(issuer)
        .at(Endpoints {
            authorization: own.authorization_url.clone(),
            token: own.token_url.clone(),
            userinfo: own.userinfo_url.clone(),
            jwks: own.jwks_url.clone(),
            emails: String::new(),
        })
        .asking(&["openid", "email", "profile"], &own.scopes);
    Some(made)
}

fn apple(settings: &ProviderSettings) -> Option<Provider> {
    let own = &settings.apple;
    let key = apple_key(&own.private_key).filter(|_| !own.client_id.is_empty())?;
    let (team_id, key_id) = (own.team_id.clone(), own.key_id.clone());
    let auth = ClientAuth::Apple { team_id, key_id, key };
    let made = Provider::new("apple", Dialect::Apple, &own.client_id, auth)
        .issued_by(Issuer::Exact(own.issuer.clone()))
        .at(Endpoints {
            authorization: own.authorization_url.clone(),
            token: own.token_url.clone(),
            jwks: own.jwks_url.clone(),
            ..Endpoints::default()
        })
        .asking(&["openid", "email", "name"], &own.scopes);
    Some(made)
}

fn generic(table: &OidcTable) -> Provider {
    let auth = match table.client_auth.as_str() {
        "client_secret_basic" => ClientAuth::Basic(table.client_secret.clone()),
        "client_secret_post" => ClientAuth::Post(table.client_secret.clone()),
        "none" => ClientAuth::Public,
        _ if table.client_secret.reveal().is_empty() => ClientAuth::Public,
        _ => secret(&table.client_secret),
    };
    Provider::new(&table.id, Dialect::Oidc, &table.client_id, auth)
        .issued_by(Issuer::Exact(table.issuer.clone()))
        .at(Endpoints {
            authorization: table.authorization_url.clone(),
            token: table.token_url.clone(),
            userinfo: table.userinfo_url.clone(),
            jwks: table.jwks_url.clone(),
            emails: String::new(),
        })
        .asking(&["openid"], &table.scopes)
}

/// The key in a PEM file of Apple's; line breaks may be written as `\n`.
pub(super) fn apple_key(pem: &Secret<String>) -> Option<EncodingKey> {
    let text = pem.reveal().replace("\\n", "\n");
    let inside = text.split_once("-----BEGIN PRIVATE KEY-----")?.1;
    let inside: String = inside
        .split_once("-----END PRIVATE KEY-----")?
        .0
        .chars()
        .filter(|letter| !letter.is_ascii_whitespace())
        .collect();
    let der = STANDARD.decode(inside).ok()?;
    let signing = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(signing, &der).ok()?;
    Some(EncodingKey::from_ec_der(&der))
}

#[cfg(test)]
#[path = "provider_tests.rs"]
mod tests;
