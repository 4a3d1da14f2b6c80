//! Reading a document at an address a user named.

use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use reqwest::{Client, Method, Response};
use types::{Error, ErrorKind, PersonId, Result, Shortage};
use url::Url;

use super::guard::Guard;
use super::{Egress, Span, lookups};

/// Redirects that are followed.
const REDIRECTS: usize = 5;

/// How much of somebody else's server is put up with.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The content types that are read, e.g. `text/html`.
    pub types: &'static [&'static str],
    /// The largest body.
    pub bytes: usize,
    /// From the first connection to the last byte, redirects included.
    pub total: Duration,
}

impl Bounds {
    /// Of documents of these types: two MiB in ten seconds.
    #[must_use]
    pub const fn of(types: &'static [&'static str]) -> Self {
        Self { types, bytes: 2 * 1024 * 1024, total: Duration::from_secs(10) }
    }
}

/// A document, read to its end.
#[derive(Debug)]
pub struct Document {
    /// Where it was found in the end.
    pub url: Url,
    /// Its content type, with parameters, in lower case.
    pub content_type: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Egress {
    /// Reads a document at an address that a user named: `of` is who. Those of one person wait for
    /// each other while names are looked up, and for nobody else's.
    ///
    /// Only public addresses are called, by http or https, at their usual
    /// ports, also after each redirect. Nothing of ours goes along: no cookie, no credential, no
    /// referrer. Bodies are read as they are, so none grows while it is unpacked.
    ///
    /// # Errors
    /// 422 `page_unreachable` — the one answer to what is refused, unknown and silent, so that
    /// nobody maps our network by it —, `page_not_found` for a status but 200,
    /// `page_too_slow`, `page_too_large`, `page_of_wrong_type`, `too_many_redirects`; 503 when too
    /// many read at the same time.
    pub async fn fetch_public(&self, of: PersonId, url: &Url, bounds: &Bounds) -> Result<Document> {
        let _place = self.0.visits.try_acquire().map_err(|_| {
            Error::overloaded("Too many pages are being read just now; try again soon.")
                .short_of(Shortage::Pages)
        })?;
        let client = self.visitor()?;
        let visit = visit(client, &self.0.guard, url.clone(), bounds);
        let visit = lookups::on_behalf(of, visit);
        tokio::time::timeout(bounds.total, visit).await.unwrap_or_else(|_| Err(too_slow()))
    }
}

async fn visit(client: &Client, guard: &Guard, mut url: Url, bounds: &Bounds) -> Result<Document> {
    for _ in 0..=REDIRECTS {
        if !guard.admit(&url) {
            return Err(unreachable());
        }
        url.set_fragment(None);
        let request = client
            .get(url.clone())
            .header(ACCEPT, bounds.types.join(", "))
            .header(ACCEPT_ENCODING, "identity");
        let mut span = Span::begin(&Method::GET, None);
        let response = span.ended(request.send().await).map_err(|error| failed(&error))?;
        match next(&url, &response) {
            Some(to) => url = to?,
            None => return read(url, response, bounds).await,
        }
    }
    Err(refusal("too_many_redirects", "leads on and on; name the page it ends at."))
}

/// Where a redirect leads.
fn next(from: &Url, response: &Response) -> Option<Result<Url>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let to = response.headers().get(LOCATION)?;
    let to = to.to_str().ok().and_then(|text| from.join(text).ok());
    Some(to.ok_or_else(unreachable))
}

async fn read(url: Url, mut response: Response, bounds: &Bounds) -> Result<Document> {
    if response.status().as_u16() != 200 {
        return Err(refusal("page_not_found", "is not the address of a page that is there."));
    }
    let text =
        |name| response.headers().get(name).map_or("", |value| value.to_str().unwrap_or("?"));
    let content_type = text(CONTENT_TYPE).to_ascii_lowercase();
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let packed = !matches!(text(CONTENT_ENCODING), "" | "identity");
    if packed || !bounds.types.contains(&kind) {
        return Err(refusal("page_of_wrong_type", "does not lead to a page this can read."));
    }
    let most = u64::try_from(bounds.bytes).unwrap_or(u64::MAX);
    if response.content_length().is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + chunk.len() > bounds.bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Document { url, content_type, body })
}

fn failed(error: &reqwest::Error) -> Error {
    if error.is_timeout() { too_slow() } else { unreachable() }
}

fn unreachable() -> Error {
    refusal("page_unreachable", "must be the address of a page that everybody can reach.")
}

fn too_slow() -> Error {
    refusal("page_too_slow", "leads to a server that takes too long; try again later.")
}

fn too_large() -> Error {
    refusal("page_too_large", "leads to a page that is too large to read.")
}

/// Whoever asked puts the field in front of the sentence.
fn refusal(code: &'static str, message: &'static str) -> Error {
    Error::new(ErrorKind::Invalid, code, message)
}
