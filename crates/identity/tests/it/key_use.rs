//! What API keys cost, and how they change.

use std::time::Duration;

use serde_json::{Value, json};

use crate::accounts::futures;
use crate::on_each;
use crate::stage::{Answer, PASSWORD, Stage};

const HOUR: Duration = Duration::from_secs(3_600);

async fn make(stage: &Stage, token: &str, body: Value) -> Answer {
    let mut whole = json!({ "name": "nightly", "permissions": ["things:read"] });
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    let made = stage.as_bearer("POST", "/v1/api-keys", token, whole).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made
}

async fn uses(stage: &Stage, key: &str) -> Answer {
    stage.send("GET", "/v1/me", &[("x-api-key", key)], None).await
}

async fn patch(stage: &Stage, token: &str, id: &str, body: Value) -> Answer {
    stage.as_bearer("PATCH", &format!("/v1/api-keys/{id}"), token, body).await
}

/// Alice, who proves who she is anew.
async fn sign_in(stage: &Stage) -> String {
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    stage.post("/v1/auth/sign-in/email", body).await.text("/token")
}

on_each!(of_fifty_uses_at_once_as_many_are_let_through_as_remain, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let made = make(&stage, &alice, json!({ "remaining": 5 })).await;
    let key = made.text("/key");
    let answers = futures((0..50).map(|_| uses(&stage, &key))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    println!("{} let through, {} refused", count(200), count(429));
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 429 | 503)));
    // Whoever lost a race too often may come again; nobody gets one that is not there.
    let mut through = count(200);
    while through < 5 && uses(&stage, &key).await.status == 200 {
        through += 1;
    }
    assert_eq!(through, 5);
    assert_eq!(uses(&stage, &key).await.code(), (429, "usage_exceeded"));
    let path = format!("/v1/api-keys/{}", made.text("/id"));
    let shown = stage.get(&path, &alice).await;
    assert_eq!((&shown.body["remaining"], &shown.body["requestCount"]), (&json!(0), &json!(5)));
});

on_each!(remaining_requests_are_refilled, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let key = make(
        &stage,
        &alice,
        json!({ "remaining": 1, "refillAmount": 2, "refillIntervalMs": 3_600_000 }),
    )
    .await
    .text("/key");
    let good = async || uses(&stage, &key).await.status == 200;
    assert!(good().await && !good().await);
    stage.pass(HOUR);
    assert!(good().await && good().await && !good().await);
    stage.pass(HOUR * 5);
    assert!(good().await && good().await && !good().await, "refills do not add up");
});

on_each!(a_key_is_let_through_exactly_as_often_as_its_limit_says, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let body = json!({ "rateLimitMax": 10, "rateLimitWindowMs": 60_000 });
    let made = make(&stage, &alice, body).await;
    let key = made.text("/key");
    let answers = futures((0..50).map(|_| uses(&stage, &key))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 10);
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.code(), (429, "rate_limited"));
    assert_eq!(refused.headers["retry-after"], "60");
    let door = [("x-api-key", &*key)];
    let door = stage.send("GET", "/v1/auth/get-session", &door, None).await;
    assert_eq!(
        (door.code(), &door.headers["x-retry-after"]),
        ((429, "RATE_LIMITED"), &"60".parse().unwrap())
    );
    // Both headers are one request; another key has a limit of its own.
    let other = make(&stage, &alice, json!({ "rateLimitMax": 1 })).await.text("/key");
    let bearer = format!("Bearer {other}");
    let both = [("x-api-key", &*other), ("authorization", &*bearer)];
    assert_eq!(stage.send("GET", "/v1/me", &both, None).await.status, 200);
    assert_eq!(uses(&stage, &other).await.status, 429);
    stage.pass(Duration::from_secs(60));
    assert_eq!(uses(&stage, &key).await.status, 200);
    assert_eq!(uses(&stage, &other).await.status, 429, "a window without a length is a day");
    let lifted = patch(&stage, &alice, &made.text("/id"), json!({ "rateLimitMax": null })).await;
    assert_eq!((lifted.status, &lifted.body["rateLimitWindowMs"]), (200, &Value::Null));
    for _ in 0..20 {
        assert_eq!(uses(&stage, &key).await.status, 200);
    }
});

