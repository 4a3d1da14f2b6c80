//! Connections: making, repeating, reading and deleting them.

use serde_json::{Value, json};

use super::{connect, each, has_shape, note, refused, rows, team};
use crate::stage::on_both;

const SHAPE: [&str; 11] = [
    "id",
    "groupId",
    "type",
    "fromId",
    "toId",
    "metadata",
    "strength",
    "validFrom",
    "validTo",
    "createdAt",
    "updatedAt",
];

#[tokio::test]
async fn a_connection_is_made_read_and_listed_in_one_shape() {
    on_both(async |stage| {
        let bob = stage.bob();
        let (a, b) = (note(&bob, &stage.acme, "a").await, note(&bob, &stage.acme, "b").await);
        let body = json!({
            "type": "transacted", "fromId": a, "toId": b, "strength": 0.25,
            "metadata": { "transactionType": "invoice", "note": { "deep": [1] } },
            "validFrom": "2026-01-01T00:00:00Z", "validTo": "2026-12-31T23:59:59.999+01:00",
        });
        let made = bob.post("/v1/connections", body.clone()).await.was(201);
        let connection = made.json();
        has_shape(&connection, &SHAPE);
        assert!(made.id().starts_with("connection_"));
        assert_eq!(made.header("location"), format!("/v1/connections/{}", made.id()));
        for (key, value) in [
            ("groupId", json!(stage.acme)),
            ("type", json!("transacted")),
            ("fromId", json!(a)),
            ("toId", json!(b)),
            ("metadata", body["metadata"].clone()),
            ("strength", json!(0.25)),
            ("validFrom", json!("2026-01-01T00:00:00.000Z")),
            ("validTo", json!("2026-12-31T22:59:59.999Z")),
        ] {
            assert_eq!(connection[key], value, "{key}");
        }
        assert_eq!(bob.get(made.header("location")).await.was(200).json(), connection);
        for path in [
            format!("/v1/connections?groupId={}&type=transacted&limit=200", stage.acme),
            "/v1/connections?limit=200".to_owned(),
            format!("/v1/connections/from/{a}"),
            format!("/v1/connections/from/{a}?type=transacted"),
            format!("/v1/connections/to/{b}"),
            format!("/v1/things/{a}/connections"),
            format!("/v1/things/{b}/connections"),
        ] {
            assert!(rows(&bob, &path).await.contains(&connection), "{path}");
        }
        for path in [
            format!("/v1/connections/from/{b}"),
            format!("/v1/connections/to/{a}"),
            format!("/v1/connections/from/{a}?type=part_of"),
        ] {
            assert!(rows(&bob, &path).await.is_empty(), "{path}");
        }
        bob.delete(made.header("location")).await.was(204);
        bob.get(made.header("location")).await.was_problem(404, "not_found");
        bob.delete(made.header("location")).await.was_problem(404, "not_found");
        assert!(rows(&bob, &format!("/v1/things/{a}/connections")).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn making_it_again_updates_what_is_sent_and_keeps_the_rest() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let (a, b) = (note(&bob, &stage.acme, "a").await, note(&bob, &stage.acme, "b").await);
        let post = async |more: Value| {
            let mut body = json!({ "type": "part_of", "fromId": a, "toId": b });
            for (key, value) in more.as_object().into_iter().flatten() {
                body[key] = value.clone();
            }
            alice.post("/v1/connections", body).await
        };
        let first = post(json!({ "strength": 0.5, "metadata": { "a": 1 } })).await.was(201).json();
        let same = post(json!({})).await.was(200).json();
        assert_eq!(same, first, "nothing was sent, nothing changes");
        let second = post(json!({ "metadata": { "b": 2 } })).await.was(200);
        assert_eq!(second.header("location"), "");
        let second = second.json();
        assert_eq!((&second["id"], &second["strength"]), (&first["id"], &json!(0.5)));
        assert_eq!(second["metadata"], json!({ "b": 2 }));
        assert_eq!(second["createdAt"], first["createdAt"]);
        let third = post(json!({ "strength": 1, "validFrom": "2026-02-01T00:00:00Z" })).await;
        let third = third.was(200).json();
        assert_eq!(third["strength"].as_f64(), Some(1.0));
        assert_eq!(third["metadata"], json!({ "b": 2 }));
        // What is stored counts too.
        refused(
            post(json!({ "validTo": "2026-01-01T00:00:00Z" })).await,
            "/validTo",
            "out_of_range",
        );
        let path = format!("/v1/connections/{}", third["id"].as_str().unwrap_or_default());
        assert_eq!(bob.get(&path).await.was(200).json(), third);
        assert_eq!(rows(&bob, &format!("/v1/connections/from/{a}")).await.len(), 1);
        // Deleted is gone: the next is a new one.
        alice.delete(&path).await.was(204);
        let fresh = post(json!({})).await.was(201).json();
        assert_ne!(fresh["id"], first["id"]);
        assert_eq!((&fresh["strength"], &fresh["metadata"]), (&Value::Null, &json!({})));
    })
    .await;
}

#[tokio::test]
async fn the_other_way_round_and_another_type_are_other_connections() {
    on_both(async |stage| {
        let bob = stage.bob();
        let (a, b) = (note(&bob, &stage.acme, "a").await, note(&bob, &stage.acme, "b").await);
        let body = |kind: &str, from: &str, to: &str| {
            json!({ "type": kind, "fromId": from, "toId": to, "metadata": {
                "transactionType": "payment", "protocol": "x", "messageType": "y" } })
        };
        let mut ids = Vec::new();
        for (kind, from, to) in [
            ("transacted", &a, &b),
            ("transacted", &b, &a),
            ("communicated", &a, &b),
            ("part_of", &a, &b),
        ] {
            ids.push(bob.post("/v1/connections", body(kind, from, to)).await.was(201).id());
        }
        ids.reverse();
        for path in [format!("/v1/things/{a}/connections"), format!("/v1/things/{b}/connections")] {
            assert_eq!(each(&rows(&bob, &path).await, "id"), ids, "{path}");
        }
        let from = format!("/v1/connections/from/{a}?sort=createdAt");
        let kinds = each(&rows(&bob, &from).await, "type");
        assert_eq!(kinds, ["transacted", "communicated", "part_of"]);
        assert_eq!(each(&rows(&bob, &format!("/v1/connections/to/{a}")).await, "id"), [&*ids[2]]);
        // Pages of both directions together.
        let path = format!("/v1/things/{a}/connections?limit=3");
        let page = bob.get(&path).await.was(200).json();
        assert_eq!(page["data"].as_array().map(Vec::len), Some(3));
        let next = page["nextCursor"].as_str().unwrap_or_default();
        let rest = rows(&bob, &format!("{path}&cursor={next}")).await;
        assert_eq!(each(&rest, "id"), [&*ids[3]]);
    })
    .await;
}

#[tokio::test]
async fn people_and_groups_are_ends_too() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "ends").await;
        let thing = note(&bob, &team, "thing").await;
        let owns = connect(&bob, "owns", &bob.id, &thing).await;
        let member = connect(&alice, "member_of", &bob.id, &team).await;
        let group = connect(&alice, "owns", &team, &thing).await;
        let boss = connect(&alice, "reports_to", &bob.id, &alice.id).await;
        let found = each(&rows(&bob, &format!("/v1/connections/from/{}", bob.id)).await, "id");
        for id in [&owns, &member, &boss] {
            assert!(found.contains(id), "{found:?}");
        }
        let found = each(&rows(&bob, &format!("/v1/connections/to/{}", alice.id)).await, "id");
        assert!(found.contains(&boss));
        let found = each(&rows(&bob, &format!("/v1/connections/from/{team}")).await, "id");
        assert_eq!(found, [group]);
        let found = each(&rows(&bob, &format!("/v1/connections/to/{team}")).await, "id");
        assert_eq!(found, [&*member]);
        let got = bob.get(&format!("/v1/connections/{boss}")).await.was(200).json();
        assert_eq!((&got["fromId"], &got["toId"]), (&json!(bob.id), &json!(alice.id)));
        // Up the same line there is nobody above oneself.
        let body = json!({ "type": "reports_to", "fromId": alice.id, "toId": bob.id });
        alice.post("/v1/connections", body).await.was_problem(409, "cycle");
        alice.delete(&format!("/v1/connections/{boss}")).await.was(204);
    })
    .await;
}

#[tokio::test]
async fn whoever_made_a_connection_or_owns_the_group_deletes_it() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let (a, b) = (note(&bob, &stage.acme, "a").await, note(&bob, &stage.acme, "b").await);
        let hers = connect(&alice, "part_of", &a, &b).await;
        bob.get(&format!("/v1/connections/{hers}")).await.was(200);
        bob.delete(&format!("/v1/connections/{hers}")).await.was_problem(403, "forbidden");
        alice.delete(&format!("/v1/connections/{hers}")).await.was(204);
        let his = connect(&bob, "part_of", &a, &b).await;
        bob.delete(&format!("/v1/connections/{his}")).await.was(204);
        let his = connect(&bob, "part_of", &a, &b).await;
        alice.delete(&format!("/v1/connections/{his}")).await.was(204);
    })
    .await;
}
