//! API keys as the better-auth client calls them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::on_each;
use crate::stage::{Answer, Stage};

const DAY: i64 = 86_400;

async fn call(stage: &Stage, name: &str, token: &str, body: Value) -> Answer {
    stage.as_bearer("POST", &format!("/v1/auth/api-key/{name}"), token, body).await
}

on_each!(the_client_makes_reads_changes_and_deletes_a_key, |stage| {
    let alice = stage.sign_up("alice").await;
    let token = alice.text("/token");
    let body = json!({ "name": "ci", "prefix": "ci_", "expiresIn": 7 * DAY,
        "permissions": { "things": ["read", "create"] }, "rateLimitMax": 100,
        "rateLimitTimeWindow": 60_000, "configId": "default" });
    let made = call(&stage, "create", &token, body).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let mut names: Vec<_> = made.body.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "configId",
            "createdAt",
            "enabled",
            "expiresAt",
            "id",
            "key",
            "lastRefillAt",
            "lastRequest",
            "metadata",
            "name",
            "permissions",
            "prefix",
            "rateLimitEnabled",
            "rateLimitMax",
            "rateLimitTimeWindow",
            "referenceId",
            "refillAmount",
            "refillInterval",
            "remaining",
            "requestCount",
            "start",
            "updatedAt"
        ]
    );
    let (id, key) = (made.text("/id"), made.text("/key"));
    assert!(key.starts_with("ci_gsk_") && key.starts_with(&made.text("/start")));
    assert_eq!(made.text("/referenceId"), alice.text("/user/id"));
    assert_eq!(made.text("/expiresAt"), "2027-01-22T08:00:00.000Z");
    assert_eq!(made.body["permissions"], json!({ "things": ["read", "create"] }));
    let me = stage.send("GET", "/v1/me", &[("x-api-key", &key)], None).await;
    assert_eq!(me.body["memberships"][0]["rights"], json!(["things:read", "things:create"]));

    let get = async |id: &str| stage.get(&format!("/v1/auth/api-key/get?id={id}"), &token).await;
    let shown = get(&id).await;
    assert_eq!((shown.text("/name"), shown.body.get("key")), ("ci".to_owned(), None));
    let listed = stage.get("/v1/auth/api-key/list?limit=10&sortBy=createdAt", &token).await;
    assert_eq!(
        (listed.body["total"].as_i64(), listed.text("/apiKeys/0/id")),
        (Some(1), id.clone())
    );
    // The house shows the same row.
    assert_eq!(stage.get("/v1/api-keys", &token).await.text("/data/0/id"), id);

    let change = json!({ "keyId": id, "name": "cd", "permissions": { "*": ["*"] },
        "rateLimitEnabled": false, "userId": alice.text("/user/id") });
    let changed = call(&stage, "update", &token, change).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["permissions"], json!({ "*": ["*"] }));
    assert_eq!(
        (changed.text("/name"), &changed.body["rateLimitMax"]),
        ("cd".to_owned(), &Value::Null)
    );
    let off = call(&stage, "update", &token, json!({ "keyId": id, "enabled": false })).await;
    assert_eq!(off.body["enabled"], false);
    let bad = stage.send("GET", "/v1/auth/get-session", &[("x-api-key", &key)], None).await;
    assert_eq!(bad.code(), (403, "INVALID_API_KEY"));

    let gone = call(&stage, "delete", &token, json!({ "keyId": id })).await;
    assert_eq!((gone.status, gone.body), (200, json!({ "success": true })));
    assert_eq!(get(&id).await.code(), (404, "KEY_NOT_FOUND"));
    for (name, body) in [
        ("delete", json!({ "keyId": id })),
        ("update", json!({ "keyId": id, "name": "x" })),
        ("delete", json!({ "keyId": "junk" })),
    ] {
        assert_eq!(call(&stage, name, &token, body).await.code(), (404, "KEY_NOT_FOUND"));
    }
    assert_eq!(stage.get("/v1/auth/api-key/list", &token).await.body["total"], 0);
    assert_eq!(stage.send("GET", "/v1/me", &[("x-api-key", &key)], None).await.status, 401);
});

