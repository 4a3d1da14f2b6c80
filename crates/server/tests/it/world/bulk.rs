//! Many objects in one request: each succeeds or fails by itself.

use reqwest::Method;
use serde_json::{Value, json};

use super::{log, note, refused, rows, secret, team};
use crate::people::Person;
use crate::stage::on_both;

async fn bulk(person: &Person, of: &str, body: Value) -> Value {
    person.post(&format!("/v1/{of}/bulk"), body).await.was(200).json()
}

fn statuses(answer: &Value) -> Vec<u64> {
    let results = answer["results"].as_array().expect("results");
    results.iter().map(|one| one["status"].as_u64().expect("a status")).collect()
}

#[tokio::test]
async fn a_thousand_things_are_made_in_order_with_their_events() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "bulk-thousand").await;
        let start = log(&bob, &team).await.len();
        let item =
            |number| json!({ "groupId": team, "type": "note", "name": format!("{number:04}") });
        let items: Vec<Value> = (0..1000).map(item).collect();
        let answer = bulk(&bob, "things", json!({ "items": items })).await;
        assert_eq!((&answer["created"], &answer["failed"]), (&json!(1000), &json!(0)));
        let first = answer["results"][0]["id"].as_str().expect("an id");
        let thing = bob.get(&format!("/v1/things/{first}")).await.was(200).json();
        assert_eq!((&thing["name"], &thing["version"]), (&json!("0000"), &json!(1)));
        assert_eq!(thing["ownerId"], json!(bob.id));
        let events = log(&bob, &team).await;
        assert_eq!(events.len(), start + 1000);
        for (event, result) in events[start..].iter().zip(answer["results"].as_array().unwrap()) {
            assert_eq!(
                (&event["type"], &event["targetId"]),
                (&json!("thing_created"), &result["id"])
            );
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_an_item_is_told_in_its_place() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "bulk-partial").await;
        let hidden = secret(&stage.carol(), &stage.globex, "hidden").await;
        let good = json!({ "groupId": team, "type": "note", "name": "good" });
        let with = |key: &str, value: Value| {
            let mut item = good.clone();
            item[key] = value;
            item
        };
        let items = json!([
            good,
            with("name", json!("")),
            with("type", json!("nothing")),
            5,
            with("groupId", json!(stage.globex)),
            with("parentId", json!(hidden)),
            with("ownerId", json!(stage.alice().id)),
            with("version", json!(9)),
            good,
        ]);
        let answer = bulk(&bob, "things", json!({ "items": items })).await;
        assert_eq!(statuses(&answer), [201, 422, 422, 422, 404, 422, 422, 422, 201]);
        assert_eq!((&answer["created"], &answer["failed"]), (&json!(2), &json!(7)));
        let problem = &answer["results"][1]["problem"];
        assert_eq!(problem["errors"][0]["pointer"], "/name");
        assert_eq!(answer["results"][5]["problem"]["errors"][0]["code"], "unknown_parent");
        assert!(problem["requestId"].as_str().is_some_and(|id| !id.is_empty()));
        assert_eq!(rows(&bob, &format!("/v1/things?groupId={team}")).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn none_and_too_many_are_refused_whole() {
    on_both(async |stage| {
        let bob = stage.bob();
        let item = json!({ "groupId": stage.acme, "type": "note", "name": "n" });
        let path = "/v1/things/bulk";
        refused(bob.post(path, json!({ "items": [] })).await, "/items", "wrong_count");
        let many = vec![item.clone(); 1001];
        refused(bob.post(path, json!({ "items": many })).await, "/items", "wrong_count");
        let upsert = json!({ "items": [item], "mode": "upsert" });
        refused(bob.post(path, upsert.clone()).await, "/key", "missing_field");
        refused(bob.post("/v1/events/bulk", upsert).await, "/mode", "not_allowed");
        let items = json!({ "items": [item] });
        stage.nobody().post(path, items).await.was_problem(401, "unauthenticated");
    })
    .await;
}

#[tokio::test]
async fn things_are_changed_and_deleted_each_by_itself() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "bulk-change").await;
        let (one, two) = (note(&bob, &team, "one").await, note(&bob, &team, "two").await);
        let hidden = secret(&stage.carol(), &stage.globex, "hidden").await;
        let items = json!([
            { "id": one, "ifMatch": 1, "name": "uno" }, { "id": two, "ifMatch": 7, "name": "due" },
            { "id": hidden, "name": "mine" }, { "id": two, "name": "two" },
            { "id": two, "ownerId": bob.id }, { "name": "who" },
        ]);
        let body = json!({ "items": items });
        let answer = bob.patch("/v1/things/bulk", body).await.was(200).json();
        assert_eq!(statuses(&answer), [200, 412, 404, 200, 422, 422]);
        assert_eq!(answer["results"][0]["version"], 2);
        assert_eq!(answer["results"][3]["change"], "unchanged");
        let body = json!({ "ids": [one, hidden, "thing_x", two] });
        let answer = bob.post("/v1/things/bulk/delete", body).await.was(200).json();
        assert_eq!(statuses(&answer), [204, 404, 422, 204]);
        assert_eq!(rows(&bob, &format!("/v1/things?groupId={team}")).await.len(), 0);
        let body = json!({ "ids": [one, one], "permanent": true });
        let answer = stage.alice().post("/v1/things/bulk/delete", body).await.was(200).json();
        assert_eq!(statuses(&answer), [204, 404]);
    })
    .await;
}

