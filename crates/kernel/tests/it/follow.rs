//! Followers of the log: each event takes effect once, and none is missed.

use kernel::events::follow;

use crate::{House, on_each, until};

on_each!(every_event_takes_effect_exactly_once, |store| {
    let house = House::over(&store);
    for _ in 0..5 {
        house.event("group_updated").await.expect("an event");
    }
    // Two followers of one name, as on two nodes: together they act once.
    let followers: Vec<_> = (0..2)
        .map(|_| {
            tokio::spawn(follow(
                house.app.clone(),
                "test",
                async |_, entries| Ok(entries.len()),
                async |tx, count| {
                    let count = i64::try_from(*count).unwrap_or(i64::MAX);
                    tx.run(
                        "insert into once (name, value, claimed_at) values ('seen', 'x', $1) \
                         on conflict (name) do update set claimed_at = once.claimed_at + $1",
                        database::args![count],
                    )
                    .await?;
                    Ok(())
                },
            ))
        })
        .collect();
    let writers = (0..50).map(|_| house.event("group_updated"));
    for outcome in futures_util::future::join_all(writers).await {
        outcome.expect("an event");
    }
    let house = &house;
    let seen = || async {
        house.count("select coalesce(max(claimed_at), 0) from once where name = 'seen'").await
    };
    until("all 55 events are seen", || async { seen().await >= 55 }).await;
    for follower in followers {
        follower.abort();
    }
    assert_eq!(seen().await, 55);
});

on_each!(a_failing_follower_tries_again_and_skips_nothing, |store| {
    let house = House::over(&store);
    house.event("group_updated").await.expect("an event");
    let failures = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = std::sync::Arc::clone(&failures);
    let follower = tokio::spawn(follow(
        house.app.clone(),
        "test",
        async |_, entries| Ok(entries.len()),
        async move |tx, _| {
            if counted.fetch_add(1, std::sync::atomic::Ordering::AcqRel) == 0 {
                return Err(types::Error::overloaded("On purpose."));
            }
            tx.run("insert into once (name, claimed_at) values ('seen', 1)", &[]).await?;
            Ok(())
        },
    ));
    let house = &house;
    until("the event took effect", || async {
        house.count("select count(*) from once where name = 'seen'").await == 1
    })
    .await;
    follower.abort();
    assert!(failures.load(std::sync::atomic::Ordering::Acquire) >= 2);
});
