use std::time::Duration;

use serde_json::{Value, json};

use crate::on_each;
use crate::stage::PASSWORD;

const DAY: Duration = Duration::from_secs(86_400);

on_each!(signing_up_gives_a_session_by_token_and_by_cookie, |stage| {
    let alice = stage.sign_up("alice").await;
    let token = alice.text("/token");
    assert!(token.starts_with("ses_"));
    assert_eq!(alice.headers["set-auth-token"].to_str().unwrap(), token);
    let cookie = alice.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("sixfold_session=ses_"), "{cookie}");
    assert!(cookie.contains("HttpOnly; SameSite=Lax") && cookie.contains("Max-Age=2592000"));
    for key in ["id", "name", "email", "createdAt", "updatedAt", "personId", "personalGroupId"] {
        assert!(alice.body["user"][key].is_string(), "{key}");
    }
    assert_eq!(alice.body["user"]["emailVerified"], false);
    assert_eq!(alice.body["user"]["twoFactorEnabled"], false);
    assert_eq!(alice.body["user"]["image"], Value::Null);

    let mine = stage.get("/v1/auth/get-session", &token).await;
    assert_eq!(mine.body["user"], alice.body["user"]);
    assert_eq!(mine.text("/session/userId"), alice.text("/user/id"));
    assert_eq!(mine.text("/session/token"), mine.text("/session/id"), "never the live token");
    let by_cookie =
        stage.send("GET", "/v1/auth/get-session", &[("cookie", &alice.cookie())], None).await;
    assert_eq!(by_cookie.body, mine.body);
    let by_post = stage.as_bearer("POST", "/v1/auth/get-session", &token, Value::Null).await;
    assert_eq!(by_post.body, mine.body);

    let me = stage.get("/v1/me", &token).await;
    assert_eq!(me.text("/person"), alice.text("/user/personId"));
    assert_eq!(me.text("/memberships/0/group"), alice.text("/user/personalGroupId"));
    assert_eq!(me.text("/memberships/0/role"), "group_owner");

    let events = stage.events().await;
    assert_eq!(
        events[events.len() - 5..],
        [
            "user_registered",
            "group_created",
            "person_created",
            "email_verification_sent",
            "user_login"
        ]
    );
    let told = stage.told().await;
    assert!(!told.contains("example.com") && !told.contains("ses_"), "{told}");
});

on_each!(nobody_is_signed_in_without_a_valid_credential, |stage| {
    for token in ["", "ses_", "ses_unknown", "a.b.c", "gsk_x", "junk"] {
        let answer = stage.get("/v1/auth/get-session", token).await;
        assert_eq!((answer.status, answer.body), (200, Value::Null), "{token}");
    }
    let answer = stage.send("GET", "/v1/auth/get-session", &[], None).await;
    assert_eq!((answer.status, answer.body), (200, Value::Null));
    assert_eq!(stage.send("GET", "/v1/auth/ok", &[], None).await.body, json!({ "ok": true }));
});

on_each!(what_is_wrong_with_a_sign_up_is_told_in_the_clients_words, |stage| {
    let good = json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD });
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    let mut without = good.clone();
    without.as_object_mut().unwrap().remove("email");
    for (body, code) in [
        (with("password", json!("elevenchars")), (400, "PASSWORD_TOO_SHORT")),
        (with("password", json!("x".repeat(129))), (400, "PASSWORD_TOO_LONG")),
        (with("password", json!("x".repeat(2000))), (400, "PASSWORD_TOO_LONG")),
        (with("password", json!(5)), (400, "VALIDATION_ERROR")),
        (with("email", json!("nonsense")), (400, "INVALID_EMAIL")),
        (with("name", json!("  ")), (400, "VALIDATION_ERROR")),
        (with("name", json!("x".repeat(101))), (400, "VALIDATION_ERROR")),
        (with("image", json!("javascript:alert(1)")), (400, "VALIDATION_ERROR")),
        (with("admin", json!(true)), (400, "VALIDATION_ERROR")),
        (with("callbackURL", json!("https://evil.example")), (403, "INVALID_CALLBACK_URL")),
        (without, (400, "VALIDATION_ERROR")),
        (json!([]), (400, "VALIDATION_ERROR")),
    ] {
        let answer = stage.post("/v1/auth/sign-up/email", body.clone()).await;
        assert_eq!(answer.code(), code, "{body} {}", answer.body);
        assert!(answer.body["message"].is_string());
    }
    let answer = stage.send("POST", "/v1/auth/sign-up/email", &[], None).await;
    assert_eq!(answer.code(), (400, "BAD_REQUEST"));
    assert_eq!(stage.count("select count(*) from users").await, 0);

    stage.sign_up("ada").await;
    let again =
        stage.post("/v1/auth/sign-up/email", with("email", json!(" ADA@Example.com "))).await;
    assert_eq!(again.code(), (422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"));
    assert_eq!(stage.count("select count(*) from people").await, 1);
});

