//! The mailbox of development, by its door.

use identity::{Settings, Surroundings};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::on_each;

const BOX: &str = "/v1/dev/mailbox";

on_each!(letters_are_read_by_their_names_and_emptied, |stage| {
    let empty = stage.send("GET", BOX, &[], None).await;
    assert_eq!((empty.status, empty.body), (200, json!([])));
    let asked = json!({ "email": "ada@example.com" });
    assert_eq!(stage.post("/v1/auth/sign-in/magic-link", asked).await.status, 200);
    let letter = stage.letter("magic_link", "ada@example.com").await;
    let all = stage.send("GET", BOX, &[("authorization", "Bearer ses_gone")], None).await;
    assert_eq!(all.status, 200, "an old credential does not matter");
    let first = all.body[0].as_object().unwrap();
    let mut keys: Vec<&str> = first.keys().map(String::as_str).collect();
    keys.sort_unstable();
    let of_a_letter =
        ["at", "code", "html", "kind", "subject", "text", "to", "token", "unsubscribe", "url"];
    assert_eq!(keys, of_a_letter);
    assert_eq!(first["kind"], "magic_link");
    assert_eq!(first["to"], "ada@example.com");
    assert_eq!(first["token"], Value::String(letter.token.clone()));
    assert!(first["url"].as_str().unwrap().contains(&letter.token));
    assert!(letter.text.contains(&letter.url));
    assert_eq!(stage.send("DELETE", BOX, &[], None).await.status, 204);
    assert_eq!(stage.send("GET", BOX, &[], None).await.body, json!([]));
});

on_each!(pages_that_had_their_name_lead_here_read_no_letters, |stage| {
    for (host, status) in [
        ("localhost:8080", 200),
        ("127.0.0.1:9", 200),
        ("[::1]:8080", 200),
        ("localhost", 200),
        ("evil.example:8080", 404),
        ("localhost.evil.example", 404),
        ("127.0.0.1.evil.example", 404),
    ] {
        for method in ["GET", "DELETE"] {
            let answer = stage.send(method, BOX, &[("host", host)], None).await;
            let expected = if status == 200 && method == "DELETE" { 204 } else { status };
            assert_eq!(answer.status, expected, "{method} {host}");
        }
    }
});

on_each!(in_production_there_is_no_mailbox, |stage| {
    let origins = web::Origins::default();
    let surroundings = Surroundings {
        public_url: "https://sixfold.example".to_owned(),
        origins: origins.clone(),
        development: false,
    };
    let house = identity::new(stage.app.clone(), Settings::default(), surroundings).unwrap();
    let (routes, _) = identity::router().split_for_parts();
    let router = axum::Router::new()
        .merge(routes.with_state(house.clone()))
        .layer(axum::middleware::from_fn_with_state(house, identity::authenticate))
        .layer(web::Edge::new(&web::Settings::default(), origins).layer());
    for method in ["GET", "DELETE"] {
        let request = http::Request::builder().method(method).uri(BOX);
        let request = request.body(axum::body::Body::empty()).unwrap();
        assert_eq!(router.clone().oneshot(request).await.unwrap().status(), 404);
    }
});
