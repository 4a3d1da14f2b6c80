//! What owners of the platform may know and do about backups.

use kernel::jobs::NewJob;
use kernel::{App, Caller, Work, access};
use serde_json::json;
use types::{Error, Json, Result};

use super::jobs::{KIND, ONE};
use super::made::{Backups, of_postgres};
use super::manifest::Kind;
use super::model::{BackupList, BackupStarted, BackupStatus};
use super::sql;
use crate::jobs::rules::tell;

/// Backups that are listed.
const LISTED: usize = 200;

/// The backups at the place the settings name, the newest first; none without a place.
///
/// # Errors
/// 401; 403; 503 when the place cannot be read.
pub async fn list(backups: &Backups, caller: &Caller) -> Result<BackupList> {
    owns_platform(caller)?;
    let Some(place) = backups.place() else { return Ok(BackupList { data: Vec::new() }) };
    let found = place.list(LISTED).await.map_err(|error| unread().caused_by(error.to_string()))?;
    Ok(BackupList { data: found.into_iter().map(Into::into).collect() })
}

/// How it stands with them.
///
/// # Errors
/// 401; 403.
pub async fn status(app: &App, backups: &Backups, caller: &Caller) -> Result<BackupStatus> {
    owns_platform(caller)?;
    let (next, job) = app
        .store(caller)
        .read(async |tx| Ok((sql::next(tx, KIND).await?, sql::under_way(tx, KIND).await?)))
        .await?;
    let (settings, state) = (backups.settings(), backups.state());
    let every = Some(settings.every.clone()).filter(|every| !every.is_empty());
    Ok(BackupStatus {
        supported: backups.has_file(),
        place: backups.place().map(super::place::Place::kind),
        encryption: backups.place().map(|_| settings.encryption()),
        next_at: next.filter(|_| every.is_some()),
        every,
        job_id: job,
        last: state.last,
        last_good: state.last_good,
        last_scheduled: state.last_scheduled,
        last_good_scheduled: state.last_good_scheduled,
    })
}

/// Makes one now; of many who ask at once all are told of the same job.
///
/// # Errors
/// 401; 403; 409 `backup_of_postgres`, `backup_not_configured`.
pub async fn create(app: &App, backups: &Backups, caller: &Caller) -> Result<BackupStarted> {
    owns_platform(caller)?;
    if !backups.has_file() {
        return Err(of_postgres());
    }
    backups.wanted(Kind::Manual)?;
    let job_id = app
        .change(caller, async move |work: &mut Work<'_>| {
            let job = NewJob::new(KIND, Json::empty()).unique(ONE);
            let id = work.submit(&job).await?;
            tell(work, None, "backup_requested", Some(id), json!({})).await?;
            Ok(id)
        })
        .await?;
    Ok(BackupStarted { job_id })
}

fn owns_platform(caller: &Caller) -> Result<()> {
    access::require_known(caller)?;
    if caller.identity().platform_owner {
        return Ok(());
    }
    Err(Error::forbidden("Only owners of the platform may do this, and not with an API key."))
}

/// Where exactly, and why, is for the log.
fn unread() -> Error {
    Error::new(
        types::ErrorKind::Overloaded,
        "backup_place_unreadable",
        "The place where backups lie cannot be read just now; the log says why.",
    )
    .retry_after(30)
}
