//! A job to be enqueued.

use std::collections::BTreeMap;

use database::Tx;
use types::{Error, GroupId, JobId, Json, Result, Time};
use uuid::Uuid;

use super::{MAX_ATTEMPTS, sql};

/// Bytes of a unique key at most.
const MAX_UNIQUE: usize = 200;

/// Which jobs of one group and kind come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Priority {
    /// Before all others.
    High,
    /// As most.
    #[default]
    Normal,
    /// When nothing else waits.
    Low,
}

impl Priority {
    pub(super) const fn stored(self) -> i64 {
        match self {
            Self::High => 0,
            Self::Normal => 1,
            Self::Low => 2,
        }
    }
}

/// A job to be enqueued.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Which handler runs it; also the queue it waits in.
    pub kind: &'static str,
    /// What the handler is given: ids rather than content, since it stays readable for days.
    pub payload: Json,
    /// Not before this moment; now, if absent.
    pub run_at: Option<Time>,
    /// Runs until it is given up.
    pub max_attempts: i64,
    /// The tenant it is for: tenants take turns. None: the house.
    pub group: Option<GroupId>,
    /// While a job of this kind with this key is queued or running, there is no second one.
    pub unique: Option<String>,
    /// Its place among those of its kind and group.
    pub priority: Priority,
    /// The tick of the schedule that makes it.
    pub(super) tick: Option<Time>,
}

impl NewJob {
    /// A job that runs as soon as possible.
    #[must_use]
    pub const fn new(kind: &'static str, payload: Json) -> Self {
        Self {
            kind,
            payload,
            run_at: None,
            max_attempts: MAX_ATTEMPTS,
            group: None,
            unique: None,
            priority: Priority::Normal,
            tick: None,
        }
    }

    /// Runs it not before `moment`.
    #[must_use]
    pub const fn at(mut self, moment: Time) -> Self {
        self.run_at = Some(moment);
        self
    }

    /// Gives it up after so many runs.
    #[must_use]
    pub const fn attempts(mut self, most: i64) -> Self {
        self.max_attempts = most;
        self
    }

    /// It is for this tenant.
    #[must_use]
    pub const fn of_group(mut self, group: GroupId) -> Self {
        self.group = Some(group);
        self
    }

    /// There is none like it while it is queued or running.
    #[must_use]
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique = Some(key.into());
        self
    }

    /// Before or after the others of its kind and group.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }
}

/// Answers the job's id: the new one's, or that of the one that is there already.
pub(crate) async fn enqueue(tx: &mut Tx, id: Uuid, now: Time, job: &NewJob) -> Result<JobId> {
    let Some(key) = &job.unique else {
        sql::insert(tx, id, now, job).await?;
        return Ok(JobId(id));
    };
    if key.is_empty() || key.len() > MAX_UNIQUE || key.contains('\0') {
        return Err(Error::internal("the unique key of a job is empty or too long"));
    }
    if sql::insert_unique(tx, id, now, job).await? {
        return Ok(JobId(id));
    }
    sql::find_unique(tx, job.kind, key)
        .await?
        .ok_or_else(|| Error::overloaded("A job like this one has just ended; try again."))
}

/// Many at once. Those with a unique key are left out where there is one like them. Answers how many
/// are new, by kind.
pub(crate) async fn enqueue_all(
    tx: &mut Tx,
    ids: &[Uuid],
    now: Time,
    jobs: &[NewJob],
) -> Result<BTreeMap<&'static str, u64>> {
    sql::insert_all(tx, ids, now, jobs).await
}
