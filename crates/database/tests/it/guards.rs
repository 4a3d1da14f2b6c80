//! What the store refuses.

use std::time::Duration;

use database::{Db, Settings, args};
use types::ErrorKind;

use crate::engines::Fresh;
use crate::on_each;

#[tokio::test]
async fn waiting_for_anything_else_inside_a_transaction_is_refused() {
    let store = Fresh::sqlite().await;
    let outcome = store
        .db
        .unbound()
        .write(async |tx| {
            tx.run("insert into once (name, claimed_at) values ('half', 0)", &[]).await?;
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(())
        })
        .await;
    assert!(outcome.expect_err("a refusal").cause().is_some_and(|why| why.contains("awaited")));
    let rows: i64 = store
        .db
        .unbound()
        .read(async |tx| tx.one("select count(*) from once", &[], |row| row.get(0)).await)
        .await
        .expect("a count");
    assert_eq!(rows, 0);
    store.done().await;
}

#[tokio::test]
async fn a_second_opener_of_one_file_is_told_why() {
    let store = Fresh::sqlite().await;
    let second = Db::open(&store.settings).await.err().expect("a refusal");
    assert_eq!(second.code(), "database_in_use");
    store.done().await;
}

#[tokio::test]
async fn a_closed_store_can_be_opened_again_and_keeps_its_rows() {
    let store = Fresh::sqlite().await;
    store
        .db
        .unbound()
        .write(async |tx| {
            tx.run("insert into once (name, claimed_at) values ('kept', 0)", &[]).await
        })
        .await
        .expect("a change");
    store.db.close().await;
    let refused = store.db.unbound().write(async |tx| tx.run("select 1", &[]).await).await;
    assert_eq!(refused.expect_err("closed").kind(), ErrorKind::Overloaded);
    let settings = store.settings.clone();
    drop(store.db.clone());
    let Fresh { db, .. } = &store;
    assert_eq!(db.engine().name(), "sqlite");
    // The lock goes with the last handle.
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.db");
    std::fs::copy(settings.url.trim_start_matches("sqlite://"), &copy).expect("a copy");
    let again =
        Db::open(&Settings { url: format!("sqlite://{}", copy.display()), ..Settings::default() })
            .await
            .expect("the copy opens");
    let name: String = again
        .unbound()
        .read(async |tx| tx.one("select name from once", &[], |row| row.get(0)).await)
        .await
        .expect("the row");
    assert_eq!(name, "kept");
    again.close().await;
}

/// Whether a file is mapped into this process's memory.
#[cfg(target_os = "linux")]
fn is_mapped(file: &std::path::Path) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("what is mapped");
    let file = file.to_str().expect("a name");
    maps.lines().any(|line| line.ends_with(file))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_is_mapped_of_the_file_is_given_back_when_nobody_writes() {
    let store = Fresh::sqlite().await;
    // What was written is in the file then, and no longer in its log.
    store.db.close().await;
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.db");
    std::fs::copy(store.settings.url.trim_start_matches("sqlite://"), &copy).expect("a copy");
    let url = format!("sqlite://{}", copy.display());
    let db = Db::open(&Settings { url, ..Settings::default() }).await.expect("the copy opens");
    let insert = async |name: &'static str| {
        let sql = "insert into once (name, claimed_at) values ($1, 0)";
        let write = db.unbound().write(async move |tx| tx.run(sql, args![name]).await);
        write.await.expect("a change");
    };
    insert("before").await;
    assert!(is_mapped(&copy), "whoever writes maps it");
    let began = std::time::Instant::now();
    while is_mapped(&copy) {
        assert!(began.elapsed() < Duration::from_secs(30), "it is mapped for ever");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    insert("after").await;
    let count = "select count(*) from once where name in ('before', 'after')";
    let read = db.unbound().read(async move |tx| tx.one(count, &[], |row| row.get(0)).await);
    let rows: i64 = read.await.expect("a count");
    assert_eq!(rows, 2);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_answers_at_once() {
    let settings = Settings { write_queue: 4, commit_batch: 1, ..Settings::default() };
    let store = Fresh::sqlite_with(settings).await;
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let running = std::sync::Arc::new(tokio::sync::Notify::new());
    let begun = std::sync::Arc::clone(&running);
    let db = store.db.clone();
    let holder = tokio::spawn(async move {
        db.unbound()
            .write(async move |_| {
                begun.notify_one();
                // Blocks the writer until the test lets go; a hung-up channel lets go too.
                let _ = held.lock().map(|held| held.recv());
                Ok(())
            })
            .await
    });
    running.notified().await;
    let mut waiting = Vec::new();
    let refused = loop {
        let db = store.db.clone();
        let mut one = Box::pin(async move { db.unbound().write(async |_| Ok(())).await });
        match futures_util::poll!(&mut one) {
            std::task::Poll::Ready(outcome) => break outcome,
            std::task::Poll::Pending => waiting.push(one),
        }
        assert!(waiting.len() <= 6, "the queue is bounded");
    };
    let error = refused.expect_err("a full queue");
    assert_eq!((error.kind(), error.retry_after_s()), (ErrorKind::Overloaded, Some(1)));
    drop(hold);
    holder.await.expect("the holder").expect("its change");
    for one in waiting {
        one.await.expect("what was queued is done");
    }
    store.done().await;
}

on_each!(a_newer_database_is_refused_and_left_alone, |store| {
    store
        .db
        .unbound()
        .write(async |tx| {
            tx.run(
                "insert into migrations (name, checksum, applied_at) values ('9999_future', 'x', 0)",
                &[],
            )
            .await
        })
        .await
        .expect("a row of a newer version");
    assert!(!store.db.is_current().await.expect("a status"));
    if store.db.engine() == database::Engine::Postgres {
        let refused = Db::open(&store.settings).await.err().expect("a refusal");
        assert_eq!(refused.code(), "database_newer");
        assert!(refused.message().contains("9999_future"));
    }
});

on_each!(a_changed_migration_is_noticed, |store| {
    assert!(store.db.is_current().await.expect("a status"));
    store
        .db
        .unbound()
        .write(async |tx| {
            tx.run("update migrations set checksum = $1 where name = $2", args!["x", "0001_groups"])
                .await
        })
        .await
        .expect("a change");
    let states = store.db.migrations().await.expect("a status");
    let changed: Vec<_> = states
        .iter()
        .filter(|one| one.state == database::MigrationState::Changed)
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(changed, ["0001_groups"]);
});

on_each!(a_sound_store_has_no_problems, |store| {
    assert_eq!(store.db.check().await.expect("a check"), Vec::<String>::new());
});

on_each!(a_long_look_is_answered_all_the_same, |store| {
    // On SQLite it takes longer than a request thread is lent for, and starts again elsewhere.
    let count: i64 = store
        .db
        .unbound()
        .read(async |tx| {
            tx.one(
                "with recursive n (i) as (select 1 union all select i + 1 from n where i < 2000000) \
                 select count(*) from n",
                &[],
                |row| row.get(0),
            )
            .await
        })
        .await
        .expect("an answer");
    assert_eq!(count, 2_000_000);
});
