//! The contact form: what comes in, who reads it, and what strangers learn.

use serde_json::json;

use super::{each, log, refused, rows};
use crate::stage::alone_on_both;

#[tokio::test]
async fn whoever_writes_learns_nothing_and_owners_read_it() {
    alone_on_both(async |stage| {
        let (nobody, alice, bob) = (stage.nobody(), stage.alice(), stage.bob());
        let body = json!({ "slug": "bakery", "name": "Bakery", "type": "business",
            "settings": { "visibility": "public" } });
        let bakery = alice.post("/v1/groups", body).await.was(201).id();
        let letter = |group: &str| {
            json!({ "name": "Ada", "email": " Ada@Example.com", "subject": "Bread",
                "message": "Do you deliver?", "groupId": group })
        };
        let sent = nobody.post("/v1/contact", letter(&bakery)).await.was(202);
        // Private, and not there: the same answer.
        for group in [&stage.acme, "group_01jd7jrykgfk1sh8nw1g60edsf"] {
            let answer = nobody.post("/v1/contact", letter(group)).await.was(202);
            assert_eq!(answer.text, sent.text);
        }
        let list = format!("/v1/contact?groupId={bakery}");
        let found = rows(&alice, &list).await;
        assert_eq!(each(&found, "email"), ["ada@example.com"]);
        assert_eq!((&found[0]["status"], &found[0]["subject"]), (&json!("new"), &json!("Bread")));
        let acme = format!("/v1/contact?groupId={}", stage.acme);
        assert!(rows(&alice, &acme).await.is_empty());
        let path = format!("/v1/contact/{}", found[0]["id"].as_str().unwrap_or_default());
        assert_eq!(alice.get(&path).await.was(200).json(), found[0]);

        nobody.get(&list).await.was_problem(401, "unauthenticated");
        bob.get(&list).await.was_problem(403, "forbidden");
        bob.get(&acme).await.was_problem(403, "forbidden");
        stage.carol().get(&acme).await.was_problem(404, "not_found");
        for stranger in [&bob, &stage.carol()] {
            stranger.get(&path).await.was_problem(404, "not_found");
            let step = json!({ "status": "read" });
            stranger.patch(&path, step).await.was_problem(404, "not_found");
        }

        let step = async |status: &str| alice.patch(&path, json!({ "status": status })).await;
        assert_eq!(step("responded").await.was(200).json()["status"], "responded");
        step("responded").await.was(200);
        step("read").await.was_problem(409, "status_step");
        refused(step("lost").await, "/status", "unknown_value");
        let stats = alice.get(&format!("/v1/contact/stats?groupId={bakery}")).await.was(200).json();
        let counted = json!({ "new": 0, "read": 0, "responded": 1, "archived": 0, "total": 1 });
        assert_eq!(stats, counted);
        assert!(rows(&alice, &format!("{list}&status=new")).await.is_empty());
        assert_eq!(rows(&alice, &format!("{list}&status=responded")).await.len(), 1);

        let events = log(&alice, &bakery).await;
        let kinds = each(&events, "type");
        for kind in ["contact_submitted", "contact_status_changed"] {
            assert!(kinds.contains(&kind.to_owned()), "{kinds:?}");
        }
        for secret in ["Ada", "example.com", "deliver", "Bread"] {
            assert!(!json!(events).to_string().contains(secret), "{secret}: {events:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_group_it_goes_to_the_platform_and_too_many_are_refused() {
    alone_on_both(async |stage| {
        let (nobody, root) = (stage.nobody(), stage.root());
        let letter = json!({ "name": "Ada", "email": "ada@example.com", "message": "Hello?" });
        for field in ["name", "email", "message"] {
            let mut wrong = letter.clone();
            wrong[field] = json!("");
            let answer = nobody.post("/v1/contact", wrong).await;
            assert_eq!(answer.status, 422, "{field}: {answer:?}");
        }
        for _ in 0..5 {
            nobody.post("/v1/contact", letter.clone()).await.was(202);
        }
        let last = nobody.post("/v1/contact", letter).await.was_problem(429, "rate_limited");
        assert!(!last.header("retry-after").is_empty());
        assert_eq!(rows(&root, "/v1/contact").await.len(), 5);
    })
    .await;
}
