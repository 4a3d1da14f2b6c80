//! The verbs, and who may do what: owners of the platform everything, owners of a group what is
//! about its jobs.

use database::Tx;
use kernel::access::{self, Right, Role};
use kernel::events::NewEvent;
use kernel::{App, Caller, Work};
use serde_json::{Value, json};
use types::{Error, GroupId, JobId, Json, Limit, Result, Time};
use uuid::Uuid;

use super::model::{
    JobFilter, JobQueue, JobQueues, JobRecord, JobSchedules, JobState, RedriveJobs, RedrivenJobs,
};
use super::sql;

/// Dead jobs that are queued again in one transaction.
const REDRIVEN: i64 = 5_000;
/// Characters of a kind.
const KIND_CHARS: usize = 100;

/// A page of jobs, the newest first.
///
/// # Errors
/// 401; 403 unless the caller owns the platform, or the group that is named; 404 for a group they do
/// not see.
pub async fn list(
    app: &App,
    caller: &Caller,
    filter: JobFilter,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<JobRecord>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            may_read(tx, &caller, filter.group_id).await?;
            let jobs = sql::list(tx, &filter, after, limit).await?;
            Ok(jobs.into_iter().map(|job| told_to(&caller, job)).collect())
        })
        .await
}

/// One job.
///
/// # Errors
/// 401; 403; 404 when there is none the caller may see.
pub async fn get(app: &App, caller: &Caller, id: JobId) -> Result<JobRecord> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            let job = visible(tx, &caller, id).await?;
            Ok(told_to(&caller, job))
        })
        .await
}

/// Runs a job again that was given up or ended, or now one that waits.
///
/// # Errors
/// 401; 403; 404; 409 `job_running`, `job_done`, `job_exists`.
pub async fn retry(app: &App, caller: &Caller, id: JobId) -> Result<JobRecord> {
    let change = async move |work: &mut Work<'_>| {
        let job = changeable(work, id).await?;
        match job.state {
            JobState::Queued | JobState::Dead | JobState::Cancelled => {}
            JobState::Running => {
                return Err(Error::conflict("job_running", "This job is running just now."));
            }
            JobState::Done => {
                return Err(Error::conflict(
                    "job_done",
                    "This job is done; there is no more to do.",
                ));
            }
        }
        if sql::has_twin(work.tx, id).await? {
            return Err(Error::conflict(
                "job_exists",
                "A job like this one is queued or running, and there may be only one.",
            ));
        }
        sql::retry(work.tx, id, work.now).await?;
        work.stir_jobs();
        tell(work, job.group_id, "job_retried", Some(id), json!({ "kind": job.kind })).await?;
        let job = sql::find(work.tx, id).await?.ok_or_else(Error::not_found)?;
        Ok(told_to(work.caller, job))
    };
    app.change(caller, change).await
}

/// Ends a job: at once when it waits, at its next pause when it runs.
///
/// # Errors
/// 401; 403; 404; 409 `job_over`.
pub async fn cancel(app: &App, caller: &Caller, id: JobId) -> Result<JobRecord> {
    let change = async move |work: &mut Work<'_>| {
        let job = changeable(work, id).await?;
        match job.state {
            JobState::Queued => {
                let expires = work.app().jobs.done_until(work.now);
                sql::cancel_queued(work.tx, id, work.now, expires).await?;
            }
            JobState::Running => sql::cancel_running(work.tx, id, work.now).await?,
            JobState::Done | JobState::Dead | JobState::Cancelled => {
                return Err(Error::conflict("job_over", "This job is over already."));
            }
        }
        work.stir_jobs();
        tell(work, job.group_id, "job_cancelled", Some(id), json!({ "kind": job.kind })).await?;
        let job = sql::find(work.tx, id).await?.ok_or_else(Error::not_found)?;
        Ok(told_to(work.caller, job))
    };
    app.change(caller, change).await
}

/// Runs dead jobs of a kind again.
///
/// # Errors
/// 401; 403; 404 for a group the caller does not see; 422 for what is no kind.
pub async fn redrive(app: &App, caller: &Caller, asked: RedriveJobs) -> Result<RedrivenJobs> {
    let kind = kind(&asked.kind, "/kind")?;
    let group = asked.group_id;
    let change = async move |work: &mut Work<'_>| {
        may_change(work, group).await?;
        let redriven = sql::redrive(work.tx, &kind, group, work.now, REDRIVEN).await?;
        if redriven == 0 {
            work.silently();
            return Ok(RedrivenJobs { redriven, more: false });
        }
        work.stir_jobs();
        let metadata = json!({ "kind": kind, "jobs": redriven });
        tell(work, group, "jobs_redriven", None, metadata).await?;
        Ok(RedrivenJobs { redriven, more: redriven == REDRIVEN.unsigned_abs() })
    };
    app.change(caller, change).await
}

/// Every queue.
///
/// # Errors
/// 401; 403 for who does not own the platform.
pub async fn queues(app: &App, caller: &Caller) -> Result<JobQueues> {
    owns_platform(caller)?;
    let now = app.now();
    let data = app.store(caller).read_long(async move |tx| all(tx, now).await).await?;
    Ok(JobQueues { data })
}

