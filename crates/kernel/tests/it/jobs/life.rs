//! Signs of life, ends and returns: long runs, cancelling, pausing, schedules, forgetting.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use database::args;
use kernel::jobs::{Job, Jobs, NewJob};
use types::{Error, Json, Result, Time};

use super::{enqueue, in_state, worker};
use crate::{House, on_each, until};

async fn run(house: &House, sql: &'static str) {
    house.app.db.unbound().write(async move |tx| tx.run(sql, args![]).await).await.expect("it ran");
}

/// Says once that it was dropped.
struct Dropped(Arc<AtomicU32>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// Hangs, and counts begins and ends.
fn hanging() -> (Jobs, Arc<AtomicU32>, Arc<AtomicU32>) {
    let (begun, ended) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (begins, ends) = (Arc::clone(&begun), Arc::clone(&ended));
    let jobs = Jobs::default().with("test", move |_, job: Job| {
        let (begins, guard) = (Arc::clone(&begins), Dropped(Arc::clone(&ends)));
        async move {
            let _guard = guard;
            job.progress(40, "waiting");
            begins.fetch_add(1, Ordering::AcqRel);
            std::future::pending::<Result<()>>().await
        }
    });
    (jobs, begun, ended)
}

on_each!(a_running_job_that_is_cancelled_is_dropped_and_its_progress_kept, |store| {
    let house = House::over(&store);
    let (jobs, begun, ended) = hanging();
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    until("it runs", || async { begun.load(Ordering::Acquire) == 1 }).await;
    run(&house, "update jobs set cancel_at = 1 where state = 'running'").await;
    house.app.hub.recall_jobs();
    let here = &house;
    until("it is cancelled", || async {
        here.count("select count(*) from jobs where state = 'cancelled'").await == 1
    })
    .await;
    assert_eq!(ended.load(Ordering::Acquire), 1);
    let told = "select count(*) from jobs where progress = 40 and progress_text = 'waiting' \
                and expires_at is not null and lease_until is null";
    assert_eq!(house.count(told).await, 1);
    worker.abort();
});

on_each!(a_run_that_lost_its_lease_is_dropped_and_has_no_say, |store| {
    let house = House::over(&store);
    let (jobs, begun, ended) = hanging();
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    until("it runs", || async { begun.load(Ordering::Acquire) == 1 }).await;
    // Another node found the lease ended and took it.
    run(&house, "update jobs set worker = id, attempts = 2 where state = 'running'").await;
    house.app.hub.recall_jobs();
    until("it is dropped", || async { ended.load(Ordering::Acquire) == 1 }).await;
    let running = "select count(*) from jobs where state = 'running' and attempts = 2";
    assert_eq!(house.count(running).await, 1);
    worker.abort();
});

on_each!(a_run_longer_than_its_lease_keeps_it, |store| {
    let house = House::over(&store);
    let (jobs, begun, ended) = hanging();
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    let first = tokio::spawn(jobs.within("test", Duration::from_secs(3600)).run(house.app.clone()));
    until("it runs", || async { begun.load(Ordering::Acquire) == 1 }).await;
    // Minutes later, seen by the worker before anybody else.
    for _ in 0..5 {
        let before = house.app.now();
        house.pass(40);
        house.app.hub.recall_jobs();
        let here = &house;
        until("the lease is prolonged", || async move {
            let until: Time = here
                .app
                .db
                .unbound()
                .read(async |tx| {
                    tx.one("select max(lease_until) from jobs", args![], |row| row.get(0)).await
                })
                .await
                .expect("a lease");
            until > before.after(Duration::from_secs(60))
        })
        .await;
    }
    let (other, runs) = worker(&house, 0);
    house.app.hub.wake_workers();
    let more = NewJob::new("other", Json::empty()).attempts(1);
    enqueue(&house, more).await;
    let here = &house;
    until("the other worker was at work", || in_state(here, "dead")).await;
    assert_eq!((runs.load(Ordering::Acquire), ended.load(Ordering::Acquire)), (0, 0));
    for worker in [first, other] {
        worker.abort();
    }
});

on_each!(a_failing_job_comes_back_when_it_says_and_with_what_it_says, |store| {
    let house = House::over(&store);
    let given = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&given);
    let jobs = Jobs::default().with("test", move |_, job: Job| {
        let failed = job.payload.to_map().get("failed").and_then(serde_json::Value::as_i64);
        let mut seen = seen.lock().expect("what was given");
        seen.push(failed);
        let fails = seen.len() < 3;
        async move {
            if !fails {
                return Ok(());
            }
            // Of the second run nothing is said: what was said before holds on.
            if failed.is_none() {
                let payload = Json::from_text(r#"{"failed":1}"#.to_owned()).expect("JSON");
                job.again(Duration::from_secs(600), payload);
            }
            Err(Error::overloaded("Not yet."))
        }
    });
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    let here = &house;
    let as_it_says = "select count(*) from jobs where state = 'queued' and attempts = 1 \
                      and run_at - updated_at = 600000000";
    let as_always = "select count(*) from jobs where state = 'queued' and attempts = 2 \
                     and run_at - updated_at < 5000000";
    for (waits, pause) in [(as_it_says, 601), (as_always, 10)] {
        until("it waits", || async { here.count(waits).await == 1 }).await;
        house.pass(pause);
        house.app.hub.wake_workers();
    }
    until("it is done", || in_state(here, "done")).await;
    assert_eq!(*given.lock().expect("what was given"), [None, Some(1), Some(1)]);
    worker.abort();
});

on_each!(no_job_of_a_paused_queue_is_begun, |store| {
    let house = House::over(&store);
    let (worker, runs) = worker(&house, 0);
    let here = &house;
    until("the queue is there", || async {
        here.count("select count(*) from job_queues where kind = 'test'").await == 1
    })
    .await;
    run(&house, "update job_queues set paused_at = 1 where kind = 'test'").await;
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    enqueue(&house, NewJob::new("other", Json::empty()).attempts(1)).await;
    until("others go on", || in_state(here, "dead")).await;
    assert_eq!(runs.load(Ordering::Acquire), 0);
    run(&house, "update job_queues set paused_at = null where kind = 'test'").await;
    house.app.hub.wake_workers();
    until("it ran", || in_state(here, "done")).await;
    worker.abort();
});

/// Tells the ticks it was made for.
fn ticking() -> (Jobs, Arc<Mutex<Vec<Time>>>) {
    let ticks = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ticks);
    let jobs = Jobs::default()
        .with("tick", move |_, job: Job| {
            seen.lock().expect("the ticks").extend(job.tick);
            async { Ok(()) }
        })
        .every("every minute", "* * * * *", "tick")
        .every("never", "not a cron expression", "tick");
    (jobs, ticks)
}

