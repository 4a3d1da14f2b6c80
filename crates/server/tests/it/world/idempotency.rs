//! `Idempotency-Key`: carried out once, answered again.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{log, note, rows, team};
use crate::people::{Answer, Person};
use crate::stage::{alone_on_both, on_both};

fn keyed(person: &Person, method: Method, path: &str, key: &str) -> RequestBuilder {
    person.request(method, path).header("idempotency-key", key)
}

async fn post(person: &Person, path: &str, key: &str, body: &Value) -> Answer {
    person.send(keyed(person, Method::POST, path, key).json(body)).await
}

#[tokio::test]
async fn what_is_sent_again_is_answered_again() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "once-again").await;
        let body = json!({ "groupId": team, "type": "note", "name": "once" });
        let first = post(&bob, "/v1/things", "again", &body).await.was(201);
        assert_eq!(first.header("idempotent-replayed"), "");
        let second = post(&bob, "/v1/things", "again", &body).await.was(201);
        assert_eq!(second.header("idempotent-replayed"), "true");
        assert_eq!(second.text, first.text);
        for name in ["location", "etag", "content-type"] {
            assert_eq!(second.header(name), first.header(name), "{name}");
        }
        // Another caller, another path and another key are other requests.
        let path = format!("/v1/things/{}", first.id());
        post(&stage.alice(), "/v1/things", "again", &body).await.was(201);
        let change = json!({ "name": "twice" });
        for _ in 0..2 {
            let request = keyed(&bob, Method::PATCH, &path, "again").header("if-match", "\"1\"");
            assert_eq!(bob.send(request.json(&change)).await.was(200).json()["version"], 2);
        }
        for _ in 0..2 {
            bob.send(keyed(&bob, Method::DELETE, &path, "again")).await.was(204);
        }
        let other = json!({ "groupId": team, "type": "note", "name": "other" });
        post(&bob, "/v1/things", "again", &other).await.was_problem(422, "idempotency_key_reused");
        post(&bob, "/v1/things", "another", &body).await.was(201);
        assert_eq!(rows(&bob, &format!("/v1/things?groupId={team}")).await.len(), 2);
    })
    .await;
}

/// With a key the body is read before its route is asked: no more of it than the route reads.
#[tokio::test]
async fn a_body_may_be_as_long_as_its_route_reads() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "once-long").await;
        let text = "x".repeat(4_000);
        let item = json!({ "groupId": team, "type": "note", "name": "long", "properties": { "text": text } });
        let body = json!({ "items": vec![item; 400] });
        let made = post(&bob, "/v1/things/bulk", "long", &body).await.was(200);
        assert_eq!(post(&bob, "/v1/things/bulk", "long", &body).await.was(200).text, made.text);
        let refused = post(&bob, "/v1/things", "long", &body).await;
        let told = refused.was_problem(413, "body_too_large");
        assert!(told.text.contains("1048576 bytes"), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn of_fifty_at_once_one_is_carried_out() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "once-crowd").await;
        let start = log(&bob, &team).await.len();
        let body = json!({ "groupId": team, "type": "note", "name": "once" });
        let mut all = JoinSet::new();
        for _ in 0..50 {
            let (bob, body) = (bob.clone(), body.clone());
            all.spawn(async move {
                loop {
                    let answer = post(&bob, "/v1/things", "crowd", &body).await;
                    if answer.status != 409 {
                        return answer.was(201);
                    }
                    assert_eq!(answer.header("retry-after"), "1");
                    answer.was_problem(409, "idempotency_in_progress");
                }
            });
        }
        let answers = all.join_all().await;
        assert!(answers.iter().all(|answer| answer.text == answers[0].text));
        let first = |answer: &&Answer| answer.header("idempotent-replayed").is_empty();
        assert_eq!(answers.iter().filter(first).count(), 1);
        assert_eq!(rows(&bob, &format!("/v1/things?groupId={team}")).await.len(), 1);
        assert_eq!(log(&bob, &team).await.len(), start + 1);
    })
    .await;
}

