use std::time::Duration;

use database::args;
use serde_json::{Value, json};

use crate::accounts::futures;
use crate::authenticator::{Authenticator, BACKED_UP, ELIGIBLE, PRESENT, VERIFIED, base64};
use crate::on_each;
use crate::stage::{Answer, PASSWORD, Stage};
use crate::two_factor::guard;

type Change = fn(&mut Authenticator);

const ALGORITHMS: [i64; 3] = [-8, -7, -257];

/// Options, and the cookie that names their challenge.
async fn options(stage: &Stage, path: &str, token: Option<&str>) -> (Value, String) {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<_> = bearer.iter().map(|text| ("authorization", text.as_str())).collect();
    let path = format!("/v1/auth/passkey/{path}");
    let answer = stage.send("GET", &path, &headers, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let cookie = answer.kept("sixfold_passkey");
    (answer.body, cookie)
}

fn challenge(options: &Value) -> &str {
    options["challenge"].as_str().unwrap()
}

async fn send(stage: &Stage, path: &str, token: Option<&str>, cookie: &str, body: Value) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers: Vec<_> = bearer.iter().map(|text| ("authorization", text.as_str())).collect();
    headers.push(("cookie", cookie));
    stage.send("POST", &format!("/v1/auth/passkey/{path}"), &headers, Some(body)).await
}

