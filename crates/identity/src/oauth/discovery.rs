//! What a provider says about itself: its addresses and its keys, kept for a while.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use kernel::egress::Whose;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use types::{Error, Result, Time};

use super::checks::may_name;
use super::provider::{Endpoints, Provider};
use crate::IdentityApp;

/// How long a description or a set of keys is taken for current.
const CURRENT: Duration = Duration::from_secs(3_600);
/// A key nobody knows makes us look again, but not more often than this.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// Where nothing newer can be had, what is known stays good for this long.
const STALE: Duration = Duration::from_secs(6 * 3_600);
/// After a failure the provider is left alone for this long: longer than a request may take, so
/// that those who waited for it do not ask one after the other.
const PAUSE: Duration = Duration::from_secs(15);
/// Keys of one provider that are read.
const KEYS: usize = 64;

/// What a provider said lately. One request at a time asks; the others wait for its answer.
#[derive(Default)]
pub(super) struct Known {
    description: Mutex<Slot<Description>>,
    keys: Mutex<Slot<Vec<Jwk>>>,
}

struct Slot<T> {
    held: Option<(Arc<T>, Time)>,
    failed: Option<Time>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { held: None, failed: None }
    }
}

impl<T> Slot<T> {
    /// What is held, if it is younger than `age`.
    fn younger(&self, age: Duration, now: Time) -> Option<Arc<T>> {
        let (held, at) = self.held.as_ref()?;
        (at.after(age) > now).then(|| Arc::clone(held))
    }

    /// Asks anew, unless that failed just now. `clock` is read after the answer: one that took
    /// long is not older than it is, and neither is a failure.
    async fn renew(
        &mut self,
        clock: impl Fn() -> Time,
        fetch: impl Future<Output = Result<T>>,
    ) -> Result<Arc<T>> {
        if self.failed.is_some_and(|at| at.after(PAUSE) > clock()) {
            return Err(silent("it did not answer just now"));
        }
        let fetched = fetch.await;
        let now = clock();
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                *self = Self { held: Some((Arc::clone(&value), now)), failed: None };
                Ok(value)
            }
            Err(error) => {
                self.failed = Some(now);
                Err(error)
            }
        }
    }
}

/// The addresses of a provider, and how it wants to be spoken to.
#[derive(Clone, Default)]
pub(super) struct Description {
    pub(super) endpoints: Endpoints,
    /// It names itself when people come back (RFC 9207).
    pub(super) names_itself: bool,
    /// The client's secret goes into the form.
    pub(super) secret_in_form: bool,
}

/// A discovery document (OpenID Connect Discovery 1.0, section 3), as far as it is used.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    #[serde(default)]
    authorization_endpoint: String,
    #[serde(default)]
    token_endpoint: String,
    #[serde(default)]
    userinfo_endpoint: String,
    #[serde(default)]
    jwks_uri: String,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

impl Provider {
    /// Its addresses.
    ///
    /// # Errors
    /// 503 when it does not describe itself, or as somebody else.
    pub(super) async fn description(&self, house: &IdentityApp) -> Result<Arc<Description>> {
        let own = &self.endpoints;
        let complete = !own.authorization.is_empty()
            && !own.token.is_empty()
            && (!self.is_openid() || !own.jwks.is_empty());
        if complete {
            return Ok(Arc::new(Description {
                endpoints: own.clone(),
                names_itself: false,
                secret_in_form: false,
            }));
        }
        let mut slot = self.known.description.lock().await;
        if let Some(held) = slot.younger(CURRENT, house.now()) {
            return Ok(held);
        }
        match slot.renew(|| house.now(), self.describe(house)).await {
            Ok(described) => Ok(described),
            Err(error) => slot.younger(STALE, house.now()).ok_or(error),
        }
    }

