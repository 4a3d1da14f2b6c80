//! Events: what is read of the log, and what may be added to it.

use serde_json::{Value, json};

use super::{each, has_shape, log, note, refused, rows, team};
use crate::stage::on_both;

const SHAPE: [&str; 10] = [
    "id",
    "seq",
    "groupId",
    "type",
    "actorId",
    "impersonatorId",
    "targetId",
    "timestamp",
    "metadata",
    "requestId",
];

#[tokio::test]
async fn an_event_of_ones_own_is_recorded_and_read_in_one_shape() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "own-events").await;
        let target = note(&bob, &team, "target").await;
        let body = json!({ "type": "lesson_completed", "targetId": target,
            "metadata": { "score": 9, "protocol": "a2a", "deep": { "x": [null] } },
            "timestamp": "2026-01-31T13:00:00.5+01:00" });
        let made = bob.post("/v1/events", body.clone()).await.was(201);
        let event = made.json();
        has_shape(&event, &SHAPE);
        assert!(made.id().starts_with("event_"));
        assert_eq!(made.header("location"), format!("/v1/events/{}", made.id()));
        for (key, value) in [
            ("groupId", json!(team)),
            ("type", json!("lesson_completed")),
            ("actorId", json!(bob.id)),
            ("targetId", json!(target)),
            ("timestamp", json!("2026-01-31T12:00:00.500Z")),
            ("metadata", body["metadata"].clone()),
            ("requestId", json!(made.header("x-request-id"))),
        ] {
            assert_eq!(event[key], value, "{key}");
        }
        assert!(event["seq"].is_i64());
        assert_eq!(bob.get(made.header("location")).await.was(200).json(), event);
        for path in [
            format!("/v1/events?groupId={team}"),
            format!("/v1/events/timeline?groupId={team}"),
            format!("/v1/events/actor/{}?groupId={team}", bob.id),
            format!("/v1/events/target/{target}"),
            format!("/v1/things/{target}/events"),
        ] {
            assert_eq!(rows(&bob, &path).await[0], event, "{path}");
        }
        // Other tests go on meanwhile: it is there, wherever.
        assert!(rows(&bob, "/v1/events?type=lesson_completed").await.contains(&event));
        // Nothing can be changed or taken back.
        for method in [reqwest::Method::PATCH, reqwest::Method::DELETE, reqwest::Method::PUT] {
            let answer = bob.send(bob.request(method, made.header("location"))).await;
            answer.was_problem(405, "wrong_method");
        }
    })
    .await;
}

