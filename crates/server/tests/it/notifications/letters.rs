//! Letters of what is not read, and how one gets no more of them.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{PATIENCE, count, followed, one};
use crate::people::Person;
use crate::stage::{Stage, alone_on_both};

/// Letters of a kind to somebody, once there are so many.
async fn letters(to: &Person, kind: &str, least: usize) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let all = to.get("/v1/dev/mailbox").await.was(200).json();
        let all = all.as_array().cloned().unwrap_or_default();
        let mine: Vec<Value> =
            all.into_iter().filter(|one| one["kind"] == kind && one["to"] == *to.email).collect();
        if mine.len() >= least {
            return mine;
        }
        assert!(Instant::now() < deadline, "{} letters of {kind} to {}", mine.len(), to.email);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Proves that an address is theirs: nobody else gets letters.
async fn prove(person: &Person) {
    person.post("/v1/onboarding/email/send", json!({})).await.was(202);
    let code = letters(person, "address_code", 1).await.remove(0)["code"].clone();
    person.post("/v1/onboarding/email/verify", json!({ "code": code })).await.was(200);
}

/// Letters once a day, half a day from now by the server's clock: within a test none is due, at
/// whatever time it runs. Somebody's address was proven just now.
async fn half_a_day_away(person: &Person) -> Value {
    let letter = letters(person, "address_code", 1).await.remove(0);
    let at = letter["at"].as_str().unwrap_or_default();
    let hour: Option<u8> = at.get(11..13).and_then(|hour| hour.parse().ok());
    let hour = (hour.expect("the hour it came") + 12) % 24;
    json!({ "digest": { "frequency": "daily", "hour": hour } })
}

/// A stage where letters are looked after each second.
async fn hasty(mut stage: Stage) -> Stage {
    stage.server.stop();
    stage.server.set("SIXFOLD_NOTIFICATIONS_LETTERS_EVERY_S", "1");
    stage.server.run();
    stage.moved()
}

#[tokio::test]
async fn a_letter_names_what_is_unread_and_ends_at_the_press_of_a_button() {
    alone_on_both(async |stage| {
        let stage = hasty(stage).await;
        let (alice, bob, acme) = (stage.alice(), stage.bob(), &stage.acme);
        one(&bob, "membership").await;
        bob.post("/v1/notifications/read", json!({ "all": true })).await.was(200);
        prove(&bob).await;
        let path = "/v1/notifications/preferences";
        let instant = json!({ "digest": { "frequency": "instant" } });
        bob.patch(path, instant).await.was(200);
        let send = async |title: &str| {
            let body = json!({ "groupId": acme, "title": title, "message": "not in letters" });
            alice.post("/v1/notifications", body).await.was(202);
        };
        send("We <moved>").await;
        let letter = letters(&bob, "notification_digest", 1).await.remove(0);
        let (text, html) = (letter["text"].to_string(), letter["html"].to_string());
        assert!(text.contains("* We <moved>") && html.contains("We &lt;moved&gt;"), "{letter}");
        assert!(!text.contains("not in letters") && !html.contains("not in letters"), "{letter}");
        assert_eq!(letter["subject"], "1 new notification at Sixfold");

        // Each is in one letter.
        send("Again").await;
        let second = letters(&bob, "notification_digest", 2).await.remove(1);
        assert!(!second["text"].to_string().contains("moved"), "{second}");

        // What scanners open changes nothing; the button of a mail program does, of anybody's.
        let url = letter["unsubscribe"].as_str().unwrap_or_default().to_owned();
        let way = url.strip_prefix(stage.server.url()).expect("an address of this server");
        let door = stage.nobody();
        let page = door.get(way).await.was(200);
        assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
        assert!(page.text.contains("<form method=\"post\""), "{page:?}");
        assert_eq!(bob.get(path).await.json()["digest"]["frequency"], "instant");
        let press = door
            .request(Method::POST, way)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("List-Unsubscribe=One-Click");
        door.send(press).await.was(200);
        assert_eq!(bob.get(path).await.json()["digest"]["frequency"], "off");
        door.post(way, json!({})).await.was(200);
        for wrong in
            ["?token=", "?token=abc", &format!("{}x", &way[way.find('?').unwrap_or(0)..]), ""]
        {
            door.post(&format!("/v1/notifications/unsubscribe{wrong}"), json!({})).await.was(422);
        }

        // From now on there is none, whatever is in the list.
        send("Silence").await;
        followed(&alice, acme, &bob).await;
        assert_eq!(count(&bob, "announcement").await, 4);
        bob.patch(path, half_a_day_away(&bob).await).await.was(200);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(letters(&bob, "notification_digest", 2).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn who_reads_in_time_or_proved_no_address_gets_no_letter() {
    alone_on_both(async |stage| {
        let stage = hasty(stage).await;
        let (alice, bob, vera, acme) = (stage.alice(), stage.bob(), stage.vera(), &stage.acme);
        let path = "/v1/notifications/preferences";
        prove(&bob).await;
        // By the day: nothing is due before it was read.
        bob.patch(path, half_a_day_away(&bob).await).await.was(200);
        vera.patch(path, json!({ "digest": { "frequency": "instant" } })).await.was(200);
        alice.post("/v1/notifications", json!({ "groupId": acme, "title": "News" })).await.was(202);
        one(&bob, "announcement").await;
        one(&vera, "announcement").await;
        bob.post("/v1/notifications/read", json!({ "all": true })).await.was(200);
        bob.patch(path, json!({ "digest": { "frequency": "instant" } })).await.was(200);
        followed(&alice, acme, &bob).await;
        let first = letters(&bob, "notification_digest", 1).await.remove(0);
        assert!(!first["text"].to_string().contains("News"), "{first}");
        assert!(letters(&vera, "notification_digest", 0).await.is_empty());
    })
    .await;
}
