//! Calls by API keys: counted in memory and noted in the store every second, since a write per
//! call would cost more than the call. A process that is killed loses what it has not noted, at
//! most that second's; one that stops notes it first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use types::{GroupId, Result, Time};

use super::sql::{self, Cut, Number};
use super::take::{exceeded, own_slot, tell};
use super::{Level, Metric, month};
use crate::{App, Caller, Work};

/// Calls are noted this often,
const EVERY: Duration = Duration::from_secs(1);
/// or when a group has made this many since.
const MANY: i64 = 500;

/// What each group has called since it was noted.
#[derive(Default)]
pub struct Calls {
    groups: Mutex<HashMap<GroupId, Tally>>,
    many: Notify,
}

/// The calls of one group in one month.
struct Tally {
    month: Arc<str>,
    /// The minute in which the store was asked; in the next one it is asked again, since the limit
    /// may be another, other processes count too, and a month begins with a minute.
    minute: i64,
    limit: Option<i64>,
    /// As the store has it.
    noted: i64,
    /// Being noted just now.
    leaving: i64,
    waiting: i64,
    /// Of an earlier month, not noted yet.
    late: Option<(Arc<str>, i64)>,
}

impl Tally {
    fn used(&self) -> i64 {
        self.noted + self.leaving + self.waiting
    }
}

/// Calls to be noted.
#[derive(Clone)]
struct Batch {
    group: GroupId,
    month: Arc<str>,
    calls: i64,
}

/// Counts one call by a key of a group.
///
/// # Errors
/// 402 `quota_exceeded`, when the month has none left; as the store.
pub async fn admit(app: &App, group: GroupId) -> Result<()> {
    let now = app.now();
    if let Some(verdict) = app.calls.count(group, minute(now)) {
        return verdict;
    }
    let this: Arc<str> = month(now).into();
    let (inside, period) = (app.clone(), Arc::clone(&this));
    let (limit, noted) = app
        .db
        .unbound()
        .read(async move |tx| {
            let number = Number { group, metric: Metric::ApiCalls, period: &period };
            let Some(terms) = sql::terms(tx, group, &period).await? else {
                return Ok((None, 0));
            };
            let limit = terms.limit(&inside.plans, Metric::ApiCalls);
            Ok((limit, sql::sum(tx, number).await?))
        })
        .await?;
    app.calls.learn(group, minute(now), &this, limit, noted);
    app.calls.count(group, minute(now)).unwrap_or(Ok(()))
}

/// Notes calls as they come, until it is dropped.
pub async fn follow_calls(app: App) {
    loop {
        let _ = tokio::time::timeout(EVERY, app.calls.many.notified()).await;
        if let Err(error) = flush(&app).await {
            tracing::debug!(cause = error.cause(), "calls were not noted; they are, later");
        }
    }
}

/// Notes all calls there are.
///
/// # Errors
/// As the store; what could not be noted is kept.
pub async fn flush(app: &App) -> Result<()> {
    let mut outcome = Ok(());
    for batch in app.calls.depart(minute(app.now())) {
        let (one, caller) = (batch.clone(), Caller::system("usage.calls"));
        let noted = app
            .change(&caller, async move |work| {
                work.silently();
                note(work, &one).await
            })
            .await;
        match noted {
            Ok(sum) => app.calls.arrive(&batch, sum),
            Err(error) => {
                app.calls.come_back(&batch);
                outcome = Err(error);
            }
        }
    }
    outcome
}

/// Adds calls to their month; what it comes to. Calls of a group that is gone are gone too.
async fn note(work: &mut Work<'_>, batch: &Batch) -> Result<i64> {
    let number = Number { group: batch.group, metric: Metric::ApiCalls, period: &batch.month };
    let Some(terms) = sql::terms(work.tx, batch.group, &batch.month).await? else {
        return Ok(0);
    };
    let slot = own_slot(work);
    sql::add(work.tx, number, slot, batch.calls).await?;
    let sum = sql::sum(work.tx, number).await?;
    if let Some(limit) = terms.limit(&work.app().plans, Metric::ApiCalls) {
        let known = terms.cut(Metric::ApiCalls);
        let before = known.map_or(Level::Ok, |cut| cut.told);
        let told = tell(work, number, limit, sum, before, batch.calls).await?;
        let cut = Cut { most: limit, share: 0, told };
        if known != Some(cut) {
            sql::keep_cut(work.tx, number, cut).await?;
        }
    }
    Ok(sum)
}

impl Calls {
    /// Counts a call, where this minute's limit is known.
    fn count(&self, group: GroupId, minute: i64) -> Option<Result<()>> {
        let mut groups = self.groups();
        let tally = groups.get_mut(&group).filter(|tally| tally.minute == minute)?;
        if let Some(limit) = tally.limit.filter(|limit| tally.used() >= *limit) {
            return Some(Err(exceeded(Metric::ApiCalls, limit, tally.used())));
        }
        tally.waiting += 1;
        if tally.waiting == MANY {
            self.many.notify_one();
        }
        Some(Ok(()))
    }

    /// Takes over what the store says.
    fn learn(&self, group: GroupId, minute: i64, month: &Arc<str>, limit: Option<i64>, noted: i64) {
        let mut groups = self.groups();
        let new = || Tally {
            month: Arc::clone(month),
            minute,
            limit,
            noted,
            leaving: 0,
            waiting: 0,
            late: None,
        };
        let tally = groups.entry(group).or_insert_with(new);
        if tally.month != *month {
            let calls = tally.waiting + tally.late.take().map_or(0, |(_, calls)| calls);
            let late = (calls > 0).then(|| (Arc::clone(&tally.month), calls));
            *tally = Tally { late, ..new() };
        }
        (tally.minute, tally.limit) = (minute, limit);
        // While some are on their way, the store may or may not have counted them.
        if tally.leaving == 0 {
            tally.noted = noted;
        }
    }

    /// All that is to be noted. Groups that called nothing since are forgotten.
    fn depart(&self, minute: i64) -> Vec<Batch> {
        let mut groups = self.groups();
        groups.retain(|_, one| {
            one.minute >= minute || one.waiting + one.leaving > 0 || one.late.is_some()
        });
        let mut batches = Vec::new();
        for (group, tally) in groups.iter_mut() {
            if let Some((month, calls)) = tally.late.take() {
                batches.push(Batch { group: *group, month, calls });
            }
            if tally.waiting > 0 && tally.leaving == 0 {
                tally.leaving = std::mem::take(&mut tally.waiting);
                let month = Arc::clone(&tally.month);
                batches.push(Batch { group: *group, month, calls: tally.leaving });
            }
        }
        batches
    }

    fn arrive(&self, batch: &Batch, sum: i64) {
        let mut groups = self.groups();
        let Some(tally) = groups.get_mut(&batch.group) else { return };
        if tally.month == batch.month {
            (tally.leaving, tally.noted) = (0, sum);
        }
    }

    fn come_back(&self, batch: &Batch) {
        let mut groups = self.groups();
        let Some(tally) = groups.get_mut(&batch.group) else { return };
        if tally.month == batch.month {
            tally.waiting += std::mem::take(&mut tally.leaving);
        } else {
            let before = tally.late.take().map_or(0, |(_, calls)| calls);
            tally.late = Some((Arc::clone(&batch.month), before + batch.calls));
        }
    }

    fn groups(&self) -> MutexGuard<'_, HashMap<GroupId, Tally>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn minute(now: Time) -> i64 {
    now.seconds().div_euclid(60)
}
