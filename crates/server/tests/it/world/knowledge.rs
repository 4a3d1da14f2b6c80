//! Knowledge: labels that are there once, documents, and how they belong to things.

use serde_json::{Value, json};

use super::{each, has_shape, note, refused, rows, team};
use crate::stage::on_both;

const SHAPE: [&str; 12] = [
    "id",
    "groupId",
    "type",
    "text",
    "sourceThingId",
    "chunk",
    "labels",
    "metadata",
    "contentHash",
    "deprecated",
    "createdAt",
    "updatedAt",
];

#[tokio::test]
async fn a_piece_of_knowledge_is_kept_read_and_listed_in_one_shape() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "knowing").await;
        let source = note(&bob, &team, "source").await;
        let body = json!({ "type": "document", "text": "abc", "sourceThingId": source,
            "labels": ["topic:b", "topic:a", "topic:b"], "metadata": { "page": 7 },
            "role": "caption" });
        let made = bob.post("/v1/knowledge", body).await.was(201);
        let one = made.json();
        has_shape(&one, &SHAPE);
        assert!(made.id().starts_with("knowledge_"));
        assert_eq!(made.header("location"), format!("/v1/knowledge/{}", made.id()));
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for (key, value) in [
            ("groupId", json!(team)),
            ("type", json!("document")),
            ("text", json!("abc")),
            ("sourceThingId", json!(source)),
            ("chunk", Value::Null),
            ("labels", json!(["topic:b", "topic:a"])),
            ("metadata", json!({ "page": 7 })),
            ("contentHash", json!(hash)),
            ("deprecated", json!(false)),
        ] {
            assert_eq!(one[key], value, "{key}");
        }
        assert_eq!(bob.get(made.header("location")).await.was(200).json(), one);
        let list = format!("/v1/knowledge?groupId={team}");
        for query in ["", "&type=document", "&label=topic:a", "&sort=createdAt"] {
            assert_eq!(rows(&bob, &format!("{list}{query}")).await, [one.clone()], "{query}");
        }
        let about = format!("/v1/knowledge?sourceThingId={source}");
        assert_eq!(rows(&bob, &about).await, [one]);
        for query in ["&type=label", "&label=topic:c", "&label=topic"] {
            assert!(rows(&bob, &format!("{list}{query}")).await.is_empty(), "{query}");
        }
        bob.delete(made.header("location")).await.was(204);
        bob.get(made.header("location")).await.was_problem(404, "not_found");
        bob.delete(made.header("location")).await.was_problem(404, "not_found");
        assert!(rows(&bob, &about).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    on_both(async |stage| {
        let bob = stage.bob();
        let label = |text: &str| json!({ "type": "label", "text": text });
        let document = |key: &str, value: Value| {
            let mut body = json!({ "type": "document", "text": "words" });
            body[key] = value;
            body
        };
        let long = format!("{}:x", "a".repeat(41));
        let wide = format!("a:{}", "ä".repeat(81));
        for text in
            ["", "x", ":x", "x:", "Topic:x", "to pic:x", "a1:x", "a: x", "a:x\n", &long, &wide]
        {
            refused(bob.post("/v1/knowledge", label(text)).await, "/text", "invalid_label");
        }
        for text in ["a:b", "a_b:Größe 10 & more: yes", &format!("a:{}", "ä".repeat(80))] {
            let answer = bob.post("/v1/knowledge", label(text)).await;
            assert!(matches!(answer.status, 200 | 201), "{text}: {answer:?}");
        }
        for (body, pointer, code) in [
            (json!({ "type": "label" }), "/text", "missing_field"),
            (json!({ "type": "document" }), "/text", "missing_field"),
            (json!({ "type": "chunk" }), "/text", "missing_field"),
            (json!({ "text": "x" }), "/type", "missing_field"),
            (document("type", json!("poem")), "/type", "unknown_value"),
            (document("text", json!("  \n")), "/text", "too_short"),
            (document("text", json!(7)), "/text", "wrong_type"),
            (document("labels", json!(["x"])), "/labels/0", "invalid_label"),
            (document("labels", json!(["a:b", "B:c"])), "/labels/1", "invalid_label"),
            (document("labels", json!(vec!["a:b"; 51])), "/labels", "too_many"),
            (document("labels", json!("a:b")), "/labels", "wrong_type"),
            (document("metadata", json!([])), "/metadata", "wrong_type"),
            (document("role", json!("summary")), "/role", "missing_source"),
            (document("role", json!("friend")), "/role", "unknown_value"),
            (document("sourceThingId", json!("x")), "/sourceThingId", "invalid_value"),
            (document("groupId", json!("x")), "/groupId", "invalid_value"),
            (document("embedding", json!([1])), "/embedding", "unknown_field"),
            (document("id", json!("x")), "/id", "unknown_field"),
        ] {
            refused(bob.post("/v1/knowledge", body).await, pointer, code);
        }
        bob.post("/v1/knowledge", json!({ "type": "vector_only" })).await.was(201);
        let absent = document("sourceThingId", json!("thing_01jd7jrykgfk1sh8nw1g60edsf"));
        bob.post("/v1/knowledge", absent).await.was_problem(404, "not_found");
        refused(bob.get("/v1/knowledge?type=poem").await, "type", "unknown_value");
        refused(bob.get("/v1/knowledge?sourceThingId=x").await, "sourceThingId", "invalid_value");
    })
    .await;
}

