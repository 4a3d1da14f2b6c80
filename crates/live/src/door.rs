//! Who is let in: by the token of the connect packet, or by the cookie of the page.

use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
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

/// What somebody proved themselves with: the headers a request of theirs would have.
#[derive(Clone)]
pub(crate) struct Credentials(HeaderMap);

/// What a client says of itself in the connect packet.
#[derive(Deserialize)]
struct Auth {
    #[serde(default)]
    token: Option<String>,
}

impl Credentials {
    /// From the connect packet and the request that opened the transport. A token is taken alone;
    /// without one the cookie counts, for pages that may send it.
    ///
    /// # Errors
    /// 400 for a packet that says something else; 401 for no credential at all.
    pub(crate) fn of(auth: Option<&str>, opening: &HeaderMap) -> Result<Self> {
        let auth: Option<Auth> = match auth {
            None => None,
            Some(text) => serde_json::from_str(text).map_err(|_| malformed())?,
        };
        let mut headers = HeaderMap::new();
        if let Some(token) = auth.and_then(|auth| auth.token) {
            if token.len() > MAX_TOKEN {
                return Err(malformed());
            }
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            let mut value = value.map_err(|_| Error::unauthenticated())?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
            return Ok(Self(headers));
        }
        // Clients that are no browsers may set headers instead.
        const KEPT: [&str; 6] =
            ["authorization", "x-api-key", "cookie", "origin", "host", "sec-fetch-site"];
        for name in KEPT {
            for value in opening.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        Ok(Self(headers))
    }

    /// Who they are by now.
    ///
    /// # Errors
    /// 401 when they are nobody any more; 403 for a page that may not use the cookie.
    pub(crate) async fn identify(&self, who: &Who) -> Result<Arc<Identity>> {
        // A cookie is only believed from our pages, as with a request that changes something. A
        // browser's polling request from the server's own page has no `Origin`, but says so.
        let own = self.0.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
        let method = if own { Method::GET } else { Method::POST };
        let request = Request::builder().method(method).uri(Uri::from_static("/v1/events"));
        let (mut parts, ()) = request.body(()).map_err(Error::internal)?.into_parts();
        parts.headers = self.0.clone();
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
