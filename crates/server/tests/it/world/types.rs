//! Types that groups register: what a definition may say, and what it does to things.

use reqwest::Method;
use serde_json::{Value, json};

use super::{below, log, refused, rows, seen, team, thing};
use crate::people::{Answer, Person};
use crate::stage::on_both;

pub(super) async fn define(person: &Person, group: &str, name: &str, definition: Value) -> Answer {
    let path = format!("/v1/groups/{group}/types/thing/{name}");
    person.send(person.request(Method::PUT, &path).json(&definition)).await
}

#[expect(clippy::needless_pass_by_value, reason = "bodies are made on the spot")]
fn of(group: &str, kind: &str, properties: Value) -> Value {
    json!({ "groupId": group, "type": kind, "name": "n", "properties": properties })
}

#[tokio::test]
async fn a_type_is_registered_changed_and_deleted() {
    on_both(async |stage| {
        let (alice, bob, carol) = (stage.alice(), stage.bob(), stage.carol());
        let team = team(stage, "types-life").await;
        let path = format!("/v1/groups/{team}/types/thing/parcel");
        let first = json!({ "category": "Post", "properties": { "size": { "type": "integer" } } });
        let made = define(&alice, &team, "parcel", first.clone()).await.was(200);
        let body = made.json();
        assert_eq!(made.header("etag"), "\"1\"");
        for (key, value) in [
            ("dimension", json!("thing")),
            ("name", json!("parcel")),
            ("groupId", json!(team)),
            ("version", json!(1)),
            ("count", json!(0)),
        ] {
            assert_eq!(body[key], value, "{key}");
        }
        assert_eq!(body["definition"]["properties"], first["properties"]);
        // The same once more is no change.
        assert_eq!(define(&alice, &team, "parcel", first).await.was(200).json(), body);

        define(&bob, &team, "parcel", json!({})).await.was_problem(403, "forbidden");
        define(&carol, &team, "parcel", json!({})).await.was_problem(404, "not_found");
        define(&stage.nobody(), &team, "parcel", json!({})).await.was(401);
        bob.delete(&path).await.was_problem(403, "forbidden");

        let wider = json!({ "properties": { "size": { "type": "number" } } });
        let late = seen(&alice, Method::PUT, &path, "\"7\"", Some(wider.clone())).await;
        late.was_problem(412, "version_mismatch");
        let next = seen(&alice, Method::PUT, &path, "\"1\"", Some(wider)).await.was(200);
        assert_eq!(next.json()["version"], 2);
        let versions = rows(&bob, &format!("{path}/versions")).await;
        let numbers: Vec<_> = versions.iter().map(|one| one["version"].clone()).collect();
        assert_eq!(numbers, [json!(2), json!(1)]);
        assert_eq!(versions[1]["definition"]["category"], "Post");
        assert_eq!(versions[1]["actorId"], alice.id.as_str());
        let first = alice.get(&format!("{path}/versions?limit=1")).await.was(200).json();
        let cursor = first["nextCursor"].as_str().unwrap_or_default();
        let second = rows(&alice, &format!("{path}/versions?limit=1&cursor={cursor}")).await;
        assert_eq!(second, versions[1..]);

        let id = thing(&bob, of(&team, "parcel", json!({ "size": 2.5 }))).await;
        let listed = rows(&bob, &format!("/v1/groups/{team}/types")).await;
        assert_eq!((&listed[0]["name"], &listed[0]["count"]), (&json!("parcel"), &json!(1)));
        alice.delete(&path).await.was_problem(409, "type_in_use");
        alice.delete(&format!("/v1/things/{id}?permanent=true")).await.was(204);
        alice.delete(&path).await.was(204);
        alice.delete(&path).await.was_problem(404, "not_found");
        refused(
            bob.post("/v1/things", of(&team, "parcel", json!({}))).await,
            "/type",
            "unknown_type",
        );
        assert_eq!(rows(&bob, &format!("{path}/versions")).await.len(), 2);
        let again = define(&alice, &team, "parcel", json!({})).await.was(200);
        assert_eq!(again.json()["version"], 3);

        let told: Vec<String> = log(&alice, &team)
            .await
            .iter()
            .filter(|event| event["metadata"]["dimension"] == "thing")
            .map(|event| event["type"].as_str().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(told, ["type_registered", "type_updated", "type_deleted", "type_registered"]);
    })
    .await;
}

#[tokio::test]
async fn connections_and_events_have_types_too() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "types-others").await;
        let put = async |dimension: &str, name: &str, body: Value| {
            let path = format!("/v1/groups/{team}/types/{dimension}/{name}");
            alice.send(alice.request(Method::PUT, &path).json(&body)).await
        };
        put("connection", "ships_to", json!({ "from": ["note"], "acyclic": true })).await.was(200);
        put("event", "parcel_lost", json!({ "category": "Post" })).await.was(200);
        let note = super::note(&alice, &team, "a").await;
        let other = super::note(&alice, &team, "b").await;
        super::connect(&alice, "ships_to", &note, &other).await;
        alice.post("/v1/events", json!({ "groupId": team, "type": "parcel_lost" })).await.was(201);
        let listed = rows(&alice, &format!("/v1/groups/{team}/types")).await;
        let counts: Vec<_> = listed.iter().map(|one| (&one["name"], &one["count"])).collect();
        assert_eq!(counts, [(&json!("ships_to"), &json!(1)), (&json!("parcel_lost"), &json!(1))]);
        let events = rows(&alice, &format!("/v1/groups/{team}/types?dimension=event")).await;
        assert_eq!(events.len(), 1);
        for (dimension, name) in [("connection", "ships_to"), ("event", "parcel_lost")] {
            let path = format!("/v1/groups/{team}/types/{dimension}/{name}");
            alice.delete(&path).await.was_problem(409, "type_in_use");
        }
        put("group", "x", json!({})).await.was_problem(422, "invalid_id");
        refused(put("event", "Bad Name", json!({})).await, "/name", "invalid_name");
        put("event", "thing_created", json!({})).await.was_problem(409, "built_in_type");
        refused(put("event", "x", json!({ "schema": {} })).await, "/schema", "unknown_field");
    })
    .await;
}

