//! `Idempotency-Key`: a request that may be sent again is carried out once and answered again.
//!
//! What makes it exact is in [`kernel::idempotency`]; here a request is told from another one, and
//! an answer is kept and given again. Requests without the header pass through untouched.
//!
//! What is begun is carried out also when its client is gone, and with the client its place among the
//! requests that are worked on. So there are places of their own for what is begun.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use kernel::idempotency::{self, Kept, MAX_ANSWER, Once};
use kernel::{App, Caller};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use types::{Error, ErrorKind, Json, Result, Shortage};

use crate::current::CURRENT;
use crate::json::{BodyLimit, is_json, read_body};
use crate::problem::{ErrorCode, Failure};
use crate::settings::Settings;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Characters of a key.
const MAX_KEY: usize = 255;
/// Of all requests that may be worked on, those with a key at once; and at least so many.
const SHARE: usize = 16;
const LEAST: usize = 4;
/// What of an answer belongs to it rather than to the moment it is given.
const HEADERS: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::LOCATION, header::ETAG, header::LINK];
/// Also headers that decide what a request does.
const ASKED: [HeaderName; 2] = [header::CONTENT_TYPE, header::IF_MATCH];

/// What [`once`] needs.
#[derive(Clone)]
pub struct Idempotency {
    app: App,
    secret: [u8; 32],
    keep: Duration,
    running: Arc<Mutex<HashSet<[u8; 32]>>>,
    places: Arc<Semaphore>,
    long: fn(&str) -> Option<usize>,
}

impl Idempotency {
    /// Over the store of `app`.
    #[must_use]
    pub fn new(app: App, settings: &Settings) -> Self {
        let secret = app.keys.derive("idempotency keys v1");
        let (keep, running) = (settings.idempotency(), Arc::default());
        let places = (settings.max_in_flight / SHARE).clamp(LEAST, Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(places));
        Self { app, secret, keep, running, places, long: |_| None }
    }

    /// Routes that read more than others, by their paths: their bodies are read here, before they can
    /// say so themselves, and nobody else's is read beyond the limit of all.
    #[must_use]
    pub fn long(self, long: fn(&str) -> Option<usize>) -> Self {
        Self { long, ..self }
    }

    /// A hash that nobody makes who does not know the secret, so that a row tells nothing.
    fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        Hmac::<Sha256>::new_from_slice(&self.secret).map_or([0; 32], |mut mac| {
            for part in parts {
                mac.update(&(part.len() as u64).to_le_bytes());
                mac.update(part);
            }
            mac.finalize().into_bytes().into()
        })
    }

    /// Keys are each caller's own: nobody finds out which ones others used.
    fn key(&self, caller: &Caller, parts: &Parts, key: &str) -> [u8; 32] {
        let person = caller.person().map(|person| person.0).unwrap_or_default();
        let credential = caller.identity().key.as_ref().map(|key| key.id.0).unwrap_or_default();
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        let who = [person.as_bytes().as_slice(), credential.as_bytes()];
        self.hash(&[who[0], who[1], method.as_bytes(), path.as_bytes(), key.as_bytes()])
    }

    fn request(&self, parts: &Parts, body: &[u8]) -> [u8; 32] {
        let header = |name| parts.headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
        let query = parts.uri.query().unwrap_or_default();
        let [kind, seen] = ASKED.map(header);
        self.hash(&[query.as_bytes(), kind, seen, &Sha256::digest(body)])
    }
}

/// A request that this process is at.
struct Running {
    all: Arc<Mutex<HashSet<[u8; 32]>>>,
    key: [u8; 32],
}

