use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use types::ErrorKind;

use super::*;

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

fn pool_of(waiting: usize) -> Pool {
    Pool::new(Bounds { waiting, wait: Duration::from_secs(600) }, 0)
}

#[tokio::test]
async fn who_finds_the_queue_full_is_told_to_come_back() {
    let pool = pool_of(0);
    let all = Arc::clone(&pool.places);
    let taken = all.available_permits();
    let _busy = all.acquire_many(u32::try_from(taken).unwrap()).await.unwrap();
    let error = pool.run(|_| Ok(())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(error.shortage(), Some(Shortage::Passwords));
    assert!(error.retry_after_s().is_some());
}

#[tokio::test]
async fn who_would_wait_too_long_is_told_at_once() {
    let second = Duration::from_secs(1);
    let pool = Pool::new(Bounds { waiting: 1_000, wait: 3 * second }, 0);
    // Nobody takes from the queue.
    pool.started.call_once(|| {});
    pool.shared.lock().lasts = second;
    let mut waiting = Vec::new();
    for _ in 0..3 * pool.threads {
        let mut job = Box::pin(pool.run(|_| Ok(())));
        assert!(
            poll_once(&mut job).await.is_pending(),
            "one that waits no longer than that is taken"
        );
        waiting.push(job);
    }
    let error = pool.run(|_| Ok(())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    // However long it takes, somebody is first.
    let pool = Pool::new(Bounds { waiting: 1, wait: second }, 0);
    pool.shared.lock().lasts = 60 * second;
    assert_eq!(pool.run(|_| Ok(7)).await.unwrap(), 7);
    // Who hangs up before their turn makes nothing quicker.
    let pool = Pool::new(Bounds { waiting: 10, wait: second }, 0);
    pool.started.call_once(|| {});
    drop(poll_once(&mut Box::pin(pool.run(|_| Ok(())))).await);
    let job = pool.shared.lock().jobs.pop_front().unwrap();
    assert!(!job(&mut Memory::default()));
    let mut queue = Queue { lasts: 60 * second, ..Queue::default() };
    queue.took(4 * second);
    assert_eq!(queue.lasts, 53 * second);
}

#[tokio::test]
async fn a_job_that_panics_harms_nobody_else() {
    let pool = pool_of(64);
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for _ in 0..8 {
        let broken = pool.run::<()>(|_| {
            assert_eq!(1, 2);
            Ok(())
        });
        assert_eq!(broken.await.unwrap_err().kind(), ErrorKind::Internal);
    }
    std::panic::set_hook(quiet);
    assert_eq!(pool.run(|_| Ok(7)).await.unwrap(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_run_as_there_are_cores_and_all_get_their_turn() {
    let pool = Arc::new(pool_of(100));
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut all = tokio::task::JoinSet::new();
    for number in 0..100_usize {
        let (pool, running, most) = (Arc::clone(&pool), Arc::clone(&running), Arc::clone(&most));
        all.spawn(async move {
            pool.run(move |_| {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(number)
            })
            .await
            .unwrap()
        });
    }
    let mut done = all.join_all().await;
    done.sort_unstable();
    assert_eq!(done, (0..100).collect::<Vec<_>>());
    assert!(most.load(Ordering::SeqCst) <= pool.threads);
}

#[test]
fn memory_is_kept_up_to_what_our_own_hashes_need() {
    let mut memory = Memory::default();
    assert_eq!(memory.blocks(8).len(), 8);
    assert_eq!(memory.blocks(4).len(), 4);
    memory.shrink(8);
    assert_eq!(memory.0.len(), 8);
    memory.blocks(64);
    memory.shrink(8);
    assert!(memory.0.is_empty());
}
