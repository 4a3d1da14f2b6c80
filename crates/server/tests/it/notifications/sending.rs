//! Sending one on purpose.

use serde_json::json;

use super::{count, followed, one, until};
use crate::stage::{alone_on_both, on_both};

#[tokio::test]
async fn whoever_may_send_reaches_members_and_nobody_else() {
    alone_on_both(async |stage| {
        let (alice, bob, vera, carol) = (stage.alice(), stage.bob(), stage.vera(), stage.carol());
        let acme = &stage.acme;
        let body = json!({ "groupId": acme, "title": "We moved", "message": "To the harbour.",
            "severity": "success", "actionUrl": "https://example.com/map", "actionLabel": "Map" });
        alice.post("/v1/notifications", body.clone()).await.was(202);
        for person in [&bob, &vera] {
            let told = one(person, "announcement").await;
            assert_eq!((&told["title"], &told["message"]), (&body["title"], &body["message"]));
            assert_eq!(
                (&told["severity"], &told["actionUrl"]),
                (&body["severity"], &body["actionUrl"])
            );
            assert_eq!(told["actionLabel"], "Map");
        }
        // To some: nobody else learns of it, not from the log either.
        let some = json!({ "groupId": acme, "title": "For Vera", "personIds": [vera.id] });
        let sent = alice.post("/v1/notifications", some).await.was(202);
        until(&vera, "announcement", |all| all[0]["title"] == "For Vera").await;
        bob.get(&format!("/v1/events/{}", sent.text_at("/eventId"))).await.was(404);
        followed(&alice, acme, &vera).await;
        assert_eq!(
            (count(&bob, "announcement").await, count(&carol, "announcement").await),
            (1, 0)
        );
        assert_eq!(count(&alice, "announcement").await, 0);

        bob.post("/v1/notifications", body.clone()).await.was_problem(403, "forbidden");
        carol.post("/v1/notifications", body.clone()).await.was_problem(404, "not_found");
        // A right like any other, for roles and programs.
        let key = json!({ "name": "k", "groupId": acme, "permissions": ["notifications:create"] });
        let key = alice.post("/v1/api-keys", key).await.was(201).text_at("/key");
        let program = crate::people::Person { token: Some(key), ..alice.clone() };
        program.post("/v1/notifications", body).await.was(202);
        until(&bob, "announcement", |all| all.len() == 2).await;
        // Nobody makes one by recording its event.
        let forged = json!({ "groupId": acme, "type": "notification_sent", "metadata": {} });
        alice.post("/v1/events", forged).await.was(422);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_at_the_field() {
    on_both(async |stage| {
        let (alice, carol) = (stage.alice(), stage.carol());
        let long = "x".repeat(201);
        for (field, value, pointer, code) in [
            ("title", json!(""), "/title", "too_short"),
            ("title", json!(long), "/title", "too_long"),
            ("actionUrl", json!("javascript:alert(1)"), "/actionUrl", "invalid_url"),
            ("personIds", json!([]), "/personIds", "wrong_length"),
            ("personIds", json!([alice.id, carol.id]), "/personIds/1", "not_a_member"),
            ("collapseKey", json!("x".repeat(101)), "/collapseKey", "too_long"),
        ] {
            let mut body = json!({ "groupId": stage.acme, "title": "t" });
            body[field] = value;
            let answer = alice.post("/v1/notifications", body).await.was(422).json();
            let wrong = &answer["errors"][0];
            assert_eq!((&wrong["pointer"], &wrong["code"]), (&json!(pointer), &json!(code)));
        }
    })
    .await;
}
