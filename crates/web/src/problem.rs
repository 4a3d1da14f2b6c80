//! Every failure on the wire: one RFC 9457 document, made from the one error of the house.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};
use types::{Error, ErrorKind, Field};
use utoipa::ToSchema;

use crate::current::CURRENT;

/// What a handler returns.
pub type Answer<T> = Result<T, Failure>;

/// An [`Error`] on its way out. Anything that turns into an [`Error`] turns into this by `?`.
#[derive(Debug)]
pub struct Failure(Error);

impl Failure {
    /// The error inside.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.0
    }

    /// Takes the error out, for a surface that answers in a contract of its own.
    #[must_use]
    pub fn into_error(self) -> Error {
        self.0
    }

    /// The same failure in the shape the better-auth client reads.
    #[must_use]
    pub fn auth(self) -> crate::AuthFailure {
        self.into()
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        CURRENT
            .try_with(|current| render(&self.0, self.0.code(), &current.request_id))
            .unwrap_or_else(|_| render(&self.0, self.0.code(), ""))
    }
}

/// The code of a failed answer, in the response's extensions: for the log line and for metrics.
#[derive(Debug, Clone)]
pub struct ErrorCode(pub Box<str>);

/// In the extensions of an answer to a request that was refused for want of room, before anybody
/// looked at it.
#[derive(Debug, Clone)]
pub(crate) struct Refused;

/// What went wrong: an RFC 9457 problem document, the same for every failure.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "type": "about:blank",
    "title": "Unprocessable Content",
    "status": 422,
    "code": "too_long",
    "message": "name: This is longer than 200 characters.",
    "requestId": "5f0c61b1d2aa0000000000000001",
    "retryable": false,
    "errors": [{
        "pointer": "/name",
        "code": "too_long",
        "message": "This is longer than 200 characters."
    }]
}))]
pub struct Problem {
    /// Always `about:blank`: `code` tells problems apart.
    #[serde(rename = "type")]
    pub kind: String,
    /// The reason phrase of the status.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable, for machines.
    pub code: String,
    /// A sentence for people that says what to do.
    pub message: String,
    /// Quote it when you report a problem; also in `X-Request-Id`.
    pub request_id: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// The fields that are wrong; empty when the problem is not about fields.
    pub errors: Vec<ProblemField>,
    /// The operation of a batch that failed, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<usize>,
}

impl Problem {
    /// What [`Failure`] answers, as a part of an answer.
    #[must_use]
    pub fn of(error: &Error, request_id: &str) -> Self {
        let kind = error.kind();
        let field = |field: &Field| ProblemField {
            pointer: field.pointer.clone(),
            code: field.code.to_string(),
            message: field.message.clone(),
        };
        Self {
            kind: "about:blank".to_owned(),
            title: kind.title().to_owned(),
            status: kind.status(),
            code: error.code().to_owned(),
            message: error.message().to_owned(),
            request_id: request_id.to_owned(),
            retryable: kind.retryable(),
            errors: error.field_errors().iter().map(field).collect(),
            operation: error.operation(),
        }
    }
}

/// One field that is wrong.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProblemField {
    /// JSON pointer (RFC 6901) into the body, or the name of a query parameter.
    pub pointer: String,
    /// Stable, for machines.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'a str,
    message: &'a str,
    request_id: &'a str,
    retryable: bool,
    errors: Fields<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<usize>,
}

struct Fields<'a>(&'a [Field]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct One<'a> {
            pointer: &'a str,
            code: &'a str,
            message: &'a str,
        }
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for Field { pointer, code, message } in self.0 {
            list.serialize_element(&One { pointer, code, message })?;
        }
        list.end()
    }
}

/// Writes the document; `code` is the error's own, or its form on another surface.
pub(crate) fn render(error: &Error, code: &str, request_id: &str) -> Response {
    log_failure(error, request_id);
    let kind = error.kind();
    let document = Document {
        kind: "about:blank",
        title: kind.title(),
        status: kind.status(),
        code,
        message: error.message(),
        request_id,
        retryable: kind.retryable(),
        errors: Fields(error.field_errors()),
        operation: error.operation(),
    };
    let mut body = Vec::with_capacity(512);
    if serde_json::to_writer(&mut body, &document).is_err() {
        body.clear();
    }
    let mut response = Response::new(axum::body::Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.extensions_mut().insert(ErrorCode(error.code().into()));
    if let Some(shortage) = error.shortage() {
        // The edge counts by it.
        response.extensions_mut().insert(shortage);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if kind == ErrorKind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    // Whoever is told to come back is told when, even where the error does not know better.
    let wait = (kind == ErrorKind::Overloaded).then_some(1);
    if let Some(seconds) = error.retry_after_s().or(wait) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The one place where a cause is told; it never reaches the caller. What a client may bring about
/// is no news for an operator.
pub fn log_failure(error: &Error, request_id: &str) {
    let Some(cause) = error.cause() else {
        if error.kind() == ErrorKind::Internal {
            tracing::error!(request_id, error_code = error.code(), "a request failed");
        }
        return;
    };
    if error.kind().status() >= 500 {
        tracing::error!(request_id, error_code = error.code(), cause, "a request failed");
    } else {
        tracing::debug!(request_id, error_code = error.code(), cause, "a request was refused");
    }
}

/// For `responses(…)` of a documented route: every problem any route may answer.
///
/// The schema [`Problem`] itself has to be registered once in the document's components.
pub struct Problems;

impl utoipa::IntoResponses for Problems {
    fn responses()
    -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
        use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
        const DOCUMENTED: [ErrorKind; 14] = [
            ErrorKind::Malformed,
            ErrorKind::Unauthenticated,
            ErrorKind::QuotaSpent,
            ErrorKind::Forbidden,
            ErrorKind::NotFound,
            ErrorKind::Conflict,
            ErrorKind::Precondition,
            ErrorKind::TooLarge,
            ErrorKind::WrongType,
            ErrorKind::Invalid,
            ErrorKind::TooFast,
            ErrorKind::Internal,
            ErrorKind::Overloaded,
            ErrorKind::StorageFull,
        ];
        DOCUMENTED
            .into_iter()
            .map(|kind| {
                let content =
                    ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
                let response = ResponseBuilder::new()
                    .description(kind.title())
                    .content("application/problem+json", content)
                    .build();
                (kind.status().to_string(), response.into())
            })
            .collect()
    }
}

#[cfg(test)]
#[path = "problem_tests.rs"]
mod tests;
