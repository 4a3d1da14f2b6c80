//! Groups: making, reading and listing them, and who may.

use serde_json::{Value, json};

use super::{below, each, has_shape, refused, rows, team};
use crate::people::Person;
use crate::stage::{group, on_both, sign_up};

const SHAPE: [&str; 12] = [
    "id",
    "parentGroupId",
    "slug",
    "name",
    "type",
    "description",
    "settings",
    "metadata",
    "status",
    "version",
    "createdAt",
    "updatedAt",
];

async fn slugs(person: &Person, path: &str) -> Vec<String> {
    each(&rows(person, path).await, "slug")
}

#[tokio::test]
async fn a_group_is_made_read_and_listed_in_one_shape() {
    on_both(async |stage| {
        let alice = stage.alice();
        let body = json!({ "slug": "in-shape", "name": "In shape", "type": "business",
            "description": "words", "metadata": { "a": { "b": [1] } } });
        let made = alice.post("/v1/groups", body).await.was(201);
        let group = made.json();
        has_shape(&group, &SHAPE);
        assert!(made.id().starts_with("group_"));
        assert_eq!(made.header("location"), format!("/v1/groups/{}", made.id()));
        assert_eq!(made.header("etag"), "\"1\"");
        for (key, value) in [
            ("parentGroupId", Value::Null),
            ("slug", json!("in-shape")),
            ("name", json!("In shape")),
            ("type", json!("business")),
            ("description", json!("words")),
            ("metadata", json!({ "a": { "b": [1] } })),
            ("status", json!("active")),
            ("version", json!(1)),
            (
                "settings",
                json!({ "visibility": "private", "joinPolicy": "invite_only",
                "plan": "enterprise", "limits": null }),
            ),
        ] {
            assert_eq!(group[key], value, "{key}");
        }
        let got = alice.get(made.header("location")).await.was(200);
        assert_eq!((got.json(), got.header("etag")), (group.clone(), "\"1\""));
        assert!(rows(&alice, "/v1/groups?limit=200").await.contains(&group));
        let child = below(&alice, &made.id(), "in-shape-child").await;
        let children = rows(&alice, &format!("/v1/groups/{}/children", made.id())).await;
        has_shape(&children[0], &SHAPE);
        assert_eq!(each(&children, "id"), [child]);
        // Its maker owns it.
        let me = format!("/v1/people/{}?groupId={}", alice.id, made.id());
        assert_eq!(alice.get(&me).await.was(200).text_at("/role"), "group_owner");
    })
    .await;
}

#[tokio::test]
async fn a_type_brings_its_settings_and_a_body_overrules_them() {
    on_both(async |stage| {
        let alice = stage.alice();
        for (kind, visibility, policy) in [
            ("friend_circle", "private", "invite_only"),
            ("business", "private", "invite_only"),
            ("community", "public", "approval_required"),
            ("dao", "public", "open"),
            ("government", "public", "approval_required"),
            ("organization", "private", "invite_only"),
        ] {
            let slug = format!("kind-{}", kind.replace('_', "-"));
            let body = json!({ "slug": slug, "name": "n", "type": kind });
            let made = alice.post("/v1/groups", body).await.was(201).json();
            let wanted = json!({ "visibility": visibility, "joinPolicy": policy,
                "plan": "enterprise", "limits": null });
            assert_eq!(made["settings"], wanted, "{kind}");
        }
        let settings = json!({ "visibility": "private", "joinPolicy": "open", "plan": "starter",
            "limits": { "things": 0, "users": 3 } });
        let body = json!({ "slug": "overruled", "name": "n", "type": "dao",
            "settings": settings });
        let made = alice.post("/v1/groups", body).await.was(201).json();
        assert_eq!(made["settings"], settings);
    })
    .await;
}

