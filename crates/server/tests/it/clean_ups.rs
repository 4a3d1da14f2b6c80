//! Clean-ups: each is a job by its schedule, and deletes what is due and nothing else.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::engines::Engine;
use crate::people::Person;
use crate::stage::{Stage, sign_in};
use crate::store;

const PATIENCE: Duration = Duration::from_secs(60);
/// The tick of `next_at = 1`, a microsecond.
const MISSED: &str = "1970-01-01T00:00:00.000Z";
const TOKEN: &str = "a token that nobody guesses";

/// Of each of these two rows or more are there, and the newest becomes old enough to go.
const DUE: [&str; 11] = [
    "update sessions set expires_at = 1 \
     where id = (select id from sessions order by created_at desc limit 1)",
    "update invitations set expires_at = 1 \
     where id = (select id from invitations order by created_at desc limit 1)",
    "insert into second_factor_failures (user_id, failures, since) \
     select id, 1, case when email like 'alice%' then 1 else 9000000000000000 end from users \
     where email like 'alice%' or email like 'bob%' or email like 'carol%'",
    "insert into usage_counters (group_id, metric, period, slot, amount) \
     select group_id, 'apiCalls', '2001-01', 0, 1 from memberships order by group_id limit 1; \
     insert into usage_counters (group_id, metric, period, slot, amount) \
     select group_id, 'apiCalls', '9999-01', slot, 1 from usage_counters where period = '2001-01'; \
     insert into usage_counters (group_id, metric, period, slot, amount) \
     select group_id, 'apiCalls', '9999-02', slot, 1 from usage_counters where period = '2001-01'",
    "update challenges set expires_at = 1 \
     where id = (select id from challenges order by created_at desc limit 1)",
    "update idempotency_keys set expires_at = 1 \
     where key_hash = (select key_hash from idempotency_keys order by created_at desc limit 1)",
    "update webhook_deliveries set updated_at = 1 \
     where id = (select id from webhook_deliveries order by created_at desc limit 1)",
    "update receiver_messages set expires_at = 1 \
     where message = (select message from receiver_messages order by message limit 1)",
    "update import_runs set updated_at = 1 \
     where id = (select id from import_runs order by created_at desc limit 1)",
    "update jobs set expires_at = 1 where id = (select id from jobs where state = 'done' \
     and kind = 'integrations.make_thing' order by created_at desc limit 1)",
    // What only a Socket.IO client and the command line leave; the people and rooms are anybody's.
    "insert into live_sent (person_id, room_id, client_id, message_id, seq, sent_at) \
     select id, id, 'old', id, 1, 1 from (select id from people order by id limit 1) one; \
     insert into live_sent (person_id, room_id, client_id, message_id, seq, sent_at) \
     select person_id, room_id, 'new', message_id, 1, 9000000000000000 from live_sent; \
     insert into imports (digest, lines, updated_at) values ('old', 1, 1); \
     insert into imports (digest, lines, updated_at) values ('new', 1, 9000000000000000)",
];

/// What there is of everything that is cleaned up.
const TABLES: [&str; 12] = [
    "sessions",
    "challenges",
    "invitations",
    "second_factor_failures",
    "usage_counters where period in ('2001-01', '9999-01', '9999-02')",
    "idempotency_keys",
    "webhook_deliveries",
    "receiver_messages",
    "import_runs",
    "live_sent",
    "imports",
    "jobs where kind = 'integrations.make_thing'",
];

