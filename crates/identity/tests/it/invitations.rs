//! Invitations into organizations: one acceptance each, by the owner of the address.

use std::time::Duration;

use serde_json::{Value, json};

use crate::on_each;

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(61);

on_each!(an_invitation_is_mailed_and_accepted, |stage| {
    let alice = stage.somebody("alice").await;
    let id = stage.organization(&alice, "acme").await;
    let body = json!({ "email": "Bob@Example.com", "role": "member" });
    let invited = stage.org("invite-member", &alice, body.clone()).await;
    assert_eq!(invited.status, 200, "{}", invited.body);
    for (key, value) in [
        ("organizationId", json!(id)),
        ("email", json!("bob@example.com")),
        ("role", json!("member")),
        ("teamId", Value::Null),
        ("status", json!("pending")),
        ("inviterId", json!(alice.user)),
    ] {
        assert_eq!(invited.body[key], value, "{key}");
    }
    let invitation = invited.text("/id");
    let letter = stage.letter("invitation", "bob@example.com").await;
    assert_eq!(
        letter.url,
        format!("http://localhost:8080/accept-invitation?id={invitation}"),
        "made from the configured address"
    );
    assert_eq!(letter.token, invitation);

    // Whether there is an account with the address makes no difference.
    let bob = stage.somebody("bob").await;
    let nobody = json!({ "email": "nobody@example.com", "role": "member" });
    let nobody = stage.org("invite-member", &alice, nobody).await;
    let keys = |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((nobody.status, keys(&nobody.body)), (200, keys(&invited.body)));

    let accept = json!({ "invitationId": invitation });
    // Anybody can make an account with anybody's address: it must be proven.
    for call in ["accept-invitation", "reject-invitation"] {
        let unproven = stage.org(call, &bob, accept.clone()).await;
        let code = "EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION";
        assert_eq!(unproven.code(), (403, code), "{call}");
    }
    let get = format!("get-invitation?id={invitation}");
    for call in [get.as_str(), "list-user-invitations"] {
        let unproven = stage.see(call, &bob).await;
        assert_eq!(unproven.code(), (403, "EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION"), "{call}");
    }
    stage.prove(&bob.email).await;
    let seen = stage.see(&get, &bob).await;
    assert_eq!(
        (
            seen.text("/organizationName"),
            seen.text("/organizationSlug"),
            seen.text("/inviterEmail")
        ),
        ("acme".to_owned(), "acme".to_owned(), alice.email.clone())
    );
    let mine = stage.see("list-user-invitations", &bob).await;
    assert_eq!(mine.body[0]["id"], invitation.as_str());
    assert_eq!(mine.body[0]["organizationName"], "acme");
    // Invited is not a member.
    let query = format!("list-members?organizationId={id}");
    let not_yet = stage.see(&query, &bob).await;
    assert_eq!(not_yet.code(), (403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"));

    let mallory = stage.proven("mallory").await;
    for call in ["accept-invitation", "reject-invitation"] {
        let other = stage.org(call, &mallory, accept.clone()).await;
        assert_eq!(other.code(), (403, "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION"), "{call}");
    }
    let accepted = stage.org("accept-invitation", &bob, accept.clone()).await;
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    assert_eq!(accepted.text("/invitation/status"), "accepted");
    assert_eq!(
        (accepted.text("/member/role"), accepted.text("/member/userId")),
        ("member".to_owned(), bob.user.clone())
    );
    assert_eq!(stage.see(&query, &bob).await.body["total"], 2, "effective on the next request");
    let session = stage.get("/v1/auth/get-session", &bob.token).await;
    assert_eq!(session.text("/session/activeOrganizationId"), id);
    let again = stage.org("accept-invitation", &bob, accept).await;
    assert_eq!(again.code(), (400, "INVITATION_NOT_FOUND"));
    let member = stage.org("invite-member", &alice, body).await;
    assert_eq!(member.code(), (400, "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION"));

    let events = stage.events().await;
    for kind in ["user_invited_to_group", "user_joined_group"] {
        assert!(events.iter().any(|one| one == kind), "{kind}");
    }
    assert!(!stage.told().await.contains("example.com"));
});

on_each!(of_fifty_acceptances_at_once_one_counts, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    stage.organization(&alice, "acme").await;
    let body = json!({ "email": bob.email, "role": "member" });
    let body =
        json!({ "invitationId": stage.org("invite-member", &alice, body).await.text("/id") });
    let mut accepted = 0;
    for (status, code) in stage.at_once(50, "accept-invitation", &bob, &body).await {
        match (status, code.as_str()) {
            (200, _) => accepted += 1,
            other => assert_eq!(other, (400, "INVITATION_NOT_FOUND")),
        }
    }
    assert_eq!(accepted, 1);
    let members = "select count(*) from memberships m join groups g on g.id = m.group_id \
                   where g.slug = 'acme'";
    assert_eq!(stage.count(members).await, 2);
});

on_each!(an_invitation_is_sent_again_canceled_rejected_or_expires, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    let id = stage.organization(&alice, "acme").await;
    let body = json!({ "email": bob.email, "role": "member" });
    let resend = json!({ "email": bob.email, "role": "member", "resend": true });
    let first = stage.org("invite-member", &alice, body.clone()).await;
    let again = stage.org("invite-member", &alice, body.clone()).await;
    assert_eq!(again.code(), (400, "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION"));
    stage.pass(DAY * 6);
    let alice = stage.back(alice).await;
    assert_eq!(stage.org("set-active", &alice, json!({ "organizationId": id })).await.status, 200);
    let longer = stage.org("invite-member", &alice, resend).await;
    assert_eq!(longer.text("/id"), first.text("/id"), "{}", longer.body);
    assert!(longer.text("/expiresAt") > first.text("/expiresAt"));
    stage.pass(DAY * 6);
    assert_eq!(stage.see("list-user-invitations", &bob).await.status, 401, "sessions idle out");
    let bob = stage.back(bob).await;
    assert_eq!(
        stage.see("list-user-invitations", &bob).await.body.as_array().map(Vec::len),
        Some(1)
    );
    stage.pass(DAY + MINUTE);
    let late = json!({ "invitationId": first.body["id"] });
    let answer = stage.org("accept-invitation", &bob, late).await;
    assert_eq!(answer.code(), (400, "INVITATION_NOT_FOUND"));
    assert_eq!(stage.see("list-user-invitations", &bob).await.body, json!([]));

    // An expired one is in nobody's way.
    let alice = stage.back(alice).await;
    assert_eq!(stage.org("set-active", &alice, json!({ "organizationId": id })).await.status, 200);
    let second = stage.org("invite-member", &alice, body.clone()).await;
    assert_ne!(second.text("/id"), first.text("/id"), "{}", second.body);
    let this = json!({ "invitationId": second.body["id"] });
    let canceled = stage.org("cancel-invitation", &alice, this.clone()).await;
    assert_eq!(canceled.text("/status"), "canceled");
    for call in ["cancel-invitation", "accept-invitation", "reject-invitation"] {
        let who = if call.starts_with("cancel") { &alice } else { &bob };
        let answer = stage.org(call, who, this.clone()).await;
        assert_eq!(answer.code(), (400, "INVITATION_NOT_FOUND"), "{call}");
    }
    let third = stage.org("invite-member", &alice, body).await;
    let this = json!({ "invitationId": third.body["id"] });
    let rejected = stage.org("reject-invitation", &bob, this.clone()).await;
    assert_eq!(rejected.text("/invitation/status"), "rejected");
    assert_eq!(rejected.body["member"], Value::Null);
    let answer = stage.org("accept-invitation", &bob, this).await;
    assert_eq!(answer.code(), (400, "INVITATION_NOT_FOUND"));
    let events = stage.events().await;
    for kind in ["invitation_resent", "invitation_canceled", "invitation_rejected"] {
        assert_eq!(events.iter().filter(|one| *one == kind).count(), 1, "{kind}");
    }
});