#[tokio::test]
async fn a_definition_that_would_do_harm_is_refused() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "types-bombs").await;
        let mut deep = json!({ "type": "string" });
        for _ in 0..17 {
            deep = json!({ "items": deep });
        }
        let loops = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } });
        let string = json!({ "type": "string" });
        for (definition, pointer, code) in [
            (json!({ "properties": { "a": deep } }), None, "too_deep"),
            (json!({ "schema": loops }), None, "too_deep"),
            (json!({ "properties": { "a": { "pattern": "a".repeat(40_000) } } }), None, "too_long"),
            (
                json!({ "properties": { "a": { "pattern": "a".repeat(900_000) } } }),
                None,
                "too_long",
            ),
            (json!({ "properties": { "a": { "pattern": "(a)\\1" } } }), None, "invalid_schema"),
            (
                json!({ "properties": { "a": { "$ref": "http://127.0.0.1:1/s.json" } } }),
                Some("/properties/a/$ref"),
                "unsupported_reference",
            ),
            (
                json!({ "properties": { "a": { "$ref": "file:///etc/passwd" } } }),
                Some("/properties/a/$ref"),
                "unsupported_reference",
            ),
            (
                json!({ "properties": { "a": { "type": "text" } } }),
                Some("/properties/a/type"),
                "invalid_schema",
            ),
            (
                json!({ "properties": { "a": {} }, "indexed": ["a"] }),
                Some("/indexed/0"),
                "not_scalar",
            ),
            (json!({ "indexed": ["a"] }), Some("/indexed/0"), "not_scalar"),
            (
                json!({ "properties": { "a": string }, "unique": ["a"], "hidden": ["a"] }),
                Some("/unique/0"),
                "hidden_property",
            ),
            (json!({ "required": ["a", "a"] }), Some("/required/1"), "duplicate"),
            (json!({ "name": "other" }), Some("/name"), "invalid_value"),
            (json!({ "groupId": team }), Some("/groupId"), "unknown_field"),
            (json!({ "version": 9 }), Some("/version"), "unknown_field"),
        ] {
            let answer = define(&alice, &team, "bomb", definition.clone()).await;
            match pointer {
                Some(pointer) => refused(answer, pointer, code),
                None => drop(answer.was_problem(422, code)),
            }
        }
        assert!(rows(&alice, &format!("/v1/groups/{team}/types")).await.is_empty());
        // A pattern that would take a backtracking engine for ever.
        let evil = json!({ "properties": { "a": { "type": "string", "pattern": "^(a+)+$" } } });
        define(&alice, &team, "evil", evil).await.was(200);
        let long = format!("{}!", "a".repeat(50_000));
        let answer = alice.post("/v1/things", of(&team, "evil", json!({ "a": long }))).await;
        refused(answer, "/properties/a", "invalid_format");
    })
    .await;
}

