//! The way there and back.

use serde_json::json;

use super::{SECOND, ada, back, leave, location, session, test, travel};

test!(somebody_new_gets_an_account_and_comes_in_again, async |stage, provider| {
    let body = json!({
        "provider": "house", "callbackURL": "/in", "newUserCallbackURL": "/welcome?a=1",
        "errorCallbackURL": "/oops", "scopes": ["calendar"], "loginHint": "ada",
        "additionalParams": { "prompt": "consent" }, "additionalData": { "any": "thing" },
        "requestSignUp": true,
    });
    let answer = stage.post("/v1/auth/sign-in/social", body.clone()).await;
    assert_eq!(answer.body["redirect"], true);
    assert_eq!(location(&answer), answer.text("/url"));
    let set = answer.headers["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("sixfold_oauth=") && set.contains("HttpOnly; SameSite=Lax"), "{set}");
    assert!(set.contains("Max-Age=600"), "{set}");
    let away = super::away(&answer);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "client 1"),
        ("redirect_uri", "http://localhost:8080/v1/auth/callback/house"),
        ("scope", "openid email profile calendar"),
        ("code_challenge_method", "S256"),
        ("login_hint", "ada"),
        ("prompt", "consent"),
    ] {
        assert_eq!(away.param(name), value);
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(away.param(name).len(), 43, "{name}");
    }

    let code = provider.agree(stage, &away, ada());
    let query = [("code", code.as_str()), ("state", &away.param("state")), ("scope", "x")];
    let done = back(stage, "house", &query, &away.cookie).await;
    assert_eq!((done.status, location(&done).as_str()), (302, "/welcome?a=1"));
    let token = session(&done).expect("a session");
    let me = stage.get("/v1/auth/get-session", &token).await;
    assert_eq!(me.text("/user/email"), "ada@example.com");
    assert_eq!(me.body["user"]["emailVerified"], true);
    assert_eq!(me.text("/user/name"), "Ada Lovelace");
    assert_eq!(me.text("/user/image"), "https://pictures.example/ada.png");

    let again = travel(stage, provider, ada()).await;
    assert_eq!(location(&again), "/in");
    let other = stage.get("/v1/auth/get-session", &session(&again).unwrap()).await;
    assert_eq!(other.text("/user/id"), me.text("/user/id"));
    assert_eq!(stage.count("select count(*) from users").await, 1);
    assert_eq!(stage.count("select count(*) from challenges").await, 0);
    assert_eq!(provider.asked("describe"), 1, "kept");
    assert_eq!(provider.asked("keys"), 1, "kept");

    let events = stage.events().await;
    let count = |kind: &str| events.iter().filter(|event| *event == kind).count();
    assert_eq!((count("account_linked"), count("user_login")), (1, 2), "{events:?}");
    let told = stage.told().await.replace(' ', "");
    assert!(told.contains(r#""method":"oauth","provider":"house""#), "{told}");
    for secret in ["example.com", "access-", "refresh-", "code-", "ada-1"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
});

test!(nobody_is_sent_to_a_provider_that_is_not_there, async |stage, provider| {
    let social = "/v1/auth/sign-in/social";
    for id in ["google", "nothing", ""] {
        let answer = stage.post(social, json!({ "provider": id })).await;
        assert_eq!(answer.code(), (404, "PROVIDER_NOT_FOUND"));
    }
    let form = stage.send("POST", "/v1/auth/callback/nothing", &[], None).await;
    assert_eq!(form.code(), (404, "PROVIDER_NOT_FOUND"));
    provider.inner().issuer_said = Some("https://issuer.evil.example".to_owned());
    let answer = stage.post(social, json!({ "provider": "house" })).await;
    assert_eq!(answer.code(), (503, "PROVIDER_UNAVAILABLE"), "another issuer's description");
    assert!(!answer.body.to_string().contains("127.0.0.1"), "{}", answer.body);
});

test!(nobody_is_led_off_the_list, async |stage, _provider| {
    for key in ["callbackURL", "newUserCallbackURL", "errorCallbackURL"] {
        for bad in [
            "//evil.example",
            "https:evil.example",
            "https:/evil.example",
            "\\evil.example",
            "/\\evil.example",
            "https://evil.example",
            "https://app.example.com@evil.example",
            "https://user:pass@app.example.com/",
            "%2f%2fevil.example",
            "/\u{9}/evil.example",
            "javascript:alert(1)",
            "https://app.example.com%2eevil.example",
            "",
        ] {
            let body = json!({ "provider": "house", key: bad });
            let answer = stage.post("/v1/auth/sign-in/social", body).await;
            assert_eq!(answer.code(), (403, "INVALID_CALLBACK_URL"), "{key} {bad}");
        }
    }
    assert_eq!(stage.count("select count(*) from challenges").await, 0);
});

test!(a_client_has_no_say_in_what_keeps_the_way_safe, async |stage, _provider| {
    for (key, value) in [
        ("additionalParams", json!({ "redirect_uri": "https://evil.example" })),
        ("additionalParams", json!({ "STATE": "mine" })),
        ("additionalParams", json!({ "code_challenge": "mine" })),
        ("additionalParams", json!({ "nonce": "mine" })),
        ("additionalParams", json!({ "client_id": "mine" })),
        ("additionalParams", json!({ "scope": "mine" })),
        ("additionalParams", json!({ "request_uri": "mine" })),
        ("additionalParams", json!({ "response_mode": "fragment" })),
        ("additionalParams", json!({ "a b": "c" })),
        ("additionalParams", json!({ "a": "x".repeat(2_000) })),
        ("scopes", json!(["two words"])),
        ("scopes", json!(vec!["a"; 40])),
        ("loginHint", json!("x".repeat(2_000))),
        ("colour", json!("blue")),
    ] {
        let body = json!({ "provider": "house", key: value });
        let answer = stage.post("/v1/auth/sign-in/social", body.clone()).await;
        assert_eq!(answer.code(), (400, "VALIDATION_ERROR"), "{body}");
    }
});

test!(hostile_host_headers_lead_nowhere, async |stage, provider| {
    let hostile = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example"),
    ];
    let body = json!({ "provider": "house", "callbackURL": "/in" });
    let answer = stage.send("POST", "/v1/auth/sign-in/social", &hostile, Some(body)).await;
    let away = super::away(&answer);
    assert_eq!(away.param("redirect_uri"), "http://localhost:8080/v1/auth/callback/house");
    let code = provider.agree(stage, &away, ada());
    let path = format!("/v1/auth/callback/house?code={code}&state=nonsense");
    let headers = [hostile[0], hostile[1], hostile[2], ("cookie", away.cookie.as_str())];
    let answer = stage.send("GET", &path, &headers, None).await;
    assert_eq!(location(&answer), "http://localhost:8080/v1/auth/error?error=state_mismatch");
});

test!(what_the_provider_refuses_is_told_in_its_word, async |stage, provider| {
    let body =
        json!({ "provider": "house", "callbackURL": "/in", "errorCallbackURL": "/oops?a=1" });
    for (said, told) in [
        ("access_denied", "access_denied"),
        ("login_required", "login_required"),
        ("alice_smith", "oauth_error"),
        ("<script>", "oauth_error"),
        ("a&b=c", "oauth_error"),
    ] {
        let away = leave(stage, body.clone()).await;
        let state = away.param("state");
        let query = [("error", said), ("error_description", "Call 555"), ("state", state.as_str())];
        let answer = back(stage, "house", &query, &away.cookie).await;
        assert_eq!(location(&answer), format!("/oops?a=1&error={told}"));
        assert!(session(&answer).is_none());
    }
    // Without an address for failures, the one for success will do; without that, our own.
    for (callback, to) in [
        (json!("https://app.example.com/in#top"), "https://app.example.com/in?error=no_code#top"),
        (json!(null), "http://localhost:8080/v1/auth/error?error=no_code"),
    ] {
        let away = leave(stage, json!({ "provider": "house", "callbackURL": callback })).await;
        let state = away.param("state");
        let answer = back(stage, "house", &[("state", &state)], &away.cookie).await;
        assert_eq!(location(&answer), to);
    }
    let answer = back(stage, "house", &[("code", "x")], "").await;
    assert_eq!(location(&answer), "http://localhost:8080/v1/auth/error?error=state_not_found");
    assert_eq!(provider.asked("token"), 0);
});

test!(an_answer_by_form_becomes_one_by_address, async |stage, provider| {
    let away = leave(stage, json!({ "provider": "house", "callbackURL": "/in" })).await;
    let mut claims = ada();
    claims.as_object_mut().unwrap().remove("name");
    let code = provider.agree(stage, &away, claims);
    let user = r#"{"name":{"firstName":"Augusta","lastName":"King"},"email":"x@evil.example"}"#;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", &away.param("state"))
        .append_pair("user", user)
        .append_pair("extra", "dropped")
        .finish();
    let request = http::Request::post("/v1/auth/callback/house")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "https://appleid.apple.com")
        .body(axum::body::Body::from(form))
        .unwrap();
    let response = tower::ServiceExt::oneshot(stage.router.clone(), request).await.unwrap();
    assert_eq!(response.status(), 303);
    let to = response.headers()["location"].to_str().unwrap().to_owned();
    let path = to.strip_prefix("http://localhost:8080").expect("our own address");
    assert!(!path.contains("extra"), "{path}");
    let done = stage.send("GET", path, &[("cookie", &away.cookie)], None).await;
    assert_eq!(location(&done), "/in");
    let me = stage.get("/v1/auth/get-session", &session(&done).unwrap()).await;
    assert_eq!(me.text("/user/name"), "Augusta King");
    assert_eq!(me.text("/user/email"), "ada@example.com", "the token's, not the form's");
});

