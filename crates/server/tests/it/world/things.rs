//! Things: making, reading, changing and the versions they have.

use reqwest::Method;
use serde_json::{Value, json};

use super::{each, has_shape, note, rows, secret, seen, team, thing};
use crate::stage::{group, on_both, sign_up};

const SHAPE: [&str; 14] = [
    "id",
    "groupId",
    "parentId",
    "type",
    "name",
    "properties",
    "status",
    "ownerId",
    "visibility",
    "tier",
    "version",
    "deletedAt",
    "createdAt",
    "updatedAt",
];

#[tokio::test]
async fn a_thing_is_made_read_and_listed_in_one_shape() {
    on_both(async |stage| {
        let bob = stage.bob();
        let body = json!({
            "groupId": stage.acme, "type": "course", "name": "Rust for teams",
            "properties": { "price": 40, "level": "beginner", "mine": { "deep": [1, null, "x"] } },
        });
        let made = bob.post("/v1/things", body.clone()).await.was(201);
        let thing = made.json();
        has_shape(&thing, &SHAPE);
        assert_eq!(made.header("location"), format!("/v1/things/{}", made.id()));
        assert_eq!(made.header("etag"), "\"1\"");
        for (key, value) in [
            ("groupId", json!(stage.acme)),
            ("parentId", Value::Null),
            ("type", json!("course")),
            ("name", json!("Rust for teams")),
            ("properties", body["properties"].clone()),
            ("status", json!("active")),
            ("ownerId", json!(bob.id)),
            ("visibility", json!("group")),
            ("tier", json!("plain")),
            ("version", json!(1)),
            ("deletedAt", Value::Null),
        ] {
            assert_eq!(thing[key], value, "{key}");
        }
        assert!(made.id().starts_with("thing_"));
        assert_eq!(thing["createdAt"], thing["updatedAt"]);
        let time = made.text_at("/createdAt");
        assert!(time.len() == 24 && time.ends_with('Z') && &time[19..20] == ".", "{time}");

        let got = bob.get(made.header("location")).await.was(200);
        assert_eq!((got.json(), got.header("etag")), (thing.clone(), "\"1\""));
        let list = format!("/v1/things?groupId={}&ownerId={}&type=course", stage.acme, bob.id);
        assert!(rows(&bob, &list).await.contains(&thing));
        // A bare UUID is accepted, and answered as the id it is.
        let bare = uuid_of(&made.id());
        assert_eq!(bob.get(&format!("/v1/things/{bare}")).await.was(200).id(), made.id());
    })
    .await;
}

/// The UUID in an id: 26 letters of five bits.
fn uuid_of(id: &str) -> String {
    let letters = id.split('_').nth(1).unwrap_or_default();
    let number = letters.bytes().fold(0_u128, |number, letter| {
        let at = b"0123456789abcdefghjkmnpqrstvwxyz".iter().position(|one| *one == letter);
        (number << 5) | at.expect("a letter of Crockford's") as u128
    });
    let hex = format!("{number:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[tokio::test]
async fn without_a_group_a_thing_goes_to_the_personal_one() {
    on_both(async |stage| {
        let vera = stage.vera();
        let made = vera.post("/v1/things", json!({ "type": "note", "name": "mine" })).await;
        let made = made.was(201);
        assert_eq!(made.text_at("/groupId"), vera.home);
        for person in [stage.alice(), stage.bob(), stage.carol()] {
            person.get(made.header("location")).await.was_problem(404, "not_found");
        }
        stage.root().get(made.header("location")).await.was(200);
    })
    .await;
}

#[tokio::test]
async fn a_list_holds_what_its_filters_say() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "filters").await;
        let a = note(&alice, &team, "a").await;
        let b = thing(&bob, json!({ "groupId": team, "type": "task", "name": "b" })).await;
        let body = json!({ "groupId": team, "type": "note", "name": "c", "parentId": a,
            "status": "draft", "visibility": "public" });
        let c = thing(&bob, body).await;
        let d = note(&bob, &team, "d").await;
        bob.delete(&format!("/v1/things/{d}")).await.was(204);
        for (query, wanted) in [
            (String::new(), vec![&c, &b, &a]),
            ("&sort=createdAt".to_owned(), vec![&a, &b, &c]),
            ("&sort=-createdAt".to_owned(), vec![&c, &b, &a]),
            ("&type=note".to_owned(), vec![&c, &a]),
            ("&type=nothing".to_owned(), vec![]),
            ("&status=draft".to_owned(), vec![&c]),
            ("&status=archived".to_owned(), vec![&d]),
            ("&status=published".to_owned(), vec![]),
            (format!("&ownerId={}", bob.id), vec![&c, &b]),
            (format!("&ownerId={}&status=archived&type=note", bob.id), vec![&d]),
            (format!("&parentId={a}"), vec![&c]),
            (format!("&parentId={b}"), vec![]),
        ] {
            let path = format!("/v1/things?groupId={team}{query}");
            let found = each(&rows(&bob, &path).await, "id");
            assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{query}");
        }
        // Without a group: everything of mine, whichever group it is in.
        let finn = sign_up(&stage.nobody(), "finn").await;
        let own = group(&finn, "filters-own", "Own").await;
        let mut made = Vec::new();
        for group in [&own, &finn.home, &own, &finn.home] {
            made.push(note(&finn, group, "n").await);
        }
        let all = each(&rows(&finn, "/v1/things").await, "id");
        let mut sorted = made.clone();
        sorted.reverse();
        assert_eq!(all, sorted, "newest first, over all groups");
    })
    .await;
}

