//! Lists of events, connections, knowledge, people and groups: in every order, filtered, in part and
//! counted, as lists of things are.

use serde_json::{Value, json};

use super::queries::{compare, paged};
use super::{below, connect, each, log, note, refused, rows, team};
use crate::people::{Person, encoded};
use crate::stage::{Stage, member, on_both};

/// Whether a filter should find a row.
type Wanted = fn(&Value, &Person) -> bool;

/// Pages in every order hold what sorting in memory says; filters find what they say, in every
/// order, and count it.
async fn holds(person: &Person, list: &str, sorts: &[&str], filters: &[(&str, Wanted)]) {
    let whole = person.walk(list).await;
    assert!(whole.len() > 5, "{list}: {} rows", whole.len());
    for sort in sorts {
        let mut sorted = whole.clone();
        sorted.sort_by(|one, other| compare(one, other, sort));
        for limit in [3, 200] {
            let found = paged(person, &format!("{list}&sort={sort}"), limit).await;
            assert_eq!(each(&found, "id"), each(&sorted, "id"), "{list} by {sort}, {limit}");
        }
        for (filter, wanted) in filters {
            let query = format!("{list}&filter={}&sort={sort}", encoded(filter));
            let rest: Vec<Value> =
                sorted.iter().filter(|one| wanted(one, person)).cloned().collect();
            let found = paged(person, &query, 2).await;
            assert_eq!(each(&found, "id"), each(&rest, "id"), "{filter} by {sort}");
            let first = person.get(&format!("{query}&count=exact&limit=1")).await.was(200).json();
            assert_eq!(first["total"], rest.len(), "{filter}");
        }
    }
    for (filter, wanted) in filters {
        let some = whole.iter().filter(|one| wanted(one, person)).count();
        assert!(some > 0 && some < whole.len(), "{filter} finds {some} of {}", whole.len());
    }
}

/// Only the chosen members, to the letter; and what is wrong is told at its parameter.
async fn is_told_in_part(person: &Person, list: &str, fields: &str, key: &str) {
    let whole = rows(person, list).await;
    let some = rows(person, &format!("{list}&fields={fields},metadata.{key}")).await;
    assert_eq!(some.len(), whole.len());
    for (some, whole) in some.iter().zip(&whole) {
        for field in fields.split(',') {
            assert_eq!(some[field], whole[field], "{field}");
        }
        assert_eq!(some["metadata"].get(key), whole["metadata"].get(key), "{some}");
        assert_eq!(some.as_object().map(serde_json::Map::len), Some(fields.split(',').count() + 1));
        assert!(some["metadata"].as_object().is_some_and(|keys| keys.len() <= 1), "{some}");
    }
    for (query, pointer, code) in [
        ("sort=colour", "sort", "unknown_sort"),
        ("sort=metadata.x", "sort", "unknown_sort"),
        ("sort=createdAt,-createdAt", "sort", "repeated_sort"),
        ("fields=id,colour", "fields", "unknown_field"),
        ("count=all", "count", "unknown_value"),
        ("filter=colour%20%3D%3D%201", "filter", "unknown_field"),
        ("filter=", "filter", "invalid_filter"),
    ] {
        refused(person.get(&format!("{list}&{query}")).await, pointer, code);
    }
    // A cursor is good for its own order and filter.
    let page = person.get(&format!("{list}&sort=createdAt&limit=1")).await.was(200);
    let cursor = page.text_at("/nextCursor");
    let other = format!("{list}&sort=-createdAt&cursor={cursor}");
    refused(person.get(&other).await, "cursor", "invalid_cursor");
}

