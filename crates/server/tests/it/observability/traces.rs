//! Spans, as a collector gets them.

use std::time::{Duration, Instant};

use http::StatusCode;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::Method;
use serde_json::{Value, json};

use super::collector::{Collector, Manner, Span};
use super::{page, value};
use crate::engines::Engine;
use crate::people::Person;
use crate::process::{Server, text};
use crate::stage::Stage;

const ABOVE: &str = "00f067aa0ba902b7";

/// A stage whose server was started again with more settings.
async fn stage(engine: &Engine, more: &[(&str, &str)]) -> Stage {
    again(Stage::open(engine).await, more)
}

fn again(mut stage: Stage, more: &[(&str, &str)]) -> Stage {
    stage.server.stop();
    for (name, value) in more {
        stage.server.set(name, value);
    }
    stage.server.run();
    stage.moved()
}

/// A server of its own that sends spans there.
async fn server(collector: &str, sampler: &str) -> Server {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
    server.set("OTEL_TRACES_SAMPLER", sampler);
    server
}

/// Waits until a metric is more than nothing.
async fn counted(server: &Server, name: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let page = page(server.url()).await;
        if value(&page, name) > 0.5 {
            return;
        }
        assert!(Instant::now() < deadline, "{name} stays 0: {page}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_request_has_its_transactions_and_their_waits_below_it() {
    for engine in Engine::all() {
        let collector = Collector::open();
        let mut stage = stage(
            &engine,
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
                ("OTEL_TRACES_SAMPLER", "always_on"),
            ],
        )
        .await;
        let body = json!({ "groupId": stage.acme, "type": "course", "name": "One" });
        let made = stage.alice().post("/v1/things", body).await.was(201);
        stage.alice().get(&format!("/v1/things/{}", made.id())).await.was(200);
        // The last spans leave when the server stops.
        assert!(stage.server.stop().success());
        let spans = collector.spans();
        let one = |what: &str, is: &dyn Fn(&&Span) -> bool| -> Span {
            spans.iter().find(is).unwrap_or_else(|| panic!("no {what}: {spans:#?}")).clone()
        };
        let request = one("request", &|span| span.name == "POST /v1/things");
        assert_eq!((request.parent.as_str(), request.kind), ("", SpanKind::Server));
        assert_eq!(request.text("http.request.method"), "POST");
        assert_eq!(request.text("http.route"), "/v1/things");
        assert_eq!(request.text("http.response.status_code"), "201");
        assert_eq!(request.text("sixfold.request_id"), made.header("x-request-id"));
        assert!(!request.failed);
        let write =
            one("change", &|span| span.name == "write transaction" && span.is_below(&request));
        assert_eq!(write.kind, SpanKind::Client);
        let system = if engine == Engine::Sqlite { "sqlite" } else { "postgresql" };
        assert_eq!(write.text("db.system.name"), system);
        assert_eq!(write.text("sixfold.transaction.mode"), "write");
        one("wait", &|span| span.name == "queue wait" && span.is_below(&write));
        let shown = one("second request", &|span| span.name == "GET /v1/things/{id}");
        assert_ne!(shown.trace, request.trace);
        one("look", &|span| span.name == "read transaction" && span.is_below(&shown));
    }
}

#[tokio::test]
async fn what_is_read_while_an_answer_is_taken_is_below_its_request() {
    for engine in Engine::all() {
        let collector = Collector::open();
        let more = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
            ("OTEL_TRACES_SAMPLER", "always_on"),
        ];
        let mut stage = stage(&engine, &more).await;
        let (alice, things) = (stage.alice(), "/v1/exports?dimension=things&groupId=");
        let group = format!("/v1/groups/{}/export", stage.acme);
        let short = alice.get(&format!("{things}{}", stage.acme)).await.was(200);
        let item =
            |number| json!({ "groupId": stage.acme, "type": "note", "name": format!("n{number}") });
        let items: Vec<_> = (0..1_000).map(item).collect();
        alice.post("/v1/things/bulk", json!({ "items": items })).await.was(200);
        let long = alice.get(&format!("{things}{}", stage.acme)).await.was(200);
        let whole = alice.get(&group).await.was(200);
        assert!(stage.server.stop().success());
        let spans = collector.spans();
        let reads = |id: &str| {
            let request = spans.iter().find(|span| span.text("sixfold.request_id") == id);
            let request = request.unwrap_or_else(|| panic!("no request: {spans:#?}"));
            let reads = |span: &&Span| span.name == "read transaction" && span.is_below(request);
            spans.iter().filter(reads).count()
        };
        let [short, long, whole] =
            [short, long, whole].map(|one| reads(one.header("x-request-id")));
        // All but the first page is read after the head of the answer; the whole is one snapshot.
        assert!(short > 0 && long > short && whole > 0, "{short} {long} {whole}: {spans:#?}");
    }
}

