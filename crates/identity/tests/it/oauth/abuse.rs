//! What an attacker, or a broken provider, may try.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::provider::{Key, Mood};
use super::{BRIEF, SECOND, ada, back, leave, location, session, test, travel};
use crate::stage::PASSWORD;
use crate::two_factor::{by_cookie, code, guard};

const MISMATCH: &str = "http://localhost:8080/v1/auth/error?error=state_mismatch";

fn to_house() -> Value {
    json!({ "provider": "house", "callbackURL": "/in" })
}

test!(a_state_is_good_once_and_in_its_browser_only, async |stage, provider| {
    let away = leave(stage, to_house()).await;
    let code = provider.agree(stage, &away, ada());
    let state = away.param("state");
    let query = [("code", code.as_str()), ("state", state.as_str())];
    assert_eq!(location(&back(stage, "house", &query, &away.cookie).await), "/in");
    let again = back(stage, "house", &query, &away.cookie).await;
    assert_eq!((location(&again).as_str(), session(&again)), (MISMATCH, None), "replayed");

    // Another browser, none, one with a made-up secret; each spends the state.
    let other = leave(stage, to_house()).await;
    for cookie in [other.cookie.as_str(), "", "sixfold_oauth=", "sixfold_oauth=made-up"] {
        let away = leave(stage, to_house()).await;
        let code = provider.agree(stage, &away, ada());
        let state = away.param("state");
        let query = [("code", code.as_str()), ("state", state.as_str())];
        let answer = back(stage, "house", &query, cookie).await;
        assert_eq!((location(&answer).as_str(), session(&answer)), (MISMATCH, None), "{cookie}");
    }
    // A state for one provider, brought back as another's.
    let away = leave(stage, to_house()).await;
    let state = away.param("state");
    let answer = back(stage, "github", &[("code", "x"), ("state", &state)], &away.cookie).await;
    assert_eq!(location(&answer), "/in?error=state_mismatch");
    assert_eq!(provider.asked("token"), 1, "no code is shown to anybody before that is settled");
});

test!(a_code_that_was_used_or_is_anothers_is_refused, async |stage, provider| {
    let first = leave(stage, to_house()).await;
    let code = provider.agree(stage, &first, ada());
    let state = first.param("state");
    back(stage, "house", &[("code", &code), ("state", &state)], &first.cookie).await;
    let second = leave(stage, to_house()).await;
    let state = second.param("state");
    let replayed =
        back(stage, "house", &[("code", &code), ("state", &state)], &second.cookie).await;
    assert_eq!(location(&replayed), "/in?error=invalid_code");
    // Injected: the victim's code in the attacker's browser; PKCE does not fit.
    let (victim, thief) = (leave(stage, to_house()).await, leave(stage, to_house()).await);
    let code = provider.agree(stage, &victim, ada());
    let state = thief.param("state");
    let injected = back(stage, "house", &[("code", &code), ("state", &state)], &thief.cookie).await;
    assert_eq!(
        (location(&injected).as_str(), session(&injected)),
        ("/in?error=invalid_code", None)
    );
});

test!(of_fifty_who_come_back_with_one_state_one_comes_in, async |stage, provider| {
    let away = leave(stage, to_house()).await;
    let code = provider.agree(stage, &away, ada());
    let state = away.param("state");
    let query = [("code", code.as_str()), ("state", state.as_str())];
    let all = (0..50).map(|_| back(stage, "house", &query, &away.cookie)).collect();
    let answers = join_all(all).await;
    let inside = answers.iter().filter(|answer| session(answer).is_some()).count();
    assert_eq!(inside, 1);
    assert_eq!(stage.count("select count(*) from sessions").await, 1);
    assert_eq!(provider.asked("token"), 1);
});

/// All at once, on this task.
async fn join_all<F: Future>(all: Vec<F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut waits = false;
        for (at, future) in all.iter_mut().enumerate() {
            if done[at].is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => done[at] = Some(value),
                    std::task::Poll::Pending => waits = true,
                }
            }
        }
        if waits { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    done.into_iter().flatten().collect()
}