#[tokio::test]
async fn events_are_sorted_filtered_and_counted() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "event-queries").await;
        let target = note(&alice, &team, "target").await;
        for (number, day) in [3, 1, 2, 5, 4, 1].iter().enumerate() {
            let who = if number % 2 == 0 { &alice } else { &bob };
            let mut body = json!({ "groupId": team, "type": "lesson_completed",
                "timestamp": format!("2015-01-0{day}T00:00:00Z"),
                "metadata": { "score": number, "more": { "kind": (["a", "b"][number % 2]) } } });
            if number > 2 {
                body["targetId"] = target.as_str().into();
            }
            who.post("/v1/events", body).await.was(201);
        }
        let filters: &[(&str, Wanted)] = &[
            ("metadata.score >= 3", |one, _| one["metadata"]["score"].as_i64() >= Some(3)),
            ("metadata.more.kind == \"b\"", |one, _| one["metadata"]["more"]["kind"] == "b"),
            ("actorId == me", |one, me| one["actorId"] == me.id.as_str()),
            ("type == \"lesson_completed\" && timestamp < \"2015-01-03T00:00:00Z\"", |one, _| {
                one["type"] == "lesson_completed"
                    && one["timestamp"].as_str() < Some("2015-01-03T00:00:00.000Z")
            }),
            ("targetId == null", |one, _| one["targetId"].is_null()),
        ];
        let sorts =
            ["createdAt", "-createdAt", "timestamp", "-timestamp", "type,-timestamp", "-type"];
        let list = format!("/v1/events?groupId={team}");
        holds(&bob, &list, &sorts, filters).await;
        let timeline = format!("/v1/events/timeline?groupId={team}");
        holds(&bob, &timeline, &["-timestamp"], filters).await;
        is_told_in_part(&bob, &list, "id,type,timestamp", "score").await;
        let about = encoded(&format!("targetId == \"{target}\""));
        let found = rows(&bob, &format!("{list}&filter={about}&sort=timestamp")).await;
        let same = rows(&bob, &format!("/v1/events/target/{target}?sort=timestamp")).await;
        assert_eq!((found.len() > 3, found), (true, same));
        let path = format!("/v1/events/actor/{}?groupId={team}&count=exact&limit=1", alice.id);
        let whole = log(&bob, &team).await;
        let alices = whole.iter().filter(|one| one["actorId"] == alice.id.as_str()).count();
        assert_eq!(bob.get(&path).await.was(200).json()["total"], alices);
    })
    .await;
}

#[tokio::test]
async fn connections_are_sorted_filtered_and_counted() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "edge-queries").await;
        let hub = note(&alice, &team, "hub").await;
        for number in 0..13 {
            let other = note(&alice, &team, &number.to_string()).await;
            let mut body = json!({ "type": (["part_of", "transacted"][number % 2]), "toId": hub,
                "fromId": other, "metadata": { "weight": number % 3, "transactionType": "invoice" } });
            if number % 3 != 0 {
                body["strength"] = json!([0.5, 0.25][number % 2]);
            }
            if number % 4 == 0 {
                body["validTo"] = format!("2030-01-0{}T00:00:00Z", number % 3 + 1).into();
            }
            let who = if number % 2 == 0 { &alice } else { &bob };
            who.post("/v1/connections", body).await.was(201);
        }
        let filters: &[(&str, Wanted)] = &[
            ("strength >= 0.5", |one, _| one["strength"].as_f64() >= Some(0.5)),
            ("strength == null", |one, _| one["strength"].is_null()),
            ("validTo > \"2030-01-01T00:00:00Z\"", |one, _| {
                one["validTo"].as_str() > Some("2030-01-01T00:00:00.000Z")
            }),
            ("metadata.weight == 2 || type == \"transacted\"", |one, _| {
                one["metadata"]["weight"] == 2 || one["type"] == "transacted"
            }),
        ];
        let sorts = [
            "createdAt",
            "-createdAt",
            "-updatedAt",
            "strength",
            "-strength",
            "-validTo,strength",
            "type,-strength",
            "validFrom",
        ];
        let list = format!("/v1/connections?groupId={team}");
        holds(&bob, &list, &sorts, filters).await;
        holds(&bob, &format!("{list}&toId={hub}"), &["-strength"], filters).await;
        let to = format!("/v1/connections/to/{hub}?type=part_of");
        holds(&bob, &to, &["-strength", "validTo"], &filters[..2]).await;
        is_told_in_part(&bob, &list, "id,fromId,strength", "weight").await;
        is_told_in_part(&bob, &to, "id,type", "weight").await;
        refused(bob.get(&format!("{list}&fromId=x")).await, "fromId", "invalid_id");
    })
    .await;
}

