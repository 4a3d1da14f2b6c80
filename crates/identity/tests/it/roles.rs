//! `admin` and the roles a group defines, on both surfaces.

use serde_json::{Value, json};

use crate::on_each;
use crate::organizations::Somebody;
use crate::stage::{Answer, Stage};

impl Stage {
    pub(crate) async fn role(
        &self,
        who: &Somebody,
        group: &str,
        name: &str,
        permissions: Value,
    ) -> Answer {
        let path = format!("/v1/groups/{group}/roles/{name}");
        let body = json!({ "permissions": permissions });
        self.as_bearer("PUT", &path, &who.token, body).await
    }

    pub(crate) async fn house(
        &self,
        method: &str,
        path: &str,
        who: &Somebody,
        body: Value,
    ) -> Answer {
        self.as_bearer(method, path, &who.token, body).await
    }
}

/// What somebody may do in a group, by name.
async fn rights(stage: &Stage, who: &Somebody, group: &str) -> Vec<String> {
    let me = stage.get("/v1/me", &who.token).await;
    let all = me.body["memberships"].as_array().unwrap();
    let here = all.iter().find(|one| one["group"] == group).unwrap();
    let rights = here["rights"].as_array().unwrap();
    rights.iter().map(|right| right.as_str().unwrap().to_owned()).collect()
}

on_each!(a_role_gives_exactly_its_permissions, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    let id = stage.organization(&alice, "acme").await;
    let made = stage.role(&alice, &id, "auditor", json!(["groups:read", "events:read"])).await;
    assert_eq!((made.status, made.text("/name")), (200, "auditor".to_owned()), "{}", made.body);
    let bob_id = stage.bring(&alice, &id, &bob, "auditor").await;
    assert_eq!(stage.see("get-active-member-role", &bob).await.body, json!({ "role": "auditor" }));
    assert_eq!(rights(&stage, &bob, &id).await, ["groups:read", "events:read"]);

    // What changes in it holds with the next request.
    let changed = stage.role(&alice, &id, "auditor", json!(["people:read"])).await;
    assert_eq!(changed.body["permissions"], json!(["people:read"]));
    assert_eq!(rights(&stage, &bob, &id).await, ["people:read"]);

    let path = format!("/v1/groups/{id}/roles");
    let one = format!("{path}/auditor");
    let listed = stage.house("GET", &path, &bob, Value::Null).await;
    assert_eq!(listed.body["data"][0]["name"], "auditor");
    assert_eq!(stage.house("GET", &one, &bob, Value::Null).await.body, changed.body);
    let used = stage.house("DELETE", &one, &alice, Value::Null).await;
    assert_eq!(used.code(), (409, "role_in_use"));
    let body = json!({ "memberId": bob_id, "role": "member" });
    assert_eq!(stage.org("update-member-role", &alice, body).await.text("/role"), "member");
    let body = json!({ "email": "dave@example.com", "role": "auditor" });
    let promised = stage.org("invite-member", &alice, body).await;
    let used = stage.house("DELETE", &one, &alice, Value::Null).await;
    assert_eq!(used.code(), (409, "role_in_use"), "an invitation promises it");
    let body = json!({ "invitationId": promised.body["id"] });
    assert_eq!(stage.org("cancel-invitation", &alice, body).await.status, 200);
    assert_eq!(stage.house("DELETE", &one, &alice, Value::Null).await.status, 204);
    assert_eq!(stage.house("GET", &one, &alice, Value::Null).await.status, 404);
    let body = json!({ "memberId": bob_id, "role": "auditor" });
    let gone = stage.org("update-member-role", &alice, body).await;
    assert_eq!(gone.code(), (400, "ROLE_NOT_FOUND"));
    let events = stage.events().await;
    for kind in ["role_created", "role_updated", "role_deleted"] {
        assert_eq!(events.iter().filter(|one| *one == kind).count(), 1, "{kind}");
    }
});

