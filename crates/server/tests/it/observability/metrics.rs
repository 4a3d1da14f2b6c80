//! `GET /metrics`.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{ask, file, names, page, series, value};
use crate::engines::Engine;
use crate::people::Person;
use crate::process::Server;
use crate::stage::{Stage, alone_on_both, on_both};

#[tokio::test]
async fn metrics_are_for_who_has_the_token() {
    for engine in Engine::all() {
        let server = Server::start(&engine).await;
        ask(server.url(), None).await.was_problem(401, "unauthenticated");
        ask(server.url(), Some("guessed")).await.was_problem(401, "unauthenticated");
        assert!(page(server.url()).await.contains("sixfold_build_info{version="));
        let url = format!("/metrics?token={}", crate::process::METRICS_TOKEN);
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
