use std::time::Duration;

use identity::Settings;
use serde_json::{Value, json};

use crate::accounts::futures;
use crate::accounts_kit::{Front, front, is_page, location, path_of, settings};
use crate::on_each;
use crate::stage::{Answer, PASSWORD, Stage};

const MAIL: &str = "email_verification";

async fn sign_up(front: &Front<'_>, name: &str, email: &str) -> Answer {
    let body = json!({
        "name": name, "email": email, "password": PASSWORD, "callbackURL": "/welcome",
    });
    front.post("/v1/auth/sign-up/email", body).await
}

async fn link(stage: &Stage, email: &str) -> String {
    path_of(&stage.letter(MAIL, email).await.url)
}

on_each!(a_sign_up_is_followed_by_a_letter_whose_link_proves_the_address_once, |stage| {
    let front = front(&stage, settings());
    let token = sign_up(&front, "Alice", "alice@example.com").await.text("/token");
    let letter = stage.letter(MAIL, "alice@example.com").await;
    let url = path_of(&letter.url);
    assert!(url.starts_with("/v1/auth/verify-email?token="), "{url}");
    assert!(url.ends_with("&callbackURL=%2Fwelcome"), "{url}");

    // Scanners open it as often as they like.
    for _ in 0..3 {
        let page = front.open(&url).await;
        assert_eq!(page.status, 200);
        assert!(is_page(&page));
        assert!(page.body.as_str().unwrap().contains(&letter.token));
        let headers = [("accept", "application/json")];
        let head = front.raw("HEAD", &url, &headers, String::new(), "203.0.113.7").await;
        assert_eq!(head.status, 200);
    }
    let plain = format!("/v1/auth/verify-email?token={}", letter.token);
    let answers = futures((0..50).map(|_| front.fetch(&plain, &token))).await;
    let won: Vec<_> = answers.iter().filter(|one| one.status == 200).collect();
    assert_eq!(won.len(), 1);
    assert!(answers.iter().all(|one| matches!(one.status, 200 | 401 | 503)));
    assert_eq!(won[0].body["status"], true);
    assert_eq!(won[0].body["user"]["emailVerified"], true);
    assert!(won[0].headers.get("set-cookie").is_none(), "proving signs nobody in");
    assert!(front.is_in(&token).await, "and out");
    assert_eq!(front.events_of("email_verified").await, 1);

    assert_eq!(front.fetch(&plain, "").await.code(), (401, "INVALID_TOKEN"));
    let again = front.fetch(&url, "").await;
    assert_eq!((again.status, location(&again)), (302, "/welcome?error=INVALID_TOKEN"));
    let pressed = front.press("/v1/auth/verify-email", &[("token", &letter.token)], "").await;
    assert_eq!(pressed.status, 401);
    assert!(is_page(&pressed));
    let told = stage.told().await;
    assert!(!told.contains("example.com") && !told.contains(&letter.token), "{told}");
});

on_each!(the_pages_button_proves_and_leads_on, |stage| {
    let front = front(&stage, settings());
    let alice = sign_up(&front, "Alice", "alice@example.com").await;
    let token = stage.letter(MAIL, "alice@example.com").await.token;
    let to = "https://app.example.com/in";
    let fields = [("token", token.as_str()), ("callbackURL", to)];
    let done = front.press("/v1/auth/verify-email", &fields, &alice.cookie()).await;
    assert_eq!((done.status, location(&done)), (303, to));
    let late = front.press("/v1/auth/verify-email", &fields, &alice.cookie()).await;
    assert_eq!(location(&late), "https://app.example.com/in?error=INVALID_TOKEN");
    for (fields, code) in [
        (vec![("token", "x"), ("callbackURL", "//evil.example")], (403, "INVALID_CALLBACK_URL")),
        (vec![("token", "x"), ("token", "y")], (400, "VALIDATION_ERROR")),
        (vec![("token", "x"), ("other", "y")], (400, "VALIDATION_ERROR")),
        (vec![], (400, "VALIDATION_ERROR")),
    ] {
        let refused = front.press("/v1/auth/verify-email", &fields, "").await;
        assert_eq!(refused.code(), code, "{fields:?}");
    }
});

