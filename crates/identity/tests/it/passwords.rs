use axum::Router;
use axum::body::Body;
use http::Request;
use identity::{Settings, Surroundings};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::on_each;

on_each!(a_password_can_be_asked_about_before_it_is_chosen, |stage| {
    let ask = async |body: Value| stage.post("/v1/auth/check-password", body).await;
    let good = ask(json!({ "password": "violet-kettle-harbour-93" })).await;
    assert_eq!(good.status, 200, "{}", good.body);
    assert_eq!(good.body["acceptable"], true);
    assert_eq!(good.body["score"], 4);
    assert_eq!(good.body["problems"], json!([]));

    let code = |answer: &crate::stage::Answer| answer.text("/problems/0/code");
    let common = ask(json!({ "password": "Password1234" })).await;
    assert_eq!(
        (common.body["acceptable"].clone(), code(&common)),
        (json!(false), "PASSWORD_TOO_COMMON".into())
    );
    assert!(common.body["score"].as_u64().unwrap() <= 1);
    let short = ask(json!({ "password": "kettle" })).await;
    assert_eq!(code(&short), "PASSWORD_TOO_SHORT");
    let own = ask(json!({ "password": "lovelace-1815", "name": "Ada Lovelace" })).await;
    assert_eq!(code(&own), "PASSWORD_CONTAINS_CONTEXT");
    let own = ask(json!({ "password": "countess-1815", "email": "countess@example.com" })).await;
    assert_eq!(code(&own), "PASSWORD_CONTAINS_CONTEXT");
    // However long: what is estimated is bounded.
    let long = ask(json!({ "password": "a1!".repeat(40_000) })).await;
    assert_eq!((long.status, code(&long)), (200, "PASSWORD_TOO_LONG".into()));
    let wild =
        ask(json!({ "password": "qwertyASDFGH123456".repeat(60), "name": "x".repeat(9_000) }))
            .await;
    assert_eq!(wild.status, 200);

    assert_eq!(ask(json!({})).await.code(), (400, "VALIDATION_ERROR"));
    assert_eq!(ask(json!({ "password": "x", "pin": 1 })).await.code(), (400, "VALIDATION_ERROR"));
    assert!(stage.events().await.iter().all(|kind| kind == "group_created"));
});

on_each!(signing_up_holds_a_password_to_the_same_rules, |stage| {
    for (password, code) in [
        ("short", "PASSWORD_TOO_SHORT"),
        ("password1234", "PASSWORD_TOO_COMMON"),
        ("123456789012", "PASSWORD_TOO_COMMON"),
        ("countess-1815", "PASSWORD_CONTAINS_CONTEXT"),
        ("lovelaceLOVELACE", "PASSWORD_CONTAINS_CONTEXT"),
        ("sixfold-2026", "PASSWORD_CONTAINS_CONTEXT"),
    ] {
        let body = json!({ "name": "Ada Lovelace", "email": "countess@example.com",
            "password": password });
        let answer = stage.post("/v1/auth/sign-up/email", body).await;
        assert_eq!(answer.code(), (400, code), "{password}");
        assert!(!answer.body.to_string().contains(password));
    }
    assert_eq!(stage.count("select count(*) from users").await, 0);
});

on_each!(who_asks_too_often_has_to_wait, |stage| {
    let settings = Settings { tries_per_minute: 3, ..Settings::default() };
    let surroundings = Surroundings {
        public_url: "http://localhost:8080".to_owned(),
        origins: web::Origins::default(),
        development: true,
    };
    let house = identity::new(stage.app.clone(), settings, surroundings).unwrap();
    let (routes, _) = identity::router().split_for_parts();
    let router = Router::new()
        .merge(routes.with_state(house.clone()))
        .layer(axum::middleware::from_fn_with_state(house, identity::authenticate));
    let ask = async || {
        let request = Request::post("/v1/auth/check-password")
            .header("content-type", "application/json")
            .body(Body::from(json!({ "password": "kettle" }).to_string()))
            .unwrap();
        router.clone().oneshot(request).await.unwrap()
    };
    for _ in 0..3 {
        assert_eq!(ask().await.status(), 200);
    }
    let refused = ask().await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    stage.pass(std::time::Duration::from_secs(61));
    assert_eq!(ask().await.status(), 200);
});
