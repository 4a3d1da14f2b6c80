use http::{HeaderMap, HeaderValue, header};

use super::Credentials;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

fn texts(credentials: &Credentials) -> Vec<String> {
    let text = |(name, value): &(header::HeaderName, HeaderValue)| {
        format!("{name}: {}", value.to_str().expect("text"))
    };
    credentials.0.iter().map(text).collect()
}

#[test]
fn of_a_request_only_what_tells_who_sent_it_is_kept() {
    let shown = Credentials::shown(&headers(&[
        ("host", "here"),
        ("user-agent", "a long story"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("sec-websocket-key", "key"),
        ("x-forwarded-for", "10.0.0.1"),
    ]));
    assert_eq!(texts(&shown), ["cookie: a=1", "cookie: b=2", "host: here"]);
    let kept = Credentials::of(None, shown).expect("the cookie counts");
    assert_eq!(texts(&kept), ["cookie: a=1", "cookie: b=2", "host: here"]);
}

#[test]
fn a_token_counts_alone() {
    let shown = Credentials::shown(&headers(&[("cookie", "a=1")]));
    let kept = Credentials::of(Some(r#"{"token":"abc"}"#), shown).expect("a token");
    assert_eq!(texts(&kept), ["authorization: Bearer abc"]);
}

#[test]
fn a_connect_packet_that_says_something_else_is_refused() {
    for auth in ["7", "\"abc\"", "{\"token\":1}", "{"] {
        assert!(
            Credentials::of(Some(auth), Credentials::shown(&HeaderMap::new())).is_err(),
            "{auth}"
        );
    }
}
