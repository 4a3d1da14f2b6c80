//! Imports of people, of events, and of things that a unique property tells apart.

use reqwest::Method;
use serde_json::{Value, json};

use super::exports::lines;
use super::imports::{import, send};
use super::{log, note, refused, rows, team};
use crate::people::Person;
use crate::stage::{group, on_both};

/// Imports rows; how it ended, and what was told of its lines: line, code and pointer.
async fn taken(person: &Person, new: Value, text: String) -> (Value, Vec<(u64, String, String)>) {
    let id = import(person, new).await;
    let done = send(person, &id, 0, text).await.was(200).json();
    assert_eq!(done["state"], "done", "{done}");
    let told = rows(person, &format!("/v1/imports/{id}/errors"))
        .await
        .iter()
        .map(|one| {
            let text = |key: &str| one["errors"][0][key].as_str().unwrap_or_default().to_owned();
            (one["line"].as_u64().expect("a line"), text("code"), text("pointer"))
        })
        .collect();
    (done, told)
}

fn counts(done: &Value) -> [u64; 4] {
    ["created", "updated", "unchanged", "failed"].map(|key| done[key].as_u64().expect("a number"))
}

fn of(line: u64, code: &str, pointer: &str) -> (u64, String, String) {
    (line, code.to_owned(), pointer.to_owned())
}

#[tokio::test]
async fn people_are_added_as_one_by_one() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "imp-people").await;
        let new = |format: &str| {
            json!({ "groupId": team, "format": format, "dimension": "people", "type": "customer" })
        };
        bob.post("/v1/imports", new("csv")).await.was_problem(403, "forbidden");
        let csv = format!(
            "displayName,email,role,permissions,personId,id,status\n\
             Ada,ada@imp.example,group_user,\"[\"\"people:read\"\"]\",,x,gone\n\
             Ben,ben@imp.example,,,,,\n\
             Ada again,ADA@imp.example,,,,,\n\
             Root,root@imp.example,platform_owner,,,,\n\
             ,nobody@imp.example,,,,,\n\
             Odd,odd@imp.example,never,,,,\n\
             Bob,,,,{},,\n\
             ,,,,{},,\n",
            bob.id, bob.id
        );
        let (done, told) = taken(&alice, new("csv"), csv).await;
        assert_eq!(counts(&done), [2, 0, 0, 6], "{done} {told:?}");
        let wanted = [
            of(4, "already_member", ""),
            of(5, "role_above_own", "/role"),
            of(6, "missing_field", "/displayName"),
            of(7, "unknown_role", "/role"),
            of(8, "not_allowed", "/displayName"),
            of(9, "already_member", ""),
        ];
        assert_eq!(told, wanted);
        let people = rows(&alice, &format!("/v1/people?groupId={team}")).await;
        let find = |name: &str| people.iter().find(|one| one["displayName"] == name).cloned();
        let (ada, ben) = (find("Ada").expect("Ada"), find("Ben").expect("Ben"));
        assert_eq!((&ada["role"], &ada["permissions"]), (&json!("group_user"), &json!(["people:read"])));
        assert_eq!((&ben["role"], &ben["status"]), (&json!("customer"), &json!("active")));
        let log = log(&alice, &team).await;
        let count = |kind: &str| log.iter().filter(|event| event["type"] == kind).count();
        assert_eq!((count("person_created"), count("user_invited_to_group")), (2, 2));

        // What an export says of people is what an import takes, as new records.
        let other = group(&alice, "imp-people-to", "To").await;
        let path = format!("/v1/exports?groupId={team}&dimension=people");
        let file = alice.get(&path).await;
        let before = lines(&file);
        let new = json!({ "groupId": other, "format": "ndjson", "dimension": "people" });
        let (done, told) = taken(&alice, new, file.text).await;
        assert_eq!(counts(&done), [4, 0, 0, 1], "{told:?}");
        assert_eq!(told[0].1, "already_member", "Alice made the group");
        let path = format!("/v1/exports?groupId={other}&dimension=people&format=csv");
        let table = alice.get(&path).await.was(200).text;
        assert_eq!(before.len(), 5);
        assert!(table.contains("Ada") && table.contains("ben@imp.example"), "{table}");
        let third = group(&alice, "imp-people-csv", "Csv").await;
        let new = json!({ "groupId": third, "format": "csv", "dimension": "people" });
        let (done, _) = taken(&alice, new, table).await;
        assert_eq!(counts(&done), [4, 0, 0, 1]);
    })
    .await;
}

