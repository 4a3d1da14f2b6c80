//! What changes nothing is no event; and what is refused leaves nothing behind.

use reqwest::Method;
use serde_json::{Value, json};

use super::{connect, log, note, team, thing};
use crate::stage::on_both;

#[tokio::test]
async fn what_changes_nothing_is_no_event() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "quiet").await;
        let body = json!({ "groupId": team, "type": "note", "name": "n",
            "properties": { "content": "Words.", "deep": { "x": [1, 2.5, "y"] } } });
        let thing_id = thing(&alice, body).await;
        let other = note(&alice, &team, "other").await;
        let gone = note(&alice, &team, "gone").await;
        alice.delete(&format!("/v1/things/{gone}")).await.was(204);
        connect(&alice, "part_of", &thing_id, &other).await;
        let label = json!({ "groupId": team, "type": "label", "text": "topic:quiet",
            "sourceThingId": thing_id });
        alice.post("/v1/knowledge", label.clone()).await.was(201);
        let embed = json!({ "thingId": thing_id });
        alice.post("/v1/knowledge/embed", embed.clone()).await.was(200);
        let rec = json!({ "groupId": team, "displayName": "Rec", "bio": "b" });
        let rec = alice.post("/v1/people", rec).await.was(201).id();
        alice.get(&format!("/v1/groups/{team}")).await.was(200);

        let things = format!("/v1/things/{thing_id}");
        let group = format!("/v1/groups/{team}");
        let people = format!("/v1/people/{rec}");
        let bobs = format!("/v1/people/{}", bob.id);
        let same = |body: Value| Some(body);
        let quiet = [
            (Method::PATCH, things.clone(), same(json!({})), 200),
            (
                Method::PATCH,
                things.clone(),
                same(json!({ "name": "n", "status": "active",
                "visibility": "group", "parentId": null })),
                200,
            ),
            (
                Method::PATCH,
                things.clone(),
                same(json!({ "properties": { "content": "Words.",
                "deep": { "x": [1, 2.5, "y"] }, "never": null } })),
                200,
            ),
            (Method::DELETE, format!("/v1/things/{gone}"), None, 204),
            (
                Method::PATCH,
                format!("/v1/things/{gone}"),
                same(json!({ "status": "archived" })),
                200,
            ),
            (Method::PATCH, group.clone(), same(json!({})), 200),
            (
                Method::PATCH,
                group,
                same(json!({ "slug": "quiet", "type": "business",
                "description": null, "settings": { "visibility": "private", "limits": {} },
                "metadata": { "never": null } })),
                200,
            ),
            (
                Method::PATCH,
                people,
                same(json!({ "displayName": "Rec", "bio": "b",
                "email": null, "groupId": team, "role": "member", "permissions": [] })),
                200,
            ),
            (Method::PATCH, bobs, same(json!({ "groupId": team, "role": "group_user" })), 200),
            (
                Method::POST,
                "/v1/connections".into(),
                same(json!({ "type": "part_of",
                "fromId": thing_id, "toId": other })),
                200,
            ),
            (
                Method::POST,
                "/v1/connections".into(),
                same(json!({ "type": "part_of",
                "fromId": thing_id, "toId": other, "metadata": {} })),
                200,
            ),
            (Method::POST, "/v1/knowledge".into(), same(label), 200),
            (Method::POST, "/v1/knowledge/embed".into(), same(embed), 200),
            (Method::POST, "/v1/knowledge/search".into(), same(json!({ "query": "words" })), 200),
        ];
        let before = log(&alice, &team).await;
        let version = alice.get(&things).await.was(200).header("etag").to_owned();
        for (method, path, body, status) in quiet {
            let request = alice.request(method.clone(), &path);
            let request = match &body {
                Some(body) => request.json(body),
                None => request,
            };
            let answer = alice.send(request).await;
            assert_eq!(answer.status, status, "{method} {path} {body:?}: {answer:?}");
            let after = log(&alice, &team).await;
            assert_eq!(after.len(), before.len(), "{method} {path} {body:?}: {:?}", after.last());
        }
        assert_eq!(alice.get(&things).await.was(200).header("etag"), version);
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_behind() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "refused").await;
        let (a, b) = (note(&bob, &team, "a").await, note(&bob, &team, "b").await);
        connect(&bob, "part_of", &a, &b).await;
        let before = log(&alice, &team).await;
        let thing = alice.get(&format!("/v1/things/{a}")).await.was(200).json();
        for (method, path, body) in [
            (Method::PATCH, format!("/v1/things/{a}"), json!({ "name": "x", "parentId": a })),
            (Method::PATCH, format!("/v1/things/{a}"), json!({ "name": "x", "status": "draft" })),
            (
                Method::PATCH,
                format!("/v1/things/{a}"),
                json!({ "name": "x",
                "properties": { "pinned": "yes" } }),
            ),
            (Method::PATCH, format!("/v1/groups/{team}"), json!({ "name": "x", "slug": "acme" })),
            (
                Method::POST,
                "/v1/connections".into(),
                json!({ "type": "part_of", "fromId": b,
                "toId": a }),
            ),
            (
                Method::POST,
                "/v1/knowledge".into(),
                json!({ "groupId": team, "type": "label",
                "text": "no label" }),
            ),
            (
                Method::POST,
                "/v1/people".into(),
                json!({ "groupId": team, "displayName": "x",
                "username": "NO" }),
            ),
            (
                Method::POST,
                "/v1/things".into(),
                json!({ "groupId": team, "type": "zoo",
                "name": "x" }),
            ),
            (Method::POST, "/v1/events".into(), json!({ "groupId": team, "type": "zoo" })),
        ] {
            let answer = alice.send(alice.request(method.clone(), &path).json(&body)).await;
            assert!(matches!(answer.status, 409 | 422), "{method} {path} {body}: {answer:?}");
        }
        assert_eq!(log(&alice, &team).await, before);
        assert_eq!(alice.get(&format!("/v1/things/{a}")).await.was(200).json(), thing);
        let group = alice.get(&format!("/v1/groups/{team}")).await.was(200).json();
        assert_eq!((&group["name"], &group["version"]), (&json!("refused"), &json!(1)));
    })
    .await;
}
