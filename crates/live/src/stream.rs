//! The same events for clients without Socket.IO: server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), one topic a stream.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use filter::Filter;
use futures_util::stream;
use http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, Params, Problem};

use crate::door::Credentials;
use crate::listener::{SCHEMA, Sink, Style};
use crate::outlet::Outlet;
use crate::topic::Topic;
use crate::wire::Guest;
use crate::{Live, subscriptions};

/// A comment keeps proxies from ending a quiet stream.
const BEAT: Duration = Duration::from_secs(15);

/// The routes of this room.
pub(crate) fn router() -> OpenApiRouter<Live> {
    OpenApiRouter::new().routes(routes!(stream_events))
}

/// What is listened to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wanted {
    /// `group:…`, `thing:…`, `room:…` or `person:me` (default).
    #[param(example = "person:me")]
    topic: Option<String>,
    /// Only events for which this holds; see the filter language.
    #[param(example = "type == \"thing_created\"")]
    filter: Option<String>,
    /// Go on after this event's `cursor`; the header `Last-Event-ID` says the same.
    since: Option<String>,
}

/// Listen to events
///
/// Server-sent events: each has the event of the log as JSON in `data`, its type in `event` and
/// its cursor in `id`, which a browser sends back as `Last-Event-ID` when it comes back. When
/// something since then is missing, the first event is `resync_required`.
#[utoipa::path(get, path = "/v1/events/stream", tag = "events", operation_id = "stream_events",
    params(Wanted, ("Last-Event-ID" = Option<String>, Header, description = "Go on after this one")),
    responses(
        (status = 200, description = "Events, as they happen", content_type = "text/event-stream",
            body = String),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such topic to see", body = Problem),
        (status = 422, description = "Topic, filter or cursor is wrong", body = Problem),
        (status = 503, description = "Too many streams are open", body = Problem)))]
async fn stream_events(
    State(live): State<Live>,
    By(caller): By,
    Params(wanted): Params<Wanted>,
    headers: HeaderMap,
) -> Answer<Response> {
    kernel::access::require_known(&caller)?;
    let topic = Topic::parse(wanted.topic.as_deref().unwrap_or("person:me"), caller.person())?;
    let filter = wanted.filter.as_deref().map(|text| Filter::parse(text, &SCHEMA)).transpose()?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let since = last.or(wanted.since.as_deref());
    let place = live.place_for_stream(caller.person())?;
    let (outlet, inlet) = Outlet::new();
    let credentials = Credentials::shown(&headers);
    let guest = Arc::new(Guest { caller: caller.clone(), credentials });
    let sink = Sink::Stream { outlet, guest };
    let start =
        subscriptions::begin(&live, &caller, (topic, Style::Events), filter, since, sink).await?;
    let missing = since.is_some() && !start.recovered;
    let listener = Arc::downgrade(&start.listener);
    let _ = start.go(&live);
    let first = missing.then(|| Event::default().event("resync_required").data("{}"));
    let leaving = Leaving { live: live.clone(), listener, _place: place };
    let told = stream::unfold((inlet, leaving, first), async |(mut inlet, leaving, first)| {
        if let Some(first) = first {
            return Some((Ok::<_, Infallible>(first), (inlet, leaving, None)));
        }
        let event = tokio::select! {
            next = tokio::time::timeout(BEAT, inlet.next()) => match next {
                Ok(Some((cursor, data))) => Event::default().id(cursor).data(data),
                Ok(None) => return None,
                Err(_) => Event::default().comment(""),
            },
            () = leaving.live.closing() => return None,
        };
        Some((Ok(event), (inlet, leaving, None)))
    });
    Ok(Sse::new(told).into_response())
}

/// Takes the listener off the board when the stream ends.
struct Leaving {
    live: Live,
    listener: std::sync::Weak<crate::listener::Listener>,
    _place: crate::Place,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.upgrade() {
            self.live.board.leave(&listener);
        }
    }
}