#[tokio::test]
async fn who_left_was_told_nothing_and_that_is_nobody_s_failure() {
    let collector = Collector::open();
    let mut server = server(&collector.url, "always_on").await;
    server.run();
    let door = Person::nobody(server.url());
    let polling = "/socket.io/?EIO=4&transport=polling";
    let opened = door.get(polling).await.was(200);
    let about: Value = serde_json::from_str(&opened.text[1..]).expect("an open packet");
    let session = format!("{polling}&sid={}", about["sid"].as_str().expect("a session"));
    // Nothing happens there before the first heartbeat.
    let poll = door.request(Method::GET, &session).timeout(Duration::from_secs(1));
    assert!(door.try_send(poll).await.is_err_and(|error| error.is_timeout()));
    let left = |span: &Span| span.text("error.type") == "client_gone";
    let left = collector.span("who left", left).await;
    assert_eq!((left.kind, left.text("http.request.method")), (SpanKind::Server, "GET"));
    assert!(!left.failed && !left.about.contains_key("http.response.status_code"), "{left:?}");
    assert!(server.stop().success());
}

#[tokio::test]
async fn the_settings_and_nothing_else_say_where_spans_go_and_from_whom() {
    let collector = Collector::open();
    let other = Collector::open();
    let mut server = server(&other.url, "always_on").await;
    let headers = server.folder().join("headers");
    std::fs::write(&headers, "x-tenant=a%20b,authorization=Bearer 1\n").expect("a file");
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", format!("{}/v1/traces", collector.url).as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS_FILE", &text(&headers)),
        ("OTEL_SERVICE_NAME", "test-house"),
        // No settings of ours.
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-sneaked=1,x-tenant=2"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_RESOURCE_ATTRIBUTES", "sneaked=1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0"),
    ] {
        server.set(name, value);
    }
    server.run();
    Person::nobody(server.url()).get("/v1/health").await.was(200);
    assert!(server.stop().success());
    let kept = collector.kept();
    let health = kept.spans.iter().find(|span| span.name == "GET /v1/health");
    assert_eq!(health.map(|span| span.text("http.response.status_code")), Some("200"));
    let resource = &kept.resources[0];
    assert_eq!(resource["service.name"], "test-house");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(resource["telemetry.sdk.language"], "rust");
    assert!(resource.contains_key("service.instance.id") && !resource.contains_key("sneaked"));
    let sent = &kept.headers[0];
    assert_eq!(sent["x-tenant"], "a b");
    assert_eq!(sent["authorization"], "Bearer 1");
    assert!(!sent.contains_key("x-sneaked") && !sent.contains_key("content-encoding"));
    assert!(!sent.contains_key("traceparent"), "{sent:?}");
    assert!(other.kept().headers.is_empty());
    assert!(!server.told().contains("Bearer 1"), "{}", server.told());
}

#[tokio::test]
async fn samplers_decide_as_they_are_called() {
    // With a caller that records, with one that does not, and without.
    for (sampler, share, recorded) in [
        ("parentbased_always_off", "", [true, false, false]),
        ("parentbased_traceidratio", "1", [true, false, true]),
        ("always_on", "", [true, true, true]),
        ("traceidratio", "0", [false, false, false]),
    ] {
        let collector = Collector::open();
        let mut server = server(&collector.url, sampler).await;
        server.set("OTEL_TRACES_SAMPLER_ARG", share);
        server.run();
        let door = Person::nobody(server.url());
        let traces = ["4bf92f3577b34da6a3ce929d0e0e4736", "5bf92f3577b34da6a3ce929d0e0e4736"];
        for (trace, flag) in traces.iter().zip(["01", "00"]) {
            let request = door.request(Method::GET, "/v1/health");
            let above = format!("00-{trace}-{ABOVE}-{flag}");
            door.send(request.header("traceparent", above)).await.was(200);
        }
        for above in ["nonsense", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"] {
            let request = door.request(Method::GET, "/v1/health");
            door.send(request.header("traceparent", above)).await.was(200);
        }
        assert!(server.stop().success());
        let spans = collector.spans();
        let of = |is: &dyn Fn(&Span) -> bool| -> Vec<&Span> {
            spans.iter().filter(|span| span.name == "GET /v1/health" && is(span)).collect()
        };
        for (trace, expected) in traces.iter().zip(recorded) {
            let found = of(&|span| span.trace == *trace);
            assert_eq!(found.len(), usize::from(expected), "{sampler} {trace}: {spans:#?}");
            assert!(found.iter().all(|span| span.parent == ABOVE), "{found:#?}");
        }
        let own = of(&|span| !traces.contains(&span.trace.as_str()));
        assert_eq!(own.len(), if recorded[2] { 2 } else { 0 }, "{sampler}: {spans:#?}");
        assert!(own.iter().all(|span| span.parent.is_empty()), "{own:#?}");
    }
}

