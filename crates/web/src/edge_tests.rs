use axum::Router;
use axum::routing::{get, post};

use super::*;
use crate::test_kit::{self, Answered, send};
use crate::{Answer, Failure, PeerAddr, Waited, request_id, with_fallbacks};

fn settings() -> Settings {
    Settings { cors_origins: vec!["https://app.example".to_owned()], ..Settings::default() }
}

fn routes() -> Router {
    with_fallbacks(
        Router::new()
            .route("/", get(|| async { "hello" }).post(|body: String| async { body }))
            .route("/id", get(|| async { request_id().map_or(String::new(), |id| id.to_string()) }))
            .route("/fail/{id}", get(|| async { Answer::<()>::Err(Error::not_found().into()) }))
            .route(
                "/boom",
                get(|| async {
                    if true {
                        panic!("secret boom")
                    }
                }),
            )
            .route("/slow", get(std::future::pending::<()>))
            .route("/long", get(long))
            .route("/own", get(|| async { ([("cache-control", "public")], "mine") }))
            .route("/only-post", post(|| async {})),
    )
}

/// Bytes come every 20 seconds, three times, and then no more.
async fn long() {
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        crate::still_moving();
    }
    std::future::pending::<()>().await;
}

fn edge() -> Edge {
    let settings = settings();
    let origins = Origins::new(&settings.cors_origins, false);
    Edge::new(&settings, origins).request_ids(Arc::new(|| "made-1".to_owned()))
}

fn router() -> Router {
    routes().layer(edge().layer())
}

