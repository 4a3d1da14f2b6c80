//! What bad input and bad neighbours get.

use std::time::Duration;

use database::args;
use serde_json::json;

use super::{
    ASK, PROGRAM, VERIFY, browse, change, later, otherwise, redeem, settings, token, visit,
};
use crate::accounts::futures;
use crate::on_each;
use crate::stage::{Answer, PASSWORD};

on_each!(what_stands_in_a_link_is_only_text_on_its_page, |stage| {
    let path = format!(
        "{VERIFY}?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&callbackURL=/%22%3E%3Cb%3E"
    );
    let page = browse(&stage, &path).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("<script>") && !page.text.contains("<b>"), "{}", page.text);
    assert!(page.text.contains("&lt;script&gt;"));
});

on_each!(pages_of_others_cannot_sign_a_visitor_in, |stage| {
    let token = token(&stage, "mallory@example.com").await;
    let form = format!("token={token}");
    let typed = ("content-type", "application/x-www-form-urlencoded");
    for (headers, code) in [
        (&[typed, ("origin", "https://evil.example")][..], "INVALID_ORIGIN"),
        (&[typed, ("origin", "null")], "MISSING_OR_NULL_ORIGIN"),
        (&[typed, ("sec-fetch-site", "cross-site")], "MISSING_OR_NULL_ORIGIN"),
        (
            &[
                typed,
                ("sec-fetch-site", "cross-site"),
                ("host", "evil.example"),
                ("origin", "https://evil.example"),
            ],
            "INVALID_ORIGIN",
        ),
    ] {
        let page = visit(&stage.router, "POST", VERIFY, headers, &form, "").await;
        assert!(page.status == 403 && page.text.contains(code), "{headers:?}: {}", page.text);
    }
    let path = format!("{VERIFY}?token={token}");
    let fetched = [PROGRAM, ("origin", "https://evil.example"), ("sec-fetch-mode", "cors")];
    let page = visit(&stage.router, "GET", &path, &fetched, "", "").await;
    assert_eq!((page.status, page.header("set-cookie")), (403, ""));
    for kind in ["application/json", "text/plain", "multipart/form-data", ""] {
        let headers = [("content-type", kind)];
        let page = visit(&stage.router, "POST", VERIFY, &headers, &form, "").await;
        assert_eq!(page.status, 415, "{kind}");
    }
    for form in ["", "token=", "token=a&token=b", "token=a&admin=1", "%FF", "token=a\u{e9}", "a b"]
    {
        let page = visit(&stage.router, "POST", VERIFY, &[typed], form, "").await;
        assert!([400, 401].contains(&page.status), "{form}: {}", page.status);
    }
    let huge = format!("token={}", "x".repeat(100_000));
    let page = visit(&stage.router, "POST", VERIFY, &[typed], &huge, "").await;
    assert_eq!(page.status, 413);
    // None of it spent the link.
    assert_eq!(redeem(&stage, &token).await.status, 200);
});

on_each!(nobody_is_sent_to_places_off_the_list, |stage| {
    for bad in [
        "//evil.example",
        "https:evil.example",
        "\\evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "https://app.example.com@evil.example/",
        "https://app.example.com.evil.example/",
        "javascript:alert(1)",
        "%2F%2Fevil.example",
        "/\t/evil.example",
        "",
    ] {
        for field in ["callbackURL", "newUserCallbackURL", "errorCallbackURL"] {
            let answer = stage.post(ASK, json!({ "email": "a@example.com", field: bad })).await;
            assert_eq!(answer.code(), (403, "INVALID_CALLBACK_URL"), "{field} {bad}");
            let value: String = url::form_urlencoded::byte_serialize(bad.as_bytes()).collect();
            let path = format!("{VERIFY}?token=x&{field}={value}");
            for headers in [&[PROGRAM][..], &[]] {
                let answer = stage.send("GET", &path, headers, None).await;
                assert_eq!(answer.code(), (403, "INVALID_CALLBACK_URL"), "{path}");
                assert!(answer.headers.get("location").is_none());
            }
            let typed = [("content-type", "application/x-www-form-urlencoded")];
            let form = format!("token=x&{field}={value}");
            let page = visit(&stage.router, "POST", VERIFY, &typed, &form, "").await;
            assert_eq!(page.status, 403, "{form}");
        }
    }
    assert!(stage.kinds().is_empty());
});

on_each!(links_are_made_from_the_configured_address_only, |stage| {
    let hostile = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-for", "1.2.3.4"),
        ("forwarded", "host=evil.example"),
        ("x-original-url", "//evil.example"),
        ("referer", "https://evil.example/"),
    ];
    let body = json!({ "email": "ada@example.com" });
    assert_eq!(stage.send("POST", ASK, &hostile, Some(body.clone())).await.status, 200);
    let letter = stage.letter("magic_link", "ada@example.com").await;
    assert!(letter.url.starts_with("http://localhost:8080/v1/auth/magic-link/verify?token="));
    let answer = stage.send("POST", "/v1/auth/request-link", &hostile, Some(body)).await;
    let link = answer.text("/magic_link");
    assert!(link.starts_with("http://localhost:8080/login?token="), "{link}");
    for part in [&letter.url, &letter.text, &letter.html, &link] {
        assert!(!part.contains("evil"), "{part}");
    }
});