async fn register(stage: &Stage, token: &str, authenticator: &mut Authenticator) -> Answer {
    let (options, cookie) = options(stage, "generate-register-options", Some(token)).await;
    let handle = options["user"]["id"].as_str().unwrap();
    use_handle(authenticator, handle);
    let response = authenticator.register(challenge(&options));
    let body = json!({ "response": response, "name": "Laptop" });
    let answer = send(stage, "verify-registration", Some(token), &cookie, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

fn use_handle(authenticator: &mut Authenticator, handle: &str) {
    use ::base64::Engine as _;
    let engine = ::base64::engine::general_purpose::URL_SAFE_NO_PAD;
    authenticator.user_handle = Some(engine.decode(handle).unwrap());
}

async fn sign_in(stage: &Stage, authenticator: &Authenticator) -> Answer {
    let (options, cookie) = options(stage, "generate-authenticate-options", None).await;
    let response = authenticator.authenticate(challenge(&options));
    let body = json!({ "response": response });
    send(stage, "verify-authentication", None, &cookie, body).await
}

on_each!(options_are_what_browsers_ask_for, |stage| {
    let alice = stage.sign_up("alice").await;
    let token = alice.text("/token");
    let path = "generate-register-options?authenticatorAttachment=platform&name=ada&context=x";
    let (asked, cookie) = options(&stage, path, Some(&token)).await;
    assert!(!cookie.is_empty());
    assert!(challenge(&asked).len() == 43);
    assert_eq!(asked["rp"], json!({ "name": "Sixfold", "id": "localhost" }));
    assert_eq!(asked["user"]["name"], "ada");
    assert_eq!(asked["user"]["displayName"], "alice");
    let offered: Vec<_> = asked["pubKeyCredParams"].as_array().unwrap().iter().collect();
    let numbers: Vec<_> = offered.iter().map(|one| one["alg"].as_i64().unwrap()).collect();
    assert_eq!(numbers, ALGORITHMS);
    assert!(offered.iter().all(|one| one["type"] == "public-key"));
    assert_eq!(asked["timeout"], 300_000);
    assert_eq!(asked["attestation"], "none");
    assert_eq!(asked["excludeCredentials"], json!([]));
    assert_eq!(
        asked["authenticatorSelection"],
        json!({ "authenticatorAttachment": "platform", "residentKey": "required",
                "requireResidentKey": true, "userVerification": "required" })
    );
    assert_eq!(asked["extensions"], json!({ "credProps": true }));
    assert_eq!(asked["hints"], json!([]));

    let (asked, _) = options(&stage, "generate-authenticate-options", None).await;
    assert_eq!(asked["rpId"], "localhost");
    assert_eq!(asked["userVerification"], "required");
    assert!(asked.get("allowCredentials").is_none());
    let posted = stage.post("/v1/auth/passkey/generate-authenticate-options", json!({})).await;
    assert_eq!((posted.status, &posted.body["rpId"]), (200, &json!("localhost")));

    for (path, token, code) in [
        ("generate-register-options", "", (401, "UNAUTHORIZED")),
        ("generate-register-options?color=red", token.as_str(), (400, "VALIDATION_ERROR")),
        (
            "generate-register-options?authenticatorAttachment=any",
            token.as_str(),
            (400, "VALIDATION_ERROR"),
        ),
        ("list-user-passkeys", "", (401, "UNAUTHORIZED")),
    ] {
        let path = format!("/v1/auth/passkey/{path}");
        let bearer = format!("Bearer {token}");
        let headers: &[(&str, &str)] =
            if token.is_empty() { &[] } else { &[("authorization", &bearer)] };
        assert_eq!(stage.send("GET", &path, headers, None).await.code(), code, "{path}");
    }
    stage.pass(Duration::from_secs(301));
    let stale = stage.get("/v1/auth/passkey/generate-register-options", &token).await;
    assert_eq!(stale.code(), (403, "SESSION_NOT_FRESH"));
    let body = json!({ "response": {} });
    let stale = send(&stage, "verify-registration", Some(&token), &cookie, body).await;
    assert_eq!(stale.code(), (403, "SESSION_NOT_FRESH"));
});

on_each!(passkeys_of_every_algorithm_sign_in, |stage| {
    let alice = stage.sign_up("alice").await;
    let token = alice.text("/token");
    for (at, algorithm) in ALGORITHMS.into_iter().enumerate() {
        let mut authenticator = Authenticator::new(algorithm);
        let added = register(&stage, &token, &mut authenticator).await;
        assert_eq!(added.text("/name"), "Laptop");
        assert_eq!(added.text("/credentialID"), base64(&authenticator.id));
        assert_eq!(added.text("/userId"), alice.text("/user/id"));
        assert_eq!(added.text("/deviceType"), "multiDevice");
        assert_eq!(added.body["backedUp"], true);
        assert_eq!(added.text("/transports"), "internal,hybrid");
        assert_eq!(added.text("/aaguid"), "07070707-0707-0707-0707-070707070707");
        assert_eq!(added.body["counter"], 0);
        assert_eq!(added.kept("sixfold_passkey"), "sixfold_passkey=");

        let inside = sign_in(&stage, &authenticator).await;
        assert_eq!(inside.status, 200, "{algorithm} {}", inside.body);
        assert_eq!(inside.text("/user/id"), alice.text("/user/id"));
        assert_eq!(inside.text("/session/token"), inside.text("/session/id"));
        let new = inside.headers["set-auth-token"].to_str().unwrap();
        assert!(inside.kept("sixfold_session").ends_with(new));
        let mine = stage.get("/v1/auth/get-session", new).await;
        assert_eq!(mine.text("/session/id"), inside.text("/session/id"));
        let (asked, _) = options(&stage, "generate-authenticate-options", Some(&token)).await;
        assert_eq!(asked["allowCredentials"].as_array().unwrap().len(), at + 1);
    }
    let listed = stage.get("/v1/auth/passkey/list-user-passkeys", &token).await;
    assert_eq!(listed.body.as_array().unwrap().len(), 3);
    assert!(listed.body[0]["lastUsedAt"].is_string());
    stage.letter("passkey_added", "alice@example.com").await;
    let events = stage.events().await;
    for kind in ["passkey_added", "passkey_used"] {
        assert_eq!(events.iter().filter(|one| *one == kind).count(), 3, "{kind}");
    }
    let told = stage.told().await;
    assert!(told.contains("\"method\":\"passkey\"") || told.contains("\"method\": \"passkey\""));
    assert!(!told.contains("Laptop") && !told.contains("example.com"), "{told}");
});

on_each!(a_passkey_is_both_factors, |stage| {
    let alice = guard(&stage, "alice").await;
    let mut authenticator = Authenticator::new(-7);
    register(&stage, &alice.token, &mut authenticator).await;
    let inside = sign_in(&stage, &authenticator).await;
    assert_eq!(inside.text("/user/name"), "alice", "{}", inside.body);
    stage
        .app
        .db
        .unbound()
        .write(async |tx| tx.run("update users set banned_at = $1", args![1_i64]).await)
        .await
        .unwrap();
    assert_eq!(sign_in(&stage, &authenticator).await.code(), (403, "BANNED_USER"));
});

on_each!(what_is_not_right_about_a_registration_is_refused, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let breaks: &[(&str, Change)] = &[
        ("origin", |one| one.origin = "https://evil.example".to_owned()),
        ("almost the origin", |one| one.origin = "http://localhost:80800".to_owned()),
        ("relying party", |one| one.rp_id = "evil.example".to_owned()),
        ("nobody there", |one| one.flags = VERIFIED),
        ("nobody known", |one| one.flags = PRESENT),
        ("backed up, not eligible", |one| one.flags = PRESENT | VERIFIED | BACKED_UP),
        ("no credential id", |one| one.id = Vec::new()),
        ("a long credential id", |one| one.id = vec![1; 1_024]),
        ("another algorithm", |one| one.claims = Some(-8)),
        ("an algorithm nobody offered", |one| one.claims = Some(-37)),
    ];
    let refused = (400, "FAILED_TO_VERIFY_REGISTRATION");
    for (what, change) in breaks {
        let mut authenticator = Authenticator::new(-7);
        change(&mut authenticator);
        let (asked, cookie) = options(&stage, "generate-register-options", Some(&alice)).await;
        let body = json!({ "response": authenticator.register(challenge(&asked)) });
        let answer = send(&stage, "verify-registration", Some(&alice), &cookie, body.clone()).await;
        assert_eq!(answer.code(), refused, "{what}");
        let again = send(&stage, "verify-registration", Some(&alice), &cookie, body).await;
        assert_eq!(again.code(), (400, "CHALLENGE_NOT_FOUND"), "spent all the same: {what}");
    }

    let good = Authenticator::new(-7);
    let whole = good.attestation("none", vec![0xa0]);
    let deep = [vec![0x81; 10_000], vec![0x00]].concat();
    let mut longer = whole.clone();
    longer.push(0);
    let forms = [
        (whole[..whole.len() - 1].to_vec(), "cut short"),
        (whole[..40].to_vec(), "cut shorter"),
        (longer, "with something after it"),
        (vec![], "empty"),
        (vec![0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "promising much"),
        (deep.clone(), "nested"),
        (good.attestation("none", deep), "nested inside"),
        (good.attestation("none", vec![0xa1, 0x01, 0x01]), "none with a statement"),
        (vec![0; 70_000], "oversized"),
    ];
    for (attestation, what) in forms {
        let (asked, cookie) = options(&stage, "generate-register-options", Some(&alice)).await;
        let body = json!({ "response": good.registers(challenge(&asked), &attestation) });
        let answer = send(&stage, "verify-registration", Some(&alice), &cookie, body).await;
        assert_eq!(answer.code(), refused, "{what}");
    }
    for response in [json!(null), json!({}), json!([]), json!({ "id": "!", "type": "public-key" })]
    {
        let (_, cookie) = options(&stage, "generate-register-options", Some(&alice)).await;
        let body = json!({ "response": response });
        let answer = send(&stage, "verify-registration", Some(&alice), &cookie, body).await;
        assert_eq!(answer.code(), refused);
    }
    assert_eq!(stage.count("select count(*) from passkeys").await, 0);

    // A statement that proves something is read over.
    let (asked, cookie) = options(&stage, "generate-register-options", Some(&alice)).await;
    let packed = good.attestation("packed", vec![0xa1, 0x63, b's', b'i', b'g', 0x41, 0x00]);
    let body = json!({ "response": good.registers(challenge(&asked), &packed) });
    let answer = send(&stage, "verify-registration", Some(&alice), &cookie, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (asked, cookie) = options(&stage, "generate-register-options", Some(&alice)).await;
    assert_eq!(asked["excludeCredentials"][0]["id"], base64(&good.id));
    let body = json!({ "response": good.register(challenge(&asked)) });
    let twice = send(&stage, "verify-registration", Some(&alice), &cookie, body).await;
    assert_eq!(twice.code(), (400, "PREVIOUSLY_REGISTERED"));
});

on_each!(a_challenge_is_for_whom_and_what_it_was_made, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let bob = stage.sign_up("bob").await.text("/token");
    let authenticator = Authenticator::new(-8);
    let (asked, cookie) = options(&stage, "generate-register-options", Some(&alice)).await;
    let body = json!({ "response": authenticator.register(challenge(&asked)) });
    let of_bob = send(&stage, "verify-registration", Some(&bob), &cookie, body).await;
    assert_eq!(of_bob.code(), (401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY"));

    let (asked, cookie) = options(&stage, "generate-authenticate-options", Some(&alice)).await;
    let body = json!({ "response": authenticator.register(challenge(&asked)) });
    let of_other = send(&stage, "verify-registration", Some(&alice), &cookie, body).await;
    assert_eq!(of_other.code(), (400, "CHALLENGE_NOT_FOUND"));

    let (_, cookie) = options(&stage, "generate-register-options", Some(&alice)).await;
    let body = json!({ "response": authenticator.register(&base64(&[1; 32])) });
    let of_own = send(&stage, "verify-registration", Some(&alice), &cookie, body).await;
    assert_eq!(of_own.code(), (400, "FAILED_TO_VERIFY_REGISTRATION"));
    let body = json!({ "response": {} });
    let without = send(&stage, "verify-registration", Some(&alice), "", body).await;
    assert_eq!(without.code(), (400, "CHALLENGE_NOT_FOUND"));
});

on_each!(what_is_not_right_about_a_sign_in_is_refused, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let mut good = Authenticator::new(-7);
    good.counter = 5;
    register(&stage, &alice, &mut good).await;
    good.counter = 6;
    assert_eq!(sign_in(&stage, &good).await.status, 200);
    let flags = good.flags;

    let wrong = (400, "AUTHENTICATION_FAILED");
    let breaks: &[(&str, Change)] = &[
        ("origin", |one| one.origin = "https://evil.example".to_owned()),
        ("relying party", |one| one.rp_id = "example.com".to_owned()),
        ("nobody there", |one| one.flags = VERIFIED | ELIGIBLE),
        ("nobody known", |one| one.flags = PRESENT | ELIGIBLE | BACKED_UP),
        ("eligible no more", |one| one.flags = PRESENT | VERIFIED),
        ("counter stands", |one| one.counter = 6),
        ("counter goes back", |one| one.counter = 5),
        ("counter is gone", |one| one.counter = 0),
        ("another user's handle", |one| one.user_handle = Some(vec![9; 16])),
        ("no handle", |one| one.user_handle = None),
    ];
    for (what, change) in breaks {
        let handle = good.user_handle.clone();
        good.counter = 7;
        change(&mut good);
        let answer = sign_in(&stage, &good).await;
        assert_eq!(answer.code(), wrong, "{what}");
        assert!(!answer.headers.contains_key("set-auth-token"));
        (good.user_handle, good.flags) = (handle, flags);
        (good.origin, good.rp_id) = ("http://localhost:8080".to_owned(), "localhost".to_owned());
    }
    let told = stage.told().await;
    assert_eq!(told.matches("\"counter\"").count(), 3);
    assert!(told.contains("\"origin\"") && told.contains("\"userverification\""), "{told}");

    good.counter = 7;
    let (asked, cookie) = options(&stage, "generate-authenticate-options", None).await;
    let response = good.answer("webauthn.create", challenge(&asked));
    let body = json!({ "response": response });
    let answer = send(&stage, "verify-authentication", None, &cookie, body).await;
    assert_eq!(answer.code(), wrong, "the other ceremony");

    // Another key under the known id, of each algorithm.
    for algorithm in ALGORITHMS {
        let mut forger = Authenticator::new(algorithm);
        (forger.id, forger.counter) = (good.id.clone(), 9);
        forger.user_handle.clone_from(&good.user_handle);
        let answer = sign_in(&stage, &forger).await;
        assert_eq!(answer.code(), (401, "AUTHENTICATION_FAILED"), "{algorithm}");
    }
    let unknown = sign_in(&stage, &Authenticator::new(-8)).await;
    assert_eq!(unknown.code(), (401, "PASSKEY_NOT_FOUND"));
    for (part, value) in [
        ("authenticatorData", base64(&[0; 36])),
        ("authenticatorData", base64(&[0; 9_000])),
        ("signature", base64(&[0; 2_000])),
        ("signature", String::new()),
        ("clientDataJSON", base64(b"{}")),
        ("clientDataJSON", "x".repeat(90_000)),
    ] {
        let (asked, cookie) = options(&stage, "generate-authenticate-options", None).await;
        let mut response = good.authenticate(challenge(&asked));
        response["response"][part] = json!(value);
        let body = json!({ "response": response });
        let answer = send(&stage, "verify-authentication", None, &cookie, body).await;
        assert_eq!(answer.code().1, "AUTHENTICATION_FAILED", "{part}");
    }
    assert_eq!(sign_in(&stage, &good).await.status, 200, "and the right one still does");
});

on_each!(a_challenge_is_answered_once_and_in_time, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let mut authenticator = Authenticator::new(-8);
    register(&stage, &alice, &mut authenticator).await;
    let (asked, cookie) = options(&stage, "generate-authenticate-options", None).await;
    let body = json!({ "response": authenticator.authenticate(challenge(&asked)) });
    let path = "verify-authentication";
    let tries = (0..50).map(|_| send(&stage, path, None, &cookie, body.clone()));
    let answers = futures(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.code(), (400, "CHALLENGE_NOT_FOUND"));
    }
    let (asked, cookie) = options(&stage, "generate-authenticate-options", None).await;
    // An old answer to a new challenge.
    let replayed = send(&stage, path, None, &cookie, body).await;
    assert_eq!(replayed.code(), (400, "AUTHENTICATION_FAILED"));
    let body = json!({ "response": authenticator.authenticate(challenge(&asked)) });
    let spent = send(&stage, path, None, &cookie, body).await;
    assert_eq!(spent.code(), (400, "CHALLENGE_NOT_FOUND"));
    let (asked, cookie) = options(&stage, "generate-authenticate-options", None).await;
    stage.pass(Duration::from_secs(301));
    let body = json!({ "response": authenticator.authenticate(challenge(&asked)) });
    let late = send(&stage, path, None, &cookie, body).await;
    assert_eq!(late.code(), (400, "CHALLENGE_NOT_FOUND"));
});

on_each!(whoever_is_asked_to_prove_it_again_cannot_be_somebody_else, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let bob = stage.sign_up("bob").await.text("/token");
    let mut of_bob = Authenticator::new(-7);
    register(&stage, &bob, &mut of_bob).await;
    let (asked, cookie) = options(&stage, "generate-authenticate-options", Some(&alice)).await;
    let body = json!({ "response": of_bob.authenticate(challenge(&asked)) });
    let answer = send(&stage, "verify-authentication", None, &cookie, body).await;
    assert_eq!(answer.code(), (400, "AUTHENTICATION_FAILED"));
});