#[tokio::test]
async fn things_are_held_to_their_schema() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "types-schema").await;
        let definition = json!({
            "properties": {
                "mail": { "type": "string", "format": "email" },
                "age": { "type": "integer", "minimum": 0, "default": 18 }
            },
            "required": ["mail"],
            "schema": {
                "$defs": { "place": { "type": "object", "required": ["city"] } },
                "properties": { "home": { "$ref": "#/$defs/place" } },
                "additionalProperties": false
            }
        });
        define(&alice, &team, "member", definition).await.was(200);
        let post = async |properties| bob.post("/v1/things", of(&team, "member", properties)).await;
        for (properties, pointer, code) in [
            (json!({}), "/properties/mail", "missing_field"),
            (json!({ "mail": null }), "/properties/mail", "missing_field"),
            (json!({ "mail": "x" }), "/properties/mail", "invalid_format"),
            (json!({ "mail": "a@b.example", "age": -1 }), "/properties/age", "out_of_range"),
            (json!({ "mail": "a@b.example", "other": 1 }), "/properties/other", "unknown_field"),
            (
                json!({ "mail": "a@b.example", "home": {} }),
                "/properties/home/city",
                "missing_field",
            ),
        ] {
            refused(post(properties).await, pointer, code);
        }
        let made = post(json!({ "mail": "a@b.example" })).await.was(201);
        assert_eq!(made.json()["properties"], json!({ "mail": "a@b.example", "age": 18 }));
        let path = made.header("location").to_owned();
        let patch = |properties: Value| json!({ "properties": properties });
        refused(
            bob.patch(&path, patch(json!({ "mail": null }))).await,
            "/properties/mail",
            "missing_field",
        );
        let changed = bob.patch(&path, patch(json!({ "age": null }))).await.was(200);
        assert_eq!(changed.json()["version"], 1, "the default is back: nothing changed");
        for (field, value) in [
            ("ownerId", json!(alice.id)),
            ("role", json!("group_owner")),
            ("groupId", json!(stage.acme)),
            ("version", json!(9)),
            ("createdAt", json!("2020-01-01T00:00:00.000Z")),
            ("hidden", json!({})),
            ("deletedAt", Value::Null),
        ] {
            let answer = bob.patch(&path, json!({ field: value })).await;
            refused(answer, &format!("/{field}"), "unknown_field");
        }
    })
    .await;
}

#[tokio::test]
async fn one_of_many_gets_a_unique_value() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "types-unique").await;
        let annex = below(&alice, &team, "types-unique-annex").await;
        let definition =
            json!({ "properties": { "mail": { "type": "string" } }, "unique": ["mail"] });
        define(&alice, &team, "subscriber", definition).await.was(200);
        let mail = |mail: &str| of(&team, "subscriber", json!({ "mail": mail }));
        let tries: Vec<_> = (0..50)
            .map(|_| {
                let (bob, body) = (bob.fresh(), mail("one@example.org"));
                tokio::spawn(async move { bob.post("/v1/things", body).await })
            })
            .collect();
        let mut won = Vec::new();
        for one in tries {
            let answer = one.await.expect("an answer");
            if answer.status == 201 {
                won.push(answer.id());
            } else {
                let problem = answer.was_problem(409, "duplicate_key").json();
                assert_eq!(problem["errors"][0]["pointer"], "/properties/mail");
            }
        }
        assert_eq!(won.len(), 1);
        // Elsewhere it is another one.
        thing(&alice, of(&annex, "subscriber", json!({ "mail": "one@example.org" }))).await;
        let first = format!("/v1/things/{}", won[0]);
        let second = thing(&bob, mail("two@example.org")).await;
        let second = format!("/v1/things/{second}");
        let taken = json!({ "properties": { "mail": "one@example.org" } });
        bob.patch(&second, taken.clone()).await.was_problem(409, "duplicate_key");
        // In the archive it is free, and coming back may find it taken.
        alice.delete(&first).await.was(204);
        bob.patch(&second, taken).await.was(200);
        let back = alice.patch(&first, json!({ "status": "active" })).await;
        back.was_problem(409, "duplicate_key");
        alice.delete(&format!("{second}?permanent=true")).await.was(204);
        alice.patch(&first, json!({ "status": "active" })).await.was(200);
        bob.post("/v1/things", mail("one@example.org")).await.was_problem(409, "duplicate_key");
    })
    .await;
}
