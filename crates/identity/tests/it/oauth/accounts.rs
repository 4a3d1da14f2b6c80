//! Accounts at providers that are linked: linking, their tokens, letting go.

use serde_json::{Value, json};

use super::{SECOND, ada, away, back, location, session, test, travel};
use crate::oauth::provider::Provider;
use crate::stage::{Answer, Stage};

async fn ask(stage: &Stage, path: &str, token: &str, body: Value) -> Answer {
    stage.as_bearer("POST", &format!("/v1/auth/{path}"), token, body).await
}

async fn link(stage: &Stage, provider: &Provider, token: &str, claims: Value) -> String {
    let body = json!({ "provider": "house", "callbackURL": "/settings" });
    let away = away(&ask(stage, "link-social", token, body).await);
    let code = provider.agree(stage, &away, claims);
    let query = [("code", code.as_str()), ("state", &away.param("state"))];
    let done = back(stage, "house", &query, &away.cookie).await;
    assert!(session(&done).is_none(), "linking signs nobody in");
    location(&done)
}

async fn prove(stage: &Stage) {
    let sql = "update users set email_verified = $1";
    stage
        .app
        .db
        .unbound()
        .write(async move |tx| tx.run(sql, database::args![true]).await)
        .await
        .unwrap();
}

test!(an_account_is_linked_from_a_session_and_let_go_again, async |stage, provider| {
    let token = stage.sign_up("ada").await.text("/token");
    let nobody = stage.post("/v1/auth/link-social", json!({ "provider": "house" })).await;
    assert_eq!(nobody.code(), (401, "UNAUTHORIZED"));
    let body = json!({ "provider": "house", "callbackURL": "//evil.example" });
    assert_eq!(ask(stage, "link-social", &token, body).await.code(), (403, "INVALID_CALLBACK_URL"));

    assert_eq!(link(stage, provider, &token, ada()).await, "/settings");
    assert_eq!(link(stage, provider, &token, ada()).await, "/settings", "again is fine");
    let linked = "select count(*) from credentials where provider = 'house'";
    assert_eq!(stage.count(linked).await, 1);

    // Somebody else cannot have the same one, nor look at it, nor let go of it.
    let eve = stage.sign_up("eve").await.text("/token");
    let taken = link(stage, provider, &eve, ada()).await;
    assert_eq!(taken, "/settings?error=account_already_linked_to_different_user");
    for path in ["get-access-token", "refresh-token"] {
        let body = json!({ "providerId": "house", "accountId": "ada-1" });
        assert_eq!(ask(stage, path, &eve, body).await.code(), (400, "ACCOUNT_NOT_FOUND"), "{path}");
    }

    let info = stage.get("/v1/auth/account-info?providerId=house", &token).await;
    assert_eq!(info.code(), (401, "FAILED_TO_GET_USER_INFO"), "userinfo is about nobody");
    provider.inner().person = json!({ "sub": "ada-1", "name": "Countess", "email_verified": true });
    let info = stage.get("/v1/auth/account-info?providerId=house", &token).await;
    assert_eq!(info.status, 200, "{}", info.body);
    assert_eq!(info.text("/user/name"), "Countess");
    assert_eq!(info.text("/account/accountId"), "ada-1");
    assert_eq!(info.text("/data/sub"), "ada-1");
    let id = info.text("/account/id");
    let by_id = stage.get(&format!("/v1/auth/account-info?accountId={id}"), &token).await;
    assert_eq!(by_id.body, info.body);
    let odd = stage.get("/v1/auth/account-info?colour=blue", &token).await;
    assert_eq!(odd.code(), (400, "VALIDATION_ERROR"));

    let body = json!({ "accountId": id });
    assert_eq!(ask(stage, "unlink-account", &eve, body.clone()).await.status, 400);
    stage.pass(SECOND * 301);
    let answer = ask(stage, "unlink-account", &token, body.clone()).await;
    assert_eq!(answer.code(), (403, "SESSION_NOT_FRESH"));
    let again = json!({ "email": "ada@example.com", "password": crate::stage::PASSWORD });
    let token = stage.post("/v1/auth/sign-in/email", again).await.text("/token");
    let answer = ask(stage, "unlink-account", &token, body.clone()).await;
    assert_eq!((answer.status, answer.body), (200, json!({ "status": true })));
    let answer = ask(stage, "unlink-account", &token, body).await;
    assert_eq!(answer.code(), (400, "FAILED_TO_UNLINK_LAST_ACCOUNT"));
    let events = stage.events().await;
    let count = |kind: &str| events.iter().filter(|event| *event == kind).count();
    assert_eq!((count("account_linked"), count("account_unlinked")), (1, 1));
});

