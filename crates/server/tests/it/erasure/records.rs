//! Member records of people without an account: once one is in no group any more, nobody can change or
//! erase it, so that nothing is kept of it but an id.

use serde_json::json;

use super::tables::tells;
use super::{account, is_nowhere, verified};
use crate::engines::Engine;
use crate::people::Person;
use crate::stage::{Stage, group};
use crate::store;

/// In all that a record says, but its name.
const WORD: &str = "xqrecord";
/// What it is called: the log of its group tells whom it was made for.
const NAME: &str = "xqname";
const OLD: &str = "xqold";

async fn record(person: &Person, group: &str, number: u32) -> String {
    let body = json!({
        "groupId": group, "displayName": NAME, "username": format!("{WORD}_{number}"),
        "email": format!("{WORD}{number}@example.com"), "bio": format!("{WORD} counts"),
        "avatar": format!("https://example.com/{WORD}.png"), "metadata": { "note": WORD },
    });
    person.post("/v1/people", body).await.was(201).id()
}

#[tokio::test]
async fn of_a_record_that_is_in_no_group_any_more_an_id_is_left() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let (gil, _) = account(&stage.nobody(), "gil@example.com", "Gil").await;
        let first = group(&gil, "first-of-gil", "First").await;
        let second = group(&gil, "second-of-gil", "Second").await;
        let (moved, gone) = (record(&gil, &first, 1).await, record(&gil, &second, 2).await);

        // As long as it is in a group, it says what it said.
        let both = json!({ "groupId": second, "personId": moved });
        gil.post("/v1/people", both).await.was(201);
        gil.delete(&format!("/v1/people/{moved}?groupId={first}")).await.was(204);
        let path = format!("/v1/people/{moved}?groupId={second}");
        let there = gil.get(&path).await.was(200).json();
        assert_eq!(
            (&there["displayName"], &there["bio"]),
            (&json!(NAME), &json!("xqrecord counts"))
        );
        gil.delete(&path).await.was(204);
        gil.get(&format!("/v1/people/{moved}")).await.was(404);
        // What refers to it still does.
        let log = format!("/v1/events?groupId={second}&targetId={moved}");
        let log = gil.walk(&log).await;
        assert!(log.iter().any(|event| event["type"] == "user_removed_from_group"), "{log:?}");

        // The other one goes with its group.
        let path = format!("/v1/groups/{second}?cascade=true");
        gil.delete(&path).await.was(204);
        gil.delete(&format!("{path}&permanent=true&confirm=second-of-gil")).await.was(204);
        // What it was called is free for others.
        let again = record(&gil, &first, 2).await;
        assert_ne!(again, gone);
        gil.delete(&format!("/v1/people/{again}?groupId={first}")).await.was(204);

        stage.server.stop();
        let left = "people where display_name = 'Deleted user' and user_id is null";
        assert_eq!(store::count(&stage, left).await, 3, "records without a name");
        let named = tells(&stage, NAME).await;
        assert!(named.iter().all(|column| column.starts_with("events.")), "{named:?}");
        is_nowhere(&stage, WORD).await;

        // Those that a version before this one has left.
        let old = "update people set display_name = 'xqold', email = 'xqold@example.com' \
                   where display_name = 'Deleted user'";
        let step = "delete from migrations where name = '0040_left_people'";
        for statement in [old, step] {
            store::run(&stage, statement).await;
        }
        assert!(!tells(&stage, OLD).await.is_empty());
        stage.server.run();
        stage.server.stop();
        assert_eq!(store::count(&stage, left).await, 3);
        is_nowhere(&stage, OLD).await;
        verified(&stage.server);
    }
}
