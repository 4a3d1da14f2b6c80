//! What a clock that was ahead leaves behind: nothing that waits until that time has come.

use std::sync::{Arc, Mutex};

use kernel::jobs::{Job, Jobs, NewJob};
use types::{Json, Time};

use super::{enqueue, in_state, worker};
use crate::{House, on_each, until};

/// How far it is ahead.
const MONTH: i64 = 30 * 86_400;
/// A moment soon after all of them begin.
const SOON: i64 = 1_800_000_100_000_000;

/// Tells the ticks it was made for: one each minute.
fn ticking() -> (Jobs, Arc<Mutex<Vec<Time>>>) {
    let ticks = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ticks);
    let jobs = Jobs::default()
        .with("tick", move |_, job: Job| {
            seen.lock().expect("the ticks").extend(job.tick);
            async { Ok(()) }
        })
        .every("every minute", "* * * * *", "tick");
    (jobs, ticks)
}

async fn due_soon(house: &House) {
    let there = "select coalesce(max(next_at), 0) from job_schedules where name = 'every minute'";
    until("its next tick is soon", || async { (1..SOON).contains(&house.count(there).await) })
        .await;
}

/// A minute later the tick of that minute is made.
async fn ticks_now(house: &House, ticks: &Mutex<Vec<Time>>) {
    house.pass(60);
    house.app.hub.wake_workers();
    let tick = house.app.now();
    until("it ticks", || async { ticks.lock().expect("the ticks").contains(&tick) }).await;
    // While its job runs the next tick makes none.
    let runs = "select count(*) from jobs where kind = 'tick' and state <> 'done'";
    until("its job is done", || async { house.count(runs).await == 0 }).await;
}

on_each!(a_clock_that_is_set_back_stops_no_schedule, |store| {
    let house = House::over(&store);
    let (jobs, ticks) = ticking();
    house.pass(MONTH);
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    let here = &house;
    let there = "select count(*) from job_schedules where name = 'every minute'";
    until("the schedule is there", || async { here.count(there).await == 1 }).await;
    ticks_now(&house, &ticks).await;
    house.pass(-MONTH - 60);
    house.app.hub.wake_workers();
    due_soon(&house).await;
    ticks_now(&house, &ticks).await;
    ticks_now(&house, &ticks).await;
    assert_eq!(ticks.lock().expect("the ticks").len(), 3, "each of them once");
    worker.abort();
});

on_each!(a_start_after_the_clock_was_set_back_stops_no_schedule, |store| {
    let house = House::over(&store);
    let (jobs, ticks) = ticking();
    house.pass(MONTH);
    let ahead = tokio::spawn(jobs.clone().run(house.app.clone()));
    let here = &house;
    let there = "select count(*) from job_schedules where name = 'every minute'";
    until("the schedule is there", || async { here.count(there).await == 1 }).await;
    ahead.abort();
    assert!(ahead.await.is_err_and(|end| end.is_cancelled()));
    house.pass(-MONTH);
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    due_soon(&house).await;
    ticks_now(&house, &ticks).await;
    assert_eq!(ticks.lock().expect("the ticks").len(), 1);
    worker.abort();
});

on_each!(a_job_that_failed_while_the_clock_was_ahead_is_tried_again_in_time, |store| {
    let house = House::over(&store);
    house.pass(MONTH);
    let (worker, _) = worker(&house, 1);
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    let here = &house;
    let failed = "select count(*) from jobs where state = 'queued' and attempts = 1";
    until("it failed once", || async { here.count(failed).await == 1 }).await;
    house.pass(-MONTH);
    house.app.hub.wake_workers();
    let waits = "select coalesce(max(run_at), 0) from jobs where kind = 'test'";
    until("it waits no longer", || async { (1..SOON).contains(&here.count(waits).await) }).await;
    house.pass(2);
    house.app.hub.wake_workers();
    until("it is done", || in_state(here, "done")).await;
    worker.abort();
});

/// A job whose worker was killed while the clock was ahead.
async fn killed(house: &House) {
    house.pass(MONTH);
    enqueue(house, NewJob::new("test", Json::empty())).await;
    let hangs = Jobs::default().with("test", |_, _| std::future::pending());
    let dead = tokio::spawn(hangs.run(house.app.clone()));
    let running = "select count(*) from jobs where state = 'running'";
    until("it is claimed", || async { house.count(running).await == 1 }).await;
    dead.abort();
    assert!(dead.await.is_err_and(|end| end.is_cancelled()));
    house.pass(-MONTH);
}

on_each!(a_lease_of_a_clock_that_was_ahead_ends_in_time, |store| {
    let house = House::over(&store);
    killed(&house).await;
    let (worker, _) = worker(&house, 0);
    let here = &house;
    let lease = "select coalesce(max(lease_until), 0) from jobs where kind = 'test'";
    until("its lease ends soon", || async { (1..SOON).contains(&here.count(lease).await) }).await;
    house.pass(61);
    house.app.hub.wake_workers();
    until("the job is done", || in_state(here, "done")).await;
    worker.abort();
});

on_each!(what_ran_while_the_clock_was_ahead_runs_again_at_once, |store| {
    let house = House::over(&store);
    killed(&house).await;
    kernel::jobs::recover(&house.app).await.expect("recovered");
    assert_eq!(house.count("select count(*) from jobs where state = 'queued'").await, 1);
});
