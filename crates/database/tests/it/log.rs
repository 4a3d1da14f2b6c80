//! Reading the event log in commit order.

use std::time::{Duration, Instant};

use database::seams::tail::{self, Position};
use database::{Db, args};
use types::Result;
use uuid::Uuid;

use crate::engines::{Fresh, admin, plain};
use crate::on_each;

async fn append(db: &Db, number: u128) -> Result<u64> {
    db.unbound()
        .write(async move |tx| {
            tx.run(
                "insert into events (id, group_id, type, occurred_at, metadata, visibility) \
             values ($1, $1, 'test', 0, $2, 'group')",
                args![Uuid::from_u128(number), &types::Json::empty()],
            )
            .await
        })
        .await
}

/// Reads until `count` events are there. PostgreSQL shows an event once every older transaction
/// of the server has ended, and other tests run theirs beside this one.
async fn read(db: &Db, from: Position, count: usize) -> Vec<(Position, u128)> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let found = look(db, from).await;
        if found.len() >= count || std::time::Instant::now() > deadline {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

async fn look(db: &Db, from: Position) -> Vec<(Position, u128)> {
    db.unbound()
        .read(async move |tx| {
            let rows = tail::after(tx, "id", 1, from, 1000, |row| row.get::<Uuid>(0)).await?;
            Ok(rows.into_iter().map(|(at, id)| (at, id.as_u128())).collect())
        })
        .await
        .expect("the log")
}

on_each!(a_cursor_reads_everything_once_and_in_order, |store| {
    for number in 1..=10 {
        append(&store.db, number).await.expect("an event");
    }
    let first = read(&store.db, Position::default(), 10).await;
    assert_eq!(first.iter().map(|one| one.1).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    let (middle, _) = first[4];
    let rest = read(&store.db, middle, 5).await;
    assert_eq!(rest.iter().map(|one| one.1).collect::<Vec<_>>(), (6..=10).collect::<Vec<_>>());
    let (end, _) = first[9];
    assert!(look(&store.db, end).await.is_empty());
});

on_each!(a_reader_that_starts_at_the_end_sees_only_what_comes_later, |store| {
    append(&store.db, 1).await.expect("an event");
    assert_eq!(read(&store.db, Position::default(), 1).await.len(), 1);
    let end = store.db.unbound().read(async |tx| tail::end(tx).await).await.expect("the end");
    append(&store.db, 2).await.expect("an event");
    assert_eq!(read(&store.db, end, 1).await.iter().map(|one| one.1).collect::<Vec<_>>(), [2]);
});

/// PostgreSQL hands out sequence numbers before commit: the event of a transaction held open
/// must not be skipped when later ones commit first.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_is_never_missed() {
    let Some(store) = Fresh::postgres().await else { return };
    let (client, connection) = tokio_postgres::connect(&store.settings.url, tokio_postgres::NoTls)
        .await
        .expect("a client");
    tokio::spawn(connection);
    append(&store.db, 1).await.expect("an event");

    let late = Uuid::from_u128(2);
    client
        .batch_execute("begin; set local sixfold.reach = 'everything'")
        .await
        .expect("a transaction");
    client
        .execute(
            "insert into events (id, group_id, type, occurred_at, metadata, visibility) \
             values ($1, $1, 'late', 0, '{}', 'group')",
            &[&late],
        )
        .await
        .expect("an event that is not committed yet");
    for number in 3..=20 {
        append(&store.db, number).await.expect("an event");
    }

    // Whatever a reader sees now, its cursor must not be past the open transaction.
    let seen = read(&store.db, Position::default(), 1).await;
    assert_eq!(seen.iter().map(|one| one.1).collect::<Vec<_>>(), [1]);
    let (cursor, _) = seen[0];
    // Who watches sees that they wait.
    let (waiting, since) = store
        .db
        .unbound()
        .read(async move |tx| {
            Ok((tail::waiting(tx, cursor, 1000).await?, tail::first_waiting(tx, cursor).await?))
        })
        .await
        .expect("a look");
    assert_eq!((waiting, since), (18, Some(types::Time::from_micros(0))));
    client.batch_execute("commit").await.expect("the late commit");
    let rest = read(&store.db, cursor, 19).await;
    assert_eq!(rest.iter().map(|one| one.1).collect::<Vec<_>>(), (2..=20).collect::<Vec<_>>());
    store.done().await;
}

/// A migration runs once even when several nodes start together.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_migrate_once() {
    let Some(store) = Fresh::postgres().await else { return };
    let name = format!("{}_together", store.settings.url.rsplit('/').next().unwrap_or_default());
    let server = crate::engines::server().await.expect("the server");
    admin(&server, &plain::make_database(&name)).await;
    let url = plain::address(&server, &name);
    let settings = database::Settings { url, ..store.settings.clone() };
    let opened = futures_util::future::join_all((0..3).map(|_| Db::open(&settings))).await;
    for db in opened {
        let db = db.map_err(|error| error.to_string()).expect("every node starts");
        assert!(db.is_current().await.expect("a status"));
        db.close().await;
    }
    admin(&server, &format!("drop database {name} with (force)")).await;
    store.done().await;
}

