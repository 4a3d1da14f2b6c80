//! Making and changing webhooks: what is refused, and who may.

use serde_json::json;

use super::webhook;
use crate::stage::{alone_on_both, on_both};

const URL: &str = "http://127.0.0.1:9/";

#[tokio::test]
async fn what_makes_no_webhook_is_refused_at_the_field() {
    on_both(async |stage| {
        let alice = stage.alice();
        let long = "x".repeat(501);
        let headers = |name: &str, value: &str| json!({ name: value });
        for (field, value, pointer, code) in [
            ("url", json!("x"), "/url", "url_refused"),
            ("description", json!(long), "/description", "too_long"),
            ("eventTypes", json!([]), "/eventTypes", "wrong_length"),
            ("eventTypes", json!(["*", "nonsense"]), "/eventTypes/1", "unknown_type"),
            ("filter", json!("nonsense == 1"), "/filter", "unknown_field"),
            ("filter", json!("type =="), "/filter", "invalid_filter"),
            ("headers", headers("Host", "x"), "/headers/Host", "invalid_header"),
            ("headers", headers("webhook-id", "x"), "/headers/webhook-id", "invalid_header"),
            ("headers", headers("a b", "x"), "/headers/a b", "invalid_header"),
            ("headers", headers("x-ok", "a\nb"), "/headers/x-ok", "invalid_header"),
        ] {
            let mut body = json!({ "groupId": stage.acme, "url": URL });
            body[field] = value;
            let answer = alice.post("/v1/webhooks", body).await.was(422);
            let wrong = &answer.json()["errors"][0];
            assert_eq!((&wrong["pointer"], &wrong["code"]), (&json!(pointer), &json!(code)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_webhook_is_changed_listed_and_ended() {
    alone_on_both(async |stage| {
        let alice = stage.alice();
        let off = json!({ "enabled": false });
        let (one, _) = webhook(&alice, &stage.acme, URL, off.clone()).await;
        let (two, _) = webhook(&alice, &stage.acme, URL, off.clone()).await;
        let list = format!("/v1/webhooks?groupId={}&limit=1", stage.acme);
        let page = alice.get(&list).await.was(200).json();
        assert_eq!((&page["data"][0]["id"], &page["hasMore"]), (&json!(two), &json!(true)));
        let rest = format!("{list}&cursor={}", page["nextCursor"].as_str().unwrap_or_default());
        let page = alice.get(&rest).await.was(200).json();
        assert_eq!((&page["data"][0]["id"], &page["hasMore"]), (&json!(one), &json!(false)));

        let path = format!("/v1/webhooks/{one}");
        let change = json!({ "description": "for the shop", "eventTypes": ["*"],
            "filter": "type == \"thing_created\"", "ordered": true });
        let changed = alice.patch(&path, change).await.was(200).json();
        assert_eq!(changed["description"], "for the shop");
        assert_eq!((&changed["ordered"], &changed["enabled"]), (&json!(true), &json!(false)));
        let cleared = json!({ "filter": null, "description": null });
        let cleared = alice.patch(&path, cleared).await.was(200).json();
        assert!(cleared["filter"].is_null() && cleared["description"].is_null());
        alice.patch(&path, json!({ "filter": "x" })).await.was_problem(422, "unknown_field");
        let told = format!("/v1/events?groupId={}&type=webhook_updated", stage.acme);
        let told = alice.get(&told).await.was(200).json();
        assert_eq!(told["data"][0]["metadata"]["changes"], json!(["description", "filter"]));

        alice.delete(&path).await.was(204);
        alice.get(&path).await.was_problem(404, "not_found");
        stage.bob().get(&format!("/v1/webhooks/{two}")).await.was_problem(403, "forbidden");
        stage.carol().get(&format!("/v1/webhooks/{two}")).await.was_problem(404, "not_found");
    })
    .await;
}
