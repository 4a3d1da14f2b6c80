//! The ontology: what is built in, and what a group registered by import.

use serde_json::{Value, json};

use super::{below, connect, each, has_shape, refused, thing};
use crate::people::Person;
use crate::stage::{Stage, alone_on_both, on_both};

fn of(ontology: &Value, key: &str) -> Vec<Value> {
    ontology[key].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn anybody_reads_what_is_built_in() {
    on_both(async |stage| {
        let nobody = stage.nobody();
        let answer = nobody.get("/v1/ontology").await.was(200);
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
        let ontology = answer.json();
        has_shape(
            &ontology,
            &[
                "groupTypes",
                "roles",
                "permissions",
                "thingStatuses",
                "thingTypes",
                "connectionTypes",
                "eventTypes",
                "eventProtocols",
                "knowledgeTypes",
                "thingKnowledgeRoles",
                "labelPrefixes",
                "plans",
            ],
        );
        // 66 by headline and the first façades' own; the file beside the facts counts them.
        let count = |key: &str| of(&ontology, key).len();
        assert!(count("thingTypes") >= 66, "{}", count("thingTypes"));
        assert_eq!(count("connectionTypes"), 31);
        assert!(count("eventTypes") >= 72, "{}", count("eventTypes"));
        assert_eq!((count("groupTypes"), count("roles")), (6, 4));
        assert_eq!((count("knowledgeTypes"), count("thingKnowledgeRoles")), (4, 5));
        assert_eq!(count("eventProtocols"), 5);
        for key in ["thingTypes", "connectionTypes", "eventTypes", "groupTypes", "roles"] {
            let mut names = each(&of(&ontology, key), "name");
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all, "{key} has a name twice");
            assert!(names.iter().all(|name| !name.is_empty()), "{key}");
        }
        for key in ["thingTypes", "connectionTypes", "eventTypes"] {
            assert!(of(&ontology, key).iter().all(|kind| kind["groupId"].is_null()), "{key}");
        }
        for plan in ["starter", "pro", "enterprise"] {
            assert!(ontology["plans"][plan].is_object(), "{plan}");
        }
        assert_eq!(ontology["thingStatuses"].as_object().map(serde_json::Map::len), Some(5));
        assert!(of(&ontology, "permissions").contains(&json!("things:create")));
        let part_of = of(&ontology, "connectionTypes");
        let part_of = part_of.iter().find(|kind| kind["name"] == "part_of").cloned();
        let part_of = part_of.unwrap_or_default();
        assert_eq!(
            (&part_of["from"], &part_of["to"], &part_of["acyclic"]),
            (&json!("*"), &json!("*"), &json!(true))
        );
        // With a group, only for those who see it; nothing is registered there.
        let own = format!("/v1/ontology?groupId={}", stage.acme);
        let same = stage.bob().get(&own).await.was(200);
        assert_eq!((same.json(), same.header("cache-control")), (ontology, "private, no-cache"));
        nobody.get(&own).await.was_problem(401, "unauthenticated");
        stage.carol().get(&own).await.was_problem(404, "not_found");
        refused(nobody.get("/v1/ontology?groupId=x").await, "groupId", "invalid_value");
        refused(nobody.get("/v1/ontology?colour=x").await, "colour", "unknown_parameter");
    })
    .await;
}

#[tokio::test]
async fn every_built_in_type_can_be_used() {
    on_both(async |stage| {
        let alice = stage.alice();
        let ontology = alice.get("/v1/ontology").await.was(200).json();
        let team = crate::stage::group(&alice, "every-type", "Every").await;
        for kind in each(&of(&ontology, "thingTypes"), "name") {
            thing(&alice, json!({ "groupId": team, "type": kind, "name": kind })).await;
        }
        for kind in of(&ontology, "eventTypes") {
            // What the house records nobody else reports.
            let reserved = ["Platform", "User", "Authentication", "Group", "Thing lifecycle"]
                .contains(&kind["category"].as_str().unwrap_or_default())
                || kind["name"] == "settings_updated";
            let body = json!({ "groupId": team, "type": kind["name"] });
            let answer = alice.post("/v1/events", body).await;
            if reserved {
                refused(answer, "/type", "reserved_type");
            } else {
                answer.was(201);
            }
        }
        let all = alice.walk(&format!("/v1/things?groupId={team}")).await;
        assert_eq!(all.len(), of(&ontology, "thingTypes").len());
    })
    .await;
}