#[tokio::test]
async fn knowledge_is_sorted_filtered_and_counted() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "knowledge-queries").await;
        let mut labels = Vec::new();
        for (number, name) in ["b", "É", "a", "Z", "é", "aa"].iter().enumerate() {
            let body = json!({ "groupId": team, "type": "label", "text": format!("topic:{name}"),
                "metadata": { "rank": number % 2, "x": 1 } });
            labels.push(bob.post("/v1/knowledge", body).await.was(201).id());
        }
        for number in 0..4 {
            let text = format!("{} text {}", ["Über", "over"][number % 2], "x".repeat(300));
            let body = json!({ "groupId": team, "type": "document", "text": text,
                "labels": (0..number).map(|n| format!("topic:{n}")).collect::<Vec<_>>(),
                "metadata": { "rank": number, "x": "1" } });
            bob.post("/v1/knowledge", body).await.was(201);
        }
        let filters: &[(&str, Wanted)] = &[
            ("type == \"label\"", |one, _| one["type"] == "label"),
            ("\"topic:1\" in labels", |one, _| {
                one["labels"].as_array().is_some_and(|all| all.contains(&json!("topic:1")))
            }),
            ("text.contains(\"text\") && metadata.rank < 2", |one, _| {
                one["text"].as_str().is_some_and(|text| text.contains("text"))
                    && one["metadata"]["rank"].as_i64() < Some(2)
            }),
            ("text.startsWith(\"topic:a\") || metadata.x == \"1\"", |one, _| {
                one["text"].as_str().is_some_and(|text| text.starts_with("topic:a"))
                    || one["metadata"]["x"] == "1"
            }),
        ];
        let sorts = ["createdAt", "-updatedAt", "text", "-text", "type,-text", "-type,createdAt"];
        let list = format!("/v1/knowledge?groupId={team}");
        holds(&bob, &list, &sorts, filters).await;
        is_told_in_part(&bob, &list, "id,text", "rank").await;
        let thing = note(&bob, &team, "labelled").await;
        let body = json!({ "groupId": team, "type": "label", "text": "topic:Z",
            "sourceThingId": thing });
        bob.post("/v1/knowledge", body).await.was(200);
        let of =
            format!("/v1/knowledge?groupId={team}&sourceThingId={thing}&sort=text&count=exact");
        assert_eq!(bob.get(&of).await.was(200).json()["total"], 1);
        let labelled = format!("{list}&label=topic:1&count=exact");
        assert_eq!(bob.get(&labelled).await.was(200).json()["total"], 2);
        let none = format!("{list}&deprecated=true&count=exact");
        assert_eq!(bob.get(&none).await.was(200).json()["total"], 0);
    })
    .await;
}

