use std::time::Duration;

use serde_json::{Value, json};

use crate::accounts::futures;
use crate::on_each;
use crate::stage::{Answer, PASSWORD, Stage};

/// Names the owner of the platform.
pub(crate) async fn owner(stage: &Stage) -> Answer {
    let token = stage.app.keys.setup_token();
    let body = json!({
        "token": token, "name": "Root", "email": "root@example.com", "password": PASSWORD,
    });
    let made = stage.post("/v1/setup", body).await;
    assert_eq!(made.status, 200, "{}", made.body);
    made
}

/// Does something to an account.
pub(crate) async fn act(stage: &Stage, token: &str, id: &str, verb: &str, body: Value) -> Answer {
    stage.as_bearer("POST", &format!("/v1/users/{id}/{verb}"), token, body).await
}

async fn sign_in(stage: &Stage, name: &str, password: &str) -> Answer {
    let body = json!({ "email": format!("{name}@example.com"), "password": password });
    stage.post("/v1/auth/sign-in/email", body).await
}

/// Everything an account was told, with whom it was done by.
async fn told(stage: &Stage, kind: &'static str) -> Vec<(String, Option<types::PersonId>, String)> {
    stage
        .app
        .db
        .unbound()
        .read(async move |tx| {
            tx.all(
                "select g.slug, e.actor_id, e.visibility from events e \
                 join groups g on g.id = e.group_id where e.type = $1 order by e.seq",
                database::args![kind],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .await
        })
        .await
        .unwrap()
}

on_each!(only_owners_of_the_platform_at_a_device_administer, |stage| {
    let (root, alice) = (owner(&stage).await, stage.sign_up("alice").await);
    let (root_token, alice_token) = (root.text("/token"), alice.text("/token"));
    let id = alice.text("/user/id");
    let group = root.text("/user/personalGroupId");
    let body = json!({ "name": "k", "groupId": group, "permissions": ["*"] });
    let key = stage.as_bearer("POST", "/v1/api-keys", &root_token, body).await.text("/key");
    assert!(key.starts_with("gsk_"));

    let one = format!("/v1/users/{id}");
    let calls = [
        ("GET", "/v1/users".to_owned(), Value::Null),
        ("GET", one.clone(), Value::Null),
        ("GET", "/v1/users/user_00000000000000000000000000".to_owned(), Value::Null),
        ("POST", "/v1/users".to_owned(), json!({ "name": "x", "email": "x@example.com" })),
        ("PATCH", one.clone(), json!({ "name": "Mallory" })),
        ("POST", format!("{one}/verify"), Value::Null),
        ("POST", format!("{one}/reset-password"), json!({})),
        ("POST", format!("{one}/revoke-sessions"), Value::Null),
        ("POST", format!("{one}/ban"), json!({})),
        ("POST", format!("{one}/unban"), Value::Null),
        ("POST", format!("{one}/impersonate"), Value::Null),
        ("POST", "/v1/users/import".to_owned(), Value::Null),
        ("DELETE", one.clone(), Value::Null),
    ];
    for (method, path, body) in &calls {
        let nobody = stage.send(method, path, &[], body.as_object().map(|_| body.clone())).await;
        assert_eq!(nobody.code(), (401, "unauthenticated"), "{method} {path}");
        for token in [&alice_token, &key] {
            let refused = stage.as_bearer(method, path, token, body.clone()).await;
            assert_eq!(refused.code(), (403, "forbidden"), "{method} {path}: {}", refused.body);
        }
    }
    // What takes something away needs a session that is fresh; looking does not.
    stage.pass(Duration::from_secs(6 * 60));
    for (method, path, body) in &calls {
        let answer = stage.as_bearer(method, path, &root_token, body.clone()).await;
        let stale =
            ["verify", "reset-password", "revoke-sessions", "/ban", "impersonate", "import"]
                .iter()
                .any(|end| path.ends_with(end))
                || *method == "DELETE";
        assert_eq!(answer.code() == (403, "session_not_fresh"), stale, "{method} {path}");
    }
    // So does what opens an account.
    let new = |extra: (&str, Value)| {
        let mut body = json!({ "name": "y", "email": "y@example.com" });
        body[extra.0] = extra.1;
        body
    };
    for (method, path, body) in [
        ("POST", "/v1/users", new(("password", json!(PASSWORD)))),
        ("POST", "/v1/users", new(("emailVerified", json!(true)))),
        ("PATCH", one.as_str(), json!({ "emailVerified": true })),
    ] {
        let answer = stage.as_bearer(method, path, &root_token, body.clone()).await;
        assert_eq!(answer.code(), (403, "session_not_fresh"), "{method} {path} {body}");
    }
    assert_eq!(stage.get(&one, &root_token).await.text("/name"), "Mallory");
});

on_each!(accounts_are_listed_searched_and_paged, |stage| {
    let root = owner(&stage).await.text("/token");
    for name in ["alice", "albert", "bob", "a_b", "100%"] {
        let body = json!({ "name": name.to_uppercase(), "email": format!("{name}@example.com"),
            "password": PASSWORD });
        assert_eq!(stage.as_bearer("POST", "/v1/users", &root, body).await.status, 201);
        // Ids follow the moment of creation.
        stage.pass(Duration::from_secs(1));
    }
    let names = async |query: &str| {
        let answer = stage.get(&format!("/v1/users?sort=createdAt&{query}"), &root).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let data = answer.body["data"].as_array().unwrap().clone();
        data.iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("q=AL").await, ["alice@example.com", "albert@example.com"]);
    assert_eq!(names("q=a_").await, ["a_b@example.com"]);
    assert_eq!(names("q=100%25").await, ["100%@example.com"]);
    assert_eq!(names("q=%25").await, [""; 0]);
    assert_eq!(names("banned=true").await, [""; 0]);
    assert_eq!(names("banned=false").await.len(), 6);

    let (mut seen, mut path) = (Vec::new(), "/v1/users?limit=4".to_owned());
    loop {
        let page = stage.get(&path, &root).await;
        let data = page.body["data"].as_array().unwrap().clone();
        seen.extend(data.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.body["nextCursor"].as_str() else { break };
        path = format!("/v1/users?limit=4&cursor={cursor}");
    }
    assert_eq!(seen.len(), 6);
    seen.dedup();
    assert_eq!(seen.len(), 6);
    assert_eq!(stage.get("/v1/users?role=x", &root).await.status, 422);
    let long = format!("/v1/users?q={}", "x".repeat(255));
    assert_eq!(stage.get(&long, &root).await.code(), (422, "too_long"));
});

on_each!(an_account_made_without_a_password_gets_a_letter_to_set_one, |stage| {
    let root = owner(&stage).await;
    let (token, me) = (root.text("/token"), root.text("/user/personId"));
    let make = async |body: Value| stage.as_bearer("POST", "/v1/users", &token, body).await;
    let made =
        make(json!({ "name": "Ada", "email": "Ada@Example.com", "emailVerified": true })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.text("/id");
    assert_eq!(made.headers["location"].to_str().unwrap(), format!("/v1/users/{id}"));
    assert_eq!(made.text("/email"), "ada@example.com");
    assert_eq!(
        (&made.body["emailVerified"], &made.body["hasPassword"]),
        (&json!(true), &json!(false))
    );
    let letter = stage.letter("password_reset_by_admin", "ada@example.com").await;
    let head =
        format!("http://localhost:8080/v1/auth/reset-password/{}?callbackURL=", letter.token);
    assert!(letter.url.starts_with(&head) && letter.token.len() >= 43, "{}", letter.url);
    assert!(letter.url.ends_with("%2Freset-password"), "{}", letter.url);

    let again = make(json!({ "name": "Ada", "email": "ada@example.com" })).await;
    assert_eq!(again.code(), (409, "user_already_exists"));
    let bad = make(json!({ "name": "", "email": "x", "password": "y" })).await;
    assert_eq!(bad.status, 422);
    let weak =
        make(json!({ "name": "Eve", "email": "eve@example.com", "password": "password1234" }));
    assert_eq!(weak.await.code(), (422, "password_too_common"));
    let body =
        json!({ "name": "E", "email": "e@example.com", "redirectTo": "https://evil.example/" });
    assert_eq!(make(body).await.code(), (403, "invalid_callback_url"));

    let known =
        make(json!({ "name": "Bob", "email": "bob@example.com", "password": PASSWORD })).await;
    assert_eq!(known.body["hasPassword"], true);
    assert_eq!(sign_in(&stage, "bob", PASSWORD).await.status, 200);
    assert_eq!(stage.kinds().len(), 1, "no letter goes to who has a password");

    let told = told(&stage, "user_created_by_owner").await;
    assert_eq!(told.len(), 4);
    assert!(
        told.iter().all(|(_, actor, seen)| actor.unwrap().to_string() == me && seen == "private")
    );
    assert_eq!(told.iter().filter(|(slug, ..)| slug == "platform").count(), 2);
    let all = stage.told().await;
    assert!(!all.contains('@') && !all.contains("Ada") && !all.contains(&letter.token), "{all}");
});

on_each!(an_owner_verifies_renames_and_resets, |stage| {
    let root = owner(&stage).await.text("/token");
    let alice = stage.sign_up("alice").await;
    let (id, token) = (alice.text("/user/id"), alice.text("/token"));
    let change =
        async |body: Value| stage.as_bearer("PATCH", &format!("/v1/users/{id}"), &root, body).await;
    assert_eq!(act(&stage, &root, &id, "verify", Value::Null).await.body["emailVerified"], true);
    assert_eq!(act(&stage, &root, &id, "verify", Value::Null).await.status, 200);
    assert_eq!(change(json!({ "name": " Alice L " })).await.text("/name"), "Alice L");
    assert_eq!(change(json!({ "emailVerified": false })).await.body["emailVerified"], false);
    assert_eq!(change(json!({ "name": "" })).await.code(), (422, "too_short"));
    assert_eq!(change(json!({ "email": "x@example.com" })).await.code(), (422, "unknown_field"));
    let nobody = "user_00000000000000000000000000";
    assert_eq!(act(&stage, &root, nobody, "verify", Value::Null).await.code(), (404, "not_found"));

    let mailed = act(&stage, &root, &id, "reset-password", Value::Null).await;
    assert_eq!(mailed.body, json!({ "status": "mailed" }));
    let letter = stage.letter("password_reset_by_admin", "alice@example.com").await;
    assert!(letter.url.contains("/v1/auth/reset-password/"));
    assert_eq!(stage.get("/v1/me", &token).await.status, 200);
    let weak =
        act(&stage, &root, &id, "reset-password", json!({ "password": "alice alice" })).await;
    assert_eq!(weak.status, 422);
    let body = json!({ "password": "a brand new lantern" });
    let set = act(&stage, &root, &id, "reset-password", body).await;
    assert_eq!(set.body, json!({ "status": "password_set" }));
    let told = ("password_reset_by_admin".to_owned(), "alice@example.com".to_owned());
    for _ in 0..500 {
        if stage.kinds().iter().filter(|one| **one == told).count() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(stage.kinds().iter().filter(|one| **one == told).count(), 2, "whose it is knows");
    assert_eq!(stage.get("/v1/me", &token).await.status, 401);
    assert_eq!(
        stage.count("select count(*) from challenges where purpose = 'password_reset'").await,
        0
    );
    assert_eq!(sign_in(&stage, "alice", PASSWORD).await.status, 401);
    let again = sign_in(&stage, "alice", "a brand new lantern").await.text("/token");
    assert_eq!(stage.get("/v1/me", &again).await.status, 200);

    let ended = act(&stage, &root, &id, "revoke-sessions", Value::Null).await;
    assert_eq!(ended.body, json!({ "revoked": 1 }));
    assert_eq!(stage.get("/v1/me", &again).await.status, 401);
    let events = stage.events().await;
    for kind in [
        "email_verified_by_owner",
        "user_changed_by_owner",
        "password_reset_by_owner",
        "sessions_revoked_by_owner",
    ] {
        assert!(events.iter().filter(|one| *one == kind).count() >= 2, "{kind}");
    }
    assert!(!stage.told().await.contains("lantern"));
});

on_each!(a_ban_shuts_out_at_once_and_ends_by_itself, |stage| {
    let root = owner(&stage).await;
    let (token, me) = (root.text("/token"), root.text("/user/id"));
    let alice = stage.sign_up("alice").await;
    let (id, session) = (alice.text("/user/id"), alice.text("/token"));
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let pair = stage.post("/v1/auth/signin", body).await;
    let group = alice.text("/user/personalGroupId");
    let body = json!({ "name": "k", "groupId": group, "permissions": ["*"] });
    let key = stage.as_bearer("POST", "/v1/api-keys", &session, body).await.text("/key");
    let alive = async || {
        let mut all = Vec::new();
        for credential in [&session, &pair.text("/accessToken"), &key] {
            all.push(stage.get("/v1/me", credential).await.status);
        }
        all
    };
    assert_eq!(alive().await, [200, 200, 200]);

    let ban = async |body: Value| act(&stage, &token, &id, "ban", body).await;
    let past = json!({ "expiresAt": "2020-01-01T00:00:00Z" });
    assert_eq!(ban(past).await.code(), (422, "in_the_past"));
    assert_eq!(ban(json!({ "reason": "x".repeat(501) })).await.code(), (422, "too_long"));
    let myself = act(&stage, &token, &me, "ban", json!({})).await;
    assert_eq!(myself.code(), (409, "own_account"));
    assert_eq!(alive().await, [200, 200, 200]);

    let until = stage.app.now().after(Duration::from_secs(3600));
    let banned = ban(json!({ "reason": "spam", "expiresAt": until })).await;
    assert_eq!(banned.status, 200, "{}", banned.body);
    assert_eq!(
        (&banned.body["banned"], banned.text("/banReason")),
        (&json!(true), "spam".to_owned())
    );
    assert_eq!(alive().await, [401, 401, 401]);
    let refresh = json!({ "refreshToken": pair.text("/refreshToken") });
    assert_eq!(stage.post("/v1/auth/refresh", refresh).await.status, 401);
    let door = sign_in(&stage, "alice", PASSWORD).await;
    assert_eq!(door.code(), (403, "BANNED_USER"));
    assert!(door.text("/message").contains("spam"));
    // Whoever does not know the password learns nothing of the ban.
    let guess = sign_in(&stage, "alice", "not the password").await;
    assert_eq!(guess.code(), (401, "INVALID_EMAIL_OR_PASSWORD"));

    stage.pass(Duration::from_secs(3601));
    assert_eq!(alive().await, [401, 401, 200], "the key works again, ended sessions stay ended");
    assert_eq!(sign_in(&stage, "alice", PASSWORD).await.status, 200);
    assert_eq!(stage.get(&format!("/v1/users/{id}"), &token).await.body["banned"], false);

    let root = sign_in(&stage, "root", PASSWORD).await.text("/token");
    assert_eq!(act(&stage, &root, &id, "ban", Value::Null).await.status, 200);
    let listed = stage.get("/v1/users?banned=true", &root).await;
    assert_eq!(listed.text("/data/0/id"), id);
    assert_eq!(stage.get("/v1/me", &key).await.status, 401);
    assert_eq!(act(&stage, &root, &id, "unban", Value::Null).await.body["banned"], false);
    assert_eq!(act(&stage, &root, &id, "unban", Value::Null).await.status, 200);
    assert_eq!(stage.get("/v1/me", &key).await.status, 200);
    assert_eq!(sign_in(&stage, "alice", PASSWORD).await.status, 200);
    assert_eq!(told(&stage, "user_banned").await.len(), 4);
    assert_eq!(told(&stage, "user_unbanned").await.len(), 2);
    assert!(!stage.told().await.contains("spam"));
});

on_each!(of_fifty_sign_ins_racing_a_ban_no_session_is_left, |stage| {
    let root = owner(&stage).await.text("/token");
    let id = stage.sign_up("alice").await.text("/user/id");
    let ban = async { vec![act(&stage, &root, &id, "ban", json!({})).await] };
    let crowd = futures((0..50).map(|_| sign_in(&stage, "alice", PASSWORD)));
    let (banned, answers) = tokio::join!(ban, crowd);
    assert_eq!(banned[0].status, 200);
    assert!(answers.iter().all(|one| matches!(one.status, 200 | 403 | 503)));
    for one in answers.iter().filter(|one| one.status == 200) {
        assert_eq!(stage.get("/v1/me", &one.text("/token")).await.status, 401);
    }
    let left = "select count(*) from sessions s join users u on u.id = s.user_id \
        where u.banned_at is not null";
    assert_eq!(stage.count(left).await, 0);
});

on_each!(deleting_takes_everything_that_opens_anything, |stage| {
    let root = owner(&stage).await;
    let (token, me) = (root.text("/token"), root.text("/user/id"));
    let alice = stage.sign_up("alice").await;
    let (id, session) = (alice.text("/user/id"), alice.text("/token"));
    let delete = async |id: &str| {
        stage.as_bearer("DELETE", &format!("/v1/users/{id}"), &token, Value::Null).await
    };
    assert_eq!(delete(&me).await.code(), (409, "own_account"));
    assert_eq!(delete(&id).await.status, 204);
    assert_eq!(delete(&id).await.code(), (404, "not_found"));
    assert_eq!(stage.get("/v1/me", &session).await.status, 401);
    assert_eq!(sign_in(&stage, "alice", PASSWORD).await.status, 401);
    assert!(stage.events().await.contains(&"user_deleted_by_owner".to_owned()));
});