on_each!(one_address_becomes_one_account_however_many_try, |stage| {
    let body = json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD });
    let all = (0..20).map(|_| stage.post("/v1/auth/sign-up/email", body.clone()));
    let mut won = 0;
    for answer in futures(all).await {
        match answer.status {
            200 => won += 1,
            422 | 503 => {}
            other => panic!("{other} {}", answer.body),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(stage.count("select count(*) from users").await, 1);
});

/// Runs futures side by side.
pub(crate) async fn futures<T, F: Future<Output = T>>(all: impl Iterator<Item = F>) -> Vec<T> {
    let mut waiting: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|cx| {
        let mut pending = false;
        for (future, done) in &mut waiting {
            if done.is_none() {
                match future.as_mut().poll(cx) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}

on_each!(signing_in_tells_strangers_nothing, |stage| {
    stage.sign_up("alice").await;
    let sign_in = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        stage.post("/v1/auth/sign-in/email", body).await
    };
    let right = sign_in("Alice@example.com", PASSWORD).await;
    assert_eq!(right.status, 200, "{}", right.body);
    assert_eq!(right.body["redirect"], false);
    assert!(right.body.get("url").is_none());
    assert_eq!(stage.get("/v1/me", &right.text("/token")).await.status, 200);

    let mut wrong = sign_in("alice@example.com", "something else").await;
    let mut unknown = sign_in("mallory@example.com", PASSWORD).await;
    assert_eq!(wrong.code(), (401, "INVALID_EMAIL_OR_PASSWORD"));
    for answer in [&mut wrong, &mut unknown] {
        answer.body["requestId"] = Value::Null;
    }
    assert_eq!(wrong.body, unknown.body);
    assert_eq!(sign_in("nonsense", PASSWORD).await.code(), (400, "INVALID_EMAIL"));
    let long = sign_in("alice@example.com", &"x".repeat(1025)).await;
    assert_eq!(long.code(), (400, "PASSWORD_TOO_LONG"));

    let leading = async |to: &str| {
        let body = json!({ "email": "alice@example.com", "password": PASSWORD, "callbackURL": to });
        stage.post("/v1/auth/sign-in/email", body).await
    };
    let led = leading("/dashboard").await;
    assert_eq!(
        (led.body["redirect"].clone(), led.text("/url")),
        (json!(true), "/dashboard".into())
    );
    assert_eq!(leading("https://app.example.com/x").await.status, 200);
    assert_eq!(leading("//evil.example").await.code(), (403, "INVALID_CALLBACK_URL"));

    let body = json!({ "email": "alice@example.com", "password": PASSWORD, "rememberMe": false });
    let brief = stage.post("/v1/auth/sign-in/email", body).await;
    assert!(!brief.headers["set-cookie"].to_str().unwrap().contains("Max-Age"));
});

on_each!(signing_out_ends_the_session_at_once, |stage| {
    let alice = stage.sign_up("alice").await;
    let token = alice.text("/token");
    assert_eq!(stage.get("/v1/me", &token).await.status, 200);
    let out = stage.as_bearer("POST", "/v1/auth/sign-out", &token, json!({})).await;
    assert_eq!(out.body, json!({ "success": true }));
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(stage.get("/v1/me", &token).await.code(), (401, "invalid_token"));
    assert_eq!(stage.events().await.last().unwrap(), "user_logout");

    // Again, and by nobody.
    let again = stage.as_bearer("POST", "/v1/auth/sign-out", &token, json!({})).await;
    assert_eq!((again.status, again.body), (200, json!({ "success": true })));
    let nobody = stage.send("POST", "/v1/auth/sign-out", &[], None).await;
    assert_eq!(nobody.status, 200);
});

on_each!(a_session_ends_when_it_is_not_used_and_in_the_end_anyway, |stage| {
    let idle = stage.sign_up("idle").await.text("/token");
    let busy = stage.sign_up("busy").await.text("/token");
    for day in 1..30 {
        stage.pass(DAY);
        assert_eq!(stage.get("/v1/me", &busy).await.status, 200, "day {day}");
        // Noting the use goes on beside the request.
        for _ in 0..200 {
            let noted =
                stage.count("select count(*) from sessions where updated_at > created_at").await;
            if noted == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if day >= 7 {
            assert_eq!(stage.get("/v1/me", &idle).await.code(), (401, "invalid_token"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stage.pass(DAY);
    assert_eq!(stage.get("/v1/me", &busy).await.status, 401);
});
