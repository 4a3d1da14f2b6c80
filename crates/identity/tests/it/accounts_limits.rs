use std::time::Duration;

use identity::Settings;
use serde_json::json;

use crate::accounts::futures;
use crate::accounts_kit::{front, settings};
use crate::on_each;
use crate::stage::PASSWORD;

on_each!(of_two_hundred_guesses_five_are_compared_and_then_the_right_one_is_refused, |stage| {
    let front = front(&stage, settings());
    let session = front.sign_up("alice").await.text("/token");
    let email = "alice@example.com";
    let guesses = (0..200).map(|n| {
        let front = &front;
        async move { front.sign_in(email, &format!("wrong password {n}")).await }
    });
    let answers = futures(guesses).await;
    let wrong = answers.iter().filter(|one| one.status == 401).count();
    let refused = answers.iter().filter(|one| one.code() == (429, "RATE_LIMITED")).count();
    assert_eq!((wrong, refused), (5, 195));
    let late = answers.iter().find(|one| one.status == 429).unwrap();
    assert_eq!(late.headers["x-retry-after"], late.headers["retry-after"]);
    assert_eq!(front.events_of("sign_in_failed").await, 5);

    assert_eq!(front.sign_in(" ALICE@example.com", PASSWORD).await.status, 429);
    let pair = json!({ "email": email, "password": PASSWORD });
    let pair = front.post("/v1/auth/signin", pair).await;
    assert_eq!(pair.code(), (429, "rate_limited"));
    // Who is signed in stays so, and can prove who they are; elsewhere nobody is locked out.
    assert!(front.is_in(&session).await);
    let body = json!({ "password": PASSWORD });
    assert_eq!(front.post_as("/v1/auth/verify-password", &session, body).await.status, 200);
    let body = json!({ "email": email, "password": PASSWORD });
    let elsewhere = front.post_from("/v1/auth/sign-in/email", body, "198.51.100.9").await;
    assert_eq!(elsewhere.status, 200);

    stage.pass(Duration::from_secs(15 * 60));
    assert_eq!(front.sign_in(email, PASSWORD).await.status, 200);
    let told = stage.told().await;
    assert!(!told.contains("example.com") && !told.contains("wrong password"), "{told}");
});

on_each!(the_right_password_forgets_the_wrong_ones_before_it, |stage| {
    let front = front(&stage, settings());
    front.sign_up("alice").await;
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(front.sign_in("alice@example.com", "wrong password").await.status, 401);
        }
        assert_eq!(front.sign_in("alice@example.com", PASSWORD).await.status, 200);
    }
});

on_each!(a_guess_that_was_not_compared_does_not_count, |stage| {
    let front = front(&stage, Settings { hash_queue: 0, ..settings() });
    front.sign_up("alice").await;
    let mut wrong = 0;
    for _ in 0..20 {
        let burst = (0..5).map(|_| front.sign_in("alice@example.com", "wrong password"));
        let answers = futures(burst).await;
        assert!(answers.iter().all(|one| matches!(one.status, 401 | 429 | 503)));
        wrong += answers.iter().filter(|one| one.status == 401).count();
    }
    assert_eq!(wrong, 5);
});

