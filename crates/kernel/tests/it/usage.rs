//! What a group uses of its plan: exact, whoever counts at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use database::args;
use kernel::usage::{self, Metric};
use kernel::{App, Caller, Clock, Keys, Parts, Random};
use tokio::task::JoinSet;
use types::{GroupId, Result};

use crate::{House, on_each};

/// Somebody whom plans bind; the house itself is only counted.
fn somebody() -> Caller {
    Caller::nobody("test".into())
}

async fn silently(app: &App, sql: &'static str, group: GroupId, number: i64) {
    app.change(&Caller::system("test"), async move |work| {
        work.silently();
        work.tx.run(sql, args![group, number]).await
    })
    .await
    .expect("a statement");
}

/// The group of a house, with at most so many things.
async fn limited(house: &House, things: i64) -> GroupId {
    let group = house.group;
    let sql = "insert into groups (id, slug, name, type, visibility, join_policy, plan, limits, \
               metadata, status, version, created_at, updated_at) values ($1, 'acme', 'Acme', \
               'business', 'private', 'open', 'enterprise', '{}', '{}', 'active', 1, $2, $2)";
    silently(&house.app, sql, group, 0).await;
    limit(&house.app, group, things).await;
    group
}

async fn limit(app: &App, group: GroupId, things: i64) {
    app.change(&Caller::system("test"), async move |work| {
        work.silently();
        let limits = types::Json::of(&serde_json::json!({ "things": things }))?;
        work.tx.run("update groups set limits = $2 where id = $1", args![group, &limits]).await
    })
    .await
    .expect("a limit");
}

async fn take(app: &App, group: GroupId, amount: i64) -> Result<()> {
    app.change(&somebody(), async move |work| {
        work.silently();
        work.tx.enter([group]);
        usage::take(work, group, Metric::Things, amount).await
    })
    .await
}

async fn used(app: &App, group: GroupId) -> i64 {
    let (plans, now) = (app.plans.clone(), app.now());
    let all =
        app.db.unbound().read(async move |tx| usage::of_group(tx, &plans, group, now).await).await;
    all.unwrap().iter().find(|one| one.metric == Metric::Things).unwrap().used
}

/// What was told, in order.
async fn told(app: &App) -> Vec<String> {
    app.db
        .unbound()
        .read(async |tx| {
            tx.all(
                "select cast(metadata ->> 'status' as text) from events \
                 where type = 'quota_warning' order by seq",
                args![],
                |row| row.get(0),
            )
            .await
        })
        .await
        .unwrap()
}

/// Everybody takes one at once; how many got it. Nobody hears anything but 402.
async fn crowd(apps: &[App], group: GroupId, many: usize) -> usize {
    let mut all = JoinSet::new();
    for number in 0..many {
        let app = apps[number % apps.len()].clone();
        all.spawn(async move { take(&app, group, 1).await });
    }
    let outcomes = all.join_all().await;
    for error in outcomes.iter().filter_map(|one| one.as_ref().err()) {
        assert_eq!(error.code(), "quota_exceeded", "{error:?}");
        assert!(error.message().contains("includes 100 things"), "{error}");
    }
    outcomes.iter().filter(|one| one.is_ok()).count()
}

on_each!(of_two_hundred_at_once_exactly_as_many_pass_as_the_limit_says, each_wide, |store| {
    let house = House::over(&store);
    let group = limited(&house, 100).await;
    assert_eq!(crowd(std::slice::from_ref(&house.app), group, 200).await, 100);
    assert_eq!(used(&house.app, group).await, 100);
    assert_eq!(told(&house.app).await, ["warning", "critical", "exceeded"]);
    take(&house.app, group, -30).await.unwrap();
    assert_eq!(crowd(std::slice::from_ref(&house.app), group, 200).await, 30);
    assert_eq!(used(&house.app, group).await, 100);
});

