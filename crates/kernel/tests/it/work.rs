//! One transaction, one caller, one moment, its events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use database::args;
use kernel::{Caller, jobs::NewJob};
use types::{Error, ErrorKind, Json};

use crate::{House, on_each};

on_each!(a_change_without_an_event_is_refused, |store| {
    let house = House::over(&store);
    let outcome = house
        .app
        .change(&Caller::system("test"), async |work| {
            work.tx.run("insert into once (name, claimed_at) values ('x', 0)", args![]).await
        })
        .await;
    let error = outcome.expect_err("a refusal");
    assert!(error.cause().is_some_and(|why| why.contains("without an event")), "{error}");
    assert_eq!(house.count("select count(*) from once").await, 0);

    // Bookkeeping says that it is no event.
    house
        .app
        .change(&Caller::system("test"), async |work| {
            work.silently();
            work.tx.run("insert into once (name, claimed_at) values ('x', 0)", args![]).await
        })
        .await
        .expect("a silent change");
});

on_each!(nothing_leaves_the_house_before_the_commit, |store| {
    let house = House::over(&store);
    let happened = Arc::new(AtomicU32::new(0));
    let group = house.group;
    for fails in [true, false] {
        let seen = Arc::clone(&happened);
        let outcome = house
            .app
            .change(&Caller::system("test"), async move |work| {
                let nothing = Json::empty();
                work.announce(group, "thing_created", group, &nothing).await?;
                work.enqueue(NewJob::new("test", Json::empty())).await?;
                let seen = Arc::clone(&seen);
                work.after_commit(move |_| {
                    seen.fetch_add(1, Ordering::AcqRel);
                });
                if fails { Err(Error::conflict("no", "No.")) } else { Ok(()) }
            })
            .await;
        assert_eq!(outcome.is_err(), fails);
        let kept = i64::from(!fails);
        assert_eq!(i64::from(happened.load(Ordering::Acquire)), kept);
        assert_eq!(house.count("select count(*) from events").await, kept);
        assert_eq!(house.count("select count(*) from jobs").await, kept);
    }
});

on_each!(a_part_that_fails_leaves_no_event_and_no_effect, |store| {
    let house = House::over(&store);
    let group = house.group;
    let happened = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&happened);
    house
        .app
        .change(&Caller::system("test"), async move |work| {
            let nothing = Json::empty();
            work.announce(group, "group_created", group, &nothing).await?;
            let seen = Arc::clone(&seen);
            let part = work
                .nested(async move |work| {
                    work.announce(group, "thing_created", group, &Json::empty()).await?;
                    work.after_commit(move |_| {
                        seen.fetch_add(1, Ordering::AcqRel);
                    });
                    Err::<(), _>(Error::conflict("no", "No."))
                })
                .await;
            assert_eq!(part.expect_err("the part").kind(), ErrorKind::Conflict);
            Ok(())
        })
        .await
        .expect("the rest");
    assert_eq!(house.count("select count(*) from events").await, 1);
    assert_eq!(happened.load(Ordering::Acquire), 0);
});

on_each!(of_a_rehearsal_nothing_is_left_but_its_answer, |store| {
    let house = House::over(&store);
    let group = house.group;
    let happened = Arc::new(AtomicU32::new(0));
    for fails in [true, false] {
        let seen = Arc::clone(&happened);
        let outcome = house
            .app
            .rehearse(&Caller::system("test"), async move |work| {
                work.announce(group, "thing_created", group, &Json::empty()).await?;
                work.enqueue(NewJob::new("test", Json::empty())).await?;
                let seen = Arc::clone(&seen);
                work.after_commit(move |_| {
                    seen.fetch_add(1, Ordering::AcqRel);
                });
                let known = work.nested(async |part| Ok(part.is_rehearsal())).await?;
                assert!(known && work.is_rehearsal(), "also a part of it");
                if fails { Err(Error::conflict("no", "No.")) } else { Ok(work.recorded()) }
            })
            .await;
        let answer = outcome.map_err(|error| error.code().to_owned());
        assert_eq!(answer, if fails { Err("no".to_owned()) } else { Ok(1) });
    }
    assert_eq!(house.count("select count(*) from events").await, 0);
    assert_eq!(house.count("select count(*) from jobs").await, 0);
    assert_eq!(happened.load(Ordering::Acquire), 0);
});