on_each!(links_run_out_and_lead_nowhere_foreign, |stage| {
    let front = front(&stage, settings());
    sign_up(&front, "Alice", "alice@example.com").await;
    let token = stage.letter(MAIL, "alice@example.com").await.token;
    for evil in ["//evil.example", "https%3A%2F%2Fevil.example", "%2F%5Cevil.example"] {
        let path = format!("/v1/auth/verify-email?token={token}&callbackURL={evil}");
        assert_eq!(front.fetch(&path, "").await.code(), (403, "INVALID_CALLBACK_URL"));
        assert_eq!(front.open(&path).await.code(), (403, "INVALID_CALLBACK_URL"));
    }
    let path = format!("/v1/auth/verify-email?token={token}");
    assert_eq!(front.fetch(&format!("{path}&x=1"), "").await.code(), (400, "VALIDATION_ERROR"));
    assert_eq!(front.fetch("/v1/auth/verify-email", "").await.code(), (400, "VALIDATION_ERROR"));
    stage.pass(Duration::from_secs(24 * 3_600));
    assert_eq!(front.fetch(&path, "").await.code(), (401, "TOKEN_EXPIRED"));
    let led = front.fetch(&format!("{path}&callbackURL=/x"), "").await;
    assert_eq!(location(&led), "/x?error=TOKEN_EXPIRED");
});

on_each!(where_addresses_are_proven_first_a_sign_up_tells_strangers_nothing, |stage| {
    let front = front(&stage, Settings { require_verified_email: true, ..settings() });
    let shape = |answer: &Answer| {
        let mut body = answer.body.clone();
        for key in ["id", "personId", "personalGroupId"] {
            assert!(body["user"][key].is_string(), "{key} {body}");
            body["user"][key] = Value::Null;
        }
        assert!(answer.headers.get("set-cookie").is_none());
        assert!(answer.headers.get("set-auth-token").is_none());
        (answer.status, body)
    };
    let jobs = "select count(*) from jobs where kind = 'mail.deliver'";
    let (jobs_0, events_0) = (stage.count(jobs).await, stage.events().await.len());
    let fresh = sign_up(&front, "Ada", "ada@example.com").await;
    let (jobs_1, events_1) = (stage.count(jobs).await, stage.events().await.len());
    let taken = sign_up(&front, "Ada", "ada@example.com").await;
    let (jobs_2, events_2) = (stage.count(jobs).await, stage.events().await.len());
    assert_eq!(shape(&fresh), shape(&taken));
    assert_eq!(fresh.body["token"], Value::Null);
    assert_ne!(fresh.text("/user/id"), taken.text("/user/id"));
    assert_eq!((jobs_1 - jobs_0, jobs_2 - jobs_1), (1, 1), "one letter each");
    assert_eq!((events_1 - events_0, events_2 - events_1), (4, 1));
    stage.letter("account_exists", "ada@example.com").await;
    for table in ["users", "people", "credentials"] {
        let sql: &'static str = match table {
            "users" => "select count(*) from users",
            "people" => "select count(*) from people",
            _ => "select count(*) from credentials",
        };
        assert_eq!(stage.count(sql).await, 1, "{table}");
    }
    let pair = json!({ "email": "ada@example.com", "password": PASSWORD });
    let pair = front.post("/v1/auth/signup", pair).await;
    assert_eq!((pair.status, &pair.body["accessToken"]), (200, &Value::Null));

    // The right password alone is not enough, and brings another letter.
    assert_eq!(front.sign_in("ada@example.com", "wrong password").await.status, 401);
    let before = stage.kinds().len();
    let refused = front.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(refused.code(), (403, "EMAIL_NOT_VERIFIED"));
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    assert_eq!(front.post("/v1/auth/login", body).await.code(), (403, "email_not_verified"));
    for _ in 0..500 {
        if stage.kinds().len() > before + 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(front.fetch(&link(&stage, "ada@example.com").await, "").await.status, 200);
    assert_eq!(front.sign_in("ada@example.com", PASSWORD).await.status, 200);
    assert_eq!(stage.count("select count(*) from sessions").await, 1);
});