on_each!(who_counts_at_the_same_time_stays_out_of_each_others_way, each_wide, |store| {
    const MANY: usize = 400;
    let house = House::over(&store);
    let group = limited(&house, 1_000_000).await;
    // Every slot has its ceiling from here on.
    take(&house.app, group, 1).await.unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut all = JoinSet::new();
    for _ in 0..MANY {
        let (app, runs) = (house.app.clone(), Arc::clone(&runs));
        all.spawn(async move {
            app.change(&somebody(), async move |work| {
                runs.fetch_add(1, Ordering::AcqRel);
                work.tx.enter([group]);
                usage::take(work, group, Metric::Things, 1).await?;
                work.announce(group, "thing_created", group, &types::Json::empty()).await?;
                work.seq().await
            })
            .await
        });
    }
    let mut seqs: Vec<i64> = all.join_all().await.into_iter().map(|seq| seq.unwrap()).collect();
    seqs.sort_unstable();
    let app = &house.app;
    let logged: Vec<i64> = app
        .db
        .unbound()
        .read(async |tx| tx.all("select seq from events order by seq", &[], |row| row.get(0)).await)
        .await
        .unwrap();
    assert_eq!(seqs, logged);
    assert_eq!(used(app, group).await, 1 + i64::try_from(MANY).unwrap());
    let again = runs.load(Ordering::Acquire) - MANY;
    assert!(again <= MANY / 50, "{again} of {MANY} had to run again");
});

on_each!(a_second_process_over_the_same_store_changes_nothing_about_it, each_wide, |store| {
    let house = House::over(&store);
    let group = limited(&house, 100).await;
    // A store of its own where there can be one: SQLite is one process's.
    let settings = store.settings.clone();
    let db = match store.db.engine() {
        database::Engine::Sqlite => store.db.clone(),
        database::Engine::Postgres => database::Db::open(&settings).await.unwrap(),
    };
    let keys = Keys::new([1; 32], [2; 32]);
    let other = App::new(Parts::new(db, keys, Clock::System, Random::System));
    let apps = [house.app.clone(), other];
    assert_eq!(crowd(&apps, group, 200).await, 100);
    assert_eq!(used(&house.app, group).await, 100);
});

on_each!(without_a_limit_nobody_waits_and_all_is_counted, each_wide, |store| {
    let house = House::over(&store);
    let group = limited(&house, 1_000_000).await;
    silently(&house.app, "update groups set limits = null, version = $2 where id = $1", group, 2)
        .await;
    assert_eq!(crowd(std::slice::from_ref(&house.app), group, 200).await, 200);
    assert_eq!(used(&house.app, group).await, 200);
    assert_eq!(house.count("select count(*) from usage_cuts").await, 0);
    // A limit that comes later knows what is there, whichever slots it is in.
    limit(&house.app, group, 300).await;
    take(&house.app, group, 90).await.unwrap();
    assert_eq!(take(&house.app, group, 11).await.unwrap_err().code(), "quota_exceeded");
    take(&house.app, group, 10).await.unwrap();
    limit(&house.app, group, 400).await;
    take(&house.app, group, 100).await.unwrap();
    assert_eq!(take(&house.app, group, 1).await.unwrap_err().code(), "quota_exceeded");
    limit(&house.app, group, 100).await;
    assert!(take(&house.app, group, 1).await.unwrap_err().message().contains("400 are used"));
    take(&house.app, group, -301).await.unwrap();
    take(&house.app, group, 1).await.unwrap();
    assert_eq!(used(&house.app, group).await, 100);
});

on_each!(a_warning_is_told_once_for_each_time_it_is_true, |store| {
    let house = House::over(&store);
    let group = limited(&house, 1000).await;
    let step = async |amount| take(&house.app, group, amount).await.unwrap();
    for _ in 0..79 {
        step(10).await;
    }
    assert_eq!(told(&house.app).await, [""; 0]);
    for amount in [10, -10, 10, -10, 10] {
        step(amount).await;
    }
    assert_eq!(told(&house.app).await, ["warning"], "to and fro across a mark is one crossing");
    step(-60).await;
    step(60).await;
    assert_eq!(told(&house.app).await, ["warning", "warning"]);
    step(200).await;
    assert_eq!(told(&house.app).await, ["warning", "warning", "exceeded"]);
});