on_each!(a_changed_key_changes_with_its_next_request, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let made = make(&stage, &alice, json!({ "prefix": "acme_" })).await;
    let (id, key) = (made.text("/id"), made.text("/key"));
    assert!(key.starts_with("acme_gsk_") && key.starts_with(&made.text("/keyStart")));
    assert_eq!(made.body["personal"], true);
    let rights = async || uses(&stage, &key).await.body["memberships"][0]["rights"].clone();
    assert_eq!(rights().await, json!(["things:read"]));
    let wider = json!({ "permissions": ["things:read", "things:create"], "name": "daily" });
    let changed = patch(&stage, &alice, &id, wider).await;
    assert_eq!((changed.status, changed.text("/name")), (200, "daily".to_owned()));
    assert_eq!(rights().await, json!(["things:read", "things:create"]));
    patch(&stage, &alice, &id, json!({ "permissions": [] })).await;
    assert_eq!(rights().await, json!([]));

    assert_eq!(
        patch(&stage, &alice, &id, json!({ "enabled": false })).await.text("/status"),
        "disabled"
    );
    assert_eq!(uses(&stage, &key).await.code(), (401, "invalid_token"));
    patch(&stage, &alice, &id, json!({ "enabled": true })).await;
    assert_eq!(uses(&stage, &key).await.status, 200);

    for (body, code) in [
        (json!({ "permissions": ["things:fly"] }), "unknown_permission"),
        (json!({ "name": " " }), "too_short"),
        (json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "in_the_past"),
        (json!({ "rateLimitMax": 0 }), "out_of_range"),
        (json!({ "rateLimitMax": 10_001 }), "out_of_range"),
        (json!({ "refillAmount": 1 }), "incomplete"),
        (json!({ "remaining": -1 }), "out_of_range"),
        (json!({ "creatorId": "x" }), "unknown_field"),
        (json!({ "metadata": { "text": "x".repeat(5_000) } }), "too_long"),
    ] {
        assert_eq!(patch(&stage, &alice, &id, body.clone()).await.code(), (422, code), "{body}");
    }
    let wrong = json!({ "name": "k", "permissions": [], "prefix": "a b" });
    let wrong = stage.as_bearer("POST", "/v1/api-keys", &alice, wrong).await;
    assert_eq!(wrong.code(), (422, "invalid_prefix"));
    let kinds = stage.events().await;
    let updates = kinds.iter().filter(|kind| *kind == "api_key_updated").count();
    assert_eq!(updates, 4);
    let told = stage.told().await;
    assert!(!told.contains("gsk_") && !told.contains("daily"));
});

on_each!(a_rotated_key_works_beside_the_old_one_for_a_while, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let made = make(&stage, &alice, json!({})).await;
    let (id, old) = (made.text("/id"), made.text("/key"));
    let rotate = async |token: &str, body: Value| {
        stage.as_bearer("POST", &format!("/v1/api-keys/{id}/rotate"), token, body).await
    };
    assert_eq!(uses(&stage, &old).await.status, 200);
    let next = rotate(&alice, json!({ "graceHours": 2 })).await;
    assert_eq!((next.status, next.text("/id")), (200, id.clone()), "{}", next.body);
    assert_eq!(next.text("/oldKeyUntil"), "2027-01-15T10:00:00.000Z");
    let new = next.text("/key");
    assert!(old != new && new.starts_with(&next.text("/keyStart")));
    assert_eq!((uses(&stage, &old).await.status, uses(&stage, &new).await.status), (200, 200));
    stage.pass(HOUR * 2);
    assert_eq!(uses(&stage, &old).await.code(), (401, "invalid_token"));
    assert_eq!(uses(&stage, &new).await.status, 200);
    // A key outlives its session: an old cookie alone is not enough for another text of it.
    assert_eq!(rotate(&alice, json!({})).await.code(), (403, "session_not_fresh"));
    let alice = sign_in(&stage).await;
    let last = rotate(&alice, json!({ "graceHours": 0 })).await.text("/key");
    assert_eq!((uses(&stage, &new).await.status, uses(&stage, &last).await.status), (401, 200));
    assert_eq!(rotate(&alice, json!({ "graceHours": 8_761 })).await.code(), (422, "out_of_range"));
    let path = format!("/v1/api-keys/{id}");
    assert_eq!(stage.as_bearer("DELETE", &path, &alice, Value::Null).await.status, 204);
    assert_eq!(uses(&stage, &last).await.code(), (401, "invalid_token"));
    assert_eq!(rotate(&alice, json!({})).await.code(), (409, "api_key_revoked"));
    assert_eq!(patch(&stage, &alice, &id, json!({ "enabled": true })).await.status, 409);
    let events = stage.events().await;
    assert_eq!(events.iter().filter(|kind| *kind == "api_key_rotated").count(), 2);
});