#[tokio::test]
async fn jobs_are_traces_of_their_own() {
    for engine in Engine::all() {
        let collector = Collector::open();
        let more = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
            ("OTEL_TRACES_SAMPLER", "always_on"),
        ];
        let stage = stage(&engine, &more).await;
        let body = json!({ "email": "alice@example.com" });
        stage.nobody().post("/v1/auth/request-password-reset", body).await.was(200);
        let letter = collector.span("a job", |span| span.name == "process mail.deliver").await;
        assert_eq!((letter.parent.as_str(), letter.kind), ("", SpanKind::Consumer));
        assert_eq!(letter.text("messaging.destination.name"), "mail.deliver");
        assert_eq!(letter.text("messaging.operation.type"), "process");
        assert!(!letter.text("messaging.message.id").is_empty() && !letter.failed);
        let is_below = |span: &Span| span.is_below(&letter) && span.name.ends_with(" transaction");
        collector.span("its transaction", is_below).await;
        counted(&stage.server, "sixfold_trace_spans_exported_total").await;
    }
}

#[tokio::test]
async fn a_webhook_is_told_where_in_a_trace_it_is() {
    let (collector, target) = (Collector::open(), Collector::open());
    let mut stage = stage(
        &Engine::Sqlite,
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url), ("OTEL_TRACES_SAMPLER", "always_on")],
    )
    .await;
    let url = format!("{}/v1/traces?of=nobody", target.url);
    let body = json!({ "groupId": stage.acme, "url": url, "eventTypes": ["thing_created"] });
    stage.alice().post("/v1/webhooks", body).await.was(201);
    for (more, end) in [
        (vec![], Some("-01")),
        (vec![("OTEL_TRACES_SAMPLER", "always_off")], Some("-00")),
        (vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "")], None),
    ] {
        if !more.is_empty() {
            stage = again(stage, &more);
        }
        let before = target.kept().headers.len();
        let body = json!({ "groupId": stage.acme, "type": "course", "name": "One" });
        stage.alice().post("/v1/things", body).await.was(201);
        target.until("a webhook", |kept| kept.headers.len() > before).await;
        let told = target.kept().headers[before].get("traceparent").cloned();
        let told = told.map(|told| told.to_str().expect("text").to_owned());
        assert_eq!(told.as_deref().map(|told| &told[told.len() - 3..]), end, "{told:?}");
        if end == Some("-01") {
            let told = told.expect("it was told");
            let call = collector
                .span("the call", |span| told == format!("00-{}-{}-01", span.trace, span.id))
                .await;
            assert_eq!((call.name.as_str(), call.kind), ("POST", SpanKind::Client));
            assert_eq!(call.text("http.response.status_code"), "200");
            // Where webhooks go is the business of whoever made them.
            assert!(!call.about.keys().any(|key| key.contains("address") || key.contains("url")));
            let is_above = |span: &Span| call.is_below(span);
            let above = collector.span("the delivery", is_above).await;
            assert_eq!(above.name, "process webhooks");
        }
    }
}

#[tokio::test]
async fn a_collector_that_is_not_there_disturbs_nobody() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let broken = Collector::that(Manner::Says(StatusCode::INTERNAL_SERVER_ERROR));
    let refusing = Collector::that(Manner::Says(StatusCode::FORBIDDEN));
    // Something that is no collector may answer well.
    let other = Collector::that(Manner::Says(StatusCode::OK));
    for url in [format!("http://{address}"), broken.url, refusing.url, other.url] {
        let mut server = server(&url, "always_on").await;
        server.run();
        let door = Person::nobody(server.url());
        door.get("/v1/ready").await.was(200);
        counted(&server, "sixfold_trace_spans_dropped_total").await;
        counted(&server, "sixfold_trace_export_failures_total").await;
        door.get("/v1/ready").await.was(200);
        let page = page(server.url()).await;
        assert!(value(&page, "sixfold_trace_spans_exported_total") < 0.5, "{page}");
        assert!(server.stop().success());
        let told = server.told();
        assert_eq!(told.matches("does not take spans").count(), 1, "{told}");
    }
}

