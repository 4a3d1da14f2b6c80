//! The second factor where there are no cookies, and after a mailed password.

use serde_json::json;

use crate::on_each;
use crate::stage::PASSWORD;
use crate::two_factor::{by_cookie, call, code, guard, pending, verify_address, wrong};

on_each!(a_token_pair_sends_the_code_along, |stage| {
    let alice = guard(&stage, "alice").await;
    let with = |code: Option<&str>| {
        let mut body = json!({ "email": "alice@example.com", "password": PASSWORD });
        if let Some(code) = code {
            body["code"] = json!(code);
        }
        body
    };
    let asked = stage.post("/v1/auth/signin", with(None)).await;
    assert_eq!(asked.code(), (403, "second_factor_required"));
    let bad = wrong(&stage, &alice.app);
    let refused = stage.post("/v1/auth/signin", with(Some(&bad))).await;
    assert_eq!(refused.code(), (401, "invalid_code"));
    for code in [code(&stage, &alice.app), alice.backup_codes[0].clone()] {
        let inside = stage.post("/v1/auth/login", with(Some(&code))).await;
        assert_eq!(inside.status, 200, "{}", inside.body);
        let me = stage.get("/v1/auth/get-session", &inside.text("/accessToken")).await;
        assert_eq!(me.text("/user/name"), "alice");
        let again = json!({ "refreshToken": inside.text("/refreshToken") });
        assert_eq!(stage.post("/v1/auth/refresh", again).await.status, 200);
    }
});

on_each!(a_password_that_was_set_by_mail_asks_for_the_app, |stage| {
    const NEW: &str = "another analytical engine";
    let alice = guard(&stage, "alice").await;
    // Else the mailbox's owner would find an account that is not theirs.
    verify_address(&stage, "alice").await;
    let asked = json!({ "email": "alice@example.com" });
    assert_eq!(stage.post("/v1/auth/request-password-reset", asked).await.status, 200);
    let token = stage.letter("password_reset", "alice@example.com").await.token;
    let body = json!({ "token": token, "newPassword": NEW });
    assert_eq!(stage.post("/v1/auth/reset-password", body).await.status, 200);

    let knock = async || {
        let body = json!({ "email": "alice@example.com", "password": NEW });
        let answer = stage.post("/v1/auth/sign-in/email", body).await;
        (answer.body["twoFactorMethods"].clone(), answer.kept("sixfold_two_factor"))
    };
    let (methods, cookie) = knock().await;
    assert_eq!(methods, json!(["totp"]), "the mailbox was shown already");
    for path in ["send-otp", "verify-otp"] {
        let body = if path == "send-otp" { json!({}) } else { json!({ "code": "123456" }) };
        let refused = by_cookie(&stage, path, &cookie, body).await;
        assert_eq!(refused.code(), (400, "OTP_NOT_ENABLED"), "{path}");
    }
    let right = json!({ "code": code(&stage, &alice.app) });
    assert_eq!(by_cookie(&stage, "verify-totp", &cookie, right).await.status, 200);
    let (methods, cookie) = knock().await;
    assert_eq!(methods, json!(["totp", "otp"]), "it was the owner");
    assert_eq!(by_cookie(&stage, "send-otp", &cookie, json!({})).await.status, 200);
    let events = stage.events().await;
    let of = |kind: &str| events.iter().filter(|one| *one == kind).count();
    assert_eq!((of("second_factor_requested"), of("second_factor_sent")), (2, 1));
});

on_each!(a_token_pair_gets_its_code_by_mail_where_there_is_no_app, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    verify_address(&stage, "alice").await;
    let body = json!({ "password": PASSWORD, "method": "otp" });
    assert_eq!(call(&stage, "enable", &alice, body).await.status, 200);
    let mut body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let asked = stage.post("/v1/auth/signin", body.clone()).await;
    assert_eq!(asked.code(), (403, "second_factor_required"));
    let mailed = stage.letter("email_code", "alice@example.com").await.code;
    let cookie = pending(&stage, "alice").await;
    let elsewhere = by_cookie(&stage, "verify-otp", &cookie, json!({ "code": mailed })).await;
    assert_eq!(elsewhere.code(), (401, "INVALID_CODE"));
    body["code"] = json!(mailed);
    let inside = stage.post("/v1/auth/signin", body.clone()).await;
    assert_eq!(inside.status, 200, "{}", inside.body);
    assert_eq!(stage.post("/v1/auth/signin", body).await.status, 400, "it counts once");
});
