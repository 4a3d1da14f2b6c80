//! How many events there were: by day, type and actor, of what somebody sees.

use serde_json::{Value, json};

use super::{below, each, log, note, refused, secret, team};
use crate::people::{Person, encoded};
use crate::stage::on_both;

const IN_2016: &str = "from=2016-01-01T00:00:00Z&to=2016-02-01T00:00:00Z";

async fn record(person: &Person, group: &str, kind: &str, at: &str) {
    let body = json!({ "groupId": group, "type": kind, "timestamp": at, "metadata": { "at": at } });
    person.post("/v1/events", body).await.was(201);
}

async fn counted(person: &Person, query: &str) -> Value {
    person.get(&format!("/v1/events/stats?{query}")).await.was(200).json()
}

#[tokio::test]
async fn events_are_counted_by_day_type_and_actor() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "event-stats").await;
        let annex = below(&alice, &team, "event-stats-annex").await;
        for (who, group, kind, at) in [
            (&alice, &team, "task_event", "2016-01-02T23:59:59Z"),
            (&alice, &team, "content_event", "2016-01-03T00:00:00Z"),
            (&bob, &team, "content_event", "2016-01-03T10:00:00Z"),
            (&bob, &team, "content_event", "2016-01-05T10:00:00Z"),
            (&alice, &annex, "task_event", "2016-01-05T11:00:00Z"),
            (&alice, &team, "task_event", "2016-02-01T00:00:00Z"),
        ] {
            record(who, group, kind, at).await;
        }
        let of = format!("groupId={team}&{IN_2016}");
        let all = counted(&bob, &of).await;
        assert_eq!(
            all["data"],
            json!([{ "day": "2016-01-02", "count": 1 }, { "day": "2016-01-03", "count": 2 },
                { "day": "2016-01-05", "count": 1 }])
        );
        assert_eq!((&all["total"], &all["truncated"]), (&json!(4), &json!(false)));
        assert_eq!(all["from"], "2016-01-01T00:00:00.000Z");
        let by_type = counted(&bob, &format!("{of}&by=type")).await["data"].clone();
        assert_eq!(
            by_type,
            json!([{ "type": "content_event", "count": 3 }, { "type": "task_event", "count": 1 }])
        );
        let by_both = counted(&bob, &format!("{of}&by=type,day")).await["data"].clone();
        assert_eq!(
            by_both,
            json!([{ "day": "2016-01-02", "type": "task_event", "count": 1 },
                { "day": "2016-01-03", "type": "content_event", "count": 2 },
                { "day": "2016-01-05", "type": "content_event", "count": 1 }])
        );
        let by_actor = counted(&bob, &format!("{of}&by=actor&type=content_event")).await;
        assert_eq!(
            by_actor["data"],
            json!([{ "actorId": bob.id, "count": 2 }, { "actorId": alice.id, "count": 1 }])
        );
        let filter = encoded("metadata.at > \"2016-01-03T05\"");
        assert_eq!(counted(&bob, &format!("{of}&filter={filter}")).await["total"], 2);
        let below = format!("{of}&includeChildren=true");
        assert_eq!(counted(&alice, &below).await["total"], 5);
        let path = format!("/v1/events/stats?{below}");
        bob.get(&path).await.was_problem(403, "forbidden");
        let path = format!("/v1/events/stats?{of}");
        stage.carol().get(&path).await.was_problem(404, "not_found");
        stage.nobody().get(&path).await.was_problem(401, "unauthenticated");
    })
    .await;
}

#[tokio::test]
async fn what_somebody_does_not_see_does_not_count() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "seen-stats").await;
        note(&alice, &team, "open").await;
        secret(&alice, &team, "hidden").await;
        for person in [&alice, &bob, &vera] {
            let seen = log(person, &team).await;
            let told = counted(person, &format!("groupId={team}&by=type")).await;
            assert_eq!(told["total"], seen.len(), "{}: {told}", person.name);
            let types = told["data"].as_array().cloned().unwrap_or_default();
            for kind in each(&types, "type") {
                assert!(seen.iter().any(|one| one["type"] == kind.as_str()), "{kind}");
            }
        }
        for (query, pointer, code) in [
            ("by=colour", "by", "unknown_group_by"),
            ("by=", "by", "unknown_group_by"),
            ("from=2016-01-01T00:00:00Z", "from", "out_of_range"),
            ("from=2016-02-01T00:00:00Z&to=2016-01-01T00:00:00Z", "from", "out_of_range"),
            ("filter=colour", "filter", "unknown_field"),
            ("targetId=x", "targetId", "invalid_id"),
            ("sort=type", "sort", "unknown_parameter"),
        ] {
            let path = format!("/v1/events/stats?groupId={team}&{query}");
            refused(bob.get(&path).await, pointer, code);
        }
    })
    .await;
}
