//! `GET /metrics`.

use std::num::NonZero;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{ask, file, names, page, series, value};
use crate::engines::Engine;
use crate::people::Person;
use crate::process::{METRICS_TOKEN, Server};
use crate::stage::{PASSWORD, Stage, alone_on_both, on_both};

#[tokio::test]
async fn metrics_are_for_who_has_the_token() {
    for engine in Engine::all() {
        let server = Server::start(&engine).await;
        ask(server.url(), None).await.was_problem(401, "unauthenticated");
        ask(server.url(), Some("guessed")).await.was_problem(401, "unauthenticated");
        assert!(page(server.url()).await.contains("sixfold_build_info{version="));
        let url = format!("/metrics?token={METRICS_TOKEN}");
        assert_ne!(Person::nobody(server.url()).get(&url).await.status, 200);
    }
}

#[tokio::test]
async fn without_a_token_there_are_no_metrics() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.unset("SIXFOLD_OPS_METRICS_TOKEN");
    server.run();
    ask(server.url(), None).await.was_problem(401, "unauthenticated");
    for token in ["", "anything"] {
        ask(server.url(), Some(token)).await.was_problem(404, "not_found");
    }
    server.set("SIXFOLD_OPS_METRICS_TOKEN", "short");
    let said = server.say(&["config", "check"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("ops.metrics_token") && !said.err.contains("short"), "{said:?}");
}

/// Waits until what is read from the store, which is up to five seconds old, is as it should be.
async fn until(stage: &Stage, name: &str, right: impl Fn(f64) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let page = page(stage.server.url()).await;
        let found = value(&page, name);
        if right(found) {
            return;
        }
        assert!(Instant::now() < deadline, "{name} is {found}: {page}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn what_happens_is_counted() {
    alone_on_both(async |stage| {
        let (alice, url) = (stage.alice(), stage.server.url().to_owned());
        let before = page(&url).await;
        for number in 0..3 {
            let body = json!({ "groupId": stage.acme, "type": "course", "name": number.to_string() });
            alice.post("/v1/things", body).await.was(201);
        }
        alice.get("/v1/things/thing_01jd7jrygge1wv63rrwxms37sg").await.was(404);
        let after = page(&url).await;
        let more = |name: &str| value(&after, name) - value(&before, name);
        let route = |route: &str, method: &str, status: &str| {
            format!(
                "sixfold_http_requests_total{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}"
            )
        };
        assert!((more(&route("/v1/things", "POST", "2xx")) - 3.0).abs() < 0.5, "{after}");
        assert!((more(&route("/v1/things/{id}", "GET", "4xx")) - 1.0).abs() < 0.5, "{after}");
        assert!(more("sixfold_db_transactions_total{mode=\"write\",outcome=\"done\"}") >= 3.0);
        assert!(more("sixfold_db_commit_duration_seconds_count") >= 3.0);
        assert!(more("sixfold_db_wait_seconds_count{mode=\"write\"}") >= 3.0);
        if stage.engine == Engine::Sqlite {
            assert!(more("sixfold_db_commit_batch_size_count") >= 1.0);
        }
        for name in ["process_resident_memory_bytes", "process_threads", "process_start_time_seconds"]
        {
            assert!(value(&after, name) >= 1.0, "{name}: {after}");
        }
        // Whoever watches is not counted.
        until(&stage, "sixfold_http_requests_in_flight", |open| open < 0.5).await;
        until(&stage, "sixfold_db_up", |up| up > 0.5).await;
        until(&stage, "sixfold_event_log_lag_events{follower=\"search\"}", |lag| lag < 0.5).await;
        until(&stage, "sixfold_event_log_lag_events{follower=\"live\"}", |lag| lag < 0.5).await;
        until(&stage, "sixfold_db_size_bytes", |bytes| bytes > 1e4).await;
        let body = json!({ "email": "alice@example.com" });
        stage.nobody().post("/v1/auth/request-password-reset", body).await.was(200);
        let sent = "sixfold_mail_letters_total{outcome=\"sent\"}";
        until(&stage, sent, |sent| sent >= 1.0).await;
        let done = "sixfold_jobs_finished_total{kind=\"mail.deliver\",outcome=\"done\"}";
        until(&stage, done, |done| done >= 1.0).await;
        until(&stage, "sixfold_jobs_enqueued_total{kind=\"mail.deliver\"}", |made| made >= 1.0).await;
        until(&stage, "sixfold_mail_outbox_letters", |waiting| waiting < 0.5).await;
    })
    .await;
}

/// The last tick of a schedule, once that is another one.
async fn tick_after(root: &Person, name: &str, before: &Value) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let said = root.get("/v1/jobs/schedules").await.was(200).json();
        let mut all = said["data"].as_array().into_iter().flatten();
        let last = all.find(|one| one["name"] == name).map(|one| one["lastAt"].clone());
        match last.filter(|last| last.is_string() && last != before) {
            Some(last) => return last,
            None => assert!(Instant::now() < deadline, "no tick after {before}: {said}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_tick_that_makes_no_job_is_not_counted_as_one() {
    alone_on_both(async |mut stage| {
        const KIND: &str = "notifications.clean_up";
        stage.server.stop();
        stage.server.set("SIXFOLD_NOTIFICATIONS_CLEAN_UP_EVERY_S", "1");
        stage.server.run();
        let stage = stage.moved();
        let (root, url) = (stage.root(), stage.server.url().to_owned());
        let pause = format!("/v1/jobs/queues/{KIND}/pause");
        root.send(root.request(Method::POST, &pause)).await.was(200);
        let name = format!("sixfold_jobs_enqueued_total{{kind=\"{KIND}\"}}");
        until(&stage, &name, |made| made > 0.5).await;
        let made = async || value(&page(&url).await, &name);
        // The first tick may be of before, and the second meet a job that ran: the third has one
        // that stays, which is counted by the fourth.
        let mut last = Value::Null;
        for _ in 0..4 {
            last = tick_after(&root, KIND, &last).await;
        }
        let before = made().await;
        for _ in 0..3 {
            last = tick_after(&root, KIND, &last).await;
        }
        assert!((made().await - before).abs() < 0.5, "{before} were counted, then more");
    })
    .await;
}

/// A connection that stays open, as whoever collects keeps it.
struct Kept(BufReader<TcpStream>);

impl Kept {
    async fn open(address: &str) -> Self {
        Self(BufReader::new(TcpStream::connect(address).await.expect("a connection")))
    }

    /// Asks, and answers the length that the head of the answer tells.
    async fn ask(&mut self) -> usize {
        let ask = format!(
            "GET /metrics HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {METRICS_TOKEN}\r\n\r\n"
        );
        self.0.write_all(ask.as_bytes()).await.expect("sent");
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.expect("a head");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                return length;
            }
            if let Some(told) = line.strip_prefix("content-length: ") {
                length = told.parse().expect("a length");
            }
        }
    }

    async fn page(&mut self) -> String {
        let mut page = vec![0; self.ask().await];
        self.0.read_exact(&mut page).await.expect("a page");
        String::from_utf8(page).expect("text")
    }
}