on_each!(a_key_manages_no_keys_and_a_stranger_none_of_mine, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let bob = stage.sign_up("bob").await.text("/token");
    let made = make(&stage, &alice, json!({ "permissions": ["*"] })).await;
    let (path, key) = (format!("/v1/api-keys/{}", made.text("/id")), made.text("/key"));
    let calls = [
        ("GET", path.clone(), Value::Null),
        ("PATCH", path.clone(), json!({ "enabled": false })),
        ("POST", format!("{path}/rotate"), json!({})),
        ("DELETE", path.clone(), Value::Null),
    ];
    for (method, path, body) in &calls {
        let stranger = stage.as_bearer(method, path, &bob, body.clone()).await;
        assert_eq!(stranger.code(), (404, "not_found"), "{method} {path}");
        let nobody =
            stage.send(method, path, &[], Some(body.clone()).filter(|b| !b.is_null())).await;
        assert_eq!(nobody.status, 401, "{method} {path}");
        if *method != "GET" {
            let by_key = stage.as_bearer(method, path, &key, body.clone()).await;
            assert_eq!(by_key.code(), (403, "forbidden"), "{method} {path}");
        }
    }
    let create = json!({ "name": "k" });
    let by_key = stage.as_bearer("POST", "/v1/auth/api-key/create", &key, create).await;
    assert_eq!(by_key.code(), (401, "UNAUTHORIZED"));
    assert_eq!(uses(&stage, &key).await.status, 200);
    let listed = stage.get("/v1/api-keys", &bob).await;
    assert_eq!(listed.body["data"], json!([]));
});

on_each!(a_banned_persons_keys_open_nothing, |stage| {
    let alice = stage.sign_up("alice").await;
    let key = make(&stage, &alice.text("/token"), json!({})).await.text("/key");
    assert_eq!(uses(&stage, &key).await.status, 200);
    let person: types::PersonId = alice.text("/user/personId").parse().unwrap();
    stage
        .app
        .change(&kernel::Caller::system("test"), async move |work| {
            work.silently();
            let now = work.now;
            work.tx.run("update users set banned_at = $1", database::args![now]).await?;
            work.after_commit(move |app| app.identities.forget_person(person));
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(uses(&stage, &key).await.code(), (401, "invalid_token"));
});

on_each!(uses_are_noted_without_a_write_each, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let made = make(&stage, &alice, json!({})).await;
    let (path, key) = (format!("/v1/api-keys/{}", made.text("/id")), made.text("/key"));
    for _ in 0..10 {
        uses(&stage, &key).await;
    }
    stage.pass(HOUR);
    uses(&stage, &key).await;
    for _ in 0..500 {
        if stage.get(&path, &alice).await.body["requestCount"].as_i64().unwrap() >= 9 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let shown = stage.get(&path, &alice).await;
    assert!(shown.body["requestCount"].as_i64().unwrap() >= 9, "{}", shown.body);
    assert_eq!(shown.text("/lastUsedAt"), "2027-01-15T09:00:00.000Z");
});

on_each!(a_stolen_old_cookie_makes_no_key_and_widens_none, |stage| {
    let old = stage.sign_up("alice").await.text("/token");
    let made = make(&stage, &old, json!({ "expiresAt": "2027-02-01T00:00:00Z" })).await;
    let id = made.text("/id");
    stage.pass(HOUR);
    let new = json!({ "name": "k", "permissions": ["things:read"] });
    let wider = json!({ "permissions": ["things:read", "things:create"] });
    let longer = json!({ "expiresAt": "2027-03-01T00:00:00Z" });
    let answer = stage.as_bearer("POST", "/v1/api-keys", &old, new.clone()).await;
    assert_eq!(answer.code(), (403, "session_not_fresh"));
    for body in [wider.clone(), longer.clone()] {
        let answer = patch(&stage, &old, &id, body.clone()).await;
        assert_eq!(answer.code(), (403, "session_not_fresh"), "{body}");
    }
    let client = async |call: &str, token: &str, body: Value| {
        stage.as_bearer("POST", &format!("/v1/auth/api-key/{call}"), token, body).await
    };
    let widened = json!({ "keyId": id, "permissions": { "*": ["*"] } });
    for (call, body) in [("create", json!({})), ("update", widened.clone())] {
        let answer = client(call, &old, body).await;
        assert_eq!(answer.code(), (403, "SESSION_NOT_FRESH"), "{call}");
    }
    assert_eq!(stage.count("select count(*) from api_keys").await, 1);
    // What takes something away, or only names it, needs no proof.
    let less = json!({ "name": "n", "permissions": [], "expiresAt": "2027-01-20T00:00:00Z" });
    assert_eq!(patch(&stage, &old, &id, less).await.status, 200);
    let fresh = sign_in(&stage).await;
    for body in [wider, longer] {
        assert_eq!(patch(&stage, &fresh, &id, body).await.status, 200);
    }
    assert_eq!(client("create", &fresh, json!({})).await.status, 200);
    assert_eq!(client("update", &fresh, widened).await.status, 200);
    let answer = stage.as_bearer("POST", "/v1/api-keys", &fresh, new).await;
    assert_eq!(answer.status, 201);
});
