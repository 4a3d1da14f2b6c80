//! The wires of jobs.

use axum::extract::State;
use http::Uri;
use types::{JobId, Page};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use web::{Answer, Body, By, Listed, PageParams, Paged, Path, Problem, Reply};

use super::model::{
    JobFilter, JobQueue, JobQueues, JobRecord, JobSchedules, RedriveJobs, RedrivenJobs,
};
use super::rules;
use crate::Ops;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<Ops> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs))
        .routes(routes!(list_job_queues))
        .routes(routes!(list_job_schedules))
        .routes(routes!(redrive_jobs))
        .routes(routes!(pause_job_queue))
        .routes(routes!(resume_job_queue))
        .routes(routes!(get_job))
        .routes(routes!(retry_job))
        .routes(routes!(cancel_job))
}

/// Path and filters, in one order, without what only says which page.
fn scope(uri: &Uri) -> String {
    let mut pairs: Vec<&str> = uri.query().unwrap_or_default().split('&').collect();
    pairs.retain(|pair| !matches!(pair.split('=').next(), Some("" | "cursor" | "limit")));
    pairs.sort_unstable();
    format!("{}&{}", uri.path(), pairs.join("&"))
}

/// List jobs
///
/// The newest first. Owners of the platform see all of them; owners of a group name it and see its
/// own.
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs", operation_id = "list_jobs",
    params(JobFilter, PageParams),
    responses(
        (status = 200, description = "A page of jobs", body = Page<JobRecord>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform, nor of the group", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_jobs(
    State(ops): State<Ops>,
    By(caller): By,
    uri: Uri,
    page: Paged<JobFilter>,
) -> Answer<Listed<JobRecord>> {
    let scope = scope(&uri);
    let opened =
        page.cursor.as_deref().map(|cursor| ops.cursors.open(&scope, cursor)).transpose()?;
    let after = opened.and_then(|bytes| Uuid::from_slice(&bytes).ok());
    let mut data = rules::list(&ops, &caller, page.filter, after, page.limit).await?;
    let has_more = data.len() > page.limit.rows();
    data.truncate(page.limit.rows());
    let last = data.last().filter(|_| has_more);
    let next_cursor = last.map(|job| ops.cursors.seal(&scope, job.id.0.as_bytes()));
    Ok(Listed(Page { data, next_cursor, has_more }, uri))
}

/// Get a job
///
/// What it was given is shown as far as it is ids, numbers and flags.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs", operation_id = "get_job",
    params(("id" = JobId, Path, description = "The job")),
    responses(
        (status = 200, description = "The job", body = JobRecord),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of its group", body = Problem),
        (status = 404, description = "No such job to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn get_job(
    State(ops): State<Ops>,
    By(caller): By,
    Path(id): Path<JobId>,
) -> Answer<Reply<JobRecord>> {
    Ok(Reply(rules::get(&ops, &caller, id).await?))
}

/// Run a job again
///
/// One that was given up or cancelled has all its tries again; one that waits for its moment runs
/// now.
#[utoipa::path(post, path = "/v1/jobs/{id}/retry", tag = "jobs", operation_id = "retry_job",
    params(("id" = JobId, Path, description = "The job")),
    responses(
        (status = 200, description = "Queued again", body = JobRecord),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of its group", body = Problem),
        (status = 404, description = "No such job to see", body = Problem),
        (status = 409, description = "It runs, it is done, or there is another like it: \
            `job_running`, `job_done`, `job_exists`", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn retry_job(
    State(ops): State<Ops>,
    By(caller): By,
    Path(id): Path<JobId>,
) -> Answer<Reply<JobRecord>> {
    Ok(Reply(rules::retry(&ops, &caller, id).await?))
}

/// Cancel a job
///
/// One that waits is cancelled at once; one that runs is stopped at its next pause, within seconds
/// on whichever node it is, and reads `cancelling` until then.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", tag = "jobs", operation_id = "cancel_job",
    params(("id" = JobId, Path, description = "The job")),
    responses(
        (status = 200, description = "Cancelled, or about to be", body = JobRecord),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of its group", body = Problem),
        (status = 404, description = "No such job to see", body = Problem),
        (status = 409, description = "It is over: `job_over`", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn cancel_job(
    State(ops): State<Ops>,
    By(caller): By,
    Path(id): Path<JobId>,
) -> Answer<Reply<JobRecord>> {
    Ok(Reply(rules::cancel(&ops, &caller, id).await?))
}

/// Run dead jobs of a kind again
///
/// At most 5000 at once, the oldest first.
#[utoipa::path(post, path = "/v1/jobs/redrive", tag = "jobs", operation_id = "redrive_jobs",
    request_body = RedriveJobs,
    responses(
        (status = 200, description = "How many are queued again", body = RedrivenJobs),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform, nor of the group", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn redrive_jobs(
    State(ops): State<Ops>,
    By(caller): By,
    Body(asked): Body<RedriveJobs>,
) -> Answer<Reply<RedrivenJobs>> {
    Ok(Reply(rules::redrive(&ops, &caller, asked).await?))
}

/// List the queues of jobs
///
/// One for each kind, for owners of the platform.
#[utoipa::path(get, path = "/v1/jobs/queues", tag = "jobs", operation_id = "list_job_queues",
    responses(
        (status = 200, description = "All queues", body = JobQueues),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem)))]
async fn list_job_queues(State(ops): State<Ops>, By(caller): By) -> Answer<Reply<JobQueues>> {
    Ok(Reply(rules::queues(&ops, &caller).await?))
}

/// Pause a queue
///
/// No job of this kind is begun any more, on any node; those that run go on.
#[utoipa::path(post, path = "/v1/jobs/queues/{kind}/pause", tag = "jobs",
    operation_id = "pause_job_queue",
    params(("kind" = String, Path, description = "The kind of jobs")),
    responses(
        (status = 200, description = "The queue", body = JobQueue),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem),
        (status = 404, description = "No such queue", body = Problem),
        (status = 422, description = "Not a text", body = Problem)))]
async fn pause_job_queue(
    State(ops): State<Ops>,
    By(caller): By,
    Path(kind): Path<String>,
) -> Answer<Reply<JobQueue>> {
    Ok(Reply(rules::pause(&ops, &caller, &kind, true).await?))
}

/// Resume a queue
#[utoipa::path(post, path = "/v1/jobs/queues/{kind}/resume", tag = "jobs",
    operation_id = "resume_job_queue",
    params(("kind" = String, Path, description = "The kind of jobs")),
    responses(
        (status = 200, description = "The queue", body = JobQueue),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem),
        (status = 404, description = "No such queue", body = Problem),
        (status = 422, description = "Not a text", body = Problem)))]
async fn resume_job_queue(
    State(ops): State<Ops>,
    By(caller): By,
    Path(kind): Path<String>,
) -> Answer<Reply<JobQueue>> {
    Ok(Reply(rules::pause(&ops, &caller, &kind, false).await?))
}

/// List the schedules of jobs
///
/// What comes back by the clock, for owners of the platform.
#[utoipa::path(get, path = "/v1/jobs/schedules", tag = "jobs",
    operation_id = "list_job_schedules",
    responses(
        (status = 200, description = "All schedules", body = JobSchedules),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem)))]
async fn list_job_schedules(State(ops): State<Ops>, By(caller): By) -> Answer<Reply<JobSchedules>> {
    Ok(Reply(rules::schedules(&ops, &caller).await?))
}
