use std::time::Duration;

use serde_json::{Value, json};
use types::Secret;

use crate::accounts::futures;
use crate::on_each;
use crate::stage::{PASSWORD, Stage};

on_each!(of_fifty_who_set_up_at_once_exactly_one_owns_the_platform, |stage| {
    let open = async || stage.send("GET", "/v1/setup", &[], None).await.body["open"].clone();
    assert_eq!(open().await, json!(true));
    let token = stage.app.keys.setup_token();
    let body = |token: &str, number: usize| {
        json!({ "token": token, "name": "Ada", "email": format!("ada{number}@example.com"),
            "password": PASSWORD })
    };
    let wrong = stage.post("/v1/setup", body("wrong", 0)).await;
    assert_eq!(wrong.code(), (401, "invalid_setup_token"));
    let mut short = body(&token, 0);
    short["password"] = json!("short");
    assert_eq!(stage.post("/v1/setup", short).await.code(), (422, "password_too_short"));
    assert_eq!(open().await, json!(true));

    let answers = futures((0..50).map(|n| stage.post("/v1/setup", body(&token, n)))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1);
    let lost = answers.iter().filter(|one| one.code() == (409, "already_set_up")).count();
    println!("{lost} of 49 lost by 409");
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409 | 503)));
    assert_eq!(stage.count("select count(*) from users").await, 1);
    assert_eq!(open().await, json!(false));
    assert_eq!(won[0].headers["set-auth-token"].to_str().unwrap(), won[0].text("/token"));
    let me = stage.get("/v1/me", &won[0].text("/token")).await;
    assert_eq!(me.body["platformOwner"], true);
    let late = stage.post("/v1/setup", body(&token, 99)).await;
    assert_eq!(late.code(), (409, "already_set_up"));
});

on_each!(the_command_line_adds_owners_at_any_time, |stage| {
    for number in 0..2 {
        let email = format!("ada{number}@example.com");
        let secret = Secret::new(PASSWORD.to_owned());
        identity::create_owner(&stage.house, "Ada", &email, secret).await.unwrap();
        let body = json!({ "email": email, "password": PASSWORD });
        let token = stage.post("/v1/auth/sign-in/email", body).await.text("/token");
        assert_eq!(stage.get("/v1/me", &token).await.body["platformOwner"], true);
    }
    assert!(!identity::is_open(&stage.app).await.unwrap());
    let secret = Secret::new(PASSWORD.to_owned());
    let again = identity::create_owner(&stage.house, "Ada", "ada0@example.com", secret).await;
    assert_eq!(again.unwrap_err().code(), "user_already_exists");
});

on_each!(booting_again_changes_nothing_and_cleaning_comes_back, |stage| {
    let before = stage.events().await;
    assert_eq!(before, ["group_created"]);
    for boot in futures((0..5).map(|_| identity::boot(&stage.app))).await {
        boot.unwrap();
    }
    assert_eq!(stage.events().await, before);

    let jobs = || identity::jobs(kernel::jobs::Jobs::default());
    // The schedule is there from the first run on; a tick that is missed is made up for.
    let running = tokio::spawn(jobs().run(stage.app.clone()));
    let scheduled = "select count(*) from job_schedules where kind = 'identity.clean_up'";
    until(&stage, scheduled, 1).await;
    running.abort();
    stage.sign_up("alice").await;
    let signed = json!({ "email": "bob@example.com", "password": PASSWORD });
    let bob = stage.post("/v1/auth/signup", signed).await;
    let body = json!({ "refreshToken": bob.text("/refreshToken") });
    stage.post("/v1/auth/refresh", body).await;
    stage.pass(Duration::from_secs(8 * 86_400));
    stage.sign_up("carol").await;
    let running = tokio::spawn(jobs().run(stage.app.clone()));
    until(&stage, "select count(*) from sessions", 1).await;
    until(&stage, "select count(*) from spent_refresh_tokens", 0).await;
    running.abort();
});

async fn until(stage: &Stage, sql: &'static str, expected: i64) {
    for _ in 0..1_000 {
        if stage.count(sql).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stage.count(sql).await, expected, "{sql}");
}

#[test]
fn every_operation_is_documented() {
    let document = serde_json::to_value(identity::router().into_openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(operation["tags"].is_array(), "{id}");
            let asked = operation["parameters"].is_array() || operation["requestBody"].is_object();
            assert!(!asked || operation["responses"]["422"].is_object(), "{id}");
            assert!(operation["summary"].is_string(), "{id}");
            operations.push(format!("{method} {path} {id}"));
        }
    }
    println!("{}", operations.join("\n"));
    assert!(operations.len() >= 35);
    assert_ne!(document["components"]["schemas"]["User"], Value::Null);
}
