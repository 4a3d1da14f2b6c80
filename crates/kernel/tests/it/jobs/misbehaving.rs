//! Handlers that panic, hang, never yield or return garbage: bounded, told, and nobody else's
//! trouble.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use kernel::jobs::{Jobs, MAX_RESULT, NewJob};
use types::Json;

use super::{enqueue, in_state};
use crate::{House, on_each, until};

on_each!(a_handler_that_takes_too_long_is_stopped_and_the_reason_kept, |store| {
    let house = House::over(&store);
    let jobs = Jobs::default()
        .with("test", |_, _| std::future::pending())
        .within("test", Duration::from_millis(20));
    enqueue(&house, NewJob::new("test", Json::empty()).attempts(1)).await;
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    let here = &house;
    until("it is dead", || in_state(here, "dead")).await;
    let told = "select count(*) from jobs where last_error like '%took too long%'";
    assert_eq!(house.count(told).await, 1);
    worker.abort();
});

on_each!(a_handler_that_never_yields_holds_up_no_other_kind, |store| {
    let house = House::over(&store);
    let (stop, quick) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let (told, ran) = (Arc::clone(&stop), Arc::clone(&quick));
    let jobs = Jobs::default()
        .with("blocks", move |_, _| {
            let told = Arc::clone(&told);
            async move {
                while !told.load(Ordering::Acquire) {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Ok(())
            }
        })
        .with("quick", move |_, _| {
            ran.fetch_add(1, Ordering::AcqRel);
            async { Ok(()) }
        });
    for _ in 0..10 {
        enqueue(&house, NewJob::new("blocks", Json::empty())).await;
    }
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    let here = &house;
    until("all places block", || async {
        here.count("select count(*) from jobs where state = 'running'").await == 4
    })
    .await;
    for round in 1..=5 {
        enqueue(&house, NewJob::new("quick", Json::empty())).await;
        until("a quick one ran", || async { quick.load(Ordering::Acquire) == round }).await;
    }
    stop.store(true, Ordering::Release);
    until("the others ran, too", || async {
        here.count("select count(*) from jobs where state = 'done'").await == 15
    })
    .await;
    worker.abort();
});

on_each!(a_panic_while_dropping_is_a_failure_and_no_more, |store| {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let house = House::over(&store);
    let jobs = Jobs::default()
        .with("test", |_, _| async {
            let _bomb = Bomb;
            std::future::pending::<()>().await;
            Ok(())
        })
        .within("test", Duration::from_millis(20))
        .with("other", |_, _| async { Ok(()) });
    enqueue(&house, NewJob::new("test", Json::empty()).attempts(1)).await;
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    let here = &house;
    until("it is dead", || in_state(here, "dead")).await;
    enqueue(&house, NewJob::new("other", Json::empty())).await;
    until("the other is done", || in_state(here, "done")).await;
    worker.abort();
});

on_each!(a_result_too_large_fails_for_good_and_a_good_one_is_kept, |store| {
    let house = House::over(&store);
    let jobs = Jobs::default()
        .with("large", |_, job| async move {
            job.result(Json::of(&"x".repeat(MAX_RESULT)).expect("JSON"));
            Ok(())
        })
        .with("garbage", |_, job| async move {
            job.result(Json::of(&"a\0b").expect("JSON"));
            Ok(())
        })
        .with("words", |_, _| async { Err(types::Error::internal("a\0b\u{7}".repeat(1000))) })
        .with("good", |_, job| async move {
            job.progress(200, "all\0 of it");
            job.result(Json::of(&serde_json::json!({ "rows": 3 })).expect("JSON"));
            Ok(())
        });
    for kind in ["large", "garbage", "words", "good"] {
        enqueue(&house, NewJob::new(kind, Json::empty()).attempts(1)).await;
    }
    let worker = tokio::spawn(jobs.run(house.app.clone()));
    let here = &house;
    until("all are over", || async {
        here.count("select count(*) from jobs where state in ('dead', 'done')").await == 4
    })
    .await;
    let dead = "select count(*) from jobs where state = 'dead' and last_error is not null";
    assert_eq!(house.count(dead).await, 3);
    let told = "select count(*) from jobs where kind = 'large' and last_error like '%64 KiB%'";
    assert_eq!(house.count(told).await, 1);
    let good = "select count(*) from jobs where kind = 'good' and state = 'done' \
                and progress = 100 and cast(result ->> 'rows' as text) = '3'";
    assert_eq!(house.count(good).await, 1);
    worker.abort();
});
