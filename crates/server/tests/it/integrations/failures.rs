//! Targets that mean no good, and servers that die: what is sent is bounded, told and not lost.

use std::time::Duration;

use serde_json::json;

use super::target::Target;
use super::{delivery, thing, until, webhook};
use crate::engines::Engine;
use crate::people::Person;
use crate::stage::{Stage, alone_on_both, member, on_both};

#[tokio::test]
async fn what_fails_is_sent_again_with_the_same_id() {
    on_both(async |stage| {
        let (target, alice) = (Target::open().await, stage.alice());
        let team = crate::stage::group(&alice, "hooks-again", "Again").await;
        target.then(&["500 No"]);
        let (id, _) = webhook(&alice, &team, &target.url("/next"), json!({})).await;
        thing(&alice, &team, "note", "n").await;
        let failed = delivery(&alice, &id, |one| one["attempts"] == 1).await;
        assert_eq!(
            (&failed["state"], &failed["lastError"]),
            (&json!("queued"), &json!("bad_status"))
        );
        assert!(failed["nextAttemptAt"].is_string());
        let path = format!("/v1/webhooks/{id}");
        until(&alice, &path, |one| one["failingSince"].is_string()).await;
        let seen = target.wait(2).await;
        assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
        assert_eq!(seen[0].body, seen[1].body);
        let done = delivery(&alice, &id, |one| one["state"] == "delivered").await;
        let statuses: Vec<_> =
            done["requests"].as_array().into_iter().flatten().map(|one| &one["status"]).collect();
        assert_eq!(statuses, [200, 500]);
        until(&alice, &path, |one| one["failingSince"].is_null()).await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_asks_for_a_pause_gets_it() {
    on_both(async |stage| {
        let (target, alice) = (Target::open().await, stage.alice());
        let team = crate::stage::group(&alice, "hooks-pause", "Pause").await;
        target.then(&["503 Busy\r\nretry-after: 86000"]);
        let (id, _) = webhook(&alice, &team, &target.url("/next"), json!({})).await;
        thing(&alice, &team, "note", "n").await;
        let failed = delivery(&alice, &id, |one| one["attempts"] == 1).await;
        let day = |text: &serde_json::Value| text.as_str().unwrap_or_default()[..10].to_owned();
        assert_ne!(day(&failed["nextAttemptAt"]), "", "{failed}");
        let hours = |from: &str| from[11..13].parse::<i64>().expect("hours");
        let (made, next) = (&failed["updatedAt"], &failed["nextAttemptAt"]);
        let same_day = day(made) == day(next);
        let later = hours(next.as_str().expect("a time")) - hours(made.as_str().expect("a time"));
        assert!(!same_day || later >= 22, "{failed}");
        assert_eq!(target.seen().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn one_that_is_gone_is_switched_off_and_what_waits_is_held() {
    on_both(async |stage| {
        let (target, alice) = (Target::open().await, stage.alice());
        let team = crate::stage::group(&alice, "hooks-gone", "Gone").await;
        let (id, _) = webhook(&alice, &team, &target.url("/gone"), json!({})).await;
        let path = format!("/v1/webhooks/{id}");
        thing(&alice, &team, "note", "n").await;
        let off = until(&alice, &path, |one| one["enabled"] == false).await;
        assert_eq!(off["disabledReason"], "gone");
        assert!(off["disabledAt"].is_string());
        let told = format!("/v1/events?groupId={team}&type=webhook_disabled");
        let told = until(&alice, &told, |said| said["data"][0].is_object()).await;
        assert_eq!(told["data"][0]["metadata"]["reason"], "gone");
        assert_eq!(told["data"][0]["targetId"], id);

        // It is mended, and what it missed is asked for once more.
        let failed = delivery(&alice, &id, |one| one["state"] == "failed").await;
        let again = format!("{path}/deliveries/{}/replay", failed["id"].as_str().unwrap_or("?"));
        let held = alice.post(&again, json!({})).await.was(202).json();
        assert_eq!(held["state"], "held");
        let change = json!({ "enabled": true, "url": target.url("/in") });
        let on = alice.patch(&path, change).await.was(200).json();
        assert!(on["disabledReason"].is_null() && on["failingSince"].is_null(), "{on}");
        let seen = target.wait(2).await;
        assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
        delivery(&alice, &id, |one| one["state"] == "delivered").await;
    })
    .await;
}

#[tokio::test]
async fn no_address_inside_is_reached_and_no_redirect_followed() {
    on_both(async |stage| {
        let (target, alice) = (Target::open().await, stage.alice());
        let team = crate::stage::group(&alice, "hooks-inside", "Inside").await;
        for url in [
            "http://169.254.169.254/latest/meta-data/",
            "http://127.0.0.2/",
            "http://[::1]/",
            "http://10.0.0.1/",
            "http://0x7f000002/",
            "http://example.com:22/",
            "http://me:secret@example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "no address",
        ] {
            let body = json!({ "groupId": team, "url": url });
            let answer = alice.post("/v1/webhooks", body).await.was_problem(422, "url_refused");
            assert_eq!(answer.json()["errors"][0]["pointer"], "/url");
        }
        // A name is looked up when it is called, and leads nowhere then.
        let (inner, _) = webhook(&alice, &team, "http://localhost/", json!({})).await;
        let (id, _) = webhook(&alice, &team, &target.url("/redirect"), json!({})).await;
        thing(&alice, &team, "note", "n").await;
        for (id, error) in [(&inner, "unreachable"), (&id, "redirected")] {
            let failed = delivery(&alice, id, |one| one["attempts"] == 1).await;
            assert_eq!(failed["lastError"], error);
        }
        assert!(target.seen().iter().all(|one| one.path == "/redirect"));
    })
    .await;
}

#[tokio::test]
async fn who_hangs_or_never_ends_holds_up_nobody_else() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        stage.server.stop();
        stage.server.set("SIXFOLD_WEBHOOKS_TIMEOUT_MS", "3000");
        stage.server.run();
        let at = |person: Person| person.at(stage.server.url()).fresh();
        let (alice, carol, target) = (at(stage.alice()), at(stage.carol()), Target::open().await);
        let mut silent = Vec::new();
        for number in 0..8 {
            let path = if number % 2 == 0 { "/hang" } else { "/drip" };
            silent.push(webhook(&alice, &stage.acme, &target.url(path), json!({})).await.0);
        }
        let (endless, _) = webhook(&carol, &stage.globex, &target.url("/endless"), json!({})).await;
        for number in 0..10 {
            thing(&alice, &stage.acme, "note", &number.to_string()).await;
        }
        thing(&carol, &stage.globex, "note", "hers").await;
        // Eighty requests hang or wait; hers went through at once, and its answer was cut.
        let kept = delivery(&carol, &endless, |one| one["state"] == "delivered").await;
        let request = &kept["requests"][0];
        assert!(request["durationMs"].as_i64().is_some_and(|took| took < 3000), "{kept}");
        let response = request["response"].as_str().unwrap_or_default();
        assert!(response.starts_with("0123456789abcde\u{fffd}0"), "{response}");
        assert!(response.chars().count() <= 1024);
        for id in silent {
            let path = format!("/v1/webhooks/{id}/deliveries");
            let timed_out = |said: &serde_json::Value| {
                let all = said["data"].as_array().into_iter().flatten();
                all.clone().any(|one| one["lastError"] == "timed_out")
            };
            until(&alice, &path, timed_out).await;
        }
    }
}

/// Groups of somebody, each with four webhooks whose server never answers, and four things to tell
/// them of: sixteen requests, as far as there are places.
async fn hang(owner: &Person, target: &Target, groups: usize) -> Vec<String> {
    let mut made = Vec::new();
    for number in 0..groups {
        let slug = format!("hang-{}-{number}", owner.name);
        let group = crate::stage::group(owner, &slug, "Hang").await;
        for _ in 0..4 {
            webhook(owner, &group, &target.url("/hang"), json!({})).await;
        }
        for name in ["one", "two", "three", "four"] {
            thing(owner, &group, "note", name).await;
        }
        made.push(group);
    }
    made
}

#[tokio::test]
async fn who_hangs_in_many_groups_holds_up_nobody_else_alone_or_with_others() {
    alone_on_both(async |mut stage| {
        stage.server.stop();
        // No setting is longer; on a slow machine some of it may end by itself all the same.
        stage.server.set("SIXFOLD_WEBHOOKS_TIMEOUT_MS", "60000");
        stage.server.run();
        let stage = stage.moved();
        let (target, alice, carol) = (Target::open().await, stage.alice(), stage.carol());
        let mut groups = hang(&alice, &target, 6).await;
        target.wait(64).await;
        let (hers, _) = webhook(&carol, &stage.globex, &target.url("/in"), json!({})).await;
        thing(&carol, &stage.globex, "note", "hers").await;
        delivery(&carol, &hers, |one| one["state"] == "delivered").await;
        // Ninety-six are to be sent; one person has a quarter of the places, and each is taken for a
        // minute, however long it took to come here.
        let seen = target.seen();
        let mut hung: Vec<_> =
            seen.iter().filter(|one| one.path == "/hang").map(|one| one.at).collect();
        hung.sort_unstable();
        let apart = hung.windows(65).map(|some| some[64] - some[0]).min();
        assert!(apart.is_none_or(|apart| apart > Duration::from_secs(30)), "{apart:?}");

        // With three others all places are taken. What was slow by then gives way.
        for other in [stage.bob(), stage.vera(), carol] {
            groups.extend(hang(&other, &target, 4).await);
        }
        target.wait(64 * 4 + 1).await;
        let dora = crate::stage::sign_up(&stage.nobody(), "dora").await;
        let (hers, _) = webhook(&dora, &dora.home, &target.url("/in"), json!({})).await;
        thing(&dora, &dora.home, "note", "hers").await;
        delivery(&dora, &hers, |one| one["state"] == "delivered").await;
        let root = stage.root();
        let mut gave_way = 0;
        for group in groups {
            let all = root.get(&format!("/v1/webhooks?groupId={group}")).await.was(200).json();
            let all = all["data"].as_array().into_iter().flatten();
            gave_way += all.filter(|one| one["failingSince"].is_string()).count();
        }
        assert!(gave_way > 0);
    })
    .await;
}

#[tokio::test]
async fn a_killed_server_sends_again_what_was_under_way() {
    alone_on_both(async |mut stage| {
        let (target, alice) = (Target::open().await, stage.alice());
        stage.server.stop();
        // Of a killed process nobody on PostgreSQL knows: its lease has to end.
        stage.server.set("SIXFOLD_WEBHOOKS_TIMEOUT_MS", "3000");
        stage.server.run();
        let alice = alice.at(stage.server.url()).fresh();
        let (id, _) = webhook(&alice, &stage.acme, &target.url("/in"), json!({})).await;
        let (slow, _) = webhook(&alice, &stage.acme, &target.url("/hang"), json!({})).await;
        for number in 0..20 {
            thing(&alice, &stage.acme, "note", &number.to_string()).await;
        }
        target.wait(1).await;
        stage.server.kill();
        let before = target.seen();
        stage.server.run();
        let alice = alice.at(stage.server.url()).fresh();
        let path = format!("/v1/webhooks/{id}/deliveries?state=delivered");
        let all =
            until(&alice, &path, |said| said["data"].as_array().is_some_and(|all| all.len() == 20))
                .await;
        let ids: std::collections::HashSet<&str> = all["data"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["id"].as_str())
            .collect();
        assert_eq!(ids.len(), 20);
        // What arrived before is one of them; what arrived twice has the same id.
        let seen = target.seen();
        for one in before.iter().chain(&seen).filter(|one| one.path == "/in") {
            assert!(ids.contains(one.header("webhook-id")), "{one:?}");
        }
        alice.delete(&format!("/v1/webhooks/{slow}")).await.was(204);
        alice.get(&format!("/v1/webhooks/{slow}/deliveries")).await.was(404);
    })
    .await;
}

#[tokio::test]
async fn whose_owner_left_is_sent_nothing_more() {
    on_both(async |stage| {
        let (target, alice, bob) = (Target::open().await, stage.alice(), stage.bob());
        let team = crate::stage::group(&alice, "hooks-left", "Left").await;
        member(&alice, &team, &bob, "group_owner").await;
        let (id, _) = webhook(&bob, &team, &target.url("/in"), json!({})).await;
        thing(&alice, &team, "note", "before").await;
        target.wait(1).await;
        let role = json!({ "groupId": team, "role": "group_user" });
        alice.patch(&format!("/v1/people/{}", bob.id), role).await.was(200);
        thing(&alice, &team, "note", "after").await;
        let path = format!("/v1/webhooks/{id}");
        let off = until(&alice, &path, |one| one["enabled"] == false).await;
        assert_eq!(off["disabledReason"], "owner_lost_access");
        assert_eq!(target.seen().len(), 1);
        // Whoever switches it on answers for it from then on.
        let on = alice.patch(&path, json!({ "enabled": true })).await.was(200).json();
        assert_eq!(on["ownerId"], alice.id);
        thing(&alice, &team, "note", "again").await;
        target.wait(2).await;
    })
    .await;
}
