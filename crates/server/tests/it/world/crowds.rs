//! Two hundred at once: what may be there once is there once, and what is acknowledged is kept.

use std::collections::HashMap;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{log, note, rows, team};
use crate::people::{Answer, Person};
use crate::stage::on_both;

const CROWD: usize = 200;

/// The same request by everybody at once.
async fn crowd(person: &Person, request: impl Fn(&Person, usize) -> RequestBuilder) -> Vec<Answer> {
    let mut all = JoinSet::new();
    for number in 0..CROWD {
        let (person, request) = (person.clone(), request(person, number));
        all.spawn(async move { person.send(request).await });
    }
    all.join_all().await
}

fn statuses(answers: &[Answer]) -> HashMap<u16, usize> {
    let mut all = HashMap::new();
    for answer in answers {
        *all.entry(answer.status).or_default() += 1;
    }
    all
}

#[tokio::test]
async fn of_two_hundred_same_labels_there_is_one() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "crowd-labels").await;
        let body = json!({ "groupId": team, "type": "label", "text": "topic:crowd" });
        let ask = |bob: &Person, _| bob.request(Method::POST, "/v1/knowledge").json(&body);
        let answers = crowd(&bob, ask).await;
        assert_eq!(statuses(&answers), HashMap::from([(201, 1), (200, CROWD - 1)]));
        let all = rows(&bob, &format!("/v1/knowledge?groupId={team}")).await;
        assert_eq!(all.len(), 1);
        assert!(answers.iter().all(|answer| answer.json()["id"] == all[0]["id"]));
        let told = log(&bob, &team).await;
        assert_eq!(told.iter().filter(|event| event["type"] == "knowledge_created").count(), 1);
    })
    .await;
}

#[tokio::test]
async fn of_two_hundred_changes_of_one_version_one_is_made() {
    on_both(async |stage| {
        let bob = stage.bob();
        let id = note(&bob, &stage.acme, "one").await;
        let path = format!("/v1/things/{id}");
        let answers = crowd(&bob, |bob, number| {
            let request = bob.request(Method::PATCH, &path).header("if-match", "\"1\"");
            request.json(&json!({ "name": number.to_string() }))
        })
        .await;
        assert_eq!(statuses(&answers), HashMap::from([(200, 1), (412, CROWD - 1)]));
        let winner = answers.iter().find(|answer| answer.status == 200).map(Answer::json);
        assert_eq!(Some(bob.get(&path).await.was(200).json()), winner);
        assert_eq!(rows(&bob, &format!("{path}/events")).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn of_two_hundred_same_connections_there_is_one() {
    on_both(async |stage| {
        let bob = stage.bob();
        let (a, b) = (note(&bob, &stage.acme, "a").await, note(&bob, &stage.acme, "b").await);
        let body = json!({ "type": "part_of", "fromId": a, "toId": b });
        let ask = |bob: &Person, _| bob.request(Method::POST, "/v1/connections").json(&body);
        let answers = crowd(&bob, ask).await;
        assert_eq!(statuses(&answers), HashMap::from([(201, 1), (200, CROWD - 1)]));
        assert_eq!(rows(&bob, &format!("/v1/connections/from/{a}")).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn of_two_hundred_who_want_one_slug_one_gets_it() {
    on_both(async |stage| {
        let carol = stage.carol();
        let body = json!({ "slug": "crowd-slug", "name": "n", "type": "dao" });
        let ask = |carol: &Person, _| carol.request(Method::POST, "/v1/groups").json(&body);
        let answers = crowd(&carol, ask).await;
        assert_eq!(statuses(&answers), HashMap::from([(201, 1), (409, CROWD - 1)]));
        let lost = |answer: &Answer| answer.status == 201 || answer.code() == "slug_taken";
        assert!(answers.iter().all(lost));
    })
    .await;
}

#[tokio::test]
async fn two_hundred_who_write_at_once_all_find_what_they_wrote() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "crowd-things").await;
        let start = log(&bob, &team).await.len();
        let mut all = JoinSet::new();
        for number in 0..CROWD {
            let name = number.to_string();
            let body = json!({ "groupId": team, "type": "note", "name": name });
            let bob = bob.clone();
            all.spawn(async move {
                let made = bob.post("/v1/things", body).await.was(201);
                let path = made.header("location");
                assert_eq!(bob.get(path).await.was(200).json(), made.json());
                bob.patch(path, json!({ "name": "changed" })).await
            });
        }
        assert_eq!(statuses(&all.join_all().await), HashMap::from([(200, CROWD)]));
        let things = bob.walk(&format!("/v1/things?groupId={team}")).await;
        assert_eq!(things.len(), CROWD);
        let right = |thing: &&Value| thing["name"] == "changed" && thing["version"] == 2;
        assert_eq!(things.iter().filter(right).count(), CROWD);
        assert_eq!(log(&bob, &team).await.len(), start + 2 * CROWD);
    })
    .await;
}
