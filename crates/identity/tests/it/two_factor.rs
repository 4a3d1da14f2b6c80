use std::time::Duration;

use database::args;
use serde_json::{Value, json};
use totp_rs::Totp;
use types::UserId;

use crate::accounts::futures;
use crate::on_each;
use crate::stage::{Answer, PASSWORD, Stage};

const STEP: Duration = Duration::from_secs(30);
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Somebody whose app is confirmed.
pub(crate) struct Guarded {
    pub(crate) token: String,
    pub(crate) app: Totp,
    pub(crate) backup_codes: Vec<String>,
}

pub(crate) fn code(stage: &Stage, app: &Totp) -> String {
    app.generate(stage.app.now().seconds().unsigned_abs()).to_string()
}

/// A code that is not right just now.
pub(crate) fn wrong(stage: &Stage, app: &Totp) -> String {
    let number: u32 = code(stage, app).parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

pub(crate) async fn call(stage: &Stage, path: &str, token: &str, body: Value) -> Answer {
    stage.as_bearer("POST", &format!("/v1/auth/two-factor/{path}"), token, body).await
}

pub(crate) async fn by_cookie(stage: &Stage, path: &str, cookie: &str, body: Value) -> Answer {
    let path = format!("/v1/auth/two-factor/{path}");
    stage.send("POST", &path, &[("cookie", cookie)], Some(body)).await
}

pub(crate) async fn guard(stage: &Stage, name: &str) -> Guarded {
    let token = stage.sign_up(name).await.text("/token");
    let set_up = call(stage, "enable", &token, json!({ "password": PASSWORD })).await;
    assert_eq!(set_up.status, 200, "{}", set_up.body);
    let app = Totp::from_url(set_up.text("/totpURI")).unwrap();
    let confirmed = call(stage, "verify-totp", &token, json!({ "code": code(stage, &app) })).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    // Its step is spent.
    stage.pass(STEP);
    let backup_codes = serde_json::from_value(set_up.body["backupCodes"].clone()).unwrap();
    Guarded { token: confirmed.text("/token"), app, backup_codes }
}

pub(crate) async fn sign_in(stage: &Stage, name: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
    stage.send("POST", "/v1/auth/sign-in/email", headers, Some(body)).await
}

pub(crate) async fn pending(stage: &Stage, name: &str) -> String {
    let answer = sign_in(stage, name, &[]).await;
    assert_eq!(answer.body["twoFactorRedirect"], true, "{}", answer.body);
    answer.kept("sixfold_two_factor")
}

pub(crate) async fn user_of(stage: &Stage, name: &'static str) -> UserId {
    let email = format!("{name}@example.com");
    stage
        .app
        .db
        .unbound()
        .read(async move |tx| {
            tx.one("select id from users where email = $1", args![&email], |row| row.get(0)).await
        })
        .await
        .unwrap()
}

pub(crate) async fn verify_address(stage: &Stage, name: &'static str) {
    let user = user_of(stage, name).await;
    stage
        .app
        .db
        .unbound()
        .write(async move |tx| {
            tx.run("update users set email_verified = $2 where id = $1", args![user, true]).await
        })
        .await
        .unwrap();
}

on_each!(an_app_counts_once_its_first_code_was_seen, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let body = json!({ "password": PASSWORD, "method": "totp", "issuer": "Acme" });
    let first = call(&stage, "enable", &alice, body).await;
    assert_eq!((first.status, first.text("/method")), (200, "totp".to_owned()), "{}", first.body);
    assert!(first.text("/totpURI").starts_with("otpauth://totp/Acme:alice%40example.com?"));
    assert_eq!(first.body["backupCodes"].as_array().unwrap().len(), 10);
    assert_eq!(sign_in(&stage, "alice", &[]).await.body["redirect"], false, "not active yet");

    let second = call(&stage, "enable", &alice, json!({ "password": PASSWORD })).await;
    let (old, app) = (
        Totp::from_url(first.text("/totpURI")).unwrap(),
        Totp::from_url(second.text("/totpURI")).unwrap(),
    );
    let of_old = call(&stage, "verify-totp", &alice, json!({ "code": code(&stage, &old) })).await;
    assert_eq!(of_old.code(), (401, "INVALID_CODE"));
    let shown = json!({ "code": code(&stage, &app) });
    let confirmed = call(&stage, "verify-totp", &alice, shown).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    assert_eq!(confirmed.body["user"]["twoFactorEnabled"], true);
    let token = confirmed.text("/token");
    assert!(token.starts_with("ses_") && token != alice);
    assert!(confirmed.kept("sixfold_session").ends_with(&token));
    let mine = stage.get("/v1/auth/get-session", &token).await;
    assert_eq!(mine.body["user"]["twoFactorEnabled"], true);
    let old = stage.get("/v1/auth/get-session", &alice).await;
    assert_eq!(old.body, Value::Null, "a step up ends the old token");

    let again = call(&stage, "enable", &token, json!({ "password": PASSWORD })).await;
    assert_eq!(again.code(), (400, "TOTP_ALREADY_ENABLED"));
    let uri = call(&stage, "get-totp-uri", &token, json!({ "password": PASSWORD })).await;
    assert_eq!(Totp::from_url(uri.text("/totpURI")).unwrap().secret(), app.secret());
    stage.letter("two_factor_changed", "alice@example.com").await;
    let told = stage.told().await;
    for secret in [app.secret().to_base32(), second.text("/backupCodes/0"), token] {
        assert!(!told.contains(&secret), "{told}");
    }
    assert!(stage.events().await.contains(&"two_factor_enabled".to_owned()));
    let plain = stage.count("select count(*) from two_factors where length(secret) < 60").await;
    assert_eq!(plain, 0, "the seed is sealed");
});