on_each!(nobody_makes_a_role_above_themselves, |stage| {
    let (alice, bob, carol) =
        (stage.somebody("alice").await, stage.proven("bob").await, stage.proven("carol").await);
    let id = stage.organization(&alice, "acme").await;
    stage.bring(&alice, &id, &bob, "admin").await;
    let carol_id = stage.bring(&alice, &id, &carol, "member").await;
    for permissions in [json!(["*"]), json!(["groups:*"]), json!(["groups:delete"])] {
        let answer = stage.role(&bob, &id, "boss", permissions).await;
        assert_eq!(answer.code(), (403, "permissions_above_own"));
    }
    let answer = stage.role(&carol, &id, "mine", json!(["things:read"])).await;
    assert_eq!(answer.code(), (403, "forbidden"));
    // What an owner made stays out of reach: neither given, weakened nor deleted.
    assert_eq!(stage.role(&alice, &id, "chief", json!(["*"])).await.status, 200);
    let answer = stage.role(&bob, &id, "chief", json!([])).await;
    assert_eq!(answer.code(), (403, "permissions_above_own"));
    let path = format!("/v1/groups/{id}/roles/chief");
    let answer = stage.house("DELETE", &path, &bob, Value::Null).await;
    assert_eq!(answer.code(), (403, "permissions_above_own"));
    let body = json!({ "memberId": carol_id, "role": "chief" });
    let answer = stage.org("update-member-role", &bob, body.clone()).await;
    assert_eq!(answer.code(), (403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER"));
    let invite = json!({ "email": "x@example.com", "role": "chief" });
    let answer = stage.org("invite-member", &bob, invite).await;
    assert_eq!(answer.code(), (403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE"));
    assert_eq!(stage.org("update-member-role", &alice, body).await.status, 200);
    // Nor is whoever has it.
    let down = json!({ "memberId": carol_id, "role": "member" });
    let answer = stage.org("update-member-role", &bob, down).await;
    assert_eq!(answer.code(), (403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER"));
    let answer = stage.org("remove-member", &bob, json!({ "memberIdOrEmail": carol_id })).await;
    assert_eq!(answer.code(), (401, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER"));
    // A name that means something, and permissions that mean nothing.
    for name in ["admin", "owner", "member", "group_owner", "Big", "x"] {
        let answer = stage.role(&alice, &id, name, json!([])).await;
        assert_eq!(answer.code(), (422, "invalid_name"), "{name}");
    }
    let answer = stage.role(&alice, &id, "odd", json!(["fly:high"])).await;
    assert_eq!(answer.code(), (422, "unknown_permission"));
});

on_each!(roles_of_other_groups_do_not_exist, |stage| {
    let (alice, mallory) = (stage.somebody("alice").await, stage.somebody("mallory").await);
    let id = stage.organization(&alice, "acme").await;
    assert_eq!(stage.role(&alice, &id, "auditor", json!(["*"])).await.status, 200);
    let other = stage.organization(&mallory, "evil").await;
    assert_eq!(stage.role(&mallory, &id, "auditor", json!([])).await.status, 404);
    let path = format!("/v1/groups/{id}/roles");
    for (method, path) in [
        ("GET", path.clone()),
        ("GET", format!("{path}/auditor")),
        ("DELETE", format!("{path}/auditor")),
    ] {
        assert_eq!(stage.house(method, &path, &mallory, Value::Null).await.status, 404);
        assert_eq!(stage.send(method, &path, &[], None).await.status, 401);
    }
    let invite = json!({ "email": "x@example.com", "role": "auditor", "organizationId": other });
    let answer = stage.org("invite-member", &mallory, invite).await;
    assert_eq!(answer.code(), (400, "ROLE_NOT_FOUND"));
});

on_each!(the_house_knows_the_same_roles, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    let id = stage.organization(&alice, "acme").await;
    assert_eq!(stage.role(&alice, &id, "auditor", json!(["events:read"])).await.status, 200);
    stage.bring(&alice, &id, &bob, "member").await;
    let query = format!("/v1/people?groupId={id}");
    let people = stage.house("GET", &query, &alice, Value::Null).await;
    let all = people.body["data"].as_array().unwrap();
    let person = all.iter().find(|one| one["role"] == "group_user").unwrap();
    let path = format!("/v1/people/{}", person["id"].as_str().unwrap());
    for (to, rank) in [("admin", "group_user"), ("auditor", "group_user"), ("customer", "customer")]
    {
        let body = json!({ "groupId": id, "role": to });
        let changed = stage.house("PATCH", &path, &alice, body).await;
        assert_eq!(
            (changed.status, changed.text("/role")),
            (200, to.to_owned()),
            "{}",
            changed.body
        );
        let me = stage.get("/v1/me", &bob.token).await;
        let here = me.body["memberships"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["group"] == id.as_str());
        assert_eq!(here.unwrap()["role"], rank);
        let filtered = stage.house("GET", &format!("{query}&role={to}"), &alice, Value::Null).await;
        assert_eq!(filtered.body["data"].as_array().map(Vec::len), Some(1), "{to}");
        let filtered =
            stage.house("GET", &format!("{query}&role=group_user"), &alice, Value::Null).await;
        assert_eq!(filtered.body["data"], json!([]), "{to}");
        let groups = stage.house("GET", &format!("{path}/groups"), &alice, Value::Null).await;
        let here =
            groups.body["data"].as_array().unwrap().iter().find(|one| one["id"] == id.as_str());
        assert_eq!(here.unwrap()["role"], to);
    }
    for wrong in ["boss", "Not A Role"] {
        let body = json!({ "groupId": id, "role": wrong });
        let answer = stage.house("PATCH", &path, &alice, body).await;
        assert_eq!(answer.code(), (422, "unknown_role"), "{wrong}");
        let encoded = wrong.replace(' ', "%20");
        let answer =
            stage.house("GET", &format!("{query}&role={encoded}"), &alice, Value::Null).await;
        assert_eq!(answer.code(), (422, "unknown_role"), "{wrong}");
    }
    let record = json!({ "groupId": id, "displayName": "Ada", "role": "auditor" });
    let record = stage.house("POST", "/v1/people", &alice, record).await;
    assert_eq!((record.status, record.text("/role")), (201, "auditor".to_owned()));
    // A record without a login is no member of the organization.
    assert_eq!(stage.see("list-members", &alice).await.body["total"], 2);
});

on_each!(an_admin_neither_ends_nor_moves_a_group, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    let id = stage.organization(&alice, "acme").await;
    stage.bring(&alice, &id, &bob, "admin").await;
    let own = stage.organization(&bob, "bobs").await;
    let path = format!("/v1/groups/{id}");
    let named = stage.house("PATCH", &path, &bob, json!({ "name": "Ours" })).await;
    assert_eq!(named.status, 200, "{}", named.body);
    for body in [json!({ "status": "archived" }), json!({ "parentGroupId": own })] {
        let answer = stage.house("PATCH", &path, &bob, body.clone()).await;
        assert_eq!(answer.code(), (403, "forbidden"), "{body}");
    }
    assert_eq!(stage.house("DELETE", &path, &bob, Value::Null).await.code(), (403, "forbidden"));
    let team = json!({ "metadata": { "teamOf": own } });
    let answer = stage.house("PATCH", &path, &bob, team).await;
    assert_eq!(answer.code(), (422, "read_only"));
});

on_each!(leaving_by_the_house_leaves_teams_and_sessions_too, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    let id = stage.organization(&alice, "acme").await;
    stage.bring(&alice, &id, &bob, "member").await;
    let team = stage.org("create-team", &alice, json!({ "name": "Team" })).await.text("/id");
    let body = json!({ "teamId": team, "userId": bob.user });
    assert_eq!(stage.org("add-team-member", &alice, body).await.status, 200);
    assert_eq!(stage.org("set-active-team", &bob, json!({ "teamId": team })).await.status, 200);
    let person = stage.get("/v1/me", &bob.token).await.text("/person");
    let path = format!("/v1/people/{person}?groupId={id}");
    assert_eq!(stage.house("DELETE", &path, &alice, Value::Null).await.status, 204);
    let session = stage.get("/v1/auth/get-session", &bob.token).await;
    assert_eq!(session.body["session"]["activeOrganizationId"], Value::Null);
    assert_eq!(session.body["session"]["activeTeamId"], Value::Null);
    let answer = stage.house("GET", &format!("/v1/groups/{team}"), &bob, Value::Null).await;
    assert_eq!(answer.status, 404);
});

/// The lines of an export that tell about the role.
fn of_auditors(export: &[u8]) -> Vec<String> {
    let text = String::from_utf8(export.to_vec()).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("auditor")).collect();
    assert_eq!(lines.len(), 2, "the role and its holder");
    lines.into_iter().map(str::to_owned).collect()
}

on_each!(roles_survive_an_export_and_an_import, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    let id = stage.organization(&alice, "acme").await;
    assert_eq!(stage.role(&alice, &id, "auditor", json!(["events:read"])).await.status, 200);
    stage.bring(&alice, &id, &bob, "auditor").await;
    let mut text = Vec::new();
    world::transfer::export(
        &stage.app,
        database::Reach::everything(),
        &mut text,
        world::transfer::ExportOptions::default(),
        drop,
    )
    .await
    .unwrap();
    for other in Stage::each().await {
        let input = std::io::Cursor::new(text.clone());
        let options = world::transfer::ImportOptions { dry_run: false, resume: false };
        let summary = world::transfer::import(&other.app, input, options, drop).await.unwrap();
        assert_eq!(summary.refused, 0);
        let held = "select count(*) from memberships m join group_roles r on r.group_id = m.group_id \
                    and r.name = m.custom_role where r.name = 'auditor' and m.role = 'group_user'";
        assert_eq!(other.count(held).await, 1);
        let mut again = Vec::new();
        let options = world::transfer::ExportOptions::default();
        world::transfer::export(
            &other.app,
            database::Reach::everything(),
            &mut again,
            options,
            drop,
        )
        .await
        .unwrap();
        assert_eq!(of_auditors(&again), of_auditors(&text));
        other.done().await;
    }
});

on_each!(nobody_brings_into_teams_who_may_not_make_group_users, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    let eve = stage.proven("eve").await;
    let id = stage.organization(&alice, "acme").await;
    let team = stage.org("create-team", &alice, json!({ "name": "Team" })).await.text("/id");
    stage.role(&alice, &id, "greeter", json!(["people:create"])).await;
    stage.role(&alice, &id, "clerk", json!(["people:read", "people:update"])).await;
    stage.bring(&alice, &id, &bob, "greeter").await;
    stage.bring(&alice, &id, &eve, "clerk").await;

    // A second address of one's own, with one's own role in the organization and as a user of its team.
    let mut body = json!({ "email": "bob2@example.com", "role": "greeter",
        "organizationId": id, "teamId": team });
    let answer = stage.org("invite-member", &bob, body.clone()).await;
    assert_eq!(answer.code(), (403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER"));
    body["teamId"] = Value::Null;
    let answer = stage.org("invite-member", &bob, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // Nobody widens an open invitation of an owner by sending it again.
    let body = json!({ "email": "carol@example.com", "role": "greeter",
        "organizationId": id, "teamId": team });
    assert_eq!(stage.org("invite-member", &alice, body).await.status, 200);
    let body = json!({ "email": "carol@example.com", "role": "greeter",
        "organizationId": id, "resend": true });
    let answer = stage.org("invite-member", &bob, body).await;
    assert_eq!(answer.code(), (403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER"));

    // Oneself into a team, for what its users may do.
    for whom in [&eve, &bob] {
        let body = json!({ "teamId": team, "userId": whom.user, "organizationId": id });
        let answer = stage.org("add-team-member", &eve, body).await;
        assert_eq!(answer.code(), (403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER"));
    }
    let mine = stage.see("list-user-teams", &eve).await;
    assert_eq!(mine.body, json!([]));
    let body = json!({ "teamId": team, "userId": eve.user, "organizationId": id });
    assert_eq!(stage.org("add-team-member", &alice, body).await.status, 200);
    let mine = stage.see("list-user-teams", &eve).await;
    assert_eq!((mine.text("/0/id"), mine.text("/0/organizationId")), (team, id));
});

on_each!(an_invitation_into_a_team_ends_with_what_let_it_be_made, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    let (carol, dave) = (stage.proven("carol").await, stage.proven("dave").await);
    let id = stage.organization(&alice, "acme").await;
    let team = stage.org("create-team", &alice, json!({ "name": "Team" })).await.text("/id");
    let bob_id = stage.bring(&alice, &id, &bob, "admin").await;
    let mut invitations = Vec::new();
    for who in [&carol, &dave] {
        let body = json!({ "email": who.email, "role": "customer", "organizationId": id,
            "teamId": team });
        let invited = stage.org("invite-member", &bob, body).await;
        assert_eq!(invited.status, 200, "{}", invited.body);
        invitations.push(json!({ "invitationId": invited.body["id"] }));
    }
    stage.role(&alice, &id, "greeter", json!(["people:create"])).await;
    let body = json!({ "memberId": bob_id, "role": "greeter", "organizationId": id });
    assert_eq!(stage.org("update-member-role", &alice, body).await.status, 200);
    let code = "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION";
    let answer = stage.org("accept-invitation", &carol, invitations[0].clone()).await;
    assert_eq!(answer.code(), (400, code));
    let body = json!({ "memberId": bob_id, "role": "admin", "organizationId": id });
    assert_eq!(stage.org("update-member-role", &alice, body).await.status, 200);
    let answer = stage.org("accept-invitation", &carol, invitations[0].clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);

    // Who is banned admits nobody.
    let user: types::UserId = bob.user.parse().unwrap();
    stage
        .app
        .db
        .unbound()
        .write(async move |tx| {
            tx.run("update users set banned_at = 1 where id = $1", database::args![user]).await
        })
        .await
        .unwrap();
    let answer = stage.org("accept-invitation", &dave, invitations[1].clone()).await;
    assert_eq!(answer.code(), (400, code));
});
