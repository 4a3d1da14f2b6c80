use super::*;

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
    let mut body =
        Body::new(Brisk { body: Body::new(drops), bytes: 0, waited: Duration::ZERO, since: None });
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