/// How many connections are open, may be, and were turned away.
fn connections(page: &str) -> [u32; 3] {
    ["", "_limit", "_refused_total"].map(|end| {
        let name = format!("sixfold_http_connections{end}{{port=\"main\"}}");
        let found = series(page).get(name.as_str()).map(ToString::to_string);
        found.and_then(|found| found.parse().ok()).unwrap_or_else(|| panic!("{name}: {page}"))
    })
}

#[tokio::test]
async fn whoever_finds_no_connection_free_is_counted() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("SIXFOLD_WEB_MAX_CONNECTIONS", "1");
    server.run();
    let address = server.url().trim_start_matches("http://");
    let mut collector = Kept::open(address).await;
    assert_eq!(connections(&collector.page().await), [1, 1, 0]);
    for _ in 0..3 {
        let mut other = TcpStream::connect(address).await.expect("a connection");
        other.write_all(b"GET /v1/things HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
        let mut answer = String::new();
        other.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    let page = collector.page().await;
    assert_eq!(connections(&page), [1, 1, 3]);
    // What they asked is no request, so no share of requests is wrong by them.
    assert!(!page.contains("status=\"5xx\""), "{page}");
}

#[tokio::test]
async fn whoever_is_refused_for_want_of_room_is_counted_by_what_was_full() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    // Nobody waits for a turn, and turns are not over at once.
    server.set("SIXFOLD_IDENTITY_HASH_QUEUE", "0");
    server.set("SIXFOLD_IDENTITY_ARGON2_MEMORY_KIB", "19456");
    server.run();
    let door = Person::nobody(server.url());
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut crowd = JoinSet::new();
    for number in 0..16 * cores {
        let door = door.clone();
        let body = json!({ "email": format!("n{number}@example.com"), "password": PASSWORD });
        crowd.spawn(async move {
            let request = door.request(Method::POST, "/v1/auth/sign-in/email").json(&body);
            // Once: who is told to come back does not.
            door.try_send(request).await.expect("an answer").status
        });
    }
    let answers = crowd.join_all().await;
    assert!(answers.iter().all(|status| matches!(status, 401 | 503)), "{answers:?}");
    let refused = answers.iter().filter(|status| **status == 503).count();
    assert!(refused > 0, "{answers:?}");
    let page = page(server.url()).await;
    for name in [
        "sixfold_http_requests_refused_total{reason=\"passwords\"}",
        // An alert takes the ones from the others.
        "sixfold_http_requests_total{route=\"/v1/auth/sign-in/email\",method=\"POST\",status=\"5xx\"}",
    ] {
        assert!((value(&page, name) - refused as f64).abs() < 0.5, "{refused} in {name}: {page}");
    }
}

#[tokio::test]
async fn nobody_makes_more_series_by_asking() {
    let server = Server::start(&Engine::Sqlite).await;
    let door = Person::nobody(server.url());
    let strange = async |number: usize| {
        door.get(&format!("/v1/strange/{number}?q={number}")).await;
        door.get(&format!("/v1/groups/{number}")).await;
        let method = reqwest::Method::from_bytes(format!("M{number}").as_bytes()).expect("a word");
        door.send(door.request(method, "/v1/groups")).await;
    };
    strange(0).await;
    page(server.url()).await;
    let before = page(server.url()).await;
    for number in 1..30 {
        strange(number).await;
    }
    let after = page(server.url()).await;
    let http = |page: &str| -> Vec<String> {
        let all = series(page).into_keys().filter(|name| name.starts_with("sixfold_http_"));
        all.map(str::to_owned).collect()
    };
    assert_eq!(http(&before), http(&after));
}

#[tokio::test]
async fn every_name_is_documented_and_every_documented_name_is_there() {
    on_both(async |stage| {
        let page = page(stage.server.url()).await;
        let listed: Vec<&str> = ops::metrics::ALL.iter().map(|family| family.name).collect();
        assert_eq!(names(&page), listed);
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            assert!(
                listed.contains(&name) || base.is_some_and(|base| listed.contains(&base)),
                "{line}"
            );
        }
    })
    .await;
    let table = ops::metrics::table();
    assert!(
        file("docs/observability.md").contains(&table),
        "docs/observability.md has to have this table:\n{table}"
    );
}
