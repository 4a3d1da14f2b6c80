//! The provider in the tests: OpenID Connect at its root, GitHub's and Facebook's calls beside it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http_body_util::BodyExt as _;
use identity::{FacebookSettings, GithubSettings, OidcSettings, OidcTable, ProviderSettings};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use types::Secret;

use super::Away;
use crate::stage::Stage;

/// How the provider answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    Hangs,
    Floods,
    Redirects,
    Garbage,
}

pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) encoding: EncodingKey,
    pub(crate) public: Vec<u8>,
}

impl Key {
    pub(crate) fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(signing, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(signing, pkcs8.as_ref()).unwrap();
        Self {
            id: id.to_owned(),
            encoding: EncodingKey::from_ec_der(pkcs8.as_ref()),
            public: pair.public_key().as_ref().to_vec(),
        }
    }

    fn jwk(&self) -> Value {
        let (x, y) = self.public[1..].split_at(32);
        let encoded = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.id,
            "x": encoded(x), "y": encoded(y),
        })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.id.clone());
        encode(&header, claims, &self.encoding).unwrap()
    }
}

/// What was agreed to, by its code.
pub(crate) struct Agreed {
    challenge: String,
    claims: Value,
    /// Instead of a token of the claims.
    token: Option<String>,
}

pub(crate) struct Inner {
    pub(crate) mood: Mood,
    /// It says nothing more about itself.
    pub(crate) closed: bool,
    pub(crate) key: Key,
    pub(crate) agreed: HashMap<String, Agreed>,
    /// What userinfo says.
    pub(crate) person: Value,
    pub(crate) emails: Value,
    pub(crate) names_itself: bool,
    pub(crate) issuer_said: Option<String>,
    pub(crate) asked: HashMap<String, u32>,
    pub(crate) last_form: HashMap<String, String>,
    pub(crate) last_query: String,
    /// The one refresh token that is good.
    pub(crate) refresh: String,
    pub(crate) expires_in: u64,
    count: u32,
}

