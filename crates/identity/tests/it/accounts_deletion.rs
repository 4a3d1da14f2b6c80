use std::time::Duration;

use database::args;
use serde_json::{Value, json};

use crate::accounts_kit::{front, is_page, location, path_of, settings};
use crate::on_each;
use crate::stage::{PASSWORD, Stage};

/// Puts Bob into a group whose only owner is Alice.
async fn share(stage: &Stage) {
    stage
        .app
        .db
        .unbound()
        .write(async |tx| {
            tx.run(
                "insert into memberships (group_id, person_id, role, permissions, status, \
                 created_at, updated_at) select g.id, p.id, case when p.email like 'alice%' \
                 then 'group_owner' else 'group_user' end, g.metadata, 'active', 1, 1 \
                 from groups g, people p where g.slug = 'acme'",
                args![],
            )
            .await
        })
        .await
        .unwrap();
}

async fn run(stage: &Stage, sql: &'static str) {
    stage.app.db.unbound().write(async move |tx| tx.run(sql, args![]).await).await.unwrap();
}

const ACME: &str = "insert into groups (id, parent_id, slug, name, type, description, visibility, \
    join_policy, plan, limits, metadata, status, version, created_at, updated_at) \
    select p.id, null, 'acme', 'Acme', 'business', null, 'private', 'invite_only', 'enterprise', \
    null, g.metadata, 'active', 1, 1, 1 from people p join groups g on g.slug = 'platform' \
    where p.email = 'alice@example.com'";

const ITSELF: &str = "insert into group_ancestors (group_id, ancestor_id, depth) \
    select id, id, 0 from groups where slug = 'acme'";