/// Every queue, by kind.
pub(crate) async fn all(tx: &mut Tx, now: Time) -> Result<Vec<JobQueue>> {
    let mut queues = sql::queues(tx).await?;
    for (kind, state, count) in sql::counts(tx).await? {
        if !queues.iter().any(|queue| queue.kind == kind) {
            queues.push(JobQueue::empty(kind.clone(), None));
        }
        let Some(queue) = queues.iter_mut().find(|queue| queue.kind == kind) else {
            continue;
        };
        match JobState::named(&state) {
            Some(JobState::Queued) => queue.queued = count,
            Some(JobState::Running) => queue.running = count,
            _ => queue.dead = count,
        }
    }
    for queue in queues.iter_mut().filter(|queue| queue.queued > 0) {
        let oldest = sql::oldest(tx, &queue.kind, now).await?;
        queue.oldest_age_seconds = oldest.map(|oldest| (now.seconds() - oldest.seconds()).max(0));
    }
    queues.sort_by(|one, other| one.kind.cmp(&other.kind));
    Ok(queues)
}

/// Holds jobs of a kind back, on every node; what runs goes on. Or lets them run again.
///
/// # Errors
/// 401; 403 for who does not own the platform; 404 for a kind that has no queue.
pub async fn pause(app: &App, caller: &Caller, name: &str, paused: bool) -> Result<JobQueue> {
    owns_platform(caller)?;
    let name = kind(name, "kind").map_err(|_| Error::not_found())?;
    let wanted = name.clone();
    let change = async move |work: &mut Work<'_>| {
        let now = work.now;
        if !sql::pause(work.tx, &wanted, paused.then_some(now), now).await? {
            work.silently();
            return Ok(());
        }
        work.stir_jobs();
        let event = if paused { "job_queue_paused" } else { "job_queue_resumed" };
        tell(work, None, event, None, json!({ "kind": wanted })).await
    };
    app.change(caller, change).await?;
    let all = queues(app, caller).await?.data;
    all.into_iter().find(|queue| queue.kind == name).ok_or_else(Error::not_found)
}

/// Every schedule.
///
/// # Errors
/// 401; 403 for who does not own the platform.
pub async fn schedules(app: &App, caller: &Caller) -> Result<JobSchedules> {
    owns_platform(caller)?;
    let data = app.store(caller).read(async |tx| sql::schedules(tx).await).await?;
    Ok(JobSchedules { data })
}

fn kind(text: &str, pointer: &'static str) -> Result<String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if text.is_empty() || text.len() > KIND_CHARS || !text.chars().all(plain) {
        let message = "must be the kind of a job: letters, digits, dots, dashes.";
        return Err(Error::invalid(pointer, "invalid_kind", message));
    }
    Ok(text.to_owned())
}

pub(crate) fn owns_platform(caller: &Caller) -> Result<()> {
    access::require_known(caller)?;
    if caller.identity().platform_owner {
        return Ok(());
    }
    Err(Error::forbidden(
        "Only owners of the platform may do this, and not with an API key. Owners of a group name \
         it in `groupId`.",
    ))
}

async fn may_read(tx: &mut Tx, caller: &Caller, group: Option<GroupId>) -> Result<()> {
    let Some(group) = group else { return owns_platform(caller) };
    let place = access::standing(tx, caller, group).await?;
    place.require(Right::GroupsRead)?;
    if place.owns { Ok(()) } else { Err(only_owners()) }
}

async fn may_change(work: &mut Work<'_>, group: Option<GroupId>) -> Result<()> {
    let Some(group) = group else { return owns_platform(work.caller) };
    let place = access::standing(work.tx, work.caller, group).await?;
    place.require(Right::GroupsUpdate)?;
    if place.role >= Some(Role::GroupOwner) { Ok(()) } else { Err(only_owners()) }
}

fn only_owners() -> Error {
    Error::forbidden("Only owners of this group see and change its jobs.")
}

/// A job of the house does not exist for anybody but who owns the platform.
async fn visible(tx: &mut Tx, caller: &Caller, id: JobId) -> Result<JobRecord> {
    access::require_known(caller)?;
    let job = sql::find(tx, id).await?.ok_or_else(Error::not_found)?;
    if job.group_id.is_none() && !caller.identity().platform_owner {
        return Err(Error::not_found());
    }
    may_read(tx, caller, job.group_id).await?;
    Ok(job)
}

async fn changeable(work: &mut Work<'_>, id: JobId) -> Result<JobRecord> {
    let job = visible(work.tx, work.caller, id).await?;
    may_change(work, job.group_id).await?;
    Ok(job)
}

/// What a failure was caused by is for who runs the house.
fn told_to(caller: &Caller, mut job: JobRecord) -> JobRecord {
    if !caller.identity().platform_owner {
        job.last_error = job.last_error.map(|error| match error.split_once(" (") {
            Some((message, _)) => message.to_owned(),
            None => error,
        });
    }
    job
}

/// In the log of the group whose jobs it is about; of the house's, in the platform's.
pub(crate) async fn tell(
    work: &mut Work<'_>,
    group: Option<GroupId>,
    kind: &'static str,
    id: Option<JobId>,
    metadata: Value,
) -> Result<()> {
    let at = match group {
        Some(group) => Some(group),
        None => sql::platform(work.tx).await?,
    };
    let Some(at) = at else {
        work.silently();
        return Ok(());
    };
    let metadata = Json::of(&metadata)?;
    let event = NewEvent::new(at, kind, id.map(Into::into), &metadata);
    let me = work.me();
    work.record(event.about("private", me)).await?;
    Ok(())
}
