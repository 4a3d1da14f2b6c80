//! The 37 endpoints of the six dimensions, each asked once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::people::{Answer, Person};
use crate::stage::on_both;

/// Asks and counts.
struct Asking<'p> {
    person: &'p Person,
    asked: Vec<String>,
}

impl Asking<'_> {
    /// `pattern` is the path as it is described, `path` as it is asked.
    async fn ask(
        &mut self,
        method: Method,
        pattern: &str,
        path: &str,
        body: Value,
        status: u16,
    ) -> Answer {
        self.asked.push(format!("{} /v1{pattern}", method.as_str().to_lowercase()));
        let request = self.person.request(method, &format!("/v1{path}"));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = self.person.send(request).await.was(status);
        if status != 204 {
            assert!(answer.json().is_object(), "{answer:?}");
        }
        answer
    }
}

#[tokio::test]
async fn the_thirty_seven_endpoints_are_there_and_described() {
    on_both(async |stage| {
        let alice = stage.alice();
        let mut all = Asking { person: &alice, asked: Vec::new() };
        let (get, post) = (Method::GET, Method::POST);
        let (patch, delete) = (Method::PATCH, Method::DELETE);
        let no = Value::Null;
        macro_rules! ask {
            ($method:ident, $pattern:literal, $path:expr, $body:expr, $status:literal) => {
                all.ask($method.clone(), $pattern, &$path, $body, $status).await
            };
        }
        let body = json!({ "slug": "endpoints", "name": "n", "type": "business" });
        let group = ask!(post, "/groups", "/groups", body, 201).id();
        ask!(get, "/groups", "/groups", no.clone(), 200);
        ask!(get, "/groups/{id}", format!("/groups/{group}"), no.clone(), 200);
        ask!(patch, "/groups/{id}", format!("/groups/{group}"), json!({ "name": "m" }), 200);
        ask!(get, "/groups/{id}/children", format!("/groups/{group}/children"), no.clone(), 200);

        let body = json!({ "groupId": group, "displayName": "Rec" });
        let person = ask!(post, "/people", "/people", body, 201).id();
        ask!(get, "/people", format!("/people?groupId={group}"), no.clone(), 200);
        ask!(get, "/people/{id}", format!("/people/{person}"), no.clone(), 200);
        ask!(patch, "/people/{id}", format!("/people/{person}"), json!({ "bio": "b" }), 200);
        ask!(get, "/people/{id}/groups", format!("/people/{person}/groups"), no.clone(), 200);
        let from = format!("/people/{person}?groupId={group}");
        ask!(delete, "/people/{id}", from, no.clone(), 204);

        let body = json!({ "groupId": group, "type": "note", "name": "n" });
        let thing = ask!(post, "/things", "/things", body.clone(), 201).id();
        let other = alice.post("/v1/things", body).await.was(201).id();
        ask!(get, "/things", format!("/things?groupId={group}"), no.clone(), 200);
        ask!(get, "/things/{id}", format!("/things/{thing}"), no.clone(), 200);
        ask!(patch, "/things/{id}", format!("/things/{thing}"), json!({ "name": "m" }), 200);
        let path = format!("/things/{thing}/connections");
        ask!(get, "/things/{id}/connections", path, no.clone(), 200);
        ask!(get, "/things/{id}/events", format!("/things/{thing}/events"), no.clone(), 200);

        let body = json!({ "type": "part_of", "fromId": thing, "toId": other });
        let edge = ask!(post, "/connections", "/connections", body, 201).id();
        ask!(get, "/connections", format!("/connections?groupId={group}"), no.clone(), 200);
        ask!(get, "/connections/{id}", format!("/connections/{edge}"), no.clone(), 200);
        let path = format!("/connections/from/{thing}");
        ask!(get, "/connections/from/{id}", path, no.clone(), 200);
        ask!(get, "/connections/to/{id}", format!("/connections/to/{other}"), no.clone(), 200);
        ask!(delete, "/connections/{id}", format!("/connections/{edge}"), no.clone(), 204);
        ask!(delete, "/things/{id}", format!("/things/{thing}"), no.clone(), 204);

        let body = json!({ "groupId": group, "type": "content_event" });
        let event = ask!(post, "/events", "/events", body, 201).id();
        ask!(get, "/events", format!("/events?groupId={group}"), no.clone(), 200);
        ask!(get, "/events/{id}", format!("/events/{event}"), no.clone(), 200);
        ask!(get, "/events/actor/{id}", format!("/events/actor/{}", alice.id), no.clone(), 200);
        ask!(get, "/events/target/{id}", format!("/events/target/{thing}"), no.clone(), 200);
        ask!(get, "/events/timeline", "/events/timeline", no.clone(), 200);

        let body = json!({ "groupId": group, "type": "document", "text": "words" });
        let known = ask!(post, "/knowledge", "/knowledge", body, 201).id();
        ask!(get, "/knowledge", format!("/knowledge?groupId={group}"), no.clone(), 200);
        ask!(get, "/knowledge/{id}", format!("/knowledge/{known}"), no.clone(), 200);
        let body = json!({ "groupId": group, "text": "words" });
        ask!(post, "/knowledge/embed", "/knowledge/embed", body, 200);
        ask!(post, "/knowledge/search", "/knowledge/search", json!({ "query": "words" }), 200);
        ask!(delete, "/knowledge/{id}", format!("/knowledge/{known}"), no.clone(), 204);
        ask!(delete, "/groups/{id}", format!("/groups/{group}"), no.clone(), 204);

        let mut asked = all.asked;
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), 37, "{asked:#?}");
        let described = alice.get("/openapi.json").await.was(200).json();
        for one in asked {
            let (method, path) = one.split_once(' ').unwrap_or_default();
            assert!(described["paths"][path][method].is_object(), "{one} is not described");
        }
    })
    .await;
}