on_each!(anybody_may_ask_for_a_letter_and_learns_nothing, |stage| {
    let front = front(&stage, settings());
    sign_up(&front, "Alice", "alice@example.com").await;
    let first = link(&stage, "alice@example.com").await;
    sign_up(&front, "Bob", "bob@example.com").await;
    assert_eq!(front.fetch(&link(&stage, "bob@example.com").await, "").await.status, 302);
    let mut answers = Vec::new();
    for email in ["alice@example.com", "bob@example.com", "nobody@example.com"] {
        let body = json!({ "email": email, "callbackURL": "https://app.example.com/in" });
        let answer = front.post("/v1/auth/send-verification-email", body).await;
        answers.push((answer.status, answer.body));
    }
    assert!(answers.iter().all(|one| *one == (200, json!({ "status": true }))));
    for _ in 0..500 {
        if link(&stage, "alice@example.com").await != first {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let queued = "select count(*) from jobs where kind = 'identity.letter_request' \
                  and state <> 'done'";
    for _ in 0..500 {
        if stage.count(queued).await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let to = |email: &str| {
        stage.kinds().into_iter().filter(|(kind, to)| kind == MAIL && to == email).count()
    };
    assert_eq!(
        (to("alice@example.com"), to("bob@example.com"), to("nobody@example.com")),
        (2, 1, 0)
    );
    let clear = "select count(*) from jobs where cast(payload as text) like '%example.com%'";
    assert_eq!(stage.count(clear).await, 0, "addresses are sealed");
    let url = link(&stage, "alice@example.com").await;
    let done = front.fetch(&url, "").await;
    assert_eq!((done.status, location(&done)), (302, "https://app.example.com/in"));

    for (body, code) in [
        (json!({ "email": "nonsense" }), (400, "INVALID_EMAIL")),
        (json!({}), (400, "VALIDATION_ERROR")),
        (json!({ "email": "a@example.com", "x": 1 }), (400, "VALIDATION_ERROR")),
        (
            json!({ "email": "a@example.com", "callbackURL": "//evil.example" }),
            (403, "INVALID_CALLBACK_URL"),
        ),
    ] {
        let answer = front.post("/v1/auth/send-verification-email", body).await;
        assert_eq!(answer.code(), code);
    }
});

on_each!(letters_are_limited_by_who_asks_and_by_whom_they_reach, |stage| {
    let limited = Settings { mails_per_minute: 2, mails_per_hour: 3, ..settings() };
    let front = front(&stage, limited);
    let ask = async |email: &str, from: &str| {
        let body = json!({ "email": email });
        front.post_from("/v1/auth/request-password-reset", body, from).await
    };
    for from in ["198.51.100.1", "198.51.100.2"] {
        assert_eq!(ask("alice@example.com", from).await.status, 200);
    }
    let third = ask("Alice@example.com", "198.51.100.3").await;
    assert_eq!(third.code(), (429, "RATE_LIMITED"));
    assert!(third.headers.contains_key("x-retry-after"));
    for email in ["b@example.com", "c@example.com"] {
        assert_eq!(ask(email, "198.51.100.4").await.status, 200);
    }
    assert_eq!(ask("d@example.com", "198.51.100.4").await.status, 429);
    stage.pass(Duration::from_secs(60));
    assert_eq!(ask("e@example.com", "198.51.100.4").await.status, 200);
    assert_eq!(ask("f@example.com", "198.51.100.4").await.status, 429, "three in an hour");
});

on_each!(nobody_signs_up_where_that_is_off, |stage| {
    let front = front(&stage, Settings { sign_up: false, ..settings() });
    let answer = sign_up(&front, "Ada", "ada@example.com").await;
    assert_eq!(answer.code(), (400, "EMAIL_PASSWORD_SIGN_UP_DISABLED"));
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    assert_eq!(front.post("/v1/auth/signup", body).await.code(), (403, "sign_up_disabled"));
    assert_eq!(stage.count("select count(*) from users").await, 0);
});

on_each!(tricks_with_letters_reach_nobodys_account, |stage| {
    let front = front(&stage, settings());
    let plain = front.sign_up("kate").await;
    let session = plain.text("/token");
    for email in [
        "\u{212a}ate@example.com",
        "kat\u{65}\u{301}@example.com",
        "kate@example.com\u{200b}",
        "kate@exa\u{43c}ple.com",
        "kate@example.com\u{0}",
        "kate@example.com\nbcc:x@example.com",
        "kate@evil.example@example.com",
    ] {
        for (path, body) in [
            ("/v1/auth/sign-in/email", json!({ "email": email, "password": PASSWORD })),
            (
                "/v1/auth/sign-up/email",
                json!({ "name": "K", "email": email, "password": PASSWORD }),
            ),
            ("/v1/auth/request-password-reset", json!({ "email": email })),
            ("/v1/auth/send-verification-email", json!({ "email": email })),
        ] {
            let answer = front.post(path, body).await;
            assert_eq!(answer.status, 400, "{path} {email:?} {}", answer.body);
        }
        let body = json!({ "newEmail": email });
        let answer = front.post_as("/v1/auth/change-email", &session, body).await;
        assert_eq!(answer.status, 400, "{email:?}");
    }
    assert_eq!(front.sign_in("  KATE@EXAMPLE.com ", PASSWORD).await.status, 200);
    assert_eq!(stage.count("select count(*) from users").await, 1);
});

on_each!(of_twenty_sign_ups_at_once_nobody_can_tell_which_one_made_the_account, |stage| {
    let front = front(&stage, Settings { require_verified_email: true, ..settings() });
    let all = (0..20).map(|_| sign_up(&front, "Ada", "ada@example.com"));
    for answer in futures(all).await {
        assert!(matches!(answer.status, 200 | 503), "{}", answer.body);
        assert!(answer.status == 503 || answer.body["token"] == Value::Null);
    }
    assert_eq!(stage.count("select count(*) from users").await, 1);
    assert_eq!(stage.count("select count(*) from people").await, 1);
    let homes = "select count(*) from groups where slug <> 'platform'";
    assert_eq!(stage.count(homes).await, 1);
});

on_each!(
    who_has_the_mailbox_gets_the_account_and_whoever_used_the_address_first_nothing,
    |stage| {
        let front = front(&stage, settings());
        // Eve signs up with the victim's address, and leaves more than a password.
        let eve = sign_up(&front, "Eve", "victim@example.com").await;
        let (id, session) = (eve.text("/user/id"), eve.text("/token"));
        let body = json!({ "name": "mine" });
        let key = front.post_as("/v1/auth/api-key/create", &session, body).await.text("/key");
        let bearer = [("authorization", format!("Bearer {key}"))];
        let bearer: Vec<_> = bearer.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let user: types::UserId = id.parse().unwrap();
        stage
        .app
        .db
        .unbound()
        .write(async move |tx| {
            let sql = "insert into passkeys (id, user_id, credential_id, public_key, counter, \
                       device_type, backed_up, created_at) values ($1, $1, $2, $2, $3, 'x', $4, $3)";
            tx.run(sql, database::args![user, &[1_u8, 2][..], 0_i64, false]).await
        })
        .await
        .unwrap();
        let letter = stage.letter(MAIL, "victim@example.com").await;
        let page = front.open(&path_of(&letter.url)).await;
        assert!(page.body.as_str().unwrap().contains("set a new password"), "{}", page.body);
        // A stranger's session, and Eve's key, are not a session of the account.
        let mallory = front.sign_up("mallory").await.cookie();
        let fields = [("token", letter.token.as_str())];
        let done = front.press("/v1/auth/verify-email", &fields, &mallory).await;
        assert_eq!(done.status, 200);
        assert!(done.body.as_str().unwrap().contains("Set a new password"), "{}", done.body);

        assert!(!front.is_in(&session).await);
        assert_eq!(front.sign_in("victim@example.com", PASSWORD).await.status, 401);
        let used =
            front.raw("GET", "/v1/auth/get-session", &bearer, String::new(), "203.0.113.7").await;
        assert_ne!(used.body["user"]["id"], json!(id));
        for sql in [
            "select count(*) from passkeys",
            "select count(*) from api_keys where revoked_at is null",
            "select count(*) from credentials c join users u on u.id = c.user_id \
         where u.email = 'victim@example.com'",
        ] {
            assert_eq!(stage.count(sql).await, 0, "{sql}");
        }
        let told = stage.letter("address_proven", "victim@example.com").await;
        assert!(!told.text.contains("Eve"), "{}", told.text);
        assert_eq!(front.events_of("email_verified").await, 1);

        front
            .post("/v1/auth/request-password-reset", json!({ "email": "victim@example.com" }))
            .await;
        let token = stage.letter("password_reset", "victim@example.com").await.token;
        let body = json!({ "token": token, "newPassword": "my own at last" });
        assert_eq!(front.post("/v1/auth/reset-password", body).await.status, 200);
        assert_eq!(
            front.sign_in("victim@example.com", "my own at last").await.text("/user/id"),
            id
        );
    }
);

on_each!(who_proves_an_address_while_signed_in_keeps_everything, |stage| {
    let front = front(&stage, settings());
    let alice = sign_up(&front, "Alice", "alice@example.com").await.text("/token");
    let token = stage.letter(MAIL, "alice@example.com").await.token;
    let done = front.fetch(&format!("/v1/auth/verify-email?token={token}"), &alice).await;
    assert_eq!(done.body["user"]["emailVerified"], true);
    assert!(front.is_in(&alice).await);
    assert_eq!(front.sign_in("alice@example.com", PASSWORD).await.status, 200);
    assert!(stage.kinds().iter().all(|(kind, _)| kind != "address_proven"));
});

on_each!(tokens_of_letters_are_not_tried_without_end, |stage| {
    let limited = Settings { tries_per_minute: 3, ..settings() };
    let front = front(&stage, limited);
    for (path, codes) in [("verify-email", [401, 401, 401, 429]), ("revert-email", [429; 4])] {
        for status in codes {
            let path = format!("/v1/auth/{path}");
            let answer = front.post(&path, json!({ "token": "rubbish" })).await;
            assert_eq!(answer.status, status, "{path}");
        }
    }
    let signed = sign_up(&front, "Alice", "alice@example.com").await;
    assert_eq!(signed.status, 200, "signing in is counted apart");
});