impl Running {
    fn start(house: &Idempotency, key: [u8; 32]) -> Result<Self> {
        let fresh = house.running.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        if fresh {
            Ok(Self { all: Arc::clone(&house.running), key })
        } else {
            Err(idempotency::in_progress())
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// What a request has until it is carried out, whoever still waits for it.
struct Held {
    _running: Running,
    _place: OwnedSemaphorePermit,
}

/// The middleware, behind authentication: carries out once what comes with a key.
pub async fn once(State(house): State<Idempotency>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key(KEY) || !counts(&request) {
        return next.run(request).await;
    }
    let Some(caller) = request.extensions().get::<Caller>().filter(|one| one.is_known()).cloned()
    else {
        return next.run(request).await;
    };
    match begin(&house, caller, request).await {
        Ok(Begun::Before(answer)) => answer,
        Ok(Begun::Now { once, held, request }) => carry_out(house, once, held, request, next).await,
        Err(error) => Failure::from(error).into_response(),
    }
}

/// Changes outside of sign-in, with a body that is compared whole: streams are not.
fn counts(request: &Request) -> bool {
    let path = request.uri().path();
    let changes =
        matches!(*request.method(), Method::POST | Method::PATCH | Method::PUT | Method::DELETE);
    let kind = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    changes
        && path.starts_with("/v1/")
        && !path.starts_with("/v1/auth/")
        && (kind.is_some_and(is_json) || request.body().is_end_stream())
}

enum Begun {
    Before(Response),
    Now { once: Arc<Once>, held: Held, request: Request },
}

async fn begin(house: &Idempotency, caller: Caller, request: Request) -> Result<Begun> {
    let key = key_of(request.headers())?;
    let (mut parts, body) = request.into_parts();
    let mut whole = Request::new(body);
    let route = parts.extensions.get::<MatchedPath>();
    if let Some(limit) = route.and_then(|route| (house.long)(route.as_str())) {
        whole.extensions_mut().insert(BodyLimit(limit));
    }
    let body = read_body(whole).await?;
    let (key, asked) = (house.key(&caller, &parts, &key), house.request(&parts, &body));
    let once = Once::new(key, asked, house.keep, caller.person());
    let running = Running::start(house, once.key)?;
    if let Some(kept) = idempotency::recall(&house.app, &once).await? {
        return Ok(Begun::Before(replay(kept)?));
    }
    // Until here all ends with the client: who sends slowly, or asks for what is kept, takes no place.
    let place = Arc::clone(&house.places).try_acquire_owned().map_err(|_| {
        Error::overloaded("Too many requests with an `Idempotency-Key`; try again in a moment.")
            .short_of(Shortage::IdempotentRequests)
    })?;
    let held = Held { _running: running, _place: place };
    parts.extensions.insert(caller.once(Arc::clone(&once)));
    Ok(Begun::Now { once, held, request: Request::from_parts(parts, Body::from(body)) })
}

/// 1 to 255 visible ASCII characters.
fn key_of(headers: &HeaderMap) -> Result<String> {
    let wrong = || {
        Error::new(
            ErrorKind::Malformed,
            "malformed_idempotency_key",
            "Send one `Idempotency-Key` of 1 to 255 visible ASCII characters, e.g. a UUID.",
        )
    };
    let mut sent = headers.get_all(KEY).iter();
    let (Some(key), None) = (sent.next(), sent.next()) else { return Err(wrong()) };
    let visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
    if !visible || !(1..=MAX_KEY).contains(&key.len()) {
        return Err(wrong());
    }
    key.to_str().map(str::to_owned).map_err(|_| wrong())
}

/// In a task of its own: the answer is kept also for a client that hung up meanwhile — it is the
/// one who will ask again.
async fn carry_out(
    house: Idempotency,
    once: Arc<Once>,
    held: Held,
    request: Request,
    next: Next,
) -> Response {
    let work = async move {
        let answer = next.run(request).await;
        let answer = match keep(&house, &once, answer).await {
            Ok(answer) => answer,
            Err(error) => Failure::from(error).into_response(),
        };
        drop(held);
        answer
    };
    let work = telemetry::within(telemetry::current(), work);
    let task = match CURRENT.try_with(Clone::clone) {
        Ok(current) => tokio::spawn(CURRENT.scope(current, work)),
        Err(_) => tokio::spawn(work),
    };
    // What a task that broke says of itself may quote what was being worked on.
    task.await
        .unwrap_or_else(|_| Failure::from(Error::internal("a request broke off")).into_response())
}

/// Keeps an answer that is the request's and not the moment's: what says “try again” is not.
async fn keep(house: &Idempotency, once: &Arc<Once>, answer: Response) -> Result<Response> {
    let size = answer.body().size_hint().upper();
    if !is_final(&answer) || size.is_none_or(|size| size > MAX_ANSWER as u64) {
        return Ok(answer);
    }
    let (parts, body) = answer.into_parts();
    let body: Bytes = body.collect().await?.to_bytes();
    let headers = parts.headers.iter().filter(|(name, _)| HEADERS.contains(name));
    let headers: Map<String, Value> = headers
        .filter_map(|(name, value)| Some((name.to_string(), Value::from(value.to_str().ok()?))))
        .collect();
    let kept =
        Kept { status: parts.status.as_u16(), headers: Json::of(&headers)?, body: body.to_vec() };
    if let Err(error) = idempotency::keep(&house.app, once, kept).await {
        // The change is made, and whoever asks now is told so; only a repetition is not.
        tracing::warn!(cause = error.cause(), "the answer of an idempotent request was not kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn is_final(answer: &Response) -> bool {
    let passing = matches!(
        answer.status(),
        StatusCode::UNAUTHORIZED
            | StatusCode::PAYMENT_REQUIRED
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
    );
    let ours = answer
        .extensions()
        .get::<ErrorCode>()
        .is_some_and(|code| code.0.starts_with("idempotency_"));
    !passing && !ours && !answer.status().is_server_error()
}

fn replay(kept: Kept) -> Result<Response> {
    let mut answer = Response::new(Body::from(kept.body));
    *answer.status_mut() = StatusCode::from_u16(kept.status)?;
    for (name, value) in kept.headers.to_map() {
        let value = value.as_str().unwrap_or_default();
        answer.headers_mut().insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(answer)
}