on_each!(every_address_has_so_many_tries_of_whatever_kind, |stage| {
    let front = front(&stage, Settings { tries_per_minute: 4, ..settings() });
    let sign_in = async |from: &str| {
        let body = json!({ "email": "nobody@example.com", "password": PASSWORD });
        front.post_from("/v1/auth/sign-in/email", body, from).await.status
    };
    assert_eq!(sign_in("2001:db8:1:2::1").await, 401);
    assert_eq!(sign_in("2001:db8:1:2:ffff::9").await, 401);
    let body = json!({ "newPassword": PASSWORD, "token": "unknown" });
    let reset = front.post_from("/v1/auth/reset-password", body, "2001:db8:1:2::3").await;
    assert_eq!(reset.code(), (400, "INVALID_TOKEN"));
    let body = json!({ "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
    let up = front.post_from("/v1/auth/sign-up/email", body.clone(), "2001:db8:1:2::4").await;
    assert_eq!(up.status, 200);
    assert_eq!(sign_in("2001:db8:1:2::5").await, 429);
    let up = front.post_from("/v1/auth/sign-up/email", body, "2001:db8:1:2::6").await;
    assert_eq!(up.code(), (429, "RATE_LIMITED"));
    assert_eq!(sign_in("2001:db8:1:3::1").await, 401);
    stage.pass(Duration::from_secs(60));
    assert_eq!(sign_in("2001:db8:1:2::7").await, 401);
});

on_each!(known_and_unknown_accounts_fail_alike_and_write_alike, |stage| {
    let front = front(&stage, settings());
    front.sign_up("alice").await;
    let before = stage.events().await.len();
    let known = front.sign_in("alice@example.com", "wrong password").await;
    let between = stage.events().await.len();
    let unknown = front.sign_in("mallory@example.com", "wrong password").await;
    let after = stage.events().await.len();
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    assert_eq!(known.code(), (401, "INVALID_EMAIL_OR_PASSWORD"));
    assert_eq!((between - before, after - between), (1, 1));
    let own = "select count(*) from events e join people p on p.id = e.target_id \
               where e.type = 'sign_in_failed' and e.group_id = p.personal_group_id \
               and e.visibility = 'private'";
    let nobodys = "select count(*) from events e join groups g on g.id = e.group_id \
                   where e.type = 'sign_in_failed' and g.slug = 'platform' \
                   and e.target_id is null and e.visibility = 'private'";
    assert_eq!((stage.count(own).await, stage.count(nobodys).await), (1, 1));
});

on_each!(guesses_at_a_signed_in_device_are_limited_and_lock_nobody_out, |stage| {
    let front = front(&stage, settings());
    let token = front.sign_up("alice").await.text("/token");
    for path in ["/v1/auth/verify-password", "/v1/auth/delete-user"] {
        let body = json!({ "password": "wrong password" });
        let answer = front.post_as(path, &token, body).await;
        assert_eq!(answer.code(), (400, "INVALID_PASSWORD"), "{path}");
    }
    for _ in 0..3 {
        let body = json!({ "currentPassword": "wrong password", "newPassword": "longer than 12" });
        let answer = front.post_as("/v1/auth/change-password", &token, body).await;
        assert_eq!(answer.code(), (400, "INVALID_PASSWORD"));
    }
    let right = json!({ "password": PASSWORD });
    let late = front.post_as("/v1/auth/verify-password", &token, right.clone()).await;
    assert_eq!(late.code(), (429, "RATE_LIMITED"));
    assert!(front.is_in(&token).await);
    assert_eq!(front.events_of("password_proof_failed").await, 5);
    assert_eq!(front.sign_in("alice@example.com", PASSWORD).await.status, 200);
    stage.pass(Duration::from_secs(15 * 60));
    assert_eq!(front.post_as("/v1/auth/verify-password", &token, right).await.status, 200);
});

on_each!(a_huge_password_costs_no_hash, |stage| {
    let front = front(&stage, settings());
    let token = front.sign_up("alice").await.text("/token");
    for (size, sign_in) in [(1_100_000, 413), (2_000, 400)] {
        let huge = "x".repeat(size);
        let email = "alice@example.com";
        assert_eq!(front.sign_in(email, &huge).await.status, sign_in);
        for (path, body) in [
            ("/v1/auth/sign-up/email", json!({"name": "E", "email": "e@e.com", "password": huge})),
            ("/v1/auth/verify-password", json!({ "password": huge })),
            ("/v1/auth/reset-password", json!({ "newPassword": huge, "token": "x" })),
            (
                "/v1/auth/change-password",
                json!({ "newPassword": huge, "currentPassword": PASSWORD }),
            ),
            (
                "/v1/auth/change-password",
                json!({ "newPassword": "longer than 12", "currentPassword": huge }),
            ),
        ] {
            let answer = front.post_as(path, &token, body).await;
            assert_eq!(answer.status, sign_in, "{path} {}", answer.body);
        }
    }
    assert_eq!(stage.count("select count(*) from users").await, 1);
    assert_eq!(front.events_of("password_proof_failed").await, 0);
});

on_each!(strangers_at_the_same_address_keep_nobody_from_proving_who_they_are, |stage| {
    let front = front(&stage, Settings { tries_per_minute: 3, ..settings() });
    let token = front.sign_up("alice").await.text("/token");
    for status in [401, 401, 429] {
        assert_eq!(front.sign_in("nobody@example.com", "wrong password").await.status, status);
    }
    let right = json!({ "password": PASSWORD });
    let proven = front.post_as("/v1/auth/verify-password", &token, right).await;
    assert_eq!(proven.status, 200);
    let token = proven.headers["set-auth-token"].to_str().unwrap();
    let body = json!({ "newEmail": "ada@example.com" });
    assert_eq!(front.post_as("/v1/auth/change-email", token, body).await.status, 200);
});