#[tokio::test]
async fn a_label_is_there_once_in_each_group() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "labels").await;
        let (a, b) = (note(&bob, &team, "a").await, note(&bob, &team, "b").await);
        let label = |source: Option<&str>| {
            let mut body = json!({ "groupId": team, "type": "label", "text": "skill:rust" });
            if let Some(source) = source {
                body["sourceThingId"] = json!(source);
            }
            body
        };
        let first = bob.post("/v1/knowledge", label(Some(&a))).await.was(201).json();
        // It belongs to the group, not to the thing that was first.
        assert_eq!(first["sourceThingId"], Value::Null);
        let again = alice.post("/v1/knowledge", label(None)).await.was(200);
        assert_eq!((again.json(), again.header("location")), (first.clone(), ""));
        bob.post("/v1/knowledge", label(Some(&b))).await.was(200);
        let list = format!("/v1/knowledge?groupId={team}&type=label");
        assert_eq!(rows(&bob, &list).await, [first.clone()]);
        for thing in [&a, &b] {
            let about = rows(&bob, &format!("/v1/knowledge?sourceThingId={thing}")).await;
            assert_eq!(about, [first.clone()]);
        }
        // Other letters, and another group, are other labels.
        let mut other = label(None);
        other["text"] = json!("skill:Rust");
        bob.post("/v1/knowledge", other).await.was(201);
        let home = json!({ "type": "label", "text": "skill:rust" });
        let home = bob.post("/v1/knowledge", home).await;
        assert!(matches!(home.status, 200 | 201) && home.id() != first["id"]);
        // Whose thing it is decides who labels it.
        let hers = note(&alice, &team, "hers").await;
        let refusal = bob.post("/v1/knowledge", label(Some(&hers))).await;
        refusal.was_problem(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn a_label_in_use_is_deprecated_and_comes_back_when_it_is_given_again() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "deprecated").await;
        let thing = note(&bob, &team, "thing").await;
        let body = json!({ "groupId": team, "type": "label", "text": "goal:x",
            "sourceThingId": thing });
        let id = bob.post("/v1/knowledge", body.clone()).await.was(201).id();
        let path = format!("/v1/knowledge/{id}");
        let deprecated = bob.delete(&path).await.was(200).json();
        has_shape(&deprecated, &SHAPE);
        assert_eq!((&deprecated["id"], &deprecated["deprecated"]), (&json!(id), &json!(true)));
        assert_eq!(bob.delete(&path).await.was(200).json(), deprecated, "again is nothing new");
        assert_eq!(bob.get(&path).await.was(200).json(), deprecated);
        let back = bob.post("/v1/knowledge", body).await.was(200).json();
        assert_eq!((&back["id"], &back["deprecated"]), (&json!(id), &json!(false)));
        // Nobody carries it any more: it goes.
        stage.alice().delete(&format!("/v1/things/{thing}?permanent=true")).await.was(204);
        bob.delete(&path).await.was(204);
        bob.get(&path).await.was_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn whoever_kept_it_or_owns_the_group_deletes_it() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let keep = json!({ "groupId": stage.acme, "type": "document", "text": "words" });
        let hers = alice.post("/v1/knowledge", keep.clone()).await.was(201);
        bob.delete(hers.header("location")).await.was_problem(403, "forbidden");
        vera.delete(hers.header("location")).await.was_problem(404, "not_found");
        bob.get(hers.header("location")).await.was(200);
        let his = bob.post("/v1/knowledge", keep.clone()).await.was(201);
        alice.delete(his.header("location")).await.was(204);
        let his = bob.post("/v1/knowledge", keep).await.was(201);
        bob.delete(his.header("location")).await.was(204);
        // What is made from a thing belongs to whoever the thing belongs to.
        let thing = note(&bob, &stage.acme, "bob's").await;
        let about = json!({ "type": "document", "text": "words", "sourceThingId": thing });
        let about = alice.post("/v1/knowledge", about).await.was(201);
        bob.delete(about.header("location")).await.was(204);
    })
    .await;
}

#[tokio::test]
async fn a_list_cuts_long_texts_and_a_look_does_not() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "long-texts").await;
        let text = "ä".repeat(10_000);
        let body = json!({ "groupId": team, "type": "document", "text": text });
        let made = bob.post("/v1/knowledge", body).await.was(201);
        let shown = rows(&bob, &format!("/v1/knowledge?groupId={team}")).await;
        assert_eq!(shown[0]["text"].as_str().map(|text| text.chars().count()), Some(8192));
        assert_eq!(bob.get(made.header("location")).await.was(200).text_at("/text"), text);
        assert_eq!(each(&shown, "contentHash"), [made.text_at("/contentHash")]);
        let body = json!({ "groupId": team, "type": "document", "text": "a".repeat(1 << 20) });
        bob.post("/v1/knowledge", body).await.was_problem(413, "body_too_large");
    })
    .await;
}