on_each!(what_changes_the_second_factor_needs_the_password, |stage| {
    let alice = guard(&stage, "alice").await;
    let paths = ["enable", "disable", "get-totp-uri", "generate-backup-codes"];
    for path in paths {
        let nobody = stage.post(&format!("/v1/auth/two-factor/{path}"), json!({})).await;
        assert_eq!(nobody.status, 401, "{path} {}", nobody.body);
        let without = call(&stage, path, &alice.token, json!({})).await;
        assert_eq!(without.code(), (400, "INVALID_PASSWORD"), "{path}");
        let unknown = call(&stage, path, &alice.token, json!({ "pin": 1 })).await;
        assert_eq!(unknown.code(), (400, "VALIDATION_ERROR"), "{path}");
    }
    for _ in 0..5 {
        let body = json!({ "password": "something else" });
        let guess = call(&stage, "disable", &alice.token, body).await;
        assert_eq!(guess.code(), (400, "INVALID_PASSWORD"));
    }
    let right = call(&stage, "disable", &alice.token, json!({ "password": PASSWORD })).await;
    assert_eq!(right.code(), (429, "RATE_LIMITED"), "too late");
    assert!(right.headers.contains_key("x-retry-after"));
    stage.pass(WINDOW);
    let body = json!({ "password": PASSWORD });
    let codes = call(&stage, "generate-backup-codes", &alice.token, body.clone()).await;
    assert_eq!((codes.status, &codes.body["status"]), (200, &json!(true)));
    let cookie = pending(&stage, "alice").await;
    let old = json!({ "code": alice.backup_codes[0] });
    let answer = by_cookie(&stage, "verify-backup-code", &cookie, old).await;
    assert_eq!(answer.code(), (401, "INVALID_BACKUP_CODE"));

    let off = call(&stage, "disable", &alice.token, body.clone()).await;
    assert_eq!((off.status, off.body), (200, json!({ "status": true })));
    let waiting = by_cookie(&stage, "verify-totp", &cookie, json!({ "code": "123456" })).await;
    assert_eq!(waiting.code(), (401, "INVALID_TWO_FACTOR_COOKIE"));
    assert_eq!(sign_in(&stage, "alice", &[]).await.body["redirect"], false);
    let uri = call(&stage, "get-totp-uri", &alice.token, body.clone()).await;
    assert_eq!(uri.code(), (400, "TOTP_NOT_ENABLED"));
    let codes = call(&stage, "generate-backup-codes", &alice.token, body).await;
    assert_eq!(codes.code(), (400, "TWO_FACTOR_NOT_ENABLED"));
    assert!(stage.events().await.contains(&"two_factor_disabled".to_owned()));
});

