use super::*;

#[test]
fn paths_are_known_under_every_prefix() {
    for (path, place) in [
        ("/v1/health", Place::Public),
        ("/api/v1/health", Place::Public),
        ("/api/health", Place::Public),
        ("/docs/swagger-ui.css", Place::Public),
        ("/openapi.json", Place::Public),
        ("/v1/setup", Place::Public),
        ("/v1/dev/mailbox", Place::Public),
        ("/v1/auth/magic-link/verify", Place::Door),
        ("/v1/auth/session", Place::Door),
        ("/v1/auth/sign-in/email", Place::Door),
        ("/api/auth/sign-up/email", Place::Door),
        ("/api/v1/auth/get-session", Place::Door),
        ("/v1/auth/refresh", Place::Door),
        ("/v1/auth/list-sessions", Place::Auth),
        ("/v1/auth/sign-in", Place::Auth),
        ("/v1/things", Place::Inside),
        ("/v1/api-keys", Place::Inside),
        ("/", Place::Inside),
    ] {
        assert_eq!(Place::of(path), place, "{path}");
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
        .collect()
}

fn told(sent: Result<Option<Sent<'_>>>) -> String {
    match sent {
        Ok(None) => "none".to_owned(),
        Ok(Some(Sent::Unreadable)) => "unreadable".to_owned(),
        Ok(Some(Sent::Credential(text))) => text.to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

#[test]
fn credentials_are_read_from_their_headers() {
    let bearer = |value: &str| told(bearer(&headers(&[("authorization", value)])));
    assert_eq!(bearer("Bearer ses_x"), "ses_x");
    assert_eq!(bearer("bearer  ses_x "), "ses_x");
    assert_eq!(bearer("Basic dXNlcg=="), "unreadable");
    assert_eq!(bearer("Bearer"), "unreadable");
    assert_eq!(bearer("Bearer "), "unreadable");
    assert_eq!(bearer(""), "unreadable");
    assert_eq!(told(super::bearer(&HeaderMap::new())), "none");

    const KEY: &str = "acme_gsk_0123456789012345678901234567890123456789012345678";
    let key = |value: &str| told(api_key(&headers(&[("x-api-key", value)])));
    assert_eq!(key(KEY), KEY);
    assert_eq!(key("gsk_x"), "unreadable");
    assert_eq!(key("ses_x"), "unreadable");

    let twice = headers(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
    assert_eq!(told(super::bearer(&twice)), "ambiguous_credentials");
    let same = headers(&[("authorization", "Bearer a"), ("authorization", "Bearer a")]);
    assert_eq!(told(super::bearer(&same)), "a");
}