test!(an_id_token_an_app_has_signs_in_without_a_redirect, async |stage, provider| {
    let social = "/v1/auth/sign-in/social";
    let token = provider.inner().key.sign(&provider.claims(stage, "n1", ada()));
    let body = |nonce: &str, token: &str| json!({ "provider": "house", "idToken": { "token": token, "nonce": nonce } });
    let done = stage.post(social, body("n1", &token)).await;
    assert_eq!((done.status, &done.body["redirect"]), (200, &json!(false)), "{}", done.body);
    assert_eq!(done.text("/user/email"), "ada@example.com");
    assert_eq!(done.headers["set-auth-token"].to_str().unwrap(), done.text("/token"));
    let wrong = stage.post(social, body("n2", &token)).await;
    assert_eq!(wrong.code(), (401, "INVALID_TOKEN"));
    assert_eq!(stage.post(social, body("n1", "a.b.c")).await.code(), (401, "INVALID_TOKEN"));
    let nobody = provider.claims(stage, "n1", json!({ "sub": "x" }));
    let nobody = provider.inner().key.sign(&nobody);
    let answer = stage.post(social, body("n1", &nobody)).await;
    assert_eq!(answer.code(), (401, "USER_EMAIL_NOT_FOUND"));
    stage.sign_up("bob").await;
    let bob = json!({ "sub": "b", "email": "bob@example.com", "email_verified": false });
    let bob = provider.inner().key.sign(&provider.claims(stage, "n1", bob));
    let answer = stage.post(social, body("n1", &bob)).await;
    assert_eq!(answer.code(), (401, "OAUTH_LINK_ERROR"));
    assert_eq!(answer.text("/message"), "account not linked");
    let github = json!({ "provider": "github", "idToken": { "token": token } });
    assert_eq!(stage.post(social, github).await.code(), (404, "ID_TOKEN_NOT_SUPPORTED"));
});

