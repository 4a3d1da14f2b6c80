//! People: their records, who reads and who changes them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{below, each, has_shape, refused, rows, seen, team};
use crate::stage::{member, on_both, sign_up};

const SHAPE: [&str; 15] = [
    "id",
    "userId",
    "email",
    "username",
    "displayName",
    "bio",
    "avatar",
    "metadata",
    "groupId",
    "role",
    "permissions",
    "status",
    "version",
    "createdAt",
    "updatedAt",
];

fn path(id: &str) -> String {
    format!("/v1/people/{id}")
}

#[tokio::test]
async fn a_person_is_added_read_and_listed_in_one_shape() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "records").await;
        let body = json!({
            "groupId": team, "displayName": "Rec", "email": " Rec@Example.ORG ",
            "username": "rec_1", "bio": "words", "avatar": "https://example.com/a.png",
            "metadata": { "a": [1] }, "role": "member", "permissions": ["people:create"],
        });
        let made = alice.post("/v1/people", body).await.was(201);
        let person = made.json();
        has_shape(&person, &SHAPE);
        assert!(made.id().starts_with("person_"));
        assert_eq!(made.header("etag"), "\"1\"");
        assert!(made.header("location").starts_with(&path(&made.id())), "{made:?}");
        for (key, value) in [
            ("userId", Value::Null),
            ("email", json!("rec@example.org")),
            ("username", json!("rec_1")),
            ("displayName", json!("Rec")),
            ("bio", json!("words")),
            ("avatar", json!("https://example.com/a.png")),
            ("metadata", json!({ "a": [1] })),
            ("groupId", json!(team)),
            ("role", json!("group_user")),
            ("permissions", json!(["people:create"])),
            ("status", json!("active")),
            ("version", json!(1)),
        ] {
            assert_eq!(person[key], value, "{key}");
        }
        let inside = format!("{}?groupId={team}", path(&made.id()));
        assert_eq!(bob.get(&inside).await.was(200).json(), person);
        let list = format!("/v1/people?groupId={team}");
        assert_eq!(
            rows(&bob, &list).await.iter().find(|one| one["id"] == made.id()),
            Some(&person)
        );
        // Without a group nothing is said of a role.
        let outside = bob.get(&path(&made.id())).await.was(200).json();
        has_shape(&outside, &SHAPE);
        for key in ["groupId", "role", "permissions", "status"] {
            assert_eq!(outside[key], Value::Null, "{key}");
        }
        let groups = rows(&bob, &format!("{}/groups", path(&made.id()))).await;
        assert_eq!(each(&groups, "id"), [&*team]);
        assert_eq!(
            (&groups[0]["role"], &groups[0]["permissions"]),
            (&json!("group_user"), &json!(["people:create"]))
        );
        // Nobody is there twice with one address.
        let body = json!({ "groupId": team, "displayName": "x", "email": bob.email });
        alice.post("/v1/people", body).await.was_problem(409, "already_member");
        let body = json!({ "groupId": team, "displayName": "x", "email": "rec@example.org" });
        alice.post("/v1/people", body).await.was_problem(409, "already_member");
        let body = json!({ "groupId": team, "displayName": "x", "username": "rec_1" });
        alice.post("/v1/people", body).await.was_problem(409, "username_taken");
        alice.delete(&inside).await.was(204);
        alice.get(&inside).await.was_problem(404, "not_found");
        alice.delete(&inside).await.was_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_list_holds_what_its_filters_say() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "people-filters").await;
        let deep = below(&alice, &team, "people-filters-deep").await;
        let body = json!({ "groupId": deep, "displayName": "Deep" });
        let record = alice.post("/v1/people", body).await.was(201).id();
        let list = format!("/v1/people?groupId={team}");
        for (query, wanted) in [
            ("", vec![&vera.id, &bob.id, &alice.id]),
            ("&sort=createdAt", vec![&alice.id, &bob.id, &vera.id]),
            ("&role=group_owner", vec![&alice.id]),
            ("&role=owner", vec![&alice.id]),
            ("&role=member&status=active", vec![&bob.id]),
            ("&role=platform_owner", vec![]),
            ("&status=invited", vec![]),
        ] {
            let found = each(&rows(&bob, &format!("{list}{query}")).await, "id");
            assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{query}");
        }
        let whole = format!("{list}&includeChildren=true");
        let found = rows(&alice, &whole).await;
        assert_eq!(each(&found, "id"), [&*record, &*vera.id, &*bob.id, &*alice.id]);
        assert_eq!(each(&found, "groupId"), [&*deep, &*team, &*team, &*team]);
        let found = each(&rows(&alice, &format!("{whole}&role=member")).await, "id");
        assert_eq!(found, [&*record, &*bob.id]);
        refused(alice.get("/v1/people").await, "groupId", "missing_parameter");
        refused(alice.get("/v1/people?groupId=x").await, "groupId", "invalid_value");
        refused(alice.get(&format!("{list}&role=king")).await, "role", "unknown_role");
        refused(alice.get(&format!("{list}&status=x")).await, "status", "unknown_value");
        refused(alice.get(&format!("{list}&name=x")).await, "name", "unknown_parameter");
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    on_both(async |stage| {
        let alice = stage.alice();
        let with = |key: &str, value: Value| {
            let mut body = json!({ "groupId": stage.acme, "displayName": "x" });
            body[key] = value;
            body
        };
        for (body, pointer, code) in [
            (with("displayName", json!("")), "/displayName", "too_short"),
            (with("displayName", json!("x".repeat(101))), "/displayName", "too_long"),
            (with("displayName", json!("a\u{1b}b")), "/displayName", "invalid_character"),
            (with("email", json!("nowhere")), "/email", "invalid_email"),
            (with("email", json!("a@b@c.de f")), "/email", "invalid_email"),
            (with("username", json!("ab")), "/username", "invalid_username"),
            (with("username", json!("a".repeat(21))), "/username", "invalid_username"),
            (with("username", json!("Upper")), "/username", "invalid_username"),
            (with("bio", json!("x".repeat(501))), "/bio", "too_long"),
            (with("avatar", json!("javascript:alert(1)")), "/avatar", "invalid_address"),
            (with("avatar", json!("x".repeat(2049))), "/avatar", "too_long"),
            (with("metadata", json!(7)), "/metadata", "wrong_type"),
            (with("role", json!("king")), "/role", "unknown_role"),
            (with("role", json!(4)), "/role", "wrong_type"),
            (with("permissions", json!(["zoo"])), "/permissions/0", "unknown_permission"),
            (
                with("permissions", json!(["things:read", "things:fly"])),
                "/permissions/1",
                "unknown_permission",
            ),
            (with("permissions", json!(vec!["*"; 65])), "/permissions", "too_many"),
            (with("personId", json!(alice.id)), "/displayName", "not_allowed"),
            (with("id", json!(alice.id)), "/id", "unknown_field"),
            (with("status", json!("active")), "/status", "unknown_field"),
            (json!({ "groupId": stage.acme }), "/displayName", "missing_field"),
            (json!({ "displayName": "x" }), "/groupId", "missing_field"),
        ] {
            refused(alice.post("/v1/people", body).await, pointer, code);
        }
        let body = json!({ "groupId": stage.acme, "displayName": "Wrong" });
        let id = alice.post("/v1/people", body).await.was(201).id();
        for (field, value, code) in [
            ("displayName", json!(""), "too_short"),
            ("email", json!("nowhere"), "invalid_email"),
            ("username", json!("NO"), "invalid_username"),
            ("avatar", json!("data:text/html,x"), "invalid_address"),
            ("role", json!("king"), "unknown_role"),
            ("groupId", json!("x"), "invalid_value"),
        ] {
            let answer = alice.patch(&path(&id), json!({ field: value })).await;
            refused(answer, &format!("/{field}"), code);
        }
        let nowhere = alice.patch(&path(&id), json!({ "role": "customer" })).await;
        refused(nowhere, "/groupId", "missing_field");
        refused(alice.delete(&path(&id)).await, "groupId", "missing_parameter");
    })
    .await;
}

