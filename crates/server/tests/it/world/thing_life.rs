//! The life of a thing: its status, the archive and the way back, and its end.

use serde_json::{Value, json};

use super::{connect, each, log, note, rows, secret, team, thing};
use crate::people::Person;
use crate::stage::on_both;

const STATUSES: [&str; 5] = ["draft", "active", "published", "inactive", "archived"];

/// A thing that has come to a status by the steps there are.
async fn in_status(owner: &Person, group: &str, status: &str) -> String {
    let first = if status == "draft" { "draft" } else { "active" };
    let body = json!({ "groupId": group, "type": "note", "name": status, "status": first });
    let path = format!("/v1/things/{}", thing(owner, body).await);
    if !matches!(status, "draft" | "active") {
        owner.patch(&path, json!({ "status": status })).await.was(200);
    }
    path
}

#[tokio::test]
async fn a_status_is_left_by_the_steps_of_the_table_only() {
    on_both(async |stage| {
        let bob = stage.bob();
        let allowed = |from: &str, to: &str| match from {
            "draft" => matches!(to, "active" | "archived"),
            "active" => matches!(to, "published" | "inactive" | "archived"),
            "published" | "inactive" => matches!(to, "active" | "archived"),
            _ => to == "active",
        };
        for from in STATUSES {
            for to in STATUSES {
                let path = in_status(&bob, &stage.acme, from).await;
                let before = bob.get(&path).await.was(200).json();
                let answer = bob.patch(&path, json!({ "status": to })).await;
                if allowed(from, to) {
                    let after = answer.was(200).json();
                    assert_eq!(after["status"], to, "{from} to {to}");
                    assert_eq!(after["deletedAt"].is_null(), to != "archived", "{from} to {to}");
                } else if from == to {
                    assert_eq!(answer.was(200).json(), before, "{from} stays");
                } else {
                    let code =
                        if from == "archived" { "thing_archived" } else { "wrong_transition" };
                    let told = answer.was_problem(409, code).text_at("/message");
                    assert!(told.contains(from), "{told}");
                    assert_eq!(bob.get(&path).await.json(), before, "{from} to {to}");
                }
            }
        }
        for status in ["published", "inactive", "archived"] {
            let body = json!({ "groupId": stage.acme, "type": "note", "name": "n",
                "status": status });
            super::refused(bob.post("/v1/things", body).await, "/status", "wrong_status");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_archived_is_out_of_the_lists_and_comes_back_as_it_was() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "archive").await;
        let body = json!({ "groupId": team, "type": "note", "name": "old",
            "properties": { "content": "words" }, "visibility": "public" });
        let id = thing(&bob, body).await;
        let path = format!("/v1/things/{id}");
        bob.delete(&path).await.was(204);
        let archived = bob.get(&path).await.was(200).json();
        assert_eq!((&archived["status"], &archived["version"]), (&json!("archived"), &json!(2)));
        assert_eq!(archived["deletedAt"], archived["updatedAt"]);
        let list = format!("/v1/things?groupId={team}");
        assert!(rows(&bob, &list).await.is_empty());
        assert_eq!(rows(&bob, &format!("{list}&status=archived")).await, [archived.clone()]);
        // Again is nothing new.
        bob.delete(&path).await.was(204);
        assert_eq!(bob.get(&path).await.json(), archived);
        for change in [
            json!({ "name": "new" }),
            json!({ "properties": { "content": "x" } }),
            json!({ "visibility": "group" }),
        ] {
            bob.patch(&path, change).await.was_problem(409, "thing_archived");
        }
        let back = bob.patch(&path, json!({ "status": "active", "name": "new" })).await;
        let back = back.was(200).json();
        assert_eq!((&back["status"], &back["deletedAt"]), (&json!("active"), &Value::Null));
        assert_eq!((&back["name"], &back["version"]), (&json!("new"), &json!(3)));
        assert_eq!(back["properties"], json!({ "content": "words" }));
        assert_eq!(each(&rows(&bob, &list).await, "id"), [id]);
    })
    .await;
}

