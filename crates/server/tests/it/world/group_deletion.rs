//! A group that is deleted for good leaves its events and nothing else.

use serde_json::json;

use super::{below, connect, log, note, refused, rows, team};
use crate::stage::on_both;

fn path(id: &str) -> String {
    format!("/v1/groups/{id}")
}

#[tokio::test]
async fn only_an_archived_group_is_deleted_and_only_by_its_owner() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let top = team(stage, "doomed").await;
        let child = below(&alice, &top, "doomed-child").await;
        let forever = |more: &str| format!("{}?permanent=true{more}", path(&top));
        let all = forever("&cascade=true&confirm=doomed");
        alice.delete(&all).await.was_problem(409, "group_not_archived");
        refused(
            alice.delete(&format!("{}?confirm=doomed", path(&top))).await,
            "confirm",
            "not_allowed",
        );
        alice.delete(&format!("{}?cascade=true", path(&top))).await.was(204);
        stage.nobody().delete(&all).await.was(401);
        stage.carol().delete(&all).await.was_problem(404, "not_found");
        bob.delete(&all).await.was_problem(403, "forbidden");
        refused(alice.delete(&forever("&cascade=true")).await, "confirm", "not_confirmed");
        let wrong = forever("&cascade=true&confirm=Doomed");
        refused(alice.delete(&wrong).await, "confirm", "not_confirmed");
        let alone = forever("&confirm=doomed");
        alice.delete(&alone).await.was_problem(409, "group_has_children");
        alice.get(&path(&child)).await.was(200);
        alice.delete(&all).await.was(204);
        for gone in [&top, &child] {
            alice.get(&path(gone)).await.was_problem(404, "not_found");
            stage.root().get(&path(gone)).await.was_problem(404, "not_found");
        }
        alice.delete(&all).await.was_problem(404, "not_found");
        let home = format!("{}?permanent=true&confirm=x", path(&alice.home));
        alice.delete(&home).await.was_problem(409, "personal_group");
    })
    .await;
}

#[tokio::test]
async fn what_is_in_a_deleted_group_is_gone_and_what_is_beside_it_stays() {
    on_both(async |stage| {
        let (alice, root) = (stage.alice(), stage.root());
        let top = team(stage, "tree-of-two").await;
        let end = below(&alice, &top, "tree-of-two-end").await;
        let course = json!({ "groupId": top, "type": "course", "name": "stays" });
        let kept = alice.post("/v1/things", course).await.was(201).id();
        let lesson = json!({ "groupId": end, "type": "lesson", "name": "gone" });
        let parent = alice.post("/v1/things", lesson).await.was(201).id();
        let part = json!({ "groupId": end, "type": "note", "name": "part", "parentId": parent });
        let part = alice.post("/v1/things", part).await.was(201).id();
        let across = connect(&alice, "part_of", &parent, &kept).await;
        let label = json!({ "groupId": end, "type": "label", "text": "topic:end" });
        let label = alice.post("/v1/knowledge", label).await.was(201).id();
        let key = json!({ "groupId": end, "name": "k", "permissions": ["*"] });
        let key = alice.post("/v1/api-keys", key).await.was(201).text_at("/key");
        let program = crate::people::Person { token: Some(key), ..alice.clone() };
        program.get(&path(&end)).await.was(200);
        let role = format!("/v1/groups/{end}/roles/auditor");
        let role = alice.request(reqwest::Method::PUT, &role).json(&json!({ "permissions": [] }));
        alice.send(role).await;
        alice.delete(&path(&end)).await.was(204);
        let forever = format!("{}?permanent=true&confirm=tree-of-two-end", path(&end));
        alice.delete(&forever).await.was(204);
        for gone in [
            format!("/v1/things/{parent}"),
            format!("/v1/things/{part}"),
            format!("/v1/connections/{across}"),
            format!("/v1/knowledge/{label}"),
            path(&end),
        ] {
            alice.get(&gone).await.was_problem(404, "not_found");
            root.get(&gone).await.was_problem(404, "not_found");
        }
        program.get(&path(&end)).await.was(401);
        alice.get(&format!("/v1/things/{kept}")).await.was(200);
        assert!(rows(&alice, &format!("/v1/things/{kept}/connections")).await.is_empty());
        let told = log(&alice, &top).await;
        let told = told.iter().find(|one| one["type"] == "group_deleted").expect("told above");
        assert_eq!(told["metadata"]["slug"], "tree-of-two-end");
        // Its own events stay, for whoever keeps the log.
        let kept = rows(&root, &format!("/v1/events?targetId={parent}")).await;
        assert!(kept.iter().any(|one| one["type"] == "thing_created"), "{kept:?}");
        // The slug is free.
        below(&alice, &top, "tree-of-two-end").await;
    })
    .await;
}

#[tokio::test]
async fn a_subtree_comes_back_as_it_went() {
    on_both(async |stage| {
        let alice = stage.alice();
        let top = team(stage, "back-again").await;
        let child = below(&alice, &top, "back-again-child").await;
        alice.delete(&format!("{}?cascade=true", path(&top))).await.was(204);
        let restore = |id: &str| format!("{}/restore", path(id));
        let post = async |path: String| alice.post(&path, json!({})).await;
        post(restore(&child)).await.was_problem(409, "parent_archived");
        stage.bob().post(&restore(&top), json!({})).await.was_problem(403, "forbidden");
        assert_eq!(post(restore(&top)).await.was(200).text_at("/status"), "active");
        assert_eq!(alice.get(&path(&child)).await.text_at("/status"), "archived");
        post(format!("{}?cascade=true", restore(&top))).await.was(200);
        // Once more: nothing below is archived any more, and nothing changes.
        post(format!("{}?cascade=true", restore(&top))).await.was(200);
        assert_eq!(alice.get(&path(&child)).await.text_at("/status"), "active");
        note(&alice, &child, "works again").await;
    })
    .await;
}
