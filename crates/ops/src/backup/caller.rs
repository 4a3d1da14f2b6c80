//! The client behind a bucket: the house's own, with a limit on the time of each call.

use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use kernel::egress::Span;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};

/// Bytes that are read of a refusal.
const REFUSAL: usize = 16 << 10;

/// Makes calls that take so long at most: until an answer begins, and between two pieces of it.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    limit: Duration,
}

impl Caller {
    pub(super) const fn within(limit: Duration) -> Self {
        Self { limit }
    }
}

impl HttpConnector for Caller {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = kernel::egress::storage(self.limit).map_err(|error| {
            object_store::Error::Generic { store: "S3", source: error.to_string().into() }
        })?;
        Ok(HttpClient::new(Service { client, limit: self.limit }))
    }
}

#[derive(Debug)]
struct Service {
    client: reqwest::Client,
    limit: Duration,
}

impl Service {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string();
        let url = url.parse::<reqwest::Url>();
        let url = url.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        let mut span = Span::begin(&parts.method, Some(&url));
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        let body = body.collect().await.map(http_body_util::Collected::to_bytes);
        *request.body_mut() = Some(body?.into());
        let sent = tokio::time::timeout(self.limit, self.client.execute(request)).await;
        let late = |error| HttpError::new(HttpErrorKind::Timeout, error);
        let answer = sent.map_err(late).and_then(|sent| sent.map_err(told));
        let answer = answer.inspect_err(|_| span.failed("unanswered"))?;
        span.answered(answer.status());
        let (parts, body) = http::Response::<reqwest::Body>::from(answer).into_parts();
        let body = HttpResponseBody::new(body.map_err(told));
        if parts.status.is_success() {
            return Ok(HttpResponse::from_parts(parts, body));
        }
        // What is said about a refusal goes to the log, and some say there what they were sent.
        let code = tokio::time::timeout(self.limit, code(body)).await;
        let code = code.ok().flatten().unwrap_or_default();
        Ok(HttpResponse::from_parts(parts, code.into()))
    }
}

/// The code in a refusal: `AccessDenied`.
async fn code(body: HttpResponseBody) -> Option<String> {
    let (mut pieces, mut text) = (body.bytes_stream(), Vec::new());
    while let Some(piece) = pieces.next().await {
        text.extend_from_slice(&piece.ok()?);
        if text.len() > REFUSAL {
            return None;
        }
    }
    let (_, rest) = std::str::from_utf8(&text).ok()?.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let plain = code.len() <= 64 && code.chars().all(|letter| letter.is_ascii_alphanumeric());
    plain.then(|| code.to_owned())
}

impl HttpService for Service {
    fn call<'a, 'b>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(self.send(request))
    }
}

/// The address stays out of it: it is told elsewhere.
fn told(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_body() || error.is_request() {
        HttpErrorKind::Interrupted
    } else {
        HttpErrorKind::Unknown
    };
    HttpError::new(kind, error.without_url())
}
