//! What may be connected with what, and what closes a circle.

use serde_json::{Value, json};

use super::{below, connect, note, refused, rows, team, thing};
use crate::people::Person;
use crate::stage::on_both;

async fn of_type(owner: &Person, group: &str, kind: &str) -> String {
    thing(owner, json!({ "groupId": group, "type": kind, "name": kind })).await
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    on_both(async |stage| {
        let bob = stage.bob();
        let (a, b) = (note(&bob, &stage.acme, "a").await, note(&bob, &stage.acme, "b").await);
        let good = json!({ "type": "part_of", "fromId": a, "toId": b });
        let with = |key: &str, value: Value| {
            let mut body = good.clone();
            body[key] = value;
            body
        };
        for (body, pointer, code) in [
            (with("type", json!("nothing")), "/type", "unknown_type"),
            (with("type", json!("")), "/type", "unknown_type"),
            (with("type", json!("x'; drop table things")), "/type", "unknown_type"),
            (with("type", json!(7)), "/type", "wrong_type"),
            (with("fromId", json!("x")), "/fromId", "invalid_id"),
            (with("toId", json!("")), "/toId", "invalid_id"),
            (with("toId", json!(Value::Null)), "/toId", "wrong_type"),
            (with("toId", json!(a)), "/toId", "self_connection"),
            (with("fromId", json!("event_01jd7jrykgfk1sh8nw1g60edsf")), "/fromId", "wrong_kind"),
            (with("toId", json!("connection_01jd7jrykgfk1sh8nw1g60edsf")), "/toId", "wrong_kind"),
            (with("strength", json!(-0.01)), "/strength", "out_of_range"),
            (with("strength", json!(1.01)), "/strength", "out_of_range"),
            (with("strength", json!(1e300)), "/strength", "out_of_range"),
            (with("strength", json!("1")), "/strength", "wrong_type"),
            (with("metadata", json!([])), "/metadata", "wrong_type"),
            (with("validFrom", json!("yesterday")), "/validFrom", "invalid_value"),
            (with("validTo", json!(7)), "/validTo", "wrong_type"),
            (with("groupId", json!(stage.acme)), "/groupId", "unknown_field"),
            (with("id", json!("x")), "/id", "unknown_field"),
            (json!({ "type": "part_of", "fromId": a }), "/toId", "missing_field"),
            (json!({ "fromId": a, "toId": b }), "/type", "missing_field"),
            (
                json!({ "type": "part_of", "fromId": a, "toId": b,
                    "validFrom": "2026-02-01T00:00:00Z", "validTo": "2026-01-01T00:00:00Z" }),
                "/validTo",
                "out_of_range",
            ),
        ] {
            refused(bob.post("/v1/connections", body).await, pointer, code);
        }
        for strength in [0.0, 0.5, 1.0] {
            let answer = bob.post("/v1/connections", with("strength", json!(strength))).await;
            assert!(matches!(answer.status, 200 | 201), "{answer:?}");
            assert_eq!(answer.json()["strength"].as_f64(), Some(strength));
        }
        let absent = with("toId", json!("thing_01jd7jrykgfk1sh8nw1g60edsf"));
        bob.post("/v1/connections", absent).await.was_problem(404, "not_found");
        let kinds = ["thing", "person", "group"];
        for (id, kind) in kinds.iter().flat_map(|kind| [(&a, kind)]) {
            // The right letters under another name are nobody.
            let other = id.replace("thing_", &format!("{kind}_"));
            let status = if *kind == "thing" { 200 } else { 404 };
            assert_eq!(bob.get(&format!("/v1/connections/from/{other}")).await.status, status);
        }
        refused(bob.get("/v1/connections/from/x").await, "id", "invalid_id");
        refused(bob.get("/v1/connections?groupId=x").await, "groupId", "invalid_value");
    })
    .await;
}

