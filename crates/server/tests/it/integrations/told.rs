//! Notifications by webhook: they are events of one's own group.

use serde_json::json;

use super::target::Target;
use super::{thing, until, webhook};
use crate::stage::alone_on_both;

#[tokio::test]
async fn notifications_reach_the_webhooks_of_ones_own_group() {
    alone_on_both(async |stage| {
        let target = Target::open().await;
        let (alice, bob, acme) = (stage.alice(), stage.bob(), &stage.acme);
        // Of what came before the webhook it is told nothing.
        let path = "/v1/notifications?kind=membership";
        until(&bob, path, |said| said["data"][0]["id"].is_string()).await;
        let types = json!({ "eventTypes": ["notification_created"] });
        webhook(&bob, &bob.home, &target.url("/in"), types).await;
        let own = thing(&bob, acme, "note", "Mine").await;
        let comment = json!({ "groupId": acme, "type": "note", "name": "c", "parentId": own });
        // One kind he does not want this way, and one he does.
        let off = json!({ "channels": { "announcement": { "webhook": false } } });
        bob.patch("/v1/notifications/preferences", off).await.was(200);
        let sent = json!({ "groupId": acme, "title": "Not by webhook" });
        alice.post("/v1/notifications", sent).await.was(202);
        let path = "/v1/notifications?kind=announcement";
        until(&bob, path, |said| said["data"][0]["title"] == "Not by webhook").await;
        alice.post("/v1/things", comment).await.was(201);
        let [seen] = target.wait(1).await.try_into().expect("one request");
        let said = seen.json();
        assert_eq!(said["type"], "notification_created");
        assert_eq!(said["data"]["groupId"], json!(bob.home));
        let metadata = &said["data"]["metadata"];
        assert_eq!((&metadata["kind"], &metadata["count"]), (&json!("comment"), &json!(1)));
        assert_eq!((&metadata["actorId"], &metadata["targetId"]), (&json!(alice.id), &json!(own)));
        assert_eq!(metadata["groupId"], json!(acme));
    })
    .await;
}
