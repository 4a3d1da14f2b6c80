//! The token endpoint: from a code, or a refresh token, to what a provider grants.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, Header, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use types::{Error, ErrorKind, Result, Secret, Time};
use url::form_urlencoded::byte_serialize;

use super::discovery::Description;
use super::provider::{ClientAuth, Provider};
use crate::IdentityApp;

/// No token of a provider is longer.
const TOKEN_BYTES: usize = 16 * 1024;
/// Seconds Apple's client secret is good for: one request.
const APPLE_SECRET_S: i64 = 300;

/// What a provider granted: kept sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    /// The id token.
    pub(super) id: Option<String>,
    /// In microseconds since 1970.
    pub(super) expires_at: Option<i64>,
    /// The same, of the refresh token.
    pub(super) refresh_expires_at: Option<i64>,
    /// As the provider lists them, with spaces between; none: as asked for.
    pub(super) scope: Option<String>,
}

impl Grant {
    /// When the access token ends.
    pub(super) fn ends(&self) -> Option<Time> {
        self.expires_at.map(Time::from_micros)
    }

    /// When the refresh token ends.
    pub(super) fn refresh_ends(&self) -> Option<Time> {
        self.refresh_expires_at.map(Time::from_micros)
    }

    /// What is not granted anew stays.
    pub(super) fn or(self, before: Self) -> Self {
        Self {
            refresh_expires_at: match &self.refresh {
                Some(_) => self.refresh_expires_at,
                None => before.refresh_expires_at,
            },
            refresh: self.refresh.or(before.refresh),
            id: self.id.or(before.id),
            scope: self.scope.or(before.scope),
            ..self
        }
    }
}

/// Exchanges a code.
///
/// # Errors
/// 401 `invalid_code`; 503 when the provider does not answer.
pub(super) async fn exchange(
    house: &IdentityApp,
    provider: &Provider,
    code: &str,
    verifier: &Secret<String>,
) -> Result<Grant> {
    let back = house.redirect_uri(provider);
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", back.as_str()),
        ("code_verifier", verifier.reveal().as_str()),
    ];
    ask(house, provider, &fields).await
}

/// Exchanges a refresh token; the provider may give another one instead.
///
/// # Errors
/// As [`exchange`].
pub(super) async fn refresh(
    house: &IdentityApp,
    provider: &Provider,
    token: &str,
) -> Result<Grant> {
    ask(house, provider, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

async fn ask(house: &IdentityApp, provider: &Provider, fields: &[(&str, &str)]) -> Result<Grant> {
    let description = provider.description(house).await?;
    let now = house.now();
    let Proof { header, form } = prove(provider, &description, now)?;
    let mut all = fields.to_vec();
    all.extend(form.iter().map(|(name, value)| (*name, value.reveal().as_str())));
    let mut headers = vec![("accept", "application/json")];
    if let Some(value) = &header {
        headers.push(("authorization", value.reveal().as_str()));
    }
    let url = &description.endpoints.token;
    let answer = house.egress.post_form(provider.whose(url), url, &headers, &all).await?;
    if !answer.is_success() {
        return Err(refused("the token endpoint refuses"));
    }
    read(&answer.body, now).ok_or_else(|| refused("the token endpoint's answer holds no token"))
}

/// Who asks: in a header, in the form, or by nothing but the client's id.
struct Proof {
    header: Option<Secret<String>>,
    form: Vec<(&'static str, Secret<String>)>,
}

fn prove(provider: &Provider, description: &Description, now: Time) -> Result<Proof> {
    let id = ("client_id", Secret::new(provider.client_id.clone()));
    let in_form = |secret: Secret<String>| Proof {
        header: None,
        form: vec![
            ("client_id", Secret::new(provider.client_id.clone())),
            ("client_secret", secret),
        ],
    };
    Ok(match &provider.auth {
        ClientAuth::Public => Proof { header: None, form: vec![id] },
        ClientAuth::Post(secret) => in_form(secret.clone()),
        ClientAuth::Secret(secret) if description.secret_in_form => in_form(secret.clone()),
        ClientAuth::Secret(secret) | ClientAuth::Basic(secret) => {
            // RFC 6749, section 2.3.1: both are form-encoded first.
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encoded(&provider.client_id), encoded(secret.reveal()));
            let value = format!("Basic {}", STANDARD.encode(pair));
            Proof { header: Some(Secret::new(value)), form: Vec::new() }
        }
        ClientAuth::Apple { team_id, key_id, key } => {
            let mut header = Header::new(Algorithm::ES256);
            header.kid = Some(key_id.clone());
            let claims = json!({
                "iss": team_id,
                "iat": now.seconds(),
                "exp": now.seconds() + APPLE_SECRET_S,
                "aud": "https://appleid.apple.com",
                "sub": provider.client_id,
            });
            in_form(Secret::new(encode(&header, &claims, key)?))
        }
    })
}

/// Reads the answer of a token endpoint; providers that fail with status 200 give no token.
fn read(body: &[u8], now: Time) -> Option<Grant> {
    let answer: serde_json::Map<String, Value> = serde_json::from_slice(body).ok()?;
    if answer.contains_key("error") {
        return None;
    }
    let text = |name: &str| {
        let value = answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        value.filter(|text| text.len() <= TOKEN_BYTES).map(str::to_owned)
    };
    let kind = text("token_type");
    if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return None;
    }
    let ends = |name: &str| {
        let value = answer.get(name)?;
        let seconds = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
        Some(now.after(Duration::from_secs(seconds)).micros())
    };
    let access = text("access_token")?;
    if !access.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return None;
    }
    Some(Grant {
        access,
        refresh: text("refresh_token"),
        id: text("id_token"),
        expires_at: ends("expires_in"),
        refresh_expires_at: ends("refresh_token_expires_in"),
        scope: text("scope"),
    })
}

fn refused(why: &'static str) -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "invalid_code",
        "The provider does not accept this; start again.",
    )
    .caused_by(why)
}