#[tokio::test]
async fn the_ends_are_of_the_types_that_the_ontology_names() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "end-types").await;
        let course = of_type(&bob, &team, "course").await;
        let lesson = of_type(&bob, &team, "lesson").await;
        let post = of_type(&bob, &team, "blog_post").await;
        let plain = of_type(&bob, &team, "note").await;
        for (kind, from, to, pointer) in [
            ("enrolled_in", &bob.id, &plain, "/toId"),
            ("enrolled_in", &plain, &course, "/fromId"),
            ("references", &plain, &post, "/fromId"),
            ("references", &post, &lesson, "/toId"),
            ("authored", &course, &post, "/fromId"),
            ("member_of", &bob.id, &plain, "/toId"),
            ("following", &team, &bob.id, "/fromId"),
            ("moderates", &bob.id, &team, "/toId"),
            ("reports_to", &bob.id, &plain, "/toId"),
        ] {
            let body = json!({ "type": kind, "fromId": from, "toId": to });
            let answer = bob.post("/v1/connections", body).await;
            assert!(answer.text.contains(kind), "{answer:?}");
            refused(answer, pointer, "wrong_end");
        }
        let body = json!({ "type": "enrolled_in", "fromId": plain, "toId": plain.clone() });
        refused(bob.post("/v1/connections", body).await, "/toId", "self_connection");
        for (kind, from, to) in [
            ("enrolled_in", &bob.id, &course),
            ("references", &course, &post),
            ("references", &lesson, &post),
            ("authored", &bob.id, &post),
            ("owns", &team, &plain),
            ("created_by", &plain, &alice.id),
            ("part_of", &lesson, &course),
            ("part_of", &plain, &team),
        ] {
            connect(&bob, kind, from, to).await;
        }
        // Both ends at once are told at once.
        let body = json!({ "type": "authored", "fromId": lesson, "toId": plain });
        let both = bob.post("/v1/connections", body).await.was(422).json();
        assert_eq!(both["errors"].as_array().map(Vec::len), Some(2), "{both}");
    })
    .await;
}

#[tokio::test]
async fn consolidated_types_ask_for_their_metadata() {
    on_both(async |stage| {
        let bob = stage.bob();
        let (a, b) = (note(&bob, &stage.acme, "a").await, note(&bob, &stage.acme, "b").await);
        let post = async |kind: &str, metadata: Value| {
            let body = json!({ "type": kind, "fromId": a, "toId": b, "metadata": metadata });
            bob.post("/v1/connections", body).await
        };
        let field = "/metadata/transactionType";
        refused(post("transacted", json!({})).await, field, "missing_field");
        refused(
            post("transacted", json!({ "transactionType": null })).await,
            field,
            "missing_field",
        );
        for value in [json!("gift"), json!(7), json!(["payment"]), json!("")] {
            let metadata = json!({ "transactionType": value });
            refused(post("transacted", metadata).await, field, "unknown_value");
        }
        let none = json!({ "type": "transacted", "fromId": a, "toId": b });
        refused(bob.post("/v1/connections", none.clone()).await, field, "missing_field");
        let answer = post("communicated", json!({})).await;
        for pointer in ["/metadata/protocol", "/metadata/messageType"] {
            assert!(answer.text.contains(pointer), "{answer:?}");
        }
        refused(answer, "/metadata/protocol", "missing_field");
        post("communicated", json!({ "protocol": "a2a", "messageType": "task" })).await.was(201);
        post("transacted", json!({ "transactionType": "payment", "x": 1 })).await.was(201);
        // A repeat without metadata keeps what is there; one that takes the required key fails.
        bob.post("/v1/connections", none).await.was(200);
        refused(post("transacted", json!({ "x": 2 })).await, field, "missing_field");
    })
    .await;
}

