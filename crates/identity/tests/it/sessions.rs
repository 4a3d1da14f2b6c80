use std::time::Duration;

use serde_json::{Value, json};

use crate::on_each;
use crate::stage::{Answer, PASSWORD, Stage};

const DAY: u64 = 86_400;

async fn sign_in(stage: &Stage, name: &str) -> Answer {
    let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
    let answer = stage.post("/v1/auth/sign-in/email", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

async fn sign_in_for_pair(stage: &Stage, name: &str) -> Answer {
    let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
    stage.post("/v1/auth/signin", body).await
}

async fn list(stage: &Stage, token: &str) -> Vec<Value> {
    let answer = stage.get("/v1/auth/list-sessions", token).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body.as_array().unwrap().clone()
}

async fn call(stage: &Stage, path: &str, token: &str, body: Value) -> Answer {
    stage.as_bearer("POST", &format!("/v1/auth/{path}"), token, body).await
}

async fn is_in(stage: &Stage, token: &str) -> bool {
    stage.get("/v1/me", token).await.status == 200
}

on_each!(sessions_are_listed_by_handles_that_open_nothing, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    stage.pass(Duration::from_secs(1));
    let agent = stage
        .send(
            "POST",
            "/v1/auth/sign-in/email",
            &[("user-agent", "Test/1.0")],
            Some(json!({ "email": "alice@example.com", "password": PASSWORD })),
        )
        .await;
    stage.sign_up("bob").await;
    let listed = list(&stage, &alice).await;
    assert_eq!(listed.len(), 2, "only her own: {listed:?}");
    assert_eq!(listed[0]["userAgent"], "Test/1.0");
    assert_eq!(
        (&listed[0]["method"], &listed[1]["method"]),
        (&json!("password"), &json!("sign_up"))
    );
    for one in &listed {
        let handle = one["token"].as_str().unwrap();
        assert_eq!(one["id"], one["token"]);
        assert!(!is_in(&stage, handle).await, "a handle opens nothing");
        assert!(one["expiresAt"].is_string() && one["createdAt"].is_string());
        assert!(one.get("ipAddress").is_some() && one.get("impersonatedBy").is_some());
    }
    let text = json!(listed).to_string();
    assert!(!text.contains(&alice) && !text.contains(&agent.text("/token")));

    let nobody = stage.send("GET", "/v1/auth/list-sessions", &[], None).await;
    assert_eq!(nobody.code(), (401, "UNAUTHORIZED"));
    let unknown = stage.get("/v1/auth/list-sessions?all=1", &alice).await;
    assert_eq!(unknown.code(), (400, "VALIDATION_ERROR"));
    stage.pass(Duration::from_secs(6 * DAY));
    assert!(is_in(&stage, &alice).await);
});

on_each!(only_live_sessions_are_listed, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    stage.pass(Duration::from_secs(6 * DAY));
    let later = sign_in(&stage, "alice").await.text("/token");
    assert_eq!(list(&stage, &later).await.len(), 2);
    stage.pass(Duration::from_secs(DAY));
    assert_eq!(list(&stage, &later).await.len(), 1, "the first was idle for seven days");
    assert!(!is_in(&stage, &alice).await);
});

on_each!(one_session_is_revoked_with_its_next_request, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let cookie = sign_in(&stage, "alice").await;
    let pair = sign_in_for_pair(&stage, "alice").await;
    let (opaque, access) = (cookie.text("/token"), pair.text("/accessToken"));
    let by_cookie = async |cookie: &str| {
        stage.send("GET", "/v1/me", &[("cookie", cookie)], None).await.body["person"].is_string()
    };
    assert!(is_in(&stage, &opaque).await && is_in(&stage, &access).await);
    assert!(by_cookie(&cookie.cookie()).await);
    let own = stage.get("/v1/me", &alice).await.text("/session");
    for one in list(&stage, &alice).await {
        if one["id"] == own.as_str() {
            continue;
        }
        let answer = call(&stage, "revoke-session", &alice, json!({ "token": one["token"] })).await;
        assert_eq!((answer.status, answer.body), (200, json!({ "status": true })));
    }
    assert!(!is_in(&stage, &opaque).await && !is_in(&stage, &access).await);
    assert!(!by_cookie(&cookie.cookie()).await);
    let refresh = json!({ "refreshToken": pair.text("/refreshToken") });
    assert_eq!(stage.post("/v1/auth/refresh", refresh).await.status, 401);
    assert!(is_in(&stage, &alice).await);

    // A token of one's own names a session too.
    let other = sign_in(&stage, "alice").await.text("/token");
    call(&stage, "revoke-session", &alice, json!({ "token": other })).await;
    assert!(!is_in(&stage, &other).await);
    let told = stage.told().await;
    assert!(!told.contains("ses_") && told.contains("revoked"));
});