#[tokio::test]
async fn known_properties_are_checked_and_others_are_kept() {
    on_both(async |stage| {
        let bob = stage.bob();
        let post = async |properties: Value| {
            let body = json!({ "groupId": stage.acme, "type": "course", "name": "n",
                "properties": properties });
            bob.post("/v1/things", body).await
        };
        for (properties, pointer, code) in [
            (json!({ "price": "40" }), "/properties/price", "wrong_type"),
            (json!({ "price": true }), "/properties/price", "wrong_type"),
            (json!({ "level": "expert" }), "/properties/level", "unknown_value"),
            (json!({ "lessons": "one" }), "/properties/lessons", "wrong_type"),
            (json!({ "lessons": ["one", 2] }), "/properties/lessons/1", "wrong_type"),
            (json!({ "title": {} }), "/properties/title", "wrong_type"),
        ] {
            refused(post(properties).await, pointer, code);
        }
        let body = json!({ "groupId": stage.acme, "type": "creator", "name": "n",
            "properties": { "social": { "github": 7, "other": 8 } } });
        let deep = bob.post("/v1/things", body).await;
        refused(deep, "/properties/social/github", "wrong_type");
        let good = json!({ "price": 40.5, "level": null, "lessons": [], "mine": { "a~b/c": [{}] },
            "": 1, "large": 9_007_199_254_740_993_i64, "small": -0.001, "text": "\u{1F980} \\ \"" });
        let made = post(good.clone()).await.was(201);
        assert_eq!(made.json()["properties"], good);
        assert_eq!(bob.get(made.header("location")).await.was(200).json()["properties"], good);
        let path = made.header("location").to_owned();
        let wrong = bob.patch(&path, json!({ "properties": { "price": "x" } })).await;
        refused(wrong, "/properties/price", "wrong_type");
        let all = post(json!({ "price": "x", "title": 1, "level": 2 })).await.was(422).json();
        assert_eq!(all["errors"].as_array().map(Vec::len), Some(3), "{all}");
    })
    .await;
}

/// Stops the server, imports and starts it again.
async fn import(stage: &mut Stage, lines: &[Value]) -> (Person, Person) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let file = stage.server.folder().join("types.ndjson");
    std::fs::write(&file, text).expect("a file");
    assert!(stage.server.stop().success());
    let said = stage.server.say(&["import", file.to_str().expect("UTF-8")]);
    assert_eq!(said.code, 0, "{said:?}");
    stage.server.run();
    (stage.alice().at(stage.server.url()), stage.bob().at(stage.server.url()))
}

#[tokio::test]
async fn a_registered_type_is_known_in_its_group_and_below() {
    alone_on_both(async |mut stage| {
        let acme = stage.acme.clone();
        let deep = below(&stage.alice(), &acme, "types-below").await;
        let lines = [
            json!({ "kind": "thingType", "groupId": acme, "name": "package",
                "properties": { "size": { "type": "integer" } } }),
            json!({ "kind": "thingType", "groupId": deep, "name": "package", "category": "near" }),
            json!({ "kind": "connectionType", "groupId": acme, "name": "depends_on",
                "from": ["package"], "to": ["package"], "acyclic": true }),
            json!({ "kind": "eventType", "groupId": acme, "name": "package_built" }),
        ];
        let (alice, bob) = import(&mut stage, &lines).await;
        let package = |group: &str, size: Value| {
            json!({ "groupId": group, "type": "package", "name": "vim",
                "properties": { "size": size } })
        };
        let vim = thing(&bob, package(&acme, json!(7))).await;
        let libc = thing(&bob, package(&acme, json!(8))).await;
        let wrong = bob.post("/v1/things", package(&acme, json!("7"))).await;
        refused(wrong, "/properties/size", "wrong_type");
        // The nearest definition counts: below there is no size to check.
        thing(&alice, package(&deep, json!("7"))).await;
        for elsewhere in [&alice.home, &bob.home] {
            let person = if *elsewhere == alice.home { &alice } else { &bob };
            let answer = person.post("/v1/things", package(elsewhere, json!(7))).await;
            assert!(answer.text.contains("package"), "{answer:?}");
            refused(answer, "/type", "unknown_type");
        }
        connect(&bob, "depends_on", &vim, &libc).await;
        let body = json!({ "type": "depends_on", "fromId": libc, "toId": vim });
        bob.post("/v1/connections", body).await.was_problem(409, "cycle");
        let note = super::note(&bob, &acme, "note").await;
        let body = json!({ "type": "depends_on", "fromId": vim, "toId": note });
        refused(bob.post("/v1/connections", body).await, "/toId", "wrong_end");
        let event = |group: &str| json!({ "type": "package_built", "groupId": group });
        bob.post("/v1/events", event(&acme)).await.was(201);
        refused(bob.post("/v1/events", event(&bob.home)).await, "/type", "unknown_type");

        let view = async |group: &str| {
            let view = alice.get(&format!("/v1/ontology?groupId={group}")).await.was(200).json();
            let all = of(&view, "thingTypes").into_iter();
            let mine: Vec<Value> = all.filter(|kind| kind["name"] == "package").collect();
            assert_eq!(mine.len(), 1, "{mine:?}");
            mine[0]["groupId"].clone()
        };
        assert_eq!((view(&acme).await, view(&deep).await), (json!(acme), json!(deep)));
        let registered = format!("/v1/events?groupId={acme}&type=type_registered");
        assert_eq!(super::rows(&alice, &registered).await.len(), 3);
    })
    .await;
}
