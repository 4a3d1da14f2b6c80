use serde_json::{Value, json};

use crate::on_each;

on_each!(a_bad_credential_in_a_header_is_refused_and_a_bad_cookie_is_none, |stage| {
    let with = async |headers: &[(&str, &str)]| stage.send("GET", "/v1/me", headers, None).await;
    for headers in [
        [("authorization", "Bearer junk")],
        [("authorization", "Bearer ses_unknown")],
        [("authorization", "Basic YWRhOnB3")],
        [("x-api-key", "ses_x")],
        [("x-api-key", "gsk_unknown")],
    ] {
        let answer = with(&headers).await;
        assert_eq!(answer.code(), (401, "invalid_token"), "{headers:?}");
        assert!(answer.headers.contains_key("www-authenticate"));
    }
    for cookie in ["sixfold_session=ses_unknown", "sixfold_session=junk", "sixfold_session="] {
        let answer = with(&[("cookie", cookie)]).await;
        assert_eq!((answer.status, answer.body["person"].clone()), (200, Value::Null));
    }
    // A foreign token: signed with another house's key.
    let foreign = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyIn0.";
    let answer = with(&[("authorization", &format!("Bearer {foreign}"))]).await;
    assert_eq!(answer.code(), (401, "invalid_token"));
});

on_each!(a_cookie_changes_things_from_our_own_pages_only, |stage| {
    let alice = stage.sign_up("alice").await;
    let cookie = alice.cookie();
    let with = async |method: &str, path: &str, headers: &[(&str, &str)]| {
        let mut headers = headers.to_vec();
        headers.push(("cookie", &cookie));
        stage.send(method, path, &headers, None).await
    };
    assert_eq!(with("GET", "/v1/me", &[("origin", "https://evil.example")]).await.status, 200);
    let none = with("POST", "/v1/me", &[]).await;
    assert_eq!(none.code(), (403, "missing_or_null_origin"));
    let evil = with("POST", "/v1/me", &[("origin", "https://evil.example")]).await;
    assert_eq!(evil.code(), (403, "invalid_origin"));
    let own = with("POST", "/v1/me", &[("origin", "http://localhost:8080")]).await;
    assert_eq!(own.text("/person"), alice.text("/user/personId"));
    // In the client's words at its door.
    let door = with("POST", "/v1/auth/sign-out", &[("origin", "https://evil.example")]).await;
    assert_eq!(door.code(), (403, "INVALID_ORIGIN"));
    let door = with("POST", "/v1/auth/sign-out", &[]).await;
    assert_eq!(door.code(), (403, "MISSING_OR_NULL_ORIGIN"));
    // A token in a header needs no origin.
    let bearer = format!("Bearer {}", alice.text("/token"));
    let both = with("POST", "/v1/me", &[("authorization", &bearer)]).await;
    assert_eq!(both.status, 200);
});

on_each!(credentials_that_disagree_are_ambiguous, |stage| {
    let (alice, bob) = (stage.sign_up("alice").await, stage.sign_up("bob").await);
    let bearer = format!("Bearer {}", alice.text("/token"));
    let with = async |headers: &[(&str, &str)]| stage.send("GET", "/v1/me", headers, None).await;
    let same = with(&[("authorization", &bearer), ("cookie", &alice.cookie())]).await;
    assert_eq!(same.status, 200);
    let other = with(&[("authorization", &bearer), ("cookie", &bob.cookie())]).await;
    assert_eq!(other.code(), (400, "ambiguous_credentials"));

    let body = json!({
        "name": "k", "permissions": ["things:read"], "groupId": alice.text("/user/personalGroupId")
    });
    let key = stage.as_bearer("POST", "/v1/api-keys", &alice.text("/token"), body).await;
    let key = key.text("/key");
    let mixed = with(&[("authorization", &bearer), ("x-api-key", &key)]).await;
    assert_eq!(mixed.code(), (400, "ambiguous_credentials"));
    let twice = with(&[("authorization", &format!("Bearer {key}")), ("x-api-key", &key)]).await;
    assert_eq!(twice.status, 200);
});
