//! Connections of clients that ask again and again.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header;

use super::frame::Frame;
use super::request::Refusal;
use super::session::{SEPARATOR, Session};
use super::{Engine, Handler};

/// Opens a session.
pub(super) fn open<H: Handler>(
    engine: &Arc<Engine<H>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let session = engine.open(&parts)?;
    engine.handler.came(&session);
    Ok(text(opening(engine, &session, r#"["websocket"]"#).as_packet().to_vec()))
}

/// The first packet of a session.
pub(super) fn opening<H: Handler>(
    engine: &Engine<H>,
    session: &Session<H>,
    upgrades: &str,
) -> Frame {
    let config = &engine.config;
    let text = format!(
        r#"{{"sid":"{}","upgrades":{upgrades},"pingInterval":{},"pingTimeout":{},"maxPayload":{}}}"#,
        session.id,
        config.heartbeat.as_millis(),
        config.heartbeat_timeout.as_millis(),
        config.max_bytes,
    );
    Frame::packet(b'0', &text)
}

/// Answers with what there is to tell, as soon as there is something.
pub(super) async fn poll<H: Handler>(session: Arc<Session<H>>) -> Result<Response, Refusal> {
    let Some(turn) = session.begin_polling() else {
        // Two would share what one client is to get.
        session.close();
        return Err(Refusal::BadRequest);
    };
    Ok(text(turn.packets(session.engine().config.max_bytes).await))
}

/// Takes what a client says.
pub(super) async fn take<H: Handler>(
    session: Arc<Session<H>>,
    body: Body,
) -> Result<Response, Refusal> {
    let most = session.engine().config.max_bytes;
    // It holds a place as long as it takes, and polls have a long time limit.
    let Ok(body) = axum::body::to_bytes(web::prompt(body), most).await else {
        session.close();
        return Err(Refusal::TooLarge);
    };
    let packets = std::str::from_utf8(&body).unwrap_or_default();
    for packet in packets.split(char::from(SEPARATOR)) {
        if packet == "1" {
            // The request that waits is answered.
            session.finish(&[Frame::NOTHING]);
            break;
        }
        if !session.hear(packet) {
            session.close();
            return Err(Refusal::BadRequest);
        }
        // It said too much, or that it leaves: nobody answers the rest.
        if session.is_closed() {
            break;
        }
    }
    Ok(text(b"ok".to_vec()))
}

fn text(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=UTF-8")], body).into_response()
}