on_each!(nobody_ends_what_is_not_theirs_and_nobody_learns_of_it, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let bob = stage.sign_up("bob").await.text("/token");
    let handle = list(&stage, &bob).await[0]["token"].clone();
    for token in [handle, json!(bob), json!("session_01jd7jryggfk1shh6w1g60eecf"), json!("junk")] {
        let answer = call(&stage, "revoke-session", &alice, json!({ "token": token })).await;
        assert_eq!((answer.status, answer.body), (200, json!({ "status": true })), "{token}");
    }
    assert!(is_in(&stage, &bob).await);
    for path in ["revoke-session", "revoke-sessions", "revoke-other-sessions", "update-session"] {
        let body = if path == "revoke-session" { json!({ "token": "x" }) } else { json!({}) };
        let nobody = stage.post(&format!("/v1/auth/{path}"), body).await;
        assert_eq!(nobody.code(), (401, "UNAUTHORIZED"), "{path}");
        let wrong = call(&stage, path, &alice, json!({ "role": "admin" })).await;
        assert_eq!(wrong.code(), (400, "VALIDATION_ERROR"), "{path}");
    }
    let body = json!({ "name": "k", "groupId": stage.get("/v1/auth/get-session", &alice).await
        .text("/user/personalGroupId"), "permissions": ["*"] });
    let key = stage.as_bearer("POST", "/v1/api-keys", &alice, body).await.text("/key");
    for path in ["revoke-sessions", "revoke-other-sessions"] {
        assert_eq!(call(&stage, path, &key, json!({})).await.code(), (401, "UNAUTHORIZED"));
    }
    assert_eq!(stage.get("/v1/auth/list-sessions", &key).await.code(), (401, "UNAUTHORIZED"));
});

on_each!(the_others_or_all_sessions_end_together, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let bob = stage.sign_up("bob").await.text("/token");
    let others = [sign_in(&stage, "alice").await, sign_in(&stage, "alice").await];
    let pair = sign_in_for_pair(&stage, "alice").await.text("/accessToken");
    for token in [&others[0].text("/token"), &others[1].text("/token"), &pair] {
        assert!(is_in(&stage, token).await);
    }
    assert_eq!(call(&stage, "revoke-other-sessions", &alice, Value::Null).await.status, 200);
    assert!(is_in(&stage, &alice).await && is_in(&stage, &bob).await);
    for token in [&others[0].text("/token"), &others[1].text("/token"), &pair] {
        assert!(!is_in(&stage, token).await);
    }
    assert_eq!(stage.events().await.last().unwrap(), "sessions_ended");
    assert_eq!(call(&stage, "revoke-other-sessions", &alice, json!({})).await.status, 200);

    assert_eq!(call(&stage, "revoke-sessions", &alice, json!({})).await.status, 200);
    assert!(!is_in(&stage, &alice).await && is_in(&stage, &bob).await);
    assert_eq!(stage.count("select count(*) from sessions").await, 1);
});

on_each!(the_session_can_be_read_where_it_could_be_updated, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let answer = call(&stage, "update-session", &alice, json!({})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text("/session/id"), stage.get("/v1/me", &alice).await.text("/session"));
});

on_each!(one_session_too_many_ends_the_one_not_used_for_longest, |stage| {
    let first = stage.sign_up("alice").await.text("/token");
    let mut last = first.clone();
    for number in 0..100 {
        stage.pass(Duration::from_secs(1));
        assert_eq!(is_in(&stage, &first).await, number < 100);
        last = sign_in(&stage, "alice").await.text("/token");
    }
    assert!(!is_in(&stage, &first).await && is_in(&stage, &last).await);
    assert_eq!(stage.count("select count(*) from sessions").await, 100);
    assert!(stage.told().await.contains("pushedOut"));
});

on_each!(a_reused_refresh_token_is_told_by_mail, |stage| {
    stage.sign_up("alice").await;
    let first = sign_in_for_pair(&stage, "alice").await.text("/refreshToken");
    let refresh =
        async |token: &str| stage.post("/v1/auth/refresh", json!({ "refreshToken": token })).await;
    let second = refresh(&first).await.text("/refreshToken");
    assert_eq!(refresh(&first).await.status, 401);
    let letter = stage.letter("refresh_reused", "alice@example.com").await;
    assert!(letter.token.is_empty());
    // The family is gone; showing it again says nothing new.
    assert_eq!((refresh(&first).await.status, refresh(&second).await.status), (401, 401));
    let kinds = stage.kinds();
    assert_eq!(kinds.iter().filter(|(kind, _)| kind == "refresh_reused").count(), 1);
});
