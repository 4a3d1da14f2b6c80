//! Analyzing websites that a real server serves, friendly and hostile ones.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use serde_json::{Value, json};

use super::refused;
use crate::people::Person;
use crate::stage::alone_on_both;

macro_rules! page {
    ($name:literal) => {
        include_str!(concat!("../../../../website/tests/pages/", $name))
    };
}

/// A website at this machine; its address.
async fn website() -> String {
    let serve = |kind: &'static str, body: Vec<u8>| {
        get(move || std::future::ready(([(CONTENT_TYPE, kind)], body.clone())))
    };
    let html = |body: &str| serve("text/html; charset=utf-8", body.as_bytes().to_vec());
    let deep = "<div>".repeat(390_000);
    let wide = format!("<p {}>still here</p>", "a=\"<\" ".repeat(250_000));
    let unclosed = format!("{}{}", "<b>".repeat(200_000), "</i>".repeat(300_000));
    let broken =
        [b"<title>\xff\xfe caf\xe9</title><p style=\"color:#\xff\">\x00".as_slice(), &[0xc3; 9000]]
            .concat();
    let router = Router::new()
        .route("/bakery", html(page!("bakery.html")))
        .route("/cdn/shop/bakery.css", serve("text/css", page!("bakery.css").into()))
        .route("/blog", html(page!("blog.html")))
        .route("/courses", html(page!("courses.html")))
        .route("/empty", html(page!("empty.html")))
        .route("/latin", serve("text/html; charset=iso-8859-1", b"<title>Caf\xe9</title>".to_vec()))
        .route("/deep", html(&deep))
        .route("/wide", html(&wide))
        .route("/unclosed", html(&unclosed))
        .route("/broken", serve("text/html", broken))
        .route("/huge", html(&"<div>".repeat(2_000_000)))
        .route("/picture", serve("image/png", Vec::new()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn analyze(person: &Person, url: &str) -> Value {
    let body = wish(url);
    person.post("/v1/onboarding/analyze", body).await.was(200).json()
}

fn wish(url: &str) -> Value {
    json!({ "url": url, "name": "Ada", "organizationName": "Fallback Inc",
        "email": "ada@example.com" })
}

fn has(list: &Value, names: &[&str]) {
    let list: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for name in names {
        assert!(list.contains(name), "{name}: {list:?}");
    }
}

#[tokio::test]
async fn a_shop_a_blog_and_a_school_are_known_by_their_pages() {
    alone_on_both(async |stage| {
        let (alice, site) = (stage.alice(), website().await);
        let shop = analyze(&alice, &format!("{site}/bakery")).await;
        let found = &shop["analysis"];
        assert_eq!(found["brandName"], "Engine Bakery");
        assert_eq!(found["description"], "Bread, baked with love since 1843.");
        assert_eq!(found["colors"], json!(["#B5651D", "#2E8A56", "#2E8B57", "#333333", "#FFFAF0"]));
        assert_eq!(found["fonts"], json!(["Lora", "Georgia", "Playfair Display"]));
        assert_eq!(found["logo"], format!("{site}/cdn/shop/files/logo.svg"));
        assert_eq!(
            (&found["tone"], &found["businessModel"]),
            (&json!("friendly"), &json!("e-commerce"))
        );
        has(&found["contentTypes"], &["products", "newsletter"]);
        has(&found["techStack"], &["Shopify", "Google Fonts"]);
        has(&found["communityFeatures"], &["social-media", "member-area"]);
        let types = &shop["ontologyMapping"]["thingTypes"];
        has(types, &["creator", "organization", "website", "digital_product", "product"]);
        let colors = &shop["brandGuide"]["brand"]["colors"];
        assert_eq!(
            (&colors["primary"], &colors["secondary"]),
            (&json!("#B5651D"), &json!("#2E8A56"))
        );
        let guide = shop["brandGuide"]["markdown"].as_str().unwrap_or_default();
        assert!(guide.contains("--color-primary: #B5651D;"), "{guide}");
        let features = shop["recommendations"].to_string();
        assert!(features.contains("product-store") && !features.contains("course-platform"));

        let blog = analyze(&alice, &format!("{site}/blog")).await;
        assert_eq!(blog["analysis"]["brandName"], "The Green Page");
        assert_eq!(blog["analysis"]["tone"], "inspiring");
        has(&blog["analysis"]["techStack"], &["WordPress", "jQuery"]);
        has(&blog["analysis"]["communityFeatures"], &["comments"]);
        has(&blog["ontologyMapping"]["thingTypes"], &["blog_post"]);

        let school = analyze(&alice, &format!("{site}/courses")).await;
        assert_eq!(school["analysis"]["businessModel"], "education");
        has(&school["analysis"]["techStack"], &["Next.js", "React", "Stripe"]);
        has(
            &school["analysis"]["contentTypes"],
            &["courses", "video", "community", "subscriptions"],
        );
        has(
            &school["ontologyMapping"]["thingTypes"],
            &["course", "lesson", "video", "media_asset"],
        );

        let empty = analyze(&alice, &format!("{site}/empty")).await;
        assert_eq!(empty["analysis"]["brandName"], "Fallback Inc");
        assert_eq!(empty["brandGuide"]["brand"]["colors"]["primary"], "#000000");
        assert_eq!(empty["brandGuide"]["brand"]["fonts"]["body"], "Inter");
        let latin = analyze(&alice, &format!("{site}/latin")).await;
        assert_eq!(latin["analysis"]["brandName"], "Café");

        let body = json!({ "name": "Engine Bakery", "slug": "engine-bakery",
            "website": found["url"], "brand": shop["brandGuide"]["brand"], "thingTypes": types,
            "features": ["landing-page", "product-store"] });
        let made = alice.post("/v1/onboarding/groups", body.clone()).await.was(201);
        assert_eq!(made.json()["metadata"]["brand"], shop["brandGuide"]["brand"]);
        alice.get(made.header("location")).await.was(200);
        let mut wrong = body.clone();
        wrong["brand"]["colors"]["accent"] = json!("red; }");
        wrong["features"] = json!(["teleport"]);
        let answer = alice.post("/v1/onboarding/groups", wrong).await;
        refused(answer, "/brand/colors/accent", "invalid_colour");
        alice.post("/v1/onboarding/groups", body).await.was_problem(409, "slug_taken");
    })
    .await;
}

#[tokio::test]
async fn hostile_pages_cost_little_and_inner_addresses_are_not_read() {
    alone_on_both(async |stage| {
        let (bob, site) = (stage.bob(), website().await);
        for path in ["deep", "wide", "unclosed", "broken"] {
            analyze(&bob, &format!("{site}/{path}")).await;
        }
        for (url, code) in [
            (format!("{site}/huge"), "page_too_large"),
            (format!("{site}/picture"), "page_of_wrong_type"),
            (format!("{site}/missing"), "page_not_found"),
            ("http://127.0.0.2/".to_owned(), "page_unreachable"),
            ("http://169.254.169.254/latest/meta-data/".to_owned(), "page_unreachable"),
        ] {
            refused(bob.post("/v1/onboarding/analyze", wish(&url)).await, "/url", code);
        }
        // What is wrong in itself is not counted; these nine and one more are ten.
        refused(bob.post("/v1/onboarding/analyze", wish("no")).await, "/url", "invalid_address");
        analyze(&bob, &format!("{site}/empty")).await;
        let answer = bob.post("/v1/onboarding/analyze", wish(&site)).await;
        answer.was_problem(429, "rate_limited");
        let answer = stage.nobody().post("/v1/onboarding/analyze", wish(&site)).await;
        answer.was_problem(401, "unauthenticated");
    })
    .await;
}
