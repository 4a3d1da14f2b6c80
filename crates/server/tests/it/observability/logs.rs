//! What the server writes to stderr.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::engines::Engine;
use crate::people::Person;
use crate::process::Server;
use crate::stage::Stage;

/// Every line so far.
pub(super) fn lines(server: &Server) -> Vec<Value> {
    let told = server.told();
    // The last one may still be written.
    let whole = told.rsplit_once('\n').map_or("", |(whole, _)| whole);
    // An earlier run, that made the stage, wrote text.
    let lines = whole.lines().skip_while(|line| !line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Waits for a line.
pub(super) async fn line(server: &Server, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(line) = lines(server).into_iter().find(&is) {
            return line;
        }
        assert!(Instant::now() < deadline, "never: {what}\n{}", server.told());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The lines of requests with this id.
fn of(server: &Server, id: &str) -> Vec<Value> {
    let mut all = lines(server);
    all.retain(|line| line["target"] == "web::request" && line["request_id"] == id);
    all
}

#[tokio::test]
async fn each_request_has_one_line_whatever_becomes_of_it() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("SIXFOLD_ENV", "production");
    server.set("SIXFOLD_SERVER_PUBLIC_URL", "https://sixfold.example");
    // What a request is called is a proxy's to say.
    server.set("SIXFOLD_WEB_TRUSTED_PROXIES", "127.0.0.1");
    // Others are silent; requests are not.
    server.set("SIXFOLD_SERVER_LOG_LEVEL", "error");
    server.run();
    let door = Person::nobody(server.url());
    for (id, method, path, status, route, code) in [
        ("one", "GET", "/v1/health", 200, "/v1/health", None),
        ("two", "GET", "/v1/things/x?q=1", 401, "/v1/things/{id}", Some("unauthenticated")),
        ("three", "GET", "/nowhere/at/all", 404, "-", Some("not_found")),
        ("four", "DELETE", "/v1/health", 405, "/v1/health", Some("wrong_method")),
        ("five", "GET", "/v1/things?api_key=x", 400, "/v1/things", Some("credential_in_query")),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = door.request(method.clone(), path).header("x-request-id", id);
        let answer = door.send(request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        let line = line(&server, id, |line| line["request_id"] == id).await;
        assert_eq!(of(&server, id).len(), 1);
        assert_eq!((&line["level"], &line["env"]), (&json!("info"), &json!("production")));
        assert_eq!((&line["route"], &line["method"]), (&json!(route), &json!(method.as_str())));
        assert_eq!(line["status"], status);
        assert!(line["timestamp"].is_string() && line["latency_ms"].is_number(), "{line}");
        if code.is_some() {
            assert_eq!(line["error_code"], json!(code));
        }
    }
    assert!(server.stop().success());
}

#[tokio::test]
async fn requests_have_lines_in_development_only_when_asked_for() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("SIXFOLD_SERVER_LOG_FORMAT", "json");
    server.set("SIXFOLD_WEB_TRUSTED_PROXIES", "127.0.0.1");
    for (setting, lines_of) in [("auto", 0), ("on", 1), ("off", 0)] {
        server.set("SIXFOLD_SERVER_ACCESS_LOG", setting);
        server.run();
        let door = Person::nobody(server.url());
        let request = door.request(reqwest::Method::GET, "/v1/health");
        door.send(request.header("x-request-id", setting)).await.was(200);
        // The last line of all: what was before it is there.
        assert!(server.stop().success());
        assert_eq!(of(&server, setting).len(), lines_of, "{setting}");
    }
}

#[tokio::test]
async fn a_slow_request_is_told_with_its_statements_and_their_plans() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        stage.server.stop();
        for (name, value) in [
            ("SIXFOLD_SERVER_LOG_FORMAT", "json"),
            ("SIXFOLD_WEB_SLOW_REQUEST_MS", "1"),
            ("SIXFOLD_DATABASE_SLOW_STATEMENT_MS", "1"),
        ] {
            stage.server.set(name, value);
        }
        stage.server.run();
        let stage = stage.moved();
        let items: Vec<Value> = (0..1_000)
            .map(|number| {
                let name = format!("canary-name-{number}");
                json!({ "groupId": stage.acme, "type": "course", "name": name })
            })
            .collect();
        let body = json!({ "items": items });
        let answer = stage.alice().post("/v1/things/bulk", body).await;
        assert!(answer.status < 300, "{answer:?}");
        let slow = line(&stage.server, "a slow request", |line| {
            line["target"] == "web::slow" && line["route"] == "/v1/things/bulk"
        })
        .await;
        assert!(slow["request_id"].is_string() && slow["latency_ms"].is_number(), "{slow}");
        let statements = slow["statements"].as_str().expect("statements");
        assert!(statements.contains("insert into"), "{slow}");
        let told = line(&stage.server, "a slow statement", |line| {
            line["message"] == "a statement was slow" && line["request_id"] == slow["request_id"]
        })
        .await;
        assert!(told["duration_ms"].is_number(), "{told}");
        let plan =
            line(&stage.server, "a plan", |line| line["message"] == "the plan of a slow statement")
                .await;
        assert!(plan["plan"].is_string() && plan["statement"].is_string(), "{plan}");
        let log = stage.server.told();
        assert!(!log.contains("canary-name"), "{log}");
    }
}