on_each!(the_client_is_refused_in_its_own_words, |stage| {
    let alice = stage.sign_up("alice").await;
    let token = alice.text("/token");
    let bob = stage.sign_up("bob").await;
    for (body, status, code) in [
        (json!({ "userId": bob.text("/user/id") }), 401, "UNAUTHORIZED_SESSION"),
        (json!({ "userId": alice.text("/user/id") }), 401, "UNAUTHORIZED_SESSION"),
        (json!({ "name": "" }), 400, "INVALID_NAME_LENGTH"),
        (json!({ "name": "x".repeat(33) }), 400, "INVALID_NAME_LENGTH"),
        (json!({ "prefix": "x".repeat(33) }), 400, "INVALID_PREFIX_LENGTH"),
        (json!({ "prefix": "a b" }), 400, "VALIDATION_ERROR"),
        (json!({ "expiresIn": 60 }), 400, "EXPIRES_IN_IS_TOO_SMALL"),
        (json!({ "expiresIn": 366 * DAY }), 400, "EXPIRES_IN_IS_TOO_LARGE"),
        (json!({ "metadata": { "a": 1 } }), 400, "METADATA_DISABLED"),
        (json!({ "refillAmount": 1 }), 400, "REFILL_AMOUNT_AND_INTERVAL_REQUIRED"),
        (json!({ "refillInterval": 1 }), 400, "REFILL_INTERVAL_AND_AMOUNT_REQUIRED"),
        (json!({ "remaining": -1 }), 400, "INVALID_REMAINING"),
        (json!({ "permissions": { "things": ["fly"] } }), 400, "VALIDATION_ERROR"),
        (json!({ "permissions": { "*": ["read"] } }), 400, "VALIDATION_ERROR"),
        (json!({ "role": "admin" }), 400, "VALIDATION_ERROR"),
        (
            json!({ "organizationId": bob.text("/user/personalGroupId") }),
            403,
            "USER_NOT_MEMBER_OF_ORGANIZATION",
        ),
    ] {
        let answer = call(&stage, "create", &token, body.clone()).await;
        assert_eq!(answer.code(), (status, code), "{body}");
    }
    assert_eq!(stage.count("select count(*) from api_keys").await, 0);
    let nobody = stage.post("/v1/auth/api-key/create", json!({ "name": "k" })).await;
    assert_eq!(nobody.code(), (401, "UNAUTHORIZED"));

    let made = call(&stage, "create", &token, json!({})).await;
    assert_eq!(
        (made.status, &made.body["name"], &made.body["permissions"]),
        (200, &Value::Null, &Value::Null)
    );
    let id = made.text("/id");
    let me = stage.send("GET", "/v1/me", &[("x-api-key", &made.text("/key"))], None).await;
    assert_eq!(me.body["memberships"][0]["rights"], json!([]), "no permissions, no rights");
    let none = call(&stage, "update", &token, json!({ "keyId": id })).await;
    assert_eq!(none.code(), (400, "NO_VALUES_TO_UPDATE"));
    let user = json!({ "keyId": id, "name": "x", "userId": bob.text("/user/id") });
    assert_eq!(call(&stage, "update", &token, user).await.code(), (401, "UNAUTHORIZED_SESSION"));
    for (name, body) in
        [("delete", json!({ "keyId": id })), ("update", json!({ "keyId": id, "name": "x" }))]
    {
        let answer = call(&stage, name, &bob.text("/token"), body).await;
        assert_eq!(answer.code(), (404, "KEY_NOT_FOUND"), "{name}");
    }
    let path = format!("/v1/auth/api-key/get?id={id}");
    assert_eq!(stage.get(&path, &bob.text("/token")).await.code(), (404, "KEY_NOT_FOUND"));
    let unknown = stage.get("/v1/auth/api-key/list?all=1", &token).await;
    assert_eq!(unknown.code(), (400, "VALIDATION_ERROR"));
    let foreign =
        format!("/v1/auth/api-key/list?organizationId={}", bob.text("/user/personalGroupId"));
    assert_eq!(stage.get(&foreign, &token).await.code(), (403, "USER_NOT_MEMBER_OF_ORGANIZATION"));
});

on_each!(a_bad_key_is_told_where_one_asks_who_one_is, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let made = call(&stage, "create", &alice, json!({ "expiresIn": DAY })).await;
    let key = made.text("/key");
    let ask = async |key: &str| {
        stage.send("GET", "/v1/auth/get-session", &[("x-api-key", key)], None).await
    };
    assert_eq!((ask(&key).await.status, ask(&key).await.body), (200, Value::Null));
    stage.pass(Duration::from_secs(DAY.unsigned_abs()));
    let long = "x".repeat(5_000);
    for bad in [&*key, "junk", "gsk_unknown", &long] {
        assert_eq!(ask(bad).await.code(), (403, "INVALID_API_KEY"), "{bad:.30}");
        let me = stage.send("GET", "/v1/me", &[("x-api-key", bad)], None).await;
        assert_eq!(me.code(), (401, "invalid_token"), "{bad:.30}");
    }
    // Who signs in may carry an old one.
    let body = json!({ "email": "alice@example.com", "password": crate::stage::PASSWORD });
    let door = [("x-api-key", &*key)];
    assert_eq!(stage.send("POST", "/v1/auth/sign-in/email", &door, Some(body)).await.status, 200);
});

on_each!(switching_a_limit_on_keeps_the_one_there_is, |stage| {
    let token = stage.sign_up("alice").await.text("/token");
    let body = json!({ "rateLimitMax": 100, "rateLimitTimeWindow": 60_000 });
    let id = call(&stage, "create", &token, body).await.text("/id");
    let on = json!({ "keyId": id, "rateLimitEnabled": true });
    let kept = call(&stage, "update", &token, on.clone()).await;
    assert_eq!(
        (kept.status, &kept.body["rateLimitMax"], &kept.body["rateLimitTimeWindow"]),
        (200, &json!(100), &json!(60_000))
    );
    let off = json!({ "keyId": id, "rateLimitEnabled": false });
    assert_eq!(call(&stage, "update", &token, off).await.body["rateLimitMax"], Value::Null);
    assert_eq!(call(&stage, "update", &token, on).await.body["rateLimitMax"], 10);
});
