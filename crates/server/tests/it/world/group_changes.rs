//! Groups that move, end and come back.

use reqwest::Method;
use serde_json::{Value, json};

use super::{below, connect, each, note, refused, rows, seen, team, thing};
use crate::stage::{group, on_both};

fn path(id: &str) -> String {
    format!("/v1/groups/{id}")
}

#[tokio::test]
async fn a_group_is_changed_from_the_version_that_was_read() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let path = path(&team(stage, "versions").await);
        let change = |name: &str| Some(json!({ "name": name }));
        let two = seen(&alice, Method::PATCH, &path, "\"1\"", change("two")).await.was(200);
        assert_eq!((two.json()["version"].clone(), two.header("etag")), (json!(2), "\"2\""));
        let late = seen(&alice, Method::PATCH, &path, "\"1\"", change("late")).await;
        late.was_problem(412, "version_mismatch");
        let late = seen(&alice, Method::DELETE, &path, "\"1\"", None).await;
        late.was_problem(412, "version_mismatch");
        for person in [bob, stage.vera()] {
            person.patch(&path, json!({ "name": "x" })).await.was_problem(403, "forbidden");
            person.delete(&path).await.was_problem(403, "forbidden");
        }
        for (field, value, code) in [
            ("slug", json!("NO"), "invalid_slug"),
            ("name", json!(""), "too_short"),
            ("type", json!("zoo"), "unknown_type"),
            ("status", json!("gone"), "unknown_value"),
            ("parentGroupId", json!("x"), "invalid_value"),
            ("id", json!("x"), "unknown_field"),
            ("version", json!(9), "unknown_field"),
        ] {
            let answer = alice.patch(&path, json!({ field: value })).await;
            refused(answer, &format!("/{field}"), code);
        }
        assert_eq!(alice.get(&path).await.was(200).json(), two.json());
        seen(&alice, Method::DELETE, &path, "\"2\"", None).await.was(204);
    })
    .await;
}

