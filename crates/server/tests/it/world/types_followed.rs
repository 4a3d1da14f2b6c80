//! What a changed definition does to things that exist, what hidden properties never do, and the
//! types as files.

use reqwest::Method;
use serde_json::{Value, json};

use super::types::define;
use super::{log, refused, rows, secret, team, thing};
use crate::people::Person;
use crate::stage::{alone_on_both, on_both};

const CANARY: &str = "canaryq7x";

async fn parcel(person: &Person, group: &str, properties: Value) -> String {
    let body = json!({ "groupId": group, "type": "parcel", "name": "n", "properties": properties });
    thing(person, body).await
}

#[tokio::test]
async fn things_that_do_not_fit_a_new_definition_are_named() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "types-tighter").await;
        define(&alice, &team, "parcel", json!({})).await.was(200);
        let good = parcel(&bob, &team, json!({ "size": 1 })).await;
        let bad = parcel(&bob, &team, json!({ "size": "large" })).await;
        let narrow = json!({ "properties": { "size": { "type": "integer" } } });
        let problem = define(&alice, &team, "parcel", narrow.clone()).await;
        let problem = problem.was_problem(409, "data_does_not_fit").json();
        assert_eq!(problem["errors"].as_array().map(Vec::len), Some(1), "{problem}");
        let pointer = format!("/things/{bad}/properties/size");
        assert_eq!(problem["errors"][0]["pointer"], pointer.as_str());
        let types = format!("/v1/groups/{team}/types/thing/parcel");
        assert_eq!(alice.get(&types).await.was(200).json()["version"], 1);

        // Left as they are, until they change.
        let keep = alice.request(Method::PUT, &format!("{types}?existing=keep")).json(&narrow);
        assert_eq!(alice.send(keep).await.was(200).json()["version"], 2);
        let change = json!({ "properties": { "a": 1 } });
        let wrong = bob.patch(&format!("/v1/things/{bad}"), change).await;
        refused(wrong, "/properties/size", "wrong_type");
        let with_index = json!({ "properties": narrow["properties"], "indexed": ["size"] });
        let keep = alice.request(Method::PUT, &format!("{types}?existing=keep")).json(&with_index);
        refused(alice.send(keep).await, "existing", "cannot_keep");
        let mend = json!({ "properties": { "size": 1 } });
        bob.patch(&format!("/v1/things/{bad}"), mend).await.was(200);
        let unique = json!({ "properties": narrow["properties"], "unique": ["size"] });
        define(&alice, &team, "parcel", unique.clone()).await.was_problem(409, "duplicate_key");
        bob.patch(&format!("/v1/things/{good}"), json!({ "properties": { "size": 2 } }))
            .await
            .was(200);
        define(&alice, &team, "parcel", unique).await.was(200);

        // A default reaches what is there.
        let filled = json!({ "properties": { "state": { "type": "string", "default": "new" } },
            "required": ["state"] });
        define(&alice, &team, "parcel", filled).await.was(200);
        let thing = bob.get(&format!("/v1/things/{good}")).await.was(200).json();
        assert_eq!(thing["properties"], json!({ "size": 2, "state": "new" }));
    })
    .await;
}

/// Everything somebody may ask that could tell of the team's things.
async fn everything(person: &Person, team: &str, id: &str) -> String {
    let mut all = String::new();
    for path in [
        format!("/v1/things/{id}"),
        format!("/v1/things?groupId={team}"),
        format!("/v1/things/{id}/history"),
        format!("/v1/things/{id}/events"),
        format!("/v1/things/{id}/versions/1"),
        format!("/v1/events?groupId={team}&limit=200"),
        format!("/v1/ontology?groupId={team}"),
    ] {
        all.push_str(&person.get(&path).await.was(200).text);
    }
    for word in ["parcel", CANARY] {
        let search = json!({ "groupId": team, "query": word });
        let found = person.post("/v1/knowledge/search", search).await.was(200);
        assert!(word != CANARY || found.json()["data"] == json!([]), "{}", found.text);
        all.push_str(&found.text);
    }
    all
}

#[tokio::test]
async fn what_is_hidden_is_never_told() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "types-hidden").await;
        let definition = json!({ "hidden": ["pin"], "properties": {
            "pin": { "type": "string", "maxLength": 20 }, "size": { "type": "integer" } } });
        define(&alice, &team, "parcel", definition).await.was(200);
        let id = parcel(&bob, &team, json!({ "pin": CANARY, "size": 1 })).await;
        let path = format!("/v1/things/{id}");
        let patch =
            async |properties: Value| bob.patch(&path, json!({ "properties": properties })).await;
        let changed = patch(json!({ "size": 2 })).await.was(200).json();
        assert_eq!(changed["properties"], json!({ "size": 2 }));
        let changed = patch(json!({ "pin": format!("{CANARY}2") })).await.was(200).json();
        assert_eq!(
            (&changed["properties"], &changed["version"]),
            (&json!({ "size": 2 }), &json!(3))
        );
        assert_eq!(
            patch(json!({ "pin": format!("{CANARY}2") })).await.was(200).json()["version"],
            3
        );
        let long = patch(json!({ "pin": format!("{CANARY}{}", "x".repeat(20)) })).await;
        assert!(!long.text.contains(CANARY), "{long:?}");
        refused(long, "/properties/pin", "too_long");
        let history = rows(&bob, &format!("{path}/history")).await;
        assert_eq!(history[0]["changes"], json!({ "properties.pin": {} }));
        for person in [&alice, &bob] {
            let told = everything(person, &team, &id).await;
            assert!(!told.contains(CANARY), "{told}");
        }
        assert_eq!(patch(json!({ "pin": null })).await.was(200).json()["version"], 4);
        assert_eq!(patch(json!({ "pin": null })).await.was(200).json()["version"], 4);
    })
    .await;
}

