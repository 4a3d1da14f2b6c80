//! What the code that answers a request knows of it without being handed it: its id, where in a
//! trace it is, and which of its statements were slow.
//!
//! It follows a task. Whoever goes on elsewhere — in a task of its own, on a thread of the database —
//! takes it along with [`current`] and [`within`].

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::trace::{Place, Span, SpanKind};

/// Statements remembered of one request.
const STATEMENTS: usize = 5;
/// Letters of a statement that are told.
const LETTERS: usize = 1_000;

tokio::task_local! {
    static CURRENT: Current;
}

/// A request being answered, or background work that is traced. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Current {
    request: Arc<Request>,
    /// Where in the trace it is by now, once that is below its own span.
    inside: Option<Arc<Place>>,
}

#[derive(Debug)]
struct Request {
    id: Option<Arc<str>>,
    /// The slowest first.
    slow: Mutex<Vec<(Duration, String)>>,
    place: Option<Place>,
}

impl Current {
    /// A request of this id.
    #[must_use]
    pub fn new(id: Arc<str>) -> Self {
        Self::of(Some(id), None)
    }

    /// What is done in a span; background work has no id.
    #[must_use]
    pub fn traced(id: Option<Arc<str>>, span: &Span) -> Self {
        Self::of(id, Some(span.place()))
    }

    fn of(id: Option<Arc<str>>, place: Option<Place>) -> Self {
        Self { request: Arc::new(Request { id, slow: Mutex::default(), place }), inside: None }
    }

    /// Its id; background work has none.
    #[must_use]
    pub fn request_id(&self) -> Option<&Arc<str>> {
        self.request.id.as_ref()
    }

    fn place(&self) -> Option<&Place> {
        self.inside.as_deref().or(self.request.place.as_ref())
    }

    fn child(&self, name: &'static str, kind: SpanKind) -> Option<(Self, Span)> {
        let span = self.place()?.child(name, kind)?;
        let inside = Some(Arc::new(span.place()));
        Some((Self { request: Arc::clone(&self.request), inside }, span))
    }

    /// It waited so long for its turn, which it has now.
    pub fn waited(&self, time: Duration) {
        if let Some(place) = self.place() {
            place.waited(time);
        }
    }

    /// Remembers a statement that was slow, if it is among the slowest: its text only, never what it
    /// was given.
    pub fn was_slow(&self, statement: &str, took: Duration) {
        let mut slow = self.request.slow.lock().unwrap_or_else(PoisonError::into_inner);
        let place = slow.partition_point(|(other, _)| *other >= took);
        if place < STATEMENTS {
            slow.truncate(STATEMENTS - 1);
            slow.insert(place, (took, shortened(statement).to_owned()));
        }
    }

    /// The slowest statements so far, each with how long it took.
    #[must_use]
    pub fn slow(&self) -> Vec<String> {
        let slow = self.request.slow.lock().unwrap_or_else(PoisonError::into_inner);
        slow.iter().map(|(took, text)| format!("{} ms: {text}", took.as_millis())).collect()
    }

    /// Runs `then` as part of it.
    pub fn run<T>(&self, then: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), then)
    }

    /// Runs a future as part of it.
    pub fn scope<F: Future>(self, future: F) -> tokio::task::futures::TaskLocalFuture<Self, F> {
        CURRENT.scope(self, future)
    }
}

/// The beginning of a statement, which may have thousands of parameters.
#[must_use]
pub fn shortened(statement: &str) -> &str {
    statement.char_indices().nth(LETTERS).map_or(statement, |(at, _)| &statement[..at])
}

/// The request or the traced work this code runs for.
#[must_use]
pub fn current() -> Option<Current> {
    CURRENT.try_with(Current::clone).ok()
}

/// Begins a span below the one this code runs in, and what is done in it; none where it would not be
/// recorded.
#[must_use]
pub fn child(name: &'static str, kind: SpanKind) -> Option<(Current, Span)> {
    CURRENT.try_with(|current| current.child(name, kind)).ok().flatten()
}

/// This code waited so long for its turn, which it has now.
pub fn waited(time: Duration) {
    // Outside of everything there is nobody to tell.
    let _ = CURRENT.try_with(|current| current.waited(time));
}

/// Where this code is in a trace, as it is passed on in the header of that name.
#[must_use]
pub fn traceparent() -> Option<String> {
    CURRENT.try_with(|current| current.place()?.traceparent()).ok().flatten()
}

/// Runs a future as part of a request, if there is one.
pub async fn within<F: Future>(current: Option<Current>, future: F) -> F::Output {
    match current {
        Some(current) => current.scope(future).await,
        None => future.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_told_shortly() {
        let long = "é".repeat(3_000);
        assert_eq!(shortened(&long).chars().count(), 1_000);
        assert_eq!(shortened("select 1"), "select 1");
        let current = Current::new("r".into());
        for took in [3, 9, 1, 7, 7, 2, 8] {
            current.was_slow("select 1", Duration::from_millis(took));
        }
        let slowest = [9, 8, 7, 7, 3].map(|took| format!("{took} ms: select 1"));
        assert_eq!(current.slow(), slowest);
        assert!(super::current().is_none());
        current.run(|| {
            let id = super::current().and_then(|one| one.request_id().cloned());
            assert_eq!(id, Some("r".into()));
        });
    }
}
