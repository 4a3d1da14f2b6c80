//! Who may do what to other members, and who is out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::on_each;
use crate::stage::Answer;

on_each!(roles_bound_what_members_do_to_each_other, |stage| {
    let (alice, bob, carol) =
        (stage.somebody("alice").await, stage.proven("bob").await, stage.proven("carol").await);
    let id = stage.organization(&alice, "acme").await;
    let alice_id = stage.see("get-active-member", &alice).await.text("/id");
    let bob_id = stage.bring(&alice, &id, &bob, "admin").await;
    let carol_id = stage.bring(&alice, &id, &carol, "member").await;
    assert_eq!(stage.see("get-active-member-role", &bob).await.body, json!({ "role": "admin" }));

    let role = |member: &str, role: Value| json!({ "memberId": member, "role": role });
    let forbidden = (403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER");
    for (who, member, to) in [
        (&bob, &bob_id, "owner"),
        (&bob, &carol_id, "owner"),
        (&bob, &carol_id, "group_owner"),
        (&bob, &alice_id, "member"),
        (&carol, &carol_id, "admin"),
        (&carol, &carol_id, "owner"),
        (&carol, &bob_id, "member"),
    ] {
        let answer = stage.org("update-member-role", who, role(member, json!(to))).await;
        assert_eq!(answer.code(), forbidden, "{to}");
    }
    for (to, code) in [
        (json!("boss"), "ROLE_NOT_FOUND"),
        (json!("platform_owner"), "ROLE_NOT_FOUND"),
        (json!(["admin", "member"]), "VALIDATION_ERROR"),
        (json!("admin,member"), "VALIDATION_ERROR"),
        (json!([]), "VALIDATION_ERROR"),
        (json!(1), "VALIDATION_ERROR"),
    ] {
        let answer = stage.org("update-member-role", &alice, role(&carol_id, to.clone())).await;
        assert_eq!(answer.code(), (400, code), "{to}");
    }
    let only = stage.org("update-member-role", &alice, role(&alice_id, json!("member"))).await;
    assert_eq!(only.code(), (400, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER"));
    let made = stage.org("update-member-role", &bob, role(&carol_id, json!(["admin"]))).await;
    assert_eq!((made.status, made.text("/role")), (200, "admin".to_owned()), "{}", made.body);
    assert_eq!(made.text("/id"), carol_id);

    let ends = stage.org("delete", &bob, json!({ "organizationId": id })).await;
    assert_eq!(ends.code(), (403, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION"));
    let may = |what: Value| json!({ "permissions": what });
    for (who, what, so) in [
        (&alice, json!({ "organization": ["delete"] }), true),
        (&bob, json!({ "organization": ["delete"] }), false),
        (&bob, json!({ "organization": ["update"], "invitation": ["create"] }), true),
        (&carol, json!({ "member": ["delete"] }), true),
    ] {
        let answer = stage.org("has-permission", who, may(what.clone())).await;
        assert_eq!(answer.body, json!({ "error": null, "success": so }), "{what}");
    }
    let removed = stage.org("remove-member", &bob, json!({ "memberIdOrEmail": alice_id })).await;
    assert_eq!(removed.code(), (400, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER"));
    let events = stage.events().await;
    assert_eq!(events.iter().filter(|kind| *kind == "person_role_changed").count(), 1);
});

on_each!(a_removed_member_is_out_at_once, |stage| {
    let (alice, bob, carol) =
        (stage.somebody("alice").await, stage.proven("bob").await, stage.proven("carol").await);
    let id = stage.organization(&alice, "acme").await;
    let bob_id = stage.bring(&alice, &id, &bob, "member").await;
    stage.bring(&alice, &id, &carol, "member").await;
    let team = stage.org("create-team", &alice, json!({ "name": "Team" })).await.text("/id");
    let body = json!({ "teamId": team, "userId": bob.user });
    assert_eq!(stage.org("add-team-member", &alice, body).await.status, 200);

    let not = stage.org("remove-member", &carol, json!({ "memberIdOrEmail": bob_id })).await;
    assert_eq!(not.code(), (401, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER"));
    for whom in [bob.email.as_str(), "nobody@example.com"] {
        let not = stage.org("remove-member", &carol, json!({ "memberIdOrEmail": whom })).await;
        assert_eq!(not.code(), (401, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER"), "{whom}");
    }
    let none =
        stage.org("remove-member", &alice, json!({ "memberIdOrEmail": "x@y.example" })).await;
    assert_eq!(none.code(), (400, "MEMBER_NOT_FOUND"));
    let body = json!({ "memberIdOrEmail": "BOB@example.com" });
    let removed = stage.org("remove-member", &alice, body).await;
    assert_eq!(removed.text("/member/id"), bob_id, "{}", removed.body);

    let session = stage.get("/v1/auth/get-session", &bob.token).await;
    assert_eq!(session.body["session"]["activeOrganizationId"], Value::Null);
    assert_eq!(stage.see("get-full-organization", &bob).await.body, Value::Null);
    assert_eq!(stage.see("list", &bob).await.body, json!([]));
    assert_eq!(stage.see("list-user-teams", &bob).await.body, json!([]));
    let me = stage.get("/v1/me", &bob.token).await;
    assert_eq!(me.body["memberships"].as_array().map(Vec::len), Some(1), "their own group only");
    let again = stage.org("leave", &bob, json!({ "organizationId": id })).await;
    assert_eq!(again.code(), (400, "MEMBER_NOT_FOUND"));
    let answer = stage.org("remove-member", &alice, json!({ "memberIdOrEmail": bob_id })).await;
    assert_eq!(answer.code(), (400, "MEMBER_NOT_FOUND"));

    let left = stage.org("leave", &carol, json!({ "organizationId": id })).await;
    assert_eq!((left.status, left.text("/userId")), (200, carol.user.clone()));
    let only = stage.org("leave", &alice, json!({ "organizationId": id })).await;
    assert_eq!(only.code(), (400, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER"));
    let events = stage.events().await;
    // Bob twice: the organization and its team.
    assert_eq!(events.iter().filter(|kind| *kind == "user_removed_from_group").count(), 3);
});

on_each!(of_two_owners_who_leave_at_once_one_stays, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    let id = stage.organization(&alice, "acme").await;
    stage.bring(&alice, &id, &bob, "owner").await;
    let body = json!({ "organizationId": id });
    let (one, other) =
        tokio::join!(stage.org("leave", &alice, body.clone()), stage.org("leave", &bob, body));
    let mut codes = [one.code().0, other.code().0];
    codes.sort_unstable();
    assert_eq!(codes, [200, 400], "{} {}", one.body, other.body);
    let owners = "select count(*) from memberships m join groups g on g.id = m.group_id \
                  where g.slug = 'acme' and m.role = 'group_owner'";
    assert_eq!(stage.count(owners).await, 1);
});

on_each!(members_are_listed_to_members_in_pages, |stage| {
    let (alice, bob, carol) =
        (stage.somebody("alice").await, stage.proven("bob").await, stage.proven("carol").await);
    let id = stage.organization(&alice, "acme").await;
    stage.pass(Duration::from_secs(1));
    stage.bring(&alice, &id, &bob, "admin").await;
    stage.bring(&alice, &id, &carol, "customer").await;
    let emails = |answer: &Answer| -> Vec<String> {
        let members = answer.body["members"].as_array().unwrap();
        members.iter().map(|one| one["user"]["email"].as_str().unwrap().to_owned()).collect()
    };
    for (query, found, total) in [
        ("", vec!["alice", "bob", "carol"], 3),
        ("?limit=1&offset=1", vec!["bob"], 3),
        ("?sortBy=createdAt&sortDirection=desc&limit=2", vec!["carol", "bob"], 3),
        ("?filterField=role&filterValue=admin", vec!["bob"], 1),
        ("?filterField=role&filterValue=owner&filterOperator=ne", vec!["bob", "carol"], 2),
        ("?filterField=role&filterValue=member", vec![], 0),
        ("?organizationSlug=acme&limit=1", vec!["alice"], 3),
    ] {
        let answer = stage.see(&format!("list-members{query}"), &alice).await;
        let found: Vec<_> = found.iter().map(|name| format!("{name}@example.com")).collect();
        assert_eq!((emails(&answer), &answer.body["total"]), (found, &json!(total)), "{query}");
    }
    for bad in
        ["?sortBy=email", "?filterField=email&filterValue=x", "?filterField=role", "?limit=x"]
    {
        let answer = stage.see(&format!("list-members{bad}"), &alice).await;
        assert_eq!(answer.code(), (400, "VALIDATION_ERROR"), "{bad}");
    }
    // A customer sees no other customer.
    let answer = stage.see("list-members", &carol).await;
    assert_eq!((emails(&answer), &answer.body["total"]), (vec![carol.email.clone()], &json!(1)));
    let full = stage.see("get-full-organization", &carol).await;
    assert_eq!(full.body["members"].as_array().map(Vec::len), Some(1));
    let query = format!("get-active-member-role?userId={}", alice.user);
    let answer = stage.see(&query, &carol).await;
    assert_eq!(answer.code(), (403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"));
    assert_eq!(stage.see(&query, &bob).await.body, json!({ "role": "owner" }));
});
