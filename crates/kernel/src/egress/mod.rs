//! The one door for requests this house makes: bounded in time, in size and in number, without
//! redirects, and by no proxy the environment happens to name.
//!
//! [`Egress::get`] and [`Egress::post_form`] are for addresses the operator configured, which may
//! well be inside, and for those such a server names ([`Whose`]); an address from a user goes
//! through [`Egress::fetch_public`] or [`Egress::post_public`] and their guard.

mod call;
mod guard;
mod lookups;
mod span;
mod visit;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response};
use tokio::sync::{Semaphore, SemaphorePermit};
use types::{Error, ErrorKind, Result, Shortage};

pub use self::call::{CallBounds, CallFailure, Called};
pub use self::guard::Settings;
use self::guard::{Guard, GuardedResolver};
use self::lookups::Lookups;
pub use self::span::Span;
pub use self::visit::{Bounds, Document};

const CONNECT: Duration = Duration::from_secs(5);
const TOTAL: Duration = Duration::from_secs(10);
/// The largest answer that is read.
const ANSWER_BYTES: usize = 1024 * 1024;
/// Requests under way at once; one more is refused.
const AT_ONCE: usize = 64;
/// Documents read for users at once: the others are never kept waiting by them.
const VISITS_AT_ONCE: usize = 32;
/// Calls made for users at once; who makes them keeps a smaller number of its own.
const CALLS_AT_ONCE: usize = 512;
/// Connections kept open to one host for the next call, and for how long.
const IDLE_PER_HOST: usize = 4;
const IDLE: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("sixfold/", env!("CARGO_PKG_VERSION"));

/// Makes requests to other servers. Cheap to clone; the client behind it is made at first use.
#[derive(Clone)]
pub struct Egress(Arc<Inner>);

struct Inner {
    client: OnceLock<Client>,
    guarded: OnceLock<Client>,
    visitor: OnceLock<Client>,
    caller: OnceLock<Client>,
    places: Semaphore,
    visits: Semaphore,
    calls: Semaphore,
    guard: Guard,
    total: Duration,
}

/// Who says that an address is to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The operator's configuration: it may well be inside.
    Operators,
    /// Another server, e.g. in what it says about itself: only public addresses are called, and
    /// those that the settings allow.
    Named,
}

/// An answer, read to its end.
pub struct Fetched {
    /// Its status.
    pub status: u16,
    /// Its body, at most one MiB.
    pub body: Vec<u8>,
}

impl Fetched {
    /// Whether the status is one of success.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

impl Default for Egress {
    fn default() -> Self {
        Self::new(&Settings::default())
    }
}

impl Egress {
    /// One that lets users' addresses lead where the settings allow.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self::of(Guard::new(settings), TOTAL)
    }

    /// One whose requests may take that long at most.
    #[must_use]
    pub fn within(total: Duration) -> Self {
        Self::of(Guard::default(), total)
    }

    fn of(guard: Guard, total: Duration) -> Self {
        Self(Arc::new(Inner {
            client: OnceLock::new(),
            guarded: OnceLock::new(),
            visitor: OnceLock::new(),
            caller: OnceLock::new(),
            places: Semaphore::new(AT_ONCE),
            visits: Semaphore::new(VISITS_AT_ONCE),
            calls: Semaphore::new(CALLS_AT_ONCE),
            guard,
            total,
        }))
    }