#[tokio::test]
async fn people_are_sorted_filtered_and_counted() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "people-queries").await;
        let annex = below(&alice, &team, "people-queries-annex").await;
        // No other test has somebody of this name, which is looked for below.
        let names = ["Zwinda", "adam", "Émile", "Bea", "Zwinda", "Carl"];
        for (number, name) in names.iter().enumerate() {
            let mut body = json!({ "groupId": if number < 4 { &team } else { &annex },
                "displayName": name, "role": (["customer", "group_user"][number % 2]),
                "metadata": { "desk": number, "x": 1 } });
            if number % 2 == 0 {
                body["username"] = format!("desk_{number}_{}", stage.engine.name()).into();
                body["email"] = format!("desk{number}@example.com").into();
            }
            alice.post("/v1/people", body).await.was(201);
        }
        let filters: &[(&str, Wanted)] = &[
            ("role == \"customer\"", |one, _| one["role"] == "customer"),
            ("username == null && displayName != \"Bea\"", |one, _| {
                one["username"].is_null() && one["displayName"] != "Bea"
            }),
            ("metadata.desk >= 2 || id == me", |one, me| {
                one["metadata"]["desk"].as_i64() >= Some(2) || one["id"] == me.id.as_str()
            }),
            ("email.endsWith(\"0@example.com\")", |one, _| {
                one["email"].as_str().is_some_and(|email| email.ends_with("0@example.com"))
            }),
        ];
        let sorts = [
            "createdAt",
            "-createdAt",
            "-updatedAt",
            "displayName",
            "-displayName",
            "username",
            "-username,displayName",
            "role,-username",
        ];
        let list = format!("/v1/people?groupId={team}");
        holds(&bob, &list, &sorts, filters).await;
        holds(&alice, &format!("{list}&includeChildren=true"), &sorts, filters).await;
        is_told_in_part(&bob, &list, "id,displayName,role", "desk").await;
        // Without a group nothing is asked about memberships, and a name has to be looked for.
        let found = rows(&bob, "/v1/people?q=Zwin&sort=-displayName&fields=displayName").await;
        assert!(found.iter().all(|one| *one == json!({ "displayName": "Zwinda" })), "{found:?}");
        refused(bob.get("/v1/people?q=Zwin&sort=role").await, "sort", "unknown_sort");
        let role = encoded("role == \"customer\"");
        let path = format!("/v1/people?q=Zwin&filter={role}");
        refused(bob.get(&path).await, "filter", "unknown_field");
    })
    .await;
}

#[tokio::test]
async fn groups_are_sorted_filtered_and_counted() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "group-queries").await;
        for (number, name) in ["z", "É", "a", "A", "é", "a"].iter().enumerate() {
            let body = json!({ "slug": format!("group-queries-{number}"), "name": name,
                "type": (["business", "community"][number % 2]), "parentGroupId": team,
                "metadata": { "region": (["north", "south"][number / 3]), "x": 1 },
                "settings": { "visibility": (["public", "private"][number % 2]) } });
            let id = alice.post("/v1/groups", body).await.was(201).id();
            if number % 2 == 0 {
                member(&alice, &id, &bob, "group_user").await;
            }
        }
        let filters: &[(&str, Wanted)] = &[
            ("metadata.region == \"north\"", |one, _| one["metadata"]["region"] == "north"),
            ("name in [\"a\", \"É\"] && slug != \"group-queries-5\"", |one, _| {
                (one["name"] == "a" || one["name"] == "É") && one["slug"] != "group-queries-5"
            }),
            ("visibility == \"public\" && type == \"business\" && name > \"a\"", |one, _| {
                one["settings"]["visibility"] == "public" && one["name"].as_str() > Some("a")
            }),
        ];
        let sorts = ["createdAt", "-updatedAt", "name", "-name,slug", "-slug", "type,name"];
        let children = format!("/v1/groups/{team}/children?status=active");
        holds(&alice, &children, &sorts, filters).await;
        let below = format!("/v1/groups/{team}/descendants?status=active");
        holds(&alice, &below, &sorts, filters).await;
        holds(&alice, &format!("/v1/groups?parentGroupId={team}"), &sorts, filters).await;
        is_told_in_part(&alice, &children, "id,slug,settings", "region").await;
        // Bob belongs to three of them; the others that he sees are public.
        let own = bob.get(&format!("/v1/groups?parentGroupId={team}&count=exact")).await.was(200);
        assert_eq!(own.json()["total"], 3);
        let own = rows(&bob, &format!("/v1/groups?parentGroupId={team}&sort=-slug")).await;
        assert_eq!(each(&own, "slug"), ["group-queries-4", "group-queries-2", "group-queries-0"]);
    })
    .await;
}

