//! Signing in at providers: a small real provider listens on the loopback, and can be told to
//! misbehave in every way.

mod abuse;
mod accounts;
mod plain;
mod provider;
mod redirects;

use std::time::Duration;

use http::header;
use serde_json::{Value, json};
use url::Url;

use crate::stage::{Answer, Stage};
use provider::Provider;

const SECOND: Duration = Duration::from_secs(1);
/// For a provider to answer, in a test of one that does not.
const BRIEF: Duration = Duration::from_secs(3);

/// A browser on its way to a provider.
pub(crate) struct Away {
    pub(crate) url: Url,
    pub(crate) cookie: String,
}

impl Away {
    pub(crate) fn param(&self, name: &str) -> String {
        let found = self.url.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    }
}

pub(crate) fn location(answer: &Answer) -> String {
    let found = answer.headers.get(header::LOCATION).map(|value| value.to_str().unwrap());
    found.unwrap_or_default().to_owned()
}

/// The cookie of a session, if one was set.
pub(crate) fn session(answer: &Answer) -> Option<String> {
    let all = answer.headers.get_all(header::SET_COOKIE).into_iter();
    let found = all.filter_map(|value| value.to_str().ok()).find_map(|set| {
        set.strip_prefix("sixfold_session=").and_then(|rest| rest.split(';').next())
    });
    found.filter(|token| !token.is_empty()).map(str::to_owned)
}

/// Leaves for a provider.
pub(crate) async fn leave(stage: &Stage, body: Value) -> Away {
    away(&stage.post("/v1/auth/sign-in/social", body).await)
}

pub(crate) fn away(answer: &Answer) -> Away {
    assert_eq!(answer.status, 200, "{}", answer.body);
    Away { url: answer.text("/url").parse().unwrap(), cookie: answer.cookie() }
}

/// Comes back with what the provider sends.
pub(crate) async fn back(stage: &Stage, id: &str, query: &[(&str, &str)], cookie: &str) -> Answer {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let path = format!("/v1/auth/callback/{id}?{query}");
    stage.send("GET", &path, &[("cookie", cookie)], None).await
}

/// Leaves, agrees, comes back.
pub(crate) async fn travel(stage: &Stage, provider: &Provider, claims: Value) -> Answer {
    let away = leave(stage, json!({ "provider": "house", "callbackURL": "/in" })).await;
    let code = provider.agree(stage, &away, claims);
    back(stage, "house", &[("code", &code), ("state", &away.param("state"))], &away.cookie).await
}

pub(crate) fn ada() -> Value {
    json!({
        "sub": "ada-1", "email": "Ada@Example.com", "email_verified": true, "name": "Ada Lovelace",
        "picture": "https://pictures.example/ada.png",
    })
}

/// Runs a test on each engine, over a house that offers a provider and gives it so much time.
pub(crate) async fn with_provider(patience: Duration, test: impl AsyncFn(&Stage, &Provider)) {
    for mut stage in Stage::each_within(patience).await {
        let provider = Provider::start().await;
        stage.offer(&provider.settings());
        test(&stage, &provider).await;
        stage.done().await;
    }
}

macro_rules! test {
    ($name:ident, $body:expr) => {
        test!($name, crate::stage::PATIENCE, $body);
    };
    ($name:ident, $patience:expr, $body:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            crate::oauth::with_provider($patience, $body).await;
        }
    };
}
pub(crate) use test;
