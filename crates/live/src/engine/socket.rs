//! A WebSocket, from the request that asks for it to its end.

use std::future::poll_fn;
use std::io::{self, Read};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use super::frame::Frame;
use super::open::One;
use super::pipe::{Hold, Pipe};
use super::request::Refusal;
use super::session::{Session, Upgrade};
use super::{Engine, Handler, polling};

/// Read at a time. Each connection has a buffer of this size for as long as it lives, and most of
/// what clients say is short.
const READ_BUFFER: usize = 1024;
/// For a connection to change, and for a client to say that it has.
const PATIENCE: Duration = Duration::from_secs(10);
/// For a client to take what waits and to leave, when its connection ends.
const FAREWELL: Duration = Duration::from_secs(5);
/// What it may still say meanwhile, in bytes.
const LAST_WORDS: usize = 64 * 1024;

/// Answers that it becomes one, and runs it.
pub(super) fn open<H: Handler>(
    engine: &Arc<Engine<H>>,
    name: Option<String>,
    key: &HeaderValue,
    mut request: Request,
) -> Result<Response, Refusal> {
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()));
    let accept = accept.map_err(|_| Refusal::BadRequest)?;
    let upgrade = hyper::upgrade::on(&mut request);
    match name {
        None => {
            let (parts, _) = request.into_parts();
            let session = engine.open(&parts)?;
            // It goes with the WebSocket when that is there.
            let _ = session.send(polling::opening(engine, &session, "[]"));
            tokio::spawn(begin(session, upgrade));
        }
        Some(name) => {
            let session = engine.find(&name).ok_or(Refusal::UnknownSession)?;
            let change = session.begin_upgrade().ok_or(Refusal::BadRequest)?;
            tokio::spawn(take_over(change, upgrade));
        }
    }
    let headers = [
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers).into_response())
}

/// A session that is a WebSocket from the beginning.
async fn begin<H: Handler>(session: Arc<Session<H>>, upgrade: OnUpgrade) {
    let Some(socket) = Socket::after(upgrade, session.engine()).await else {
        return session.finish(&[]);
    };
    if session.go_by(&socket.pipe) {
        session.engine().handler.came(&session);
    }
    socket.serve(&session).await;
}

/// A session that polled.
async fn take_over<H: Handler>(change: Upgrade<H>, upgrade: OnUpgrade) {
    let session = Arc::clone(change.session());
    let Some(mut socket) = Socket::after(upgrade, session.engine()).await else { return };
    let probed = tokio::select! {
        probed = tokio::time::timeout(PATIENCE, socket.probe(&change)) => probed.unwrap_or(false),
        () = session.closed() => false,
    };
    drop(change);
    if probed {
        socket.serve(&session).await;
    } else {
        // The client goes on polling, if it goes on.
        socket.pipe.end(&[Frame::END]);
        socket.see_off().await;
    }
}

struct Socket {
    pipe: Arc<Pipe>,
    inner: WebSocket<Hold>,
    /// Until its last word is written.
    open: One,
}

impl Socket {
    async fn after<H: Handler>(upgrade: OnUpgrade, engine: &Engine<H>) -> Option<Self> {
        let upgraded = tokio::time::timeout(PATIENCE, upgrade).await;
        match upgraded {
            Ok(Ok(stream)) => Some(Self::new(stream, engine)),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a connection did not become a WebSocket");
                None
            }
            Err(_) => None,
        }
    }

    fn new<H: Handler>(stream: Upgraded, engine: &Engine<H>) -> Self {
        let config = &engine.config;
        let pipe = Pipe::new(TokioIo::new(stream), engine.pens.one(), config.queue);
        let limits = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(config.max_bytes))
            .max_frame_size(Some(config.max_bytes));
        let hold = Hold(Arc::clone(&pipe));
        let inner = WebSocket::from_raw_socket(hold, Role::Server, Some(limits));
        Self { pipe, inner, open: engine.open.one() }
    }

    /// What the client says next.
    async fn next(&mut self) -> Result<Message, Error> {
        poll_fn(|cx| {
            self.pipe.attend(cx);
            match self.inner.read() {
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
                read => Poll::Ready(read),
            }
        })
        .await
    }

    /// Whether the next thing the client says is this.
    async fn hears(&mut self, packet: &str) -> bool {
        matches!(self.next().await, Ok(Message::Text(text)) if text.as_str() == packet)
    }

    /// Whether the client has found that this WebSocket works, and goes by it from now on.
    async fn probe<H: Handler>(&mut self, change: &Upgrade<H>) -> bool {
        if !self.hears("2probe").await {
            return false;
        }
        change.probed();
        self.pipe.send(Frame::PROBED).is_ok()
            && self.hears("5").await
            && change.session().go_by(&self.pipe)
    }

    /// Hears what the client says until one of both ends it.
    async fn serve<H: Handler>(mut self, session: &Arc<Session<H>>) {
        loop {
            let said = tokio::select! {
                biased;
                () = session.closed() => break,
                said = self.next() => said,
            };
            let goes_on = match said {
                Ok(Message::Text(text)) => session.hear(&text),
                Ok(Message::Binary(_)) => {
                    session.engine().handler.sent_bytes(session);
                    true
                }
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => true,
                Ok(Message::Close(_)) => {
                    // The answer goes into the queue; that it is the last is no error.
                    let _ = self.inner.flush();
                    false
                }
                Err(error) => {
                    tracing::debug!(%error, "a WebSocket ended");
                    false
                }
            };
            if !goes_on {
                break;
            }
        }
        session.finish(&[]);
        self.see_off().await;
    }

    /// Waits until the client has got what waits for it and has gone: a connection that is closed
    /// on somebody who still talks is reset, and what they have not read is lost.
    async fn see_off(self) {
        let Self { pipe, mut inner, open } = self;
        pipe.end(&[]);
        let hold = inner.get_mut();
        let gone = async move {
            poll_fn(|cx| hold.0.poll_finish(cx)).await?;
            drop(open);
            let (mut scratch, mut said) = ([0; 512], 0);
            poll_fn(|cx| {
                hold.0.attend(cx);
                while said < LAST_WORDS {
                    match hold.read(&mut scratch) {
                        Ok(0) => break,
                        Ok(bytes) => said += bytes,
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            return Poll::Pending;
                        }
                        Err(error) => return Poll::Ready(Err(error)),
                    }
                }
                Poll::Ready(Ok(()))
            })
            .await
        };
        let _: Result<io::Result<()>, _> = tokio::time::timeout(FAREWELL, gone).await;
        pipe.let_go();
    }
}
