//! Who is let in: by the token of the connect packet, or by the cookie of the page.

use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use kernel::{Caller, Identity};
use serde::Deserialize;
use types::{Error, ErrorKind, Result};

/// Finds out who sent a request, as in front of every route; handed in by whoever builds the
/// house, because this room does not know the one that can tell.
pub type Who = Arc<dyn Fn(Parts) -> Found + Send + Sync>;
/// What [`Who`] answers: nobody, where there is no credential.
pub type Found = Pin<Box<dyn Future<Output = Result<Option<Arc<Identity>>>> + Send>>;

/// Longer than any credential there is.
const MAX_TOKEN: usize = 8_192;

/// Headers by which somebody is known.
static KEPT: [HeaderName; 6] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    header::COOKIE,
    header::ORIGIN,
    header::HOST,
    SEC_FETCH_SITE,
];
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What somebody proved themselves with: the headers a request of theirs would have. A map of them
/// would be many times as large, for as long as they are connected.
#[derive(Clone)]
pub(crate) struct Credentials(Arc<[(HeaderName, HeaderValue)]>);

/// What a client says of itself in the connect packet.
#[derive(Deserialize)]
struct Auth {
    #[serde(default)]
    token: Option<String>,
}

impl Credentials {
    /// What the request that opens a transport shows.
    pub(crate) fn shown(opening: &HeaderMap) -> Self {
        let shown = KEPT.iter().flat_map(|name| {
            // A copy: what came with the request lies in the buffer of all of it.
            let copy = |value: &HeaderValue| {
                let mut copy = HeaderValue::from_bytes(value.as_bytes()).ok()?;
                copy.set_sensitive(value.is_sensitive());
                Some((name.clone(), copy))
            };
            opening.get_all(name).iter().filter_map(copy)
        });
        Self(shown.collect())
    }

    /// From the connect packet, and from what the request that opened the transport showed. A token
    /// is taken alone; without one the cookie counts, for pages that may send it.
    ///
    /// # Errors
    /// 400 for a packet that says something else; 401 for no credential at all.
    pub(crate) fn of(auth: Option<&str>, shown: Self) -> Result<Self> {
        let auth: Option<Auth> = match auth {
            None => None,
            Some(text) => serde_json::from_str(text).map_err(|_| malformed())?,
        };
        if let Some(token) = auth.and_then(|auth| auth.token) {
            if token.len() > MAX_TOKEN {
                return Err(malformed());
            }
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            let mut value = value.map_err(|_| Error::unauthenticated())?;
            value.set_sensitive(true);
            return Ok(Self(Arc::new([(header::AUTHORIZATION, value)])));
        }
        // Clients that are no browsers may set headers instead.
        Ok(shown)
    }

    /// Who they are by now.
    ///
    /// # Errors
    /// 401 when they are nobody any more; 403 for a page that may not use the cookie.
    pub(crate) async fn identify(&self, who: &Who) -> Result<Arc<Identity>> {
        // A cookie is only believed from our pages, as with a request that changes something. A
        // browser's polling request from the server's own page has no `Origin`, but says so.
        let is_own = |(name, site): &(HeaderName, HeaderValue)| {
            name == SEC_FETCH_SITE && site == "same-origin"
        };
        let own = self.0.iter().any(is_own);
        self.ask(who, if own { Method::GET } else { Method::POST }).await
    }

    /// The same of those who only read, as the request they came with did.
    ///
    /// # Errors
    /// As [`Self::identify`].
    pub(crate) async fn identify_reader(&self, who: &Who) -> Result<Arc<Identity>> {
        self.ask(who, Method::GET).await
    }

    async fn ask(&self, who: &Who, method: Method) -> Result<Arc<Identity>> {
        let request = Request::builder().method(method).uri(Uri::from_static("/v1/events"));
        let (mut parts, ()) = request.body(()).map_err(Error::internal)?.into_parts();
        for (name, value) in &*self.0 {
            parts.headers.append(name, value.clone());
        }
        who(parts).await?.ok_or_else(Error::unauthenticated)
    }
}

/// Somebody, in a connection that is called `id` in the log.
pub(crate) fn caller(identity: Arc<Identity>, id: &str) -> Caller {
    Caller::new(identity, Arc::from(id))
}

fn malformed() -> Error {
    Error::new(ErrorKind::Malformed, "malformed", "`auth` is an object with a `token`.")
}

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
