use axum::body::Body;
use http::Request;

use super::*;

fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri("/v1/things");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap().into_parts().0
}

fn code(method: &str, headers: &[(&str, &str)]) -> String {
    let allowed = Origins::new(&["https://app.example".to_owned()], false);
    match check_origin(&parts(method, headers), &allowed) {
        Ok(()) => "ok".to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

#[test]
fn unsafe_methods_need_our_own_or_an_allowed_origin() {
    let host = ("host", "api.example:8080");
    for (method, headers, expected) in [
        ("GET", vec![host], "ok"),
        ("GET", vec![host, ("origin", "https://evil.example")], "ok"),
        ("POST", vec![host], "missing_or_null_origin"),
        ("POST", vec![host, ("origin", "null")], "missing_or_null_origin"),
        ("POST", vec![host, ("origin", "")], "missing_or_null_origin"),
        ("POST", vec![host, ("origin", "https://api.example:8080")], "ok"),
        ("POST", vec![host, ("origin", "https://API.example:8080")], "ok"),
        ("POST", vec![host, ("origin", "https://api.example")], "invalid_origin"),
        ("POST", vec![host, ("origin", "https://evil.example")], "invalid_origin"),
        ("DELETE", vec![host, ("origin", "https://app.example.evil.example")], "invalid_origin"),
        ("PATCH", vec![host, ("origin", "https://app.example")], "ok"),
        ("POST", vec![("origin", "https://api.example:8080")], "invalid_origin"),
        (
            "POST",
            vec![host, ("origin", "https://api.example:8080"), ("sec-fetch-site", "cross-site")],
            "invalid_origin",
        ),
        (
            "POST",
            vec![host, ("origin", "https://app.example"), ("sec-fetch-site", "cross-site")],
            "ok",
        ),
    ] {
        assert_eq!(code(method, &headers), expected, "{method} {headers:?}");
    }
}

#[test]
fn a_page_over_http_is_not_our_own_where_the_public_comes_by_https() {
    let with = |url: &str, origin: &str| {
        let headers = [("host", "six.example"), ("origin", origin)];
        check_origin(&parts("POST", &headers), &Origins::default().with(url)).is_ok()
    };
    assert!(with("https://six.example", "https://six.example"));
    assert!(!with("https://six.example", "http://six.example"));
    assert!(with("http://six.example", "http://six.example"));
    // By another name, behind a proxy that keeps it.
    assert!(with("https://other.example", "https://six.example"));
    assert!(!with("https://other.example", "http://six.example"));
}

#[test]
fn localhost_is_allowed_in_development_only() {
    let development = Origins::new(&[], true);
    let production = Origins::new(&[], false);
    for good in ["http://localhost:5173", "http://127.0.0.1:1", "http://localhost"] {
        assert!(development.allows(good.as_bytes()), "{good}");
        assert!(!production.allows(good.as_bytes()), "{good}");
    }
    for bad in [
        "http://localhost:",
        "http://localhost:80x",
        "http://localhost.evil.example",
        "http://localhost:80.evil.example",
        "http://localhost@evil.example",
        "http://127.0.0.1.evil.example",
        "https://evil.example",
        "null",
    ] {
        assert!(!development.allows(bad.as_bytes()), "{bad}");
    }
}

#[test]
fn a_public_url_becomes_an_origin() {
    let origins = Origins::default().with("https://Sixfold.example:8443/base/");
    assert!(origins.allows(b"https://sixfold.example:8443"));
    assert!(!origins.allows(b"https://sixfold.example"));
    assert!(!Origins::default().with("nonsense").any());
}

#[test]
fn an_origin_has_no_path_and_no_wildcard() {
    for good in
        ["https://app.example", "http://localhost:3000", "http://[::1]:80", "capacitor://localhost"]
    {
        assert!(is_origin(good), "{good}");
    }
    for bad in
        ["*", "https://*.example", "https://app.example/", "app.example", "https://", "null", ""]
    {
        assert!(!is_origin(bad), "{bad}");
    }
}
