//! Bundles that nobody exported: they harm nobody.

use serde_json::{Value, json};

use super::{chained, copied, exported, import, send, state, text, told};
use crate::people::Person;
use crate::stage::{group, on_both, sign_up};
use crate::world::{note, rows};

fn id(kind: u8, number: usize) -> String {
    format!("01900000-0000-7000-8000-{kind:02}{number:010}")
}

fn one_group(slug: &str) -> Value {
    json!({ "kind": "group", "id": id(1, 0), "slug": slug, "name": "Copy", "type": "business" })
}

fn one_note(number: usize, name: &str) -> Value {
    json!({ "kind": "thing", "id": id(2, number), "groupId": id(1, 0), "type": "note",
        "name": name })
}

fn with(mut line: Value, field: &str, value: impl Into<Value>) -> Value {
    line[field] = value.into();
    line
}

/// Code and pointer for each line that was refused.
async fn refusals(owner: &Person, done: &Value) -> Vec<(u64, String)> {
    told(owner, done).await.into_iter().map(|(line, code, _)| (line, code)).collect()
}

fn code(line: u64, code: &str) -> (u64, String) {
    (line, code.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_have_is_out_of_reach() {
    on_both(async |stage| {
        // Nobody whom Alice has met, in any test.
        let (alice, carol) = (stage.alice(), sign_up(&stage.nobody(), "cassandra").await);
        let target = group(&alice, "evil-to", "Target").await;
        let hers = group(&carol, "evil-hers", "Hers").await;
        let thing = note(&carol, &hers, "hers").await;
        let document = json!({ "groupId": hers, "type": "document", "text": "hers" });
        let document = carol.post("/v1/knowledge", document).await.was(201).id();
        let before = exported(&carol, &hers).await;
        // The oldest first: other tests make more groups than fit a page.
        let groups = rows(&stage.root(), "/v1/groups?sort=createdAt&limit=200").await;
        let platform = groups.iter().find(|group| group["slug"] == "platform");
        let platform = platform.expect("the platform's own group").clone();
        let there = platform["id"].as_str().expect("an id");

        let lines = vec![
            one_group("evil-hers"),
            one_note(0, "mine"),
            // 3: things that go elsewhere, or belong to what is elsewhere.
            with(one_note(1, "intruder"), "groupId", hers.as_str()),
            with(one_note(2, "intruder"), "groupId", target.as_str()),
            with(one_note(3, "intruder"), "groupId", there),
            with(one_note(4, "child"), "parentId", thing.as_str()),
            // 7: a thing with an id of hers is another thing, and its owner is whoever imports.
            with(with(one_note(5, "twin"), "id", thing.as_str()), "ownerId", carol.id.as_str()),
            // 8: connections to what is elsewhere.
            json!({ "kind": "connection", "groupId": id(1, 0), "type": "part_of",
                "fromId": format!("group_{}", &hers["group_".len()..]), "toId": id(2, 0) }),
            json!({ "kind": "connection", "groupId": hers, "type": "part_of",
                "fromId": id(2, 0), "toId": thing }),
            json!({ "kind": "connection", "groupId": id(1, 0), "type": "owns",
                "fromId": carol.id, "toId": id(2, 0) }),
            json!({ "kind": "connection", "groupId": id(1, 0), "type": "part_of",
                "fromId": id(2, 0), "toId": "knowledge_01jd7jrykgfk1sh8nw1g60edsf" }),
            // 12: knowledge of and for what is elsewhere.
            json!({ "kind": "knowledge", "groupId": hers, "type": "document", "text": "x" }),
            json!({ "kind": "knowledge", "groupId": id(1, 0), "type": "document", "text": "x",
                "sourceThingId": "thing_01jd7jrykgfk1sh8nw1g60edsf" }),
            json!({ "kind": "thingKnowledge", "thingId": id(2, 0), "knowledgeId": document,
                "role": "label" }),
            // 15: people and roles.
            json!({ "kind": "person", "id": carol.id, "displayName": "C", "email": carol.email }),
            json!({ "kind": "membership", "groupId": id(1, 0), "personId": carol.id,
                "role": "group_owner" }),
            json!({ "kind": "person", "id": alice.id, "displayName": "Mallory",
                "email": "root@example.com" }),
            json!({ "kind": "membership", "groupId": hers, "personId": alice.id,
                "role": "group_owner" }),
            json!({ "kind": "groupRole", "groupId": hers, "name": "evil", "permissions": [] }),
            json!({ "kind": "groupRole", "groupId": id(1, 0), "name": "evil",
                "permissions": ["world:end"] }),
            json!({ "kind": "thingType", "groupId": hers, "name": "evil" }),
            // 22: groups that hang elsewhere, or would be the platform's own.
            json!({ "kind": "group", "id": id(1, 1), "parentGroupId": hers, "slug": "evil-below",
                "name": "x", "type": "business" }),
            json!({ "kind": "group", "id": there, "slug": "platform", "name": "Mine",
                "type": "business" }),
            json!({ "kind": "thing", "id": id(2, 9), "groupId": there, "type": "note",
                "name": "in the copy of the platform" }),
            // 25: an id of hers for a group, which then is another one.
            json!({ "kind": "group", "id": hers, "parentGroupId": id(1, 0), "slug": "evil-hers",
                "name": "Twin", "type": "business", "metadata": { "teamOf": hers } }),
        ];
        let done = copied(&alice, &target, &lines).await;
        assert_eq!(done["state"], "done", "{done}");
        let unknown = "unknown_reference";
        let wanted = [
            code(3, unknown),
            code(4, unknown),
            code(5, unknown),
            code(6, unknown),
            code(8, unknown),
            code(9, unknown),
            code(10, "unknown_person"),
            code(11, "wrong_kind"),
            code(12, unknown),
            code(13, unknown),
            code(14, unknown),
            code(16, "unknown_person"),
            code(18, unknown),
            code(19, unknown),
            code(20, "unknown_permission"),
            code(21, unknown),
            code(22, unknown),
        ];
        let refused = refusals(&alice, &done).await;
        assert_eq!(refused, wanted, "{done}");
        assert_eq!(exported(&carol, &hers).await, before, "hers is as it was");
        assert_eq!(rows(&stage.root(), &format!("/v1/things?groupId={there}")).await.len(), 0);
        let kept = stage.root().get(&format!("/v1/groups/{there}")).await.was(200).json();
        assert_eq!(kept, platform);
        // What was made is Alice's and below her group, whatever it called itself.
        let children = rows(&alice, &format!("/v1/groups/{target}/children")).await;
        let slugs: Vec<&str> = children.iter().filter_map(|one| one["slug"].as_str()).collect();
        assert_eq!(children.len(), 2, "{slugs:?}");
        assert!(slugs.contains(&"evil-hers-2") && slugs.contains(&"platform-2"), "{slugs:?}");
        let copy = done["copyId"].as_str().expect("the copy");
        let things = rows(&alice, &format!("/v1/things?groupId={copy}")).await;
        assert_eq!(things.len(), 2);
        assert!(things.iter().all(|one| one["id"] != json!(thing)), "{things:?}");
        assert!(things.iter().all(|one| one["ownerId"].is_null() || one["ownerId"] == alice.id));
        let people = rows(&alice, &format!("/v1/people?groupId={copy}")).await;
        assert_eq!((people.len(), &people[0]["id"]), (1, &json!(alice.id)));
        assert_eq!(people[0]["displayName"], "alice", "nobody is renamed");
        let twin = rows(&alice, &format!("/v1/groups/{copy}/children")).await;
        assert_eq!(twin[0]["metadata"], json!({}), "{twin:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_by_its_line() {
    on_both(async |stage| {
        let alice = stage.alice();
        let target = group(&alice, "odd-to", "Target").await;
        let edge = |from: usize, to: usize| {
            json!({ "kind": "connection", "groupId": id(1, 0), "type": "made_of",
                "fromId": id(2, from), "toId": id(2, to) })
        };
        let lines = vec![
            one_note(0, "before its group"),
            one_group("odd"),
            one_group("odd"),
            // 4: two that belong to each other, and one to itself.
            with(one_note(1, "a"), "parentId", id(2, 2)),
            with(one_note(2, "b"), "parentId", id(2, 1)),
            with(one_note(3, "c"), "parentId", id(2, 3)),
            one_note(4, "good"),
            one_note(4, "the same id"),
            json!({ "kind": "connectionType", "groupId": id(1, 0), "name": "made_of",
                "acyclic": true }),
            one_note(5, "good too"),
            edge(4, 5),
            edge(5, 4),
            edge(4, 4),
            with(one_note(6, "x"), "type", "never_heard_of"),
            with(one_note(7, "x"), "kind", "planet"),
            with(one_note(8, ""), "status", "active"),
            with(one_note(9, "x"), "colour", "red"),
            with(one_note(10, "tomorrow"), "createdAt", "2999-01-01T00:00:00Z"),
            json!({ "kind": "group", "id": id(1, 7), "parentGroupId": id(1, 7), "slug": "own",
                "name": "Its own", "type": "business" }),
            json!({ "kind": "group", "id": id(1, 8), "parentGroupId": id(1, 0), "slug": "NO SLUG",
                "name": "x", "type": "business" }),
            json!({ "kind": "group", "id": id(1, 9), "parentGroupId": id(1, 0), "slug": "odd-old",
                "name": "old", "type": "business", "status": "archived" }),
            json!({ "kind": "group", "id": id(1, 10), "parentGroupId": id(1, 9), "slug": "odd-new",
                "name": "new", "type": "business" }),
        ];
        let text = text(&lines) + "{ broken\n{\"kind\":\"thing\",\"name\":\"\\u0000\"}\n\n";
        let id_of = import(&alice, super::bundle(&target)).await;
        let done = send(&alice, &id_of, 0, text).await.was(200).json();
        let refused: Vec<u64> = told(&alice, &done).await.iter().map(|(line, ..)| *line).collect();
        assert_eq!(refused, [1, 4, 5, 6, 12, 13, 14, 15, 16, 17, 19, 20, 23, 24], "{done}");
        assert_eq!(done["unchanged"], 2, "the same line again is nothing more");
        let copy = done["copyId"].as_str().expect("the copy");
        let things = rows(&alice, &format!("/v1/things?groupId={copy}")).await;
        assert_eq!(things.len(), 3);
        let late = things.iter().find(|one| one["name"] == "tomorrow").expect("it is there");
        assert!(late["createdAt"].as_str() < Some("2900"), "nothing is made after its import");
        let path = format!("/v1/groups/{copy}/descendants");
        let below = rows(&alice, &path).await;
        assert!(below.iter().all(|one| one["status"] == "archived"), "{below:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_label_that_comes_twice_is_known_behind_a_wrong_line() {
    on_both(async |stage| {
        let alice = stage.alice();
        let target = group(&alice, "label-to", "Target").await;
        let lines = vec![
            one_group("label-from"),
            one_note(0, "labelled"),
            label(0),
            label(1),
            with(one_note(1, "x"), "type", "never_heard_of"),
            given(1, "label"),
        ];
        let done = copied(&alice, &target, &lines).await;
        let refused = refusals(&alice, &done).await;
        assert_eq!((refused.len(), refused[0].0), (1, 5), "{refused:?}");
        assert_eq!((&done["created"], &done["unchanged"]), (&json!(4), &json!(1)), "{done}");
    })
    .await;
}

fn label(number: usize) -> Value {
    json!({ "kind": "knowledge", "id": id(3, number), "groupId": id(1, 0), "type": "label",
        "text": "topic:x" })
}

/// The first note has the label, in a role.
fn given(number: usize, role: &str) -> Value {
    json!({ "kind": "thingKnowledge", "thingId": id(2, 0), "knowledgeId": id(3, number),
        "role": role })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_label_that_comes_twice_is_one_label_in_all_later_transactions() {
    on_both(async |stage| {
        let alice = stage.alice();
        let target = group(&alice, "label-later-to", "Target").await;
        // What fills a transaction.
        let blank = "\n".repeat(1000);
        let lines = text(&[one_group("label-later"), one_note(0, "labelled"), label(0), label(1)])
            + &blank
            + &text(&[label(2), given(1, "label")])
            + &blank
            + &text(&[given(2, "keyword"), given(0, "summary")]);
        let new = import(&alice, super::bundle(&target)).await;
        let done = send(&alice, &new, 0, lines).await.was(200).json();
        assert_eq!(refusals(&alice, &done).await, [], "{done}");
        assert_eq!((&done["created"], &done["unchanged"]), (&json!(6), &json!(2)), "{done}");
        let copy = exported(&alice, done["copyId"].as_str().expect("the copy")).await;
        let of = |kind: &str| copy.iter().filter(|line| line["kind"] == kind).collect::<Vec<_>>();
        let (labels, pairs) = (of("knowledge"), of("thingKnowledge"));
        assert_eq!((labels.len(), pairs.len()), (1, 3), "{copy:?}");
        assert!(pairs.iter().all(|pair| pair["knowledgeId"] == labels[0]["id"]), "{pairs:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_moved_elsewhere_meanwhile_is_out_of_reach_too() {
    on_both(async |stage| {
        let alice = stage.alice();
        let target = group(&alice, "moved-to", "Target").await;
        let first = text(&[one_group("moved-copy"), one_note(0, "moved"), label(0)]);
        let rest = text(&[given(0, "label"), one_note(1, "late")]);
        let mut new = super::bundle(&target);
        new["totalBytes"] = (first.len() + rest.len()).into();
        let new = import(&alice, new).await;
        let offset = first.len() as u64;
        let begun = send(&alice, &new, 0, first).await.was(200).json();
        let copy = begun["copyId"].as_str().expect("the copy");
        let top = json!({ "parentGroupId": null });
        alice.patch(&format!("/v1/groups/{copy}"), top).await.was(200);
        let done = send(&alice, &new, offset, rest).await.was(200).json();
        let wanted = [code(4, "unknown_reference"), code(5, "unknown_reference")];
        assert_eq!(refusals(&alice, &done).await, wanted, "{done}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_is_neither_deeper_nor_larger_than_may_be() {
    on_both(async |stage| {
        let alice = stage.alice();
        let target = group(&alice, "deep-to", "Target").await;
        let mut lines = vec![one_group("deep")];
        for number in 0..101 {
            let note = one_note(number, &format!("{number}"));
            lines.push(match number {
                0 => note,
                below => with(note, "parentId", id(2, below - 1)),
            });
        }
        for number in 1..101 {
            lines.push(
                json!({ "kind": "group", "id": id(1, number), "slug": format!("deep-{number}"),
                "parentGroupId": id(1, number - 1), "name": "x", "type": "business" }),
            );
        }
        let done = copied(&alice, &target, &lines).await;
        let refused = refusals(&alice, &done).await;
        assert_eq!(refused[0], code(102, "too_deep"));
        assert_eq!(refused[1].1, "too_deep", "{refused:?}");
        assert!(refused[1].0 > 195 && refused.len() <= 5, "{refused:?}");

        // Its own limits hold for a copy too; it goes on once there is room.
        let mut lines = chained(3);
        lines[0]["settings"] = json!({ "limits": { "things": 2 } });
        let id = import(&alice, super::bundle(&target)).await;
        send(&alice, &id, 0, text(&lines)).await.was_problem(402, "quota_exceeded");
        let still = state(&alice, &id).await;
        assert_eq!((&still["state"], &still["offsetBytes"]), (&json!("open"), &json!(0)));
        assert_eq!(rows(&alice, &format!("/v1/groups/{target}/children")).await.len(), 1);
    })
    .await;
}

/// What a bundle says of plans is what was paid for elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_has_no_more_than_the_default_plan() {
    for engine in crate::engines::Engine::all() {
        let mut server = crate::process::Server::prepare(&engine).await;
        server.set("SIXFOLD_QUOTAS_DEFAULT_PLAN", "starter");
        server.run();
        let door = Person::nobody(server.url());
        let alice = crate::stage::sign_up(&door, "alice").await;
        let target = group(&alice, "small", "Small").await;
        let mut lines = vec![one_group("large")];
        lines[0]["settings"] = json!({ "plan": "enterprise", "limits": { "things": 1_000_000 } });
        let done = copied(&alice, &target, &lines).await;
        let copy = done["copyId"].as_str().unwrap_or_else(|| panic!("{done}"));
        let copy = alice.get(&format!("/v1/groups/{copy}")).await.was(200).json();
        assert_eq!(copy["settings"]["plan"], "starter", "{copy}");
        assert_eq!(copy["settings"]["limits"], Value::Null, "{copy}");
    }
}