on_each!(letters_are_limited_by_address_asked_for_however_many_ask_at_once, |stage| {
    let body = || json!({ "email": "ada@example.com" });
    let answers = futures((0..50).map(|number| {
        let email = if number % 2 == 0 { "ada@example.com" } else { " ADA@Example.COM " };
        let path = if number % 3 == 0 { "/v1/auth/request-link" } else { ASK };
        stage.post(path, json!({ "email": email }))
    }))
    .await;
    let sent = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(sent, 5);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refused.status, 429);
        assert!(refused.body["code"].as_str().unwrap().eq_ignore_ascii_case("rate_limited"));
        let wait: u32 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait));
    }
    assert_eq!(stage.count("select count(*) from challenges").await, 5);
    let refused = stage.post(ASK, body()).await;
    assert_eq!(refused.headers["x-retry-after"], refused.headers["retry-after"]);
    // Another address is another matter.
    assert_eq!(stage.post(ASK, json!({ "email": "bob@example.com" })).await.status, 200);
    // Twenty in an hour.
    for _ in 0..3 {
        later(&stage);
        for _ in 0..5 {
            assert_eq!(stage.post(ASK, body()).await.status, 200);
        }
    }
    later(&stage);
    let refused = stage.post(ASK, body()).await;
    assert_eq!(refused.code(), (429, "RATE_LIMITED"));
    stage.pass(Duration::from_secs(3_600));
    assert_eq!(stage.post(ASK, body()).await.status, 200);
});

on_each!(letters_are_limited_by_address_asking, |stage| {
    let from = async |email: String, peer: &str| {
        let body = json!({ "email": email }).to_string();
        let headers = [("content-type", "application/json")];
        visit(&stage.router, "POST", ASK, &headers, &body, peer).await.status
    };
    for number in 0..5 {
        assert_eq!(from(format!("a{number}@example.com"), "192.0.2.1:1000").await, 200);
        let peer = format!("[2001:db8:0:1::{number}]:1000");
        assert_eq!(from(format!("b{number}@example.com"), &peer).await, 200);
    }
    assert_eq!(from("a6@example.com".to_owned(), "192.0.2.1:2000").await, 429);
    assert_eq!(from("a6@example.com".to_owned(), "192.0.2.2:1000").await, 200);
    // One network of IPv6 is one asker.
    assert_eq!(from("b6@example.com".to_owned(), "[2001:db8:0:1:ffff::1]:1").await, 429);
    assert_eq!(from("b6@example.com".to_owned(), "[2001:db8:0:2::1]:1").await, 200);
    // Who was refused did not use up the place of the address asked for.
    for _ in 0..4 {
        assert_eq!(from("b6@example.com".to_owned(), "[2001:db8:0:3::1]:1").await, 200);
    }
});

on_each!(tricks_with_addresses_reach_nobody_else, |stage| {
    let ada = redeem(&stage, &token(&stage, "kate@example.com").await).await;
    let same = redeem(&stage, &token(&stage, "  KATE@EXAMPLE.COM ").await).await;
    assert_eq!(ada.body["user"]["id"], same.body["user"]["id"]);
    for bad in [
        "",
        "nobody",
        "@example.com",
        "a@b",
        "\u{212a}ate@example.com",
        "kate@ex\u{e4}mple.com",
        "kate@example\u{3002}com",
        "kate@example.com\r\nBcc: evil@example.com",
        "kate@example.com\u{0}",
        "ka\tte@example.com",
        "kate@example.com,evil@example.com",
        "Kate <kate@example.com>",
        "kate@example.com\u{200b}",
        &format!("{}@example.com", "x".repeat(65)),
        &format!("a@{}.com", "x".repeat(260)),
    ] {
        let answer = stage.post(ASK, json!({ "email": bad })).await;
        assert!(
            [(400, "INVALID_EMAIL"), (400, "VALIDATION_ERROR")].contains(&answer.code()),
            "{bad:?}: {}",
            answer.body
        );
        let answer = stage.post("/v1/auth/request-link", json!({ "email": bad })).await;
        assert_eq!(answer.code(), (400, "invalid_email"), "{bad:?}");
    }
    for body in [
        json!({}),
        json!({ "email": 5 }),
        json!({ "email": "a@example.com", "name": "x".repeat(101) }),
        json!({ "email": "a@example.com", "name": "a\u{7}" }),
        json!({ "email": "a@example.com", "admin": true }),
        json!({ "email": "a@example.com", "metadata": 5 }),
        json!([]),
    ] {
        let answer = stage.post(ASK, body.clone()).await;
        assert_eq!(answer.code(), (400, "VALIDATION_ERROR"), "{body}");
    }
    assert_eq!(stage.kinds().len(), 2);
});