test!(a_strangers_account_is_linked_only_with_proof, async |stage, provider| {
    let token = stage.sign_up("ada").await.text("/token");
    let other = json!({ "sub": "o", "email": "other@example.com", "email_verified": true });
    let unproven = json!({ "sub": "u", "email": "ada@example.com", "email_verified": "true" });
    let fails = |code: &str| format!("/settings?error={code}");
    let refused = "unable_to_link_account";
    let differs = "email_does_not_match";
    assert_eq!(link(stage, provider, &token, other.clone()).await, fails(differs));
    assert_eq!(link(stage, provider, &token, unproven.clone()).await, fails(refused));
    prove(stage).await;
    stage.pass(SECOND * 301);
    assert_eq!(link(stage, provider, &token, other.clone()).await, fails(differs), "not fresh");
    assert_eq!(link(stage, provider, &token, unproven).await, fails(refused), "not fresh");
    let again = json!({ "email": "ada@example.com", "password": crate::stage::PASSWORD });
    let token = stage.post("/v1/auth/sign-in/email", again).await.text("/token");
    assert_eq!(link(stage, provider, &token, other).await, "/settings", "fresh and proven");
});

test!(linking_ends_with_the_session_that_began_it, async |stage, provider| {
    let token = stage.sign_up("ada").await.text("/token");
    let body = json!({ "provider": "house", "callbackURL": "/settings" });
    let away = away(&ask(stage, "link-social", &token, body).await);
    ask(stage, "sign-out", &token, json!({})).await;
    let code = provider.agree(stage, &away, ada());
    let query = [("code", code.as_str()), ("state", &away.param("state"))];
    let done = back(stage, "house", &query, &away.cookie).await;
    assert_eq!(location(&done), "/settings?error=unable_to_link_account");
    assert_eq!(stage.count("select count(*) from credentials").await, 1);
});

test!(an_id_token_links_at_once, async |stage, provider| {
    let token = stage.sign_up("ada").await.text("/token");
    let signed = |claims: Value| provider.inner().key.sign(&provider.claims(stage, "n", claims));
    let body =
        |token: String| json!({ "provider": "house", "idToken": { "token": token, "nonce": "n" } });
    let other = json!({ "sub": "o", "email": "other@example.com", "email_verified": true });
    let answer = ask(stage, "link-social", &token, body(signed(other))).await;
    assert_eq!(answer.code(), (401, "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED"));
    let unproven = json!({ "sub": "u", "email": "ada@example.com" });
    let answer = ask(stage, "link-social", &token, body(signed(unproven))).await;
    assert_eq!(answer.code(), (401, "LINKING_NOT_ALLOWED"));
    let used = signed(ada());
    let done = ask(stage, "link-social", &token, body(used.clone())).await;
    assert_eq!(done.body, json!({ "url": "", "redirect": false, "status": true }));
    let eve = stage.sign_up("eve").await.text("/token");
    let again = ask(stage, "link-social", &eve, body(used)).await;
    assert_eq!(again.code(), (401, "INVALID_TOKEN"), "a token counts once");
    let mut next = ada();
    next["jti"] = json!("next");
    let answer = ask(stage, "link-social", &eve, body(signed(next))).await;
    assert_eq!(answer.code(), (409, "SOCIAL_ACCOUNT_ALREADY_LINKED"));
    let none = ask(stage, "get-access-token", &token, json!({ "providerId": "house" })).await;
    assert_eq!(none.code(), (400, "ACCESS_TOKEN_NOT_FOUND"));
});

