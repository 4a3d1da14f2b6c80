//! Whose turn it is: groups within a kind, what is urgent, what there may be one of.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use kernel::Caller;
use kernel::jobs::{Jobs, NewJob, Priority};
use types::{GroupId, JobId, Json};

use super::enqueue;
use crate::{House, on_each, until};

fn tenant(number: u128) -> GroupId {
    GroupId(uuid::Uuid::from_u128(number + 1))
}

async fn submit(house: &House, job: NewJob) -> JobId {
    house
        .app
        .change(&Caller::system("test"), async move |work| {
            work.silently();
            work.submit(&job).await
        })
        .await
        .expect("a job")
}

async fn submit_all(house: &House, jobs: Vec<NewJob>) {
    house
        .app
        .change(&Caller::system("test"), async move |work| {
            work.silently();
            work.enqueue_all(&jobs).await
        })
        .await
        .expect("jobs");
}

on_each!(a_tenant_with_ten_thousand_jobs_delays_no_other, |store| {
    let house = House::over(&store);
    let big = |_| NewJob::new("test", Json::empty()).of_group(tenant(0));
    for _ in 0..10 {
        submit_all(&house, (0..1_000).map(big).collect()).await;
    }
    for number in 1..=20 {
        submit(&house, NewJob::new("test", Json::empty()).of_group(tenant(number))).await;
    }
    let order = Arc::new(Mutex::new(Vec::new()));
    let ran = Arc::clone(&order);
    let jobs = Jobs::default().with("test", move |_, job: kernel::jobs::Job| {
        ran.lock().expect("the order").push(job.group);
        async { Ok(()) }
    });
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    let here = &house;
    until("the others are done", || async {
        here.count("select count(*) from jobs where state = 'done' and not lane = ''").await >= 21
            && order
                .lock()
                .expect("the order")
                .iter()
                .filter(|one| **one != Some(tenant(0)))
                .count()
                == 20
    })
    .await;
    worker.abort();
    // Each of the twenty had its turn after a few jobs of the first.
    let before = order.lock().expect("the order");
    let last = before.iter().rposition(|one| *one != Some(tenant(0))).expect("they ran");
    assert!(last < 150, "the last of the others ran as number {last}");
});

on_each!(no_group_has_more_than_its_share_at_once_on_all_nodes, |store| {
    let house = House::over(&store);
    let now = Arc::new(Mutex::new(HashMap::<Option<GroupId>, i32>::new()));
    let most = Arc::new(AtomicU32::new(0));
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            let jobs = Jobs::default().with("test", move |_, job: kernel::jobs::Job| {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                async move {
                    let count = {
                        let mut now = now.lock().expect("a count");
                        let count = now.entry(job.group).or_default();
                        *count += 1;
                        *count
                    };
                    most.fetch_max(u32::try_from(count).expect("a count"), Ordering::AcqRel);
                    for _ in 0..20 {
                        tokio::task::yield_now().await;
                    }
                    *now.lock().expect("a count").entry(job.group).or_default() -= 1;
                    Ok(())
                }
            });
            tokio::spawn(jobs.run(house.app.clone()))
        })
        .collect();
    let of = |number: u128| NewJob::new("test", Json::empty()).of_group(tenant(number % 2));
    submit_all(&house, (0..60).map(of).collect()).await;
    let here = &house;
    until("all are done", || async {
        here.count("select count(*) from jobs where state = 'done'").await == 60
    })
    .await;
    assert!(most.load(Ordering::Acquire) <= 2, "the setting says two");
    for worker in workers {
        worker.abort();
    }
});

on_each!(what_is_urgent_comes_first, |store| {
    let house = House::over(&store);
    // Two run at a time, and those may change places: they are of one urgency.
    for priority in [Priority::Low, Priority::Normal, Priority::High].repeat(2) {
        let job = NewJob::new("test", Json::of(&format!("{priority:?}")).expect("JSON"));
        enqueue(&house, job.of_group(tenant(0)).priority(priority)).await;
    }
    let order = Arc::new(Mutex::new(Vec::new()));
    let (ran, gate) = (Arc::clone(&order), Arc::new(tokio::sync::Semaphore::new(1)));
    let jobs = Jobs::default().with("test", move |_, job: kernel::jobs::Job| {
        let (ran, gate) = (Arc::clone(&ran), Arc::clone(&gate));
        async move {
            let _alone = gate.acquire().await?;
            ran.lock().expect("the order").push(job.payload.as_str().to_owned());
            Ok(())
        }
    });
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    until("all ran", || async { order.lock().expect("the order").len() == 6 }).await;
    worker.abort();
    let ran = order.lock().expect("the order").clone();
    assert_eq!(ran, ["\"High\"", "\"Normal\"", "\"Low\""].map(|one| [one; 2]).concat());
});

on_each!(of_fifty_that_enqueue_a_unique_job_one_does, |store| {
    let house = House::over(&store);
    let job = || NewJob::new("test", Json::empty()).unique("the one");
    let ids = futures_util::future::join_all((0..50).map(|_| submit(&house, job()))).await;
    assert_eq!(house.count("select count(*) from jobs").await, 1);
    assert!(ids.iter().all(|id| *id == ids[0]), "all are told of the same job");
    // Another key, and another kind, is another job.
    submit(&house, NewJob::new("test", Json::empty()).unique("another")).await;
    submit(&house, NewJob::new("other", Json::empty()).unique("the one")).await;
    submit_all(&house, vec![job(), job(), NewJob::new("test", Json::empty())]).await;
    assert_eq!(house.count("select count(*) from jobs").await, 4);
    // Once it is done there can be a new one.
    let jobs = Jobs::default().with("test", |_, _| async { Ok(()) });
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    let here = &house;
    until("it is done", || async {
        here.count("select count(*) from jobs where kind = 'test' and state = 'done'").await == 3
    })
    .await;
    worker.abort();
    assert_ne!(submit(&house, job()).await, ids[0]);
});

on_each!(only_jobs_that_are_new_are_counted, |store| {
    let house = House::over(&store);
    let unique = |key: &str| NewJob::new("test", Json::empty()).unique(key);
    let plain = || NewJob::new("test", Json::empty());
    let enqueued = || house.app.meters().jobs.of("test").enqueued.get();
    submit_all(&house, vec![unique("a"), unique("b"), plain()]).await;
    assert_eq!(enqueued(), 3);
    submit_all(&house, vec![unique("b"), unique("c"), unique("c"), plain()]).await;
    assert_eq!(enqueued(), 5);
    submit(&house, unique("a")).await;
    assert_eq!(enqueued(), 5);
});
