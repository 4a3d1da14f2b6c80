use std::time::Duration;

use identity::Settings;
use serde_json::{Value, json};

use crate::accounts::futures;
use crate::accounts_kit::{Front, NEW, front, is_page, location, path_of, settings};
use crate::on_each;
use crate::stage::{PASSWORD, Stage};

async fn ask(front: &Front<'_>, email: &str, redirect_to: Value) -> (u16, Value) {
    let mut body = json!({ "email": email, "redirectTo": redirect_to });
    if body["redirectTo"].is_null() {
        body.as_object_mut().unwrap().remove("redirectTo");
    }
    let answer = front.post("/v1/auth/request-password-reset", body).await;
    (answer.status, answer.body)
}

async fn reset(front: &Front<'_>, token: &str, password: &str) -> crate::stage::Answer {
    let body = json!({ "token": token, "newPassword": password });
    front.post("/v1/auth/reset-password", body).await
}

async fn settled(stage: &Stage) {
    let queued = "select count(*) from jobs where kind <> 'identity.clean_up' and state <> 'done'";
    for _ in 0..500 {
        if stage.count(queued).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stage.count(queued).await, 0, "jobs are left");
}

on_each!(a_forgotten_password_is_set_anew_by_letter_once, |stage| {
    let front = front(&stage, settings());
    let old = front.sign_up("alice").await.text("/token");
    let pair = json!({ "email": "alice@example.com", "password": PASSWORD });
    let pair = front.post("/v1/auth/signin", pair).await;
    let to = "https://app.example.com/new?x=1";
    assert_eq!(ask(&front, "Alice@example.com", json!(to)).await.0, 200);
    let letter = stage.letter("password_reset", "alice@example.com").await;
    let url = path_of(&letter.url);
    assert!(url.starts_with(&format!("/v1/auth/reset-password/{}?callbackURL=", letter.token)));
    for _ in 0..3 {
        let led = front.open(&url).await;
        let there = format!("{to}&token={}", letter.token);
        assert_eq!((led.status, location(&led)), (302, there.as_str()));
    }
    for (password, code) in
        [("short", (400, "PASSWORD_TOO_SHORT")), (&"x".repeat(129), (400, "PASSWORD_TOO_LONG"))]
    {
        assert_eq!(reset(&front, &letter.token, password).await.code(), code);
    }
    let answers = futures((0..50).map(|_| reset(&front, &letter.token, NEW))).await;
    let won: Vec<_> = answers.iter().filter(|one| one.status == 200).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(won[0].body, json!({ "status": true }));
    assert!(answers.iter().all(|one| matches!(one.status, 200 | 400 | 503)));

    assert!(!front.is_in(&old).await);
    assert!(!front.is_in(&pair.text("/accessToken")).await);
    let body = json!({ "refreshToken": pair.text("/refreshToken") });
    assert_eq!(front.post("/v1/auth/refresh", body).await.status, 401);
    assert_eq!(front.sign_in("alice@example.com", PASSWORD).await.status, 401);
    let back = front.sign_in("alice@example.com", NEW).await;
    assert_eq!(back.body["user"]["emailVerified"], true, "who has the letter has the mailbox");
    stage.letter("password_changed", "alice@example.com").await;

    assert_eq!(reset(&front, &letter.token, NEW).await.code(), (400, "INVALID_TOKEN"));
    let led = front.open(&url).await;
    assert_eq!(location(&led), format!("{to}&error=INVALID_TOKEN"));
    for kind in ["password_reset_requested", "password_reset_completed", "email_verified"] {
        assert_eq!(front.events_of(kind).await, 1, "{kind}");
    }
    let told = stage.told().await;
    assert!(!told.contains("example.com") && !told.contains(&letter.token), "{told}");
});

on_each!(a_reset_works_without_an_app, |stage| {
    let front = front(&stage, settings());
    front.sign_up("alice").await;
    ask(&front, "alice@example.com", Value::Null).await;
    let letter = stage.letter("password_reset", "alice@example.com").await;
    assert!(letter.url.ends_with(&letter.token), "{}", letter.url);
    let page = front.open(&path_of(&letter.url)).await;
    assert!(is_page(&page) && page.status == 200);
    assert!(page.body.as_str().unwrap().contains("name=\"newPassword\""));
    let fields = [("token", letter.token.as_str()), ("newPassword", "short")];
    let refused = front.press("/v1/auth/reset-password", &fields, "").await;
    assert!(is_page(&refused) && refused.status == 400);
    let fields = [("token", letter.token.as_str()), ("newPassword", NEW)];
    let done = front.press("/v1/auth/reset-password", &fields, "").await;
    assert!(is_page(&done) && done.status == 200, "{}", done.body);
    assert_eq!(front.sign_in("alice@example.com", NEW).await.status, 200);
    let late = front.open(&path_of(&letter.url)).await;
    assert!(is_page(&late) && late.status == 400);
});