on_each!(an_account_without_a_password_shows_a_fresh_session, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    stage
        .app
        .db
        .unbound()
        .write(async |tx| tx.run("delete from credentials", args![]).await)
        .await
        .unwrap();
    assert_eq!(call(&stage, "enable", &alice, json!({})).await.status, 200);
    stage.pass(Duration::from_secs(301));
    let stale = call(&stage, "enable", &alice, json!({})).await;
    assert_eq!(stale.code(), (403, "SESSION_NOT_FRESH"));
});

on_each!(a_sign_in_waits_for_the_second_factor, |stage| {
    let alice = guard(&stage, "alice").await;
    let answer = sign_in(&stage, "alice", &[]).await;
    let asked = json!({ "twoFactorRedirect": true, "twoFactorMethods": ["totp", "otp"] });
    assert_eq!((answer.status, &answer.body), (200, &asked));
    assert!(answer.kept("sixfold_session").is_empty());
    assert!(!answer.headers.contains_key("set-auth-token"));
    let cookie = answer.kept("sixfold_two_factor");
    let none = stage.send("GET", "/v1/auth/get-session", &[("cookie", &cookie)], None).await;
    assert_eq!(none.body, Value::Null);

    let wrong = json!({ "code": wrong(&stage, &alice.app) });
    let refused = by_cookie(&stage, "verify-totp", &cookie, wrong).await;
    assert_eq!(refused.code(), (401, "INVALID_CODE"));
    let right = json!({ "code": code(&stage, &alice.app), "trustDevice": false });
    let inside = by_cookie(&stage, "verify-totp", &cookie, right.clone()).await;
    assert_eq!(inside.status, 200, "{}", inside.body);
    let token = inside.text("/token");
    assert_eq!(inside.headers["set-auth-token"].to_str().unwrap(), token);
    assert_eq!(inside.kept("sixfold_two_factor"), "sixfold_two_factor=");
    assert!(inside.kept("sixfold_trusted").is_empty());
    assert_eq!(stage.get("/v1/auth/get-session", &token).await.text("/user/name"), "alice");

    let spent = by_cookie(&stage, "verify-totp", &cookie, right.clone()).await;
    assert_eq!(spent.code(), (401, "INVALID_TWO_FACTOR_COOKIE"));
    let next = pending(&stage, "alice").await;
    let replayed = by_cookie(&stage, "verify-totp", &next, right).await;
    assert_eq!(replayed.code(), (401, "INVALID_CODE"), "a step counts once");
    let nobody = stage.post("/v1/auth/two-factor/verify-totp", json!({ "code": "123456" })).await;
    assert_eq!(nobody.code(), (401, "INVALID_TWO_FACTOR_COOKIE"));
    stage.pass(Duration::from_secs(601));
    let late = json!({ "code": code(&stage, &alice.app) });
    let late = by_cookie(&stage, "verify-totp", &next, late).await;
    assert_eq!(late.code(), (401, "INVALID_TWO_FACTOR_COOKIE"));
    let events = stage.events().await;
    assert_eq!(events.iter().filter(|kind| *kind == "second_factor_failed").count(), 2);
});

on_each!(a_mailed_code_is_good_once_where_it_was_asked_for, |stage| {
    guard(&stage, "alice").await;
    let (cookie, other) = (pending(&stage, "alice").await, pending(&stage, "alice").await);
    let nothing = by_cookie(&stage, "verify-otp", &cookie, json!({ "code": "123456" })).await;
    assert_eq!(nothing.code(), (400, "OTP_HAS_EXPIRED"));
    let sent = by_cookie(&stage, "send-otp", &cookie, json!({ "trustDevice": true })).await;
    assert_eq!((sent.status, &sent.body), (200, &json!({ "status": true })));
    let mailed = stage.letter("email_code", "alice@example.com").await.code;
    assert!(mailed.len() == 6 && mailed.bytes().all(|byte| byte.is_ascii_digit()));
    let body = json!({ "code": mailed });
    let elsewhere = by_cookie(&stage, "verify-otp", &other, body.clone()).await;
    assert_eq!(elsewhere.code(), (401, "INVALID_CODE"));
    let inside = by_cookie(&stage, "verify-otp", &cookie, body.clone()).await;
    assert_eq!(inside.status, 200, "{}", inside.body);
    let again = by_cookie(&stage, "verify-otp", &other, body).await;
    assert_eq!(again.code(), (400, "OTP_HAS_EXPIRED"));

    let cookie = pending(&stage, "alice").await;
    by_cookie(&stage, "send-otp", &cookie, json!({})).await;
    stage.pass(Duration::from_secs(301));
    let late = json!({ "code": stage.letter("email_code", "alice@example.com").await.code });
    let late = by_cookie(&stage, "verify-otp", &cookie, late).await;
    assert_eq!(late.code(), (400, "OTP_HAS_EXPIRED"));
    for _ in 0..5 {
        assert_eq!(by_cookie(&stage, "send-otp", &cookie, json!({})).await.status, 200);
    }
    let flood = by_cookie(&stage, "send-otp", &cookie, json!({})).await;
    assert_eq!(flood.code(), (429, "RATE_LIMITED"));
    let nobody = stage.post("/v1/auth/two-factor/send-otp", json!({})).await;
    assert_eq!(nobody.code(), (401, "INVALID_TWO_FACTOR_COOKIE"));
    assert!(!stage.told().await.contains(&mailed));
});