test!(a_token_that_is_not_for_us_is_not_believed, async |stage, provider| {
    let now = stage.app.now().seconds();
    let mut wrong = vec![
        json!({ "iss": "https://issuer.evil.example" }),
        json!({ "iss": format!("{}/", provider.address) }),
        json!({ "iss": null }),
        json!({ "aud": "another client" }),
        json!({ "aud": ["another client"] }),
        json!({ "aud": null }),
        json!({ "aud": ["client 1", "another"] }),
        json!({ "aud": ["client 1", "another"], "azp": "another" }),
        json!({ "azp": "another" }),
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "exp": now - 61 }),
        json!({ "exp": null }),
        json!({ "exp": "9999999999" }),
        json!({ "iat": now + 61 }),
        json!({ "iat": null }),
        json!({ "nbf": now + 61 }),
        json!({ "nbf": "soon" }),
        json!({ "sub": "" }),
        json!({ "sub": 5 }),
        json!({ "at_hash": "bm90IGl0cyBoYXNo" }),
    ];
    for claims in &mut wrong {
        let mut all = ada();
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        let answer = travel(stage, provider, all).await;
        assert_eq!(location(&answer), "/in?error=unable_to_get_user_info", "{claims}");
        assert!(session(&answer).is_none());
    }
    assert_eq!(stage.count("select count(*) from users").await, 0);
    for good in [
        json!({ "exp": now - 59, "iat": now - 300 }),
        json!({ "iat": now + 59 }),
        json!({ "aud": ["client 1", "another"], "azp": "client 1" }),
    ] {
        let mut all = ada();
        for (name, value) in good.as_object().unwrap() {
            all[name] = value.clone();
        }
        assert_eq!(location(&travel(stage, provider, all).await), "/in", "{good}");
    }
});

test!(a_token_that_is_signed_wrongly_is_not_believed, async |stage, provider| {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for case in
        ["none", "None", "empty", "hs256", "own key", "unknown kid", "no kid", "changed", "crit"]
    {
        let away = leave(stage, to_house()).await;
        let claims = provider.claims(stage, &away.param("nonce"), ada());
        let good = provider.inner().key.sign(&claims);
        let token = match case {
            "none" | "None" => {
                format!("{}.{}.", part(&json!({ "alg": case, "kid": "first" })), part(&claims))
            }
            "empty" => format!("{}.", good.rsplit_once('.').unwrap().0),
            "hs256" => {
                let mut header = Header::new(Algorithm::HS256);
                header.kid = Some("first".to_owned());
                let public = provider.inner().key.public.clone();
                encode(&header, &claims, &EncodingKey::from_secret(&public)).unwrap()
            }
            "own key" => Key::new("first").sign(&claims),
            "unknown kid" => Key::new("mine").sign(&claims),
            "no kid" => {
                let header = Header::new(Algorithm::ES256);
                encode(&header, &claims, &Key::new("x").encoding).unwrap()
            }
            "changed" => {
                let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
                let mut other = claims.clone();
                other["sub"] = json!("eve");
                parts[1] = part(&other);
                parts.join(".")
            }
            _ => {
                let mut header = Header::new(Algorithm::ES256);
                header.kid = Some("first".to_owned());
                header.crit = Some(vec!["b64".to_owned()]);
                encode(&header, &claims, &provider.inner().key.encoding).unwrap()
            }
        };
        let code = provider.agree_with(&away, token);
        let state = away.param("state");
        let answer =
            back(stage, "house", &[("code", &code), ("state", &state)], &away.cookie).await;
        assert_eq!(location(&answer), "/in?error=unable_to_get_user_info", "{case}");
        assert!(session(&answer).is_none(), "{case}");
    }
    // Looking for keys nobody has is bounded.
    assert_eq!(provider.asked("keys"), 1);
});

test!(a_provider_may_change_its_keys, async |stage, provider| {
    assert_eq!(location(&travel(stage, provider, ada()).await), "/in");
    provider.inner().key = Key::new("second");
    stage.pass(SECOND * 31);
    assert_eq!(location(&travel(stage, provider, ada()).await), "/in");
    assert_eq!(provider.asked("keys"), 2);
    assert_eq!(location(&travel(stage, provider, ada()).await), "/in");
    assert_eq!(provider.asked("keys"), 2);
});

