//! Merge patches (RFC 7396): what is absent stays, null removes, and what cannot be removed says
//! so.

use serde_json::{Value, json};

use super::{below, has_shape, note, refused, secret, team, thing};
use crate::stage::{group, on_both};

#[tokio::test]
async fn properties_are_merged_at_every_depth() {
    on_both(async |stage| {
        let alice = stage.alice();
        let body = json!({ "groupId": stage.acme, "type": "course", "name": "n", "properties": {
            "price": 40, "level": "beginner", "deep": { "a": 1, "b": { "c": 2, "d": 3 } },
            "list": [1, 2], "gone": true,
        } });
        let path = format!("/v1/things/{}", thing(&alice, body).await);
        let patch = json!({ "properties": {
            "price": 50, "deep": { "a": null, "b": { "c": null, "e": 4 }, "f": { "g": null } },
            "list": [null], "gone": null, "never": null, "level": { "a": { "b": null } },
        } });
        // Known fields are checked after the merge.
        refused(alice.patch(&path, patch.clone()).await, "/properties/level", "unknown_value");
        let mut patch = patch;
        patch["properties"]["level"] = json!("advanced");
        let after = alice.patch(&path, patch).await.was(200).json();
        let wanted = json!({ "price": 50, "level": "advanced",
            "deep": { "b": { "d": 3, "e": 4 }, "f": {} }, "list": [null] });
        assert_eq!(after["properties"], wanted);
        assert_eq!((&after["name"], &after["version"]), (&json!("n"), &json!(2)));
        assert_eq!(alice.get(&path).await.json(), after);
        // A value gives way to an object and the other way round.
        let patch = json!({ "properties": { "deep": 7, "list": { "x": 1 } } });
        let after = alice.patch(&path, patch).await.was(200).json();
        assert_eq!(after["properties"]["deep"], 7);
        assert_eq!(after["properties"]["list"], json!({ "x": 1 }));
        // A null that was stored is removed like anything else.
        let body = json!({ "groupId": stage.acme, "type": "note", "name": "n",
            "properties": { "a": null, "b": { "c": null } } });
        let nulls = format!("/v1/things/{}", thing(&alice, body).await);
        let patch = json!({ "properties": { "a": null, "b": { "c": null } } });
        let emptied = alice.patch(&nulls, patch).await.was(200).json();
        assert_eq!(emptied["properties"], json!({ "b": {} }));
        let same = alice.patch(&path, json!({})).await.was(200).json();
        assert_eq!(same["version"], 3, "nothing was changed");
    })
    .await;
}

#[tokio::test]
async fn what_a_thing_must_have_cannot_be_set_to_null() {
    on_both(async |stage| {
        let alice = stage.alice();
        let path = format!("/v1/things/{}", note(&alice, &stage.acme, "stays").await);
        let before = alice.get(&path).await.was(200).json();
        for field in ["name", "status", "visibility", "properties"] {
            let answer = alice.patch(&path, json!({ field: null })).await;
            refused(answer, &format!("/{field}"), "wrong_type");
        }
        for field in ["id", "type", "groupId", "ownerId", "version", "tier", "createdAt", "x"] {
            let answer = alice.patch(&path, json!({ field: null })).await;
            refused(answer, &format!("/{field}"), "unknown_field");
        }
        assert_eq!(alice.get(&path).await.was(200).json(), before);
    })
    .await;
}

