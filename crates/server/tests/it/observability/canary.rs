//! Nothing of anybody is in logs, traces and metrics: the server is told words that are nowhere else,
//! in every place where it listens, and none of them comes out where operators look.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::collector::Collector;
use super::{logs, page, value};
use crate::engines::Engine;
use crate::people::{Person, encoded};
use crate::process::Server;

/// A word that is nowhere else; what it is said as comes after it.
const CANARY: &str = "zqcanary";
/// The same in passwords, which must not be made of names.
const PASSWORD: &str = "kwfinch-harbour-kettle-93";

fn canary(place: &str) -> String {
    format!("{CANARY}-{place}")
}

async fn house(engine: &Engine, collector: &Collector) -> Server {
    let mut server = Server::prepare(engine).await;
    let post = rude_post().await;
    for (name, value) in [
        ("SIXFOLD_ENV", "production"),
        ("SIXFOLD_SERVER_PUBLIC_URL", "https://sixfold.example"),
        ("SIXFOLD_SERVER_LOG_LEVEL", "debug"),
        // Everything is slow.
        ("SIXFOLD_WEB_SLOW_REQUEST_MS", "1"),
        ("SIXFOLD_DATABASE_SLOW_STATEMENT_MS", "1"),
        ("SIXFOLD_MAIL_SMTP_URL", &post),
        ("SIXFOLD_MAIL_SMTP_PLAIN", "true"),
        ("SIXFOLD_MAIL_FROM", "house@example.com"),
        ("SIXFOLD_PASSWORD", PASSWORD),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
        ("OTEL_TRACES_SAMPLER", "always_on"),
    ] {
        server.set(name, value);
    }
    let email = format!("{CANARY}-root@example.com");
    let made = ["admin", "create", "--name", &canary("root"), "--email", &email];
    let said = server.say(&made);
    assert_eq!(said.code, 0, "{said:?}");
    server.run();
    server
}

/// Signs somebody up and in.
async fn somebody(door: &Person) -> Person {
    let email = format!("{CANARY}-mail@example.com");
    let (name, password) = (canary("person"), PASSWORD.to_owned());
    let body = json!({ "name": name, "email": email, "password": password });
    let made = door.post("/v1/auth/sign-up/email", body).await.was(200);
    let token = made.text_at("/token");
    for (email, password) in [
        (email.clone(), format!("{PASSWORD}-wrong")),
        (format!("{CANARY}-x@example.com"), password),
    ] {
        let body = json!({ "email": email, "password": password });
        door.post("/v1/auth/sign-in/email", body).await;
    }
    for path in ["/v1/auth/request-password-reset", "/v1/auth/sign-in/magic-link"] {
        door.post(path, json!({ "email": email })).await;
    }
    Person { token: Some(token), home: made.text_at("/user/personalGroupId"), ..door.clone() }
}

/// Things, searches, filters, and what is wrong with them.
async fn data(me: &Person) {
    let group = json!({ "slug": canary("slug"), "name": canary("group"), "type": "business" });
    let group = me.post("/v1/groups", group).await.was(201).id();
    let thing = json!({
        "groupId": group, "type": "note", "name": canary("thing"),
        "properties": { "content": canary("content"), CANARY: canary("property") },
    });
    me.post("/v1/things", thing).await;
    let plain = json!({ "groupId": group, "type": "note", "name": canary("thing") });
    let made = me.post("/v1/things", plain.clone()).await.was(201).id();
    let items: Vec<Value> = (0..500).map(|_| plain.clone()).collect();
    me.post("/v1/things/bulk", json!({ "items": items })).await;
    me.post("/v1/knowledge/search", json!({ "query": canary("search") })).await.was(200);
    let filter = encoded(&format!("name == \"{CANARY}-filter\""));
    me.get(&format!("/v1/things?filter={filter}&groupId={group}")).await.was(200);
    me.get(&format!("/v1/things?filter={}", encoded(&format!("{CANARY}_field ==")))).await;
    me.get(&format!("/v1/things/aggregate?groupId={group}&metrics=count&q={CANARY}-query")).await;
    for path in
        ["/v1/things/zqcanary-id", "/zqcanary-path/x?y=zqcanary-value", "/v1/groups/zqcanary"]
    {
        me.get(path).await;
    }
    let change = me.request(Method::PATCH, &format!("/v1/things/{made}"));
    me.send(change.header("if-match", "\"zqcanary-tag\"").json(&plain)).await;
    for body in ["{\"name\": \"zqcanary-torn", "zqcanary", "{\"zqcanary\": 1}"] {
        let request = me.request(Method::POST, "/v1/things").body(body);
        me.send(request.header("content-type", "application/json")).await;
    }
    let key = json!({ "groupId": group, "name": canary("key"), "scopes": ["things:read"] });
    me.post("/v1/api-keys", key).await;
}

