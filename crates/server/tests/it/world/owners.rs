//! A group is never without an owner, however many leave at once.

use serde_json::json;
use tokio::task::JoinSet;

use super::rows;
use crate::people::Person;
use crate::stage::{PASSWORD, alone_on_both, group, on_both};

const OWNERS: usize = 20;

/// Somebody new, who can sign in.
async fn newcomer(door: &Person, number: usize) -> Person {
    let email = format!("owner{number}@example.com");
    let body = json!({ "name": "owner", "email": email, "password": PASSWORD });
    let answer = door.post("/v1/auth/sign-up/email", body).await.was(200);
    Person {
        name: "owner",
        email,
        token: Some(answer.text_at("/token")),
        id: answer.text_at("/user/personId"),
        home: answer.text_at("/user/personalGroupId"),
        ..door.clone()
    }
}

#[tokio::test]
async fn the_last_owner_neither_leaves_nor_steps_down() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = group(&alice, "last-owner", "Last").await;
        let me = format!("/v1/people/{}", alice.id);
        let leave = format!("{me}?groupId={team}");
        let down = json!({ "groupId": team, "role": "group_user" });
        alice.delete(&leave).await.was_problem(409, "last_owner");
        alice.patch(&me, down.clone()).await.was_problem(409, "last_owner");
        // A record that nobody signs in to does not stand in.
        let record = json!({ "groupId": team, "displayName": "Rec", "role": "group_owner" });
        alice.post("/v1/people", record).await.was(201);
        alice.delete(&leave).await.was_problem(409, "last_owner");
        stage.root().delete(&leave).await.was_problem(409, "last_owner");
        let other = json!({ "groupId": team, "personId": bob.id, "role": "group_owner" });
        bob.get(&format!("/v1/groups/{team}")).await.was(404);
        alice.post("/v1/people", other).await.was(201);
        alice.patch(&me, down).await.was(200);
        alice.delete(&leave).await.was(204);
        bob.delete(&format!("/v1/people/{}?groupId={team}", bob.id)).await.was(409);
    })
    .await;
}

#[tokio::test]
async fn of_twenty_owners_who_leave_at_once_one_stays() {
    on_both(async |stage| {
        let (alice, door) = (stage.alice(), stage.nobody());
        let team = group(&alice, "twenty-owners", "Twenty").await;
        let mut arrivals = JoinSet::new();
        for number in 1..OWNERS {
            let (root, door, team) = (stage.root(), door.clone(), team.clone());
            arrivals.spawn(async move {
                let person = newcomer(&door, number).await;
                let body = json!({ "groupId": team, "personId": person.id, "role": "group_owner" });
                root.post("/v1/people", body).await.was(201);
                person
            });
        }
        let mut owners = arrivals.join_all().await;
        owners.push(alice.clone());
        let list = format!("/v1/people?groupId={team}&role=group_owner");
        let root = stage.root();
        assert_eq!(rows(&root, &list).await.len(), OWNERS);
        let mut leaving = JoinSet::new();
        for (number, owner) in owners.into_iter().enumerate() {
            let team = team.clone();
            leaving.spawn(async move {
                // Half of them leave, half step down.
                let path = format!("/v1/people/{}", owner.id);
                if number % 2 == 0 {
                    owner.delete(&format!("{path}?groupId={team}")).await
                } else {
                    let down = json!({ "groupId": team, "role": "customer" });
                    owner.patch(&path, down).await
                }
            });
        }
        let answers = leaving.join_all().await;
        let gone = answers.iter().filter(|answer| matches!(answer.status, 200 | 204)).count();
        let left = rows(&root, &list).await.len();
        assert_eq!(gone + left, OWNERS);
        assert!(left >= 1, "nobody owns the group");
        for answer in &answers {
            let honest = matches!(answer.status, 200 | 204 | 503) || answer.code() == "last_owner";
            assert!(honest, "{answer:?}");
        }
        // Only who was asked to try again and again is still there beside the last one.
        let waiting = answers.iter().filter(|answer| answer.status == 503).count();
        assert!(left <= 1 + waiting, "{left} are left, and {waiting} were asked to wait");
    })
    .await;
}

#[tokio::test]
async fn the_platform_is_handed_over_and_never_without_an_owner() {
    alone_on_both(async |stage| {
        let (root, bob) = (stage.root(), stage.bob());
        let groups = rows(&root, "/v1/groups?sort=createdAt&limit=200").await;
        let platform = groups.iter().find(|group| group["slug"] == "platform");
        let platform = platform.and_then(|group| group["id"].as_str()).expect("its group");
        // Everybody may join it, as a customer.
        let join = json!({ "groupId": platform, "personId": bob.id });
        let joined = bob.post("/v1/people", join).await.was(201);
        assert_eq!(joined.text_at("/role"), "customer");
        let carols = format!("/v1/groups/{}", stage.globex);
        bob.get(&carols).await.was_problem(404, "not_found");
        let bobs = format!("/v1/people/{}", bob.id);
        let role = |role: &str| json!({ "groupId": platform, "role": role });
        bob.patch(&bobs, role("platform_owner")).await.was_problem(403, "forbidden");
        root.patch(&bobs, role("platform_owner")).await.was(200);
        // What that opens and closes counts with the next request.
        bob.get(&carols).await.was(200);
        let roots = format!("/v1/people/{}?groupId={platform}", root.id);
        root.delete(&roots).await.was(204);
        root.get(&carols).await.was_problem(404, "not_found");
        bob.patch(&bobs, role("group_owner")).await.was_problem(409, "last_owner");
        bob.delete(&format!("{bobs}?groupId={platform}")).await.was_problem(409, "last_owner");
    })
    .await;
}
