//! One transaction of a worker: how jobs ended, what came due, and who is next.

use std::collections::HashMap;
use std::sync::Arc;

use database::Tx;
use types::{JobId, Result, Time};

use super::ahead;
use super::schedules::{self, Schedule};
use super::sql::{self, Ended, Taker};
use super::{Job, Settings};
use crate::App;

/// Rows that one round lets through from waiting to ready.
const PROMOTED: i64 = 500;
/// Groups that are looked at in one round.
const LANES: i64 = 32;

/// How one job ended, as it is to be stored.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) id: JobId,
    pub(super) attempt: i64,
    /// None: done, with nothing else to be told.
    pub(super) ended: Option<Ended>,
}

/// A kind with free places.
#[derive(Debug, Clone)]
pub(super) struct Want {
    pub(super) kind: String,
    pub(super) places: usize,
    /// The lane that was served last.
    pub(super) after: Option<String>,
}

/// What a round is to do.
#[derive(Clone)]
pub(super) struct Orders {
    pub(super) by: Taker,
    pub(super) settings: Settings,
    pub(super) endings: Arc<[Ending]>,
    pub(super) returned: Arc<[JobId]>,
    pub(super) wants: Arc<[Want]>,
    pub(super) promote: bool,
    pub(super) rescue: bool,
    pub(super) tick: Option<Arc<[Schedule]>>,
    /// A clock may have been ahead.
    pub(super) mend: Option<Arc<[Schedule]>>,
}

/// What one kind was given.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) jobs: Vec<Job>,
    /// The lane that was served last.
    pub(super) last: Option<String>,
    /// There may be more, once places are free.
    pub(super) more: bool,
    /// There may be more of groups that have their share.
    pub(super) limited: bool,
}

/// What came of a round.
#[derive(Default)]
pub(super) struct Round {
    /// What each kind was given.
    pub(super) given: HashMap<String, Given>,
    /// The kind of each job that killed its worker once too often.
    pub(super) dead: Vec<String>,
    /// The kind of each job that a schedule made.
    pub(super) ticked: Vec<&'static str>,
}

/// Carries out a round.
pub(super) async fn round(tx: &mut Tx, app: &App, orders: &Orders) -> Result<Round> {
    let now = orders.by.now;
    store(tx, orders).await?;
    if let Some(schedules) = &orders.mend {
        ahead::mend(tx, schedules, now).await?;
    }
    if orders.promote {
        sql::promote(tx, now, PROMOTED).await?;
    }
    let mut round = Round::default();
    if orders.rescue {
        (_, round.dead) = sql::rescue(tx, now, now, &orders.settings).await?;
    }
    if let Some(schedules) = &orders.tick {
        round.ticked = schedules::fire(tx, app, schedules, now).await?;
    }
    if orders.wants.is_empty() {
        return Ok(round);
    }
    let given = &mut round.given;
    let mut kinds: Vec<String> = orders.wants.iter().map(|want| want.kind.clone()).collect();
    kinds.sort_unstable();
    let queues = sql::hold_queues(tx, &kinds).await?;
    for want in orders.wants.iter() {
        match queues.get(&want.kind) {
            Some(false) => {
                given.insert(want.kind.clone(), Given::default());
            }
            Some(true) => {
                given.insert(want.kind.clone(), give(tx, orders, want).await?);
            }
            // Nobody knows this kind yet; it is held from the next round on.
            None => {
                sql::open_queue(tx, &want.kind, now).await?;
                let later = Given { more: true, ..Given::default() };
                given.insert(want.kind.clone(), later);
            }
        }
    }
    Ok(round)
}

/// How jobs ended. Those that are just done go in one statement for all of the same attempt.
async fn store(tx: &mut Tx, orders: &Orders) -> Result<()> {
    let (worker, now) = (orders.by.worker, orders.by.now);
    let mut done: HashMap<i64, Vec<JobId>> = HashMap::new();
    for ending in orders.endings.iter() {
        match &ending.ended {
            None => done.entry(ending.attempt).or_default().push(ending.id),
            Some(ended) => {
                sql::end(tx, worker, (ending.id, ending.attempt), ended, now).await?;
            }
        }
    }
    let expires = orders.settings.done_until(now);
    for (attempt, ids) in done {
        sql::done(tx, worker, attempt, &ids, now, expires).await?;
    }
    if !orders.returned.is_empty() {
        sql::give_back(tx, worker, &orders.returned, now).await?;
    }
    Ok(())
}

/// Fills the places of one kind: from lane to lane, starting after the one that was served last,
/// each with as much as all others.
async fn give(tx: &mut Tx, orders: &Orders, want: &Want) -> Result<Given> {
    let lanes = next_lanes(tx, want).await?;
    let tenants: Vec<String> = lanes.iter().filter(|lane| !lane.is_empty()).cloned().collect();
    let running = match tenants.as_slice() {
        [] => HashMap::new(),
        some => sql::counted(tx, &want.kind, some).await?,
    };
    let share = |lane: &String| {
        let runs = running.get(lane).copied().unwrap_or_default();
        let left = usize::try_from(orders.settings.share() - runs).unwrap_or(0);
        if lane.is_empty() { want.places } else { left }
    };
    let mut given = Given::default();
    let open = lanes.iter().filter(|lane| share(lane) > 0).count();
    given.limited = open < lanes.len();
    let (mut left, mut to_serve) = (want.places, open);
    for lane in &lanes {
        let share = share(lane);
        if share == 0 {
            continue;
        }
        if left == 0 {
            given.more = true;
            break;
        }
        let fair = left.div_ceil(to_serve.max(1));
        let most = fair.min(share);
        let taken = sql::claim(tx, orders.by, &want.kind, lane, i64::try_from(most)?).await?;
        let all = taken.len() == most;
        given.more |= all && (most < share || lane.is_empty());
        given.limited |= all && most == share;
        left -= taken.len().min(left);
        to_serve -= 1;
        given.jobs.extend(taken);
        given.last = Some(lane.clone());
    }
    Ok(given)
}

/// Some lanes after the one that was served last, and on from the first one.
async fn next_lanes(tx: &mut Tx, want: &Want) -> Result<Vec<String>> {
    let mut lanes = sql::lanes(tx, &want.kind, want.after.as_deref(), LANES).await?;
    let most = usize::try_from(LANES)?;
    if want.after.is_some() && lanes.len() < most {
        for lane in sql::lanes(tx, &want.kind, None, LANES).await? {
            if lanes.len() < most && !lanes.contains(&lane) {
                lanes.push(lane);
            }
        }
    }
    Ok(lanes)
}

/// The next moment at which there is something to do, and the kinds of which jobs can be taken.
#[derive(Debug, Default)]
pub(super) struct Sight {
    pub(super) kinds: Vec<String>,
    pub(super) waiting: Option<Time>,
    pub(super) lost: Option<Time>,
    pub(super) tick: Option<Time>,
}

/// Looks without taking anything.
pub(super) async fn look(tx: &mut Tx, schedules: &[Schedule]) -> Result<Sight> {
    let turns = sql::look(tx).await?;
    let names: Vec<&'static str> = schedules.iter().map(|one| one.name).collect();
    let ticks = sql::due(tx, &names).await?;
    Ok(Sight {
        kinds: sql::ready_kinds(tx).await?,
        waiting: turns.waiting,
        lost: turns.lost,
        tick: ticks.first().map(|(_, tick)| *tick),
    })
}
