use std::time::Duration;

use serde_json::{Value, json};

use crate::on_each;
use crate::stage::{Answer, Stage};

async fn make(stage: &Stage, token: &str, group: &str, permissions: Value) -> Answer {
    let body = json!({ "name": "nightly", "groupId": group, "permissions": permissions });
    stage.as_bearer("POST", "/v1/api-keys", token, body).await
}

on_each!(a_key_is_shown_once_used_listed_and_revoked, |stage| {
    let alice = stage.sign_up("alice").await;
    let (token, group) = (alice.text("/token"), alice.text("/user/personalGroupId"));
    let made = make(&stage, &token, &group, json!(["things:read", "things:create"])).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (id, key) = (made.text("/id"), made.text("/key"));
    assert_eq!(made.headers["location"].to_str().unwrap(), format!("/v1/api-keys/{id}"));
    assert!(key.starts_with(&made.text("/keyStart")));
    assert_eq!(made.text("/status"), "active");
    assert_eq!(made.text("/expiresAt"), "2028-01-15T08:00:00.000Z");

    let me = stage.send("GET", "/v1/me", &[("x-api-key", &key)], None).await;
    assert_eq!(me.text("/person"), alice.text("/user/personId"));
    assert_eq!(me.text("/key"), id);
    assert_eq!(me.body["memberships"][0]["rights"], json!(["things:read", "things:create"]));
    assert_eq!(stage.get("/v1/me", &key).await.body, me.body);

    // A key makes no keys, and is nobody's session.
    let by_key = make(&stage, &key, &group, json!([])).await;
    assert_eq!(by_key.code(), (403, "forbidden"));
    assert_eq!(stage.get("/v1/auth/get-session", &key).await.body, Value::Null);

    let list = async || stage.get(&format!("/v1/api-keys?groupId={group}"), &token).await;
    for _ in 0..200 {
        if list().await.body["data"][0]["lastUsedAt"].is_string() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let listed = list().await;
    assert_eq!(listed.text("/data/0/id"), id);
    assert!(listed.body["data"][0]["lastUsedAt"].is_string());
    assert!(listed.body["data"][0].get("key").is_none());

    let revoke = async || {
        stage.as_bearer("DELETE", &format!("/v1/api-keys/{id}"), &token, Value::Null).await.status
    };
    assert_eq!((revoke().await, revoke().await), (204, 204));
    assert_eq!(stage.get("/v1/me", &key).await.code(), (401, "invalid_token"));
    assert_eq!(list().await.text("/data/0/status"), "revoked");

    let events = stage.events().await;
    let of_keys: Vec<_> = events.iter().filter(|kind| kind.starts_with("api_key")).collect();
    assert_eq!(of_keys, ["api_key_created", "api_key_revoked"]);
    assert!(!stage.told().await.contains("gsk_"));
});

on_each!(a_key_has_at_most_its_makers_rights_in_one_group, |stage| {
    let (alice, bob) = (stage.sign_up("alice").await, stage.sign_up("bob").await);
    let group = alice.text("/user/personalGroupId");
    let (token, stranger) = (alice.text("/token"), bob.text("/token"));
    assert_eq!(make(&stage, &stranger, &group, json!([])).await.code(), (404, "not_found"));
    let unknown = make(&stage, &token, &group, json!(["things:fly"])).await;
    assert_eq!(unknown.code(), (422, "unknown_permission"));

    // Bob becomes a member who may make keys, and loses it again.
    let member = async |role: &'static str, extra: &'static str| {
        let (group, person): (types::GroupId, types::PersonId) =
            (group.parse().unwrap(), bob.text("/user/personId").parse().unwrap());
        stage
            .app
            .change(&kernel::Caller::system("test"), async move |work| {
                work.silently();
                let extra = types::Json::from_text(extra.to_owned())?;
                work.tx
                    .run(
                        "insert into memberships (group_id, person_id, role, permissions, status, \
                         created_at, updated_at) values ($1, $2, $3, $4, 'active', $5, $5) \
                         on conflict (group_id, person_id) do update set role = $3, \
                         permissions = $4",
                        database::args![group, person, role, &extra, work.now],
                    )
                    .await?;
                work.after_commit(move |app| app.identities.forget_person(person));
                Ok(())
            })
            .await
            .unwrap();
    };
    member("group_user", "[\"api_keys:create\"]").await;
    let too_much = make(&stage, &stranger, &group, json!(["groups:delete"])).await;
    assert_eq!(too_much.code(), (403, "forbidden"));
    let made = make(&stage, &stranger, &group, json!(["things:create", "things:read"])).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let key = made.text("/key");
    let rights = async || stage.get("/v1/me", &key).await.body["memberships"].clone();
    assert_eq!(rights().await[0]["rights"], json!(["things:read", "things:create"]));
    member("customer", "[]").await;
    assert_eq!(rights().await[0]["rights"], json!([]), "rights are those at use time");
    // Who made a key may always end it.
    let gone = stage
        .as_bearer("DELETE", &format!("/v1/api-keys/{}", made.text("/id")), &stranger, Value::Null)
        .await;
    assert_eq!(gone.status, 204);
    let listed = stage.get(&format!("/v1/api-keys?groupId={group}"), &stranger).await;
    assert_eq!(listed.code(), (403, "forbidden"));
});

on_each!(keys_expire_are_bounded_and_paged, |stage| {
    let alice = stage.sign_up("alice").await;
    let (token, group) = (alice.text("/token"), alice.text("/user/personalGroupId"));
    let past = json!({ "name": "k", "groupId": group, "permissions": [],
        "expiresAt": "2020-01-01T00:00:00Z" });
    let past = stage.as_bearer("POST", "/v1/api-keys", &token, past).await;
    assert_eq!(past.code(), (422, "in_the_past"));
    let soon = json!({ "name": "k", "groupId": group, "permissions": [],
        "expiresAt": "2027-01-15T08:01:00Z" });
    let soon = stage.as_bearer("POST", "/v1/api-keys", &token, soon).await;
    assert_eq!(stage.get("/v1/me", &soon.text("/key")).await.status, 200);
    for _ in 1..100 {
        assert_eq!(make(&stage, &token, &group, json!([])).await.status, 201);
    }
    let full = make(&stage, &token, &group, json!([])).await;
    assert_eq!(full.code(), (409, "too_many_api_keys"));
    stage.pass(Duration::from_secs(60));
    assert_eq!(stage.get("/v1/me", &soon.text("/key")).await.code(), (401, "invalid_token"));
    assert_eq!(make(&stage, &token, &group, json!([])).await.status, 201);

    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page =
            stage.get(&format!("/v1/api-keys?groupId={group}&limit=40{cursor}"), &token).await;
        for one in page.body["data"].as_array().unwrap() {
            seen.push(one["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page.body["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen.len(), 101);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "newest first");
    let path = format!("/v1/api-keys?groupId={group}&sort=createdAt{cursor}");
    assert_eq!(stage.get(&path, &token).await.code(), (422, "invalid_cursor"));
    let nobody = stage.send("GET", &format!("/v1/api-keys?groupId={group}"), &[], None).await;
    assert_eq!(nobody.code(), (401, "unauthenticated"));
});
