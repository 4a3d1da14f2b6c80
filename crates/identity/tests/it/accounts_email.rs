use std::time::Duration;

use serde_json::{Value, json};

use crate::accounts::futures;
use crate::accounts_kit::{Front, NEW, front, is_page, path_of, settings};
use crate::on_each;
use crate::stage::PASSWORD;

const OLD: &str = "alice@example.com";

async fn ask(front: &Front<'_>, token: &str, to: &str) -> (u16, Value) {
    let body = json!({ "newEmail": to, "callbackURL": "/settings" });
    let answer = front.post_as("/v1/auth/change-email", token, body).await;
    (answer.status, answer.body)
}

async fn prove(front: &Front<'_>, session: &str, to: &str) -> crate::stage::Answer {
    let token = front.stage.letter("email_change", to).await.token;
    front.fetch(&format!("/v1/auth/verify-email?token={token}"), session).await
}

async fn revert(front: &Front<'_>, token: &str) -> crate::stage::Answer {
    front.post("/v1/auth/revert-email", json!({ "token": token })).await
}

on_each!(an_address_changes_when_the_new_one_is_proven, |stage| {
    let front = front(&stage, settings());
    let here = front.sign_up("alice").await.text("/token");
    let there = front.sign_in(OLD, PASSWORD).await.text("/token");
    front.sign_up("bob").await;
    let free = ask(&front, &here, "Ada@Example.com").await;
    assert_eq!(free, (200, json!({ "status": true })));
    assert_eq!(front.sign_in("ada@example.com", PASSWORD).await.status, 401, "not yet");
    let done = prove(&front, &here, "ada@example.com").await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(done.text("/user/email"), "ada@example.com");
    assert_eq!(done.body["user"]["emailVerified"], true);
    assert!(front.is_in(&here).await, "who asked stays");
    assert!(!front.is_in(&there).await, "the others do not");
    assert_eq!(front.sign_in(OLD, PASSWORD).await.status, 401);
    assert_eq!(front.sign_in("ada@example.com", PASSWORD).await.status, 200);
    let people = "select count(*) from people p join users u on u.id = p.user_id \
                  where p.email = u.email";
    assert_eq!(stage.count(people).await, 2);
    stage.letter("email_changed_notice", OLD).await;
    for kind in ["email_change_requested", "email_changed"] {
        assert_eq!(front.events_of(kind).await, 1, "{kind}");
    }
    assert_eq!(prove(&front, &here, "ada@example.com").await.code(), (401, "INVALID_TOKEN"));
    let told = stage.told().await;
    assert!(!told.contains("example.com"), "{told}");
});

on_each!(whether_an_address_is_taken_is_told_to_its_owner_only, |stage| {
    let front = front(&stage, settings());
    let token = front.sign_up("alice").await.text("/token");
    front.sign_up("bob").await;
    let jobs = "select count(*) from jobs where kind = 'mail.deliver'";
    let before = stage.count(jobs).await;
    let free = ask(&front, &token, "free@example.com").await;
    let between = stage.count(jobs).await;
    let taken = ask(&front, &token, "bob@example.com").await;
    let after = stage.count(jobs).await;
    assert_eq!(free, taken);
    assert_eq!((between - before, after - between), (1, 1));
    stage.letter("account_exists", "bob@example.com").await;
    // The later request took the place of the first.
    assert_eq!(prove(&front, &token, "free@example.com").await.code(), (401, "INVALID_TOKEN"));

    for (to, code) in
        [("alice@example.com", (400, "EMAIL_IS_THE_SAME")), ("nonsense", (400, "INVALID_EMAIL"))]
    {
        let answer = ask(&front, &token, to).await;
        assert_eq!((answer.0, answer.1["code"].as_str().unwrap()), code);
    }
    let body = json!({ "newEmail": "x@example.com", "callbackURL": "//evil.example" });
    let evil = front.post_as("/v1/auth/change-email", &token, body.clone()).await;
    assert_eq!(evil.code(), (403, "INVALID_CALLBACK_URL"));
    assert_eq!(front.post("/v1/auth/change-email", body).await.status, 401);
});

