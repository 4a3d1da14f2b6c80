use std::time::Duration;

use serde_json::{Value, json};

use crate::accounts::futures;
use crate::on_each;
use crate::stage::{PASSWORD, Stage};

async fn signed_up(stage: &Stage) -> crate::stage::Answer {
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let answer = stage.post("/v1/auth/signup", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

async fn refresh(stage: &Stage, token: &str) -> crate::stage::Answer {
    stage.post("/v1/auth/refresh", json!({ "refreshToken": token })).await
}

on_each!(the_pair_signs_up_in_and_out, |stage| {
    let alice = signed_up(&stage).await;
    assert_eq!(alice.body["expiresIn"], 900);
    assert_eq!(alice.text("/user/name"), "alice");
    assert!(alice.text("/refreshToken").starts_with("rft_"));
    let me = stage.get("/v1/me", &alice.text("/accessToken")).await;
    assert_eq!(me.text("/person"), alice.text("/user/personId"));
    let session = stage.get("/v1/auth/get-session", &alice.text("/accessToken")).await;
    assert_eq!(session.text("/user/id"), alice.text("/user/id"));

    for path in ["/v1/auth/signin", "/v1/auth/login"] {
        let body = json!({ "email": "alice@example.com", "password": PASSWORD });
        assert_eq!(stage.post(path, body).await.status, 200);
        let wrong = json!({ "email": "alice@example.com", "password": "something else" });
        assert_eq!(stage.post(path, wrong).await.code(), (401, "invalid_credentials"));
    }
    let taken = json!({ "email": "alice@example.com", "password": PASSWORD });
    assert_eq!(stage.post("/v1/auth/signup", taken).await.code(), (409, "user_already_exists"));
    let short = json!({ "email": "bob@example.com", "password": "short" });
    assert_eq!(stage.post("/v1/auth/signup", short).await.code(), (422, "password_too_short"));
    let unknown = json!({ "email": "bob@example.com", "password": PASSWORD, "role": "x" });
    assert_eq!(stage.post("/v1/auth/signup", unknown).await.code(), (422, "unknown_field"));

    // A refresh token opens nothing by itself.
    let opened = stage.get("/v1/me", &alice.text("/refreshToken")).await;
    assert_eq!(opened.code(), (401, "invalid_token"));

    let token = alice.text("/accessToken");
    let out = stage.as_bearer("POST", "/v1/auth/signout", &token, Value::Null).await;
    assert_eq!(out.status, 200);
    assert_eq!(stage.get("/v1/me", &token).await.code(), (401, "invalid_token"));
    let late = refresh(&stage, &alice.text("/refreshToken")).await;
    assert_eq!(late.code(), (401, "invalid_refresh_token"));
});

on_each!(signing_out_by_refresh_token_needs_no_access_token, |stage| {
    let alice = signed_up(&stage).await;
    stage.pass(Duration::from_secs(3600));
    let body = json!({ "refreshToken": alice.text("/refreshToken") });
    assert_eq!(stage.post("/v1/auth/logout", body.clone()).await.status, 200);
    assert_eq!(stage.events().await.last().unwrap(), "user_logout");
    assert_eq!(refresh(&stage, &alice.text("/refreshToken")).await.status, 401);
    assert_eq!(stage.post("/v1/auth/logout", body).await.status, 200);
});

on_each!(an_access_token_is_good_for_its_minutes_only, |stage| {
    let alice = signed_up(&stage).await;
    let token = alice.text("/accessToken");
    assert_eq!(stage.get("/v1/me", &token).await.status, 200);
    stage.pass(Duration::from_secs(15 * 60 - 1));
    assert_eq!(stage.get("/v1/me", &token).await.status, 200);
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.get("/v1/me", &token).await.code(), (401, "invalid_token"));
    let next = refresh(&stage, &alice.text("/refreshToken")).await;
    assert_eq!(next.status, 200, "{}", next.body);
    assert_eq!(stage.get("/v1/me", &next.text("/accessToken")).await.status, 200);
});

on_each!(a_spent_refresh_token_ends_the_whole_family, |stage| {
    let alice = signed_up(&stage).await;
    let first = alice.text("/refreshToken");
    let second = refresh(&stage, &first).await;
    assert_eq!(second.status, 200);
    let third = refresh(&stage, &second.text("/refreshToken")).await;
    assert_eq!(third.status, 200);
    let access = third.text("/accessToken");
    assert_eq!(stage.get("/v1/me", &access).await.status, 200);

    let stolen = refresh(&stage, &first).await;
    assert_eq!(stolen.code(), (401, "invalid_refresh_token"));
    assert_eq!(stage.get("/v1/me", &access).await.code(), (401, "invalid_token"));
    assert_eq!(refresh(&stage, &third.text("/refreshToken")).await.status, 401);
    assert!(stage.told().await.contains("refresh_token_reused"));
    assert_eq!(stage.count("select count(*) from sessions").await, 0);
});

on_each!(of_fifty_exchanges_at_once_exactly_one_wins, |stage| {
    let token = signed_up(&stage).await.text("/refreshToken");
    let answers = futures((0..50).map(|_| refresh(&stage, &token))).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 401).count();
    println!("{won} won, {refused} refused");
    assert_eq!(won, 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 401 | 503)));
});

