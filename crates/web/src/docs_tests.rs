use http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;
use utoipa::openapi::{InfoBuilder, OpenApiBuilder};

use super::*;
use crate::test_kit::{self, send};
use crate::{Edge, Origins, Settings};

fn router() -> Router {
    let info = InfoBuilder::new().title("Sixfold").version("1").build();
    let openapi = OpenApiBuilder::new().info(info).build();
    let edge = Edge::new(&Settings::default(), Origins::default());
    openapi_routes(&openapi).unwrap().layer(edge.layer())
}

#[tokio::test]
async fn the_document_is_served_once_per_version() {
    let router = router();
    let answer = test_kit::get(&router, "/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.json()["info"]["title"], "Sixfold");
    let tag = answer.header("etag");
    let again = Request::get("/openapi.json").header("if-none-match", tag);
    let again = send(&router, again.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let router = router();
    let moved = test_kit::get(&router, "/docs").await;
    assert_eq!((moved.status, moved.header("location")), (308, "docs/"));
    let page = test_kit::get(&router, "/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    // What the policy forbids is not there: code in the page, files of other hosts.
    for tag in page.text.split('<').filter(|tag| tag.starts_with("script")) {
        assert!(tag.contains("src=\"./"), "{tag}");
    }
    assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
    for file in page.text.split("./").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let file =
            send(&router, Request::head(format!("/docs/{file}")).body(Body::empty()).unwrap())
                .await;
        assert_eq!(file.status, 200);
    }
    let start = test_kit::get(&router, "/docs/swagger-initializer.js").await;
    assert!(
        start.text.contains("/openapi.json") && start.text.contains("\"none\""),
        "{}",
        start.text
    );
    assert_eq!(test_kit::get(&router, "/docs/nothing.js").await.code(), "not_found");
}

#[tokio::test]
async fn files_are_not_copied_for_each_who_asks() {
    let mut all = Vec::new();
    for _ in 0..2 {
        let request = Request::get("/docs/swagger-ui-bundle.js").body(Body::empty()).unwrap();
        let response = router().oneshot(request).await.unwrap();
        all.push(response.into_body().collect().await.unwrap().to_bytes());
    }
    assert_eq!(all[0].as_ptr(), all[1].as_ptr());
}