on_each!(an_address_somebody_took_meanwhile_is_not_given_away, |stage| {
    let front = front(&stage, settings());
    let token = front.sign_up("alice").await.text("/token");
    ask(&front, &token, "ada@example.com").await;
    let change = stage.letter("email_change", "ada@example.com").await.token;
    front.sign_up("ada").await;
    let late = front.fetch(&format!("/v1/auth/verify-email?token={change}"), &token).await;
    assert_eq!(late.code(), (401, "INVALID_TOKEN"));
    assert_eq!(front.sign_in(OLD, PASSWORD).await.status, 200);
});

on_each!(the_old_address_takes_its_account_back, |stage| {
    let front = front(&stage, settings());
    // Mallory has Alice's session and password, changes the address, and then the password.
    let thief = front.sign_up("alice").await.text("/token");
    ask(&front, &thief, "mallory@example.com").await;
    assert_eq!(prove(&front, &thief, "mallory@example.com").await.status, 200);
    let letter = stage.letter("email_changed_notice", OLD).await;
    stage.pass(Duration::from_secs(60));
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    let thief = front.post_as("/v1/auth/change-password", &thief, body).await.text("/token");
    assert!(front.is_in(&thief).await);
    // Takes the old address, so that it is not free any more.
    let squat = front.sign_up("alice").await.text("/token");
    // And moves on to a third one.
    ask(&front, &thief, "third@example.com").await;
    assert_eq!(prove(&front, &thief, "third@example.com").await.status, 200);
    let second = stage.letter("email_changed_notice", "mallory@example.com").await.token;
    let body = json!({ "email": "third@example.com" });
    front.post("/v1/auth/request-password-reset", body).await;
    let reset = stage.letter("password_reset", "third@example.com").await.token;

    for _ in 0..3 {
        let page = front.open(&path_of(&letter.url)).await;
        assert!(is_page(&page) && page.status == 200);
    }
    let answers = futures((0..50).map(|_| revert(&front, &letter.token))).await;
    assert_eq!(answers.iter().filter(|one| one.status == 200).count(), 1);
    assert!(answers.iter().all(|one| matches!(one.status, 200 | 401 | 503)));

    assert!(!front.is_in(&thief).await);
    for (email, password) in [(OLD, NEW), ("third@example.com", NEW), ("mallory@example.com", NEW)]
    {
        assert_eq!(front.sign_in(email, password).await.status, 401, "{email}");
    }
    let body = json!({ "token": reset, "newPassword": NEW });
    let late = front.post("/v1/auth/reset-password", body).await;
    assert_eq!(late.code(), (400, "INVALID_TOKEN"));
    assert_eq!(revert(&front, &second).await.code(), (401, "INVALID_TOKEN"));
    assert_eq!(revert(&front, &letter.token).await.code(), (401, "INVALID_TOKEN"));
    stage.letter("email_change_reverted", OLD).await;
    // The password was changed since, so it is gone; the mailbox sets a new one.
    front.post("/v1/auth/request-password-reset", json!({ "email": OLD })).await;
    let token = stage.letter("password_reset", OLD).await.token;
    let body = json!({ "token": token, "newPassword": "my own once more" });
    assert_eq!(front.post("/v1/auth/reset-password", body).await.status, 200);
    let back = front.sign_in(OLD, "my own once more").await;
    assert_eq!(back.status, 200);
    let other = front.fetch("/v1/auth/get-session", &squat).await;
    assert!(other.text("/user/email").ends_with("@displaced.invalid"));
    assert_eq!(front.events_of("email_change_reverted").await, 1);
});

on_each!(a_change_is_undone_for_three_days, |stage| {
    let front = front(&stage, settings());
    let token = front.sign_up("alice").await.text("/token");
    ask(&front, &token, "ada@example.com").await;
    prove(&front, &token, "ada@example.com").await;
    let letter = stage.letter("email_changed_notice", OLD).await;
    stage.pass(Duration::from_secs(72 * 3_600));
    assert_eq!(revert(&front, &letter.token).await.code(), (401, "INVALID_TOKEN"));
    let fields = [("token", letter.token.as_str())];
    let pressed = front.press("/v1/auth/revert-email", &fields, "").await;
    assert!(is_page(&pressed) && pressed.status == 401);
    assert_eq!(front.sign_in("ada@example.com", PASSWORD).await.status, 200);
});