test!(tokens_are_renewed_when_they_end_and_only_once, async |stage, provider| {
    let token = session(&travel(stage, provider, ada()).await).unwrap();
    let body = json!({ "providerId": "house" });
    let first = ask(stage, "get-access-token", &token, body.clone()).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(first.text("/accessToken"), "access-1");
    assert_eq!(first.body["scopes"], json!(["openid", "email", "profile"]));
    assert_eq!(provider.asked("token"), 1, "not renewed");

    stage.pass(SECOND * 3_599);
    let mut got = Vec::new();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (router, token) = (stage.router.clone(), token.clone());
        running.spawn(async move {
            let request = http::Request::post("/v1/auth/get-access-token")
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json")
                .body(axum::body::Body::from(r#"{"providerId":"house"}"#))
                .unwrap();
            let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
            let body = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
            serde_json::from_slice::<Value>(&body).unwrap()
        });
    }
    while let Some(answer) = running.join_next().await {
        got.push(answer.unwrap()["accessToken"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(got, vec!["access-2".to_owned(); 8], "one renewed, the others took it");
    assert_eq!(provider.asked("token"), 2);

    let renewed = ask(stage, "refresh-token", &token, body.clone()).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    assert_eq!(renewed.text("/accessToken"), "access-3");
    assert_eq!(renewed.text("/refreshToken"), "refresh-3", "rotated");
    assert_eq!(renewed.text("/providerId"), "house");
    let again = ask(stage, "refresh-token", &token, body.clone()).await;
    assert_eq!(again.text("/accessToken"), "access-4", "the rotated one was kept");

    provider.inner().refresh = "revoked".to_owned();
    let answer = ask(stage, "refresh-token", &token, body.clone()).await;
    assert_eq!(answer.code(), (400, "FAILED_TO_REFRESH_ACCESS_TOKEN"));
    stage.pass(SECOND * 3_600);
    let answer = ask(stage, "get-access-token", &token, body).await;
    assert_eq!(answer.code(), (400, "FAILED_TO_GET_ACCESS_TOKEN"));
});

test!(tokens_of_a_provider_lie_sealed, async |stage, provider| {
    travel(stage, provider, ada()).await;
    let sealed: Vec<u8> = stage
        .app
        .db
        .unbound()
        .read(async |tx| {
            tx.one("select tokens from credentials", database::args![], |row| row.get(0)).await
        })
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&sealed);
    assert!(!text.contains("access-1") && !text.contains("refresh-0"), "{text}");
});

test!(who_holds_nothing_is_told_so, async |stage, provider| {
    assert_eq!(provider.asked("token"), 0);
    let token = stage.sign_up("ada").await.text("/token");
    for (path, body, code) in [
        ("get-access-token", json!({}), "ACCOUNT_NOT_FOUND"),
        ("get-access-token", json!({ "providerId": "house" }), "ACCOUNT_NOT_FOUND"),
        ("refresh-token", json!({ "providerId": "credential" }), "PROVIDER_NOT_SUPPORTED"),
        ("unlink-account", json!({ "accountId": "x" }), "FAILED_TO_UNLINK_LAST_ACCOUNT"),
        ("refresh-token", json!({ "colour": "blue" }), "VALIDATION_ERROR"),
    ] {
        assert_eq!(ask(stage, path, &token, body).await.code(), (400, code), "{path}");
    }
    for path in ["get-access-token", "refresh-token", "unlink-account", "link-social"] {
        let body = json!({ "provider": "house" });
        let body = if path == "link-social" { body } else { json!({ "accountId": "x" }) };
        let answer = stage.post(&format!("/v1/auth/{path}"), body).await;
        assert_eq!(answer.code(), (401, "UNAUTHORIZED"), "{path}");
    }
});