#[tokio::test]
async fn a_change_is_made_from_the_version_that_was_read() {
    on_both(async |stage| {
        let alice = stage.alice();
        let path = format!("/v1/things/{}", note(&alice, &stage.acme, "one").await);
        let change = |name: &str| Some(json!({ "name": name }));
        let two = seen(&alice, Method::PATCH, &path, "\"1\"", change("two")).await.was(200);
        assert_eq!((two.json()["version"].clone(), two.header("etag")), (json!(2), "\"2\""));
        for stale in ["\"1\"", "\"3\"", "\"x\"", "\"\"", "W/\"2\""] {
            let late = seen(&alice, Method::PATCH, &path, stale, change("late")).await;
            late.was_problem(412, "version_mismatch");
            let late = seen(&alice, Method::DELETE, &path, stale, None).await;
            late.was_problem(412, "version_mismatch");
            let forever = format!("{path}?permanent=true");
            let late = seen(&alice, Method::DELETE, &forever, stale, None).await;
            late.was_problem(412, "version_mismatch");
        }
        for broken in ["2", "two", "\"2", "\"1\", \"2\""] {
            let answer = seen(&alice, Method::PATCH, &path, broken, change("odd")).await;
            answer.was_problem(400, "malformed_if_match");
        }
        assert_eq!(alice.get(&path).await.was(200).text_at("/name"), "two");
        let any = seen(&alice, Method::PATCH, &path, "*", change("three")).await.was(200);
        assert_eq!(any.json()["version"], 3);
        seen(&alice, Method::DELETE, &path, "\"3\"", None).await.was(204);
    })
    .await;
}

#[tokio::test]
async fn a_thing_belongs_to_another_of_its_group_and_never_to_itself() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "parents").await;
        let (a, b) = (note(&bob, &team, "a").await, note(&bob, &team, "b").await);
        let c = note(&bob, &team, "c").await;
        let put = async |child: &str, parent: Value| {
            bob.patch(&format!("/v1/things/{child}"), json!({ "parentId": parent })).await
        };
        assert_eq!(put(&b, json!(a)).await.was(200).text_at("/parentId"), a);
        put(&c, json!(b)).await.was(200);
        for (child, parent) in [(&a, &a), (&a, &b), (&a, &c), (&b, &c)] {
            put(child, json!(parent)).await.was_problem(409, "cycle");
        }
        let elsewhere = note(&bob, &stage.acme, "elsewhere").await;
        let foreign = put(&a, json!(elsewhere)).await;
        super::refused(foreign, "/parentId", "foreign_parent");
        let hidden = secret(&alice, &team, "hidden").await;
        let foreign = note(&stage.carol(), &stage.globex, "foreign").await;
        for unknown in [hidden, foreign, "thing_00000000000000000000000000".to_owned()] {
            super::refused(put(&a, json!(unknown)).await, "/parentId", "unknown_parent");
            let body = json!({ "groupId": team, "type": "note", "name": "n", "parentId": unknown });
            super::refused(bob.post("/v1/things", body).await, "/parentId", "unknown_parent");
        }
        super::refused(put(&a, json!(bob.id)).await, "/parentId", "invalid_value");
        let alone = put(&b, Value::Null).await.was(200).json();
        assert_eq!(alone["parentId"], Value::Null);
        put(&a, json!(c)).await.was(200);
        put(&b, json!(a)).await.was_problem(409, "cycle");
    })
    .await;
}