on_each!(mailed_codes_alone_need_a_verified_address, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let body = json!({ "password": PASSWORD, "method": "otp" });
    let early = call(&stage, "enable", &alice, body.clone()).await;
    assert_eq!(early.code(), (403, "EMAIL_NOT_VERIFIED"));
    verify_address(&stage, "alice").await;
    let on = call(&stage, "enable", &alice, body).await;
    assert_eq!((on.status, on.body), (200, json!({ "method": "otp" })));
    let answer = sign_in(&stage, "alice", &[]).await;
    assert_eq!(answer.body["twoFactorMethods"], json!(["otp"]));
    let cookie = answer.kept("sixfold_two_factor");
    let totp = by_cookie(&stage, "verify-totp", &cookie, json!({ "code": "123456" })).await;
    assert_eq!(totp.code(), (400, "TOTP_NOT_ENABLED"));
    let backup = json!({ "code": "aaaaa-aaaaa" });
    let backup = by_cookie(&stage, "verify-backup-code", &cookie, backup).await;
    assert_eq!(backup.code(), (400, "BACKUP_CODES_NOT_ENABLED"));
});

on_each!(a_backup_code_is_good_once_of_fifty, |stage| {
    let alice = guard(&stage, "alice").await;
    let (spare, code) = (&alice.backup_codes[1], &alice.backup_codes[0]);
    let cookie = pending(&stage, "alice").await;
    let body = json!({ "code": code.to_uppercase() });
    let tries = (0..50).map(|_| by_cookie(&stage, "verify-backup-code", &cookie, body.clone()));
    let answers = futures(tries).await;
    let inside = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(inside, 1, "{:?}", answers.iter().map(Answer::code).collect::<Vec<_>>());
    assert_eq!(stage.count("select count(*) from backup_codes").await, 9);

    stage.pass(WINDOW);
    let cookie = pending(&stage, "alice").await;
    let body = json!({ "code": spare, "disableSession": true });
    let used = by_cookie(&stage, "verify-backup-code", &cookie, body.clone()).await;
    assert_eq!((used.status, &used.body["token"]), (200, &Value::Null));
    let again = by_cookie(&stage, "verify-backup-code", &cookie, body).await;
    assert_eq!(again.code(), (401, "INVALID_BACKUP_CODE"));
    let events = stage.events().await;
    assert_eq!(events.iter().filter(|kind| *kind == "backup_code_used").count(), 2);
    assert!(!stage.told().await.contains(code.as_str()));
});

on_each!(a_code_of_an_app_is_good_once_of_fifty, |stage| {
    let alice = guard(&stage, "alice").await;
    let cookie = pending(&stage, "alice").await;
    let body = json!({ "code": code(&stage, &alice.app) });
    let tries = (0..50).map(|_| by_cookie(&stage, "verify-totp", &cookie, body.clone()));
    let answers = futures(tries).await;
    let inside = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(inside, 1, "{:?}", answers.iter().map(Answer::code).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| answer.status < 500));
});

