//! What is asked about the tree of groups, its ends and beginnings, and how one comes in; about
//! the policy, and about oneself.

use serde_json::json;

use super::{Ask, about, body, query};
use crate::access::scene::Scene;
use crate::people::Person;

pub(super) async fn of(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    if let Some(asks) = of_the_tree(scene, operation).await {
        return Some(asks);
    }
    if let Some(asks) = of_joining(scene, who, operation).await {
        return Some(asks);
    }
    let (alice, acme) = (&scene.alice, &scene.acme);
    Some(match operation {
        "explain_policy" => {
            let ask = |id: &str| json!({ "action": "things:update", "objectId": id });
            let mut of_bob = ask(&scene.inside);
            of_bob["personId"] = scene.bob.id.as_str().into();
            vec![
                body("about a shared thing", ask(&scene.inside)),
                body("about a private thing", ask(&scene.private)),
                body("about a thing of a group below", ask(&scene.in_annex)),
                body("about Acme", ask(acme)),
                body("about Bob", of_bob),
            ]
        }
        "get_me" | "get_preferences" => vec![Ask::default()],
        "update_preferences" => vec![body("", json!({ "theme": "dark" }))],
        "get_person_by_username" => {
            let name = json!({ "username": "alice_of_acme" });
            alice.patch(&format!("/v1/people/{}", alice.id), name).await.was(200);
            vec![about("Alice", "alice_of_acme")]
        }
        _ => return None,
    })
}

async fn of_the_tree(scene: &Scene, operation: &str) -> Option<Vec<Ask>> {
    let (alice, acme) = (&scene.alice, &scene.acme);
    Some(match operation {
        "list_descendant_groups" | "list_ancestor_groups" => vec![
            about("Acme", acme),
            about("a group below", &scene.child),
            about("a group below, of others", &scene.annex),
            about("Alice's home", &alice.home),
            about("Carol's public group", &scene.plaza),
        ],
        "is_descendant_of" => {
            let below = |what, id: &str| Ask { part: acme.clone(), ..about(what, id) };
            vec![
                below("a group below Acme", &scene.child),
                below("Carol's public group Acme", &scene.plaza),
            ]
        }
        "restore_group" => {
            let own = scene.group(alice, acme).await;
            alice.delete(&format!("/v1/groups/{own}")).await.was(204);
            vec![about("a group below", &own)]
        }
        "transfer_ownership" => {
            let own = scene.group(alice, acme).await;
            let heir = json!({ "groupId": own, "personId": scene.bob.id });
            alice.post("/v1/people", heir).await.was(201);
            vec![about("a group below", &own).with(json!({ "personId": scene.bob.id }))]
        }
        _ => return None,
    })
}

async fn of_joining(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    let (acme, root) = (&scene.acme, &scene.root);
    let join = |group: &str| format!("/v1/groups/{group}/join");
    Some(match operation {
        "join_group" => {
            let (open, club) = (scene.open_group(root).await, club(scene).await);
            let ask = |what, id: &str| about(what, id).with(json!({}));
            vec![ask("Acme", acme), ask("an open group", &open), ask("one that is asked", &club)]
        }
        "leave_group" => {
            let open = scene.open_group(root).await;
            who.post(&join(&open), json!({})).await;
            vec![about("one they joined", &open), about("Carol's public group", &scene.plaza)]
        }
        "list_group_join_requests" => {
            vec![about("of Acme", acme), about("of Carol's public group", &scene.plaza)]
        }
        "approve_join_request" | "reject_join_request" => {
            let club = club(scene).await;
            let asked = root.post(&join(&club), json!({})).await.was(202).id();
            let ask = Ask { part: asked, ..about("at Alice's club", &club) };
            vec![if operation.starts_with("approve") { ask.with(json!({})) } else { ask }]
        }
        "list_own_join_requests" => vec![query("", String::new())],
        "cancel_join_request" => {
            let club = club(scene).await;
            let theirs = root.post(&join(&club), json!({})).await.was(202).id();
            let asked = who.post(&join(&club), json!({})).await;
            let own = if asked.status == 202 { asked.id() } else { theirs.clone() };
            vec![about("of the platform's owner", &theirs), about("their own", &own)]
        }
        _ => return None,
    })
}

/// A public group of Alice's that one asks to be let into.
async fn club(scene: &Scene) -> String {
    let settings = json!({ "visibility": "public", "joinPolicy": "approval_required" });
    let body = json!({
        "slug": scene.fresh("club"), "name": "Club", "type": "business", "settings": settings,
    });
    scene.alice.post("/v1/groups", body).await.was(201).id()
}
