//! Apps with a login page of their own.

use identity::Settings;
use serde_json::json;

use super::{APP, ASK, PROGRAM, VERIFY, otherwise, settings, visit};
use crate::accounts::futures;
use crate::on_each;
use crate::stage::Answer;

on_each!(an_old_credential_does_not_keep_anybody_out, |stage| {
    let old = [("authorization", "Bearer ses_gone"), PROGRAM];
    let body = json!({ "email": "ada@example.com" });
    assert_eq!(stage.send("POST", ASK, &old, Some(body.clone())).await.status, 200);
    let token = stage.letter("magic_link", "ada@example.com").await.token;
    let path = format!("{VERIFY}?token={token}");
    assert_eq!(stage.send("GET", &path, &old, None).await.status, 200);
    let asked = stage.send("POST", "/v1/auth/request-link", &old, Some(body)).await;
    assert_eq!(asked.status, 200);
    let none = stage.send("GET", "/v1/auth/session", &old, None).await;
    assert_eq!(none.code(), (401, "unauthenticated"));
});

on_each!(an_app_with_its_own_login_page_signs_in_and_out, |stage| {
    let asked = stage.post("/v1/auth/request-link", json!({ "email": "Ada@example.com" })).await;
    assert_eq!((asked.status, asked.text("/status")), (200, "ok".to_owned()));
    let link = asked.text("/magic_link");
    assert_eq!(stage.letter("magic_link", "ada@example.com").await.url, link);
    let token = link.strip_prefix("http://localhost:8080/login?token=").unwrap();

    for body in [json!({}), json!({ "token": "" }), json!({ "token": 5 }), json!({ "token": null })]
    {
        let answer = stage.post("/v1/auth/verify", body.clone()).await;
        assert_eq!(answer.code(), (400, "missing_token"), "{body}");
    }
    let unknown = stage.post("/v1/auth/verify", json!({ "token": "unknown" })).await;
    assert_eq!(unknown.code(), (401, "invalid_token"));
    let answers =
        futures((0..50).map(|_| stage.post("/v1/auth/verify", json!({ "token": token })))).await;
    let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1);
    let cookie = won[0].cookie();
    assert!(cookie.starts_with("sixfold_session=ses_"));
    assert_eq!(won[0].text("/user/email"), "ada@example.com");

    let here = [("cookie", cookie.as_str()), ("origin", "http://localhost:8080")];
    let mine = stage.send("GET", "/v1/auth/session", &here, None).await;
    assert_eq!(mine.status, 200);
    assert_eq!(mine.body["user"], won[0].body["user"]);
    assert_eq!(mine.body["session"], won[0].body["session"]);
    let out = stage.send("POST", "/v1/auth/logout", &here, None).await;
    assert_eq!(out.status, 200);
    assert!(out.headers["set-cookie"].to_str().unwrap().starts_with("sixfold_session=; Max-Age=0"));
    let gone = stage.send("GET", "/v1/auth/session", &here, None).await;
    assert_eq!(gone.code(), (401, "unauthenticated"));
});

on_each!(what_is_wrong_with_such_a_request_is_told_in_its_words, |stage| {
    let json = [("content-type", "application/json")];
    for (path, body, code) in [
        ("/v1/auth/request-link", "{", "invalid_json"),
        ("/v1/auth/request-link", "", "invalid_json"),
        ("/v1/auth/request-link", "{}", "invalid_email"),
        ("/v1/auth/request-link", r#"{"email":null}"#, "invalid_email"),
        ("/v1/auth/verify", "{\"token\":", "invalid_json"),
        ("/v1/auth/verify", "{}", "missing_token"),
    ] {
        let page = visit(&stage.router, "POST", path, &json, body, "").await;
        assert_eq!(page.status, 400, "{path} {body}: {}", page.text);
        assert!(
            page.text.contains(&format!("\"code\":\"{code}\"")),
            "{path} {body}: {}",
            page.text
        );
    }
});

on_each!(in_production_the_link_is_only_in_the_mail, |stage| {
    let settings = Settings { app_url: APP.to_owned(), ..settings() };
    let production = otherwise(&stage, settings, false);
    let json = [("content-type", "application/json")];
    let body = r#"{"email":"ada@example.com"}"#;
    let page = visit(&production, "POST", "/v1/auth/request-link", &json, body, "").await;
    assert_eq!((page.status, page.text.as_str()), (200, r#"{"status":"ok"}"#));
    let letter = stage.letter("magic_link", "ada@example.com").await;
    assert!(letter.url.starts_with("https://app.example.com/login?token="), "{}", letter.url);
});
