//! What nobody waits for any more takes nobody's turn.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use database::{Db, Settings, Tx};
use futures_util::poll;
use types::{ErrorKind, Result, Shortage};

use crate::engines::Fresh;

async fn count(db: &Db) -> i64 {
    let rows = async |tx: &mut Tx| tx.one("select count(*) from once", &[], |row| row.get(0)).await;
    db.unbound().read(rows).await.expect("a count")
}

async fn put(db: Db, name: &'static str) -> Result<u64> {
    db.unbound()
        .write(async move |tx| {
            tx.run("insert into once (name, claimed_at) values ($1, 0)", database::args![name])
                .await
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_given_up_before_its_turn_is_not_carried_out() {
    let store = Fresh::sqlite().await;
    let meters = Arc::clone(store.db.meters());
    let writes = || (meters.database.writes.done.get(), meters.database.writes.failed.get());
    let (done, failed) = writes();
    let (hold, held) = mpsc::channel::<()>();
    let (held, db) = (Mutex::new(held), store.db.clone());
    let (begun, begins) = tokio::sync::oneshot::channel();
    let begun = Mutex::new(Some(begun));
    let holder = tokio::spawn(async move {
        db.unbound()
            .write(async move |_| {
                begun.lock().ok().and_then(|mut begun| begun.take()).map(|it| it.send(()));
                // Blocks the writer until the test lets go; a hung-up channel lets go too.
                let _ = held.lock().map(|held| held.recv());
                Ok(())
            })
            .await
    });
    begins.await.expect("the writer is held");
    let mut given_up = Box::pin(put(store.db.clone(), "given up"));
    assert!(poll!(&mut given_up).is_pending());
    let mut kept = Box::pin(put(store.db.clone(), "kept"));
    assert!(poll!(&mut kept).is_pending());
    drop(given_up);
    assert_eq!(writes(), (done, failed + 1), "who is counted nowhere is not missed");
    drop(hold);
    holder.await.expect("the holder").expect("its change");
    kept.await.expect("the change");
    assert_eq!(writes(), (done + 2, failed + 1));
    assert_eq!(count(&store.db).await, 1);
    store.done().await;
}

/// A look that takes longer than anybody would wait for it.
async fn endless(db: Db, begun: Arc<AtomicBool>) -> Result<i64> {
    db.unbound()
        .read_long(async move |tx| {
            begun.store(true, Ordering::Relaxed);
            tx.one(
                "with recursive n(i) as (values(1) union all select i + 1 from n) \
                 select count(*) from n",
                &[],
                |row| row.get(0),
            )
            .await
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_look_that_was_given_up_ends() {
    let settings = Settings { long_reads: 1, ..Settings::default() };
    let store = Fresh::sqlite_with(settings).await;
    let begun = Arc::new(AtomicBool::new(false));
    let look = tokio::spawn(endless(store.db.clone(), Arc::clone(&begun)));
    while !begun.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
    }
    look.abort();
    // It would have had thirty seconds.
    let next = store
        .db
        .unbound()
        .read_long(async |tx| tx.one("select 1", &[], |row| row.get::<i64>(0)).await);
    let next = tokio::time::timeout(Duration::from_secs(20), next).await;
    next.expect("its turn has come").expect("a look");
    store.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_long_looks_is_bounded() {
    let settings = Settings { long_reads: 1, ..Settings::default() };
    let store = Fresh::sqlite_with(settings).await;
    let begun = Arc::new(AtomicBool::new(false));
    let mut waiting = Vec::new();
    let refused = loop {
        let mut one = Box::pin(endless(store.db.clone(), Arc::clone(&begun)));
        match poll!(&mut one) {
            Poll::Ready(outcome) => break outcome,
            Poll::Pending => waiting.push(one),
        }
        assert!(waiting.len() <= 66, "the line is bounded");
    };
    let error = refused.expect_err("a full line");
    assert_eq!((error.kind(), error.retry_after_s()), (ErrorKind::Overloaded, Some(1)));
    assert_eq!(error.shortage(), Some(Shortage::LongReads));
    assert_eq!(store.db.meters().database.refused_long.get(), 1);
    assert!(waiting.len() > 60, "{}", waiting.len());
    drop(waiting);
    assert_eq!(count(&store.db).await, 0);
    store.done().await;
}
