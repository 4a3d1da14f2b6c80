//! Doors that a review found open.

use serde_json::{Value, json};

use super::{below, connect, each, log, note, refused, rows, secret, team, thing};
use crate::people::Person;
use crate::stage::{group, on_both};

async fn lend(alice: &Person, group: &str, person: &Person, permissions: &[&str]) {
    let body = json!({ "groupId": group, "permissions": permissions });
    alice.patch(&format!("/v1/people/{}", person.id), body).await.was(200);
}

#[tokio::test]
async fn a_record_goes_along_only_with_those_who_may_change_it() {
    on_both(async |stage| {
        let (alice, bob, carol) = (stage.alice(), stage.bob(), stage.carol());
        let team = team(stage, "review-records").await;
        let record = json!({ "groupId": team, "displayName": "Rec" });
        let record = alice.post("/v1/people", record).await.was(201).id();
        let bobs = group(&bob, "review-bobs", "Bob's").await;
        let carols = group(&carol, "review-carols", "Carol's").await;
        let path = format!("/v1/people/{record}");
        let mine = json!({ "displayName": "Mine" });
        let bring = |group: &str| json!({ "groupId": group, "personId": record });
        bob.post("/v1/people", bring(&bobs)).await.was_problem(403, "forbidden");
        bob.patch(&path, mine.clone()).await.was_problem(403, "forbidden");
        carol.post("/v1/people", bring(&carols)).await.was_problem(404, "not_found");
        carol.patch(&path, mine.clone()).await.was_problem(404, "not_found");
        assert_eq!(alice.get(&path).await.was(200).text_at("/displayName"), "Rec");
        // Who may change it where it is takes it along.
        let low = below(&alice, &team, "review-records-low").await;
        alice.post("/v1/people", bring(&low)).await.was(201);
        lend(&alice, &team, &bob, &["people:update"]).await;
        bob.post("/v1/people", bring(&bobs)).await.was(201);
        // Who has a login decides for themselves what their record says.
        let other = json!({ "groupId": bobs, "personId": alice.id });
        bob.post("/v1/people", other).await.was(201);
        let answer = bob.patch(&format!("/v1/people/{}", alice.id), mine).await;
        answer.was_problem(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn an_address_brings_in_nobody_and_tells_of_nobody() {
    on_both(async |stage| {
        let (alice, carol) = (stage.alice(), stage.carol());
        let team = team(stage, "review-addresses").await;
        let mut answers = Vec::new();
        for email in [carol.email.as_str(), "unknown@example.com"] {
            let body = json!({ "groupId": team, "displayName": "Guest", "email": email });
            let made = alice.post("/v1/people", body.clone()).await.was(201);
            alice.post("/v1/people", body).await.was_problem(409, "already_member");
            let mut person = made.json();
            assert_eq!((&person["userId"], &person["email"]), (&Value::Null, &json!(email)));
            assert_ne!(made.id(), carol.id);
            for own in ["id", "email", "createdAt", "updatedAt"] {
                person[own] = Value::Null;
            }
            answers.push(person);
        }
        assert_eq!(answers[0], answers[1]);
        carol.get(&format!("/v1/groups/{team}")).await.was_problem(404, "not_found");
        // Nor does knowing an id bring in whom one cannot see.
        let body = json!({ "groupId": team, "personId": carol.id });
        alice.post("/v1/people", body).await.was_problem(404, "not_found");
        let kinds = each(&log(&alice, &team).await, "type");
        assert_eq!(kinds.iter().filter(|kind| *kind == "user_invited_to_group").count(), 2);
    })
    .await;
}

#[tokio::test]
async fn which_labels_a_private_thing_carries_is_private() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "review-labels").await;
        let hidden = secret(&alice, &team, "hidden").await;
        for text in ["topic:old", "topic:new"] {
            if text == "topic:old" {
                let label = json!({ "groupId": team, "type": "label", "text": text });
                bob.post("/v1/knowledge", label).await.was(201);
            }
            let label = json!({ "type": "label", "text": text, "sourceThingId": hidden });
            alice.post("/v1/knowledge", label).await;
        }
        let told = log(&bob, &team).await;
        assert!(told.iter().all(|event| !event.to_string().contains(&hidden)), "{told:?}");
        let told = log(&alice, &team).await;
        assert!(told.iter().any(|event| event.to_string().contains(&hidden)), "{told:?}");
        for list in [format!("groupId={team}&"), String::new()] {
            let list = format!("/v1/knowledge?{list}sourceThingId={hidden}");
            assert!(rows(&bob, &list).await.is_empty());
            assert_eq!(rows(&alice, &list).await.len(), 2);
        }
    })
    .await;
}