on_each!(a_mailbox_alone_gives_its_address_to_nobodys_account, |stage| {
    let front = front(&stage, settings());
    let eve = front.sign_up("eve").await;
    let (session, cookie) = (eve.text("/token"), eve.cookie());
    ask(&front, &session, "victim@example.com").await;
    let letter = stage.letter("email_change", "victim@example.com").await;
    assert!(!letter.text.contains("eve"), "nothing that whoever asked has written");
    let other = front.sign_up("victor").await;
    for who in ["", other.text("/token").as_str()] {
        let path = format!("/v1/auth/verify-email?token={}", letter.token);
        assert_eq!(front.fetch(&path, who).await.code(), (401, "INVALID_USER"));
    }
    let page = front.open(&path_of(&letter.url)).await;
    assert!(is_page(&page) && page.status == 401);
    assert!(page.body.as_str().unwrap().contains("Sign in"), "{}", page.body);
    let fields = [("token", letter.token.as_str())];
    for cookie in [String::new(), other.cookie()] {
        let pressed = front.press("/v1/auth/verify-email", &fields, &cookie).await;
        assert_eq!(pressed.status, 401);
    }
    assert_eq!(stage.count("select count(*) from users where email_verified").await, 0);
    // The link is still good for who asked.
    let pressed = front.press("/v1/auth/verify-email", &fields, &cookie).await;
    assert_eq!(pressed.status, 200);
    let taken = "select count(*) from users where email = 'victim@example.com'";
    assert_eq!(stage.count(taken).await, 1);
});

on_each!(what_a_thief_knows_or_made_before_the_change_is_gone_too, |stage| {
    let front = front(&stage, settings());
    front.sign_up("alice").await;
    stage.pass(Duration::from_secs(60));
    let thief = front.sign_in(OLD, PASSWORD).await.text("/token");
    stage.pass(Duration::from_secs(1));
    front.post_as("/v1/auth/api-key/create", &thief, json!({ "name": "mine" })).await;
    let live = "select count(*) from api_keys where revoked_at is null";
    assert_eq!(stage.count(live).await, 1);
    stage.pass(Duration::from_secs(1));
    ask(&front, &thief, "mallory@example.com").await;
    assert_eq!(prove(&front, &thief, "mallory@example.com").await.status, 200);
    let letter = stage.letter("email_changed_notice", OLD).await;
    // The owner has no account any more, as far as they can see, and makes one by a magic link.
    stage.pass(Duration::from_secs(60));
    let asked = front.post("/v1/auth/request-link", json!({ "email": OLD })).await;
    let link = asked.text("/magic_link").split_once("token=").unwrap().1.to_owned();
    let new = front.post("/v1/auth/verify", json!({ "token": link })).await;
    assert_eq!((new.status, &new.body["user"]["emailVerified"]), (200, &json!(true)));

    assert_eq!(revert(&front, &letter.token).await.status, 200);
    assert_eq!(stage.count(live).await, 0, "made before the change, by the same session");
    // The password did not change, but the thief knows it.
    assert_eq!(front.sign_in(OLD, PASSWORD).await.status, 401);
    assert_eq!(front.sign_in("mallory@example.com", PASSWORD).await.status, 401);
    let told = stage.letter("email_change_reverted", OLD).await;
    assert!(told.text.contains("backup codes"), "{}", told.text);
    assert_eq!(front.events_of("email_displaced").await, 1);
});

on_each!(an_older_account_keeps_the_address_it_proved, |stage| {
    let front = front(&stage, settings());
    let bob = front.sign_up("bob").await.text("/token");
    stage.pass(Duration::from_secs(60));
    let alice = front.sign_up("alice").await.text("/token");
    ask(&front, &alice, "new@example.com").await;
    assert_eq!(prove(&front, &alice, "new@example.com").await.status, 200);
    let letter = stage.letter("email_changed_notice", OLD).await;
    ask(&front, &bob, OLD).await;
    assert_eq!(prove(&front, &bob, OLD).await.status, 200);
    assert_eq!(revert(&front, &letter.token).await.code(), (401, "INVALID_TOKEN"));
    assert_eq!(front.sign_in(OLD, PASSWORD).await.text("/user/name"), "bob");
});