on_each!(the_house_itself_is_counted_and_not_refused, |store| {
    let house = House::over(&store);
    let group = limited(&house, 3).await;
    let caller = Caller::system("import");
    let taken = house.app.change(&caller, async move |work| {
        work.silently();
        usage::take(work, group, Metric::Things, 5).await
    });
    taken.await.unwrap();
    assert_eq!(used(&house.app, group).await, 5);
    assert_eq!(take(&house.app, group, 1).await.unwrap_err().code(), "quota_exceeded");
});

on_each!(whatever_is_taken_and_given_back_the_number_is_right, |store| {
    let house = House::over(&store);
    let group = limited(&house, 60).await;
    let mut expected = 0;
    for round in 0..300 {
        let byte = i64::from(house.app.random.bytes::<1>()[0]);
        let amount = if byte % 3 == 0 { -(byte % 7).min(expected) } else { byte % 6 };
        match take(&house.app, group, amount).await {
            Ok(()) => expected += amount,
            Err(_) => assert!(expected + amount > 60, "refused {amount} at {expected}"),
        }
        assert!(expected <= 60);
        if round % 50 == 0 {
            limit(&house.app, group, 60).await;
        }
    }
    assert_eq!(used(&house.app, group).await, expected);
    let caller = Caller::system("test");
    let recount = house.app.change(&caller, async move |work| {
        work.silently();
        usage::recount(work, group).await
    });
    recount.await.unwrap();
    assert_eq!(used(&house.app, group).await, 0, "there is not one thing");
});

/// A note with these properties, and a text.
async fn keep(app: &App, group: GroupId, properties: &'static str, text: &'static str) {
    app.change(&Caller::system("test"), async move |work| {
        work.silently();
        let properties = types::Json::from_text(properties.to_owned())?;
        let (id, other) = (work.id(), work.id());
        work.tx
            .run(
                "insert into things (id, group_id, type, name, properties, status, visibility, \
                 tier, version, created_at, updated_at) \
                 values ($1, $2, 'note', 'n', $3, 'active', 'group', 'plain', 1, 0, 0)",
                args![id, group, &properties],
            )
            .await?;
        work.tx
            .run(
                "insert into knowledge (id, group_id, type, text, labels, metadata, deprecated, \
                 visibility, created_at, updated_at) \
                 values ($1, $2, 'document', $3, $4, $4, $5, 'group', 0, 0)",
                args![other, group, text, &types::Json::empty(), false],
            )
            .await
    })
    .await
    .expect("two rows");
}

async fn bytes(app: &App, group: GroupId) -> i64 {
    let (plans, now) = (app.plans.clone(), app.now());
    let all =
        app.db.unbound().read(async move |tx| usage::of_group(tx, &plans, group, now).await).await;
    all.unwrap().iter().find(|one| one.metric == Metric::StorageBytes).unwrap().used
}