/// Credentials that are none.
async fn strangers(door: &Person) {
    for (name, value) in [
        ("authorization", "Bearer zqcanary-token"),
        ("x-api-key", "gsk_zqcanary"),
        ("cookie", "__Host-sixfold=zqcanary-cookie"),
        ("traceparent", "zqcanary"),
        ("tracestate", "zqcanary=zqcanary"),
        ("user-agent", "zqcanary-browser"),
        ("x-request-id", "zqcanary is not sane"),
        ("x-request-id", "zqcanary-sane"),
        ("x-forwarded-for", "zqcanary"),
        ("origin", "https://zqcanary.example"),
    ] {
        let request = door.request(Method::GET, "/v1/people/me").header(name, value);
        door.send(request).await;
    }
    let traced = door.request(Method::GET, "/v1/things/zqcanary");
    let above = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let traced = traced.header("traceparent", above).header("tracestate", "zqcanary=zqcanary");
    door.send(traced).await;
    let method = Method::from_bytes(b"ZQCANARY").expect("a word");
    door.send(door.request(method, "/v1/things")).await;
    door.get("/v1/things?api_key=zqcanary").await.was(400);
    door.get("/metrics?token=zqcanary").await;
    let oauth = "/v1/auth/callback/github?code=zqcanary&state=zqcanary&error=zqcanary";
    door.get(oauth).await;
}

/// A chat by Engine.IO's polling: in, a message, an error.
async fn chat(me: &Person) {
    let polling = "/socket.io/?EIO=4&transport=polling";
    let opened = me.get(polling).await.was(200);
    let about: Value = serde_json::from_str(&opened.text[1..]).expect("an open packet");
    let session = format!("{polling}&sid={}", about["sid"].as_str().expect("a session"));
    let say = async |packet: String| {
        let request = me.request(Method::POST, &session).body(packet);
        me.send(request.header("content-type", "text/plain")).await;
        let mut heard = me.get(&session).await;
        // A heartbeat may come first; it is answered, as clients do.
        while heard.text == "2" {
            let pong = me.request(Method::POST, &session).body("3");
            me.send(pong.header("content-type", "text/plain")).await;
            heard = me.get(&session).await;
        }
        heard
    };
    let token = me.token.clone().unwrap_or_default();
    let entered = say(format!("40{{\"token\":\"{token}\"}}")).await;
    assert!(entered.text.contains("40{"), "{entered:?}");
    let group = &me.home;
    let thing = json!({ "groupId": group, "type": "conversation", "name": canary("room") });
    let room = me.post("/v1/things", thing).await.was(201).id();
    let message = json!({ "room": room, "body": canary("message"), "clientId": canary("client") });
    for event in [
        json!(["join_room", { "room": room }]),
        json!(["message", message]),
        json!(["zqcanary-event", { "zqcanary": "zqcanary" }]),
        json!(["subscribe", { "topic": "zqcanary", "filter": "zqcanary" }]),
    ] {
        say(format!("421{event}")).await;
    }
    let said = me.get(&format!("/v1/things?groupId={group}&type=message")).await.was(200);
    assert!(said.text.contains(&canary("message")), "{said:?}");
    say("4zqcanary".to_owned()).await;
}

