//! A group is handed over by its owner, whole and in one step.

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::{log, refused, team};
use crate::stage::{member, on_both};

fn path(group: &str) -> String {
    format!("/v1/groups/{group}/transfer-ownership")
}

#[tokio::test]
async fn an_owner_hands_a_group_over_and_stays_as_a_member() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "handed-over").await;
        let to = |id: &str| json!({ "personId": id });
        bob.post(&path(&team), to(&bob.id)).await.was_problem(403, "not_the_owner");
        stage.carol().post(&path(&team), to(&bob.id)).await.was_problem(404, "not_found");
        stage.root().post(&path(&team), to(&bob.id)).await.was_problem(403, "not_the_owner");
        refused(alice.post(&path(&team), to(&stage.carol().id)).await, "/personId", "not_a_member");
        refused(alice.post(&path(&team), to(&alice.id)).await, "/personId", "already_owner");
        let record = json!({ "groupId": team, "displayName": "Rec" });
        let record = alice.post("/v1/people", record).await.was(201).id();
        refused(alice.post(&path(&team), to(&record)).await, "/personId", "not_a_member");
        assert_eq!(alice.post(&path(&team), json!({ "personId": team })).await.status, 422);
        alice.post(&path(&alice.home), to(&bob.id)).await.was_problem(409, "personal_group");
        alice.post(&path(&team), to(&bob.id)).await.was(200);
        let role = async |id: &str| {
            let seen = format!("/v1/people/{id}?groupId={team}");
            bob.get(&seen).await.was(200).text_at("/role")
        };
        assert_eq!(
            (role(&bob.id).await, role(&alice.id).await),
            ("group_owner".into(), "group_user".into())
        );
        alice.post(&path(&team), to(&vera.id)).await.was_problem(403, "not_the_owner");
        let keep = json!({ "personId": vera.id, "keepRole": true });
        bob.post(&path(&team), keep).await.was(200);
        assert_eq!(
            (role(&bob.id).await, role(&vera.id).await),
            ("group_owner".into(), "group_owner".into())
        );
        let told = log(&bob, &team).await;
        let handed: Vec<_> =
            told.iter().filter(|one| one["type"] == "ownership_transferred").collect();
        assert_eq!(handed.len(), 2);
        assert_eq!(handed[0]["metadata"]["to"], bob.id.as_str());
        let key = json!({ "groupId": team, "name": "k", "permissions": ["*"] });
        let key = vera.post("/v1/api-keys", key).await.was(201).text_at("/key");
        let program = crate::people::Person { token: Some(key), ..vera.clone() };
        program.post(&path(&team), to(&alice.id)).await.was_problem(403, "not_the_owner");
        let archive = vera.request(Method::DELETE, &format!("/v1/groups/{team}"));
        vera.send(archive).await.was(204);
        vera.post(&path(&team), to(&alice.id)).await.was_problem(409, "group_archived");
    })
    .await;
}

#[tokio::test]
async fn of_two_owners_who_leave_at_once_one_stays() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        for round in 0..5 {
            let team = crate::stage::group(&alice, &format!("both-leave-{round}"), "Both").await;
            member(&alice, &team, &bob, "group_owner").await;
            let mut leaving = JoinSet::new();
            for owner in [alice.clone(), bob.clone()] {
                let path = format!("/v1/groups/{team}/leave");
                leaving.spawn(async move { owner.post(&path, json!({})).await });
            }
            let answers = leaving.join_all().await;
            let gone = answers.iter().filter(|answer| answer.status == 204).count();
            let stayed = answers.iter().filter(|answer| answer.code() == "last_owner").count();
            assert_eq!((gone, stayed), (1, 1), "{answers:?}");
        }
    })
    .await;
}
