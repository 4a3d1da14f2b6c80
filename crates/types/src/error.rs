//! The one error of the house: a closed list of kinds, one per HTTP status in `docs`.

use std::borrow::Cow;
use std::fmt;

use crate::shortage::Shortage;

/// What every fallible function of the house returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The closed list of reasons a request can fail for; each has one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 400: the bytes cannot be read (broken JSON, bad header).
    Malformed,
    /// 401: nobody is signed in, or the credential is not valid.
    Unauthenticated,
    /// 402: a quota or budget is spent.
    QuotaSpent,
    /// 403: signed in, and never allowed to do this.
    Forbidden,
    /// 404: absent, or invisible to this caller.
    NotFound,
    /// 405: the path exists, the method does not.
    WrongMethod,
    /// 408: the client did not finish its request in time.
    TimedOut,
    /// 409: it contradicts what is stored.
    Conflict,
    /// 410: what a cursor stood at is no longer there; start again.
    Gone,
    /// 412: `If-Match` names another version.
    Precondition,
    /// 413: larger than allowed.
    TooLarge,
    /// 415: a content type this route does not read.
    WrongType,
    /// 422: readable, but not sensible; the fields say why.
    Invalid,
    /// 429: too many requests.
    TooFast,
    /// 500: our fault; the cause is logged, never shown.
    Internal,
    /// 503: overloaded or not ready; try again later.
    Overloaded,
    /// 507: the disk is full.
    StorageFull,
}

impl Kind {
    /// The HTTP status of this kind.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthenticated => 401,
            Self::QuotaSpent => 402,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::WrongMethod => 405,
            Self::TimedOut => 408,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::Precondition => 412,
            Self::TooLarge => 413,
            Self::WrongType => 415,
            Self::Invalid => 422,
            Self::TooFast => 429,
            Self::Internal => 500,
            Self::Overloaded => 503,
            Self::StorageFull => 507,
        }
    }

    /// The standard reason phrase of [`Kind::status`] (RFC 9110, RFC 4918, RFC 6585).
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "Bad Request",
            Self::Unauthenticated => "Unauthorized",
            Self::QuotaSpent => "Payment Required",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::WrongMethod => "Method Not Allowed",
            Self::TimedOut => "Request Timeout",
            Self::Conflict => "Conflict",
            Self::Gone => "Gone",
            Self::Precondition => "Precondition Failed",
            Self::TooLarge => "Content Too Large",
            Self::WrongType => "Unsupported Media Type",
            Self::Invalid => "Unprocessable Content",
            Self::TooFast => "Too Many Requests",
            Self::Internal => "Internal Server Error",
            Self::Overloaded => "Service Unavailable",
            Self::StorageFull => "Insufficient Storage",
        }
    }

    /// Whether the same request may succeed later without being changed.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(self, Self::TimedOut | Self::TooFast | Self::Overloaded | Self::StorageFull)
    }
}

/// One field of the request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// JSON pointer (RFC 6901) into the body, or the name of a query parameter.
    pub pointer: String,
    /// Stable `snake_case` for machines.
    pub code: Cow<'static, str>,
    /// A sentence that says what to do.
    pub message: String,
}