on_each!(a_refresh_token_ends_after_its_days, |stage| {
    let mut token = signed_up(&stage).await.text("/refreshToken");
    for _ in 0..5 {
        stage.pass(Duration::from_secs(6 * 86_400 - 1));
        let next = refresh(&stage, &token).await;
        assert_eq!(next.status, 200, "{}", next.body);
        token = next.text("/refreshToken");
    }
    stage.pass(Duration::from_secs(60));
    assert_eq!(refresh(&stage, &token).await.code(), (401, "invalid_refresh_token"));

    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let idle = stage.post("/v1/auth/signin", body).await.text("/refreshToken");
    stage.pass(Duration::from_secs(7 * 86_400));
    assert_eq!(refresh(&stage, &idle).await.code(), (401, "invalid_refresh_token"));
});

on_each!(a_copy_of_a_pair_is_not_fresh_because_its_owner_is, |stage| {
    let alice = signed_up(&stage).await;
    stage.pass(Duration::from_secs(600));
    let copy = refresh(&stage, &alice.text("/refreshToken")).await;
    let (stale, next) = (copy.text("/accessToken"), copy.text("/refreshToken"));
    let fresh = async |token: &str| {
        let body = json!({});
        stage.as_bearer("POST", "/v1/auth/delete-user", token, body).await.code().0
    };
    assert_eq!(fresh(&stale).await, 403);
    let body = json!({ "password": PASSWORD });
    let proven = stage.as_bearer("POST", "/v1/auth/verify-password", &stale, body).await;
    assert_eq!(proven.status, 200, "{}", proven.body);
    let own = proven.headers["set-auth-token"].to_str().unwrap().to_owned();
    assert!(proven.headers.get("set-cookie").is_none());
    assert_eq!(fresh(&own).await, 200);
    assert_eq!(fresh(&stale).await, 403);
    let again = refresh(&stage, &next).await;
    assert_eq!(fresh(&again.text("/accessToken")).await, 403);
});

on_each!(a_new_password_that_ends_the_others_ends_a_pair_too, |stage| {
    let alice = signed_up(&stage).await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "another analytical engine",
        "revokeOtherSessions": true });
    let token = alice.text("/accessToken");
    let changed = stage.as_bearer("POST", "/v1/auth/change-password", &token, body).await;
    assert_eq!((changed.status, &changed.body["token"]), (200, &Value::Null));
    assert_eq!(stage.get("/v1/me", &token).await.status, 401);
    assert_eq!(refresh(&stage, &alice.text("/refreshToken")).await.status, 401);
});

on_each!(a_spent_refresh_token_is_known_as_long_as_its_family, |stage| {
    let first = signed_up(&stage).await.text("/refreshToken");
    let mut token = first.clone();
    for _ in 0..5 {
        token = refresh(&stage, &token).await.text("/refreshToken");
        stage.pass(Duration::from_secs(5 * 86_400));
    }
    assert_eq!(stage.count("select count(*) from spent_refresh_tokens").await, 5);
    assert_eq!(refresh(&stage, &first).await.status, 401);
    assert_eq!(refresh(&stage, &token).await.status, 401);
});