on_each!(an_owner_renames_and_removes_their_own, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let bob = stage.sign_up("bob").await.text("/token");
    let mut authenticator = Authenticator::new(-8);
    let id = register(&stage, &alice, &mut authenticator).await.text("/id");
    let named = |name: &str| json!({ "id": id, "name": name });
    for (token, name, code) in [
        (bob.as_str(), "Mine", (404, "PASSKEY_NOT_FOUND")),
        (alice.as_str(), "  ", (400, "VALIDATION_ERROR")),
        (alice.as_str(), &"x".repeat(101), (400, "VALIDATION_ERROR")),
    ] {
        let answer = send(&stage, "update-passkey", Some(token), "", named(name)).await;
        assert_eq!(answer.code(), code);
    }
    let renamed = send(&stage, "update-passkey", Some(&alice), "", named(" Phone ")).await;
    assert_eq!(renamed.text("/passkey/name"), "Phone", "{}", renamed.body);
    let of_bob = send(&stage, "delete-passkey", Some(&bob), "", json!({ "id": id })).await;
    assert_eq!(of_bob.code(), (404, "PASSKEY_NOT_FOUND"));
    let nobody = send(&stage, "delete-passkey", None, "", json!({ "id": id })).await;
    assert_eq!(nobody.status, 401);

    stage.pass(Duration::from_secs(301));
    let stale = send(&stage, "delete-passkey", Some(&alice), "", json!({ "id": id })).await;
    assert_eq!(stale.code(), (403, "SESSION_NOT_FRESH"));
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let fresh = stage.post("/v1/auth/sign-in/email", body).await.text("/token");
    let gone = send(&stage, "delete-passkey", Some(&fresh), "", json!({ "id": id })).await;
    assert_eq!((gone.status, gone.body), (200, json!({ "status": true })));
    assert_eq!(sign_in(&stage, &authenticator).await.code(), (401, "PASSKEY_NOT_FOUND"));
    let again = send(&stage, "delete-passkey", Some(&fresh), "", json!({ "id": id })).await;
    assert_eq!(again.code(), (404, "PASSKEY_NOT_FOUND"));
    assert!(stage.events().await.contains(&"passkey_removed".to_owned()));
});

on_each!(a_registration_may_begin_a_session, |stage| {
    let alice = stage.sign_up("alice").await.text("/token");
    let authenticator = Authenticator::new(-7);
    let (asked, cookie) = options(&stage, "generate-register-options", Some(&alice)).await;
    let response = authenticator.register(challenge(&asked));
    let body = json!({ "response": response, "createSession": true });
    let answer = send(&stage, "verify-registration", Some(&alice), &cookie, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["name"], Value::Null);
    assert_eq!(answer.text("/user/name"), "alice");
    let token = answer.headers["set-auth-token"].to_str().unwrap();
    let mine = stage.get("/v1/auth/get-session", token).await;
    assert_eq!(mine.text("/session/id"), answer.text("/session/id"));
});
