use http_body_util::BodyExt as _;

use super::*;

async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn whatever_stands_on_a_page_is_text() {
    let evil = "\"><script>alert('1')</script>&";
    let page = confirm(evil, evil, evil, evil, &[(evil, evil)]);
    let text = text(page).await;
    assert!(!text.contains("<script") && !text.contains("alert('"), "{text}");
    assert!(text.contains("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;"));
}

#[test]
fn a_page_runs_nothing_and_loads_nothing() {
    let policy = |hidden: &[(&str, &str)]| {
        let page = confirm("t", "s", "b", "/v1/auth/verify-email", hidden);
        assert_eq!(page.headers()["cache-control"], "no-store");
        assert_eq!(page.headers()["referrer-policy"], "same-origin");
        page.headers()["content-security-policy"].to_str().unwrap().to_owned()
    };
    let plain = policy(&[("token", "x"), ("callbackURL", "/a")]);
    assert!(plain.starts_with("default-src 'none'; style-src 'sha256-"), "{plain}");
    // Redirects that follow the form would be held to it, on the app's side too.
    assert!(!plain.contains("form-action"), "{plain}");
    assert_eq!(policy(&[("callbackURL", "https://a;script-src *")]), plain);
}

#[test]
fn programs_are_told_from_people() {
    let asks = |name: &'static str, value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        wants_json(&headers)
    };
    assert!(asks("accept", "application/json"));
    assert!(!asks("accept", "text/html;q=0.1, application/json;q=0.9"));
    assert!(asks("sec-fetch-mode", "cors"));
    assert!(!asks("sec-fetch-mode", "navigate"));
    assert!(!asks("accept", "text/html,application/xhtml+xml,*/*;q=0.8"));
    assert!(!asks("accept", "*/*"));
    assert!(!wants_json(&HeaderMap::new()));
}