#[tokio::test]
async fn what_a_collector_rejects_is_not_counted_as_exported() {
    // A wrong number rejects all.
    for (rejects, all) in [(1, false), (i64::MAX, true)] {
        let collector = Collector::that(Manner::Rejects(rejects));
        let mut server = server(&collector.url, "always_on").await;
        server.run();
        let door = Person::nobody(server.url());
        door.get("/v1/ready").await.was(200);
        counted(&server, "sixfold_trace_spans_dropped_total").await;
        let page = page(server.url()).await;
        let exported = value(&page, "sixfold_trace_spans_exported_total");
        assert!(!all || exported < 0.5, "{page}");
        assert!(value(&page, "sixfold_trace_export_failures_total") < 0.5, "{page}");
        assert!(server.stop().success());
        let told = server.told();
        assert_eq!(told.matches("does not take all spans").count(), 1, "{told}");
        assert!(!told.contains("zqreason"), "{told}");
    }
}

#[tokio::test]
async fn a_collector_that_hangs_or_answers_nonsense_holds_up_nobody() {
    for manner in [Manner::Hangs, Manner::Says(StatusCode::OK)] {
        let collector = Collector::that(manner);
        let mut server = server(&collector.url, "always_on").await;
        server.run();
        let door = Person::nobody(server.url());
        door.get("/v1/ready").await.was(200);
        collector.until("a request", |kept| !kept.headers.is_empty()).await;
        door.get("/v1/ready").await.was(200);
        assert!(server.stop().success());
        let in_time = matches!(manner, Manner::Says(_));
        assert_eq!(!server.told().contains("did not leave in time"), in_time, "{manner:?}");
    }
}

#[tokio::test]
async fn without_an_address_and_when_disabled_there_are_no_spans() {
    let collector = Collector::open();
    let mut server = server(&collector.url, "always_on").await;
    // A share that no sampler reads is nobody's mistake, and what is not read is named.
    server.set("OTEL_TRACES_SAMPLER_ARG", "endpoint=http://localhost:14250");
    server.set("OTEL_METRICS_EXPORTER", "zqvalue");
    for (name, value) in [("OTEL_SDK_DISABLED", "True"), ("OTEL_TRACES_EXPORTER", "none")] {
        server.set(name, value);
        server.run();
        Person::nobody(server.url()).get("/v1/health").await.was(200);
        assert!(server.stop().success());
        assert!(collector.kept().headers.is_empty(), "{name}");
        let told = server.told();
        assert!(told.contains("OTEL_METRICS_EXPORTER") && !told.contains("zqvalue"), "{told}");
        assert!(!told.contains("OTEL_TRACES_SAMPLER"), "{told}");
        server.unset(name);
    }
    // Nor are they sent to where OpenTelemetry would send them when nobody says.
    server.unset("OTEL_EXPORTER_OTLP_ENDPOINT");
    server.run();
    Person::nobody(server.url()).get("/v1/health").await.was(200);
    let page = page(server.url()).await;
    assert!(value(&page, "sixfold_trace_export_failures_total") < 0.5, "{page}");
    assert!(server.stop().success() && !server.told().contains("spans"), "{}", server.told());
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_by_key() {
    for (name, wrong, key) in [
        ("OTEL_TRACES_SAMPLER", "jaeger_remote", "traces.sampler"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5", "traces.sampler_arg"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "traces.collector"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://me:secret-word@c", "traces.endpoint"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "secret-word", "traces.headers"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "traces.exporter"),
        ("OTEL_SDK_DISABLED", "perhaps", "traces.disabled"),
    ] {
        let mut server = Server::prepare(&Engine::Sqlite).await;
        server.set(name, wrong);
        for arguments in [["config", "check"].as_slice(), &["serve"]] {
            let said = server.say(arguments);
            assert_eq!(said.code, 2, "{name}: {said:?}");
            assert!(said.err.contains(key) && said.err.contains(name), "{said:?}");
            assert!(!said.err.contains("secret-word"), "{said:?}");
        }
    }
}
