//! A transaction as it is counted and as the trace it is in has it.

use telemetry::{Current, Span, SpanKind, Transactions};
use types::Result;

use crate::Engine;

/// A transaction that somebody waits for. Dropped before it ended, it was given up by them; whether
/// it was carried out all the same nobody is there to learn.
pub(crate) struct Traced<'m> {
    all: &'m Transactions,
    span: Option<Span>,
    ended: bool,
}

/// Begins with it, and what is done in its span; nothing outside of traces that are recorded.
pub(crate) fn begin<'a>(
    engine: Engine,
    mode: &'static str,
    all: &'a Transactions,
) -> (Option<Current>, Traced<'a>) {
    let name = if mode == "read" { "read transaction" } else { "write transaction" };
    let (inside, span) = telemetry::child(name, SpanKind::Client).unzip();
    let span = span.map(|mut span| {
        let system = match engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgresql",
        };
        span.set("db.system.name", system);
        span.set("sixfold.transaction.mode", mode);
        span
    });
    (inside, Traced { all, span, ended: false })
}

impl Traced<'_> {
    /// Counts how it ended, and says so to the trace. What a rule refused went well.
    pub(crate) fn ended<T>(mut self, outcome: Result<T>) -> Result<T> {
        self.ended = true;
        self.all.ended(outcome.is_ok());
        if let (Some(span), Err(error)) = (&mut self.span, &outcome)
            && error.kind().status() >= 500
        {
            span.failed(error.code().to_owned());
        }
        outcome
    }
}

impl Drop for Traced<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.all.ended(false);
        if let Some(span) = &mut self.span {
            span.failed("given_up");
        }
    }
}
