//! What a group may use by its plan, through the front door.

use std::collections::HashMap;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{log, note, rows, thing};
use crate::engines::Engine;
use crate::people::Person;
use crate::process::Server;
use crate::stage::{Stage, on_both};

/// A group of Alice's that may have only so much.
async fn limited(stage: &Stage, slug: &str, limits: Value) -> String {
    let body = json!({ "slug": slug, "name": slug, "type": "business",
        "settings": { "limits": limits } });
    stage.alice().post("/v1/groups", body).await.was(201).id()
}

async fn quota(person: &Person, group: &str) -> Value {
    person.get(&format!("/v1/groups/{group}/quota")).await.was(200).json()
}

async fn warnings(person: &Person, group: &str) -> Vec<(Value, Value)> {
    let mut all: Vec<_> = log(person, group)
        .await
        .iter()
        .filter(|event| event["type"] == "quota_warning")
        .map(|event| (event["metadata"]["metric"].clone(), event["metadata"]["status"].clone()))
        .collect();
    all.sort_by_key(|(metric, status)| format!("{metric}{status}"));
    all
}

#[tokio::test]
async fn of_two_hundred_at_once_a_hundred_are_made_where_a_hundred_may_be() {
    on_both(async |stage| {
        let alice = stage.alice();
        let group = limited(stage, "quota-crowd", json!({ "things": 100 })).await;
        let mut all = JoinSet::new();
        for number in 0..200 {
            let (alice, name) = (alice.clone(), number.to_string());
            let body = json!({ "groupId": group, "type": "note", "name": name });
            all.spawn(async move { alice.post("/v1/things", body).await });
        }
        let mut statuses = HashMap::new();
        for answer in all.join_all().await {
            *statuses.entry(answer.status).or_insert(0) += 1;
            if answer.status == 402 {
                let problem = answer.was_problem(402, "quota_exceeded").json();
                assert_eq!(problem["retryable"], false);
                let message = problem["message"].as_str().unwrap_or_default();
                assert!(message.contains("100 things"), "{message}");
            }
        }
        assert_eq!(statuses, HashMap::from([(201, 100), (402, 100)]));
        let things = alice.walk(&format!("/v1/things?groupId={group}")).await;
        assert_eq!(things.len(), 100);
        let wanted = json!({ "used": 100, "limit": 100, "percent": 100, "status": "exceeded" });
        assert_eq!(quota(&alice, &group).await["metrics"]["things"], wanted);
        let told = ["critical", "exceeded", "warning"].map(|one| (json!("things"), json!(one)));
        assert_eq!(warnings(&alice, &group).await, told, "each once");

        let path = |at: usize| format!("/v1/things/{}", things[at]["id"].as_str().unwrap_or(""));
        alice.delete(&path(0)).await.was(204);
        let more = json!({ "groupId": group, "type": "note", "name": "more" });
        alice.post("/v1/things", more.clone()).await.was_problem(402, "quota_exceeded");
        alice.delete(&format!("{}?permanent=true", path(0))).await.was(204);
        alice.post("/v1/things", more.clone()).await.was(201);
        alice.post("/v1/things", more).await.was_problem(402, "quota_exceeded");
    })
    .await;
}

#[tokio::test]
async fn connections_and_members_are_counted_too_and_given_back() {
    on_both(async |stage| {
        let alice = stage.alice();
        let limits = json!({ "connections": 2, "users": 2 });
        let group = limited(stage, "quota-kinds", limits).await;
        let (a, b) = (note(&alice, &group, "a").await, note(&alice, &group, "b").await);
        let (c, d) = (note(&alice, &group, "c").await, note(&alice, &group, "d").await);
        let edge =
            |kind: &str, from: &str, to: &str| json!({ "type": kind, "fromId": from, "toId": to });
        let one = alice.post("/v1/connections", edge("part_of", &a, &b)).await.was(201).id();
        alice.post("/v1/connections", edge("part_of", &c, &b)).await.was(201);
        let third = edge("part_of", &d, &b);
        alice.post("/v1/connections", third.clone()).await.was_problem(402, "quota_exceeded");
        // One that is there already takes nothing.
        alice.post("/v1/connections", edge("part_of", &a, &b)).await.was(200);
        alice.delete(&format!("/v1/connections/{one}")).await.was(204);
        alice.post("/v1/connections", third).await.was(201);
        alice.delete(&format!("/v1/things/{b}?permanent=true")).await.was(204);
        assert_eq!(quota(&alice, &group).await["metrics"]["connections"]["used"], 0);

        let join = |name: &str| json!({ "groupId": group, "displayName": name });
        let second = alice.post("/v1/people", join("second")).await.was(201).id();
        alice.post("/v1/people", join("third")).await.was_problem(402, "quota_exceeded");
        let members = rows(&alice, &format!("/v1/people?groupId={group}")).await;
        assert_eq!(members.len(), 2, "of the third nothing is left");
        alice.delete(&format!("/v1/people/{second}?groupId={group}")).await.was(204);
        alice.post("/v1/people", join("third")).await.was(201);
    })
    .await;
}