async fn with(method: &str, uri: &str, headers: &[(&str, &str)]) -> Answered {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(&router(), request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_answer_carries_the_standing_headers() {
    for (uri, status) in [("/", 200), ("/nowhere", 404), ("/only-post", 405), ("/boom", 500)] {
        let answer = with("GET", uri, &[]).await;
        assert_eq!(answer.status, status, "{uri}");
        assert_eq!(answer.header("x-request-id"), "made-1", "{uri}");
        assert!(answer.header("x-response-time").ends_with("ms"), "{uri}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(answer.header("strict-transport-security"), "");
        if status >= 400 {
            assert_eq!(answer.json()["requestId"], "made-1");
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
    assert_eq!(with("GET", "/own", &[]).await.header("cache-control"), "public");
}

#[tokio::test]
async fn https_is_insisted_on_only_where_the_public_url_is_https() {
    let router = routes().layer(edge().public_url("https://sixfold.example").layer());
    let answer = test_kit::get(&router, "/").await;
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
}

#[tokio::test]
async fn a_sane_request_id_of_a_proxy_is_kept_and_another_is_replaced() {
    let trusting = Settings { trusted_proxies: vec!["10.0.0.1".to_owned()], ..settings() };
    let edge = Edge::new(&trusting, Origins::default()).request_ids(Arc::new(|| "made-1".into()));
    let router = routes().layer(edge.layer());
    for (peer, sent, kept) in [
        ("10.0.0.1:4711", "proxy-7.a_B", "proxy-7.a_B"),
        ("10.0.0.1:4711", "a b\"<script>", "made-1"),
        ("203.0.113.7:4711", "client-7.a_B", "made-1"),
        ("127.0.0.1:4711", "client-7.a_B", "made-1"),
    ] {
        let mut request =
            Request::get("/id").header("x-request-id", sent).body(Body::empty()).unwrap();
        request.extensions_mut().insert(PeerAddr(peer.parse().unwrap()));
        let answer = send(&router, request).await;
        assert_eq!((answer.text.as_str(), answer.header("x-request-id")), (kept, kept), "{peer}");
    }
    let unknown = with("GET", "/id", &[("x-request-id", "client-7.a_B")]).await;
    assert_eq!(unknown.text, "made-1");
    let counted = routes().layer(Edge::new(&settings(), Origins::default()).layer());
    assert_eq!(test_kit::get(&counted, "/id").await.text.len(), 28);
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones() {
    let answer = with("DELETE", "/only-post", &[]).await;
    assert_eq!((answer.status, answer.code().as_str()), (405, "wrong_method"));
    assert_eq!(answer.header("allow"), "POST");
}

#[tokio::test]
async fn a_panic_is_one_requests_problem() {
    let router = router();
    let answer = test_kit::get(&router, "/boom").await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "internal"));
    assert!(!answer.text.contains("secret"));
    assert_eq!(test_kit::get(&router, "/").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_is_given_up() {
    let layer = edge().layer();
    let router = routes().layer(layer.clone());
    let before = tokio::time::Instant::now();
    let answer = test_kit::get(&router, "/slow").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "timeout"));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(before.elapsed().as_secs(), 30);
    assert_eq!(layer.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn while_bytes_flow_a_request_is_not_given_up() {
    let before = tokio::time::Instant::now();
    let answer = test_kit::get(&router(), "/long").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "timeout"));
    assert_eq!(before.elapsed().as_secs(), 60 + 30);
}

#[tokio::test(start_paused = true)]
async fn one_request_too_many_is_refused_at_once() {
    let settings = Settings { max_in_flight: 2, ..Settings::default() };
    let meters = Arc::<Meters>::default();
    let layer = Edge::new(&settings, Origins::default()).meters(&meters).layer();
    let router = routes().layer(layer.clone());
    let slow = || {
        let router = router.clone();
        tokio::spawn(async move { test_kit::get(&router, "/slow").await.status })
    };
    let (one, two) = (slow(), slow());
    tokio::task::yield_now().await;
    assert_eq!(layer.in_flight(), 2);
    let answer = test_kit::get(&router, "/").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "overloaded"));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(layer.in_flight(), 2);
    assert_eq!(refused(&meters), [("in_flight", 1)]);
    // A client that hangs up leaves its place.
    one.abort();
    let _ = one.await;
    assert_eq!(test_kit::get(&router, "/").await.status, 200);
    assert_eq!(two.await.unwrap(), 503);
    assert_eq!(layer.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_something_to_happen_takes_a_place_and_is_no_work() {
    let meters = Arc::<Meters>::default();
    for (idle, work) in [(false, 1), (true, 0)] {
        let edge = edge().meters(&meters);
        let edge = if idle { edge.idle() } else { edge };
        let layer = edge.layer();
        let router = routes().layer(layer.clone());
        let slow = tokio::spawn(async move { test_kit::get(&router, "/slow").await.status });
        tokio::task::yield_now().await;
        assert_eq!((layer.in_flight(), meters.http.in_flight.get()), (1, work));
        assert_eq!(slow.await.unwrap(), 503);
        assert_eq!((layer.in_flight(), meters.http.in_flight.get()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_for_there_is_too_much_to_do_is_not_looked_at() {
    let shed = Shed::default();
    // As bad as can be: the store lets nobody in.
    let waits = |_| Waited { looks: Duration::from_secs(9), changes: Duration::from_secs(9) };
    let kept = tokio::spawn(shed.clone().keep(Duration::from_millis(50), waits));
    tokio::time::sleep(Duration::from_secs(5)).await;
    kept.abort();
    let meters = Arc::<Meters>::default();
    let layer = edge().shedding(shed).uncounted(&["/own"]).meters(&meters).layer();
    let reached = Arc::new(AtomicUsize::new(0));
    let own = Arc::clone(&reached);
    let inner = post(move |body: String| async move {
        own.fetch_add(1, Ordering::Relaxed);
        body
    });
    let router = Router::new()
        .route("/", inner)
        .route("/own", get(|| async { "mine" }))
        .layer(layer.clone());
    let mut turned_away = 0;
    for _ in 0..100 {
        assert_eq!(test_kit::get(&router, "/own").await.status, 200, "probes are answered");
        let answer = send(&router, Request::post("/").body("x".into()).unwrap()).await;
        if answer.status == 503 {
            assert_eq!(answer.code(), "overloaded");
            assert_eq!(answer.header("retry-after"), "10");
            turned_away += 1;
        }
        assert_eq!(layer.in_flight(), 0);
    }
    assert!(turned_away >= 90, "{turned_away}");
    assert_eq!(reached.load(Ordering::Relaxed), 100 - turned_away);
    assert_eq!(refused(&meters), [("wait_target", turned_away as u64)]);
}

/// What was refused for want of room, by what was full.
fn refused(meters: &Meters) -> Vec<(&'static str, u64)> {
    let all = meters.http.refused.all().into_iter();
    all.map(|(name, counter)| (name, counter.get())).filter(|(_, count)| *count > 0).collect()
}

#[tokio::test(start_paused = true)]
async fn whoever_refuses_for_want_of_room_is_counted_by_what_was_full() {
    let fails = |error: fn() -> Error| {
        get(move || async move { Answer::<()>::Err(error().into()) })
            .post(move || async move { crate::AuthAnswer::<()>::Err(error().into()) })
    };
    let router = Router::new()
        .route("/full", fails(|| Error::overloaded("Full.").short_of(Shortage::Passwords)))
        .route("/lost", fails(|| Error::overloaded("Lost.")))
        .route("/away", fails(|| Error::new(ErrorKind::Overloaded, "not_ready", "Away.")))
        .route("/slow", get(std::future::pending::<()>));
    let meters = Arc::<Meters>::default();
    let router = router.layer(edge().meters(&meters).layer());
    for uri in ["/full", "/lost", "/away", "/slow"] {
        assert_eq!(test_kit::get(&router, uri).await.status, 503, "{uri}");
    }
    let posted = send(&router, Request::post("/full").body(Body::empty()).unwrap()).await;
    assert_eq!((posted.status, posted.code().as_str()), (503, "OVERLOADED"));
    // What took too long or is away is a failure.
    assert_eq!(refused(&meters), [("passwords", 2), ("other", 1)]);
    assert_eq!(meters.http.refused.sum(), 3);
}

#[tokio::test]
async fn credentials_in_the_address_are_refused() {
    for uri in ["/?key=gsk_abc", "/?access_token=x", "/?a=1&api_key=x", "/?apikey=x"] {
        let answer = with("GET", uri, &[]).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "credential_in_query"), "{uri}");
        assert!(answer.json()["message"].as_str().unwrap().contains("Authorization"));
        assert!(!answer.text.contains("gsk_abc"));
    }
    assert_eq!(with("GET", "/?limit=5&token=abc", &[]).await.status, 200);
}

#[tokio::test]
async fn an_allowed_page_may_ask_and_read() {
    let origin = ("origin", "https://app.example");
    let asked = with("OPTIONS", "/", &[origin, ("access-control-request-method", "POST")]).await;
    assert_eq!(asked.status, 204);
    assert_eq!(asked.header("access-control-allow-origin"), "https://app.example");
    assert_eq!(asked.header("access-control-allow-credentials"), "true");
    assert!(asked.header("access-control-allow-methods").contains("PATCH"));
    for name in ["x-api-key", "upload-offset", "last-event-id"] {
        assert!(asked.header("access-control-allow-headers").contains(name), "{name}");
    }
    assert_eq!(asked.header("vary"), "origin");

    // Also answers that went wrong are readable, or the page could not show why.
    for uri in ["/", "/fail/1", "/boom", "/nowhere", "/?api_key=1"] {
        let answer = with("GET", uri, &[origin]).await;
        assert_eq!(answer.header("access-control-allow-origin"), "https://app.example", "{uri}");
        for name in ["set-auth-token", "content-disposition"] {
            assert!(answer.header("access-control-expose-headers").contains(name), "{name}");
        }
        assert_eq!(answer.header("vary"), "origin");
    }
}

#[tokio::test]
async fn another_page_is_granted_nothing() {
    for origin in [
        "https://evil.example",
        "https://app.example.evil.example",
        "null",
        "http://localhost:3000",
    ] {
        let origin = ("origin", origin);
        let asked =
            with("OPTIONS", "/", &[origin, ("access-control-request-method", "POST")]).await;
        assert_eq!((asked.status, asked.code().as_str()), (403, "invalid_origin"));
        for answer in [asked, with("GET", "/", &[origin]).await] {
            assert_eq!(answer.header("access-control-allow-origin"), "");
            assert_eq!(answer.header("access-control-allow-credentials"), "");
            assert_eq!(answer.header("vary"), "origin");
        }
    }
}

#[tokio::test]
async fn a_service_that_panics_when_called_is_caught_too() {
    let service =
        tower::service_fn(|_: Request<Body>| -> std::future::Ready<Result<Response, Infallible>> {
            panic!("before the future")
        });
    let mut service = edge().layer().layer(service);
    let response = service.call(Request::new(Body::empty())).await.unwrap();
    assert_eq!(response.status(), 500);
}

#[derive(Clone, Default)]
struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_line_tells_the_route_and_no_values() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    // With a single subscriber tracing asks the thread that first reaches a log line, which may be
    // another test's; with two it asks the subscribers.
    let _second = tracing::Dispatch::new(tracing_subscriber::fmt().finish());
    let guard = tracing::subscriber::set_default(subscriber);
    with("GET", "/fail/path-value?q=query-value", &[]).await;
    with("GET", "/boom", &[]).await;
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let fields = &line["fields"];
    assert_eq!(fields["route"], "/fail/{id}", "{text}");
    assert_eq!((&fields["method"], &fields["status"]), (&"GET".into(), &404.into()));
    assert_eq!(
        (&fields["request_id"], &fields["error_code"]),
        (&"made-1".into(), &"not_found".into())
    );
    assert!(fields["latency_ms"].is_number());
    assert!(!text.contains("path-value") && !text.contains("query-value"), "{text}");
    assert!(text.contains("\"cause\":\"panic\"") && !text.contains("secret boom"), "{text}");
}

#[tokio::test]
async fn a_failure_made_by_an_extractor_has_the_id_too() {
    async fn handler(crate::Params(()): crate::Params<()>) -> Result<(), Failure> {
        Ok(())
    }
    let router = Router::new().route("/", get(handler)).layer(edge().layer());
    let answer = test_kit::get(&router, "/?x=1").await;
    assert_eq!(answer.verdict(), (422, "unknown_parameter".to_owned(), "x".to_owned()));
    assert_eq!(answer.json()["requestId"], "made-1");
}

#[tokio::test]
async fn who_signs_in_sends_little() {
    let read = || post(|body: crate::Body<serde_json::Value>| async move { body.0.to_string() });
    let router = Router::new().route("/v1/auth/sign-in/email", read()).route("/v1/things", read());
    let router = router.layer(edge().layer());
    for (uri, bytes, status) in [
        ("/v1/auth/sign-in/email", 120 * 1024, 200),
        ("/v1/auth/sign-in/email", 128 * 1024, 413),
        ("/v1/things", 128 * 1024, 200),
    ] {
        let body = format!(r#"{{"name":"{}"}}"#, "x".repeat(bytes));
        let request = Request::post(uri).header("content-type", "application/json");
        let answer = send(&router, request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, status, "{uri}, {bytes}");
    }
}
