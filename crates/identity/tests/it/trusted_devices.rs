use std::time::Duration;

use serde_json::json;

use crate::accounts::futures;
use crate::on_each;
use crate::stage::{PASSWORD, Stage};
use crate::two_factor::{Guarded, by_cookie, call, code, guard, pending, sign_in};

const DAY: Duration = Duration::from_secs(86_400);

async fn trusted(stage: &Stage, name: &str) -> (Guarded, String) {
    let who = guard(stage, name).await;
    let cookie = pending(stage, name).await;
    let body = json!({ "code": code(stage, &who.app), "trustDevice": true });
    let inside = by_cookie(stage, "verify-totp", &cookie, body).await;
    assert_eq!(inside.status, 200, "{}", inside.body);
    let device = inside.kept("sixfold_trusted");
    assert!(device.len() > 40, "{device}");
    (who, device)
}

on_each!(a_trusted_device_needs_no_second_factor_and_moves_on_each_time, |stage| {
    let (_, device) = trusted(&stage, "alice").await;
    let first = sign_in(&stage, "alice", &[("cookie", &device)]).await;
    assert_eq!(first.body["redirect"], false, "{}", first.body);
    let next = first.kept("sixfold_trusted");
    assert!(!next.is_empty() && next != device);
    let copied = sign_in(&stage, "alice", &[("cookie", &device)]).await;
    assert_eq!(copied.body["twoFactorRedirect"], true, "the old one is dead");
    stage.pass(29 * DAY);
    let later = sign_in(&stage, "alice", &[("cookie", &next)]).await;
    assert_eq!(later.body["redirect"], false);
    let last = later.kept("sixfold_trusted");
    stage.pass(31 * DAY);
    let late = sign_in(&stage, "alice", &[("cookie", &last)]).await;
    assert_eq!(late.body["twoFactorRedirect"], true);
});

on_each!(of_many_who_show_the_same_device_one_is_believed, |stage| {
    let (_, device) = trusted(&stage, "alice").await;
    let headers = [("cookie", device.as_str())];
    let answers = futures((0..20).map(|_| sign_in(&stage, "alice", &headers))).await;
    let inside = answers.iter().filter(|answer| answer.body["redirect"] == false).count();
    assert_eq!(inside, 1);
    assert!(answers.iter().all(|answer| answer.status == 200));
});

on_each!(a_device_is_trusted_for_its_owner_only, |stage| {
    let (_, device) = trusted(&stage, "alice").await;
    guard(&stage, "bob").await;
    let bob = sign_in(&stage, "bob", &[("cookie", &device)]).await;
    assert_eq!(bob.body["twoFactorRedirect"], true);
    let alice = sign_in(&stage, "alice", &[("cookie", &device)]).await;
    assert_eq!(alice.body["redirect"], false, "it was not spent by that");
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let device = alice.kept("sixfold_trusted");
    let pair = stage.send("POST", "/v1/auth/signin", &[("cookie", &device)], Some(body)).await;
    assert_eq!(pair.code(), (403, "second_factor_required"));
});

on_each!(no_device_is_trusted_after_the_second_factor_was_off, |stage| {
    let (alice, device) = trusted(&stage, "alice").await;
    let body = json!({ "password": PASSWORD });
    assert_eq!(call(&stage, "disable", &alice.token, body.clone()).await.status, 200);
    assert_eq!(stage.count("select count(*) from trusted_devices").await, 0);
    let set_up = call(&stage, "enable", &alice.token, body).await;
    let app = totp_rs::Totp::from_url(set_up.text("/totpURI")).unwrap();
    let confirm = json!({ "code": code(&stage, &app) });
    assert_eq!(call(&stage, "verify-totp", &alice.token, confirm).await.status, 200);
    let answer = sign_in(&stage, "alice", &[("cookie", &device)]).await;
    assert_eq!(answer.body["twoFactorRedirect"], true);
});

on_each!(somebody_trusts_at_most_twenty_devices, |stage| {
    let (alice, _) = trusted(&stage, "alice").await;
    for _ in 0..21 {
        stage.pass(Duration::from_secs(30));
        let cookie = pending(&stage, "alice").await;
        let body = json!({ "code": code(&stage, &alice.app), "trustDevice": true });
        assert_eq!(by_cookie(&stage, "verify-totp", &cookie, body).await.status, 200);
    }
    assert_eq!(stage.count("select count(*) from trusted_devices").await, 20);
});