struct Inner {
    kind: Kind,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    fields: Vec<Field>,
    operation: Option<usize>,
    retry_after_s: Option<u32>,
    shortage: Option<Shortage>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Kind, code, message, fields and — for us only — the cause.
///
/// It does not implement [`std::error::Error`], so that every foreign error turns into
/// [`Kind::Internal`] by `?`.
pub struct Error(Box<Inner>);

impl Error {
    /// An error of `kind`; `code` is stable `snake_case`, `message` a full sentence that says
    /// what to do and contains nothing internal.
    pub fn new(
        kind: Kind,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            code: code.into(),
            message: message.into(),
            fields: Vec::new(),
            operation: None,
            retry_after_s: None,
            shortage: None,
            cause: None,
        }))
    }

    /// 404 in the one form that absent and invisible objects share.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            Kind::NotFound,
            "not_found",
            "There is nothing here that you may see; check the id and who you are signed in as.",
        )
    }

    /// 401: nobody is signed in.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(
            Kind::Unauthenticated,
            "unauthenticated",
            "Sign in first, or send a valid token or API key.",
        )
    }

    /// 403 with a sentence that says which right is missing.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Forbidden, "forbidden", message)
    }

    /// 409.
    pub fn conflict(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Kind::Conflict, code, message)
    }

    /// 422 about one field.
    pub fn invalid(
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self::fields(vec![Field {
            pointer: pointer.into(),
            code: code.into(),
            message: message.into(),
        }])
    }

    /// 422 about several fields; the first one also gives the code and the message.
    #[must_use]
    pub fn fields(fields: Vec<Field>) -> Self {
        let (code, message) = fields.first().map_or_else(
            || (Cow::Borrowed("invalid"), Cow::Borrowed("The request is not valid.")),
            |first| {
                let place = first.pointer.trim_start_matches('/');
                let message = if place.is_empty() {
                    first.message.clone()
                } else {
                    format!("{place}: {}", first.message)
                };
                (first.code.clone(), Cow::Owned(message))
            },
        );
        let mut error = Self::new(Kind::Invalid, code, message);
        error.0.fields = fields;
        error
    }

    /// 500 with a cause for the log; the caller sees a neutral sentence.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(
            Kind::Internal,
            "internal",
            "Something went wrong on our side; try again, and quote the request id if it stays.",
        )
        .caused_by(cause)
    }

    /// 503: a bounded queue is full or a part is not ready. [`Error::short_of`] says which.
    #[must_use]
    pub fn overloaded(message: &'static str) -> Self {
        let error = Self::new(Kind::Overloaded, "overloaded", message).retry_after(1);
        error.short_of(Shortage::Other)
    }

    /// Says which fields it is about.
    #[must_use]
    pub fn about(mut self, fields: Vec<Field>) -> Self {
        self.0.fields = fields;
        self
    }

    /// Says that what it points into is itself found at `place`.
    #[must_use]
    pub fn below(mut self, place: &str) -> Self {
        for field in &mut self.0.fields {
            if field.pointer.is_empty() || field.pointer.starts_with('/') {
                field.pointer.insert_str(0, place);
            }
        }
        self
    }

    /// Says which operation of a batch it is about, which is found at `place`.
    #[must_use]
    pub fn in_operation(mut self, index: usize, place: &str) -> Self {
        self.0.operation = Some(index);
        self.below(place)
    }

    /// The operation of a batch it is about.
    #[must_use]
    pub fn operation(&self) -> Option<usize> {
        self.0.operation
    }

    /// Attaches what the log should say; never shown to a caller.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Sets `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Says what was full; whoever answers counts it.
    #[must_use]
    pub fn short_of(mut self, what: Shortage) -> Self {
        self.0.shortage = Some(what);
        self
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Stable `snake_case` for machines.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// A sentence for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The fields that are wrong; empty unless the kind is [`Kind::Invalid`].
    #[must_use]
    pub fn field_errors(&self) -> &[Field] {
        &self.0.fields
    }

    /// Seconds for `Retry-After`, if known.
    #[must_use]
    pub fn retry_after_s(&self) -> Option<u32> {
        self.0.retry_after_s
    }

    /// What was full, where it is a refusal for want of room.
    #[must_use]
    pub fn shortage(&self) -> Option<Shortage> {
        self.0.shortage
    }

    /// The cause chain as one line, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        let mut text = self.0.cause.as_ref()?.to_string();
        let mut next = self.0.cause.as_ref()?.source();
        while let Some(source) = next {
            text.push_str(": ");
            text.push_str(&source.to_string());
            next = source.source();
        }
        Some(text)
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(cause: E) -> Self {
        Self::internal(cause)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("fields", &self.0.fields)
            .field("cause", &self.cause())
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match self.cause() {
            Some(cause) => write!(f, " ({cause})"),
            None => Ok(()),
        }
    }
}
