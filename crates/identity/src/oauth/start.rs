//! The way to a provider.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::Caller;
use types::{Checks, Error, Json, Result, Secret};
use url::Url;

use super::checks::is_scope;
use super::discovery::silent;
use super::flow::{self, Flow, Linking};
use super::provider::{Dialect, Provider};
use crate::IdentityApp;
use crate::challenges::{self, Purpose};
use crate::sessions::Device;
use crate::token::Token;
use crate::tries;

/// Parameters that decide who gets what: the client has no say in them.
const OURS: [&str; 17] = [
    "state",
    "client_id",
    "client_secret",
    "redirect_uri",
    "response_type",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "nonce",
    "scope",
    "request",
    "request_uri",
    "registration",
    "id_token_hint",
    "login_hint",
    "resource",
];
const PARAMETERS: usize = 20;
const SCOPES: usize = 32;
const TEXT: usize = 1_024;

/// What a client wants of the way to a provider.
#[derive(Default)]
pub(super) struct Journey {
    pub(super) callback: Option<String>,
    pub(super) new_user: Option<String>,
    pub(super) error: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) login_hint: Option<String>,
    pub(super) additional: BTreeMap<String, String>,
    pub(super) link: Option<Linking>,
}

/// Where to go, and what the browser keeps meanwhile.
pub(super) struct Started {
    pub(super) url: String,
    pub(super) secret: Secret<String>,
}

impl IdentityApp {
    /// Where providers send people back to: made from the configured address only.
    pub(super) fn redirect_uri(&self, provider: &Provider) -> String {
        format!("{}/v1/auth/callback/{}", self.parts.public_url, provider.id)
    }

    /// How long the way there and back may take.
    pub(super) fn oauth_life(&self) -> Duration {
        Duration::from_secs(u64::from(self.parts.settings.oauth_minutes) * 60)
    }
}

/// Begins: a state in the store, a secret for the browser, an address at the provider.
///
/// # Errors
/// 403 `invalid_callback_url`; 404 `provider_not_found`; 422 for scopes and parameters that will
/// not do; 429; 503 when the provider does not describe itself.
pub(super) async fn start(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    provider: &Provider,
    journey: Journey,
) -> Result<Started> {
    for url in [&journey.callback, &journey.new_user, &journey.error] {
        house.check_callback(url.as_deref())?;
    }
    check(&journey)?;
    limited(house, device)?;
    let description = provider.description(house).await?;

    let secret = Token::mint(&house.random, "").text;
    let flow = Flow {
        provider: provider.id.clone(),
        browser: flow::fingerprint(secret.reveal()),
        callback: journey.callback.clone(),
        new_user: journey.new_user.clone(),
        error: journey.error.clone(),
        link: journey.link,
    };
    let (inside, payload) = (house.clone(), Json::of(&flow)?);
    let (life, user) = (house.oauth_life(), journey.link.map(|linking| linking.user));
    let state = house
        .change_unbound(caller, async move |work| {
            work.silently();
            challenges::issue(work, &inside, Purpose::OAuthState, user, &payload, life).await
        })
        .await?;
    let at = &description.endpoints.authorization;
    let url = address(house, provider, at, &journey, &secret, state.reveal())?;
    Ok(Started { url, secret })
}

/// Guesses and stored states of one address in a minute.
pub(super) fn limited(house: &IdentityApp, device: &Device) -> Result<()> {
    tries::count(house, "oauth", device)
}

fn check(journey: &Journey) -> Result<()> {
    let mut checks = Checks::new();
    let scopes = &journey.scopes;
    checks.that(
        scopes.len() <= SCOPES && scopes.iter().all(|scope| is_scope(scope)),
        "/scopes",
        "invalid_scope",
        "must be at most 32 words without spaces and quotes.",
    );
    if let Some(hint) = &journey.login_hint {
        checks.text("/loginHint", hint, 1, TEXT);
    }
    let fits = |name: &str, value: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        !name.is_empty() && name.len() <= 64 && name.bytes().all(letter) && value.len() <= TEXT
    };
    let further = &journey.additional;
    checks.that(
        further.len() <= PARAMETERS && further.iter().all(|(name, value)| fits(name, value)),
        "/additionalParams",
        "invalid_parameter",
        "must be at most 20 short parameters.",
    );
    let ours = |name: &str| OURS.iter().any(|own| own.eq_ignore_ascii_case(name));
    checks.that(
        !further.keys().any(|name| ours(name)),
        "/additionalParams",
        "reserved_parameter",
        "must not name a parameter of OAuth itself.",
    );
    checks.done()
}

fn address(
    house: &IdentityApp,
    provider: &Provider,
    at: &str,
    journey: &Journey,
    secret: &Secret<String>,
    state: &str,
) -> Result<String> {
    let mut scopes = provider.scopes.clone();
    for scope in &journey.scopes {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    let verifier = flow::verifier(secret.reveal(), state);
    let mut url = Url::parse(at).map_err(|_| silent("its address cannot be read"))?;
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", &house.redirect_uri(provider))
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", state)
            .append_pair("code_challenge", &flow::challenge(&verifier))
            .append_pair("code_challenge_method", "S256");
        if provider.is_openid() {
            query.append_pair("nonce", &flow::nonce(secret.reveal(), state));
        }
        if provider.dialect == Dialect::Apple {
            // Apple gives names and addresses to no other mode.
            query.append_pair("response_mode", "form_post");
        }
        if let Some(hint) = &journey.login_hint {
            query.append_pair("login_hint", hint);
        }
        query.extend_pairs(&journey.additional);
    }
    Ok(url.into())
}

/// What stands for a failure nobody should see the inside of.
pub(super) fn word(error: &Error) -> &str {
    match error.code() {
        "internal" => "internal_server_error",
        code => code,
    }
}