test!(a_state_is_good_for_ten_minutes, async |stage, provider| {
    for (pause, to) in
        [(599, "/in"), (601, "http://localhost:8080/v1/auth/error?error=state_mismatch")]
    {
        let away = leave(stage, json!({ "provider": "house", "callbackURL": "/in" })).await;
        stage.pass(SECOND * pause);
        let code = provider.agree(stage, &away, ada());
        let state = away.param("state");
        let answer =
            back(stage, "house", &[("code", &code), ("state", &state)], &away.cookie).await;
        assert_eq!(location(&answer), to);
    }
});

test!(a_banned_account_and_somebody_without_an_address_stay_out, async |stage, provider| {
    let done = travel(stage, provider, ada()).await;
    assert!(session(&done).is_some());
    stage
        .app
        .db
        .unbound()
        .write(async |tx| tx.run("update users set banned_at = 1", database::args![]).await)
        .await
        .unwrap();
    let answer = travel(stage, provider, ada()).await;
    assert_eq!(location(&answer), "/in?error=banned_user");
    assert!(session(&answer).is_none());
    let nobody = travel(stage, provider, json!({ "sub": "no-address" })).await;
    assert_eq!(location(&nobody), "/in?error=unable_to_get_user_info", "userinfo has another sub");
    provider.inner().person = json!({ "sub": "no-address" });
    let nobody = travel(stage, provider, json!({ "sub": "no-address" })).await;
    assert_eq!(location(&nobody), "/in?error=email_not_found");
    provider.inner().person = json!({ "sub": "by-userinfo", "email": "u@example.com" });
    let somebody = travel(stage, provider, json!({ "sub": "by-userinfo" })).await;
    assert_eq!(location(&somebody), "/in");
});