#[tokio::test]
async fn a_list_holds_ones_own_groups_or_the_public_ones() {
    on_both(async |stage| {
        // Fresh people, because a list without a group holds whatever else they made.
        let door = stage.nobody();
        let (lara, lars) = (sign_up(&door, "lara").await, sign_up(&door, "lars").await);
        let home = slugs(&lara, "/v1/groups").await;
        assert_eq!(home.len(), 1, "{home:?}");
        let top = group(&lara, "lara-top", "Top").await;
        let open = json!({ "slug": "lara-open", "name": "o", "type": "community",
            "parentGroupId": top });
        let open = lara.post("/v1/groups", open).await.was(201).id();
        below(&lara, &top, "lara-closed").await;
        below(&lara, &open, "lara-deep").await;
        let deep = ["lara-deep", "lara-closed", "lara-open", "lara-top", &home[0]];
        assert_eq!(slugs(&lara, "/v1/groups").await, deep);
        let mut oldest = deep;
        oldest.reverse();
        assert_eq!(slugs(&lara, "/v1/groups?sort=createdAt").await, oldest);
        assert_eq!(slugs(&lara, "/v1/groups?type=community").await, ["lara-open"]);
        let in_top = format!("/v1/groups?parentGroupId={top}");
        assert_eq!(slugs(&lara, &in_top).await, ["lara-closed", "lara-open"]);
        assert!(slugs(&lara, &format!("{in_top}&status=archived")).await.is_empty());
        assert_eq!(slugs(&lars, "/v1/groups").await.len(), 1);
        let public = slugs(&lars, "/v1/groups?visibility=public&limit=200").await;
        assert!(public.contains(&"lara-open".to_owned()) && !public.contains(&home[0]));
        assert!(slugs(&lars, &in_top).await.is_empty());
        let root = slugs(&stage.root(), &in_top).await;
        assert_eq!(root, ["lara-closed", "lara-open"]);
        // Below a group: all of it for its owner, what is public or one's own for others.
        let children = |id: &str| format!("/v1/groups/{id}/children");
        assert_eq!(slugs(&lara, &children(&top)).await, ["lara-closed", "lara-open"]);
        let oldest = format!("{}?sort=createdAt&limit=1", children(&top));
        assert_eq!(slugs(&lara, &oldest).await, ["lara-open"]);
        assert!(slugs(&lars, &children(&open)).await.is_empty());
        lars.get(&children(&top)).await.was_problem(404, "not_found");
        lars.get(&format!("/v1/groups/{open}")).await.was(200);
        lars.patch(&format!("/v1/groups/{open}"), json!({ "name": "x" })).await.was(403);
        lars.delete(&format!("/v1/groups/{open}")).await.was_problem(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    on_both(async |stage| {
        let alice = stage.alice();
        let base = json!({ "slug": "never-made", "name": "n", "type": "business" });
        let with = |key: &str, value: Value| {
            let mut body = base.clone();
            body[key] = value;
            body
        };
        let settings = |key: &str, value: Value| with("settings", json!({ key: value }));
        let many = "x".repeat(65 * 1024);
        for (body, pointer, code) in [
            (with("slug", json!("ab")), "/slug", "invalid_slug"),
            (with("slug", json!("a".repeat(51))), "/slug", "invalid_slug"),
            (with("slug", json!("Upper")), "/slug", "invalid_slug"),
            (with("slug", json!("-lead")), "/slug", "invalid_slug"),
            (with("slug", json!("trail-")), "/slug", "invalid_slug"),
            (with("slug", json!("under_score")), "/slug", "invalid_slug"),
            (with("slug", json!("ümlaut")), "/slug", "invalid_slug"),
            (with("slug", json!(7)), "/slug", "wrong_type"),
            (with("name", json!("")), "/name", "too_short"),
            (with("name", json!("x".repeat(201))), "/name", "too_long"),
            (with("name", json!("a\u{7}b")), "/name", "invalid_character"),
            (with("type", json!("zoo")), "/type", "unknown_type"),
            (with("description", json!("x".repeat(2001))), "/description", "too_long"),
            (with("metadata", json!({ "x": many })), "/metadata", "too_long"),
            (with("metadata", json!("x")), "/metadata", "wrong_type"),
            (with("parentGroupId", json!("x")), "/parentGroupId", "invalid_value"),
            (with("status", json!("active")), "/status", "unknown_field"),
            (settings("plan", json!("gold")), "/settings/plan", "unknown_value"),
            (settings("visibility", json!("secret")), "/settings/visibility", "unknown_value"),
            (settings("joinPolicy", json!("x")), "/settings/joinPolicy", "unknown_value"),
            (settings("colour", json!(1)), "/settings/colour", "unknown_field"),
            (settings("limits", json!({ "foo": 1 })), "/settings/limits", "unknown_field"),
            (
                settings("limits", json!({ "things": -1 })),
                "/settings/limits/things",
                "out_of_range",
            ),
            (json!({ "name": "n", "type": "dao" }), "/slug", "missing_field"),
        ] {
            refused(alice.post("/v1/groups", body).await, pointer, code);
        }
        // Everything that is wrong is told at once.
        let body = json!({ "slug": "A", "name": "", "type": "zoo", "settings": { "plan": "x" } });
        let all = alice.post("/v1/groups", body).await.was(422).json();
        assert_eq!(all["errors"].as_array().map(Vec::len), Some(4), "{all}");
        for (query, name, code) in [
            ("status=gone", "status", "unknown_value"),
            ("visibility=secret", "visibility", "unknown_value"),
            ("parentGroupId=x", "parentGroupId", "invalid_value"),
            ("sort=colour", "sort", "unknown_sort"),
        ] {
            refused(alice.get(&format!("/v1/groups?{query}")).await, name, code);
        }
        alice.post("/v1/groups", base).await.was(201);
        let body = json!({ "slug": "of-nobody", "name": "n", "type": "dao" });
        stage.nobody().post("/v1/groups", body).await.was_problem(401, "unauthenticated");
    })
    .await;
}

#[tokio::test]
async fn a_slug_is_taken_once() {
    on_both(async |stage| {
        let (alice, carol) = (stage.alice(), stage.carol());
        let body = |slug: &str| json!({ "slug": slug, "name": "n", "type": "business" });
        carol.post("/v1/groups", body("acme")).await.was_problem(409, "slug_taken");
        alice.post("/v1/groups", body("platform")).await.was_problem(409, "slug_taken");
        let id = carol.post("/v1/groups", body("taken-once")).await.was(201).id();
        let path = format!("/v1/groups/{id}");
        carol.patch(&path, json!({ "slug": "acme" })).await.was_problem(409, "slug_taken");
        carol.patch(&path, json!({ "slug": "taken-twice" })).await.was(200);
        alice.post("/v1/groups", body("taken-twice")).await.was_problem(409, "slug_taken");
        // An archived group keeps its slug; one that was given up is free.
        carol.delete(&path).await.was(204);
        alice.post("/v1/groups", body("taken-twice")).await.was_problem(409, "slug_taken");
        alice.post("/v1/groups", body("taken-once")).await.was(201);
    })
    .await;
}

#[tokio::test]
async fn only_owners_make_groups_below_theirs() {
    on_both(async |stage| {
        let team = team(stage, "above").await;
        let body = |slug: &str| {
            json!({ "slug": slug, "name": "n", "type": "business", "parentGroupId": team })
        };
        stage.bob().post("/v1/groups", body("below-bob")).await.was_problem(403, "forbidden");
        stage.vera().post("/v1/groups", body("below-vera")).await.was_problem(403, "forbidden");
        stage.carol().post("/v1/groups", body("below-carol")).await.was_problem(404, "not_found");
        let made = stage.alice().post("/v1/groups", body("below-alice")).await.was(201);
        assert_eq!(made.text_at("/parentGroupId"), team);
        // Working above gives nothing below.
        stage.bob().get(made.header("location")).await.was_problem(404, "not_found");
        stage.root().get(made.header("location")).await.was(200);
    })
    .await;
}
