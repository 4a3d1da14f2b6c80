use std::sync::Arc;

use super::*;
use crate::awaited::Awaited;
use crate::current::Current;

/// Pieces of so many bytes, one every ten seconds.
struct Drops(usize, Pin<Box<tokio::time::Sleep>>);

impl HttpBody for Drops {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        std::task::ready!(self.1.as_mut().poll(cx));
        let next = Instant::now() + Duration::from_secs(10);
        self.1.as_mut().reset(next);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b'x'; self.0])))))
    }
}

async fn pieces(size: usize, busy: Duration) -> usize {
    let drops = Drops(size, Box::pin(tokio::time::sleep(Duration::from_secs(10))));
    let mut body = Body::new(Brisk::new(Body::new(drops), PATIENCE));
    for taken in 0..50 {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        if frame.unwrap().is_err() {
            return taken;
        }
        tokio::time::sleep(busy).await;
    }
    50
}

#[tokio::test(start_paused = true)]
async fn a_trickle_breaks_off_and_what_we_do_ourselves_is_nobody_s_slowness() {
    assert_eq!(pieces(1, Duration::ZERO).await, 3, "after 30 seconds");
    assert_eq!(pieces(10 * 1024, Duration::ZERO).await, 50);
    assert_eq!(pieces(1, Duration::from_secs(11)).await, 50);
}

/// So many bytes at once, and then nothing for ever.
struct Stuck(usize);

impl HttpBody for Stuck {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match std::mem::take(&mut self.0) {
            0 => Poll::Pending,
            bytes => Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b'x'; bytes]))))),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_sends_nothing_is_waited_for_seconds_however_much_there_was_before() {
    for bytes in [0, 1, 1 << 20] {
        let began = Instant::now();
        let read = axum::body::to_bytes(prompt(Body::new(Stuck(bytes))), usize::MAX).await;
        assert_eq!(broken(&read.unwrap_err()), Some(Broken::Late), "{bytes}");
        assert_eq!(began.elapsed().as_secs(), WHOLE_PATIENCE.as_secs(), "{bytes}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_body_comes_in_time_or_not_at_all() {
    // One piece every ten seconds is too slow even for the first one.
    let drops = Drops(1 << 20, Box::pin(tokio::time::sleep(Duration::from_secs(10))));
    let read = axum::body::to_bytes(prompt(Body::new(drops)), usize::MAX).await;
    assert_eq!(broken(&read.unwrap_err()), Some(Broken::Late));
    let read = axum::body::to_bytes(prompt(Body::from("whole")), usize::MAX).await;
    assert_eq!(&read.unwrap()[..], b"whole");
}

#[tokio::test(start_paused = true)]
async fn who_lets_too_many_wait_is_not_waited_for() {
    let sender = Arc::new(Awaited::new(8)).sender(None);
    let sent = |body: Body| {
        let current = Current {
            request_id: Arc::from("req-1"),
            body_limit: usize::MAX,
            sender: Some(sender.clone()),
        };
        let body = CURRENT.sync_scope(current, || prompt(body));
        tokio::spawn(axum::body::to_bytes(body, usize::MAX))
    };
    let first = sent(Body::new(Stuck(1)));
    tokio::task::yield_now().await;
    let second = sent(Body::new(Stuck(1))).await.unwrap();
    assert_eq!(broken(&second.unwrap_err()), Some(Broken::Crowded));
    // What is there is read at once.
    assert_eq!(&sent(Body::from("whole")).await.unwrap().unwrap()[..], b"whole");
    let first = first.await.unwrap();
    assert_eq!(broken(&first.unwrap_err()), Some(Broken::Late));
    let third = sent(Body::new(Stuck(1))).await.unwrap();
    assert_eq!(broken(&third.unwrap_err()), Some(Broken::Late), "there is room again");
}
