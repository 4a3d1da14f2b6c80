//! Organizations, their members and roles, and what is active at a device.

mod members;
mod teams;

use std::time::Duration;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::on_each;
use crate::stage::{Answer, PASSWORD, Stage};

/// Somebody signed in.
pub(crate) struct Somebody {
    pub(crate) token: String,
    pub(crate) user: String,
    pub(crate) email: String,
}

impl Stage {
    pub(crate) async fn somebody(&self, name: &str) -> Somebody {
        let answer = self.sign_up(name).await;
        Somebody {
            token: answer.text("/token"),
            user: answer.text("/user/id"),
            email: answer.text("/user/email"),
        }
    }

    /// The same, with a proven address.
    pub(crate) async fn proven(&self, name: &str) -> Somebody {
        let somebody = self.somebody(name).await;
        self.prove(&somebody.email).await;
        somebody
    }

    pub(crate) async fn prove(&self, email: &str) {
        let email = email.to_owned();
        self.run("update users set email_verified = $2 where email = $1", email).await;
    }

    /// The same person, signed in anew.
    pub(crate) async fn back(&self, who: Somebody) -> Somebody {
        let body = json!({ "email": who.email, "password": PASSWORD });
        let token = self.post("/v1/auth/sign-in/email", body).await.text("/token");
        Somebody { token, ..who }
    }

    async fn run(&self, sql: &'static str, text: String) {
        self.app
            .db
            .unbound()
            .write(async move |tx| tx.run(sql, database::args![text.as_str(), true]).await)
            .await
            .unwrap();
    }

    pub(crate) async fn org(&self, call: &str, who: &Somebody, body: Value) -> Answer {
        let path = format!("/v1/auth/organization/{call}");
        self.as_bearer("POST", &path, &who.token, body).await
    }

    pub(crate) async fn see(&self, call: &str, who: &Somebody) -> Answer {
        self.get(&format!("/v1/auth/organization/{call}"), &who.token).await
    }

    /// The same call many times at once: statuses and codes.
    pub(crate) async fn at_once(
        &self,
        times: usize,
        call: &str,
        who: &Somebody,
        body: &Value,
    ) -> Vec<(u16, String)> {
        let tries: Vec<_> = (0..times)
            .map(|_| {
                let request = Request::post(format!("/v1/auth/organization/{call}"))
                    .header("authorization", format!("Bearer {}", who.token))
                    .header("content-type", "application/json")
                    .body(Body::from(body.to_string()))
                    .unwrap();
                tokio::spawn(self.router.clone().oneshot(request))
            })
            .collect();
        let mut answers = Vec::new();
        for one in tries {
            let (parts, body) = one.await.unwrap().unwrap().into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let code = body["code"].as_str().unwrap_or_default().to_owned();
            answers.push((parts.status.as_u16(), code));
        }
        answers
    }