    /// Asks for an address.
    ///
    /// # Errors
    /// 503 `egress_failed` when there is no whole answer in time and size.
    pub async fn get(
        &self,
        whose: Whose,
        url: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Fetched> {
        let request = self.client(whose, url)?.get(url);
        let span = begin(whose, &Method::GET, url);
        self.send(request, headers, span).await
    }

    /// Posts a form.
    ///
    /// # Errors
    /// As [`Egress::get`].
    pub async fn post_form(
        &self,
        whose: Whose,
        url: &str,
        headers: &[(&'static str, &str)],
        fields: &[(&str, &str)],
    ) -> Result<Fetched> {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let request =
            self.client(whose, url)?.post(url).header(reqwest::header::CONTENT_TYPE, kind);
        let span = begin(whose, &Method::POST, url);
        self.send(request.body(form), headers, span).await
    }

    /// Sends a request as it is, for protocols in which headers of the answer matter.
    ///
    /// # Errors
    /// As [`Egress::get`].
    pub async fn exchange(
        &self,
        whose: Whose,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string();
        let mut span = begin(whose, &parts.method, &url);
        let request = self.client(whose, &url)?.request(parts.method, &url).headers(parts.headers);
        let _place = self.place()?;
        let mut answer = http::Response::new(Vec::new());
        let response = span.ended(request.body(body).send().await).map_err(failed)?;
        *answer.status_mut() = response.status();
        answer.headers_mut().clone_from(response.headers());
        *answer.body_mut() = whole(response).await?;
        Ok(answer)
    }

    fn place(&self) -> Result<SemaphorePermit<'_>> {
        self.0.places.try_acquire().map_err(|_| {
            Error::overloaded("Too many requests to other servers are under way; try again soon.")
                .short_of(Shortage::Calls)
        })
    }

    async fn send(
        &self,
        request: RequestBuilder,
        headers: &[(&'static str, &str)],
        mut span: Span,
    ) -> Result<Fetched> {
        let _place = self.place()?;
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let mut value = HeaderValue::try_from(*value)?;
            value.set_sensitive(*name == "authorization");
            all.insert(HeaderName::from_static(name), value);
        }
        let response = span.ended(request.headers(all).send().await).map_err(failed)?;
        let status = response.status().as_u16();
        Ok(Fetched { status, body: whole(response).await? })
    }

    fn client(&self, whose: Whose, url: &str) -> Result<&Client> {
        match whose {
            Whose::Operators => {
                once(&self.0.client, || Ok(builder()?.timeout(self.0.total).build()?))
            }
            Whose::Named => {
                let admitted = url::Url::parse(url).is_ok_and(|url| self.admits(&url));
                if !admitted {
                    return Err(unanswered().caused_by("egress.allow_private does not allow it"));
                }
                once(&self.0.guarded, || {
                    Ok(builder()?.dns_resolver(self.resolver()).timeout(self.0.total).build()?)
                })
            }
        }
    }

    /// One for each client: webhooks to names that never answer delay no website and no sign-in.
    fn resolver(&self) -> GuardedResolver {
        let guard = self.0.guard.clone();
        GuardedResolver { guard, lookups: Lookups::default() }
    }

    /// The client behind [`Egress::fetch_public`]: it finds no address that the guard refuses.
    fn visitor(&self) -> Result<&Client> {
        once(&self.0.visitor, || Ok(builder()?.dns_resolver(self.resolver()).build()?))
    }

    /// The client behind [`Egress::post_public`]. A connection that is used again leads to an
    /// address that was checked.
    fn caller(&self) -> Result<&Client> {
        once(&self.0.caller, || {
            let bounded = builder()?.pool_max_idle_per_host(IDLE_PER_HOST).pool_idle_timeout(IDLE);
            Ok(bounded.dns_resolver(self.resolver()).build()?)
        })
    }
}

fn begin(whose: Whose, method: &Method, url: &str) -> Span {
    let known = url::Url::parse(url).ok().filter(|_| whose == Whose::Operators);
    Span::begin(method, known.as_ref())
}

async fn whole(mut response: Response) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err(unanswered().caused_by("the answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn once(cell: &OnceLock<Client>, make: impl FnOnce() -> Result<Client>) -> Result<&Client> {
    if let Some(client) = cell.get() {
        return Ok(client);
    }
    let made = make()?;
    Ok(cell.get_or_init(|| made))
}

/// A client for a storage the operator configured, whose answers may be of any size: they come as
/// long as none of their pieces lets wait for longer than this.
///
/// # Errors
/// When the client cannot be made.
pub fn storage(patience: Duration) -> Result<Client> {
    Ok(builder()?.read_timeout(patience).build()?)
}

/// With the certificates this machine trusts, as the database has them.
fn builder() -> Result<ClientBuilder> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // A certificate of the system that cannot be read is not trusted; that is all.
        let _ = roots.add(certificate);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT)
        .user_agent(USER_AGENT))
}

/// The address stays out of the log: its query may hold what is nobody's business.
fn failed(error: reqwest::Error) -> Error {
    unanswered().caused_by(error.without_url())
}

fn unanswered() -> Error {
    Error::new(
        ErrorKind::Overloaded,
        "egress_failed",
        "Another server that is needed for this does not answer as it should; try again later.",
    )
    .retry_after(5)
}
