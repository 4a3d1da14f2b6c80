//! Jobs: in the transaction of their cause, leased, retried, given up.

#[path = "jobs/ahead.rs"]
mod ahead;
#[path = "jobs/life.rs"]
mod life;
#[path = "jobs/misbehaving.rs"]
mod misbehaving;
#[path = "jobs/turns.rs"]
mod turns;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use kernel::Caller;
use kernel::jobs::{Jobs, NewJob};
use types::{Error, Json};

use crate::engines::Fresh;
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
    let later = house.app.now().after(Duration::from_secs(3600));
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
    // Until it is gone it could claim the job once more.
    assert!(dead.await.is_err_and(|end| end.is_cancelled()));

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

on_each!(jobs_that_hang_hold_up_nobody_else, |store| {
    let house = House::over(&store);
    let (hanging, counted) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (hung, ran) = (Arc::clone(&hanging), Arc::clone(&counted));
    let jobs = Jobs::default()
        .with("hang", move |_, _| {
            hung.fetch_add(1, Ordering::AcqRel);
            std::future::pending()
        })
        .with("quick", move |_, _| {
            ran.fetch_add(1, Ordering::AcqRel);
            async { Ok(()) }
        });
    for _ in 0..20 {
        enqueue(&house, NewJob::new("hang", Json::empty())).await;
    }
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    until("some hang", || async { hanging.load(Ordering::Acquire) == 4 }).await;
    for round in 1..=20 {
        enqueue(&house, NewJob::new("quick", Json::empty())).await;
        until("a quick one ran", || async { counted.load(Ordering::Acquire) == round }).await;
    }
    // The others of their kind wait for a place, unclaimed.
    assert_eq!(hanging.load(Ordering::Acquire), 4);
    let claimed = "select count(*) from jobs where kind = 'hang' and state = 'running'";
    assert_eq!(house.count(claimed).await, 4);
    worker.abort();
});

on_each!(a_place_that_becomes_free_is_taken_at_once, |store| {
    let house = House::over(&store);
    let (open, ran) = (Arc::new(tokio::sync::Semaphore::new(0)), Arc::new(AtomicU32::new(0)));
    let (door, counted) = (Arc::clone(&open), Arc::clone(&ran));
    let jobs = Jobs::default().with("test", move |_, _| {
        let (door, counted) = (Arc::clone(&door), Arc::clone(&counted));
        async move {
            counted.fetch_add(1, Ordering::AcqRel);
            let _place = door.acquire().await?;
            std::future::pending::<()>().await;
            Ok(())
        }
    });
    let quick = jobs.with("other", |_, _| async { Ok(()) });
    for _ in 0..6 {
        enqueue(&house, NewJob::new("test", Json::empty())).await;
    }
    let worker = tokio::spawn(quick.run(house.app.clone()));
    until("four run", || async { ran.load(Ordering::Acquire) == 4 }).await;
    // Closing the door fails those that wait at it; the next ones come in and fail as well.
    open.close();
    until("all ran", || async { ran.load(Ordering::Acquire) >= 6 }).await;
    worker.abort();
});

on_each!(what_is_hopeless_is_given_up_at_once, |store| {
    let house = House::over(&store);
    let jobs = Jobs::default()
        .with("test", |_, _| async { Err(kernel::jobs::hopeless("nobody lives there")) });
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    let house = &house;
    until("it is dead", || in_state(house, "dead")).await;
    let told = "select count(*) from jobs where attempts = 1 and last_error like '%nobody lives%'";
    assert_eq!(house.count(told).await, 1);
    worker.abort();
});

on_each!(a_long_queue_of_one_kind_holds_up_no_other, |store| {
    let house = House::over(&store);
    house
        .app
        .change(&Caller::system("test"), async move |work| {
            work.silently();
            for _ in 0..3_000 {
                work.enqueue(NewJob::new("hangs", Json::empty())).await?;
            }
            work.enqueue(NewJob::new("quick", Json::empty())).await
        })
        .await
        .expect("jobs");
    let jobs = Jobs::default()
        .with("hangs", |_, _| std::future::pending())
        .with("quick", |_, _| async { Ok(()) });
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    let here = &house;
    until("the quick one is done", || in_state(here, "done")).await;
    let running = "select count(*) from jobs where state = 'running'";
    assert_eq!(house.count(running).await, 4, "of one kind no more at once");
    worker.abort();
    if store.db.engine().name() == "sqlite" {
        let plan: Vec<String> = house
            .app
            .db
            .unbound()
            .read(async |tx| {
                tx.all(
                    "explain query plan select id from jobs where state = 'queued' and ready \
                     and kind = 'quick' and lane = '' order by priority, run_at, id limit 1",
                    database::args![],
                    |row| row.get(3),
                )
                .await
            })
            .await
            .expect("a plan");
        let plan = plan.join("; ");
        assert!(plan.contains("jobs_ready") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
});

/// The worker shares its only thread, and learns late that a run ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn how_long_a_run_took_does_not_depend_on_who_hears_of_its_end() {
    let store = Fresh::sqlite().await;
    let house = House::over(&store);
    let [begun, over, busy] = [(); 3].map(|()| Arc::new(AtomicBool::new(false)));
    let (begins, ends) = (Arc::clone(&begun), Arc::clone(&over));
    let jobs = Jobs::default().with("test", move |_, _| {
        let (begins, ends) = (Arc::clone(&begins), Arc::clone(&ends));
        async move {
            begins.store(true, Ordering::Release);
            while !ends.load(Ordering::Acquire) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok(())
        }
    });
    enqueue(&house, NewJob::new("test", Json::empty())).await;
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    until("it runs", || async { begun.load(Ordering::Acquire) }).await;
    let is_busy = Arc::clone(&busy);
    let blocks = tokio::spawn(async move {
        is_busy.store(true, Ordering::Release);
        std::thread::sleep(Duration::from_secs(2));
    });
    // This thread is nobody else's, and without the other one there is no clock of tokio's.
    while !busy.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
    over.store(true, Ordering::Release);
    blocks.await.expect("it ends");
    let here = &house;
    until("the job is done", || in_state(here, "done")).await;
    let took = house.app.meters().jobs.of("test").took.read();
    assert_eq!(took.count, 1);
    assert!(took.sum < 1_500_000, "{} µs", took.sum);
    worker.abort();
    store.done().await;
}
