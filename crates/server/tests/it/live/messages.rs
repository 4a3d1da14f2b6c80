//! What is said by socket, and how often it counts.

use serde_json::{Value, json};

use super::socket::Socket;
use crate::stage::alone_on_both;
use crate::store;

/// A connection has not heard of what its person may do by now, so what they say is refused, asked
/// anew and stored: one message.
#[tokio::test]
async fn a_message_that_is_tried_twice_counts_once() {
    alone_on_both(async |mut stage| {
        stage.server.stop();
        stage.server.set("SIXFOLD_LIVE_MESSAGES_PER_MINUTE", "1");
        stage.server.run();
        let stage = stage.moved();
        let (alice, vera, carol) = (stage.alice(), stage.vera(), stage.carol());
        let talk = json!({ "groupId": stage.acme, "type": "conversation", "name": "Talk" });
        let room = alice.post("/v1/things", talk).await.was(201).id();
        let team = json!({ "slug": "live-counted", "name": "Team", "type": "business",
            "parentGroupId": stage.globex });
        let team = carol.post("/v1/groups", team).await.was(201).id();
        let mut socket = Socket::open(stage.server.url(), &vera);
        // No event tells of it, so nobody looks at hers again …
        let promoted = "update memberships set role = 'group_user' where role = 'customer'";
        store::run(&stage, promoted).await;
        // … and after this, whoever asks who somebody is is answered by the store.
        let top = json!({ "parentGroupId": Value::Null });
        carol.patch(&format!("/v1/groups/{team}"), top).await.was(200);
        let message = format!(r#"["message",{{"room":"{room}","body":"hello"}}]"#);
        let mut say = |number: u8| {
            socket.say(&format!("42{number}{message}"));
            socket.told_until(&format!("43{number}[")).pop().unwrap_or_default()
        };
        let first = say(0);
        assert!(first.contains(r#""ok":true"#), "{first}");
        let second = say(1);
        assert!(second.contains("rate_limited"), "{second}");
    })
    .await;
}
