//! Streams of server-sent events, from outside.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::people::Person;
use crate::stage::{Stage, alone_on_both, group, member, on_both, sign_in};

const LIMIT: Duration = Duration::from_secs(30);

/// A stream, read event by event.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn open(person: &Person, query: &[(&str, &str)]) -> Self {
        let query: String =
            query.iter().map(|(name, value)| format!("{name}={}&", escaped(value))).collect();
        let request = person.request(Method::GET, &format!("/v1/events/stream?{query}"));
        let response = request.send().await.expect("an answer");
        Self { response, text: String::new() }
    }

    fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The next event's cursor and data.
    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default()
                };
                let cursor = field("id: ").to_owned();
                let data = serde_json::from_str(field("data: ")).unwrap_or_default();
                self.text = rest.to_owned();
                if !cursor.is_empty() {
                    return (cursor, data);
                }
                continue;
            }
            let chunk = tokio::time::timeout(LIMIT, self.response.chunk()).await.expect("in time");
            let chunk = chunk.expect("a stream that holds").expect("no end");
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    /// The next one about something; what comes before it is passed by.
    async fn about(&mut self, id: &str) -> (String, Value) {
        loop {
            let (cursor, told) = self.next().await;
            if told["targetId"] == id {
                return (cursor, told);
            }
        }
    }

    /// Reads to the end, which has to come; what was told until then.
    async fn rest(mut self) -> String {
        loop {
            let chunk = tokio::time::timeout(LIMIT, self.response.chunk()).await.expect("an end");
            let Ok(Some(chunk)) = chunk else { return self.text };
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn one_person_has_so_many_streams() {
    alone_on_both(async |mut stage| {
        stage.server.stop();
        stage.server.set("SIXFOLD_LIVE_CONNECTIONS_PER_PERSON", "3");
        stage.server.run();
        let stage = stage.moved();
        let alice = stage.alice();
        let mut open = Vec::new();
        for _ in 0..3 {
            let stream = Events::open(&alice, &[]).await;
            assert_eq!(stream.status(), 200);
            open.push(stream);
        }
        alice.get("/v1/events/stream").await.was_problem(429, "too_many_connections");
        assert_eq!(Events::open(&stage.bob(), &[]).await.status(), 200);
        open.pop();
        // Its place is free as soon as the server has noticed.
        let until = Instant::now() + LIMIT;
        while Events::open(&alice, &[]).await.status() != 200 {
            assert!(Instant::now() < until, "the place of a stream that ended is kept");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// More of them than read at the same time, and more events than are read at once.
#[tokio::test]
async fn a_crowd_that_comes_back_is_told_what_it_missed_and_wants() {
    on_both(async |stage: &Stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = group(&alice, "stream-crowd", "Crowd").await;
        member(&alice, &team, &bob, "group_user").await;
        let topic = format!("group:{team}");
        let note = |name: &str| json!({ "groupId": team, "type": "note", "name": name });
        let mut first = Events::open(&alice, &[("topic", &topic)]).await;
        let one = alice.post("/v1/things", note("one")).await.was(201).id();
        // What happened just before may be told as well.
        let since = loop {
            let (since, told) = first.next().await;
            if told["targetId"] == one.as_str() {
                break since;
            }
        };
        let many = json!({ "items": vec![note("many"); 450] });
        alice.post("/v1/things/bulk", many).await.was(200);
        let mut crowd = Vec::new();
        for number in 0..18 {
            let who = if number % 2 == 0 { &alice } else { &bob };
            let filter = "type == \"thing_updated\"";
            let query = [("topic", topic.as_str()), ("filter", filter), ("since", since.as_str())];
            crowd.push(Events::open(who, &query).await);
        }
        let change = json!({ "name": "other" });
        let path = format!("/v1/things/{one}");
        let request = alice.request(Method::PATCH, &path).header("if-match", "\"1\"");
        alice.send(request.json(&change)).await.was(200);
        for stream in &mut crowd {
            let (_, told) = stream.next().await;
            assert_eq!(
                (&told["type"], &told["targetId"]),
                (&"thing_updated".into(), &one.as_str().into())
            );
        }
    })
    .await;
}

/// Who was removed, signs out or has a key that was revoked is told nothing more.
#[tokio::test]
async fn a_stream_ends_with_the_right_to_it() {
    on_both(async |stage: &Stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = group(&alice, "stream-rights", "Rights").await;
        member(&alice, &team, &bob, "group_user").await;
        let topic = format!("group:{team}");
        let key = json!({ "groupId": team, "name": "reader", "permissions": ["events:read", "things:read", "groups:read"] });
        let made = alice.post("/v1/api-keys", key).await.was(201);
        let (id, secret) = (made.id(), made.text_at("/key"));
        let program = Person { token: Some(secret), ..alice.clone() };
        let elsewhere = sign_in(&stage.nobody(), "alice").await;
        let mut streams = Vec::new();
        for who in [&bob, &program, &elsewhere] {
            let stream = Events::open(who, &[("topic", &topic)]).await;
            assert_eq!(stream.status(), 200);
            streams.push(stream);
        }
        let note = |name: &str| json!({ "groupId": team, "type": "note", "name": name });
        let one = alice.post("/v1/things", note("one")).await.was(201).id();
        for stream in &mut streams {
            while stream.next().await.1["targetId"] != one.as_str() {}
        }
        alice.delete(&format!("/v1/people/{}?groupId={team}", bob.id)).await.was(204);
        alice.delete(&format!("/v1/api-keys/{id}")).await.was(204);
        elsewhere.post("/v1/auth/sign-out", json!({})).await.was(200);
        let late = alice.post("/v1/things", note("late")).await.was(201).id();
        for stream in streams {
            let told = stream.rest().await;
            assert!(!told.contains(&late), "{told}");
        }
    })
    .await;
}

/// What is said in a room is a thing's: that something was said is all that who may read events and no
/// things is told, whoever else is in the room just then.
#[tokio::test]
async fn who_may_read_events_only_is_not_told_what_was_said() {
    on_both(async |stage: &Stage| {
        let alice = stage.alice();
        let team = group(&alice, "stream-said", "Said").await;
        let talk = json!({ "groupId": team, "type": "conversation", "name": "Talk" });
        let room = alice.post("/v1/things", talk).await.was(201).id();
        let key = json!({ "groupId": team, "name": "watcher",
            "permissions": ["events:read", "groups:read"] });
        let made = alice.post("/v1/api-keys", key).await.was(201);
        let watcher = Person { token: Some(made.text_at("/key")), ..alice.clone() };
        let (inside, outside) = (format!("room:{room}"), format!("group:{team}"));
        let mut inside = Events::open(&alice, &[("topic", &inside)]).await;
        let mut outside = Events::open(&watcher, &[("topic", &outside)]).await;
        assert_eq!((inside.status(), outside.status()), (200, 200));
        let message = json!({ "groupId": team, "parentId": room, "type": "message", "name": "m",
            "properties": { "content": "between us" } });
        let said = alice.post("/v1/things", message).await.was(201).id();
        assert_eq!(inside.about(&said).await.1["data"]["body"], "between us");
        assert_eq!(outside.about(&said).await.1["data"], Value::Null);
        watcher.get(&format!("/v1/things/{said}")).await.was(404);
    })
    .await;
}

/// What was said is told as it is by now: so to those only who may see it by now.
#[tokio::test]
async fn what_is_no_longer_public_is_told_to_no_visitor_who_comes_back() {
    on_both(async |stage: &Stage| {
        let (alice, carol) = (stage.alice(), stage.carol());
        let team = json!({ "slug": "stream-open", "name": "Open", "type": "business",
            "settings": { "visibility": "public" } });
        let team = alice.post("/v1/groups", team).await.was(201).id();
        let talk = json!({ "groupId": team, "type": "conversation", "name": "Talk",
            "visibility": "public" });
        let room = alice.post("/v1/things", talk).await.was(201).id();
        let say = async |content: &str| {
            let message = json!({ "groupId": team, "parentId": room, "type": "message",
                "name": "m", "visibility": "public", "properties": { "content": content } });
            alice.post("/v1/things", message).await.was(201).id()
        };
        let topic = format!("room:{room}");
        let mut first = Events::open(&carol, &[("topic", &topic)]).await;
        assert_eq!(first.status(), 200);
        let (since, _) = first.about(&say("one").await).await;
        let two = say("two").await;
        assert_eq!(first.about(&two).await.1["data"]["body"], "two");
        let change = json!({ "visibility": "group", "properties": { "content": "members only" } });
        alice.patch(&format!("/v1/things/{two}"), change).await.was(200);
        let three = say("three").await;
        let mut again = Events::open(&carol, &[("topic", &topic), ("since", &since)]).await;
        loop {
            let (_, told) = again.next().await;
            assert_ne!(told["targetId"], two.as_str(), "{told}");
            if told["targetId"] == three.as_str() {
                break;
            }
        }
    })
    .await;
}