#[tokio::test]
async fn a_quota_is_for_members() {
    on_both(async |stage| {
        let group = limited(stage, "quota-seen", json!({ "things": 10 })).await;
        let path = format!("/v1/groups/{group}/quota");
        stage.nobody().get(&path).await.was_problem(401, "unauthenticated");
        stage.carol().get(&path).await.was_problem(404, "not_found");
        let body = json!({ "settings": { "visibility": "public" } });
        stage.alice().patch(&format!("/v1/groups/{group}"), body).await.was(200);
        stage.carol().get(&path).await.was_problem(403, "forbidden");
        for number in 0..8 {
            let body = json!({ "groupId": group, "type": "note", "name": number.to_string() });
            thing(&stage.alice(), body).await;
        }
        let seen = quota(&stage.alice(), &group).await;
        assert_eq!(seen["plan"], "enterprise");
        assert_eq!(seen["period"].as_str().map(str::len), Some("2026-11".len()));
        let things = json!({ "used": 8, "limit": 10, "percent": 80, "status": "warning" });
        let users = json!({ "used": 1, "limit": null, "percent": null, "status": "ok" });
        assert_eq!((&seen["metrics"]["things"], &seen["metrics"]["users"]), (&things, &users));
        for other in ["connections", "storageBytes", "apiCallsPerMonth"] {
            assert_eq!(seen["metrics"][other]["used"], 0, "{other}");
        }
    })
    .await;
}

/// A server of its own, whose owner is signed in.
async fn server(engine: &Engine, settings: &[(&str, &str)]) -> (Server, Person) {
    let mut server = Server::prepare(engine).await;
    for (name, value) in settings {
        server.set(name, value);
    }
    server.run();
    let token = server.setup_token().expect("setup is open at the first start").to_owned();
    let door = Person::nobody(server.url());
    let root = json!({ "token": token, "name": "Root", "email": "root@example.com",
        "password": crate::stage::PASSWORD });
    let made = door.post("/v1/setup", root).await;
    assert!(matches!(made.status, 200 | 201), "{made:?}");
    let root = crate::stage::sign_in(&door, "root").await;
    (server, root)
}

#[tokio::test]
async fn only_the_platforms_owner_gives_more_than_the_default_plan() {
    for engine in Engine::all() {
        let plans = r#"[{"name": "starter", "things": 2}]"#;
        let settings =
            [("SIXFOLD_QUOTAS_DEFAULT_PLAN", "starter"), ("SIXFOLD_QUOTAS_PLANS", plans)];
        let (_server, root) = server(&engine, &settings).await;
        let alice = crate::stage::sign_up(&root, "alice").await;
        let group = crate::stage::group(&alice, "small", "Small").await;
        let path = format!("/v1/groups/{group}");
        assert_eq!(alice.get(&path).await.was(200).json()["settings"]["plan"], "starter");
        assert_eq!(quota(&alice, &group).await["metrics"]["things"]["limit"], 2);
        let plan = |plan: &str| json!({ "settings": { "plan": plan } });
        let limit = |limit: i64| json!({ "settings": { "limits": { "things": limit } } });
        alice.patch(&path, plan("pro")).await.was_problem(403, "plan_above_default");
        alice.patch(&path, limit(3)).await.was_problem(403, "plan_above_default");
        alice.patch(&path, limit(1)).await.was(200);
        alice.patch(&path, limit(2)).await.was(200);
        let greedy = json!({ "slug": "greedy", "name": "n", "type": "business",
            "settings": { "plan": "enterprise" } });
        alice.post("/v1/groups", greedy).await.was_problem(403, "plan_above_default");
        root.patch(&path, limit(5)).await.was(200);
        // What was given stays, whatever else its owner changes.
        alice.patch(&path, json!({ "name": "Larger" })).await.was(200);
        assert_eq!(quota(&alice, &group).await["metrics"]["things"]["limit"], 5);
    }
}

