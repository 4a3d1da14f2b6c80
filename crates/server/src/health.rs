//! Whether the server lives (`/v1/health`) and whether it can serve (`/v1/ready`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use database::Tx;
use kernel::App;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::error::Elapsed;
use types::{Error, ErrorKind, Result};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Problem, Reply};

use crate::start::keys;

/// An answer about readiness is good for this long, so that impatient probes cost nothing.
const FRESH: Duration = Duration::from_secs(1);
/// A check that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(3);

/// The state of these routes.
#[derive(Clone)]
pub(crate) struct Health {
    app: App,
    last: Arc<Mutex<Option<Look>>>,
}

/// What was seen.
#[derive(Clone, Copy)]
struct Look {
    at: Instant,
    /// The check that failed.
    failing: Option<&'static str>,
    /// Everything was as it should be once: what a look finds out then, beside that the store
    /// answers, does not change while this process lives.
    fine: bool,
}

pub(crate) fn new(app: App) -> Health {
    Health { app, last: Arc::default() }
}

pub(crate) fn router() -> OpenApiRouter<Health> {
    OpenApiRouter::new().routes(routes!(get_health)).routes(routes!(get_ready))
}

/// The process lives.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
struct Alive {
    /// Always `ok`.
    status: &'static str,
}

/// Everything needed to serve is there.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "status": "ready", "checks": {"database": "ok", "migrations": "ok", "keys": "ok"}
}))]
struct Ready {
    /// Always `ready`; else the answer is a problem.
    status: &'static str,
    checks: Checks,
}

/// What was looked at.
#[derive(Serialize, ToSchema)]
struct Checks {
    /// The store answers.
    database: &'static str,
    /// Its schema is the one this binary needs.
    migrations: &'static str,
    /// The keys are those the data was written with.
    keys: &'static str,
}

/// Is the process alive?
#[utoipa::path(get, path = "/v1/health", tag = "operations", operation_id = "get_health",
    security(()),
    responses((status = 200, description = "It is", body = Alive)))]
async fn get_health() -> Reply<Alive> {
    Reply(Alive { status: "ok" })
}

/// Can it serve?
///
/// Looks at the database, its schema and the keys, at most once a second.
#[utoipa::path(get, path = "/v1/ready", tag = "operations", operation_id = "get_ready",
    security(()),
    responses(
        (status = 200, description = "It can", body = Ready),
        (status = 503, description = "The message names what fails", body = Problem)))]
async fn get_ready(State(health): State<Health>) -> Answer<Reply<Ready>> {
    match health.failing().await {
        None => {
            let checks = Checks { database: "ok", migrations: "ok", keys: "ok" };
            Ok(Reply(Ready { status: "ready", checks }))
        }
        Some(check) => Err(Error::new(
            ErrorKind::Overloaded,
            "not_ready",
            format!("The server cannot serve just now: the check `{check}` fails; see its log."),
        )
        .into()),
    }
}

impl Health {
    /// The first check that fails. Callers that come together share one look.
    async fn failing(&self) -> Option<&'static str> {
        let mut last = self.last.lock().await;
        if let Some(look) = *last
            && look.at.elapsed() < FRESH
        {
            return look.failing;
        }
        let was_fine = last.is_some_and(|look| look.fine);
        let database = &self.app.meters().database;
        let answered = database.answered();
        let seen = tokio::time::timeout(PATIENCE, look(&self.app)).await;
        let failing = judge(seen, was_fine && database.answered() > answered);
        let fine = was_fine || failing.is_none();
        *last = Some(Look { at: Instant::now(), failing, fine });
        failing
    }
}

/// What a look says fails, where the store may have answered `others` meanwhile. A look that waited
/// in vain while others had their turn says that there is too much to do, which gets no better when
/// all that is sent here is sent to the other nodes.
fn judge(
    seen: Result<Result<Option<&'static str>>, Elapsed>,
    others: bool,
) -> Option<&'static str> {
    match seen {
        Ok(Ok(failing)) => return failing,
        Ok(Err(error)) if others && error.kind() == ErrorKind::Overloaded => return None,
        Err(_) if others => return None,
        Ok(Err(error)) => {
            tracing::warn!(cause = error.cause(), "not ready: {}", error.message());
        }
        Err(_) => tracing::warn!("not ready: the database does not answer"),
    }
    Some("database")
}

async fn look(app: &App) -> Result<Option<&'static str>> {
    if !app.db.is_writable() {
        return Ok(Some("database"));
    }
    if !app.db.is_current().await? {
        return Ok(Some("migrations"));
    }
    let own = keys::fingerprint(&app.keys);
    let stored = app.db.unbound().read(async |tx: &mut Tx| keys::stored(tx).await).await?;
    Ok((stored.as_deref() != Some(own.as_str())).then_some("keys"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_look_without_a_turn_fails_only_where_nobody_was_answered() {
        let late = || async { tokio::time::timeout(Duration::ZERO, std::future::pending()).await };
        assert_eq!(judge(late().await, false), Some("database"));
        assert_eq!(judge(late().await, true), None);
        assert_eq!(judge(Ok(Err(Error::overloaded("full"))), false), Some("database"));
        assert_eq!(judge(Ok(Err(Error::overloaded("full"))), true), None);
        assert_eq!(judge(Ok(Err(Error::internal("broken"))), true), Some("database"));
        assert_eq!(judge(Ok(Ok(Some("keys"))), true), Some("keys"), "it had its turn");
        assert_eq!(judge(Ok(Ok(None)), false), None);
    }
}