    async fn describe(&self, house: &IdentityApp) -> Result<Description> {
        let base = self.issuer.base().ok_or_else(|| silent("it has no issuer"))?;
        let url = format!("{}/.well-known/openid-configuration", base.trim_end_matches('/'));
        let document: Document = fetch(house, self.whose(&url), &url).await?;
        if !self.issuer.describes(&document.issuer) {
            return Err(silent("it describes itself as another issuer"));
        }
        let own = &self.endpoints;
        let choose = |own: &str, found: String| if own.is_empty() { found } else { own.to_owned() };
        let endpoints = Endpoints {
            authorization: choose(&own.authorization, document.authorization_endpoint),
            token: choose(&own.token, document.token_endpoint),
            userinfo: choose(&own.userinfo, document.userinfo_endpoint),
            jwks: choose(&own.jwks, document.jwks_uri),
            emails: String::new(),
        };
        let (at, by) = (&self.endpoints, &endpoints);
        let safe = [
            (&at.authorization, &by.authorization),
            (&at.token, &by.token),
            (&at.jwks, &by.jwks),
        ]
        .into_iter()
        // What the operator wrote was checked at boot.
        .all(|(own, found)| !own.is_empty() || may_name(&base, found));
        if !safe || !(by.userinfo.is_empty() || may_name(&base, &by.userinfo)) {
            return Err(silent("its description lacks a safe address"));
        }
        let methods = document.token_endpoint_auth_methods_supported;
        let offers = |method: &str| methods.iter().any(|one| one == method);
        Ok(Description {
            endpoints,
            names_itself: document.authorization_response_iss_parameter_supported,
            secret_in_form: !offers("client_secret_basic") && offers("client_secret_post"),
        })
    }

    /// The key a token was signed with: by its id, or the only one there is. An unknown one makes
    /// us look again, since providers change their keys.
    ///
    /// # Errors
    /// 503 when the provider does not answer; 401 when it has no such key.
    pub(super) async fn key(&self, house: &IdentityApp, id: Option<&str>) -> Result<Jwk> {
        let url = self.description(house).await?.endpoints.jwks.clone();
        let mut slot = self.known.keys.lock().await;
        let now = house.now();
        let held = slot.younger(CURRENT, now);
        if let Some(key) = held.as_deref().and_then(|keys| choose(keys, id)) {
            return Ok(key);
        }
        if slot.younger(LOOK_AGAIN, now).is_none() {
            let found = match slot.renew(|| house.now(), keys(house, self.whose(&url), &url)).await
            {
                Ok(keys) => choose(&keys, id),
                Err(error) => {
                    let before = slot.younger(STALE, house.now());
                    let key = before.as_deref().and_then(|keys| choose(keys, id));
                    return key.ok_or(error);
                }
            };
            if let Some(key) = found {
                return Ok(key);
            }
        }
        Err(super::id_token::refused("it is signed with a key nobody knows"))
    }
}

async fn keys(house: &IdentityApp, whose: Whose, url: &str) -> Result<Vec<Jwk>> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = fetch(house, whose, url).await?;
    // One key of a kind nobody here knows does not spoil the others.
    let read = set.keys.into_iter().take(KEYS).filter_map(|key| serde_json::from_value(key).ok());
    Ok(read.filter(signs).collect())
}

fn signs(key: &Jwk) -> bool {
    key.common.public_key_use.as_ref().is_none_or(|what| *what == PublicKeyUse::Signature)
}

fn choose(keys: &[Jwk], id: Option<&str>) -> Option<Jwk> {
    match id {
        Some(id) => keys.iter().find(|key| key.common.key_id.as_deref() == Some(id)).cloned(),
        None if keys.len() == 1 => keys.first().cloned(),
        None => None,
    }
}

async fn fetch<T: serde::de::DeserializeOwned>(
    house: &IdentityApp,
    whose: Whose,
    url: &str,
) -> Result<T> {
    let fetched = house.egress.get(whose, url, &[("accept", "application/json")]).await?;
    if !fetched.is_success() {
        return Err(silent("it answers with a failure"));
    }
    serde_json::from_slice(&fetched.body).map_err(|_| silent("its answer cannot be read"))
}

/// A provider that cannot be worked with just now.
pub(super) fn silent(why: &'static str) -> Error {
    Error::new(
        types::ErrorKind::Overloaded,
        "provider_unavailable",
        "The provider does not answer as it should; try again later.",
    )
    .retry_after(5)
    .caused_by(why)
}