#[tokio::test]
async fn a_circle_is_refused_with_its_path() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "circles").await;
        let a = note(&bob, &team, "a").await;
        let b = note(&bob, &team, "b").await;
        let c = note(&bob, &team, "c").await;
        let d = note(&bob, &team, "d").await;
        for (from, to) in [(&a, &b), (&b, &c), (&c, &d), (&a, &d)] {
            connect(&bob, "part_of", from, to).await;
        }
        let close = |from: &str, to: &str| json!({ "type": "part_of", "fromId": from, "toId": to });
        let two = bob.post("/v1/connections", close(&b, &a)).await.was_problem(409, "cycle");
        assert!(two.text_at("/message").contains(&format!("{b} → {a} → {b}")), "{two:?}");
        let three = bob.post("/v1/connections", close(&c, &a)).await.was_problem(409, "cycle");
        let path = format!("{c} → {a} → {b} → {c}");
        assert!(three.text_at("/message").contains(&path), "{three:?}");
        // The shortest of several.
        let four = bob.post("/v1/connections", close(&d, &a)).await.was_problem(409, "cycle");
        assert!(four.text_at("/message").contains(&format!("{d} → {a} → {d}")), "{four:?}");
        // Many ways to one end are no circle, and other types go their own ways.
        connect(&bob, "part_of", &a, &c).await;
        let body = json!({ "type": "transacted", "fromId": d, "toId": a,
            "metadata": { "transactionType": "payment" } });
        bob.post("/v1/connections", body).await.was(201);
        assert_eq!(rows(&bob, &format!("/v1/connections/from/{a}")).await.len(), 3);
        // What Bob may not see is in the way and not told.
        alice.patch(&format!("/v1/things/{b}"), json!({ "name": "b" })).await.was(200);
        let hidden = super::secret(&alice, &team, "hidden").await;
        let e = note(&bob, &team, "e").await;
        connect(&alice, "part_of", &d, &hidden).await;
        connect(&alice, "part_of", &hidden, &e).await;
        let told = bob.post("/v1/connections", close(&e, &d)).await.was_problem(409, "cycle");
        assert!(!told.text.contains(&hidden), "{told:?}");
        assert!(told.text_at("/message").contains(&format!("{e} → {d} → · → {e}")), "{told:?}");
        // Opened, it may be closed the other way round.
        let edge = rows(&alice, &format!("/v1/connections/to/{e}")).await;
        alice.delete(&format!("/v1/connections/{}", super::each(&edge, "id")[0])).await.was(204);
        bob.post("/v1/connections", close(&e, &d)).await.was(201);
    })
    .await;
}

#[tokio::test]
async fn of_many_who_close_a_circle_at_once_one_is_refused() {
    on_both(async |stage| {
        let bob = stage.bob();
        let mut ids = Vec::new();
        for name in 0..6 {
            ids.push(note(&bob, &stage.acme, &name.to_string()).await);
        }
        let mut all = tokio::task::JoinSet::new();
        for at in 0..ids.len() {
            let (from, to) = (ids[at].clone(), ids[(at + 1) % ids.len()].clone());
            let bob = bob.clone();
            all.spawn(async move {
                let body = json!({ "type": "part_of", "fromId": from, "toId": to });
                bob.post("/v1/connections", body).await.status
            });
        }
        let answers = all.join_all().await;
        let made = answers.iter().filter(|status| **status == 201).count();
        assert!(made < ids.len(), "a circle was closed: {answers:?}");
        assert!(answers.iter().all(|status| matches!(status, 201 | 409 | 503)), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn groups_of_one_tree_are_connected_from_below_and_above() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let top = team(stage, "one-tree").await;
        let left = below(&alice, &top, "one-tree-left").await;
        let right = below(&alice, &top, "one-tree-right").await;
        let (a, b) = (note(&alice, &left, "a").await, note(&alice, &right, "b").await);
        let c = note(&bob, &top, "c").await;
        for (from, to, group) in [(&a, &b, &left), (&b, &c, &right), (&c, &a, &top)] {
            let body = json!({ "type": "transacted", "fromId": from, "toId": to,
                "metadata": { "transactionType": "payment" } });
            let made = alice.post("/v1/connections", body).await.was(201);
            assert_eq!(made.text_at("/groupId"), *group);
        }
        let whole = format!("/v1/connections?groupId={top}&includeChildren=true");
        assert_eq!(rows(&alice, &whole).await.len(), 3);
        assert_eq!(rows(&bob, &format!("/v1/connections/from/{c}")).await.len(), 1);
        // The one into it starts in a group that Bob is not in.
        assert!(rows(&bob, &format!("/v1/connections/to/{c}")).await.is_empty());
        assert_eq!(rows(&alice, &format!("/v1/things/{c}/connections")).await.len(), 2);
    })
    .await;
}
