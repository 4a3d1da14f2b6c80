//! Who is connected hears what they may hear by now.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::socket::Socket;
use crate::people::Person;
use crate::stage::{PASSWORD, Stage, alone_on_both, group, member, on_both};

/// What a role allows is nobody's event; still whoever has it is asked anew who they are.
#[tokio::test]
async fn who_has_a_role_that_allows_less_by_now_hears_less_at_once() {
    on_both(async |stage: &Stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = group(&alice, "live-roles", "Roles").await;
        member(&alice, &team, &bob, "group_user").await;
        let role = format!("/v1/groups/{team}/roles/watcher");
        let allow = async |permissions: &[&str]| {
            let body = json!({ "permissions": permissions });
            alice.send(alice.request(Method::PUT, &role).json(&body)).await.was(200);
        };
        allow(&["groups:read", "events:read"]).await;
        let seat = json!({ "groupId": team, "role": "watcher" });
        alice.patch(&format!("/v1/people/{}", bob.id), seat).await.was(200);
        let mut socket = Socket::open(stage.server.url(), &bob);
        for (number, topic) in [(0, format!("group:{team}")), (1, "person:me".to_owned())] {
            socket.say(&format!(r#"42{number}["subscribe",{{"topic":"{topic}"}}]"#));
            socket.hear(&format!(r#"43{number}[{{"ok":true"#));
        }
        let note = |group: &str| json!({ "groupId": group, "type": "note", "name": "note" });
        let early = alice.post("/v1/things", note(&team)).await.was(201).id();
        socket.told_until(&early);
        allow(&["groups:read"]).await;
        let late = alice.post("/v1/things", note(&team)).await.was(201).id();
        // What happens after that, and is theirs.
        let own = bob.post("/v1/things", note(&bob.home)).await.was(201).id();
        let told = socket.told_until(&own);
        assert!(!told.iter().any(|packet| packet.contains(&late)), "{told:?}");
    })
    .await;
}

/// Whoever makes a group owns it, on connections that were there before it, too.
#[tokio::test]
async fn who_makes_a_group_listens_to_it_at_once() {
    on_both(async |stage: &Stage| {
        let bob = stage.bob();
        let mut socket = Socket::open(stage.server.url(), &bob);
        let team = group(&bob, "live-made", "Made").await;
        socket.say(&format!(r#"420["subscribe",{{"topic":"group:{team}"}}]"#));
        socket.hear(r#"430[{"ok":true"#);
        let note = json!({ "groupId": team, "type": "note", "name": "note" });
        let made = bob.post("/v1/things", note).await.was(201).id();
        socket.told_until(&made);
    })
    .await;
}

/// A key has leaked: who came with a token that it signed, theirs or made by somebody else, does not
/// stay until everybody is asked who they are.
#[tokio::test]
async fn who_came_with_a_token_of_a_key_that_was_retired_is_sent_away() {
    alone_on_both(async |stage| {
        let (root, bob) = (stage.root(), stage.bob());
        let body = json!({ "email": bob.email, "password": PASSWORD });
        let pair = stage.nobody().post("/v1/auth/login", body).await.was(200);
        let leaked = Person { token: Some(pair.text_at("/accessToken")), ..bob.clone() };
        let mut socket = Socket::open(stage.server.url(), &leaked);
        let mut other = Socket::open(stage.server.url(), &bob);
        let first = root.get("/v1/signing-keys").await.was(200).text_at("/data/0/kid");
        let at_once = json!({ "immediately": true });
        root.post("/v1/signing-keys/rotate", at_once).await.was(200);
        root.delete(&format!("/v1/signing-keys/{first}")).await.was(204);
        let began = Instant::now();
        let told = socket.told_until("session_revoked");
        assert!(told.last().is_some_and(|last| last.contains("invalid_token")), "{told:?}");
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        // A session's own token is none of them.
        other.say(r#"420["subscribe",{"topic":"person:me"}]"#);
        other.hear(r#"430[{"ok":true"#);
    })
    .await;
}

/// Acting as somebody ends with the right to.
#[tokio::test]
async fn who_owns_the_platform_no_more_acts_as_nobody_on_open_connections() {
    alone_on_both(async |stage| {
        let (root, bob, carol) = (stage.root(), stage.bob(), stage.carol());
        let groups = root.get("/v1/groups?limit=200").await.was(200).json();
        let platform = groups["data"].as_array().expect("groups").iter();
        let platform = platform.clone().find(|group| group["slug"] == "platform");
        let platform = platform.and_then(|group| group["id"].as_str()).expect("its group");
        let join = json!({ "groupId": platform, "personId": bob.id });
        bob.post("/v1/people", join).await.was(201);
        let owner = json!({ "groupId": platform, "role": "platform_owner" });
        root.patch(&format!("/v1/people/{}", bob.id), owner).await.was(200);
        let user = carol.get("/v1/auth/get-session").await.was(200).text_at("/user/id");
        let acting = bob.post(&format!("/v1/users/{user}/impersonate"), json!({})).await.was(200);
        let acting = Person { token: Some(acting.text_at("/token")), ..carol.clone() };
        let mut socket = Socket::open(stage.server.url(), &acting);
        let mut own = Socket::open(stage.server.url(), &carol);
        let began = Instant::now();
        root.delete(&format!("/v1/people/{}?groupId={platform}", bob.id)).await.was(204);
        socket.told_until("session_revoked");
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        own.say(r#"420["subscribe",{"topic":"person:me"}]"#);
        own.hear(r#"430[{"ok":true"#);
    })
    .await;
}

/// A group goes with all that is below it, and who listens there is told so. Not by the clock, by
/// which everybody is asked who they are: it does not come by three times within a minute.
#[tokio::test]
async fn who_listens_below_a_group_that_is_deleted_is_told_at_once() {
    alone_on_both(async |stage| {
        let (alice, bob, carol) = (stage.alice(), stage.bob(), stage.carol());
        let [mut member_of, mut visitor] =
            [&bob, &carol].map(|person| Socket::open(stage.server.url(), person));
        for round in 0..3 {
            let slug = format!("live-gone-{round}");
            let top = group(&alice, &slug, "Gone").await;
            let below = json!({ "slug": format!("{slug}-below"), "name": "Below",
                "type": "business", "parentGroupId": top, "settings": { "visibility": "public" } });
            let below = alice.post("/v1/groups", below).await.was(201).id();
            member(&alice, &below, &bob, "group_user").await;
            for socket in [&mut member_of, &mut visitor] {
                socket.say(&format!(r#"42{round}["subscribe",{{"topic":"group:{below}"}}]"#));
                socket.hear(&format!(r#"43{round}[{{"ok":true"#));
            }
            let path = format!("/v1/groups/{top}?cascade=true");
            alice.delete(&path).await.was(204);
            let began = Instant::now();
            alice.delete(&format!("{path}&permanent=true&confirm={slug}")).await.was(204);
            for socket in [&mut member_of, &mut visitor] {
                let told = socket.told_until("unsubscribed");
                let is_it = |last: &String| last.contains(&below) && last.contains("not_found");
                assert!(told.last().is_some_and(is_it), "{told:?}");
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        }
    })
    .await;
}

/// Who is in a room that is not for them any more, or is no more, hears nothing of what is said
/// there in passing either. As above, not by the clock.
#[tokio::test]
async fn who_may_no_longer_see_a_room_is_out_of_it_at_once() {
    alone_on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let [mut hers, mut his] =
            [&alice, &bob].map(|person| Socket::open(stage.server.url(), person));
        for round in 0..3 {
            let talk = json!({ "groupId": stage.acme, "type": "conversation", "name": "Talk" });
            let room = alice.post("/v1/things", talk).await.was(201).id();
            for socket in [&mut hers, &mut his] {
                socket.say(&format!(r#"421{round}["join_room",{{"room":"{room}"}}]"#));
                socket.hear(&format!(r#"431{round}[{{"ok":true"#));
            }
            let out = |last: &String| last.contains(&room) && last.contains("not_found");
            let path = format!("/v1/things/{room}");
            let began = Instant::now();
            if round == 1 {
                alice.delete(&format!("{path}?permanent=true")).await.was(204);
                assert!(hers.told_until("unsubscribed").last().is_some_and(out));
            } else {
                alice.patch(&path, json!({ "visibility": "private" })).await.was(200);
                // It is hers.
                hers.told_until("user_left");
            }
            let told = his.told_until("unsubscribed");
            assert!(told.last().is_some_and(out), "{told:?}");
            assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
            if round != 1 {
                let typing = format!(r#"["typing",{{"room":"{room}","on":true}}]"#);
                hers.say(&format!("422{round}{typing}"));
                hers.hear(&format!(r#"432{round}[{{"ok":true"#));
                his.say(&format!("422{round}{typing}"));
                let told = his.told_until(&format!("432{round}["));
                assert!(told.last().is_some_and(|last| last.contains("not_joined")), "{told:?}");
                assert!(!told.iter().any(|one| one.contains(r#""typing""#)), "{told:?}");
            }
        }
    })
    .await;
}