on_each!(a_reset_runs_out_and_a_later_one_ends_those_before, |stage| {
    let front = front(&stage, settings());
    front.sign_up("alice").await;
    ask(&front, "alice@example.com", Value::Null).await;
    let first = stage.letter("password_reset", "alice@example.com").await.token;
    settled(&stage).await;
    ask(&front, "alice@example.com", Value::Null).await;
    settled(&stage).await;
    let second = stage.letter("password_reset", "alice@example.com").await.token;
    assert_ne!(first, second);
    let path = format!("/v1/auth/reset-password?token={second}");
    assert_eq!(front.post(&path, json!({ "newPassword": NEW })).await.status, 200);
    assert_eq!(reset(&front, &first, PASSWORD).await.code(), (400, "INVALID_TOKEN"));

    ask(&front, "alice@example.com", Value::Null).await;
    settled(&stage).await;
    let third = stage.letter("password_reset", "alice@example.com").await.token;
    stage.pass(Duration::from_secs(3_600));
    assert_eq!(reset(&front, &third, PASSWORD).await.code(), (400, "INVALID_TOKEN"));
    for token in ["", "unknown", &"x".repeat(4_000)] {
        assert_eq!(reset(&front, token, PASSWORD).await.code(), (400, "INVALID_TOKEN"));
    }
    // A token of one purpose is worth nothing for another.
    let verification = stage.letter("email_verification", "alice@example.com").await.token;
    assert_eq!(reset(&front, &verification, PASSWORD).await.code(), (400, "INVALID_TOKEN"));
});

on_each!(asking_for_a_reset_tells_nothing, |stage| {
    let front = front(&stage, settings());
    front.sign_up("alice").await;
    settled(&stage).await;
    let count = "select count(*) from jobs where kind = 'identity.letter_request'";
    let known = ask(&front, "alice@example.com", Value::Null).await;
    assert_eq!(stage.count(count).await, 1);
    let unknown = ask(&front, "nobody@example.com", Value::Null).await;
    assert_eq!(stage.count(count).await, 2);
    assert_eq!(known, unknown);
    assert_eq!(known.1["status"], true);
    assert!(known.1["message"].is_string());
    settled(&stage).await;
    assert!(stage.kinds().iter().all(|(_, to)| to != "nobody@example.com"));
    let evil = ask(&front, "alice@example.com", json!("https://evil.example/x")).await;
    assert_eq!((evil.0, &evil.1["code"]), (403, &json!("INVALID_CALLBACK_URL")));
});

on_each!(what_a_stranger_prepared_with_my_address_is_gone_when_i_come, |stage| {
    let front = front(&stage, settings());
    // Mallory signs up with Alice's address and waits.
    let mallory = front.sign_up("alice").await.text("/token");
    ask(&front, "alice@example.com", Value::Null).await;
    let token = stage.letter("password_reset", "alice@example.com").await.token;
    assert_eq!(reset(&front, &token, NEW).await.status, 200);
    assert!(!front.is_in(&mallory).await);
    assert_eq!(front.sign_in("alice@example.com", PASSWORD).await.status, 401);
    assert_eq!(front.sign_in("alice@example.com", NEW).await.status, 200);
});