#[tokio::test]
async fn nobody_finds_out_by_asking_what_they_do_not_read() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "no-oracle").await;
        let (open, hidden) = secrets(stage, &team).await;
        for (list, names) in [
            ("events", &["ownerId", "visibility", "xid", "groupPlan"][..]),
            ("connections", &["ownerId", "visibility", "createdBy"]),
            ("knowledge", &["ownerId", "visibility", "embedding", "contentHash"]),
            ("people", &["preferences", "personalGroupId", "password", "permissions"]),
            ("groups", &["limits", "deleting", "memberCount"]),
            ("things", &["hidden", "sealed"]),
        ] {
            let of = if list == "groups" { "status=active" } else { "groupId=" };
            let of = if list == "groups" { of.to_owned() } else { format!("{of}{team}") };
            for name in names {
                let filter = encoded(&format!("{name} == \"x\""));
                let path = format!("/v1/{list}?{of}&filter={filter}");
                refused(bob.get(&path).await, "filter", "unknown_field");
                let path = format!("/v1/{list}?{of}&sort={name}");
                refused(bob.get(&path).await, "sort", "unknown_sort");
            }
        }
        // What a filter finds, counts and sums is what the list shows.
        let word = encoded("metadata.changes != null || metadata.type != null || type != \"\"");
        for list in ["events", "connections", "knowledge"] {
            let plain = each(&bob.walk(&format!("/v1/{list}?groupId={team}")).await, "id");
            let path = format!("/v1/{list}?groupId={team}&filter={word}");
            assert_eq!(each(&bob.walk(&path).await, "id"), plain, "{list}");
            let counted = bob.get(&format!("{path}&count=exact&limit=1")).await.was(200).json();
            assert_eq!(counted["total"], plain.len(), "{list}");
            let alices = alice.get(&format!("{path}&count=exact&limit=1")).await.was(200).json();
            assert!(alices["total"].as_u64() > counted["total"].as_u64(), "{list}: {alices}");
        }
        for (target, found) in [(&open, true), (&hidden, false)] {
            let about = encoded(&format!("targetId == \"{target}\""));
            let path = format!("/v1/events?groupId={team}&filter={about}&count=exact");
            let page = bob.get(&path).await.was(200).json();
            assert_eq!(page["total"].as_u64() > Some(0), found, "{page}");
            let end = encoded(&format!("toId == \"{target}\""));
            let path = format!("/v1/connections?groupId={team}&filter={end}&count=exact");
            let page = bob.get(&path).await.was(200).json();
            assert_eq!(page["total"].as_u64() > Some(0), found, "{page}");
        }
        // Who may look at nothing but their own finds nothing else, and no addresses.
        let path = format!("/v1/events?groupId={team}&count=exact&filter={word}");
        let seen = vera.get(&path).await.was(200).json();
        let own =
            |one: &Value| one["actorId"] == vera.id.as_str() || one["targetId"] == vera.id.as_str();
        assert!(seen["data"].as_array().is_some_and(|all| all.iter().all(own)), "{seen}");
        let email = encoded("email.startsWith(\"alice\")");
        let path = format!("/v1/people?groupId={team}&filter={email}&count=exact");
        vera.get(&path).await.was_problem(403, "forbidden");
        stage.carol().get(&path).await.was_problem(404, "not_found");
    })
    .await;
}

/// Two things of Alice's with an edge and a document each, of which Bob sees one.
async fn secrets(stage: &Stage, team: &str) -> (String, String) {
    let alice = stage.alice();
    let open = note(&alice, team, "open").await;
    let hidden = super::secret(&alice, team, "hidden").await;
    let start = note(&alice, team, "start").await;
    for thing in [&open, &hidden] {
        connect(&alice, "part_of", &start, thing).await;
        let body = json!({ "type": "document", "text": "a text", "sourceThingId": thing });
        alice.post("/v1/knowledge", body).await.was(201);
    }
    (open, hidden)
}