/// A key of the group, with what its body says.
async fn key(owner: &Person, group: &str, more: Value) -> String {
    let mut body = json!({ "name": "k", "groupId": group, "permissions": ["*"] });
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    owner.post("/v1/api-keys", body).await.was(201).text_at("/key")
}

#[tokio::test]
async fn calls_with_keys_are_counted_and_end_with_the_month() {
    on_both(async |stage| {
        let group = limited(stage, "quota-calls", json!({ "apiCallsPerMonth": 20 })).await;
        let key = key(&stage.alice(), &group, json!({})).await;
        let by_key = Person { token: Some(key), ..stage.nobody() };
        let path = format!("/v1/groups/{group}");
        // Those that are told may come into a new month only together.
        let mut good = 0;
        let refused = loop {
            let answer = by_key.get(&path).await;
            if answer.status != 200 {
                break answer;
            }
            good += 1;
        };
        assert!(good == 20 || good == 40, "{good}");
        refused.was_problem(402, "quota_exceeded");
        let noted = async || {
            quota(&stage.alice(), &group).await["metrics"]["apiCallsPerMonth"]["used"].clone()
        };
        super::until(noted, |used| used == 20).await;
        assert_eq!(stage.alice().get(&path).await.status, 200, "people are not counted");
    })
    .await;
}

#[tokio::test]
async fn every_answer_to_a_key_says_what_is_left() {
    on_both(async |stage| {
        let group = limited(stage, "quota-rates", json!({})).await;
        let path = format!("/v1/groups/{group}");
        let own = json!({ "rateLimitMax": 3, "rateLimitWindowMs": 3_600_000 });
        let own = key(&stage.alice(), &group, own).await;
        let by_key = Person { token: Some(own), ..stage.nobody() };
        for left in ["2", "1", "0"] {
            let answer = by_key.get(&path).await.was(200);
            assert_eq!(answer.header("ratelimit-policy"), "\"key\";q=3;w=3600");
            assert!(answer.header("ratelimit").starts_with(&format!("\"key\";r={left};t=")));
            assert_eq!(answer.header("ratelimit-limit"), "3");
            assert_eq!(answer.header("ratelimit-remaining"), left);
        }
        let refused = by_key.get(&path).await.was_problem(429, "rate_limited");
        assert_eq!(refused.header("ratelimit-remaining"), "0");
        let wait = refused.header("retry-after");
        assert!(wait.parse().is_ok_and(|wait: u32| (1..=3600).contains(&wait)), "{wait}");
        assert!(refused.header("ratelimit").ends_with(&format!("t={wait}")));
        // One without a limit of its own has that of every key.
        let usual = key(&stage.alice(), &group, json!({})).await;
        let by_key = Person { token: Some(usual), ..stage.nobody() };
        let answer = by_key.get(&path).await.was(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"key\";q=1000;w=60");
        let person = stage.alice().request(Method::GET, &path);
        let person = stage.alice().send(person).await.was(200);
        assert!(!person.headers.contains_key("ratelimit"), "people have none unless one is set");
    })
    .await;
}

#[tokio::test]
async fn a_person_and_a_group_have_rates_where_the_operator_says_so() {
    for engine in Engine::all() {
        let settings =
            [("SIXFOLD_LIMITS_PERSON_PER_MINUTE", "9"), ("SIXFOLD_LIMITS_GROUP_PER_MINUTE", "7")];
        let (_server, root) = server(&engine, &settings).await;
        let group = crate::stage::group(&root, "rated", "Rated").await;
        let path = format!("/v1/groups/{group}");
        let key = key(&root, &group, json!({})).await;
        let by_key = Person { token: Some(key), ..Person::nobody(&root.base) };
        for (who, name, most) in [(&root, "person", 9), (&by_key, "group", 7)] {
            // A bucket fills up evenly while it is emptied; it does not fill up as fast.
            let mut answer = who.get(&path).await;
            assert!(
                answer.header("ratelimit-policy").contains(&format!("\"{name}\";q={most};w=60"))
            );
            while answer.status == 200 {
                answer = who.get(&path).await;
            }
            let answer = answer.was_problem(429, "rate_limited");
            assert!(answer.header("ratelimit").contains(&format!("\"{name}\";r=0;")));
            assert!(!answer.header("retry-after").is_empty());
        }
    }
}