#[tokio::test]
async fn to_archive_by_a_patch_takes_the_permission_to_delete() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "review-archive").await;
        let path = format!("/v1/things/{}", note(&alice, &team, "hers").await);
        lend(&alice, &team, &bob, &["things:update"]).await;
        bob.patch(&path, json!({ "name": "changed" })).await.was(200);
        for body in [json!({ "status": "archived" }), json!({ "name": "x", "status": "archived" })]
        {
            bob.patch(&path, body).await.was_problem(403, "forbidden");
        }
        bob.delete(&path).await.was_problem(403, "forbidden");
        lend(&alice, &team, &bob, &["things:update", "things:delete"]).await;
        bob.patch(&path, json!({ "status": "archived" })).await.was(200);
        let own = format!("/v1/things/{}", note(&bob, &team, "his").await);
        bob.patch(&own, json!({ "status": "archived" })).await.was(200);
    })
    .await;
}

#[tokio::test]
async fn a_connection_of_others_is_neither_overwritten_nor_read_by_making_it_again() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "review-connections").await;
        let open = async |name: &str| {
            let body = json!({ "groupId": team, "type": "note", "name": name,
                "visibility": "public" });
            thing(&alice, body).await
        };
        let (from, to) = (open("from").await, open("to").await);
        let edge = |metadata: Value| {
            json!({ "type": "part_of", "fromId": from, "toId": to, "metadata": metadata })
        };
        let first = edge(json!({ "note": "unspeakable" }));
        let id = alice.post("/v1/connections", first.clone()).await.was(201).id();
        let path = format!("/v1/connections/{id}");
        lend(&alice, &team, &vera, &["connections:create"]).await;
        let bare = json!({ "type": "part_of", "fromId": from, "toId": to });
        for (person, body) in [
            (&bob, edge(json!({ "note": "overwritten" }))),
            (&vera, edge(json!({ "note": "overwritten" }))),
            (&vera, bare.clone()),
        ] {
            let answer = person.post("/v1/connections", body).await;
            assert!(!answer.text.contains("unspeakable") && !answer.text.contains(&id));
            answer.was_problem(409, "already_exists");
        }
        // To say the same again is no change for whoever sees it.
        for body in [first, bare] {
            assert_eq!(bob.post("/v1/connections", body).await.was(200).id(), id);
        }
        let stored = alice.get(&path).await.was(200).json();
        assert_eq!(stored["metadata"], json!({ "note": "unspeakable" }));
        // Of what Bob made, Alice is the owner's owner; and a large value is not repeated.
        let (here, there) = (note(&bob, &team, "a").await, note(&bob, &team, "b").await);
        connect(&bob, "part_of", &here, &there).await;
        let metadata = json!({ "text": "x".repeat(5000) });
        let body = json!({ "type": "part_of", "fromId": here, "toId": there,
            "metadata": metadata });
        alice.post("/v1/connections", body).await.was(200);
        let told = log(&alice, &team).await;
        let told = told.iter().find(|event| event["type"] == "connection_updated");
        let told = told.expect("the update is told");
        assert_eq!(told["metadata"]["changes"], json!({ "metadata.text": { "large": true } }));
        let body = json!({ "type": "part_of", "fromId": here, "toId": there, "strength": 0.5 });
        bob.post("/v1/connections", body).await.was(200);
    })
    .await;
}

#[tokio::test]
async fn what_the_house_records_nobody_else_reports() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "review-events").await;
        for kind in [
            "thing_created",
            "thing_deleted",
            "person_role_changed",
            "api_key_revoked",
            "user_login",
            "email_verified",
            "user_joined_group",
            "entity_archived",
            "settings_updated",
        ] {
            for person in [&alice, &bob, &stage.root()] {
                let body = json!({ "groupId": team, "type": kind });
                refused(person.post("/v1/events", body).await, "/type", "reserved_type");
            }
        }
        for kind in ["content_event", "lesson_completed", "payment_event"] {
            bob.post("/v1/events", json!({ "groupId": team, "type": kind })).await.was(201);
        }
    })
    .await;
}