    /// A new organization of somebody, active at their device.
    pub(crate) async fn organization(&self, owner: &Somebody, slug: &str) -> String {
        let body = json!({ "name": slug, "slug": slug });
        let answer = self.org("create", owner, body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.text("/id")
    }

    /// Brings somebody in, the way everybody comes in, and tells their member id.
    pub(crate) async fn bring(
        &self,
        owner: &Somebody,
        organization: &str,
        who: &Somebody,
        role: &str,
    ) -> String {
        let body = json!({ "email": who.email, "role": role, "organizationId": organization });
        let invited = self.org("invite-member", owner, body).await;
        assert_eq!(invited.status, 200, "{}", invited.body);
        let body = json!({ "invitationId": invited.body["id"] });
        let accepted = self.org("accept-invitation", who, body).await;
        assert_eq!(accepted.status, 200, "{}", accepted.body);
        self.pass(Duration::from_secs(61));
        accepted.text("/member/id")
    }
}

on_each!(an_organization_is_a_group_with_its_maker_as_owner, |stage| {
    let alice = stage.somebody("alice").await;
    let body = json!({
        "name": "Acme", "slug": "acme", "logo": "https://a.example/l.png",
        "metadata": { "plan": "pro" },
    });
    let made = stage.org("create", &alice, body.clone()).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.text("/id").starts_with("group_"));
    assert_eq!(made.body["metadata"], json!({ "plan": "pro" }));
    assert_eq!(made.text("/logo"), "https://a.example/l.png");
    assert_eq!(made.text("/members/0/role"), "owner");
    assert_eq!(made.text("/members/0/userId"), alice.user);
    assert!(made.text("/members/0/id").starts_with("member_"));

    let session = stage.get("/v1/auth/get-session", &alice.token).await;
    assert_eq!(session.text("/session/activeOrganizationId"), made.text("/id"));
    let listed = stage.see("list", &alice).await;
    assert_eq!(listed.body.as_array().map(Vec::len), Some(1), "not the personal group");
    assert_eq!(listed.body[0]["slug"], "acme");

    let full = stage.see("get-full-organization", &alice).await;
    assert_eq!(full.text("/members/0/user/email"), alice.email);
    assert_eq!((&full.body["invitations"], &full.body["teams"]), (&json!([]), &json!([])));
    assert_eq!(stage.see("get-organization", &alice).await.text("/slug"), "acme");
    assert_eq!(stage.see("get-active-member", &alice).await.text("/user/email"), alice.email);
    assert_eq!(stage.see("get-active-member-role", &alice).await.body, json!({ "role": "owner" }));

    let taken = stage.org("create", &alice, body).await;
    assert_eq!(taken.code(), (400, "ORGANIZATION_ALREADY_EXISTS"));
    let taken = stage.org("check-slug", &alice, json!({ "slug": "acme" })).await;
    assert_eq!(taken.code(), (400, "ORGANIZATION_SLUG_ALREADY_TAKEN"));
    let free = stage.org("check-slug", &alice, json!({ "slug": "acme-2" })).await;
    assert_eq!(free.body, json!({ "status": true }));

    let other = json!({ "name": "B", "slug": "bbb", "userId": made.body["members"][0]["id"] });
    let other = stage.org("create", &alice, other).await;
    assert_eq!(other.code(), (403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION"));
    for bad in [
        json!({ "name": "", "slug": "bbb" }),
        json!({ "name": "B", "slug": "B B" }),
        json!({ "name": "B" }),
        json!({ "name": "B", "slug": "bbb", "metadata": 1 }),
        json!({ "name": "B", "slug": "bbb", "metadata": { "teamOf": "x" } }),
        json!({ "name": "B", "slug": "bbb", "logo": "x".repeat(3_000) }),
        json!({ "name": "B", "slug": "bbb", "type": "dao" }),
    ] {
        let answer = stage.org("create", &alice, bad.clone()).await;
        assert_eq!(answer.code(), (400, "VALIDATION_ERROR"), "{bad}");
    }
    let kept = json!({ "name": "B", "slug": "bbb", "keepCurrentActiveOrganization": true });
    assert_eq!(stage.org("create", &alice, kept).await.status, 200);
    assert_eq!(stage.see("get-organization", &alice).await.text("/slug"), "acme");
});

on_each!(an_organization_is_changed_and_ended_by_its_owner, |stage| {
    let alice = stage.somebody("alice").await;
    let id = stage.organization(&alice, "acme").await;
    stage.organization(&alice, "taken").await;
    let change = |data: Value| json!({ "organizationId": id, "data": data });
    let body = change(json!({ "name": "Acme Inc.", "metadata": { "a": { "b": 1, "c": 2 } } }));
    let changed = stage.org("update", &alice, body).await;
    assert_eq!(changed.text("/name"), "Acme Inc.");
    let body = change(json!({ "logo": "x", "metadata": { "a": { "b": 2 } } }));
    let changed = stage.org("update", &alice, body).await;
    assert_eq!(changed.body["metadata"], json!({ "a": { "b": 2 } }), "replaced, not merged");
    assert_eq!(changed.text("/logo"), "x");
    let changed = stage.org("update", &alice, change(json!({ "logo": null }))).await;
    assert_eq!(
        (&changed.body["logo"], &changed.body["metadata"]["a"]["b"]),
        (&Value::Null, &json!(2))
    );
    let taken = stage.org("update", &alice, change(json!({ "slug": "taken" }))).await;
    assert_eq!(taken.code(), (400, "ORGANIZATION_SLUG_ALREADY_TAKEN"));
    let none = json!({ "organizationId": "group_x", "data": {} });
    let none = stage.org("update", &alice, none).await;
    assert_eq!(none.code(), (400, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"));
    assert_eq!(
        stage.org("set-active", &alice, json!({ "organizationId": null })).await.status,
        200
    );
    let none = stage.org("update", &alice, json!({ "data": { "name": "x" } })).await;
    assert_eq!(none.code(), (400, "ORGANIZATION_NOT_FOUND"));

    let by_slug = stage.org("set-active", &alice, json!({ "organizationSlug": "acme" })).await;
    assert_eq!(by_slug.text("/id"), id);
    let ended = stage.org("delete", &alice, json!({ "organizationId": id })).await;
    assert_eq!(ended.text("/id"), id);
    let session = stage.get("/v1/auth/get-session", &alice.token).await;
    assert_eq!(session.body["session"]["activeOrganizationId"], Value::Null);
    assert_eq!(stage.see("get-full-organization", &alice).await.body, Value::Null);
    let again = stage.org("delete", &alice, json!({ "organizationId": id })).await;
    assert_eq!(again.code(), (400, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"));
    assert_eq!(stage.see("list", &alice).await.body.as_array().map(Vec::len), Some(1));
    let events = stage.events().await;
    assert!(events.iter().any(|kind| kind == "entity_archived"));
});

on_each!(for_strangers_an_organization_does_not_exist, |stage| {
    let (alice, mallory) = (stage.somebody("alice").await, stage.somebody("mallory").await);
    let id = stage.organization(&alice, "acme").await;
    let body = json!({ "email": "x@example.com", "role": "member" });
    let invitation = stage.org("invite-member", &alice, body).await.text("/id");
    let team = stage.org("create-team", &alice, json!({ "name": "Team" })).await.text("/id");
    let member = stage.see("get-active-member", &alice).await.text("/id");
    // One that is nowhere answers the same.
    let nowhere = "group_01jd7jrygge1wv63rrwxms37sg";
    for (call, body) in [
        ("update", json!({ "organizationId": "$", "data": { "name": "x" } })),
        ("delete", json!({ "organizationId": "$" })),
        ("set-active", json!({ "organizationId": "$" })),
        (
            "invite-member",
            json!({ "organizationId": "$", "email": "y@example.com", "role": "member" }),
        ),
        ("remove-member", json!({ "organizationId": "$", "memberIdOrEmail": member })),
        ("remove-member", json!({ "organizationId": "$", "memberIdOrEmail": alice.email })),
        (
            "update-member-role",
            json!({ "organizationId": "$", "memberId": member, "role": "member" }),
        ),
        ("leave", json!({ "organizationId": "$" })),
        ("create-team", json!({ "organizationId": "$", "name": "x" })),
        ("remove-team", json!({ "organizationId": "$", "teamId": team })),
        ("update-team", json!({ "teamId": team, "data": { "organizationId": "$", "name": "x" } })),
        (
            "add-team-member",
            json!({ "organizationId": "$", "teamId": team, "userId": mallory.user }),
        ),
        (
            "remove-team-member",
            json!({ "organizationId": "$", "teamId": team, "userId": alice.user }),
        ),
        ("has-permission", json!({ "organizationId": "$", "permissions": { "things": ["read"] } })),
    ] {
        let with = |id: &str| serde_json::from_str(&body.to_string().replace('$', id)).unwrap();
        let (real, none) = (with(&id), with(nowhere));
        let (real, none) =
            (stage.org(call, &mallory, real).await, stage.org(call, &mallory, none).await);
        assert!((400..=403).contains(&real.status), "{call} {}", real.body);
        assert_eq!(real.code(), none.code(), "{call}");
    }
    for call in [
        "get-organization?organizationId=$",
        "get-full-organization?organizationId=$",
        "list-members?organizationId=$",
        "list-invitations?organizationId=$",
        "get-active-member-role?organizationId=$",
        "list-teams?organizationId=$",
        "list-user-teams?organizationId=$",
        "list-team-members?teamId=$",
    ] {
        let real = call.replace('$', if call.contains("teamId") { &team } else { &id });
        let real = stage.see(&real, &mallory).await;
        let none = stage.see(&call.replace('$', nowhere), &mallory).await;
        assert!((400..=403).contains(&real.status), "{call} {}", real.body);
        assert_eq!(real.code(), none.code(), "{call}");
        assert!(!real.body.to_string().contains("acme"), "{call}");
    }
    for call in ["get-organization", "get-full-organization", "list-members"] {
        let real = stage.see(&format!("{call}?organizationSlug=acme"), &mallory).await;
        assert_eq!(real.code(), (400, "ORGANIZATION_NOT_FOUND"), "{call}");
    }
    let real = stage.org("set-active", &mallory, json!({ "organizationSlug": "acme" })).await;
    assert_eq!(real.code(), (400, "ORGANIZATION_NOT_FOUND"));
    let body = json!({ "invitationId": invitation });
    let answer = stage.org("cancel-invitation", &mallory, body).await;
    assert_eq!(answer.code(), (400, "INVITATION_NOT_FOUND"));
    assert_eq!(stage.see("list", &mallory).await.body, json!([]));
    for call in ["get-active-member", "get-active-member-role", "list-members", "list-teams"] {
        assert_eq!(
            stage.see(call, &mallory).await.code(),
            (400, "NO_ACTIVE_ORGANIZATION"),
            "{call}"
        );
    }
});

on_each!(nobody_and_keys_have_no_organizations, |stage| {
    let alice = stage.somebody("alice").await;
    let id = stage.organization(&alice, "acme").await;
    let body = json!({ "groupId": id, "name": "k", "permissions": ["*"] });
    let made = stage.as_bearer("POST", "/v1/api-keys", &alice.token, body).await;
    let key = Somebody { token: made.text("/key"), user: String::new(), email: String::new() };
    for call in ["list", "get-full-organization", "list-members", "list-user-invitations"] {
        assert_eq!(stage.see(call, &key).await.status, 401, "{call}");
        let nobody = stage.send("GET", &format!("/v1/auth/organization/{call}"), &[], None).await;
        assert_eq!(nobody.status, 401, "{call}");
    }
    let body = json!({ "name": "B", "slug": "bbb" });
    assert_eq!(stage.org("create", &key, body.clone()).await.status, 401);
    assert_eq!(stage.post("/v1/auth/organization/create", body).await.status, 401);
    let unknown = stage.see("list-members?page=2", &alice).await;
    assert_eq!(unknown.code(), (400, "VALIDATION_ERROR"));
});
