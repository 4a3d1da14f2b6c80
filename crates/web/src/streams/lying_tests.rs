use std::future::poll_fn;
use std::task::Poll;

use tokio::task::JoinHandle;
use tokio::time::advance;

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);
const LONGER: Duration = Duration::from_secs(31);

fn begun() -> (Task, JoinHandle<()>) {
    let (task, begun) = (Task::default(), tokio::spawn(std::future::pending()));
    task.set(begun.abort_handle()).unwrap();
    (task, begun)
}

#[tokio::test(start_paused = true)]
async fn an_answer_ends_when_nothing_of_it_was_taken_for_as_long_as_there_is_patience() {
    let (lying, (task, begun)) = (Lying::default(), begun());
    lying.add(1, Some(&task));
    lying.add(1, Some(&task));
    advance(PATIENCE).await;
    assert_eq!(lying.end(PATIENCE), Some(0));
    lying.remove(1, true);
    advance(PATIENCE).await;
    assert_eq!(lying.end(PATIENCE), Some(0), "one of them was taken since");
    advance(LONGER).await;
    assert_eq!(lying.end(PATIENCE), Some(1));
    assert!(begun.await.unwrap_err().is_cancelled());
    // What its stream lets go of was not taken.
    lying.remove(1, false);
    assert!(lying.is_empty() && lying.end(PATIENCE) == Some(0));
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_lie_longer_while_others_are_taken() {
    let (lying, (task, begun)) = (Lying::default(), begun());
    lying.add(1, Some(&task));
    for _ in 0..SHARES {
        assert_eq!(lying.end(PATIENCE), Some(0));
        advance(PATIENCE).await;
        lying.add(2, None);
        lying.remove(2, true);
    }
    assert!(!begun.is_finished());
    advance(Duration::from_secs(1)).await;
    assert_eq!(lying.end(PATIENCE), Some(1));
    assert!(begun.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_task_cannot_end_alone() {
    let (lying, (task, begun)) = (Lying::default(), begun());
    lying.add(1, Some(&task));
    begun.abort();
    assert!(begun.await.is_err());
    assert_eq!(lying.end(PATIENCE), Some(0));
    advance(LONGER).await;
    assert_eq!(lying.end(PATIENCE), None);
}

#[tokio::test]
async fn who_waits_for_the_last_portion_is_woken() {
    let lying = Arc::new(Lying::default());
    let all = Arc::clone(&lying);
    let waiting = tokio::spawn(poll_fn(move |cx| match all.awaits(1, cx) {
        true => Poll::Pending,
        false => Poll::Ready(()),
    }));
    lying.add(1, None);
    lying.add(1, None);
    for _ in 0..2 {
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        lying.remove(1, true);
    }
    waiting.await.unwrap();
}

#[tokio::test]
async fn a_request_knows_its_task() {
    let (tell, told) = tokio::sync::oneshot::channel();
    Tasks.execute(async move {
        drop(tell.send(task()));
        std::future::pending::<()>().await;
    });
    let task = told.await.unwrap().unwrap();
    let task = task.get().unwrap();
    task.abort();
    while !task.is_finished() {
        tokio::task::yield_now().await;
    }
    assert!(super::task().is_none(), "nobody else does");
}