/// A node waits for another one's migration for longer than a statement may take.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_migration_of_another_node_is_waited_for() {
    let Some(store) = Fresh::postgres().await else { return };
    let name = format!("{}_waits", store.settings.url.rsplit('/').next().unwrap_or_default());
    let server = crate::engines::server().await.expect("the server");
    admin(&server, &plain::make_database(&name)).await;
    let url = plain::address(&server, &name);
    let (other, connection) =
        tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("the other node");
    tokio::spawn(connection);
    // The lock of migrations, in crates/database/src/migrate.rs.
    other.batch_execute("select pg_advisory_lock(89439578573892)").await.expect("the lock");
    let settings = database::Settings { url, statement_timeout_s: 1, ..store.settings.clone() };
    let opening = tokio::spawn(async move { Db::open(&settings).await });
    let waits = "select count(*) from pg_stat_activity where datname = current_database() \
                 and wait_event = 'advisory' and now() - query_start > interval '1500 ms'";
    let count = async || other.query_one(waits, &[]).await.expect("a count").get::<_, i64>(0);
    let deadline = Instant::now() + Duration::from_secs(60);
    while count().await == 0 {
        assert!(Instant::now() < deadline, "nobody waits");
        assert!(!opening.is_finished(), "it did not wait: {:?}", opening.await.map(|_| ()));
        tokio::task::yield_now().await;
    }
    other.batch_execute("select pg_advisory_unlock_all()").await.expect("its end");
    let db = opening.await.expect("no panic").map_err(|error| error.to_string());
    let db = db.expect("the node starts");
    assert!(db.is_current().await.expect("a status"));
    db.close().await;
    admin(&server, &format!("drop database {name} with (force)")).await;
    store.done().await;
}

/// Restored into a younger server, the log holds transaction ids of its future. Their order was
/// another than that of the numbers: the second transaction took the third number.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_from_another_server_is_read_on() {
    let Some(store) = Fresh::postgres().await else { return };
    for number in 1..=4 {
        append(&store.db, number).await.expect("an event");
    }
    store
        .db
        .unbound()
        .write(async |tx| {
            tx.run(
                "update events set xid = 4000000000000 + case seq when 2 then 3 when 3 then 2 else seq end",
                &[],
            )
            .await?;
            tx.run(
                "insert into cursors (name, xid, seq, updated_at) \
                 select 'reader', xid, seq, 0 from events where seq = 3",
                &[],
            )
            .await
        })
        .await
        .expect("a log as it comes from elsewhere");
    let moved = Db::open(&store.settings).await.expect("the store opens");
    append(&moved, 5).await.expect("a new event");
    let cursor = moved
        .unbound()
        .read(async |tx| {
            tx.one("select xid, seq from cursors where name = 'reader'", &[], |row| {
                Ok(Position { xid: row.get(0)?, seq: row.get(1)? })
            })
            .await
        })
        .await
        .expect("the cursor");
    // The second was not read yet; the third is read again.
    let rest = read(&moved, cursor, 4).await;
    assert_eq!(rest.iter().map(|one| one.1).collect::<Vec<_>>(), [2, 3, 4, 5]);
    moved.close().await;
    store.done().await;
}