on_each!(bytes_of_what_was_there_before_are_counted, |store| {
    let house = House::over(&store);
    let group = limited(&house, 1000).await;
    // Both engines write these with the same characters.
    keep(&house.app, group, "{}", "").await;
    keep(&house.app, group, r#"{"ü": 1}"#, "größer").await;
    assert_eq!(bytes(&house.app, group).await, 0);
    // What the migration does with rows that are older than it.
    let migration = include_str!("../../../../migrations/0016_copies.sql");
    let (_, update) = migration.split_once("update things").expect("it counts");
    let script = format!("update things{}", update.replace("{int}", "bigint"));
    let statements: Vec<String> = script.split(';').map(|one| one.trim().to_owned()).collect();
    house
        .app
        .change(&Caller::system("test"), async move |work| {
            work.silently();
            for statement in statements.iter().filter(|one| !one.is_empty()) {
                work.tx.run(statement, args![]).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let written = r#"{"ü": 1}"#.len() + "größer".len();
    assert_eq!(bytes(&house.app, group).await, written as i64);
    let caller = Caller::system("test");
    let forget = "update usage_counters set amount = 99 where group_id = $1 and 1 = $2";
    silently(&house.app, forget, group, 1).await;
    let recount = house.app.change(&caller, async move |work| {
        work.silently();
        usage::recount(work, group).await
    });
    recount.await.unwrap();
    assert_eq!(bytes(&house.app, group).await, written as i64);
});

on_each!(calls_are_counted_by_the_month_and_refused_beyond_it, |store| {
    let house = House::over(&store);
    let group = limited(&house, 5).await;
    let sql = "update groups set plan = 'starter', version = $2 where id = $1";
    silently(&house.app, sql, group, 2).await;
    let call = async || usage::admit(&house.app, group).await;
    for _ in 0..1000 {
        call().await.unwrap();
    }
    assert_eq!(call().await.unwrap_err().code(), "quota_exceeded", "in memory already");
    usage::flush(&house.app).await.unwrap();
    usage::flush(&house.app).await.unwrap();
    assert_eq!(house.count("select cast(sum(amount) as bigint) from usage_counters").await, 1000);
    assert_eq!(told(&house.app).await, ["exceeded"]);
    assert_eq!(call().await.unwrap_err().code(), "quota_exceeded", "and from the store");
    // 2027-01-15: the next month.
    house.pass(31 * 24 * 3600);
    call().await.unwrap();
    usage::flush(&house.app).await.unwrap();
    let months = "select count(distinct period) from usage_counters";
    assert_eq!(house.count(months).await, 2);
});

on_each!(calls_of_last_month_that_are_noted_late_are_last_months, |store| {
    let house = House::over(&store);
    let group = limited(&house, 5).await;
    usage::admit(&house.app, group).await.unwrap();
    house.pass(31 * 24 * 3600);
    usage::admit(&house.app, group).await.unwrap();
    usage::flush(&house.app).await.unwrap();
    for (month, calls) in [("2027-01", 1), ("2027-02", 1)] {
        let counted = house.app.db.unbound().read(async move |tx| {
            let sql = "select amount from usage_counters where period = $1";
            tx.one(sql, args![month], |row| row.get::<i64>(0)).await
        });
        assert_eq!(counted.await.unwrap(), calls, "{month}");
    }
});

on_each!(a_rehearsal_counts_and_does_not_begin_again_for_that, |store| {
    let house = House::over(&store);
    let group = limited(&house, 2).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let me = somebody();
    let tried = house.app.rehearse(&me, async move |work| {
        counted.fetch_add(1, Ordering::AcqRel);
        work.tx.enter([group]);
        usage::take(work, group, Metric::Things, 2).await?;
        let full = usage::take(work, group, Metric::Things, 1).await;
        Ok(full.expect_err("it is full").code().to_owned())
    });
    assert_eq!(tried.await.expect("an answer"), "quota_exceeded");
    assert_eq!(runs.load(Ordering::Acquire), 1);
    assert_eq!(used(&house.app, group).await, 0);
    assert_eq!(told(&house.app).await, Vec::<String>::new());
});

/// Only where there is more than one writer: on SQLite nobody writes meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_counts_waits_for_no_rehearsal() {
    let Some(store) = crate::engines::Fresh::postgres().await else { return };
    let house = House::over(&store);
    let group = limited(&house, 100).await;
    let app = house.app.clone();
    let me = somebody();
    let tried = house.app.rehearse(&me, async move |work| {
        work.tx.enter([group]);
        usage::take(work, group, Metric::Things, 30).await?;
        usage::take(work, group, Metric::Things, 30).await?;
        // The first of them is on the server by now, and whoever comes makes all slots there are.
        for _ in 0..40 {
            take(&app, group, 1).await?;
        }
        usage::take(work, group, Metric::Things, 1).await
    });
    assert_eq!(tried.await.expect_err("it is full with those").code(), "quota_exceeded");
    assert_eq!(used(&house.app, group).await, 40);
    store.done().await;
}