#[tokio::test]
async fn things_with_a_unique_property_are_told_apart_by_it() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "bulk-upsert").await;
        let kind = json!({ "properties": { "sku": { "type": "string" } }, "unique": ["sku"] });
        let path = format!("/v1/groups/{team}/types/thing/article");
        alice.send(alice.request(Method::PUT, &path).json(&kind)).await.was(200);
        let item = |sku: &str, name: &str| {
            json!({ "groupId": team, "type": "article", "name": name, "properties": { "sku": sku } })
        };
        let items = json!([item("1", "a"), item("1", "twice"), item("2", "b")]);
        let answer = bulk(&alice, "things", json!({ "items": items })).await;
        assert_eq!(statuses(&answer), [201, 409, 201]);
        assert_eq!(answer["results"][1]["problem"]["code"], "duplicate_key");
        let items = json!([item("1", "new"), item("2", "b"), item("3", "c"), item("3", "d")]);
        let upsert = json!({ "items": items, "mode": "upsert", "key": "sku" });
        let answer = bulk(&alice, "things", upsert).await;
        assert_eq!(statuses(&answer), [200, 200, 201, 200], "{answer}");
        let changes = ["updated", "unchanged", "created", "updated"];
        for (result, change) in answer["results"].as_array().unwrap().iter().zip(changes) {
            assert_eq!(result["change"], change, "{answer}");
        }
        let wrong = json!({ "items": [item("1", "x")], "mode": "upsert", "key": "name" });
        let answer = bulk(&alice, "things", wrong).await;
        assert_eq!(answer["results"][0]["problem"]["code"], "not_unique");
        assert_eq!(alice.walk(&format!("/v1/things?groupId={team}")).await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn the_other_dimensions_come_in_bulk_too() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "bulk-others").await;
        let (a, b) = (note(&alice, &team, "a").await, note(&alice, &team, "b").await);
        let edge = json!({ "type": "part_of", "fromId": a, "toId": b });
        let answer = bulk(&alice, "connections", json!({ "items": [edge, edge] })).await;
        assert_eq!(statuses(&answer), [201, 200]);
        assert_eq!(answer["results"][1]["change"], "unchanged");
        let label = json!({ "groupId": team, "type": "label", "text": "topic:bulk" });
        let answer = bulk(&alice, "knowledge", json!({ "items": [label, label] })).await;
        assert_eq!((&answer["created"], &answer["unchanged"]), (&json!(1), &json!(1)));
        let event = json!({ "groupId": team, "type": "lesson_completed" });
        let answer = bulk(&alice, "events", json!({ "items": [event, event] })).await;
        assert_eq!(answer["created"], 2);
        let group =
            json!({ "slug": "bulk-below", "name": "x", "type": "business", "parentGroupId": team });
        let mut renamed = group.clone();
        renamed["name"] = json!("y");
        let answer = bulk(&alice, "groups", json!({ "items": [group, group] })).await;
        assert_eq!(statuses(&answer), [201, 409]);
        let upsert = json!({ "items": [renamed], "mode": "upsert" });
        assert_eq!(bulk(&alice, "groups", upsert.clone()).await["updated"], 1);
        // Whoever does not see the group learns no more than that its slug is taken.
        let answer = bulk(&stage.carol(), "groups", upsert).await;
        assert_eq!(answer["failed"], 1, "{answer}");
        let person = json!({ "groupId": team, "displayName": "Ada", "email": "ada@bulk.example" });
        assert_eq!(bulk(&alice, "people", json!({ "items": [person] })).await["created"], 1);
        let mut renamed = person.clone();
        renamed["displayName"] = json!("Ada L.");
        let answer = alice.post("/v1/people/bulk?upsert=true", json!({ "items": [renamed] })).await;
        assert_eq!(answer.was(200).json()["updated"], 1);
    })
    .await;
}
