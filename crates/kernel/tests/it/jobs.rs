//! Jobs: in the transaction of their cause, leased, retried, given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kernel::Caller;
use kernel::jobs::{Jobs, NewJob};
use types::{Error, Json};

use crate::{House, on_each, until};

async fn enqueue(house: &House, job: NewJob) {
    house
        .app
        .change(&Caller::system("test"), async move |work| {
            work.silently();
            work.enqueue(job.clone()).await
        })
        .await
        .expect("a job");
}

/// Fails until it has run `failures` times.
fn worker(house: &House, failures: u32) -> (tokio::task::JoinHandle<()>, Arc<AtomicU32>) {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let jobs = Jobs::default().with("test", move |_, _| {
        let run = counted.fetch_add(1, Ordering::AcqRel);
        async move {
            match run {
                run if run >= failures => Ok(()),
                0 => panic!("on purpose"),
                _ => Err(Error::overloaded("Not yet.")),
            }
        }
    });
    (tokio::spawn(jobs.run(house.app.clone())), runs)
}

async fn in_state(house: &House, state: &'static str) -> bool {
    let sql = match state {
        "done" => "select count(*) from jobs where state = 'done'",
        "dead" => "select count(*) from jobs where state = 'dead'",
        _ => "select count(*) from jobs where state = 'queued'",
    };
    house.count(sql).await == 1
}

on_each!(a_job_runs_and_is_done, |store| {
    let house = House::over(&store);
    let (worker, runs) = worker(&house, 0);
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    let house = &house;
    until("the job is done", || in_state(house, "done")).await;
    assert_eq!(runs.load(Ordering::Acquire), 1);
    worker.abort();
});

on_each!(a_job_waits_for_its_moment, |store| {
    let house = House::over(&store);
    let (worker, runs) = worker(&house, 0);
    let later = house.app.now().after(std::time::Duration::from_secs(3600));
    enqueue(&house, NewJob::new("test", Json::empty()).at(later)).await;
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    let house = &house;
    until("the one that is due is done", || in_state(house, "done")).await;
    assert_eq!(runs.load(Ordering::Acquire), 1);
    house.pass(3601);
    house.app.hub.wake_workers();
    until("the other one ran", || async { runs.load(Ordering::Acquire) == 2 }).await;
    worker.abort();
});

on_each!(a_failing_job_is_tried_again_after_a_growing_pause, |store| {
    let house = House::over(&store);
    // The first run panics, the second fails, the third works.
    let (worker, runs) = worker(&house, 2);
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    let house = &house;
    for (run, pause) in [(1, 2), (2, 3)] {
        until("it ran", || async { runs.load(Ordering::Acquire) == run }).await;
        until("it waits", || in_state(house, "queued")).await;
        house.pass(pause);
        house.app.hub.wake_workers();
    }
    until("the job is done", || in_state(house, "done")).await;
    assert_eq!(runs.load(Ordering::Acquire), 3);
    worker.abort();
});

on_each!(a_job_that_never_works_is_given_up_and_kept, |store| {
    let house = House::over(&store);
    let (worker, runs) = worker(&house, u32::MAX);
    let mut job = NewJob::new("test", Json::empty());
    job.max_attempts = 2;
    enqueue(&house, job).await;
    let house = &house;
    until("it ran once", || in_state(house, "queued")).await;
    until("it ran once", || async { runs.load(Ordering::Acquire) == 1 }).await;
    until("it waits", || in_state(house, "queued")).await;
    house.pass(10);
    house.app.hub.wake_workers();
    until("it is dead", || in_state(house, "dead")).await;
    assert_eq!(house.count("select count(*) from jobs where last_error is not null").await, 1);
    worker.abort();
});

on_each!(a_job_nobody_handles_is_not_lost, |store| {
    let house = House::over(&store);
    let (worker, _) = worker(&house, 0);
    enqueue(&house, NewJob::new("unknown", Json::empty())).await;
    let house = &house;
    until("its failure is noted", || async {
        house.count("select count(*) from jobs where last_error like '%no handler%'").await == 1
    })
    .await;
    worker.abort();
});

on_each!(a_job_whose_worker_died_runs_again_when_its_lease_ends, |store| {
    let house = House::over(&store);
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    // A worker that hangs: killed in the middle, it leaves its lease behind.
    let hangs = Jobs::default().with("test", |_, _| std::future::pending());
    let dead = tokio::spawn(hangs.run(house.app.clone()));
    let running = "select count(*) from jobs where state = 'running'";
    let here = &house;
    until("it is claimed", || async { here.count(running).await == 1 }).await;
    dead.abort();

    let (worker, runs) = worker(&house, 0);
    house.pass(61);
    house.app.hub.wake_workers();
    until("the job is done", || in_state(here, "done")).await;
    assert_eq!(runs.load(Ordering::Acquire), 1);
    worker.abort();
});

on_each!(many_workers_run_each_job_once, |store| {
    let house = House::over(&store);
    let runs = Arc::new(AtomicU32::new(0));
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let counted = Arc::clone(&runs);
            let jobs = Jobs::default().with("test", move |_, _| {
                counted.fetch_add(1, Ordering::AcqRel);
                async { Ok(()) }
            });
            tokio::spawn(jobs.run(house.app.clone()))
        })
        .collect();
    for _ in 0..50 {
        enqueue(&house, NewJob::new("test", Json::empty())).await;
    }
    let house = &house;
    until("all jobs are done", || async {
        house.count("select count(*) from jobs where state = 'done'").await == 50
    })
    .await;
    assert_eq!(runs.load(Ordering::Acquire), 50);
    for worker in workers {
        worker.abort();
    }
});
