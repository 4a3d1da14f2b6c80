//! Between tenants there is nothing: for Carol, Acme does not exist.

use reqwest::Method;
use serde_json::json;

use super::{connect, each, note, rows, until};
use crate::stage::on_both;

#[tokio::test]
async fn nothing_of_acme_exists_for_carol() {
    on_both(async |stage| {
        let (bob, carol) = (stage.bob(), stage.carol());
        let acme = &stage.acme;
        let body = json!({ "groupId": acme, "type": "note", "name": "tenantword",
            "visibility": "public" });
        let thing = super::thing(&bob, body).await;
        let other = note(&bob, acme, "other").await;
        let edge = connect(&bob, "part_of", &thing, &other).await;
        let known = json!({ "type": "document", "text": "tenantword", "sourceThingId": thing });
        let known = bob.post("/v1/knowledge", known).await.was(201).id();
        let event = rows(&bob, &format!("/v1/things/{thing}/events")).await;
        let event = each(&event, "id")[0].clone();
        let foreign = note(&carol, &stage.globex, "foreign").await;

        let thing_path = format!("/v1/things/{thing}");
        for path in [
            format!("/v1/groups/{acme}"),
            format!("/v1/groups/{acme}/children"),
            format!("/v1/people?groupId={acme}"),
            format!("/v1/people/{}", bob.id),
            format!("/v1/people/{}?groupId={acme}", bob.id),
            format!("/v1/people/{}/groups", bob.id),
            format!("/v1/things?groupId={acme}"),
            format!("/v1/things?groupId={acme}&includeChildren=true"),
            thing_path.clone(),
            format!("{thing_path}/connections"),
            format!("{thing_path}/events"),
            format!("/v1/connections?groupId={acme}"),
            format!("/v1/connections/{edge}"),
            format!("/v1/connections/from/{thing}"),
            format!("/v1/connections/to/{other}"),
            format!("/v1/connections/from/{}", bob.id),
            format!("/v1/connections/to/{acme}"),
            format!("/v1/events?groupId={acme}"),
            format!("/v1/events/timeline?groupId={acme}"),
            format!("/v1/events/{event}"),
            format!("/v1/knowledge?groupId={acme}"),
            format!("/v1/knowledge/{known}"),
            format!("/v1/ontology?groupId={acme}"),
        ] {
            bob.get(&path.replace("&includeChildren=true", "")).await.was(200);
            let invisible = carol.get(&path).await.was_problem(404, "not_found");
            // The same words as for what never was.
            let missing = carol.get("/v1/things/thing_00000000000000000000000000").await;
            assert_eq!(invisible.text_at("/message"), missing.text_at("/message"));
            stage.nobody().get(&path).await.was_problem(401, "unauthenticated");
        }
        let bobs = format!("/v1/people/{}", bob.id);
        let leave = format!("{bobs}?groupId={acme}");
        for (method, path, body) in [
            (Method::PATCH, format!("/v1/groups/{acme}"), json!({ "name": "x" })),
            (Method::DELETE, format!("/v1/groups/{acme}"), json!({})),
            (
                Method::POST,
                "/v1/groups".into(),
                json!({ "slug": "sub", "name": "x",
                "type": "dao", "parentGroupId": acme }),
            ),
            (Method::POST, "/v1/people".into(), json!({ "groupId": acme, "displayName": "x" })),
            (Method::POST, "/v1/people".into(), json!({ "groupId": acme, "personId": carol.id })),
            (
                Method::POST,
                "/v1/people".into(),
                json!({ "groupId": stage.globex,
                "personId": bob.id }),
            ),
            (Method::PATCH, bobs, json!({ "displayName": "x" })),
            (Method::DELETE, leave, json!({})),
            (
                Method::POST,
                "/v1/things".into(),
                json!({ "groupId": acme, "type": "note",
                "name": "x" }),
            ),
            (Method::PATCH, thing_path.clone(), json!({ "name": "x" })),
            (Method::DELETE, thing_path.clone(), json!({})),
            (Method::DELETE, format!("{thing_path}?permanent=true"), json!({})),
            (
                Method::POST,
                "/v1/connections".into(),
                json!({ "type": "part_of",
                "fromId": foreign, "toId": thing }),
            ),
            (
                Method::POST,
                "/v1/connections".into(),
                json!({ "type": "part_of",
                "fromId": thing, "toId": foreign }),
            ),
            (Method::DELETE, format!("/v1/connections/{edge}"), json!({})),
            (
                Method::POST,
                "/v1/events".into(),
                json!({ "groupId": acme,
                "type": "content_event" }),
            ),
            (
                Method::POST,
                "/v1/events".into(),
                json!({ "groupId": stage.globex,
                "type": "content_event", "targetId": thing }),
            ),
            (
                Method::POST,
                "/v1/knowledge".into(),
                json!({ "groupId": acme, "type": "label",
                "text": "topic:x" }),
            ),
            (
                Method::POST,
                "/v1/knowledge".into(),
                json!({ "groupId": stage.globex,
                "type": "document", "text": "x", "sourceThingId": thing }),
            ),
            (Method::DELETE, format!("/v1/knowledge/{known}"), json!({})),
            (Method::POST, "/v1/knowledge/embed".into(), json!({ "thingId": thing })),
            (
                Method::POST,
                "/v1/knowledge/search".into(),
                json!({ "query": "tenantword",
                "groupId": acme }),
            ),
        ] {
            let request = carol.request(method.clone(), &path).json(&body);
            let answer = carol.send(request).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (404, "not_found"),
                "{method} {path} {body}: {answer:?}"
            );
        }
        bob.get(&thing_path).await.was(200);
    })
    .await;
}