#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) address: String,
    inner: Arc<Mutex<Inner>>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let inner = Inner {
            mood: Mood::Well,
            closed: false,
            key: Key::new("first"),
            agreed: HashMap::new(),
            person: json!({}),
            emails: json!([]),
            names_itself: false,
            issuer_said: None,
            asked: HashMap::new(),
            last_form: HashMap::new(),
            last_query: String::new(),
            refresh: "refresh-0".to_owned(),
            expires_in: 3_600,
            count: 0,
        };
        let provider = Self { address, inner: Arc::new(Mutex::new(inner)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/me", get(me))
            .route("/emails", get(emails))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(crate) fn asked(&self, what: &str) -> u32 {
        self.inner().asked.get(what).copied().unwrap_or_default()
    }

    /// `house` by discovery, and what stands in for GitHub and Facebook.
    pub(crate) fn settings(&self) -> ProviderSettings {
        let at = |path: &str| format!("{}{path}", self.address);
        let secret = || Secret::new("s&cret".to_owned());
        ProviderSettings {
            oidc: OidcSettings {
                providers: vec![OidcTable {
                    id: "house".to_owned(),
                    issuer: self.address.clone(),
                    client_id: "client 1".to_owned(),
                    client_secret: secret(),
                    client_auth: String::new(),
                    scopes: vec!["email".to_owned(), "profile".to_owned()],
                    authorization_url: String::new(),
                    token_url: String::new(),
                    userinfo_url: String::new(),
                    jwks_url: String::new(),
                }],
            },
            github: GithubSettings {
                client_id: "hub".to_owned(),
                client_secret: secret(),
                authorization_url: at("/authorize"),
                token_url: at("/token"),
                userinfo_url: at("/me"),
                emails_url: at("/emails"),
                scopes: Vec::new(),
            },
            facebook: FacebookSettings {
                client_id: "face".to_owned(),
                client_secret: secret(),
                authorization_url: at("/authorize"),
                token_url: at("/token"),
                userinfo_url: at("/me"),
                scopes: Vec::new(),
            },
            ..ProviderSettings::default()
        }
    }

    /// The claims of a good token, with `claims` over them.
    pub(crate) fn claims(&self, stage: &Stage, nonce: &str, claims: Value) -> Value {
        let now = stage.app.now().seconds();
        let mut all = json!({
            "iss": self.address, "aud": "client 1", "iat": now, "exp": now + 300, "nonce": nonce,
        });
        if let Value::Object(claims) = claims {
            for (name, value) in claims {
                all[name] = value;
            }
        }
        all
    }

    /// Somebody agrees; the code that says so.
    pub(crate) fn agree(&self, stage: &Stage, away: &Away, claims: Value) -> String {
        let claims = self.claims(stage, &away.param("nonce"), claims);
        self.granted(away, claims, None)
    }

    /// The same, with a token made elsewhere.
    pub(crate) fn agree_with(&self, away: &Away, token: String) -> String {
        self.granted(away, json!({}), Some(token))
    }

    fn granted(&self, away: &Away, claims: Value, token: Option<String>) -> String {
        let mut inner = self.inner();
        inner.count += 1;
        let code = format!("code-{}", inner.count);
        let challenge = away.param("code_challenge");
        inner.agreed.insert(code.clone(), Agreed { challenge, claims, token });
        code
    }
}

async fn mood(provider: &Provider, what: &str) -> Option<Response> {
    let mood = {
        let mut inner = provider.inner();
        *inner.asked.entry(what.to_owned()).or_default() += 1;
        if inner.closed && matches!(what, "describe" | "keys") { Mood::Garbage } else { inner.mood }
    };
    Some(match mood {
        Mood::Well => return None,
        Mood::Hangs => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
        Mood::Floods => Body::from(vec![b' '; 10 * 1024 * 1024]).into_response(),
        Mood::Redirects => {
            (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response()
        }
        Mood::Garbage => "{\"access_token\": <html>".into_response(),
    })
}

async fn describe(State(provider): State<Provider>) -> Response {
    if let Some(answer) = mood(&provider, "describe").await {
        return answer;
    }
    let at = |path: &str| format!("{}{path}", provider.address);
    let inner = provider.inner();
    Json(json!({
        "issuer": inner.issuer_said.as_ref().unwrap_or(&provider.address),
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/me"),
        "jwks_uri": at("/keys"),
        "authorization_response_iss_parameter_supported": inner.names_itself,
    }))
    .into_response()
}

async fn keys(State(provider): State<Provider>) -> Response {
    if let Some(answer) = mood(&provider, "keys").await {
        return answer;
    }
    let inner = provider.inner();
    // One of a kind nobody knows stands beside it.
    Json(json!({ "keys": [{ "kty": "NEW", "kid": "odd" }, inner.key.jwk()] })).into_response()
}

async fn token(State(provider): State<Provider>, request: Request) -> Response {
    let authorization = request.headers().get("authorization").cloned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    if let Some(answer) = mood(&provider, "token").await {
        return answer;
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let mut inner = provider.inner();
    inner.last_form = form.clone();
    let refused =
        |why: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response();
    // `client 1:s&cret`, each part form-encoded first.
    let basic = authorization.is_some_and(|value| value == "Basic Y2xpZW50KzE6cyUyNmNyZXQ=");
    if !basic && form.get("client_secret").map(String::as_str) != Some("s&cret") {
        return refused("invalid_client");
    }
    let count = inner.count;
    if form["grant_type"] == "refresh_token" {
        if form["refresh_token"] != inner.refresh {
            return refused("invalid_grant");
        }
        inner.count += 1;
        inner.refresh = format!("refresh-{}", inner.count);
        return Json(json!({
            "access_token": format!("access-{}", inner.count), "token_type": "Bearer",
            "expires_in": inner.expires_in, "refresh_token": inner.refresh,
        }))
        .into_response();
    }
    let Some(agreed) = inner.agreed.remove(&form["code"]) else { return refused("invalid_grant") };
    let challenge = digest(&SHA256, form["code_verifier"].as_bytes());
    if URL_SAFE_NO_PAD.encode(challenge) != agreed.challenge {
        return refused("invalid_grant");
    }
    let id_token = agreed.token.unwrap_or_else(|| inner.key.sign(&agreed.claims));
    Json(json!({
        "access_token": format!("access-{count}"), "token_type": "bearer",
        "expires_in": inner.expires_in, "refresh_token": inner.refresh, "id_token": id_token,
        "scope": "openid email profile",
    }))
    .into_response()
}

async fn me(State(provider): State<Provider>, request: Request) -> Response {
    if let Some(answer) = mood(&provider, "me").await {
        return answer;
    }
    let mut inner = provider.inner();
    inner.last_query = request.uri().query().unwrap_or_default().to_owned();
    let bearer = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if !bearer.unwrap_or_default().starts_with("Bearer access-") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(inner.person.clone()).into_response()
}

async fn emails(State(provider): State<Provider>) -> Response {
    Json(provider.inner().emails.clone()).into_response()
}
