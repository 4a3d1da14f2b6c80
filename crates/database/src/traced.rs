//! A transaction as it is counted and as the trace it is in has it.

use telemetry::{Current, Span, SpanKind, Transactions};
use types::Result;

use crate::Engine;

/// Begins its span, and what is done in it; nothing outside of traces that are recorded.
pub(crate) fn begin(engine: Engine, mode: &'static str) -> (Option<Current>, Option<Span>) {
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
    (inside, span)
}

/// Counts how it ended, and says so to the trace. What a rule refused went well.
pub(crate) fn ended<T>(all: &Transactions, span: Option<Span>, outcome: Result<T>) -> Result<T> {
    all.ended(outcome.is_ok());
    if let (Some(mut span), Err(error)) = (span, &outcome)
        && error.kind().status() >= 500
    {
        span.failed(error.code().to_owned());
    }
    outcome
}
