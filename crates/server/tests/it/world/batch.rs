//! Changes of several objects that happen together or not at all.

use reqwest::Method;
use serde_json::{Value, json};

use super::{each, log, note, refused, rows, secret, team};
use crate::stage::on_both;

#[tokio::test]
async fn later_operations_refer_to_earlier_ones() {
    on_both(async |stage| {
        let carol = stage.carol();
        let slug = "batch-refer";
        let operations = json!([
            { "id": "home", "method": "POST", "path": "/v1/groups",
                "body": { "slug": slug, "name": "Home", "type": "business" } },
            { "id": "a", "method": "POST", "path": "/v1/things",
                "body": { "groupId": "$home.id", "type": "note", "name": "a",
                    "properties": { "price": "$5", "same": "$$a.id", "of": "$home.name" } } },
            { "id": "b", "method": "POST", "path": "/v1/things",
                "body": { "groupId": "$home.id", "type": "note", "name": "b" } },
            { "method": "POST", "path": "/v1/connections",
                "body": { "type": "part_of", "fromId": "$a.id", "toId": "$b.id" } },
            { "method": "POST", "path": "/v1/knowledge",
                "body": { "type": "label", "text": "topic:batch", "sourceThingId": "$a.id" } },
            { "method": "PATCH", "path": "/v1/things/$b.id", "ifMatch": 1, "body": { "name": "c" } },
            { "method": "DELETE", "path": "/v1/things/$b.id" },
            { "method": "POST", "path": "/v1/events",
                "body": { "groupId": "$home.id", "type": "lesson_completed", "targetId": "$a.id" } },
            { "id": "ada", "method": "POST", "path": "/v1/people",
                "body": { "groupId": "$home.id", "displayName": "Ada" } },
            { "method": "DELETE", "path": "/v1/people/$ada.id?groupId=$home.id" },
        ]);
        let answer = carol.post("/v1/batch", json!({ "operations": operations })).await.was(200);
        let results = answer.json()["results"].as_array().cloned().unwrap();
        let statuses: Vec<_> = results.iter().map(|one| one["status"].as_u64().unwrap()).collect();
        assert_eq!(statuses, [201, 201, 201, 201, 201, 200, 204, 201, 201, 204], "{answer:?}");
        let a = &results[1]["body"];
        let kept = json!({ "price": "$5", "same": "$a.id", "of": "Home" });
        assert_eq!((&a["groupId"], &a["properties"]), (&results[0]["id"], &kept));
        assert_eq!(results[3]["body"]["fromId"], a["id"]);
        assert_eq!((&results[5]["version"], &results[5]["body"]["name"]), (&json!(2), &json!("c")));
        let path = format!("/v1/things/{}", a["id"].as_str().unwrap());
        assert_eq!(carol.get(&path).await.was(200).json(), *a);
    })
    .await;
}

#[tokio::test]
async fn the_first_failure_takes_everything_back() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "batch-back").await;
        let hidden = secret(&stage.carol(), &stage.globex, "hidden").await;
        let start = log(&bob, &team).await;
        let made = json!({ "id": "a", "method": "POST", "path": "/v1/things",
            "body": { "groupId": team, "type": "note", "name": "a" } });
        let send =
            async |next: Value| bob.post("/v1/batch", json!({ "operations": [made, next] })).await;
        let body = json!({ "groupId": team, "type": "note", "name": "" });
        let wrong = send(json!({ "method": "POST", "path": "/v1/things", "body": body })).await;
        assert_eq!(wrong.json()["operation"], 1);
        assert_eq!(wrong.was(422).text_at("/errors/0/pointer"), "/operations/1/body/name");
        let foreign = send(json!({ "method": "PATCH", "path": format!("/v1/things/{hidden}"),
            "body": { "name": "mine" } }))
        .await
        .was_problem(404, "not_found");
        assert_eq!(foreign.json()["operation"], 1);
        let body = json!({ "type": "part_of", "fromId": "$a.id", "toId": hidden });
        let edge = json!({ "method": "POST", "path": "/v1/connections", "body": body });
        send(edge).await.was_problem(404, "not_found");
        let body = json!({ "groupId": team, "type": "note", "name": "x", "ownerId": bob.id });
        let wrong = send(json!({ "method": "POST", "path": "/v1/things", "body": body })).await;
        assert_eq!(wrong.was(422).text_at("/errors/0/pointer"), "/operations/1/body/ownerId");
        let stale = json!({ "method": "PATCH", "path": "/v1/things/$a.id", "ifMatch": 4,
            "body": { "name": "b" } });
        assert_eq!(send(stale).await.was(412).json()["operation"], 1);
        for (next, pointer, code) in [
            (json!({ "method": "POST", "path": "/v1/batch" }), "path", "unknown_operation"),
            (json!({ "method": "PATCH", "path": "/v1/events/x" }), "path", "unknown_operation"),
            (json!({ "method": "DELETE", "path": "/v1/things/x" }), "path", "invalid_id"),
            (
                json!({ "method": "DELETE", "path": "/v1/things/$b.id" }),
                "path",
                "unknown_reference",
            ),
            (json!({ "method": "POST", "path": "/v1/things" }), "body", "missing_field"),
            (
                json!({ "method": "POST", "path": "/v1/things", "body": { "name": "$c.id" } }),
                "body/name",
                "unknown_reference",
            ),
        ] {
            let answer = send(next).await.was(422);
            assert_eq!(answer.text_at("/errors/0/pointer"), format!("/operations/1/{pointer}"));
            assert_eq!(answer.code(), code);
        }
        assert_eq!(log(&bob, &team).await, start);
        assert_eq!(rows(&bob, &format!("/v1/things?groupId={team}")).await.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_answers_and_keeps_nothing() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "batch-dry").await;
        let kept = note(&bob, &team, "kept").await;
        let start = log(&bob, &team).await;
        let operations = json!([
            { "id": "a", "method": "POST", "path": "/v1/things",
                "body": { "groupId": team, "type": "note", "name": "a" } },
            { "method": "DELETE", "path": format!("/v1/things/{kept}") },
        ]);
        let body = json!({ "operations": operations, "dryRun": true });
        let answer = bob.post("/v1/batch", body).await.was(200).json();
        assert_eq!(
            (&answer["dryRun"], &answer["results"][0]["status"]),
            (&json!(true), &json!(201))
        );
        let made = answer["results"][0]["id"].as_str().unwrap();
        bob.get(&format!("/v1/things/{made}")).await.was(404);
        let things = rows(&bob, &format!("/v1/things?groupId={team}")).await;
        assert_eq!(each(&things, "id"), [kept]);
        assert_eq!(log(&bob, &team).await, start);
    })
    .await;
}