#[tokio::test]
async fn events_are_added_as_one_by_one() {
    on_both(async |stage| {
        let (alice, vera) = (stage.alice(), stage.vera());
        let team = team(stage, "imp-events").await;
        let about = note(&alice, &team, "about").await;
        let request = alice.request(Method::PUT, &format!("/v1/groups/{team}/types/event/part_seen"));
        alice.send(request.json(&json!({}))).await.was(200);
        let new = |format: &str| {
            json!({ "groupId": team, "format": format, "dimension": "events", "type": "part_seen" })
        };
        vera.post("/v1/imports", new("csv")).await.was_problem(403, "forbidden");
        let foreign = note(&stage.carol(), &stage.globex, "hers").await;
        let csv = format!(
            "type,targetId,timestamp,metadata,actorId,seq\n\
             ,{about},2024-02-03T04:05:06Z,\"{{\"\"n\"\":1}}\",x,1\n\
             part_seen,,2025-02-03T04:05:06Z,,,2\n\
             thing_created,,,,,\n\
             never_heard_of,,,,,\n\
             ,,2999-01-01T00:00:00Z,,,\n\
             ,{foreign},,,,\n\
             ,,,{{,,\n"
        );
        let (done, told) = taken(&alice, new("csv"), csv).await;
        assert_eq!(counts(&done), [2, 0, 0, 5], "{done} {told:?}");
        assert_eq!(told[0], of(4, "reserved_type", "/type"));
        assert_eq!((told[1].0, told[1].2.as_str()), (5, "/type"));
        assert_eq!(told[2], of(6, "out_of_range", "/timestamp"));
        assert_eq!((told[3].0, told[3].1.as_str()), (7, "not_found"));
        assert_eq!(told[4], of(8, "malformed_json", "/metadata"));
        let path = format!("/v1/exports?groupId={team}&dimension=events&type=part_seen");
        let file = alice.get(&path).await;
        let seen = lines(&file);
        assert_eq!(seen.len(), 2);
        assert_eq!((&seen[0]["actorId"], &seen[0]["targetId"]), (&json!(alice.id), &json!(about)));
        assert_eq!(seen[0]["timestamp"], "2024-02-03T04:05:06.000Z");
        assert_eq!(seen[0]["metadata"], json!({ "n": 1 }));
        // What was exported comes in again, and is an event of now about then.
        let (done, told) = taken(&alice, new("ndjson"), file.text).await;
        assert_eq!(counts(&done), [2, 0, 0, 0], "{told:?}");
        assert_eq!(lines(&alice.get(&path).await).len(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_unique_property_tells_which_thing_a_row_changes() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "imp-upsert").await;
        let article = json!({ "properties": { "sku": { "type": "string" },
            "price": { "type": "number" } }, "unique": ["sku"] });
        let path = format!("/v1/groups/{team}/types/thing/article");
        alice.send(alice.request(Method::PUT, &path).json(&article)).await.was(200);
        let new = |format: &str, key: &str| {
            json!({ "groupId": team, "format": format, "dimension": "things", "type": "article",
                "key": key })
        };
        let csv = "name,status,properties.sku,properties.price\n\
                   Kettle,,k-1,10\nPot,published,p-1,20\nKettle,,k-1,12\n,,x-1,1\nNo sku,,,1\n";
        let (done, told) = taken(&alice, new("csv", "properties.sku"), csv.to_owned()).await;
        assert_eq!(counts(&done), [2, 1, 0, 2], "{done} {told:?}");
        assert_eq!(told[0].0, 5);
        assert_eq!(told[1], of(6, "missing_field", "/properties/sku"));
        let lines = [
            json!({ "name": "Kettle", "properties": { "sku": "k-1", "price": 12 } }),
            json!({ "name": "Pot", "properties": { "sku": "p-1", "price": 25 } }),
            json!({ "name": "Lid", "properties": { "sku": "l-1" } }),
        ];
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let (done, told) = taken(&alice, new("ndjson", "properties.sku"), text.clone()).await;
        assert_eq!(counts(&done), [1, 1, 1, 0], "{done} {told:?}");
        let things = rows(&alice, &format!("/v1/things?groupId={team}&type=article")).await;
        let mut seen: Vec<_> = things
            .iter()
            .map(|one| {
                (one["name"].clone(), one["properties"]["price"].clone(), one["status"].clone())
            })
            .collect();
        seen.sort_by_key(|(name, ..)| name.to_string());
        let row = |name: &str, price: Value, status: &str| (json!(name), price, json!(status));
        assert_eq!(
            seen,
            [
                row("Kettle", json!(12), "active"),
                row("Lid", Value::Null, "active"),
                row("Pot", json!(25), "published"),
            ]
        );
        // A dry run tells the same and keeps nothing.
        let mut dry = new("ndjson", "properties.sku");
        dry["dryRun"] = true.into();
        let (done, _) = taken(&alice, dry, text.replace("l-1", "l-2")).await;
        assert_eq!(counts(&done), [1, 0, 2, 0]);
        assert_eq!(rows(&alice, &format!("/v1/things?groupId={team}&type=article")).await.len(), 3);

        let (done, told) =
            taken(&alice, new("ndjson", "properties.price"), format!("{}\n", lines[0])).await;
        assert_eq!((counts(&done), &told[0]), ([0, 0, 0, 1], &of(1, "not_unique", "/key")));
        for key in ["sku", "properties.", "", "name"] {
            let answer = bob.post("/v1/imports", new("csv", key)).await.was(422);
            assert_eq!(answer.text_at("/errors/0/pointer"), "/key", "{answer:?}");
        }
        let mut wrong = new("csv", "properties.sku");
        wrong["dimension"] = "people".into();
        refused(alice.post("/v1/imports", wrong).await, "/key", "not_applicable");
    })
    .await;
}