#[tokio::test]
async fn refusals_are_answered_again_and_keys_have_a_form() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "once-wrong").await;
        let wrong = json!({ "groupId": team, "type": "note", "name": "" });
        let first = post(&bob, "/v1/things", "wrong", &wrong).await.was(422);
        let second = post(&bob, "/v1/things", "wrong", &wrong).await.was(422);
        assert_eq!((second.header("idempotent-replayed"), &second.text), ("true", &first.text));
        let body = json!({ "groupId": team, "type": "note", "name": "n" });
        for key in [String::new(), "a b".to_owned(), "x".repeat(256)] {
            let answer = post(&bob, "/v1/things", &key, &body).await;
            answer.was_problem(400, "malformed_idempotency_key");
        }
        let two = keyed(&bob, Method::POST, "/v1/things", "a").header("idempotency-key", "b");
        bob.send(two.json(&body)).await.was_problem(400, "malformed_idempotency_key");
        post(&bob, "/v1/things", &"x".repeat(255), &body).await.was(201);
        // Nobody signed in is nobody's key, and reading needs none.
        post(&stage.nobody(), "/v1/things", "k", &body).await.was_problem(401, "unauthenticated");
        bob.send(keyed(&bob, Method::GET, "/v1/things", "a b")).await.was(200);
    })
    .await;
}

#[tokio::test]
async fn bulk_and_batch_happen_once_too() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "once-many").await;
        let item = json!({ "groupId": team, "type": "note", "name": "n" });
        let body = json!({ "items": vec![item.clone(); 10] });
        let first = post(&bob, "/v1/things/bulk", "many", &body).await.was(200);
        assert_eq!(post(&bob, "/v1/things/bulk", "many", &body).await.text, first.text);
        let step = json!({ "method": "POST", "path": "/v1/things", "body": item });
        let body = json!({ "operations": [step] });
        let first = post(&bob, "/v1/batch", "many", &body).await.was(200);
        assert_eq!(post(&bob, "/v1/batch", "many", &body).await.text, first.text);
        assert_eq!(rows(&bob, &format!("/v1/things?groupId={team}")).await.len(), 11);
        // An upsert that changes nothing is answered again all the same.
        let (a, b) = (note(&bob, &team, "a").await, note(&bob, &team, "b").await);
        let edge = json!({ "type": "part_of", "fromId": a, "toId": b });
        bob.post("/v1/connections", edge.clone()).await.was(201);
        for _ in 0..2 {
            post(&bob, "/v1/connections", "many", &edge).await.was(200);
        }
    })
    .await;
}

#[tokio::test]
async fn a_repetition_after_kill_nine_makes_nothing_twice() {
    alone_on_both(async |mut stage| {
        let alice = stage.alice();
        let body = |number: usize| {
            json!({ "groupId": stage.acme, "type": "note", "name": number.to_string() })
        };
        let mut all = JoinSet::new();
        for number in 0..40 {
            let (alice, body) = (alice.clone(), body(number));
            let key = format!("key-{number}");
            all.spawn(async move {
                let request = keyed(&alice, Method::POST, "/v1/things", &key).json(&body);
                alice.try_send(request).await.is_ok_and(|answer| answer.status == 201)
            });
        }
        // In the middle of it: some were answered, some were carried out, some never arrived.
        assert!(all.join_next().await.is_some());
        stage.server.kill();
        all.join_all().await;
        stage.server.run();
        let alice = alice.at(stage.server.url()).fresh();
        for number in 0..40 {
            let key = format!("key-{number}");
            let answer = post(&alice, "/v1/things", &key, &body(number)).await;
            // On PostgreSQL another node may be at it still, for all this one knows.
            let made = ["idempotency_answer_lost", "idempotency_in_progress"];
            assert!(answer.status == 201 || made.contains(&answer.code().as_str()), "{answer:?}");
        }
        let path = format!("/v1/things?groupId={}&type=note", stage.acme);
        let mut names = super::each(&alice.walk(&path).await, "name");
        names.sort_unstable_by_key(|name| name.parse::<usize>().unwrap());
        let wanted: Vec<String> = (0..40).map(|number| number.to_string()).collect();
        assert_eq!(names, wanted);
    })
    .await;
}
