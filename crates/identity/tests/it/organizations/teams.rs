//! Teams inside an organization.

use serde_json::{Value, json};

use crate::on_each;

on_each!(teams_are_run_by_the_rights_of_their_organization, |stage| {
    let (alice, bob, carol) =
        (stage.somebody("alice").await, stage.proven("bob").await, stage.proven("carol").await);
    let id = stage.organization(&alice, "acme").await;
    stage.bring(&alice, &id, &bob, "admin").await;
    stage.bring(&alice, &id, &carol, "member").await;
    let mallory = stage.somebody("mallory").await;
    let made = stage.org("create-team", &bob, json!({ "name": "Support" })).await;
    assert_eq!(made.text("/organizationId"), id, "{}", made.body);
    let team = made.text("/id");
    for (call, body, code) in [
        (
            "create-team",
            json!({ "name": "X" }),
            "YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION",
        ),
        (
            "remove-team",
            json!({ "teamId": team }),
            "YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION",
        ),
        (
            "update-team",
            json!({ "teamId": team, "data": {} }),
            "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM",
        ),
        (
            "add-team-member",
            json!({ "teamId": team, "userId": carol.user }),
            "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER",
        ),
        (
            "remove-team-member",
            json!({ "teamId": team, "userId": bob.user }),
            "YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER",
        ),
        ("set-active-team", json!({ "teamId": team }), "USER_IS_NOT_A_MEMBER_OF_THE_TEAM"),
    ] {
        let answer = stage.org(call, &carol, body).await;
        assert_eq!(answer.code(), (403, code), "{call} {}", answer.body);
    }
    let inside = stage.see(&format!("list-team-members?teamId={team}"), &carol).await;
    assert_eq!(inside.code(), (400, "USER_IS_NOT_A_MEMBER_OF_THE_TEAM"));
    let body = json!({ "teamId": team, "userId": mallory.user });
    let answer = stage.org("add-team-member", &alice, body).await;
    assert_eq!(answer.code(), (400, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"));
    let body = json!({ "teamId": team, "userId": carol.user });
    let added = stage.org("add-team-member", &alice, body.clone()).await;
    assert_eq!((added.text("/teamId"), added.text("/userId")), (team.clone(), carol.user.clone()));
    assert_eq!(stage.org("add-team-member", &alice, body.clone()).await.body, added.body);

    let active = stage.org("set-active-team", &carol, json!({ "teamId": team })).await;
    assert_eq!(active.text("/name"), "Support");
    let session = stage.get("/v1/auth/get-session", &carol.token).await;
    assert_eq!(session.text("/session/activeTeamId"), team);
    assert_eq!(stage.see("list-team-members", &carol).await.body[0]["userId"], carol.user);
    assert_eq!(stage.see("list-user-teams", &carol).await.body[0]["id"], team.as_str());
    let query = format!("list-user-teams?userId={}", carol.user);
    assert_eq!(stage.see(&query, &alice).await.body[0]["id"], team.as_str());
    let teams = stage.see("list-teams", &carol).await;
    assert_eq!(
        (&teams.body[0]["name"], &teams.body[0]["memberCount"]),
        (&json!("Support"), &json!(1))
    );
    assert_eq!(stage.see("list", &carol).await.body.as_array().map(Vec::len), Some(1));

    let change = json!({ "teamId": team, "data": { "name": "Help" } });
    assert_eq!(stage.org("update-team", &alice, change).await.text("/name"), "Help");
    let own = stage.org("remove-team-member", &alice, body.clone()).await;
    assert_eq!(own.text("/message"), "Team member removed successfully.");
    let own = stage.org("remove-team-member", &alice, body).await;
    assert_eq!(own.code(), (400, "USER_IS_NOT_A_MEMBER_OF_THE_TEAM"));
    let session = stage.get("/v1/auth/get-session", &carol.token).await;
    assert_eq!(session.body["session"]["activeTeamId"], Value::Null);
    let gone = stage.org("remove-team", &bob, json!({ "teamId": team })).await;
    assert_eq!(gone.text("/message"), "Team removed successfully.");
    let gone = stage.org("remove-team", &bob, json!({ "teamId": team })).await;
    assert_eq!(gone.code(), (400, "TEAM_NOT_FOUND"));
    assert_eq!(stage.see("list-teams", &carol).await.body, json!([]));
    let answer = stage.see("list-team-members", &carol).await;
    assert_eq!(answer.code(), (400, "YOU_DO_NOT_HAVE_AN_ACTIVE_TEAM"));
});