/// A target that is told of everything, at an address that is nobody's business, and refuses it
/// in words of its own.
async fn webhooks(me: &Person) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let told = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&told);
    let refuse = move || {
        counted.fetch_add(1, Ordering::AcqRel);
        async { (http::StatusCode::BAD_GATEWAY, canary("answer")) }
    };
    let router = Router::new().fallback(refuse);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let body = json!({
        "groupId": me.home, "url": format!("http://{address}/zqcanary-path?x=zqcanary"),
        "eventTypes": ["*"], "description": canary("hook"),
        "headers": { "x-canary": canary("header") },
    });
    me.post("/v1/webhooks", body).await.was(201);
    let thing = json!({ "groupId": me.home, "type": "note", "name": canary("told") });
    me.post("/v1/things", thing).await.was(201);
    let deadline = Instant::now() + Duration::from_secs(60);
    let failed = "sixfold_webhook_attempts_total{outcome=\"failed\"}";
    while told.load(Ordering::Acquire) == 0 || value(&page(&me.base).await, failed) < 0.5 {
        assert!(Instant::now() < deadline, "the target was not told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A mail server that takes no letter, and says for whom it was.
async fn rude_post() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("smtp://{}", listener.local_addr().expect("its address"));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (read, mut write) = socket.into_split();
                let mut lines = BufReader::new(read).lines();
                let _ = write.write_all(b"220 here\r\n").await;
                while let Ok(Some(line)) = lines.next_line().await {
                    let answer = if line.starts_with("RCPT") {
                        format!("450 not now: {line}\r\n")
                    } else {
                        "250 well\r\n".to_owned()
                    };
                    if write.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn nothing_of_anybody_is_in_logs_traces_and_metrics() {
    for engine in Engine::all() {
        let collector = Collector::open();
        let mut server = house(&engine, &collector).await;
        let door = Person::nobody(server.url());
        let me = somebody(&door).await;
        data(&me).await;
        strangers(&door).await;
        chat(&me).await;
        webhooks(&me).await;
        logs::line(&server, "a letter that was refused", |line| {
            line["message"] == "a job failed" && line["kind"] == "mail.deliver"
        })
        .await;
        let page = page(server.url()).await;
        // With the last lines, and the last spans.
        assert!(server.stop().success());
        let (log, spans) = (server.told(), collector.spans());
        // The nets are out: there is something in each.
        assert!(log.lines().count() > 50 && log.contains("\"level\":\"debug\""), "{log}");
        assert!(
            log.contains("a statement was slow") && log.contains("a request was slow"),
            "{log}"
        );
        assert!(page.contains("route=\"/v1/things/bulk\""), "{page}");
        for name in [
            "POST /v1/things/bulk",
            "write transaction",
            "queue wait",
            "process mail.deliver",
            "POST",
        ] {
            assert!(spans.iter().any(|span| span.name == name), "{name}: {spans:#?}");
        }
        let traces = String::from_utf8_lossy(&collector.kept().bodies).into_owned();
        for (place, text) in [("logs", &log), ("traces", &traces), ("metrics", &page)] {
            let found: Vec<&str> = text
                .lines()
                .filter(|line| {
                    let line = line.to_ascii_lowercase();
                    ["zqcanary", "kwfinch"].iter().any(|word| line.contains(word))
                })
                .collect();
            assert!(found.is_empty(), "in {place}: {found:#?}");
        }
        let token = me.token.clone().unwrap_or_default();
        assert!(!token.is_empty() && !log.contains(&token) && !traces.contains(&token));
        assert!(!traces.contains("127.0.0.1"), "an address is in traces");
    }
}
