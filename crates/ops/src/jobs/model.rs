//! The shapes of jobs, their queues and schedules.

use serde::{Deserialize, Serialize};
use types::{GroupId, JobId, Json, Time};
use utoipa::{IntoParams, ToSchema};

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It waits for its moment or for a place.
    Queued,
    /// It runs.
    Running,
    /// It worked.
    Done,
    /// It failed as often as it was to be tried; it can be tried again.
    Dead,
    /// Somebody ended it.
    Cancelled,
}

impl JobState {
    /// As it is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Done, Self::Dead, Self::Cancelled]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// How urgent a job is among those of its kind and group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobPriority {
    /// Before all others.
    High,
    /// As most.
    Normal,
    /// When nothing else waits.
    Low,
}

/// A job.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobRecord {
    /// Its id.
    pub id: JobId,
    /// What it does; also the name of its queue.
    #[schema(example = "mail.deliver")]
    pub kind: String,
    /// Where it is in its life.
    pub state: JobState,
    /// The group it is for; null: the house.
    pub group_id: Option<GroupId>,
    /// How urgent it is.
    pub priority: JobPriority,
    /// Ids, numbers and flags of what it was given; whatever else is there reads `(hidden)`, and
    /// what is encrypted `(sealed)`.
    pub payload: Json,
    /// Runs so far.
    pub attempts: i64,
    /// Runs until it is given up.
    pub max_attempts: i64,
    /// Not before this moment.
    pub run_at: Time,
    /// How far it says it is, in percent.
    pub progress: Option<i64>,
    /// The same in words.
    pub progress_text: Option<String>,
    /// What came of it.
    pub result: Option<Json>,
    /// Why its last run failed.
    pub last_error: Option<String>,
    /// Somebody asked for its end, which a running job reaches at its next pause.
    pub cancelling: bool,
    /// The tick of the schedule that made it.
    pub tick_at: Option<Time>,
    /// When it was enqueued.
    pub created_at: Time,
    /// When its state last changed.
    pub updated_at: Time,
    /// When it is forgotten, once it is over.
    pub expires_at: Option<Time>,
}

/// Which jobs are listed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct JobFilter {
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only in this state.
    #[param(inline)]
    pub state: Option<JobState>,
    /// Only of this group. Needed by who does not own the platform.
    pub group_id: Option<GroupId>,
}

/// Which dead jobs are tried again.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "kind": "mail.deliver" }))]
pub struct RedriveJobs {
    /// Of this kind.
    pub kind: String,
    /// Only of this group. Needed by who does not own the platform.
    #[serde(default)]
    pub group_id: Option<GroupId>,
}

/// What a redrive did.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedrivenJobs {
    /// Dead jobs that are queued again.
    pub redriven: u64,
    /// Whether there are more: at most 5000 go at once.
    pub more: bool,
}

/// The queue of one kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobQueue {
    /// The kind.
    #[schema(example = "mail.deliver")]
    pub kind: String,
    /// Jobs that wait, also for a later moment.
    pub queued: i64,
    /// Jobs that run.
    pub running: i64,
    /// Jobs that were given up.
    pub dead: i64,
    /// Seconds for which the job has been due that has waited longest.
    pub oldest_age_seconds: Option<i64>,
    /// Since when none is begun; null: it is open.
    pub paused_at: Option<Time>,
}

impl JobQueue {
    /// A queue with nothing in it.
    #[must_use]
    pub const fn empty(kind: String, paused_at: Option<Time>) -> Self {
        Self { kind, queued: 0, running: 0, dead: 0, oldest_age_seconds: None, paused_at }
    }
}

/// All queues.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobQueues {
    /// By kind.
    pub data: Vec<JobQueue>,
}

/// A job that comes back by the clock.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobSchedule {
    /// Its name.
    #[schema(example = "jobs.sweep")]
    pub name: String,
    /// The kind of its jobs.
    pub kind: String,
    /// A cron expression of five fields, in UTC; or `every N s`, with that pause.
    #[schema(example = "23 * * * *")]
    pub expression: String,
    /// Its next tick.
    pub next_at: Time,
    /// Its last tick that made a job.
    pub last_at: Option<Time>,
}

/// All schedules.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobSchedules {
    /// By name.
    pub data: Vec<JobSchedule>,
}