#[tokio::test]
async fn free_form_data_has_a_size() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "review-sizes").await;
        let (most, metadata) = (256 << 10, 64 << 10);
        // `{"a":"…"}` takes eight bytes beside its text.
        let of = |size: usize| json!({ "a": "x".repeat(size - 8) });
        let with = |properties: Value| {
            json!({ "groupId": team, "type": "note", "name": "n", "properties": properties })
        };
        let large = alice.post("/v1/things", with(of(most + 1))).await;
        refused(large, "/properties", "too_long");
        let id = thing(&alice, with(of(most))).await;
        let path = format!("/v1/things/{id}");
        let more = alice.patch(&path, json!({ "properties": { "b": 1 } })).await;
        refused(more, "/properties", "too_long");
        alice.patch(&path, json!({ "name": "m" })).await.was(200);
        alice.patch(&path, json!({ "properties": { "a": null, "b": 1 } })).await.was(200);
        let other = note(&alice, &team, "other").await;
        for (path, body) in [
            ("/v1/connections", json!({ "type": "part_of", "fromId": id, "toId": other })),
            ("/v1/events", json!({ "groupId": team, "type": "content_event" })),
            ("/v1/knowledge", json!({ "groupId": team, "type": "document", "text": "words" })),
        ] {
            let mut body = body;
            body["metadata"] = of(metadata + 1);
            refused(alice.post(path, body.clone()).await, "/metadata", "too_long");
            body["metadata"] = of(metadata);
            alice.post(path, body).await.was(201);
        }
    })
    .await;
}

#[tokio::test]
async fn things_belong_to_each_other_over_a_hundred_levels_at_most() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "review-levels").await;
        let under = |parent: &str| {
            json!({ "groupId": team, "type": "note", "name": "n", "parentId": parent })
        };
        let top = note(&bob, &team, "top").await;
        let mut lowest = top.clone();
        for _ in 1..100 {
            lowest = thing(&bob, under(&lowest)).await;
        }
        bob.post("/v1/things", under(&lowest)).await.was_problem(409, "too_deep");
        let other = note(&bob, &team, "other").await;
        let move_to = async |thing: &str, parent: &str| {
            bob.patch(&format!("/v1/things/{thing}"), json!({ "parentId": parent })).await
        };
        move_to(&other, &lowest).await.was_problem(409, "too_deep");
        move_to(&top, &lowest).await.was_problem(409, "cycle");
        // Longer than what is looked at: refused, not taken for no cycle.
        move_to(&top, &other).await.was(200);
        move_to(&other, &lowest).await.was_problem(409, "too_deep");
    })
    .await;
}

#[tokio::test]
async fn ones_groups_are_listed_along_ones_memberships() {
    on_both(async |stage| {
        let alice = stage.alice();
        let mut mine = Vec::new();
        for number in 0..3 {
            let slug = format!("review-mine-{number}");
            mine.push(group(&alice, &slug, &slug).await);
        }
        group(&stage.carol(), "review-not-mine", "Hers").await;
        let all = each(&alice.walk("/v1/groups").await, "id");
        assert!(mine.iter().all(|id| all.contains(id)), "{all:?}");
        assert!(!all.contains(&stage.globex) && all.contains(&alice.home), "{all:?}");
        let mut sorted = all.clone();
        sorted.sort_unstable_by(|one, other| other.cmp(one));
        sorted.dedup();
        assert_eq!(all, sorted, "newest first, each once");
        let some = each(&rows(&alice, "/v1/groups?type=business&limit=200").await, "id");
        assert!(mine.iter().all(|id| some.contains(id)) && !some.contains(&alice.home));
        alice.delete(&format!("/v1/groups/{}", mine[0])).await.was(204);
        let archived = each(&rows(&alice, "/v1/groups?status=archived&limit=200").await, "id");
        assert!(archived.contains(&mine[0]) && !archived.contains(&mine[1]));
    })
    .await;
}
