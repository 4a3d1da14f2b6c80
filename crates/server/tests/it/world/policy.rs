//! The policy says why.

use serde_json::{Value, json};

use super::{below, note, refused, secret, team};
use crate::people::Person;
use crate::stage::{on_both, sign_up};

const EXPLAIN: &str = "/v1/policy/explain";

async fn ask(who: &Person, action: &str, about: Value) -> Value {
    let mut question = about;
    question["action"] = action.into();
    who.post(EXPLAIN, question).await.was(200).json()
}

fn rules(verdict: &Value) -> Vec<&str> {
    verdict["reasons"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["rule"].as_str())
        .collect()
}

#[tokio::test]
async fn it_says_who_may_and_why() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "explained").await;
        let (hers, his) = (note(&alice, &team, "hers").await, note(&bob, &team, "his").await);
        let about = |id: &str| json!({ "objectId": id });
        let told = ask(&alice, "things:update", about(&his)).await;
        assert_eq!((told["allowed"].clone(), rules(&told)), (json!(true), vec!["member"]));
        assert_eq!(told["reasons"][0]["role"], "group_owner");
        let told = ask(&bob, "things:update", about(&his)).await;
        assert_eq!((told["allowed"].clone(), rules(&told)), (json!(true), vec!["own"]));
        assert_eq!(told["reasons"][0]["right"], "things:update_own");
        let told = ask(&bob, "things:update", about(&hers)).await;
        assert_eq!((told["allowed"].clone(), rules(&told)), (json!(false), vec!["missing_right"]));
        assert!(told["reasons"][0]["because"].as_str().is_some_and(|text| text.len() > 20));
        let root = ask(&stage.root(), "api_keys:create", json!({ "groupId": team })).await;
        assert_eq!(rules(&root), ["platform_owner"]);
        let annex = below(&stage.root(), &team, "explained-annex").await;
        let told = ask(&alice, "things:read", json!({ "groupId": annex })).await;
        assert_eq!((told["allowed"].clone(), rules(&told)), (json!(true), vec!["owner_above"]));
        // Owners ask about others; nobody else does.
        let of_vera = json!({ "objectId": hers, "personId": vera.id, "action": "things:read" });
        let told = alice.post(EXPLAIN, of_vera.clone()).await.was(200).json();
        assert_eq!((&told["allowed"], &told["sees"]), (&json!(false), &json!(false)));
        bob.post(EXPLAIN, of_vera).await.was_problem(403, "forbidden");
        // Who has no role is told so, not that a role of theirs lacks something.
        let open = json!({ "slug": "explained-open", "name": "Open", "type": "community",
            "settings": { "visibility": "public" } });
        let open = alice.post("/v1/groups", open).await.was(201).id();
        let because = async |who: &Person, group: &str| {
            let told = ask(who, "things:create", json!({ "groupId": group })).await;
            assert_eq!(rules(&told), ["missing_right"], "{told}");
            told["reasons"][0]["because"].as_str().unwrap_or_default().to_owned()
        };
        assert!(because(&stage.carol(), &open).await.contains("no role in this group"));
        assert!(because(&vera, &team).await.contains("role"));
        assert!(!because(&vera, &team).await.contains("no role"));
        let stranger = sign_up(&stage.nobody(), "unexplained").await;
        let of_stranger =
            json!({ "groupId": team, "personId": stranger.id, "action": "things:read" });
        alice.post(EXPLAIN, of_stranger).await.was_problem(404, "not_found");
        alice.delete(&format!("/v1/groups/{team}?cascade=true")).await.was(204);
        let told = ask(&alice, "things:update", about(&hers)).await;
        assert_eq!((told["allowed"].clone(), rules(&told)), (json!(false), vec!["group_archived"]));
        assert_eq!(ask(&alice, "things:read", about(&hers)).await["allowed"], true);
    })
    .await;
}

#[tokio::test]
async fn of_what_one_does_not_see_it_says_nothing() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "unexplained").await;
        let hidden = secret(&alice, &team, "hers").await;
        let question = |id: &str| json!({ "action": "things:update", "objectId": id });
        bob.post(EXPLAIN, question(&hidden)).await.was_problem(404, "not_found");
        stage.carol().post(EXPLAIN, question(&hidden)).await.was_problem(404, "not_found");
        stage.carol().post(EXPLAIN, question(&team)).await.was_problem(404, "not_found");
        stage.nobody().post(EXPLAIN, question(&hidden)).await.was(401);
        for (body, pointer, code) in [
            (json!({ "action": "things:fly", "groupId": team }), "/action", "unknown_action"),
            (json!({ "action": "things:read" }), "/objectId", "missing_field"),
            (json!({ "action": "things:read", "objectId": "x!" }), "/objectId", "invalid_id"),
            (json!({ "action": "things:read", "objectId": alice.id }), "/objectId", "wrong_kind"),
            (
                json!({ "action": "things:read", "objectId": hidden, "groupId": team }),
                "/groupId",
                "not_allowed",
            ),
        ] {
            refused(alice.post(EXPLAIN, body).await, pointer, code);
        }
    })
    .await;
}

#[tokio::test]
async fn what_it_says_is_what_happens() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "held").await;
        for owner in [&alice, &bob] {
            let thing = note(owner, &team, "one").await;
            for who in [&alice, &bob, &vera, &stage.carol()] {
                let question = json!({ "action": "things:update", "objectId": thing });
                let told = who.post(EXPLAIN, question).await;
                let done =
                    who.patch(&format!("/v1/things/{thing}"), json!({ "name": "two" })).await;
                assert_eq!(told.status == 404, done.status == 404, "{told:?} {done:?}");
                assert_eq!(told.json()["allowed"] == true, done.status == 200, "{told:?} {done:?}");
            }
        }
    })
    .await;
}