on_each!(an_account_is_deleted_by_its_password_and_leaves_a_nameless_record, |stage| {
    let front = front(&stage, settings());
    let alice = front.sign_up("alice").await;
    let token = alice.text("/token");
    let elsewhere = front.sign_in("alice@example.com", PASSWORD).await.text("/token");
    let body = json!({
        "groupId": alice.text("/user/personalGroupId"), "name": "key", "permissions": ["things:read"],
    });
    let key = front.post_as("/v1/api-keys", &token, body).await;
    assert_eq!(key.status, 201, "{}", key.body);
    let done = front.post_as("/v1/auth/delete-user", &token, json!({ "password": PASSWORD })).await;
    assert_eq!(done.body, json!({ "success": true, "message": "User deleted" }));
    assert!(done.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    for token in [&token, &elsewhere] {
        assert!(!front.is_in(token).await);
    }
    assert_eq!(front.sign_in("alice@example.com", PASSWORD).await.status, 401);
    for (what, sql) in [
        ("users", "select count(*) from users"),
        ("sessions", "select count(*) from sessions"),
        ("credentials", "select count(*) from credentials"),
        ("memberships", "select count(*) from memberships"),
        ("live keys", "select count(*) from api_keys where revoked_at is null"),
        ("active", "select count(*) from groups where status = 'active' and slug <> 'platform'"),
        ("names", "select count(*) from people where email is not null or user_id is not null"),
        ("spaces", "select count(*) from groups where name like 'alice%'"),
    ] {
        assert_eq!(stage.count(sql).await, 0, "{what}");
    }
    let left = "select count(*) from people where display_name = 'Deleted user'";
    assert_eq!(stage.count(left).await, 1);
    for kind in ["account_deleted", "api_key_revoked", "entity_archived"] {
        assert_eq!(front.events_of(kind).await, 1, "{kind}");
    }
    stage.letter("account_deleted", "alice@example.com").await;
    // The address is free again, and leads to somebody new.
    let again = front.sign_up("alice").await;
    assert_ne!(again.text("/user/personId"), alice.text("/user/personId"));
});

on_each!(an_account_is_deleted_by_letter_by_whoever_is_signed_in_to_it, |stage| {
    let front = front(&stage, settings());
    let alice = front.sign_up("alice").await;
    let bob = front.sign_up("bob").await;
    let token = alice.text("/token");
    let ask = json!({ "callbackURL": "https://app.example.com/bye" });
    let sent = front.post_as("/v1/auth/delete-user", &token, ask).await;
    assert_eq!(sent.body, json!({ "success": true, "message": "Verification email sent" }));
    let letter = stage.letter("account_deletion", "alice@example.com").await;
    let url = path_of(&letter.url);
    let plain = format!("/v1/auth/delete-user/callback?token={}", letter.token);
    assert_eq!(front.fetch(&plain, "").await.code(), (404, "FAILED_TO_GET_USER_INFO"));
    assert_eq!(front.fetch(&plain, &bob.text("/token")).await.code(), (404, "INVALID_TOKEN"));
    let body = json!({ "token": letter.token });
    let foreign = front.post_as("/v1/auth/delete-user", &bob.text("/token"), body).await;
    assert_eq!(foreign.code(), (404, "INVALID_TOKEN"));
    let nobody = front.open(&url).await;
    assert!(is_page(&nobody) && nobody.status == 404);
    let headers = [("cookie", alice.cookie()), ("accept", "text/html".to_owned())];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for _ in 0..3 {
        let page = front.raw("GET", &url, &headers, String::new(), "203.0.113.7").await;
        assert!(is_page(&page) && page.status == 200);
    }
    let fields = [("token", letter.token.as_str()), ("callbackURL", "https://app.example.com/bye")];
    let path = "/v1/auth/delete-user/callback";
    let done = front.press(path, &fields, &alice.cookie()).await;
    assert_eq!((done.status, location(&done)), (303, "https://app.example.com/bye"));
    assert!(!front.is_in(&token).await);
    assert!(front.is_in(&bob.text("/token")).await);

    let bob = bob.text("/token");
    stage.pass(Duration::from_secs(6 * 60));
    let stale = front.post_as("/v1/auth/delete-user", &bob, json!({})).await;
    assert_eq!(stale.code(), (403, "SESSION_NOT_FRESH"));
    let wrong = front.post_as("/v1/auth/delete-user", &bob, json!({ "password": "x" })).await;
    assert_eq!(wrong.code(), (400, "INVALID_PASSWORD"));
    assert_eq!(front.post("/v1/auth/delete-user", json!({})).await.status, 401);
});

on_each!(nobody_leaves_a_group_of_others_without_an_owner, |stage| {
    let front = front(&stage, settings());
    let alice = front.sign_up("alice").await.text("/token");
    front.sign_up("bob").await;
    run(&stage, ACME).await;
    run(&stage, ITSELF).await;
    share(&stage).await;
    run(&stage, "update memberships set permissions = '[]'").await;
    let body = json!({ "password": PASSWORD });
    let refused = front.post_as("/v1/auth/delete-user", &alice, body.clone()).await;
    assert_eq!(refused.code(), (409, "ONLY_OWNER"));
    assert!(refused.text("/message").contains("`Acme`"), "{}", refused.body);
    assert!(front.is_in(&alice).await);
    run(&stage, "update memberships set role = 'group_owner'").await;
    let done = front.post_as("/v1/auth/delete-user", &alice, body).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let acme = "select count(*) from groups where slug = 'acme' and status = 'active'";
    assert_eq!(stage.count(acme).await, 1);
    assert_eq!(front.events_of("user_removed_from_group").await, 2);
});

on_each!(a_group_nobody_else_is_in_is_archived_with_its_owner, |stage| {
    let front = front(&stage, settings());
    let alice = front.sign_up("alice").await.text("/token");
    run(&stage, ACME).await;
    run(&stage, ITSELF).await;
    share(&stage).await;
    run(&stage, "update memberships set permissions = '[]'").await;
    let body = json!({ "password": PASSWORD });
    assert_eq!(front.post_as("/v1/auth/delete-user", &alice, body).await.status, 200);
    let acme = "select count(*) from groups where slug = 'acme' and status = 'archived'";
    assert_eq!(stage.count(acme).await, 1);
    assert_eq!(front.events_of("entity_archived").await, 2);
});

on_each!(a_profile_changes_and_the_member_record_follows, |stage| {
    let front = front(&stage, settings());
    let token = front.sign_up("alice").await.text("/token");
    let update = async |body: Value| front.post_as("/v1/auth/update-user", &token, body).await;
    let body = json!({ "name": " Ada ", "image": "https://example.com/a.png" });
    assert_eq!(update(body).await.body, json!({ "status": true }));
    let me = front.fetch("/v1/auth/get-session", &token).await;
    assert_eq!(
        (me.text("/user/name"), me.text("/user/image")),
        ("Ada".to_owned(), "https://example.com/a.png".to_owned())
    );
    assert_eq!(stage.count("select count(*) from people where display_name = 'Ada'").await, 1);
    assert_eq!(update(json!({ "image": null })).await.status, 200);
    let me = front.fetch("/v1/auth/get-session", &token).await;
    assert_eq!((me.text("/user/name"), &me.body["user"]["image"]), ("Ada".into(), &Value::Null));
    for (body, code) in [
        (json!({}), "NO_FIELDS_TO_UPDATE"),
        (json!({ "name": " " }), "VALIDATION_ERROR"),
        (json!({ "name": "x".repeat(101) }), "VALIDATION_ERROR"),
        (json!({ "image": "javascript:alert(1)" }), "VALIDATION_ERROR"),
        (json!({ "role": "admin" }), "VALIDATION_ERROR"),
        (json!({ "email": "x@example.com" }), "EMAIL_CAN_NOT_BE_UPDATED"),
    ] {
        assert_eq!(update(body).await.code(), (400, code));
    }
    assert_eq!(front.post("/v1/auth/update-user", json!({ "name": "x" })).await.status, 401);
    assert_eq!(front.events_of("profile_updated").await, 2);

    let accounts = front.fetch("/v1/auth/list-accounts", &token).await;
    assert_eq!(accounts.text("/0/providerId"), "credential");
    assert_eq!(accounts.text("/0/userId"), me.text("/user/id"));
    assert_eq!(accounts.body[0]["scopes"], json!([]));
    assert_eq!(accounts.body.as_array().unwrap().len(), 1);
    assert!(!accounts.body.to_string().contains("argon2"));
    assert_eq!(front.fetch("/v1/auth/list-accounts", "").await.status, 401);
});

on_each!(the_page_of_errors_shows_codes_and_nobodys_words, |stage| {
    let front = front(&stage, settings());
    let page = front.open("/v1/auth/error?error=state_mismatch&error_description=call+me").await;
    assert!(is_page(&page) && page.status == 200);
    let text = page.body.as_str().unwrap();
    assert!(text.contains("state_mismatch") && !text.contains("call me"));
    for evil in ["%3Cscript%3E", "your+account+is+lost", ""] {
        let page = front.open(&format!("/v1/auth/error?error={evil}")).await;
        assert!(page.body.as_str().unwrap().contains("Code: UNKNOWN"), "{evil}");
    }
});