#[tokio::test]
async fn lists_without_a_group_and_search_hold_nothing_of_other_tenants() {
    on_both(async |stage| {
        let (bob, carol) = (stage.bob(), stage.carol());
        let body = json!({ "groupId": stage.acme, "type": "note", "name": "zweitwort",
            "visibility": "public" });
        let thing = super::thing(&bob, body).await;
        let known = json!({ "type": "document", "text": "zweitwort", "sourceThingId": thing });
        let known = bob.post("/v1/knowledge", known).await.was(201).id();
        for list in ["groups", "things", "connections", "events", "events/timeline", "knowledge"] {
            for row in carol.walk(&format!("/v1/{list}")).await {
                let group = row[if list == "groups" { "id" } else { "groupId" }].clone();
                assert_ne!(group, stage.acme.as_str(), "{list}: {row}");
            }
        }
        for path in [
            format!("/v1/events/actor/{}", bob.id),
            format!("/v1/events/target/{thing}"),
            format!("/v1/events?actorId={}", bob.id),
            format!("/v1/things?ownerId={}", bob.id),
            format!("/v1/things?parentId={thing}"),
            format!("/v1/knowledge?sourceThingId={thing}"),
            format!("/v1/groups?parentGroupId={}", stage.acme),
        ] {
            assert!(rows(&carol, &path).await.is_empty(), "{path}");
        }
        let ask = json!({ "query": "zweitwort" });
        let search = async || {
            let found = bob.post("/v1/knowledge/search", ask.clone()).await.was(200).json();
            each(found["data"].as_array().map_or(&[], Vec::as_slice), "id")
        };
        let mut found = until(search, |found| found.len() == 2).await;
        found.sort();
        assert_eq!(found, [known, thing]);
        let nothing = carol.post("/v1/knowledge/search", ask).await.was(200).json();
        assert_eq!(nothing, json!({ "data": [] }));
    })
    .await;
}

#[tokio::test]
async fn connections_stay_within_one_tree() {
    on_both(async |stage| {
        let (alice, carol, root) = (stage.alice(), stage.carol(), stage.root());
        let here = note(&alice, &stage.acme, "here").await;
        let there = note(&carol, &stage.globex, "there").await;
        let body = json!({ "type": "part_of", "fromId": here, "toId": there });
        // One who sees both, and one who sees only one side.
        root.post("/v1/connections", body.clone()).await.was_problem(409, "different_tree");
        alice.post("/v1/connections", body.clone()).await.was_problem(404, "not_found");
        carol.post("/v1/connections", body).await.was_problem(404, "not_found");
        let own = alice.post("/v1/things", json!({ "type": "note", "name": "own" })).await.was(201);
        let body = json!({ "type": "part_of", "fromId": own.id(), "toId": here });
        alice.post("/v1/connections", body).await.was_problem(409, "different_tree");
        let body = json!({ "type": "part_of", "fromId": here, "toId": own.id() });
        alice.post("/v1/connections", body).await.was_problem(409, "different_tree");
        let body = json!({ "type": "owns", "fromId": carol.id, "toId": here });
        root.post("/v1/connections", body).await.was_problem(409, "different_tree");
        let body = json!({ "type": "collaborates_with", "fromId": alice.id, "toId": carol.id });
        root.post("/v1/connections", body).await.was_problem(409, "different_tree");
        let text = json!({ "type": "document", "text": "x", "sourceThingId": own.id(),
            "groupId": stage.acme });
        alice.post("/v1/knowledge", text).await.was_problem(409, "different_tree");
    })
    .await;
}