test!(another_provider_cannot_answer_for_this_one, async |stage, provider| {
    provider.inner().names_itself = true;
    let own = provider.address.clone();
    for (iss, to) in [
        (Some(own.as_str()), "/in"),
        (Some("https://issuer.evil.example"), "/in?error=issuer_mismatch"),
        (None, "/in?error=issuer_missing"),
    ] {
        let away = leave(stage, to_house()).await;
        let code = provider.agree(stage, &away, ada());
        let state = away.param("state");
        let mut query = vec![("code", code.as_str()), ("state", state.as_str())];
        query.extend(iss.map(|iss| ("iss", iss)));
        assert_eq!(location(&back(stage, "house", &query, &away.cookie).await), to);
    }
    assert_eq!(provider.asked("token"), 1);
});

test!(a_provider_that_misbehaves_is_a_failure_and_not_a_hang, BRIEF, async |stage, provider| {
    for mood in [Mood::Hangs, Mood::Floods, Mood::Redirects, Mood::Garbage] {
        let away = leave(stage, to_house()).await;
        let code = provider.agree(stage, &away, ada());
        provider.inner().mood = mood;
        let state = away.param("state");
        let began = std::time::Instant::now();
        let answer =
            back(stage, "house", &[("code", &code), ("state", &state)], &away.cookie).await;
        assert_eq!(location(&answer), "/in?error=invalid_code", "{mood:?}");
        // It hangs for that long.
        assert!(began.elapsed() < SECOND * 60, "{mood:?}");
        provider.inner().mood = Mood::Well;
    }
    assert_eq!(stage.count("select count(*) from users").await, 0);
    // The same while it describes itself: nobody is sent there.
    stage.pass(SECOND * 6 * 3_601);
    for mood in [Mood::Hangs, Mood::Floods, Mood::Redirects, Mood::Garbage] {
        stage.pass(SECOND * 16);
        provider.inner().mood = mood;
        let answer = stage.post("/v1/auth/sign-in/social", to_house()).await;
        assert_eq!(answer.status, 503, "{mood:?} {}", answer.body);
        let asked = provider.asked("describe");
        assert_eq!(stage.post("/v1/auth/sign-in/social", to_house()).await.status, 503);
        assert_eq!(provider.asked("describe"), asked, "left alone for a while");
    }
});

test!(an_address_counts_only_if_the_provider_vouches_for_it, async |stage, provider| {
    stage.sign_up("victim").await;
    stage
        .app
        .db
        .unbound()
        .write(async |tx| {
            tx.run("update users set email_verified = $1", database::args![true]).await
        })
        .await
        .unwrap();
    for said in [json!("true"), json!(1), json!(false), json!(null), json!("yes"), json!([true])] {
        let claims = json!({ "sub": "eve", "email": "VICTIM@example.com", "email_verified": said });
        let answer = travel(stage, provider, claims).await;
        assert_eq!(location(&answer), "/in?error=account_not_linked", "{said}");
        assert!(session(&answer).is_none());
    }
    let claims = json!({ "sub": "vic", "email": "victim@example.com", "email_verified": true });
    assert_eq!(location(&travel(stage, provider, claims).await), "/in");
    assert_eq!(stage.count("select count(*) from users").await, 1);
    // Their password stays: the address was theirs before.
    let body = json!({ "email": "victim@example.com", "password": PASSWORD });
    assert_eq!(stage.post("/v1/auth/sign-in/email", body).await.status, 200);
});