#[tokio::test]
async fn a_record_is_changed_from_the_version_that_was_read() {
    on_both(async |stage| {
        let alice = stage.alice();
        let body = json!({ "groupId": stage.acme, "displayName": "V" });
        let path = path(&alice.post("/v1/people", body).await.was(201).id());
        let change = |name: &str| Some(json!({ "displayName": name }));
        let two = seen(&alice, Method::PATCH, &path, "\"1\"", change("two")).await.was(200);
        assert_eq!((two.json()["version"].clone(), two.header("etag")), (json!(2), "\"2\""));
        let late = seen(&alice, Method::PATCH, &path, "\"1\"", change("late")).await;
        late.was_problem(412, "version_mismatch");
        // A role counts as a change, too.
        let role = json!({ "groupId": stage.acme, "role": "customer" });
        let role = seen(&alice, Method::PATCH, &path, "\"2\"", Some(role)).await.was(200);
        assert_eq!((role.text_at("/role"), role.header("etag")), ("customer".into(), "\"3\""));
        assert_eq!(alice.get(&path).await.was(200).header("etag"), "\"3\"");
    })
    .await;
}

#[tokio::test]
async fn ones_own_record_is_ones_own_and_others_keep_away() {
    on_both(async |stage| {
        let (alice, bob, carol) = (stage.alice(), stage.bob(), stage.carol());
        let pia = sign_up(&stage.nobody(), "pia").await;
        member(&alice, &stage.acme, &pia, "group_user").await;
        let mine = path(&pia.id);
        let change = json!({ "displayName": "Pia P", "username": "pia_p", "bio": "hi",
            "avatar": "/pictures/pia.png", "metadata": { "a": 1 } });
        let after = pia.patch(&mine, change).await.was(200).json();
        assert_eq!(
            (&after["username"], &after["avatar"]),
            (&json!("pia_p"), &json!("/pictures/pia.png"))
        );
        refused(pia.patch(&mine, json!({ "email": "z@example.com" })).await, "/email", "read_only");
        pia.patch(&mine, json!({ "email": pia.email })).await.was(200);
        let taken = json!({ "groupId": stage.acme, "displayName": "x", "username": "pia_p" });
        alice.post("/v1/people", taken).await.was_problem(409, "username_taken");
        // Not even an owner of the group, nor of the platform.
        for person in [&alice, &bob, &stage.root()] {
            let answer = person.patch(&mine, json!({ "displayName": "Z" })).await;
            answer.was_problem(403, "forbidden");
        }
        carol.patch(&mine, json!({ "displayName": "Z" })).await.was_problem(404, "not_found");
        assert_eq!(bob.get(&mine).await.was(200).json(), pia.get(&mine).await.was(200).json());
        // Groups: all of one's own; of others those whose members one may read.
        let own = each(&rows(&pia, &format!("{mine}/groups")).await, "id");
        assert!(own.len() == 2 && own.contains(&stage.acme) && own.contains(&pia.home), "{own:?}");
        let seen = each(&rows(&bob, &format!("{mine}/groups")).await, "id");
        assert_eq!(seen, [&*stage.acme]);
        alice.delete(&format!("{mine}?groupId={}", stage.acme)).await.was(204);
        bob.get(&mine).await.was_problem(404, "not_found");
        pia.get(&mine).await.was(200);
    })
    .await;
}