#[tokio::test]
async fn an_event_goes_to_the_group_it_names_or_its_targets_or_ones_own() {
    on_both(async |stage| {
        let bob = stage.bob();
        let target = note(&bob, &stage.acme, "target").await;
        let post = async |body: Value| bob.post("/v1/events", body).await.was(201);
        let kind = "content_event";
        let own = post(json!({ "type": kind })).await;
        assert_eq!(own.text_at("/groupId"), bob.home);
        assert_eq!(own.json()["targetId"], Value::Null);
        assert_eq!(own.json()["metadata"], json!({}));
        for target in [&target, &bob.id, &stage.acme] {
            let body = json!({ "type": kind, "targetId": target, "groupId": stage.acme });
            assert_eq!(post(body).await.text_at("/groupId"), stage.acme);
        }
        let at = post(json!({ "type": kind, "targetId": target })).await;
        assert_eq!(at.text_at("/groupId"), stage.acme);
        let named = post(json!({ "type": kind, "targetId": target, "groupId": bob.home })).await;
        assert_eq!(named.text_at("/groupId"), bob.home);
        // A bare UUID is told as what it is.
        let group = post(json!({ "type": kind, "targetId": stage.acme })).await;
        assert_eq!(group.text_at("/targetId"), stage.acme);
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    on_both(async |stage| {
        let bob = stage.bob();
        let with = |key: &str, value: Value| {
            let mut body = json!({ "type": "content_event", "groupId": stage.acme });
            body[key] = value;
            body
        };
        for (body, pointer, code) in [
            (with("type", json!("nothing")), "/type", "unknown_type"),
            (with("type", json!("Content Event")), "/type", "unknown_type"),
            (with("timestamp", json!("2999-01-01T00:00:00Z")), "/timestamp", "out_of_range"),
            (with("timestamp", json!("1999-12-31T23:59:59.999Z")), "/timestamp", "out_of_range"),
            (with("timestamp", json!("2026-02-30T00:00:00Z")), "/timestamp", "invalid_value"),
            (with("timestamp", json!("2026-01-01")), "/timestamp", "invalid_value"),
            (with("timestamp", json!(1_700_000_000)), "/timestamp", "wrong_type"),
            (with("targetId", json!("x")), "/targetId", "invalid_id"),
            (
                with("targetId", json!("event_01jd7jrykgfk1sh8nw1g60edsf")),
                "/targetId",
                "wrong_kind",
            ),
            (with("metadata", json!("x")), "/metadata", "wrong_type"),
            (
                with("metadata", json!({ "protocol": "smtp" })),
                "/metadata/protocol",
                "unknown_value",
            ),
            (with("metadata", json!({ "protocol": 7 })), "/metadata/protocol", "unknown_value"),
            (with("actorId", json!(bob.id)), "/actorId", "unknown_field"),
            (with("groupId", json!("x")), "/groupId", "invalid_value"),
            (json!({}), "/type", "missing_field"),
        ] {
            refused(bob.post("/v1/events", body).await, pointer, code);
        }
        for protocol in ["a2a", "acp", "ap2", "x402", "ag-ui"] {
            let body = with("metadata", json!({ "protocol": protocol }));
            bob.post("/v1/events", body).await.was(201);
        }
        bob.post("/v1/events", with("timestamp", json!("2000-01-01T00:00:00Z"))).await.was(201);
        let absent = with("targetId", json!("thing_01jd7jrykgfk1sh8nw1g60edsf"));
        bob.post("/v1/events", absent).await.was_problem(404, "not_found");
        for (query, name, code) in [
            ("from=yesterday", "from", "invalid_value"),
            ("to=7", "to", "invalid_value"),
            ("actorId=x", "actorId", "invalid_value"),
            ("targetId=x", "targetId", "invalid_id"),
            ("sort=colour", "sort", "unknown_sort"),
            ("includeChildren=perhaps", "includeChildren", "invalid_value"),
            ("colour=red", "colour", "unknown_parameter"),
        ] {
            for list in ["events", "events/timeline"] {
                refused(bob.get(&format!("/v1/{list}?{query}")).await, name, code);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_list_holds_what_its_filters_say() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "event-filters").await;
        let a = note(&alice, &team, "a").await;
        let b = note(&bob, &team, "b").await;
        let post = async |kind: &str, target: &str, at: &str| {
            let body = json!({ "type": kind, "targetId": target, "timestamp": at });
            bob.post("/v1/events", body).await.was(201).id()
        };
        let one = post("content_event", &a, "2020-01-01T00:00:00Z").await;
        let two = post("content_event", &b, "2020-01-02T00:00:00Z").await;
        let three = post("task_event", &a, "2020-01-03T00:00:00Z").await;
        let in_2020 = "from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z";
        for (query, wanted) in [
            (in_2020.to_owned(), vec![&three, &two, &one]),
            (format!("{in_2020}&sort=createdAt"), vec![&one, &two, &three]),
            ("from=2020-01-01T00:00:00.001Z&to=2020-01-03T00:00:00Z".into(), vec![&two]),
            ("to=2020-01-01T00:00:00Z".into(), vec![]),
            (format!("{in_2020}&type=content_event"), vec![&two, &one]),
            (format!("{in_2020}&targetId={a}"), vec![&three, &one]),
            (format!("{in_2020}&targetId={a}&type=content_event"), vec![&one]),
            (format!("{in_2020}&actorId={}", bob.id), vec![&three, &two, &one]),
            (format!("{in_2020}&actorId={}", alice.id), vec![]),
            ("type=nothing".into(), vec![]),
        ] {
            for list in ["events", "events/timeline"] {
                let found = rows(&bob, &format!("/v1/{list}?groupId={team}&{query}")).await;
                let found = each(&found, "id");
                assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{list}?{query}");
            }
        }
        let found = rows(&bob, &format!("/v1/events/actor/{}?{in_2020}", bob.id)).await;
        assert_eq!(each(&found, "id"), [&*three, &*two, &*one]);
        let found = rows(&bob, &format!("/v1/events/target/{a}?type=task_event")).await;
        assert_eq!(each(&found, "id"), [&*three]);
        // The log is in the order in which things were told, whatever they say of their time.
        let all = log(&bob, &team).await;
        let places: Vec<_> = all.iter().filter_map(|event| event["seq"].as_i64()).collect();
        assert_eq!(places.len(), all.len());
        assert!(places.is_sorted_by(|one, next| one < next), "{places:?}");
        assert_eq!(each(&all[all.len() - 3..], "id"), [one, two, three]);
    })
    .await;
}

#[tokio::test]
async fn the_timeline_is_read_back_page_by_page() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "timeline").await;
        for name in 0..12 {
            note(&bob, &team, &name.to_string()).await;
        }
        let mut whole = log(&bob, &team).await;
        whole.reverse();
        let mut path = format!("/v1/events/timeline?groupId={team}&limit=5");
        let first = path.clone();
        let mut read = Vec::new();
        loop {
            let page = bob.get(&path).await.was(200).json();
            read.extend(page["data"].as_array().cloned().unwrap_or_default());
            // What happens meanwhile is in front of what is read.
            note(&bob, &team, "meanwhile").await;
            let Some(next) = page["nextCursor"].as_str() else { break };
            assert_eq!(page["hasMore"], true);
            path = format!("{first}&cursor={next}");
        }
        assert_eq!(read, whole);
    })
    .await;
}