on_each!(what_somebody_prepared_in_anothers_name_dies_when_the_owner_comes, |stage| {
    let mallory = stage.sign_up("victim").await;
    let old = mallory.text("/token");
    let group = mallory.text("/user/personalGroupId");
    let key = json!({ "name": "Back door", "groupId": group, "permissions": ["things:read"] });
    let key = stage.as_bearer("POST", "/v1/api-keys", &old, key).await;
    assert_eq!(key.status, 201, "{}", key.body);
    let key = key.text("/key");
    assert_eq!(stage.get("/v1/me", &key).await.status, 200);
    let linked = "insert into credentials (id, user_id, provider, account_id, created_at, \
                  updated_at) select id, user_id, 'google', 'mallory', 0, 0 from sessions";
    change(&stage, linked).await;
    let seed = "insert into two_factors (user_id, secret, last_step, created_at) \
                select id, $1, 0, 0 from users";
    let secret = vec![0_u8];
    let seeded = async move |tx: &mut database::Tx| tx.run(seed, args![&secret]).await;
    stage.app.db.unbound().write(seeded).await.unwrap();
    change(&stage, "update users set two_factor_enabled = true").await;

    let owner = redeem(&stage, &token(&stage, "victim@example.com").await).await;
    assert_eq!(owner.status, 200, "{}", owner.body);
    assert_eq!(owner.body["user"]["emailVerified"], true);
    assert_eq!(owner.body["user"]["twoFactorEnabled"], false);
    assert_eq!(owner.body["user"]["id"], mallory.body["user"]["id"]);
    assert_eq!(stage.get("/v1/me", &old).await.code(), (401, "invalid_token"));
    assert_eq!(stage.get("/v1/me", &key).await.code(), (401, "invalid_token"));
    assert_eq!(stage.get("/v1/me", &owner.text("/token")).await.status, 200);
    let body = json!({ "email": "victim@example.com", "password": PASSWORD });
    let wrong = stage.post("/v1/auth/sign-in/email", body).await;
    assert_eq!(wrong.code(), (401, "INVALID_EMAIL_OR_PASSWORD"));
    for gone in ["select count(*) from credentials", "select count(*) from two_factors"] {
        assert_eq!(stage.count(gone).await, 0, "{gone}");
    }
    let events = stage.events().await;
    assert_eq!(events[events.len() - 3..], ["email_verified", "user_login", "sign_in_failed"]);
});

on_each!(what_the_owner_set_up_stays, |stage| {
    let alice = stage.sign_up("alice").await;
    change(&stage, "update users set email_verified = true").await;
    let again = redeem(&stage, &token(&stage, "alice@example.com").await).await;
    assert_eq!(again.status, 200);
    assert_eq!(stage.get("/v1/me", &alice.text("/token")).await.status, 200);
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    assert_eq!(stage.post("/v1/auth/sign-in/email", body).await.status, 200);
    assert!(!stage.events().await.contains(&"email_verified".to_owned()));
});

on_each!(asking_says_nothing_about_who_has_an_account, |stage| {
    stage.sign_up("alice").await;
    token(&stage, "alice@example.com").await;
    token(&stage, "nobody@example.com").await;
    let known = stage.letter("magic_link", "alice@example.com").await;
    let unknown = stage.letter("magic_link", "nobody@example.com").await;
    assert_eq!(known.subject, unknown.subject);
    assert_eq!(known.text.replace(&known.token, ""), unknown.text.replace(&unknown.token, ""));
    for path in ["/v1/auth/request-link", ASK] {
        let known = stage.post(path, json!({ "email": "alice@example.com" })).await;
        let unknown = stage.post(path, json!({ "email": "nobody@example.com" })).await;
        assert_eq!(known.status, unknown.status);
        let names = |answer: &Answer| -> Vec<String> {
            answer.body.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(names(&known), names(&unknown));
    }
    assert_eq!(stage.events().await.last().unwrap(), "user_login", "asking is no event");
});

on_each!(tries_at_links_are_limited_by_address, |stage| {
    let strict = otherwise(&stage, settings(), true);
    let path = format!("{VERIFY}?token={}", "A".repeat(43));
    let mut last = 0;
    for _ in 0..21 {
        last = visit(&strict, "GET", &path, &[PROGRAM], "", "192.0.2.1:1000").await.status;
    }
    assert_eq!(last, 429);
    assert_eq!(visit(&strict, "GET", &path, &[PROGRAM], "", "192.0.2.2:1").await.status, 401);
    // Looking is no try.
    assert_eq!(visit(&strict, "GET", &path, &[], "", "192.0.2.1:1000").await.status, 200);
});
