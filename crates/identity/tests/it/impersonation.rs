use std::time::Duration;

use serde_json::{Value, json};

use crate::on_each;
use crate::stage::{Answer, PASSWORD, Stage};
use crate::users::{act, owner};

/// `name=value` of every cookie that was set.
fn cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.get_all("set-cookie").iter();
    set.map(|one| one.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

async fn by_cookie(stage: &Stage, method: &str, path: &str, cookies: &[String]) -> Answer {
    let jar = cookies.join("; ");
    let headers = [("cookie", jar.as_str()), ("origin", "http://localhost:8080")];
    stage.send(method, path, &headers, None).await
}

on_each!(a_browser_acts_as_somebody_and_comes_back, |stage| {
    let (root, alice) = (owner(&stage).await, stage.sign_up("alice").await);
    let id = alice.text("/user/id");
    let own = vec![root.cookie()];
    let acting = by_cookie(&stage, "POST", &format!("/v1/users/{id}/impersonate"), &own).await;
    assert_eq!(acting.status, 200, "{}", acting.body);
    assert_eq!(acting.text("/user/id"), id);
    assert_eq!(acting.text("/impersonatedBy"), root.text("/user/personId"));
    let jar = cookies(&acting);
    assert_eq!(jar.len(), 2);
    assert!(jar[1].starts_with("sixfold_impersonator=ses_"), "{jar:?}");

    let who = by_cookie(&stage, "GET", "/v1/auth/get-session", &jar).await;
    assert_eq!(who.text("/user/id"), id);
    assert_eq!(who.text("/session/impersonatedBy"), root.text("/user/personId"));
    // What they do there is not what an owner may do.
    let list = by_cookie(&stage, "GET", "/v1/users", &jar).await;
    assert_eq!(list.code(), (403, "forbidden"));

    let back = by_cookie(&stage, "POST", "/v1/users/stop-impersonating", &jar).await;
    assert_eq!(back.body, json!({ "success": true, "restored": true }));
    let jar_after = cookies(&back);
    assert_eq!(jar_after[0], own[0]);
    assert_eq!(jar_after[1], "sixfold_impersonator=");
    let me = by_cookie(&stage, "GET", "/v1/auth/get-session", &jar_after).await;
    assert_eq!(me.text("/user/id"), root.text("/user/id"));
    assert_eq!(stage.get("/v1/me", &acting.text("/token")).await.status, 401);
    let again = by_cookie(&stage, "POST", "/v1/users/stop-impersonating", &jar_after).await;
    assert_eq!(again.code(), (409, "not_impersonating"));

    let events = stage.events().await;
    let of = |kind: &str| events.iter().filter(|one| *one == kind).count();
    assert_eq!((of("impersonation_started"), of("impersonation_ended")), (2, 2));
    assert!(!stage.told().await.contains("ses_"));
});

on_each!(a_foreign_token_is_not_given_back, |stage| {
    let (root, alice) = (owner(&stage).await, stage.sign_up("alice").await);
    let mallory = stage.sign_up("mallory").await.text("/token");
    let path = format!("/v1/users/{}/impersonate", alice.text("/user/id"));
    let acting = by_cookie(&stage, "POST", &path, &[root.cookie()]).await;
    let jar = [cookies(&acting)[0].clone(), format!("sixfold_impersonator={mallory}")];
    let back = by_cookie(&stage, "POST", "/v1/users/stop-impersonating", &jar).await;
    assert_eq!(back.body, json!({ "success": true, "restored": false }));
    assert_eq!(cookies(&back)[0], "sixfold_session=");
});

on_each!(acting_ends_after_an_hour_however_much_it_is_used, |stage| {
    let (root, alice) = (owner(&stage).await, stage.sign_up("alice").await);
    let (token, id) = (root.text("/token"), alice.text("/user/id"));
    let acting = act(&stage, &token, &id, "impersonate", Value::Null).await;
    assert_eq!(cookies(&acting).len(), 1, "who sends a token keeps it");
    let session = acting.text("/token");
    for _ in 0..5 {
        assert_eq!(stage.get("/v1/me", &session).await.status, 200);
        stage.pass(Duration::from_secs(700));
    }
    stage.pass(Duration::from_secs(101));
    assert_eq!(stage.get("/v1/me", &session).await.status, 401);
});

on_each!(nobody_acts_as_an_owner_as_oneself_or_as_who_is_banned, |stage| {
    let root = owner(&stage).await;
    let token = root.text("/token");
    let secret = types::Secret::new(PASSWORD.to_owned());
    identity::create_owner(&stage.house, "Olga", "olga@example.com", secret).await.unwrap();
    let found = stage.get("/v1/users?q=olga", &token).await;
    assert_eq!(found.body["data"][0]["platformOwner"], true);
    let olga = found.text("/data/0/id");
    let as_olga = act(&stage, &token, &olga, "impersonate", Value::Null).await;
    assert_eq!(as_olga.code(), (403, "impersonating_owner"));
    let as_me = act(&stage, &token, &root.text("/user/id"), "impersonate", Value::Null).await;
    assert_eq!(as_me.code(), (409, "own_account"));
    let alice = stage.sign_up("alice").await.text("/user/id");
    assert_eq!(act(&stage, &token, &alice, "ban", json!({})).await.status, 200);
    let as_banned = act(&stage, &token, &alice, "impersonate", Value::Null).await;
    assert_eq!(as_banned.code(), (403, "banned_user"));
});

on_each!(an_owner_who_is_one_no_more_acts_as_nobody, |stage| {
    let root = owner(&stage).await.text("/token");
    let secret = types::Secret::new(PASSWORD.to_owned());
    identity::create_owner(&stage.house, "Olga", "olga@example.com", secret).await.unwrap();
    let body = json!({ "email": "olga@example.com", "password": PASSWORD });
    let olga = stage.post("/v1/auth/sign-in/email", body).await;
    let alice = stage.sign_up("alice").await.text("/user/id");
    let path = format!("/v1/users/{alice}/impersonate");
    let acting =
        async |token: &str| stage.as_bearer("POST", &path, token, Value::Null).await.text("/token");
    let first = acting(&olga.text("/token")).await;
    assert_eq!(stage.get("/v1/me", &first).await.status, 200);
    let banned = act(&stage, &root, &olga.text("/user/id"), "ban", json!({})).await;
    assert_eq!(banned.status, 200);
    assert_eq!(stage.get("/v1/me", &first).await.status, 401);

    // Losing the platform is noticed within a second.
    let second = acting(&root).await;
    assert_eq!(stage.get("/v1/me", &second).await.status, 200);
    stage
        .app
        .change(&kernel::Caller::system("test"), async |work| {
            work.silently();
            let sql = "delete from memberships where role = 'platform_owner'";
            work.tx.run(sql, database::args![]).await
        })
        .await
        .unwrap();
    stage.pass(Duration::from_secs(2));
    assert_eq!(stage.get("/v1/me", &second).await.status, 401);
});

on_each!(whoever_signs_out_while_acting_leaves_nothing_behind, |stage| {
    let (root, alice) = (owner(&stage).await, stage.sign_up("alice").await);
    let id = alice.text("/user/id");
    let path = format!("/v1/users/{id}/impersonate");
    let acting = by_cookie(&stage, "POST", &path, &[root.cookie()]).await;
    let out = by_cookie(&stage, "POST", "/v1/auth/sign-out", &cookies(&acting)).await;
    assert_eq!(out.status, 200);
    let gone = ["sixfold_session=", "sixfold_two_factor=", "sixfold_impersonator="];
    assert_eq!(cookies(&out), gone);
    assert_eq!(stage.get("/v1/me", &acting.text("/token")).await.status, 401);
    assert_eq!(stage.get("/v1/me", &root.text("/token")).await.status, 401);
    assert_eq!(stage.get("/v1/me", &alice.text("/token")).await.status, 200);
});

on_each!(events_name_who_acts, |stage| {
    let (root, alice) = (owner(&stage).await, stage.sign_up("alice").await);
    let id = alice.text("/user/id");
    let acting = act(&stage, &root.text("/token"), &id, "impersonate", Value::Null).await;
    let body = json!({ "type": "lesson_completed" });
    for (token, impersonator) in [
        (acting.text("/token"), &root.body["user"]["personId"]),
        (alice.text("/token"), &Value::Null),
    ] {
        let told = stage.as_bearer("POST", "/v1/events", &token, body.clone()).await;
        assert_eq!(told.status, 201, "{}", told.body);
        assert_eq!(told.body["actorId"], alice.body["user"]["personId"]);
        assert_eq!(&told.body["impersonatorId"], impersonator);
    }
});