on_each!(all_kinds_of_guesses_are_counted_together_and_exactly, |stage| {
    let alice = guard(&stage, "alice").await;
    let cookie = pending(&stage, "alice").await;
    by_cookie(&stage, "send-otp", &cookie, json!({})).await;
    let bad = wrong(&stage, &alice.app);
    let tries = (0..200).map(|number| {
        let (path, code) = match number % 3 {
            0 => ("verify-totp", bad.as_str()),
            1 => ("verify-otp", "wrong"),
            _ => ("verify-backup-code", "wrong-wrong"),
        };
        by_cookie(&stage, path, &cookie, json!({ "code": code }))
    });
    let answers = futures(tries).await;
    let checked = answers.iter().filter(|answer| answer.status == 401).count();
    let locked: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert_eq!((checked, locked.len()), (5, 195));
    assert_eq!(locked[0].code().1, "ACCOUNT_TEMPORARILY_LOCKED");
    assert!(locked[0].headers.contains_key("x-retry-after"));

    let fresh = pending(&stage, "alice").await;
    for (path, code) in [
        ("verify-totp", code(&stage, &alice.app)),
        ("verify-backup-code", alice.backup_codes[0].clone()),
    ] {
        let right = by_cookie(&stage, path, &fresh, json!({ "code": code })).await;
        assert_eq!(right.code(), (429, "ACCOUNT_TEMPORARILY_LOCKED"), "{path}");
    }
    let mine = stage.get("/v1/auth/get-session", &alice.token).await;
    assert_eq!(mine.text("/user/name"), "alice", "whoever is in stays in");
    let shown = json!({ "code": code(&stage, &alice.app) });
    assert_eq!(call(&stage, "verify-totp", &alice.token, shown).await.status, 200);

    stage.pass(WINDOW);
    let fresh = pending(&stage, "alice").await;
    let shown = json!({ "code": code(&stage, &alice.app) });
    assert_eq!(by_cookie(&stage, "verify-totp", &fresh, shown).await.status, 200);
    assert_eq!(stage.count("select count(*) from second_factor_failures").await, 0);
});

on_each!(a_restart_forgives_no_guesses, |stage| {
    let alice = guard(&stage, "alice").await;
    let cookie = pending(&stage, "alice").await;
    let bad = json!({ "code": wrong(&stage, &alice.app) });
    for _ in 0..5 {
        by_cookie(&stage, "verify-totp", &cookie, bad.clone()).await;
    }
    // As after a restart: what was counted in memory is gone.
    let user = user_of(&stage, "alice").await.to_string();
    stage.app.limits.clear("second_factor", &[&user]);
    let right = json!({ "code": code(&stage, &alice.app) });
    let right = by_cookie(&stage, "verify-totp", &cookie, right).await;
    assert_eq!(right.code(), (429, "ACCOUNT_TEMPORARILY_LOCKED"));
});

on_each!(codes_of_others_open_nothing, |stage| {
    let (alice, bob) = (guard(&stage, "alice").await, guard(&stage, "bob").await);
    let cookie = pending(&stage, "alice").await;
    let of_bob = json!({ "code": code(&stage, &bob.app) });
    let totp = by_cookie(&stage, "verify-totp", &cookie, of_bob).await;
    assert_eq!(totp.code(), (401, "INVALID_CODE"));
    let of_bob = json!({ "code": bob.backup_codes[0] });
    let backup = by_cookie(&stage, "verify-backup-code", &cookie, of_bob).await;
    assert_eq!(backup.code(), (401, "INVALID_BACKUP_CODE"));
    // The challenge counts, not the session that is sent along.
    let both = [("cookie", cookie.as_str()), ("authorization", &format!("Bearer {}", bob.token))];
    let body = Some(json!({ "code": code(&stage, &alice.app) }));
    let inside = stage.send("POST", "/v1/auth/two-factor/verify-totp", &both, body).await;
    assert_eq!(inside.text("/user/name"), "alice", "{}", inside.body);
});

on_each!(a_ban_holds_between_the_factors, |stage| {
    let alice = guard(&stage, "alice").await;
    let cookie = pending(&stage, "alice").await;
    stage
        .app
        .db
        .unbound()
        .write(async |tx| tx.run("update users set banned_at = $1", args![1_i64]).await)
        .await
        .unwrap();
    let body = json!({ "code": code(&stage, &alice.app) });
    let banned = by_cookie(&stage, "verify-totp", &cookie, body).await;
    assert_eq!(banned.code(), (403, "BANNED_USER"));
});