#[tokio::test]
async fn a_group_moves_with_all_below_it_and_never_into_itself() {
    on_both(async |stage| {
        let (alice, carol) = (stage.alice(), stage.carol());
        let top = group(&alice, "move-top", "Top").await;
        let middle = below(&alice, &top, "move-middle").await;
        let bottom = below(&alice, &middle, "move-bottom").await;
        let thing = note(&alice, &bottom, "deep").await;
        let put = async |child: &str, parent: Value| {
            alice.patch(&path(child), json!({ "parentGroupId": parent })).await
        };
        for (child, parent) in [(&top, &top), (&top, &middle), (&top, &bottom), (&middle, &bottom)]
        {
            put(child, json!(parent)).await.was_problem(409, "cycle");
        }
        for unknown in [&stage.globex, "group_00000000000000000000000000"] {
            refused(put(&middle, json!(unknown)).await, "/parentGroupId", "unknown_parent");
        }
        let other = group(&alice, "move-other", "Other").await;
        let whole = |root: &str| format!("/v1/things?groupId={root}&includeChildren=true");
        assert_eq!(each(&rows(&alice, &whole(&top)).await, "id"), [&*thing]);
        put(&middle, json!(other)).await.was(200);
        assert!(rows(&alice, &whole(&top)).await.is_empty());
        assert_eq!(each(&rows(&alice, &whole(&other)).await, "id"), [&*thing]);
        assert_eq!(put(&middle, Value::Null).await.was(200).json()["parentGroupId"], Value::Null);
        assert!(rows(&alice, &whole(&other)).await.is_empty());
        assert_eq!(each(&rows(&alice, &whole(&middle)).await, "id"), [&*thing]);
        // What was above is free to go below now.
        put(&top, json!(bottom)).await.was(200);
        put(&middle, json!(top)).await.was_problem(409, "cycle");
        assert_eq!(rows(&alice, &format!("{}/children", path(&bottom))).await.len(), 1);
        // A personal group stays where it is, and nobody else's group is moved.
        put(&alice.home, json!(top)).await.was_problem(409, "personal_group");
        alice.delete(&path(&alice.home)).await.was_problem(409, "personal_group");
        let theirs = group(&carol, "move-theirs", "Theirs").await;
        put(&theirs, json!(top)).await.was_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn of_two_who_move_into_each_other_one_is_refused() {
    on_both(async |stage| {
        let alice = stage.alice();
        for round in 0..5 {
            let one = group(&alice, &format!("mutual-{round}-a"), "A").await;
            let two = group(&alice, &format!("mutual-{round}-b"), "B").await;
            let (under_two, under_one) =
                (json!({ "parentGroupId": two }), json!({ "parentGroupId": one }));
            let (one_path, two_path) = (path(&one), path(&two));
            let (first, second) =
                tokio::join!(alice.patch(&one_path, under_two), alice.patch(&two_path, under_one));
            let mut answers = [first.status, second.status];
            answers.sort_unstable();
            assert_eq!(answers, [200, 409], "{first:?} {second:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_group_with_active_children_ends_only_with_them() {
    on_both(async |stage| {
        let alice = stage.alice();
        let top = group(&alice, "end-top", "Top").await;
        let middle = below(&alice, &top, "end-middle").await;
        let bottom = below(&alice, &middle, "end-bottom").await;
        alice.delete(&path(&top)).await.was_problem(409, "group_has_children");
        let archived = json!({ "status": "archived" });
        let answer = alice.patch(&path(&top), archived.clone()).await;
        answer.was_problem(409, "group_has_children");
        alice.delete(&format!("{}?cascade=true", path(&top))).await.was(204);
        for id in [&top, &middle, &bottom] {
            let group = alice.get(&path(id)).await.was(200).json();
            assert_eq!((&group["status"], &group["version"]), (&json!("archived"), &json!(2)));
            alice.patch(&path(id), json!({ "name": "x" })).await.was_problem(409, "group_archived");
            alice.delete(&path(id)).await.was_problem(409, "group_archived");
            alice.patch(&path(id), archived.clone()).await.was_problem(409, "group_archived");
        }
        let list = format!("/v1/groups?parentGroupId={top}");
        assert!(rows(&alice, &list).await.is_empty());
        assert_eq!(each(&rows(&alice, &format!("{list}&status=archived")).await, "id"), [&*middle]);
        let children = format!("{}/children", path(&top));
        assert!(rows(&alice, &children).await.is_empty());
        assert_eq!(rows(&alice, &format!("{children}?status=archived")).await.len(), 1);
        // Back from the top down.
        let back = json!({ "status": "active" });
        let answer = alice.patch(&path(&bottom), back.clone()).await;
        answer.was_problem(409, "parent_archived");
        let answer = alice.patch(&path(&top), json!({ "status": "active", "name": "Back" })).await;
        assert_eq!(answer.was(200).text_at("/name"), "Back");
        alice.patch(&path(&middle), back.clone()).await.was(200);
        alice.patch(&path(&bottom), back).await.was(200);
        alice.patch(&path(&bottom), archived).await.was(200);
        let body = json!({ "slug": "end-late", "name": "n", "type": "dao",
            "parentGroupId": bottom });
        alice.post("/v1/groups", body).await.was_problem(409, "group_archived");
        alice.patch(&path(&middle), json!({ "parentGroupId": bottom })).await.was(409);
    })
    .await;
}

#[tokio::test]
async fn an_archived_group_is_read_and_not_changed() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "archived").await;
        let (a, b) = (note(&bob, &team, "a").await, note(&bob, &team, "b").await);
        let edge = connect(&bob, "part_of", &a, &b).await;
        let known = json!({ "type": "document", "text": "words", "sourceThingId": a });
        let known = bob.post("/v1/knowledge", known).await.was(201).id();
        let gone = thing(&bob, json!({ "groupId": team, "type": "note", "name": "gone" })).await;
        bob.delete(&format!("/v1/things/{gone}")).await.was(204);
        alice.delete(&path(&team)).await.was(204);
        for path in [
            path(&team),
            format!("/v1/people?groupId={team}"),
            format!("/v1/things/{a}"),
            format!("/v1/things?groupId={team}"),
            format!("/v1/connections/{edge}"),
            format!("/v1/knowledge/{known}"),
            format!("/v1/events?groupId={team}"),
        ] {
            bob.get(&path).await.was(200);
        }
        let member = format!("/v1/people/{}", bob.id);
        let leave = format!("{member}?groupId={team}");
        for (method, path, body) in [
            (
                Method::POST,
                "/v1/things".into(),
                json!({ "groupId": team, "type": "note",
                "name": "n" }),
            ),
            (Method::PATCH, format!("/v1/things/{a}"), json!({ "name": "x" })),
            (Method::PATCH, format!("/v1/things/{gone}"), json!({ "status": "active" })),
            (Method::DELETE, format!("/v1/things/{a}"), json!({})),
            (Method::DELETE, format!("/v1/things/{a}?permanent=true"), json!({})),
            (
                Method::POST,
                "/v1/connections".into(),
                json!({ "type": "part_of", "fromId": a,
                "toId": gone }),
            ),
            (
                Method::POST,
                "/v1/connections".into(),
                json!({ "type": "part_of", "fromId": a,
                "toId": b, "strength": 1 }),
            ),
            (Method::DELETE, format!("/v1/connections/{edge}"), json!({})),
            (
                Method::POST,
                "/v1/events".into(),
                json!({ "groupId": team,
                "type": "content_event" }),
            ),
            (
                Method::POST,
                "/v1/knowledge".into(),
                json!({ "groupId": team, "type": "label",
                "text": "topic:x" }),
            ),
            (Method::POST, "/v1/knowledge/embed".into(), json!({ "thingId": a })),
            (Method::DELETE, format!("/v1/knowledge/{known}"), json!({})),
            (Method::POST, "/v1/people".into(), json!({ "groupId": team, "displayName": "x" })),
            (Method::PATCH, member, json!({ "groupId": team, "role": "customer" })),
            (Method::DELETE, leave, json!({})),
        ] {
            for person in [&alice, &stage.root()] {
                let answer = person.send(person.request(method.clone(), &path).json(&body)).await;
                assert_eq!(
                    (answer.status, answer.code().as_str()),
                    (409, "group_archived"),
                    "{method} {path} {body}: {answer:?}"
                );
            }
        }
        alice.patch(&path(&team), json!({ "status": "active" })).await.was(200);
        bob.patch(&format!("/v1/things/{gone}"), json!({ "status": "active" })).await.was(200);
    })
    .await;
}

#[tokio::test]
async fn the_platforms_own_group_stays() {
    on_both(async |stage| {
        let root = stage.root();
        let platform = rows(&root, "/v1/groups?sort=createdAt&limit=200").await;
        let platform = platform.iter().find(|group| group["slug"] == "platform");
        let id = platform.and_then(|group| group["id"].as_str()).expect("the platform's group");
        root.delete(&path(id)).await.was_problem(409, "platform_group");
        root.patch(&path(id), json!({ "slug": "zoo" })).await.was_problem(409, "platform_group");
        let move_it = json!({ "parentGroupId": stage.acme });
        root.patch(&path(id), move_it).await.was_problem(409, "platform_group");
        let answer = root.delete(&format!("/v1/people/{}?groupId={id}", root.id)).await;
        answer.was_problem(409, "last_owner");
        stage.alice().patch(&path(id), json!({ "name": "mine" })).await.was(403);
        stage.alice().get(&path(id)).await.was(200);
        let role = json!({ "groupId": stage.acme, "role": "platform_owner" });
        let bob = format!("/v1/people/{}", stage.bob().id);
        refused(root.patch(&bob, role.clone()).await, "/role", "wrong_group");
        stage.alice().patch(&bob, role).await.was_problem(403, "role_above_own");
    })
    .await;
}