#[tokio::test]
async fn a_batch_has_one_to_a_thousand_operations_with_names_of_their_own() {
    on_both(async |stage| {
        let bob = stage.bob();
        let operation = json!({ "method": "POST", "path": "/v1/things",
            "body": { "groupId": stage.acme, "type": "note", "name": "n" } });
        let send = async |operations: Vec<Value>| {
            bob.post("/v1/batch", json!({ "operations": operations })).await
        };
        refused(send(vec![]).await, "/operations", "wrong_count");
        refused(send(vec![operation.clone(); 1001]).await, "/operations", "wrong_count");
        let mut named = operation.clone();
        named["id"] = json!("a");
        let twice = send(vec![named.clone(), named.clone()]).await;
        assert_eq!(twice.was(422).text_at("/errors/0/pointer"), "/operations/1/id");
        named["id"] = json!("1");
        let wrong = send(vec![named]).await;
        assert_eq!(wrong.was(422).text_at("/errors/0/code"), "invalid_name");
        assert_eq!(
            send(vec![operation; 1000]).await.was(200).json()["results"][999]["status"],
            201
        );
        let body = json!({ "operations": [] });
        stage.nobody().post("/v1/batch", body).await.was_problem(401, "unauthenticated");
    })
    .await;
}

#[tokio::test]
async fn of_many_new_things_the_first_that_cannot_be_kept_is_named() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "batch-first").await;
        let kind = json!({ "properties": { "sku": { "type": "string" } }, "unique": ["sku"] });
        let path = format!("/v1/groups/{team}/types/thing/article");
        alice.send(alice.request(Method::PUT, &path).json(&kind)).await.was(200);
        let start = log(&alice, &team).await;
        let make = |sku: &str, name: &str| {
            json!({ "method": "POST", "path": "/v1/things", "body": { "groupId": team,
                "type": "article", "name": name, "properties": { "sku": sku } } })
        };
        let send =
            async |steps: &[Value]| alice.post("/v1/batch", json!({ "operations": steps })).await;
        // The store finds the third wrong, the check the last one: the third comes first.
        let twice = [make("1", "a"), make("2", "b"), make("1", "c"), make("3", "")];
        let answer = send(&twice).await.was_problem(409, "duplicate_key");
        assert_eq!(answer.json()["operation"], 2);
        let pointer = answer.text_at("/errors/0/pointer");
        assert_eq!(pointer, "/operations/2/body/properties/sku");
        let answer = send(&[make("1", "a"), make("2", ""), make("1", "c")]).await.was(422);
        assert_eq!(answer.json()["operation"], 1);
        assert_eq!(log(&alice, &team).await, start);
        let many: Vec<Value> = (0..300).map(|n| make(&n.to_string(), "kept")).collect();
        let answer = send(&many).await.was(200).json();
        let ids: Vec<&str> =
            answer["results"].as_array().unwrap().iter().map(|one| text(one, "id")).collect();
        let kept = alice.walk(&format!("/v1/things?groupId={team}")).await;
        assert_eq!((ids.len(), kept.len()), (300, 300));
        for (id, result) in ids.iter().zip(answer["results"].as_array().unwrap()) {
            let thing = kept.iter().find(|one| text(one, "id") == *id);
            assert_eq!(thing, Some(&result["body"]));
        }
    })
    .await;
}

#[tokio::test]
async fn a_new_thing_may_belong_to_one_made_before_it() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "batch-parents").await;
        let make = |name: &str, parent: Option<&str>| {
            let mut body = json!({ "groupId": team, "type": "note", "name": name });
            if let Some(parent) = parent {
                body["parentId"] = json!(format!("${parent}.id"));
            }
            json!({ "id": name, "method": "POST", "path": "/v1/things", "body": body })
        };
        let steps = json!([make("a", None), make("b", None), make("c", Some("a")),
            make("d", Some("c")), make("e", Some("a")),
            { "method": "DELETE", "path": "/v1/things/$b.id" }, make("f", Some("e"))]);
        let answer = bob.post("/v1/batch", json!({ "operations": steps })).await.was(200).json();
        let results = &answer["results"];
        for (child, parent) in [(2, 0), (3, 2), (4, 0), (6, 4)] {
            assert_eq!(results[child]["body"]["parentId"], results[parent]["id"]);
        }
        let path = format!("/v1/things?groupId={team}&parentId={}", text(&results[0], "id"));
        assert_eq!(rows(&bob, &path).await.len(), 2);
    })
    .await;
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}