on_each!(each_tick_of_a_schedule_makes_one_job_on_many_nodes, |store| {
    let house = House::over(&store);
    let (jobs, ticks) = ticking();
    let workers: Vec<_> =
        (0..3).map(|_| tokio::spawn(jobs.clone().run(house.app.clone()))).collect();
    let here = &house;
    until("the schedule is there", || async {
        here.count("select count(*) from job_schedules where name = 'every minute'").await == 1
    })
    .await;
    for round in 1..=5 {
        house.pass(60);
        house.app.hub.wake_workers();
        until("the tick was seen", || async { ticks.lock().expect("the ticks").len() >= round })
            .await;
        until("its job is done", || async {
            here.count("select count(*) from jobs where kind = 'tick' and state <> 'done'").await
                == 0
        })
        .await;
    }
    // While nobody looked ten ticks passed: they are one run.
    house.pass(600);
    house.app.hub.wake_workers();
    until("they were made up for", || async { ticks.lock().expect("the ticks").len() >= 6 }).await;
    until("its job is done", || async {
        here.count("select count(*) from jobs where kind = 'tick' and state <> 'done'").await == 0
    })
    .await;
    let seen = ticks.lock().expect("the ticks").clone();
    assert_eq!(seen.len(), 6, "{seen:?}");
    let mut distinct = seen.clone();
    distinct.dedup();
    assert_eq!(distinct, seen, "no tick was seen twice");
    for worker in workers {
        worker.abort();
    }
});

on_each!(what_ended_long_ago_is_forgotten_and_the_rest_kept, |store| {
    let house = House::over(&store);
    let (worker, _) = worker(&house, 0);
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    enqueue(&house, NewJob::new("unknown", Json::empty()).attempts(1)).await;
    let here = &house;
    until("one is done", || in_state(here, "done")).await;
    until("one is dead", || in_state(here, "dead")).await;
    let kept = "select count(*) from jobs where kind in ('test', 'unknown')";
    for (days, left) in [(6, 2), (2, 1), (23, 0)] {
        house.pass(days * 86_400);
        house.app.hub.wake_workers();
        let swept = "select count(*) from jobs where kind = 'jobs.sweep' and state <> 'done'";
        until("it was swept", || async {
            here.count(kept).await == left && here.count(swept).await == 0
        })
        .await;
    }
    worker.abort();
});

on_each!(what_kills_its_worker_once_too_often_counts_as_given_up, |store| {
    let house = House::over(&store);
    let (jobs, begun, _) = hanging();
    enqueue(&house, NewJob::new("test", Json::empty()).attempts(1)).await;
    let dead = tokio::spawn(jobs.run(house.app.clone()));
    until("it runs", || async { begun.load(Ordering::Acquire) == 1 }).await;
    dead.abort();
    assert!(dead.await.is_err_and(|end| end.is_cancelled()));
    assert_eq!(house.app.meters().jobs.of("test").dead.get(), 0);
    kernel::jobs::recover(&house.app).await.expect("recovered");
    assert_eq!(house.count("select count(*) from jobs where state = 'dead'").await, 1);
    assert_eq!(house.app.meters().jobs.of("test").dead.get(), 1);
});

on_each!(what_ran_when_the_only_process_died_runs_again_at_once, |store| {
    let house = House::over(&store);
    let (jobs, begun, _) = hanging();
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    let dead = tokio::spawn(jobs.run(house.app.clone()));
    until("it runs", || async { begun.load(Ordering::Acquire) == 1 }).await;
    dead.abort();
    assert!(dead.await.is_err_and(|end| end.is_cancelled()));
    kernel::jobs::recover(&house.app).await.expect("recovered");
    let (worker, runs) = worker(&house, 0);
    let here = &house;
    until("it is done", || in_state(here, "done")).await;
    assert_eq!(runs.load(Ordering::Acquire), 1);
    worker.abort();
});
