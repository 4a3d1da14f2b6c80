//! API keys in the world: one group, and no more than the key carries.

use reqwest::Method;
use serde_json::{Value, json};

use super::{below, each, note, rows, secret};
use crate::people::Person;
use crate::stage::{group, member, on_both};

/// Alice through a key of one group.
async fn key(alice: &Person, group: &str, permissions: &[&str]) -> Person {
    let body = json!({ "name": "key", "groupId": group, "permissions": permissions });
    let made = alice.post("/v1/api-keys", body).await.was(201);
    Person { name: "key", token: Some(made.text_at("/key")), ..alice.clone() }
}

#[tokio::test]
async fn a_key_sees_its_own_group_and_no_other() {
    on_both(async |stage| {
        let alice = stage.alice();
        let one = group(&alice, "key-one", "One").await;
        let two = group(&alice, "key-two", "Two").await;
        let (here, there) = (note(&alice, &one, "here").await, note(&alice, &two, "there").await);
        let own = alice.post("/v1/things", json!({ "type": "note", "name": "own" })).await.was(201);
        let all = key(&alice, &one, &["*"]).await;
        all.get(&format!("/v1/things/{here}")).await.was(200);
        for path in [
            format!("/v1/things/{there}"),
            own.header("location").to_owned(),
            format!("/v1/groups/{two}"),
            format!("/v1/events?groupId={two}"),
            format!("/v1/people?groupId={}", alice.home),
        ] {
            all.get(&path).await.was_problem(404, "not_found");
        }
        assert_eq!(each(&rows(&all, "/v1/groups").await, "id"), [&*one]);
        assert_eq!(each(&rows(&all, "/v1/things").await, "id"), [&*here]);
        // Without a group a key makes things in its own.
        let made = all.post("/v1/things", json!({ "type": "note", "name": "n" })).await.was(201);
        assert_eq!(made.text_at("/groupId"), one);
        assert_eq!(made.text_at("/ownerId"), alice.id);
        let top = json!({ "slug": "key-top", "name": "n", "type": "business" });
        all.post("/v1/groups", top).await.was_problem(403, "forbidden");
        below(&all, &one, "key-below").await;
        let ask = json!({ "type": "part_of", "fromId": here, "toId": there });
        all.post("/v1/connections", ask).await.was_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_key_does_what_it_carries_and_no_more() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = group(&alice, "key-rights", "Rights").await;
        let thing = note(&alice, &team, "thing").await;
        let hidden = secret(&alice, &team, "hidden").await;
        let reader = key(&alice, &team, &["groups:read", "things:read"]).await;
        let writer = key(&alice, &team, &["things:create", "things:update", "things:read"]).await;
        let nothing = key(&alice, &team, &[]).await;
        let adder = key(&alice, &team, &["people:create", "groups:read"]).await;
        let path = format!("/v1/things/{thing}");
        reader.get(&path).await.was(200);
        writer.get(&path).await.was(200);
        let change = |name: &str| json!({ "name": name });
        writer.patch(&path, change("by a key")).await.was(200);
        for (person, method, path, body) in [
            (&reader, Method::PATCH, path.clone(), change("x")),
            (&reader, Method::POST, "/v1/things".into(), json!({ "type": "note", "name": "n" })),
            (&writer, Method::DELETE, path.clone(), Value::Null),
            (&writer, Method::GET, format!("/v1/groups/{team}"), Value::Null),
            (&writer, Method::PATCH, format!("/v1/groups/{team}"), change("x")),
            (&reader, Method::GET, format!("/v1/people?groupId={team}"), Value::Null),
            (&writer, Method::POST, "/v1/events".into(), json!({ "type": "content_event" })),
            (
                &writer,
                Method::POST,
                "/v1/knowledge".into(),
                json!({ "type": "label", "text": "topic:x" }),
            ),
            (&nothing, Method::GET, format!("/v1/groups/{team}"), Value::Null),
        ] {
            let request = person.request(method.clone(), &path);
            let request = if body.is_null() { request } else { request.json(&body) };
            let answer = person.send(request).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (403, "forbidden"),
                "{method} {path} {body}: {answer:?}"
            );
        }
        // An owner's key reads below, and what is private to others only if it carries that.
        let bob = stage.bob();
        member(&alice, &team, &bob, "group_user").await;
        let bobs = secret(&bob, &team, "bob's").await;
        let insider = key(&alice, &team, &["things:read", "private:read"]).await;
        let whole = format!("/v1/things?groupId={team}&includeChildren=true");
        for (person, seen) in [(&alice, true), (&insider, true), (&writer, false)] {
            assert_eq!(each(&rows(person, &whole).await, "id").contains(&bobs), seen);
            let status = if seen { 200 } else { 404 };
            assert_eq!(person.get(&format!("/v1/things/{bobs}")).await.status, status);
        }
        let above = json!({ "groupId": team, "displayName": "x", "role": "group_owner" });
        adder.post("/v1/people", above).await.was_problem(403, "role_above_own");
        // Its maker's own private things stay its maker's.
        reader.get(&format!("/v1/things/{hidden}")).await.was(200);
        nothing.get(&format!("/v1/groups/{}", stage.globex)).await.was(404);
        // A key does not speak for the person: it neither leaves nor changes the profile.
        let me = format!("/v1/people/{}", alice.id);
        let answer = adder.patch(&me, json!({ "bio": "x" })).await;
        assert!(matches!(answer.status, 403 | 404), "{answer:?}");
        let events = rows(&alice, &format!("/v1/events/target/{thing}")).await;
        assert_eq!(each(&events, "actorId"), [&*alice.id, &*alice.id]);
    })
    .await;
}

#[tokio::test]
async fn an_owner_above_reads_the_keys_below_and_changes_none() {
    on_both(async |stage| {
        let (alice, root, bob) = (stage.alice(), stage.root(), stage.bob());
        let team = group(&alice, "key-above", "Above").await;
        let child = below(&root, &team, "key-beneath").await;
        member(&alice, &team, &bob, "group_user").await;
        let new = json!({ "name": "beneath", "groupId": child, "permissions": ["things:read"] });
        let made = root.post("/v1/api-keys", new.clone()).await.was(201);
        let (list, one) =
            (format!("/v1/api-keys?groupId={child}"), format!("/v1/api-keys/{}", made.id()));
        let seen = rows(&alice, &list).await;
        assert_eq!(each(&seen, "id"), [made.id()]);
        let secret = made.text_at("/key");
        let told = alice.get(&one).await.was(200);
        assert!(!told.text.contains(&secret) && !json!(seen).to_string().contains(&secret));
        alice.post("/v1/api-keys", new).await.was_problem(403, "forbidden");
        alice.patch(&one, json!({ "name": "mine" })).await.was_problem(403, "forbidden");
        alice.post(&format!("{one}/rotate"), json!({})).await.was_problem(403, "not_the_maker");
        alice.delete(&one).await.was_problem(403, "forbidden");
        assert_eq!(rows(&alice, &list).await[0]["status"], "active");
        bob.get(&list).await.was_problem(404, "not_found");
        bob.get(&one).await.was_problem(404, "not_found");
        // A key of the group above says itself what it may read below.
        let plain = key(&alice, &team, &["groups:read", "things:read"]).await;
        plain.get(&list).await.was_problem(403, "forbidden");
        let reader = key(&alice, &team, &["groups:read", "api_keys:read"]).await;
        assert_eq!(rows(&reader, &list).await.len(), 1);
        root.delete(&one).await.was(204);
    })
    .await;
}