/// Two at least of everything.
async fn fill(stage: &Stage) {
    let alice = stage.alice();
    for name in ["one", "two"] {
        sign_in(&stage.nobody(), "bob").await;
        let letter = json!({ "email": "carol@example.com" });
        stage.nobody().post("/v1/auth/sign-in/magic-link", letter).await.was(200);
        let note = json!({ "groupId": stage.acme, "type": "note", "name": name });
        let request = alice.request(Method::POST, "/v1/things").header("idempotency-key", name);
        alice.send(request.json(&note)).await.was(201);
        let invitation = json!({ "email": format!("{name}@example.com"), "role": "member",
            "organizationId": stage.acme });
        alice.post("/v1/auth/organization/invite-member", invitation).await.was(200);
        let import = json!({ "groupId": stage.acme, "format": "ndjson", "dimension": "things" });
        alice.post("/v1/imports", import).await.was(201);
    }
    // Nobody listens there, so what is sent stays in the queue; switched off, nothing happens to it.
    let hook = json!({ "groupId": stage.acme, "url": "http://127.0.0.1:9/" });
    let hook = alice.post("/v1/webhooks", hook).await.was(201).id();
    for _ in 0..2 {
        alice.post(&format!("/v1/webhooks/{hook}/test"), json!({})).await.was(202);
    }
    alice.patch(&format!("/v1/webhooks/{hook}"), json!({ "enabled": false })).await.was(200);
    let sending = format!("/v1/webhooks/{hook}/deliveries?state=sending");
    until(&alice, &sending, |said| said["data"] == json!([])).await;
    let receiver = json!({ "groupId": stage.acme, "name": "Shop", "signature": "token",
        "secret": TOKEN, "thingType": "note", "fields": { "name": "/title" } });
    let receiver = alice.post("/v1/receivers", receiver).await.was(201).id();
    for message in ["one", "two"] {
        let path = format!("/v1/receivers/{receiver}/in");
        let door = stage.nobody();
        let url = format!("{}{path}", door.base);
        let request = door.http.request(Method::POST, url).bearer_auth(TOKEN);
        let request = request.header("webhook-id", message).json(&json!({ "title": message }));
        let job = door.send(request).await.was(200).text_at("/jobId");
        until(&stage.root(), &format!("/v1/jobs/{job}"), |job| job["state"] == "done").await;
    }
}

async fn until(person: &Person, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = person.get(path).await.was(200).json();
        if is(&said) {
            return said;
        }
        assert!(Instant::now() < deadline, "{path} says {said}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The job of the tick that was missed, once it is done.
async fn made_up(root: &Person, kind: &str) -> Value {
    let missed = |said: &Value| {
        let jobs = said["data"].as_array().into_iter().flatten();
        let mut ours = jobs.filter(|job| job["tickAt"] == MISSED && job["state"] == "done");
        ours.next().cloned()
    };
    let said = until(root, &format!("/v1/jobs?kind={kind}"), |said| missed(said).is_some()).await;
    missed(&said).expect("it is there")
}

async fn counts(stage: &Stage) -> Vec<i64> {
    let mut all = Vec::new();
    for table in TABLES {
        all.push(store::count(stage, table).await);
    }
    all
}

#[tokio::test]
async fn each_deletes_what_is_due_and_nothing_else() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        fill(&stage).await;
        stage.server.stop();
        for statement in DUE {
            store::run(&stage, statement).await;
        }
        let before = counts(&stage).await;
        assert!(before.iter().all(|count| *count >= 2), "{before:?}");
        // Every tick was missed: each is made up for by one run.
        store::run(&stage, "update job_schedules set next_at = 1").await;
        stage.server.run();
        let root = stage.root().at(stage.server.url()).fresh();
        let identity = json!({
            "sessions": 1, "challenges": 1, "devices": 0, "tries": 1, "invitations": 1,
        });
        for (kind, deleted) in [
            ("identity.clean_up", identity),
            ("idempotency.clean_up", json!({ "keys": 1 })),
            ("integrations.clean_up", json!({ "deliveries": 1, "messages": 1 })),
            ("live.clean_up", json!({ "clientIds": 1 })),
            ("usage.clean_up", json!({ "counters": 1 })),
            ("world.clean_up", json!({ "imports": 1, "inputs": 1 })),
            ("world.event_retention", json!({ "events": 0 })),
            ("erasure.again", json!({ "people": 0 })),
        ] {
            assert_eq!(made_up(&root, kind).await["result"], deleted, "{kind} on {engine:?}");
        }
        made_up(&root, "jobs.sweep").await;
        stage.server.stop();
        let after = counts(&stage).await;
        let gone: Vec<i64> = before.iter().zip(&after).map(|(was, is)| was - is).collect();
        assert_eq!(gone, vec![1; TABLES.len()], "on {engine:?}: {before:?} became {after:?}");
        let runs = store::count(&stage, "jobs where tick_at = 1").await;
        assert_eq!(runs, 11, "one run of each makes up for all missed ticks");
    }
}
