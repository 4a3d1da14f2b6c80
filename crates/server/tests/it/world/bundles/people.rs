//! Who people of a bundle are on another server.

use serde_json::{Value, json};

use super::{copied, exported, told};
use crate::engines::Engine;
use crate::people::Person;
use crate::stage::{PASSWORD, Stage, group, member, sign_in, sign_up};
use crate::world::{connect, log, note, rows};

/// An account whose address is proven, or not.
async fn account(root: &Person, name: &'static str, proven: bool) -> Person {
    let line = json!({ "email": format!("{name}@example.com"), "name": name,
        "password": PASSWORD, "emailVerified": proven });
    let request = root.request(reqwest::Method::POST, "/v1/users/import");
    let request = request.header("content-type", "application/x-ndjson").body(format!("{line}\n"));
    root.send(request).await.was(200);
    let someone = sign_in(&Person { token: None, ..root.clone() }, name).await;
    Person { root: root.token.clone(), ..someone }
}

/// The lines of a group in which everybody works and owns a note.
async fn source(stage: &Stage) -> Vec<Value> {
    let alice = stage.alice();
    let team = group(&alice, "far-team", "Team").await;
    let mut all = vec![alice.clone()];
    for name in ["proven", "claimed", "stranger", "boss"] {
        let person = sign_up(&stage.nobody(), name).await;
        let role = if name == "boss" { "group_owner" } else { "group_user" };
        member(&alice, &team, &person, role).await;
        all.push(person);
    }
    for person in &all {
        let note = note(person, &team, person.name).await;
        connect(person, "owns", &person.id, &note).await;
    }
    let record = json!({ "groupId": team, "displayName": "A record",
        "email": "record@example.com" });
    alice.post("/v1/people", record).await.was(201);
    exported(&alice, &team).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_known_by_a_proven_address_and_nobody_is_made() {
    let engines = Engine::all();
    for (from, to) in engines.iter().zip(engines.iter().rev()) {
        let lines = source(&Stage::open(from).await).await;
        let stage = Stage::open(to).await;
        let root = stage.root();
        // Zoe imports. She knows two of them; one of those only says that the address is theirs.
        let zoe = account(&root, "zoe", true).await;
        let proven = account(&root, "proven", true).await;
        let claimed = account(&root, "claimed", false).await;
        let boss = account(&root, "boss", true).await;
        let stranger = account(&root, "stranger", true).await;
        let target = group(&zoe, "far-target", "Target").await;
        for person in [&proven, &claimed, &boss] {
            member(&zoe, &target, person, "group_user").await;
        }
        let before = root.get("/v1/users?limit=200").await.was(200).text;
        let done = copied(&zoe, &target, &lines).await;
        assert_eq!(done["state"], "done", "{done}");
        let told = told(&zoe, &done).await;
        assert!(told.iter().all(|(_, code, _)| code == "unknown_person"), "{told:?}");
        let refused: Vec<String> = told
            .iter()
            .map(|(line, ..)| {
                let line = &lines[usize::try_from(*line).unwrap() - 1];
                let whom = line["personId"].as_str().or(line["fromId"].as_str());
                let person = lines.iter().find(|one| one["id"].as_str() == whom);
                format!("{} {}", line["kind"], person.expect("a person")["displayName"])
            })
            .collect();
        for who in ["alice", "claimed", "stranger"] {
            let of = |kind: &str| format!("\"{kind}\" \"{who}\"");
            assert!(refused.contains(&of("membership")), "{who}: {refused:?}");
            assert!(refused.contains(&of("connection")), "{who}: {refused:?}");
        }
        assert!(refused.contains(&"\"membership\" \"A record\"".to_owned()), "{refused:?}");
        assert_eq!(refused.len(), 7, "{refused:?}");

        let copy = done["copyId"].as_str().expect("the copy");
        let mut people: Vec<(Value, Value)> = rows(&zoe, &format!("/v1/people?groupId={copy}"))
            .await
            .iter()
            .map(|one| (one["id"].clone(), one["role"].clone()))
            .collect();
        let mut wanted: Vec<(Value, Value)> =
            [(&zoe, "group_owner"), (&boss, "group_owner"), (&proven, "group_user")]
                .into_iter()
                .map(|(person, role)| (json!(person.id), json!(role)))
                .collect();
        people.sort_by_key(|(id, _)| id.to_string());
        wanted.sort_by_key(|(id, _)| id.to_string());
        assert_eq!(people, wanted);
        for thing in rows(&zoe, &format!("/v1/things?groupId={copy}")).await {
            let owner = match thing["name"].as_str().unwrap_or_default() {
                "proven" => &proven,
                "boss" => &boss,
                _ => &zoe,
            };
            assert_eq!(thing["ownerId"], json!(owner.id), "{thing}");
        }
        // A bundle is its importer's word: in the name of who is no member nothing is made.
        let there = lines.iter().find(|one| one["displayName"] == "proven").expect("a person");
        let is_seat =
            |line: &Value| line["kind"] == "membership" && line["personId"] == there["id"];
        let edited: Vec<Value> = lines.iter().filter(|line| !is_seat(line)).cloned().collect();
        assert_eq!(edited.len() + 1, lines.len());
        let done = copied(&zoe, &target, &edited).await;
        assert_eq!(done["state"], "done", "{done}");
        let other = done["copyId"].as_str().expect("the copy");
        for thing in rows(&zoe, &format!("/v1/things?groupId={other}")).await {
            let owner = if thing["name"] == "boss" { &boss } else { &zoe };
            assert_eq!(thing["ownerId"], json!(owner.id), "{thing}");
        }
        let log = log(&zoe, other).await;
        assert!(log.iter().all(|event| event["actorId"] == json!(zoe.id)), "{log:?}");
        let after = root.get("/v1/users?limit=200").await.was(200).text;
        assert_eq!(after, before, "no account was made or changed");
        stranger.get(&format!("/v1/groups/{copy}")).await.was_problem(404, "not_found");
        claimed.get(&format!("/v1/groups/{copy}")).await.was_problem(404, "not_found");
        proven.get(&format!("/v1/groups/{copy}")).await.was(200);
    }
}
