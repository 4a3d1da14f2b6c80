//! What a thing was before, who may know, and how it goes back.

use reqwest::Method;
use serde_json::{Value, json};

use super::{log, note, refused, rows, secret, seen, team, thing};
use crate::stage::on_both;

#[tokio::test]
async fn every_version_can_be_read_and_brought_back() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "revisions").await;
        let parent = note(&bob, &team, "parent").await;
        let properties = json!({ "a": 1, "deep": { "x": 1, "y": 2 }, "long": "x".repeat(9000) });
        let body =
            json!({ "groupId": team, "type": "note", "name": "first", "properties": properties });
        let made = bob.post("/v1/things", body).await.was(201).json();
        let path = format!("/v1/things/{}", made["id"].as_str().unwrap_or_default());
        let mut states = vec![made];
        for change in [
            json!({ "name": "second" }),
            json!({ "properties": { "a": null, "b": 2, "deep": { "y": null, "z": 3 } } }),
            json!({ "parentId": parent, "properties": { "long": "y" } }),
            json!({ "status": "archived" }),
            json!({ "status": "active" }),
        ] {
            states.push(bob.patch(&path, change).await.was(200).json());
        }
        for state in &states {
            let then = bob.get(&format!("{path}/versions/{}", state["version"])).await.was(200);
            assert_eq!(then.json(), *state);
        }
        for version in ["0", "7", "18446744073709551615"] {
            bob.get(&format!("{path}/versions/{version}")).await.was_problem(404, "not_found");
        }
        bob.get(&format!("{path}/versions/x")).await.was_problem(422, "invalid_id");
        let history = rows(&bob, &format!("{path}/history")).await;
        let versions: Vec<_> = history.iter().map(|one| one["version"].clone()).collect();
        assert_eq!(versions, [json!(6), json!(5), json!(4), json!(3), json!(2)]);
        assert_eq!(history[4]["changes"], json!({ "name": { "from": "first", "to": "second" } }));
        assert_eq!(
            (&history[4]["actorId"], &history[4]["at"]),
            (&json!(bob.id), &states[1]["updatedAt"])
        );
        let first = bob.get(&format!("{path}/history?limit=2")).await.was(200).json();
        let cursor = first["nextCursor"].as_str().unwrap_or_default();
        let second = rows(&bob, &format!("{path}/history?limit=2&cursor={cursor}")).await;
        assert_eq!(second, history[2..4]);

        let before = log(&alice, &team).await.len();
        let revert = format!("{path}/revert");
        let back = seen(&bob, Method::POST, &revert, "\"6\"", Some(json!({ "version": 1 })));
        let back = back.await.was(200).json();
        assert_eq!(back["version"], 7);
        for field in ["name", "properties", "parentId"] {
            assert_eq!(back[field], states[0][field], "{field}");
        }
        let events = log(&alice, &team).await.split_off(before);
        assert_eq!(events.len(), 1);
        assert_eq!(
            (&events[0]["type"], &events[0]["metadata"]["revertedTo"]),
            (&json!("thing_reverted"), &json!(1))
        );
        // Going where it is changes nothing.
        let same = bob.post(&revert, json!({ "version": 7 })).await.was(200);
        assert_eq!(same.json()["version"], 7);
        let late = seen(&bob, Method::POST, &revert, "\"6\"", Some(json!({ "version": 1 })));
        late.await.was_problem(412, "version_mismatch");
    })
    .await;
}

#[tokio::test]
async fn a_history_is_for_who_may_see_the_thing() {
    on_both(async |stage| {
        let (alice, bob, vera, carol) = (stage.alice(), stage.bob(), stage.vera(), stage.carol());
        let team = team(stage, "revisions-rights").await;
        let id = note(&alice, &team, "hers").await;
        let path = format!("/v1/things/{id}");
        alice.patch(&path, json!({ "name": "changed" })).await.was(200);
        for (person, status) in [(&bob, 200), (&vera, 404), (&carol, 404), (&stage.nobody(), 401)] {
            person.get(&format!("{path}/history")).await.was(status);
            person.get(&format!("{path}/versions/1")).await.was(status);
        }
        let revert = format!("{path}/revert");
        for (person, status) in [(&vera, 404), (&carol, 404), (&stage.nobody(), 401)] {
            person.post(&revert, json!({ "version": 1 })).await.was(status);
        }
        for body in
            [json!({}), json!({ "version": 1, "ownerId": bob.id }), json!({ "version": "1" })]
        {
            alice.post(&revert, body).await.was(422);
        }
        alice.post(&revert, json!({ "version": 9 })).await.was_problem(404, "not_found");
        alice.delete(&path).await.was(204);
        let archived = alice.post(&revert, json!({ "version": 1 })).await;
        archived.was_problem(409, "thing_archived");
    })
    .await;
}

#[tokio::test]
async fn what_was_private_stays_so() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "revisions-private").await;
        let id = secret(&alice, &team, "whisper").await;
        let path = format!("/v1/things/{id}");
        for change in [
            json!({ "name": "canary" }),
            json!({ "name": "open" }),
            json!({ "visibility": "group" }),
            json!({ "name": "opened" }),
        ] {
            alice.patch(&path, change).await.was(200);
        }
        let answer = bob.get(&format!("{path}/history")).await.was(200);
        assert!(!answer.text.contains("canary") && !answer.text.contains("whisper"), "{answer:?}");
        let history = rows(&bob, &format!("{path}/history")).await;
        let told: Vec<bool> = history.iter().map(|one| one["changes"] != Value::Null).collect();
        assert_eq!(told, [true, false, false, false]);
        for (version, status) in [(5, 200), (4, 200), (3, 404), (2, 404), (1, 404)] {
            bob.get(&format!("{path}/versions/{version}")).await.was(status);
            alice.get(&format!("{path}/versions/{version}")).await.was(200);
        }
        let back = bob.post(&format!("{path}/revert"), json!({ "version": 2 })).await;
        back.was_problem(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn a_thing_goes_back_only_to_what_its_type_allows() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "revisions-type").await;
        super::types::define(&alice, &team, "parcel", json!({})).await.was(200);
        let body = json!({ "groupId": team, "type": "parcel", "name": "n", "properties": { "size": "large" } });
        let id = thing(&alice, body).await;
        let path = format!("/v1/things/{id}");
        alice.patch(&path, json!({ "properties": { "size": 3 } })).await.was(200);
        let narrow = json!({ "properties": { "size": { "type": "integer" } } });
        super::types::define(&alice, &team, "parcel", narrow).await.was(200);
        let back = alice.post(&format!("{path}/revert"), json!({ "version": 1 })).await;
        refused(back, "/properties/size", "wrong_type");
        assert_eq!(alice.get(&path).await.was(200).json()["version"], 2);
    })
    .await;
}