test!(
    who_registered_a_strangers_address_loses_it_when_the_owner_arrives,
    async |stage, provider| {
        let thief = stage.sign_up("victim").await;
        let token = thief.text("/token");
        let claims = json!({ "sub": "vic", "email": "victim@example.com", "email_verified": true });
        let done = travel(stage, provider, claims.clone()).await;
        assert_eq!(location(&done), "/in");
        let me = stage.get("/v1/auth/get-session", &session(&done).unwrap()).await;
        assert_eq!(me.text("/user/id"), thief.text("/user/id"));
        assert_eq!(me.body["user"]["emailVerified"], true);
        let body = json!({ "email": "victim@example.com", "password": PASSWORD });
        let answer = stage.post("/v1/auth/sign-in/email", body).await;
        assert_eq!(answer.code(), (401, "INVALID_EMAIL_OR_PASSWORD"), "the password died");
        assert_eq!(
            stage.get("/v1/auth/get-session", &token).await.body,
            Value::Null,
            "so did sessions"
        );
        assert_eq!(stage.count("select count(*) from credentials").await, 1);
    }
);

test!(what_a_provider_said_stays_good_for_a_while_when_it_hangs, async |stage, provider| {
    assert_eq!(location(&travel(stage, provider, ada()).await), "/in");
    // Away before it hangs, back while only the description and the keys are not to be had.
    stage.pass(SECOND * 3_601);
    provider.inner().closed = true;
    assert_eq!(location(&travel(stage, provider, ada()).await), "/in");
    let (described, keys) = (provider.asked("describe"), provider.asked("keys"));
    assert_eq!(location(&travel(stage, provider, ada()).await), "/in");
    assert_eq!((provider.asked("describe"), provider.asked("keys")), (described, keys), "it rests");
    stage.pass(SECOND * 6 * 3_600);
    assert_eq!(stage.post("/v1/auth/sign-in/social", to_house()).await.status, 503);
    provider.inner().closed = false;
    stage.pass(SECOND * 16);
    assert_eq!(location(&travel(stage, provider, ada()).await), "/in");
});

test!(one_failure_answers_everybody_who_waited, async |stage, provider| {
    provider.inner().mood = Mood::Garbage;
    let all = (0..20).map(|_| stage.post("/v1/auth/sign-in/social", to_house())).collect();
    for answer in join_all(all).await {
        assert_eq!(answer.status, 503, "{}", answer.body);
    }
    assert_eq!(provider.asked("describe"), 1);
});

test!(an_address_alone_does_not_pass_the_second_factor, async |stage, provider| {
    let alice = guard(stage, "alice").await;
    let user = stage.get("/v1/auth/get-session", &alice.token).await.text("/user/id");
    stage
        .app
        .db
        .unbound()
        .write(async |tx| {
            tx.run("update users set email_verified = $1", database::args![true]).await
        })
        .await
        .unwrap();
    let claims = json!({ "sub": "thief", "email": "alice@example.com", "email_verified": true });
    // As often as the thief likes: the account is not linked by trying.
    for _ in 0..2 {
        let thief = travel(stage, provider, claims.clone()).await;
        assert_eq!(location(&thief), "/in?error=two_factor_required");
        assert!(session(&thief).is_none());
        let cookie = thief.kept("sixfold_two_factor");
        let mailed = by_cookie(stage, "send-otp", &cookie, json!({})).await;
        assert_ne!(mailed.status, 200, "the mailbox was shown already: {}", mailed.body);
    }
    let linked = "select count(*) from credentials where provider = 'house'";
    assert_eq!(stage.count(linked).await, 0);
    let signed = provider.inner().key.sign(&provider.claims(stage, "n", claims.clone()));
    let body = json!({ "provider": "house", "idToken": { "token": signed, "nonce": "n" } });
    let by_token = stage.post("/v1/auth/sign-in/social", body).await;
    assert_eq!(by_token.body["twoFactorRedirect"], true, "{}", by_token.body);
    assert_eq!(by_token.body["twoFactorMethods"], json!(["totp"]));

    // The owner shows the second factor, and links it from the inside.
    let arrived = travel(stage, provider, claims.clone()).await;
    let cookie = arrived.kept("sixfold_two_factor");
    let shown = json!({ "code": code(stage, &alice.app) });
    let inside = by_cookie(stage, "verify-totp", &cookie, shown).await;
    assert_eq!(inside.text("/user/id"), user, "{}", inside.body);
    let signed = provider.inner().key.sign(&provider.claims(stage, "m", claims.clone()));
    let body = json!({ "provider": "house", "idToken": { "token": signed, "nonce": "m" } });
    let token = inside.text("/token");
    let done = stage.as_bearer("POST", "/v1/auth/link-social", &token, body).await;
    assert_eq!(done.status, 200, "{}", done.body);
    stage.letter("account_linked", "alice@example.com").await;
    let known = travel(stage, provider, claims).await;
    assert_eq!(location(&known), "/in", "a linked provider asks for its own second factor");
    assert!(session(&known).is_some());
});

