//! `sixfold jobs`: background jobs, from the machine itself.

use kernel::{App, Caller};
use ops::jobs::model::{JobFilter, JobQueue, JobRecord, JobState, RedriveJobs};
use ops::jobs::rules;
use serde::Serialize;
use types::{AnyId, GroupId, JobId, Kind, Limit};

use crate::config::Settings;
use crate::exit::Stop;
use crate::{log, start};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List jobs, the newest first
    List(List),
    /// Show one job
    Show(Which),
    /// Run a job again that was given up or cancelled, or now one that waits
    Retry(Which),
    /// End a job
    Cancel(Which),
    /// Run dead jobs of a kind again
    Redrive(Redrive),
    /// List queues with what waits, runs and was given up
    Queues,
    /// List what comes back by the clock
    Schedules,
    /// Begin no job of a kind any more, on any node
    Pause(Queue),
    /// Begin jobs of a kind again
    Resume(Queue),
}

#[derive(clap::Args)]
pub(super) struct List {
    /// Only of this kind
    #[arg(long)]
    kind: Option<String>,
    /// Only in this state: queued, running, done, dead or cancelled
    #[arg(long, value_parser = state)]
    state: Option<JobState>,
    /// Only of this group
    #[arg(long, value_parser = group)]
    group: Option<GroupId>,
    /// So many at most, 1 to 200
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=200))]
    limit: i64,
}

#[derive(clap::Args)]
pub(super) struct Which {
    /// The job's id
    #[arg(value_name = "JOB", value_parser = job)]
    id: JobId,
}

#[derive(clap::Args)]
pub(super) struct Redrive {
    /// Their kind
    #[arg(value_name = "KIND")]
    kind: String,
    /// Only of this group
    #[arg(long, value_parser = group)]
    group: Option<GroupId>,
}

#[derive(clap::Args)]
pub(super) struct Queue {
    /// The kind of jobs
    #[arg(value_name = "KIND")]
    kind: String,
}

fn state(text: &str) -> Result<JobState, String> {
    JobState::named(text)
        .ok_or_else(|| "must be queued, running, done, dead or cancelled".to_owned())
}

fn id(text: &str, kind: Kind) -> Result<uuid::Uuid, String> {
    match AnyId::parse(text, kind) {
        Ok(id) if id.kind == kind => Ok(id.uuid),
        _ => Err("is not such an id".to_owned()),
    }
}

fn job(text: &str) -> Result<JobId, String> {
    id(text, Kind::Job).map(JobId)
}

fn group(text: &str) -> Result<GroupId, String> {
    id(text, Kind::Group).map(GroupId)
}

pub(super) async fn run(command: Command, settings: &Settings, json: bool) -> Result<(), Stop> {
    log::start(settings);
    super::require_database(settings)?;
    let app = start::open(settings).await?;
    let done = act(&app, command, json).await;
    app.db.close().await;
    done
}

async fn act(app: &App, command: Command, json: bool) -> Result<(), Stop> {
    let caller = Caller::system("jobs");
    match command {
        Command::List(List { kind, state, group, limit }) => {
            let filter = JobFilter { kind, state, group_id: group };
            let limit = Limit::new(limit).unwrap_or_default();
            let mut jobs = rules::list(app, &caller, filter, None, limit).await?;
            jobs.truncate(limit.rows());
            jobs.iter().try_for_each(|job| show(job, json))
        }
        Command::Show(Which { id }) => {
            let job = rules::get(app, &caller, id).await?;
            if json { line(&job) } else { super::print_json(&job) }
        }
        Command::Retry(Which { id }) => show(&rules::retry(app, &caller, id).await?, json),
        Command::Cancel(Which { id }) => show(&rules::cancel(app, &caller, id).await?, json),
        Command::Redrive(Redrive { kind, group }) => {
            let asked = RedriveJobs { kind, group_id: group };
            let done = rules::redrive(app, &caller, asked).await?;
            if json {
                return line(&done);
            }
            let more = if done.more { "; there are more" } else { "" };
            super::print(&format!("{} jobs are queued again{more}.\n", done.redriven))
        }
        Command::Queues => {
            let queues = rules::queues(app, &caller).await?;
            queues.data.iter().try_for_each(|queue| show_queue(queue, json))
        }
        Command::Schedules => {
            for one in rules::schedules(app, &caller).await?.data {
                if json {
                    line(&one)?;
                } else {
                    let next = text(&one.next_at);
                    super::print(&format!("{} {:?} next {next}\n", one.name, one.expression))?;
                }
            }
            Ok(())
        }
        Command::Pause(Queue { kind }) => {
            show_queue(&rules::pause(app, &caller, &kind, true).await?, json)
        }
        Command::Resume(Queue { kind }) => {
            show_queue(&rules::pause(app, &caller, &kind, false).await?, json)
        }
    }
}

/// Data on a line of its own, so that a list is read as it comes.
fn line(value: &impl Serialize) -> Result<(), Stop> {
    super::print(&format!("{}\n", serde_json::to_string(value)?))
}

/// As it is in JSON, without quotes.
fn text(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    text.trim_matches('"').to_owned()
}

fn show(job: &JobRecord, json: bool) -> Result<(), Stop> {
    if json {
        return line(job);
    }
    let error = job.last_error.as_deref().map(|error| format!(" {error:?}")).unwrap_or_default();
    let state = if job.cancelling { "cancelling" } else { job.state.name() };
    let (id, kind, tries) = (job.id, &job.kind, job.attempts);
    super::print(&format!("{id} {kind} {state} {tries}/{}{error}\n", job.max_attempts))
}

fn show_queue(queue: &JobQueue, json: bool) -> Result<(), Stop> {
    if json {
        return line(queue);
    }
    let paused = if queue.paused_at.is_some() { " paused" } else { "" };
    let JobQueue { kind, queued, running, dead, .. } = queue;
    super::print(&format!("{kind} queued {queued} running {running} dead {dead}{paused}\n"))
}