on_each!(a_password_is_changed_by_the_current_one, |stage| {
    let front = front(&stage, settings());
    let here = front.sign_up("alice").await.text("/token");
    let there = front.sign_in("alice@example.com", PASSWORD).await.text("/token");
    let change = async |token: &str, body: Value| {
        front.post_as("/v1/auth/change-password", token, body).await
    };
    for (body, code) in [
        (json!({ "currentPassword": "wrong password", "newPassword": NEW }), "INVALID_PASSWORD"),
        (json!({ "currentPassword": PASSWORD, "newPassword": "short" }), "PASSWORD_TOO_SHORT"),
        (
            json!({ "currentPassword": PASSWORD, "newPassword": "x".repeat(129) }),
            "PASSWORD_TOO_LONG",
        ),
        (json!({ "currentPassword": PASSWORD }), "VALIDATION_ERROR"),
        (json!({ "currentPassword": PASSWORD, "newPassword": NEW, "x": 1 }), "VALIDATION_ERROR"),
    ] {
        assert_eq!(change(&here, body).await.code(), (400, code));
    }
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    let done = change(&here, body).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let now = done.text("/token");
    assert_eq!(done.headers["set-auth-token"].to_str().unwrap(), now);
    assert!(done.cookie().starts_with("sixfold_session=ses_"));
    assert_eq!(done.text("/user/email"), "alice@example.com");
    assert!(!front.is_in(&here).await, "the token is another one with the next request");
    assert!(front.is_in(&now).await && front.is_in(&there).await);
    stage.letter("password_changed", "alice@example.com").await;
    assert_eq!(front.sign_in("alice@example.com", PASSWORD).await.status, 401);

    let body =
        json!({ "currentPassword": NEW, "newPassword": PASSWORD, "revokeOtherSessions": true });
    let last = change(&now, body).await.text("/token");
    assert!(front.is_in(&last).await && !front.is_in(&there).await);
    assert_eq!(front.events_of("password_changed").await, 2);
    let nobody = json!({ "currentPassword": NEW, "newPassword": PASSWORD });
    let nobody = front.post("/v1/auth/change-password", nobody).await;
    assert_eq!(nobody.status, 401);
    let told = stage.told().await;
    assert!(!told.contains(NEW) && !told.contains("ses_"), "{told}");
});

on_each!(who_has_no_password_is_told_so, |stage| {
    let front = front(&stage, settings());
    let token = front.sign_up("alice").await.text("/token");
    let gone = "delete from credentials where provider = 'password'";
    stage
        .app
        .db
        .unbound()
        .write(async move |tx| tx.run(gone, database::args![]).await)
        .await
        .unwrap();
    let code = (400, "CREDENTIAL_ACCOUNT_NOT_FOUND");
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    assert_eq!(front.post_as("/v1/auth/change-password", &token, body).await.code(), code);
    let body = json!({ "password": PASSWORD });
    assert_eq!(front.post_as("/v1/auth/verify-password", &token, body.clone()).await.code(), code);
    assert_eq!(front.post_as("/v1/auth/delete-user", &token, body).await.code(), code);
    assert_eq!(front.sign_in("alice@example.com", PASSWORD).await.status, 401);
    // A reset gives it one.
    ask(&front, "alice@example.com", Value::Null).await;
    let token = stage.letter("password_reset", "alice@example.com").await.token;
    assert_eq!(reset(&front, &token, NEW).await.status, 200);
    assert_eq!(front.sign_in("alice@example.com", NEW).await.status, 200);
});

on_each!(proving_who_one_is_makes_a_session_fresh_again_with_a_new_token, |stage| {
    let front = front(&stage, settings());
    let old = front.sign_up("alice").await;
    let token = old.text("/token");
    stage.pass(Duration::from_secs(5 * 60 + 1));
    let body = json!({ "newEmail": "ada@example.com" });
    let stale = front.post_as("/v1/auth/change-email", &token, body.clone()).await;
    assert_eq!(stale.code(), (403, "SESSION_NOT_FRESH"));
    let wrong = json!({ "password": "wrong password" });
    let wrong = front.post_as("/v1/auth/verify-password", &token, wrong).await;
    assert_eq!(wrong.code(), (400, "INVALID_PASSWORD"));
    let right = json!({ "password": PASSWORD });
    let done = front.post_as("/v1/auth/verify-password", &token, right.clone()).await;
    assert_eq!(done.body, json!({ "status": true }));
    let now = done.headers["set-auth-token"].to_str().unwrap().to_owned();
    assert_ne!(now, token);
    assert!(done.cookie().ends_with(&now));
    assert!(!front.is_in(&token).await);
    assert_eq!(front.post_as("/v1/auth/change-email", &now, body).await.status, 200);
    assert_eq!(front.events_of("user_reauthenticated").await, 1);
    assert_eq!(front.post("/v1/auth/verify-password", right).await.status, 401);
});

on_each!(the_real_clients_default_flow_is_a_matter_of_settings, |stage| {
    let front = front(&stage, Settings { password_min: 8, ..settings() });
    let body = json!({ "name": "Ada", "email": "ada@example.com", "password": "mango-71" });
    let up = front.post("/v1/auth/sign-up/email", body).await;
    assert_eq!(up.status, 200, "{}", up.body);
    assert!(up.text("/token").starts_with("ses_"));
    assert_eq!(front.sign_in("ada@example.com", "mango-71").await.status, 200);
});