test!(the_owner_gets_a_letter_when_an_account_is_linked_by_address, async |stage, provider| {
    stage.sign_up("alice").await;
    let claims = json!({ "sub": "a", "email": "alice@example.com", "email_verified": true });
    assert_eq!(location(&travel(stage, provider, claims).await), "/in");
    stage.letter("account_linked", "alice@example.com").await;
    // A new account has nobody to be warned.
    assert_eq!(location(&travel(stage, provider, ada()).await), "/in");
    let letters = stage.kinds().into_iter().filter(|(kind, _)| kind == "account_linked");
    assert_eq!(letters.count(), 1);
});

test!(an_id_token_counts_once_and_only_where_its_nonce_is_known, async |stage, provider| {
    let social = "/v1/auth/sign-in/social";
    let sign = |claims: &Value| provider.inner().key.sign(claims);
    let body = |token: &str| json!({ "provider": "house", "idToken": { "token": token } });
    let with_nonce = sign(&provider.claims(stage, "somebody's", ada()));
    let answer = stage.post(social, body(&with_nonce)).await;
    assert_eq!(answer.code(), (401, "INVALID_TOKEN"), "a token made for another request");

    let mut claims = provider.claims(stage, "", ada());
    claims.as_object_mut().unwrap().remove("nonce");
    let token = sign(&claims);
    let all = (0..50).map(|_| stage.post(social, body(&token))).collect();
    let answers = join_all(all).await;
    let inside = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(inside, 1);
    let others = answers.iter().filter(|answer| answer.status != 200);
    for answer in others {
        assert_eq!(answer.code(), (401, "INVALID_TOKEN"));
    }
    // The same claims, signed again in another spelling of the signature, are another token only
    // where something that is signed differs.
    let respelled = sign(&claims);
    assert_ne!(respelled, token);
    assert_eq!(stage.post(social, body(&respelled)).await.code(), (401, "INVALID_TOKEN"));
    claims["jti"] = json!("next");
    assert_eq!(stage.post(social, body(&sign(&claims))).await.status, 200);
});

test!(a_state_nobody_left_with_leads_nowhere, async |stage, provider| {
    let cookie = leave(stage, to_house()).await.cookie;
    for state in ["x", &"y".repeat(10_000)] {
        let answer = back(stage, "house", &[("code", "c"), ("state", state)], &cookie).await;
        assert!(location(&answer).contains("error=state_"), "{}", location(&answer));
    }
    assert_eq!(provider.asked("token"), 0);
});

test!(who_comes_back_too_often_has_to_wait, async |stage, _provider| {
    let settings = identity::Settings { tries_per_minute: 3, ..identity::Settings::default() };
    let surroundings = identity::Surroundings {
        public_url: "http://localhost:8080".to_owned(),
        origins: web::Origins::default(),
        development: true,
    };
    let house = identity::new(stage.app.clone(), settings, surroundings).unwrap();
    let (routes, _) = identity::router().split_for_parts();
    let router = routes
        .with_state(house.clone())
        .layer(axum::middleware::from_fn_with_state(house, identity::authenticate));
    let ask = async || {
        let request = http::Request::get("/v1/auth/callback/house?state=x&code=y");
        let request = request.body(axum::body::Body::empty()).unwrap();
        let answer = tower::ServiceExt::oneshot(router.clone(), request).await.unwrap();
        answer.headers()["location"].to_str().unwrap().to_owned()
    };
    for _ in 0..3 {
        assert_eq!(ask().await, MISMATCH);
    }
    assert_eq!(ask().await, MISMATCH.replace("state_mismatch", "rate_limited"));
});