#[tokio::test]
async fn whoever_owns_a_thing_may_archive_it_and_owners_of_the_group_any() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let theirs = format!("/v1/things/{}", note(&alice, &stage.acme, "hers").await);
        bob.delete(&theirs).await.was_problem(403, "forbidden");
        bob.patch(&theirs, json!({ "name": "his" })).await.was_problem(403, "forbidden");
        alice.patch(&theirs, json!({ "visibility": "public" })).await.was(200);
        vera.delete(&theirs).await.was_problem(403, "forbidden");
        let his = format!("/v1/things/{}", secret(&bob, &stage.acme, "his").await);
        vera.delete(&his).await.was_problem(404, "not_found");
        alice.patch(&his, json!({ "name": "ours" })).await.was(200);
        alice.delete(&his).await.was(204);
        bob.patch(&his, json!({ "status": "active" })).await.was(200);
        // For good is for owners of the group, also with what is one's own.
        bob.delete(&format!("{his}?permanent=true")).await.was_problem(403, "forbidden");
        let own = bob.post("/v1/things", json!({ "type": "note", "name": "n" })).await.was(201);
        let own = own.header("location").to_owned();
        bob.delete(&format!("{own}?permanent=true")).await.was(204);
        bob.get(&own).await.was_problem(404, "not_found");
        let odd = format!("{his}?permanent=perhaps");
        super::refused(alice.delete(&odd).await, "permanent", "invalid_value");
        super::refused(
            alice.delete(&format!("{his}?forever=true")).await,
            "forever",
            "unknown_parameter",
        );
    })
    .await;
}

#[tokio::test]
async fn for_good_takes_its_connections_and_its_knowledge_with_it() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "for-good").await;
        let gone = note(&alice, &team, "gone").await;
        let stays = note(&alice, &team, "stays").await;
        let out = connect(&alice, "part_of", &gone, &stays).await;
        let part = note(&alice, &team, "part").await;
        let into = connect(&alice, "part_of", &part, &gone).await;
        let document = json!({ "type": "document", "text": "About it.", "sourceThingId": gone });
        let document = alice.post("/v1/knowledge", document).await.was(201).id();
        let label = json!({ "type": "label", "text": "topic:end", "sourceThingId": gone });
        let label = alice.post("/v1/knowledge", label).await.was(201).id();
        let cut = alice.post("/v1/knowledge/embed", json!({ "thingId": gone })).await.was(200);
        let chunk = cut.text_at("/data/0/id");
        let child = json!({ "groupId": team, "type": "note", "name": "child", "parentId": gone });
        let child = thing(&alice, child).await;

        let path = format!("/v1/things/{gone}?permanent=true");
        alice.delete(&path).await.was_problem(409, "thing_has_children");
        alice.get(&format!("/v1/connections/{out}")).await.was(200);
        alice.patch(&format!("/v1/things/{child}"), json!({ "parentId": null })).await.was(200);
        alice.delete(&path).await.was(204);

        for path in [
            format!("/v1/things/{gone}"),
            format!("/v1/things/{gone}/connections"),
            format!("/v1/things/{gone}/events"),
            format!("/v1/connections/{out}"),
            format!("/v1/connections/{into}"),
            format!("/v1/connections/from/{gone}"),
            format!("/v1/knowledge/{document}"),
            format!("/v1/knowledge/{chunk}"),
        ] {
            alice.get(&path).await.was_problem(404, "not_found");
        }
        assert!(rows(&alice, &format!("/v1/connections?groupId={team}")).await.is_empty());
        assert!(rows(&alice, &format!("/v1/things/{stays}/connections")).await.is_empty());
        // The label belongs to the group, and nothing carries it now.
        let list = format!("/v1/knowledge?groupId={team}");
        assert_eq!(each(&rows(&alice, &list).await, "id"), [label.clone()]);
        alice.delete(&format!("/v1/knowledge/{label}")).await.was(204);
        alice.delete(&path).await.was_problem(404, "not_found");
        let events = log(&alice, &team).await;
        let end: Vec<&Value> =
            events.iter().filter(|event| event["type"] == "thing_deleted").collect();
        assert_eq!(end.len(), 1);
        assert_eq!(end[0]["targetId"], gone.as_str());
        let told = json!({ "type": "note", "connections": 2, "knowledge": 2 });
        assert_eq!(end[0]["metadata"], told);
    })
    .await;
}