#[tokio::test]
async fn what_becomes_hidden_leaves_things_and_their_history() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "types-hiding").await;
        define(&alice, &team, "parcel", json!({})).await.was(200);
        let id = parcel(&bob, &team, json!({ "pin": "first" })).await;
        let path = format!("/v1/things/{id}");
        bob.patch(&path, json!({ "properties": { "pin": CANARY } })).await.was(200);
        let before = log(&alice, &team).await.len();
        define(&alice, &team, "parcel", json!({ "hidden": ["pin"] })).await.was(200);
        let thing = bob.get(&path).await.was(200).json();
        assert_eq!((&thing["properties"], &thing["version"]), (&json!({}), &json!(3)));
        let history = bob.get(&format!("{path}/history")).await.was(200);
        assert!(!history.text.contains(CANARY), "{history:?}");
        assert_eq!(
            bob.get(&format!("{path}/versions/2")).await.was(200).json()["properties"],
            json!({})
        );
        let events = log(&alice, &team).await.split_off(before);
        let told: Vec<_> =
            events.iter().map(|event| (&event["type"], &event["metadata"]["changes"])).collect();
        assert_eq!(
            told,
            [
                (&json!("type_updated"), &Value::Null),
                (&json!("thing_updated"), &json!({ "properties.pin": {} })),
            ]
        );
        // It was moved, not lost.
        define(&alice, &team, "parcel", json!({})).await.was(200);
        assert_eq!(bob.get(&path).await.was(200).json()["properties"], json!({ "pin": CANARY }));
    })
    .await;
}

#[tokio::test]
async fn counts_tell_only_of_what_is_seen() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "types-counts").await;
        define(&alice, &team, "parcel", json!({})).await.was(200);
        secret(&alice, &team, "not of the type").await;
        for visibility in ["private", "group"] {
            let body =
                json!({ "groupId": team, "type": "parcel", "name": "n", "visibility": visibility });
            thing(&alice, body).await;
        }
        for (person, count) in [(&alice, 2), (&bob, 1), (&stage.vera(), 0)] {
            let one = person.get(&format!("/v1/groups/{team}/types/thing/parcel")).await.was(200);
            assert_eq!(one.json()["count"], count);
            let view = person.get(&format!("/v1/ontology?groupId={team}")).await.was(200).json();
            let all = view["thingTypes"].as_array().cloned().unwrap_or_default();
            let mine = all.iter().find(|kind| kind["name"] == "parcel").expect("the type");
            assert_eq!((&mine["count"], &mine["version"]), (&json!(count), &json!(1)));
        }
    })
    .await;
}

#[tokio::test]
async fn the_types_are_a_file_for_typescript_and_openapi() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "types-files").await;
        let definition = json!({ "hidden": ["pin"], "required": ["size"], "properties": {
            "size": { "type": "integer" }, "pin": { "type": "string" } } });
        define(&alice, &team, "parcel", definition).await.was(200);
        let path = format!("/v1/ontology/types.ts?groupId={team}");
        let file = alice.get(&path).await.was(200);
        assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
        let wanted =
            "export interface ParcelProperties {\n  size: number;\n  [name: string]: unknown;\n}\n";
        assert!(file.text.contains(wanted), "{}", file.text);
        assert_eq!(alice.get(&path).await.was(200).text, file.text);
        stage.carol().get(&path).await.was_problem(404, "not_found");
        let shipped = stage.nobody().get("/v1/ontology/types.ts").await.was(200);
        assert!(!shipped.text.contains("parcel") && shipped.text.contains("CourseProperties"));
        let path = format!("/v1/ontology/openapi.json?groupId={team}");
        let schemas = alice.get(&path).await.was(200).json();
        let parcel = &schemas["components"]["schemas"]["Thing_parcel"]["properties"];
        assert_eq!(parcel["type"], json!({ "const": "parcel" }));
        assert_eq!(parcel["properties"]["properties"], json!({ "size": { "type": "integer" } }));
        stage.carol().get(&path).await.was_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn the_command_line_writes_the_same_file() {
    alone_on_both(async |mut stage| {
        let alice = stage.alice();
        let team = team(&stage, "types-said").await;
        define(&alice, &team, "parcel", json!({ "required": ["size"] })).await.was(200);
        let served = alice.get(&format!("/v1/ontology/types.ts?groupId={team}")).await.was(200);
        assert!(stage.server.stop().success());
        let said = stage.server.say(&["types", "--group", "types-said"]);
        assert_eq!((said.code, said.out.as_str()), (0, served.text.as_str()));
        let file = stage.server.folder().join("types.ts");
        let path = file.to_str().expect("UTF-8");
        assert_eq!(stage.server.say(&["types", "--out", path]).code, 0);
        let shipped = std::fs::read_to_string(&file).expect("a file");
        assert!(shipped.contains("CourseProperties") && !shipped.contains("parcel"));
        assert_ne!(stage.server.say(&["types", "--group", "nobody"]).code, 0);
    })
    .await;
}
