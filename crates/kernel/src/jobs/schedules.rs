//! Jobs that come back by the clock: each tick makes one job in the whole cluster, whichever node
//! sees it first. Ticks that nobody saw, since no node ran, are made up for by one run. While the
//! job of a tick is queued or running the next tick makes none.

use std::borrow::Cow;
use std::time::Duration;

use database::Tx;
use types::{Json, Result, Time};

use super::ahead::APART;
use super::sql::Stored;
use super::{NewJob, enqueue, sql};
use crate::App;

const NEVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A job that comes back.
#[derive(Clone)]
pub(super) struct Schedule {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    expression: Cow<'static, str>,
    rhythm: Rhythm,
}

/// When it comes back.
#[derive(Clone)]
enum Rhythm {
    Cron(Box<croner::Cron>),
    After(Duration),
}

impl Schedule {
    /// # Errors
    /// A sentence, when the expression is none.
    pub(super) fn new(
        name: &'static str,
        expression: impl Into<Cow<'static, str>>,
        kind: &'static str,
    ) -> Result<Self, String> {
        let expression = expression.into();
        let cron = expression.parse::<croner::Cron>().map_err(|error| error.to_string())?;
        let rhythm = Rhythm::Cron(Box::new(cron));
        Ok(Self { name, kind, expression, rhythm })
    }

    /// One that comes back after a pause, of a second at least.
    pub(super) fn after_each(name: &'static str, pause: Duration, kind: &'static str) -> Self {
        let pause = pause.max(Duration::from_secs(1));
        let expression = format!("every {} s", pause.as_secs()).into();
        Self { name, kind, expression, rhythm: Rhythm::After(pause) }
    }

    /// The first tick after a moment, in UTC.
    fn after(&self, moment: Time) -> Option<Time> {
        let cron = match &self.rhythm {
            Rhythm::Cron(cron) => cron,
            Rhythm::After(pause) => return Some(moment.after(*pause)),
        };
        let moment = jiff::Timestamp::from_microsecond(moment.micros()).ok()?;
        let next = cron.find_next_occurrence(&moment.to_zoned(jiff::tz::TimeZone::UTC), false);
        Some(Time::from_micros(next.ok()?.timestamp().as_microsecond()))
    }

    /// The tick it is to have instead of the stored one, if a clock has set that which was ahead of
    /// `now`: none that is right sets a later one than the first after it. A tick that was made
    /// ahead of its time is not made again.
    fn instead_of(&self, stored: &Stored, now: Time) -> Option<Time> {
        // One that another node has otherwise is that node's to set right.
        if stored.expression != self.expression || stored.next <= self.after(now.after(APART))? {
            return None;
        }
        let next = self.after(now)?;
        let next = if stored.last == Some(next) { self.after(next)? } else { next };
        (next < stored.next).then_some(next)
    }
}

/// The first moment after another that five fields of cron name, in UTC; none, if they are no such
/// thing, or name none.
#[must_use]
pub fn tick_after(expression: &str, moment: Time) -> Option<Time> {
    if expression.split_whitespace().count() != 5 {
        return None;
    }
    Schedule::new("", expression.to_owned(), "").ok()?.after(moment)
}

/// Writes the schedules of this process down.
pub(super) async fn put(tx: &mut Tx, schedules: &[Schedule], now: Time) -> Result<()> {
    for one in schedules {
        let Some(next) = one.after(now) else {
            tracing::error!(schedule = one.name, "a schedule has no next tick; it never runs");
            continue;
        };
        sql::put_schedule(tx, one.name, one.kind, &one.expression, next, now).await?;
    }
    Ok(())
}

/// Has schedules come back in time whose next tick was set by a clock that was ahead, and those at
/// all that it took for ones that no node has any more.
pub(super) async fn mend(tx: &mut Tx, schedules: &[Schedule], now: Time) -> Result<()> {
    let names: Vec<&'static str> = schedules.iter().map(|one| one.name).collect();
    let stored = sql::stored(tx, &names).await?;
    for one in schedules {
        let Some(there) = stored.iter().find(|there| there.name == one.name) else {
            if let Some(next) = one.after(now) {
                sql::put_schedule(tx, one.name, one.kind, &one.expression, next, now).await?;
            }
            continue;
        };
        if let Some(next) = one.instead_of(there, now) {
            let (schedule, was) = (one.name, there.next);
            tracing::warn!(schedule, %was, %next, "a clock that was ahead had set the next tick");
            sql::set_next(tx, one.name, was, next, now).await?;
        }
    }
    Ok(())
}

/// Makes the jobs of all ticks until now; tells the kind of each that is new.
pub(super) async fn fire(
    tx: &mut Tx,
    app: &App,
    schedules: &[Schedule],
    now: Time,
) -> Result<Vec<&'static str>> {
    let mut made = Vec::new();
    let names: Vec<&'static str> = schedules.iter().map(|one| one.name).collect();
    for (name, tick) in sql::due(tx, &names).await? {
        if tick > now {
            break;
        }
        let Some(one) = schedules.iter().find(|one| one.name == name) else { continue };
        // One that has no further tick is out of the way.
        let next = one.after(now).unwrap_or(now.after(NEVER));
        if sql::fire(tx, one.name, tick, next, now).await? {
            let mut job = NewJob::new(one.kind, Json::empty()).unique(format!("every {name}"));
            job.tick = Some(tick);
            let id = app.id(now);
            // The one of the tick before may be there still.
            if enqueue(tx, id, now, &job).await?.0 == id {
                made.push(one.kind);
            }
        }
    }
    Ok(made)
}

#[cfg(test)]
#[path = "schedules_tests.rs"]
mod tests;