#[tokio::test]
async fn a_group_is_merged_field_by_field() {
    on_both(async |stage| {
        let alice = stage.alice();
        let body = json!({
            "slug": "merge-group", "name": "Merge", "type": "business", "description": "words",
            "settings": { "limits": { "things": 5, "users": 2 } }, "metadata": { "a": 1, "b": 2 },
        });
        let path = alice.post("/v1/groups", body).await.was(201).header("location").to_owned();
        let patch = json!({
            "name": "Merged", "description": null, "metadata": { "a": null, "c": { "d": 3 } },
            "settings": { "joinPolicy": "open", "limits": { "things": null, "connections": 9 } },
        });
        let after = alice.patch(&path, patch).await.was(200).json();
        assert_eq!((&after["name"], &after["description"]), (&json!("Merged"), &Value::Null));
        assert_eq!(after["metadata"], json!({ "b": 2, "c": { "d": 3 } }));
        has_shape(&after["settings"], &["visibility", "joinPolicy", "plan", "limits"]);
        assert_eq!(after["settings"]["joinPolicy"], "open");
        assert_eq!(after["settings"]["visibility"], "private");
        assert_eq!(after["settings"]["limits"], json!({ "connections": 9, "users": 2 }));
        let patch = json!({ "settings": { "limits": null } });
        let after = alice.patch(&path, patch).await.was(200).json();
        assert_eq!(after["settings"]["limits"], Value::Null);
        assert_eq!(after["version"], 3);
        for field in ["name", "slug", "type", "status", "settings", "metadata"] {
            let answer = alice.patch(&path, json!({ field: null })).await;
            refused(answer, &format!("/{field}"), "wrong_type");
        }
        for field in ["visibility", "joinPolicy", "plan"] {
            let answer = alice.patch(&path, json!({ "settings": { field: null } })).await;
            refused(answer, &format!("/settings/{field}"), "wrong_type");
        }
        assert_eq!(alice.get(&path).await.was(200).json(), after);
    })
    .await;
}

#[tokio::test]
async fn a_person_is_merged_field_by_field() {
    on_both(async |stage| {
        let alice = stage.alice();
        let body = json!({
            "groupId": stage.acme, "displayName": "Rec", "email": "Merge@Example.com",
            "username": "merge_1", "bio": "hi", "avatar": "https://example.com/a.png",
            "metadata": { "a": 1, "b": 2 },
        });
        let path = alice.post("/v1/people", body).await.was(201).header("location").to_owned();
        let patch = json!({ "displayName": "Rec R", "email": null, "username": null, "bio": null,
            "avatar": null, "metadata": { "a": null } });
        let after = alice.patch(&path, patch).await.was(200).json();
        assert_eq!(after["displayName"], "Rec R");
        for gone in ["email", "username", "bio", "avatar"] {
            assert_eq!(after[gone], Value::Null, "{gone}");
        }
        assert_eq!((&after["metadata"], &after["version"]), (&json!({ "b": 2 }), &json!(2)));
        for field in ["displayName", "metadata", "role", "permissions"] {
            let patch = json!({ "groupId": stage.acme, field: null });
            refused(alice.patch(&path, patch).await, &format!("/{field}"), "wrong_type");
        }
        for field in ["id", "userId", "groups", "status", "version"] {
            let answer = alice.patch(&path, json!({ field: null })).await;
            refused(answer, &format!("/{field}"), "unknown_field");
        }
    })
    .await;
}

#[tokio::test]
async fn a_parent_is_taken_away_by_null_and_kept_by_silence() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "merge-parents").await;
        let parent = note(&alice, &team, "parent").await;
        let child = secret(&alice, &team, "child").await;
        let path = format!("/v1/things/{child}");
        alice.patch(&path, json!({ "parentId": parent })).await.was(200);
        let kept = alice.patch(&path, json!({ "name": "other" })).await.was(200);
        assert_eq!(kept.text_at("/parentId"), parent);
        let gone = alice.patch(&path, json!({ "parentId": null })).await.was(200);
        assert_eq!(gone.json()["parentId"], Value::Null);

        let top = group(&alice, "merge-top", "Top").await;
        let path = format!("/v1/groups/{}", below(&alice, &top, "merge-below").await);
        let kept = alice.patch(&path, json!({ "name": "other" })).await.was(200);
        assert_eq!(kept.text_at("/parentGroupId"), top);
        let gone = alice.patch(&path, json!({ "parentGroupId": null })).await.was(200);
        assert_eq!(gone.json()["parentGroupId"], Value::Null);
    })
    .await;
}