on_each!(nobody_invites_above_themselves, |stage| {
    let (alice, bob, carol) =
        (stage.somebody("alice").await, stage.proven("bob").await, stage.proven("carol").await);
    let id = stage.organization(&alice, "acme").await;
    stage.bring(&alice, &id, &bob, "admin").await;
    stage.bring(&alice, &id, &carol, "member").await;
    let body = |role: Value| json!({ "email": "dave@example.com", "role": role });
    let not = "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION";
    for role in ["member", "admin", "owner"] {
        let answer = stage.org("invite-member", &carol, body(json!(role))).await;
        assert_eq!(answer.code(), (403, not), "{role}");
    }
    assert_eq!(stage.see("list-invitations", &carol).await.code(), (403, not));
    let answer = stage.org("invite-member", &bob, body(json!("owner"))).await;
    assert_eq!(answer.code(), (403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE"));
    for (role, code) in [
        (json!("boss"), "ROLE_NOT_FOUND"),
        (json!("platform_owner"), "ROLE_NOT_FOUND"),
        (json!(["member", "admin"]), "VALIDATION_ERROR"),
    ] {
        let answer = stage.org("invite-member", &alice, body(role.clone())).await;
        assert_eq!(answer.code(), (400, code), "{role}");
    }
    let bad = json!({ "email": "no address", "role": "member" });
    assert_eq!(stage.org("invite-member", &alice, bad).await.code(), (400, "INVALID_EMAIL"));
    let team = json!({ "email": "e@example.com", "role": "member", "teamId": id });
    assert_eq!(stage.org("invite-member", &alice, team).await.code(), (400, "TEAM_NOT_FOUND"));

    // An owner's invitation is not for an admin to prolong.
    let invited = stage.org("invite-member", &alice, body(json!("owner"))).await;
    let resend = json!({ "email": "dave@example.com", "role": "member", "resend": true });
    let answer = stage.org("invite-member", &bob, resend).await;
    assert_eq!(answer.code(), (403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE"));
    let listed = stage.see("list-invitations", &bob).await;
    assert_eq!(listed.body[0]["id"], invited.body["id"]);
    let full = stage.see("get-full-organization", &carol).await;
    assert_eq!(full.body["invitations"], json!([]));
    let this = json!({ "invitationId": invited.body["id"] });
    let answer = stage.org("cancel-invitation", &carol, this).await;
    assert_eq!(answer.code(), (403, "YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION"));
});

on_each!(an_invitation_dies_with_the_right_to_make_it, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    let id = stage.organization(&alice, "acme").await;
    let bob_id = stage.bring(&alice, &id, &bob, "admin").await;
    let dave = stage.proven("dave").await;
    let body = json!({ "email": dave.email, "role": "admin" });
    let this = json!({ "invitationId": stage.org("invite-member", &bob, body).await.body["id"] });
    let demote = json!({ "memberId": bob_id, "role": "member" });
    assert_eq!(stage.org("update-member-role", &alice, demote).await.status, 200);
    let gone = (400, "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION");
    let answer = stage.org("accept-invitation", &dave, this.clone()).await;
    assert_eq!(answer.code(), gone);
    assert_eq!(stage.org("leave", &bob, json!({ "organizationId": id })).await.status, 200);
    let answer = stage.org("accept-invitation", &dave, this.clone()).await;
    assert_eq!(answer.code(), gone);
    let query = format!("get-invitation?id={}", this["invitationId"].as_str().unwrap());
    assert_eq!(stage.see(&query, &dave).await.code(), gone);
    assert_eq!(stage.see("list", &dave).await.body, json!([]));

    let body = json!({ "email": dave.email, "role": "member", "resend": false });
    let open = stage.org("cancel-invitation", &alice, this).await;
    assert_eq!(open.status, 200);
    let this = json!({ "invitationId": stage.org("invite-member", &alice, body).await.body["id"] });
    assert_eq!(stage.org("delete", &alice, json!({ "organizationId": id })).await.status, 200);
    assert_eq!(stage.org("accept-invitation", &dave, this).await.code(), gone);
});

on_each!(an_invitation_may_lead_into_a_team, |stage| {
    let (alice, bob) = (stage.somebody("alice").await, stage.proven("bob").await);
    let id = stage.organization(&alice, "acme").await;
    let team = stage.org("create-team", &alice, json!({ "name": "Team" })).await.text("/id");
    let body = json!({ "email": bob.email, "role": "member", "teamId": [team] });
    let invited = stage.org("invite-member", &alice, body).await;
    assert_eq!(invited.text("/teamId"), team, "{}", invited.body);
    let this = json!({ "invitationId": invited.body["id"] });
    assert_eq!(stage.org("accept-invitation", &bob, this).await.status, 200);
    let session = stage.get("/v1/auth/get-session", &bob.token).await;
    assert_eq!(session.text("/session/activeOrganizationId"), id);
    assert_eq!(session.text("/session/activeTeamId"), team);
    assert_eq!(stage.see("list-team-members", &bob).await.body[0]["userId"], bob.user);
});

on_each!(invitations_are_bounded_by_inviter_and_by_address, |stage| {
    let alice = stage.somebody("alice").await;
    stage.organization(&alice, "acme").await;
    let invite =
        |number: usize| json!({ "email": format!("n{number}@example.com"), "role": "member" });
    for number in 0..5 {
        assert_eq!(stage.org("invite-member", &alice, invite(number)).await.status, 200);
    }
    let sixth = stage.org("invite-member", &alice, invite(5)).await;
    assert_eq!(sixth.code(), (429, "RATE_LIMITED"));
    assert!(sixth.headers.contains_key("x-retry-after"));
    stage.pass(MINUTE);
    // What fails takes no place.
    for _ in 0..10 {
        let again = stage.org("invite-member", &alice, invite(0)).await;
        assert_eq!(again.code(), (400, "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION"));
    }
    assert_eq!(stage.org("invite-member", &alice, invite(5)).await.status, 200);
});
