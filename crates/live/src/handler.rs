//! What Engine.IO tells of its connections: somebody came, said something, left.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::FutureExt as _;
use http::request::Parts;
use types::{Error, ErrorKind};

use crate::calls::Answer;
use crate::door::{self, Credentials};
use crate::packet::{self, Call, Packet};
use crate::wire::{Guest, Put, Shared, Wire};
use crate::{Live, calls, engine, follow};

/// Who is not let in by then is sent away.
const PATIENCE: Duration = Duration::from_secs(5);

/// The handler of all connections.
#[derive(Clone)]
pub(crate) struct Handler(pub(crate) Live);

impl engine::Handler for Handler {
    type Data = Shared;

    fn name(&self) -> Arc<str> {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.app.random.bytes::<15>()).into()
    }

    fn meet(&self, request: &Parts) -> Shared {
        Shared::new(self.name(), Credentials::shown(&request.headers))
    }

    fn came(&self, wire: &Arc<Wire>) {
        let (live, wire) = (self.0.clone(), Arc::clone(wire));
        tokio::spawn(async move {
            let closing = tokio::select! {
                () = tokio::time::sleep(PATIENCE) => false,
                () = wire.closed() => return,
                // Also for who is being let in just now.
                () = live.closing() => true,
            };
            if closing || wire.data.guest().is_none() {
                wire.close();
            }
        });
    }

    fn left(&self, wire: &Arc<Wire>) {
        self.0.part(wire);
    }

    fn said(&self, wire: &Arc<Wire>, packet: &str) {
        // Its bytes come next, maybe before anybody has answered it.
        if packet.starts_with('5')
            && let Some(Packet::Event { attachments, .. }) = Packet::parse(packet)
        {
            let mut state = wire.data.lock();
            state.skip = state.skip.saturating_add(attachments);
        }
        match wire.data.put(packet.into()) {
            Put::Waits => {}
            Put::Begin => {
                let (live, wire) = (self.0.clone(), Arc::clone(wire));
                tokio::spawn(async move {
                    let work = AssertUnwindSafe(work(&live, &wire)).catch_unwind();
                    if work.await.is_err() {
                        tracing::error!("answering a packet panicked; its connection is ended");
                        wire.close();
                    }
                });
            }
            // Its transport ends: a client that meant well comes back.
            Put::Flood => wire.close(),
        }
    }

    fn sent_bytes(&self, wire: &Arc<Wire>) {
        let announced = {
            let mut state = wire.data.lock();
            let announced = state.skip > 0;
            state.skip = state.skip.saturating_sub(1);
            announced
        };
        if !announced {
            wire.close();
        }
    }
}

/// Answers what a client said, in its order, until nothing more is there.
async fn work(live: &Live, wire: &Arc<Wire>) {
    while let Some(text) = wire.data.next() {
        match Packet::parse(&text) {
            Some(Packet::Connect { namespace: "/", auth }) => connect(live, wire, auth).await,
            Some(Packet::Connect { namespace, .. }) => {
                let error = Error::not_found();
                let _ = wire.emit(packet::refused(namespace, &error));
            }
            Some(Packet::Disconnect { namespace: "/" }) => {
                live.part(wire);
                wire.close();
            }
            Some(Packet::Event { namespace: "/", ack, arguments, attachments }) => {
                event(live, wire, ack, arguments, attachments > 0).await;
            }
            Some(Packet::Disconnect { .. } | Packet::Event { .. } | Packet::Ack) => {}
            None => wire.close(),
        }
    }
}

async fn connect(live: &Live, wire: &Arc<Wire>, auth: Option<&str>) {
    if wire.data.guest().is_some() {
        return;
    }
    match admit(live, wire, auth).await {
        Ok(()) => {
            let _ = wire.emit(packet::connected(&wire.data.id));
        }
        Err(error) => {
            web::log_failure(&error, &wire.data.id);
            let _ = wire.emit(packet::refused("/", &error));
        }
    }
}

async fn admit(live: &Live, wire: &Arc<Wire>, auth: Option<&str>) -> types::Result<()> {
    let shown = wire.data.lock().opening.clone().ok_or_else(Error::unauthenticated)?;
    let credentials = Credentials::of(auth, shown)?;
    let reviews = live.board.reviews();
    let identity = credentials.identify(&live.who).await?;
    let caller = door::caller(identity, &wire.data.id);
    live.arrive(wire, Guest { caller, credentials })?;
    if live.board.reviews() != reviews {
        follow::identify_arrived(live, wire).await;
    }
    Ok(())
}

async fn event(live: &Live, wire: &Arc<Wire>, ack: Option<u64>, arguments: &str, binary: bool) {
    let Some(guest) = wire.data.guest() else {
        wire.close();
        return;
    };
    let counted = calls::count(live, &guest.caller);
    let answer = match counted.and_then(|()| Call::parse(arguments)) {
        Ok(_) if binary => Err(calls::no_bytes()),
        Ok(call) => match calls::count_request(live, &guest.caller, &call) {
            Ok(()) => answer(live, wire, &guest, &call).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    if let Err(error) = &answer {
        web::log_failure(error, guest.caller.request_id());
    }
    let Some(id) = ack else { return };
    let packet = match answer {
        Ok(answer) => packet::ack(id, &answer),
        Err(error) => packet::ack(id, &calls::Refused::of(&error)),
    };
    if wire.emit(packet).is_err() {
        wire.close();
    }
}

/// Answers a call; where it is refused, as who they are by now: of what somebody has just made, or
/// was just let into, their connection may not have heard yet.
async fn answer(
    live: &Live,
    wire: &Arc<Wire>,
    guest: &Guest,
    call: &Call<'_>,
) -> types::Result<Answer> {
    let first = calls::answer(live, wire, &guest.caller, call).await;
    let refused = [ErrorKind::NotFound, ErrorKind::Forbidden];
    if !first.as_ref().is_err_and(|error| refused.contains(&error.kind())) {
        return first;
    }
    match follow::identify_changed(live, wire, guest).await {
        Some(caller) => calls::answer(live, wire, &caller, call).await,
        None => first,
    }
}
