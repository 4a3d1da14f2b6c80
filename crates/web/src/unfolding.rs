//! A body that is made while its client takes it. The request is answered by then, and yet all of it
//! is done for that request: lines of the log have its id, and transactions are in its trace.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use telemetry::Current;

/// What is done for this body is part of the request that is being answered, also later.
pub fn unfolding(body: Body) -> Body {
    match telemetry::current() {
        Some(current) => Body::new(Unfolding { body, current }),
        None => body,
    }
}

struct Unfolding {
    body: Body,
    current: Current,
}

impl HttpBody for Unfolding {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body, current } = &mut *self;
        current.run(|| Pin::new(body).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells once for which request it is made.
    struct Tells(bool);

    impl HttpBody for Tells {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            if std::mem::replace(&mut self.0, true) {
                return Poll::Ready(None);
            }
            let current = telemetry::current();
            let id = current.as_ref().and_then(Current::request_id).map_or("nobody", |id| &**id);
            Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(id.as_bytes())))))
        }
    }

    #[tokio::test]
    async fn what_is_made_later_is_part_of_the_request() {
        let made = |body| axum::body::to_bytes(body, 64);
        let body = Current::new("r".into()).run(|| unfolding(Body::new(Tells(false))));
        assert_eq!(made(body).await.unwrap(), "r");
        let body = Current::new("r".into()).run(|| Body::new(Tells(false)));
        assert_eq!(made(body).await.unwrap(), "nobody");
        assert_eq!(made(unfolding(Body::new(Tells(false)))).await.unwrap(), "nobody");
    }
}
