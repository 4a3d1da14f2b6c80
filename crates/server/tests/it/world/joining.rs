//! Joining by oneself, by asking, and not at all; and leaving.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{each, log, refused, rows};
use crate::people::Person;
use crate::stage::{Stage, on_both, sign_up};

/// A public group of Alice's with that policy.
async fn place(stage: &Stage, slug: &str, policy: &str) -> String {
    let settings = json!({ "visibility": "public", "joinPolicy": policy });
    let body = json!({ "slug": slug, "name": slug, "type": "business", "settings": settings });
    stage.alice().post("/v1/groups", body).await.was(201).id()
}

fn join(group: &str) -> String {
    format!("/v1/groups/{group}/join")
}

fn requests(group: &str) -> String {
    format!("/v1/groups/{group}/join-requests")
}

async fn leave(person: &Person, group: &str) -> crate::people::Answer {
    person.send(person.request(Method::POST, &format!("/v1/groups/{group}/leave"))).await
}

#[tokio::test]
async fn an_open_group_is_entered_and_left_at_once() {
    on_both(async |stage| {
        let (alice, jon) = (stage.alice(), sign_up(&stage.nobody(), "jon").await);
        let open = place(stage, "walk-in", "open").await;
        stage.nobody().post(&join(&open), json!({})).await.was(401);
        let member = jon.post(&join(&open), json!({})).await.was(201);
        assert_eq!((member.id(), member.text_at("/role")), (jon.id.clone(), "customer".to_owned()));
        jon.post(&join(&open), json!({})).await.was_problem(409, "already_member");
        leave(&jon, &open).await.was(204);
        leave(&jon, &open).await.was_problem(404, "not_found");
        leave(&alice, &open).await.was_problem(409, "last_owner");
        leave(&alice, &alice.home).await.was_problem(409, "personal_group");
        refused(
            jon.post(&join(&open), json!({ "message": "x".repeat(501) })).await,
            "/message",
            "too_long",
        );
        for foreign in ["role", "personId", "groupId", "permissions"] {
            let answer = jon.post(&join(&open), json!({ foreign: "group_owner" })).await;
            assert_eq!(answer.status, 422, "{answer:?}");
        }
        let closed = place(stage, "walk-past", "invite_only").await;
        jon.post(&join(&closed), json!({})).await.was_problem(403, "invite_only");
        // What one may not see is not there to join.
        jon.post(&join(&stage.acme), json!({})).await.was_problem(404, "not_found");
        alice.delete(&format!("/v1/groups/{open}")).await.was(204);
        jon.post(&join(&open), json!({})).await.was_problem(409, "group_archived");
    })
    .await;
}

#[tokio::test]
async fn who_asks_is_let_in_or_not_by_those_who_may() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let kim = sign_up(&stage.nobody(), "kim").await;
        let club = place(stage, "club", "approval_required").await;
        let asked = kim.post(&join(&club), json!({ "message": "Lisbon!" })).await.was(202);
        assert_eq!(
            (asked.text_at("/status"), asked.text_at("/personId")),
            ("pending".into(), kim.id.clone())
        );
        let again = kim.post(&join(&club), json!({})).await.was(202);
        assert_eq!(again.id(), asked.id());
        kim.get(&requests(&club)).await.was_problem(403, "forbidden");
        bob.get(&requests(&club)).await.was_problem(403, "forbidden");
        assert_eq!(each(&rows(&alice, &requests(&club)).await, "id"), [asked.id()]);
        assert_eq!(each(&rows(&kim, "/v1/join-requests").await, "id"), [asked.id()]);
        assert!(rows(&bob, "/v1/join-requests").await.is_empty());
        let one = format!("{}/{}", requests(&club), asked.id());
        kim.post(&format!("{one}/approve"), json!({})).await.was_problem(403, "forbidden");
        // A request is found in its own group only.
        let other = place(stage, "club-two", "approval_required").await;
        let elsewhere = format!("{}/{}/approve", requests(&other), asked.id());
        alice.post(&elsewhere, json!({})).await.was_problem(404, "not_found");
        let unknown = alice.post(&format!("{one}/approve"), json!({ "role": "boss" })).await;
        refused(unknown, "/role", "unknown_role");
        let high = json!({ "role": "platform_owner" });
        alice.post(&format!("{one}/approve"), high).await.was_problem(403, "role_above_own");
        bob.delete(&format!("/v1/join-requests/{}", asked.id()))
            .await
            .was_problem(404, "not_found");
        let done = alice.post(&format!("{one}/approve"), json!({})).await.was(200);
        assert_eq!(
            (done.text_at("/status"), done.text_at("/decidedBy")),
            ("approved".into(), alice.id.clone())
        );
        let me = format!("/v1/people/{}?groupId={club}", kim.id);
        assert_eq!(kim.get(&me).await.was(200).text_at("/role"), "group_user");
        alice
            .send(alice.request(Method::POST, &format!("{one}/reject")))
            .await
            .was_problem(409, "request_answered");
        kim.delete(&format!("/v1/join-requests/{}", asked.id()))
            .await
            .was_problem(409, "request_answered");
        // Once more: rejected, then taken back.
        let asked = kim.post(&join(&other), json!({})).await.was(202).id();
        let one = format!("{}/{asked}", requests(&other));
        let answer =
            alice.send(alice.request(Method::POST, &format!("{one}/reject"))).await.was(200);
        assert_eq!(answer.text_at("/status"), "rejected");
        let asked = kim.post(&join(&other), json!({})).await.was(202).id();
        kim.delete(&format!("/v1/join-requests/{asked}")).await.was(204);
        let filter = format!("{}?status=canceled", requests(&other));
        assert_eq!(each(&rows(&alice, &filter).await, "id"), [asked]);
        let told = each(&log(&alice, &other).await, "type");
        let of_kim =
            ["join_requested", "join_request_rejected", "join_requested", "join_request_canceled"];
        assert_eq!(told[told.len() - 4..], of_kim);
    })
    .await;
}

#[tokio::test]
async fn of_fifty_who_answer_a_request_one_does() {
    on_both(async |stage| {
        let (alice, lou) = (stage.alice(), sign_up(&stage.nobody(), "lou").await);
        let club = place(stage, "rush", "approval_required").await;
        let asked = lou.post(&join(&club), json!({})).await.was(202).id();
        let mut answers = JoinSet::new();
        for number in 0..50 {
            let alice = alice.clone();
            let what = if number % 2 == 0 { "approve" } else { "reject" };
            let path = format!("{}/{asked}/{what}", requests(&club));
            answers.spawn(async move { alice.post(&path, json!({})).await });
        }
        let answers = answers.join_all().await;
        assert_eq!(answers.iter().filter(|one| one.status == 200).count(), 1);
        for answer in answers.iter().filter(|one| one.status != 200) {
            assert!(answer.status == 503 || answer.code() == "request_answered", "{answer:?}");
        }
        let done = rows(&alice, &requests(&club)).await;
        let inside = lou.get(&format!("/v1/people/{}?groupId={club}", lou.id)).await.status == 200;
        assert_eq!(inside, done[0]["status"] == "approved");
        let told = log(&alice, &club).await;
        let joined =
            |one: &&Value| one["type"] == "user_joined_group" && one["targetId"] == lou.id.as_str();
        assert_eq!(told.iter().filter(joined).count(), usize::from(inside));
    })
    .await;
}

#[tokio::test]
async fn without_a_body_one_joins_and_lets_in_without_options() {
    on_both(async |stage| {
        let (alice, nan) = (stage.alice(), sign_up(&stage.nobody(), "nan").await);
        let bare = async |person: &Person, path: &str| {
            person.send(person.request(Method::POST, path)).await
        };
        let open = place(stage, "bare-open", "open").await;
        let member = bare(&nan, &join(&open)).await.was(201);
        assert_eq!(member.text_at("/role"), "customer");
        let club = place(stage, "bare-club", "approval_required").await;
        let asked = bare(&nan, &join(&club)).await.was(202);
        assert_eq!(asked.json()["message"], Value::Null);
        let one = format!("{}/{}/approve", requests(&club), asked.id());
        bare(&alice, &one).await.was(200);
        let me = format!("/v1/people/{}?groupId={club}", nan.id);
        assert_eq!(nan.get(&me).await.was(200).text_at("/role"), "group_user");
        // What is sent is read all the same.
        let typed = nan.request(Method::POST, &join(&open)).header("content-type", "text/plain");
        nan.send(typed.body("{}")).await.was_problem(415, "wrong_content_type");
        nan.post(&join(&open), json!([])).await.was(422);
    })
    .await;
}

#[tokio::test]
async fn nobody_comes_into_a_full_group_and_that_is_described() {
    on_both(async |stage| {
        let (alice, ola) = (stage.alice(), sign_up(&stage.nobody(), "ola").await);
        let full = |slug: &str, policy: &str| {
            json!({ "slug": slug, "name": slug, "type": "business", "settings": {
                "visibility": "public", "joinPolicy": policy, "limits": { "users": 1 } } })
        };
        let open = alice.post("/v1/groups", full("full-open", "open")).await.was(201).id();
        let answer = ola.post(&join(&open), json!({})).await.was_problem(402, "quota_exceeded");
        let sentence = "includes 1 member (`users`), and 1 is used: remove some";
        assert!(answer.text_at("/message").contains(sentence), "{answer:?}");
        let club = full("full-club", "approval_required");
        let club = alice.post("/v1/groups", club).await.was(201).id();
        let asked = ola.post(&join(&club), json!({})).await.was(202).id();
        let one = format!("{}/{asked}/approve", requests(&club));
        alice.post(&one, json!({})).await.was_problem(402, "quota_exceeded");
        assert_eq!(rows(&ola, "/v1/join-requests?status=pending").await.len(), 1);
        // And whatever an API key may call, its group's plan and its own rate may refuse.
        let document = stage.nobody().get("/openapi.json").await.was(200).json();
        let mut count = 0;
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, about) in item.as_object().into_iter().flatten() {
                let asks = about.get("security").unwrap_or(&document["security"]);
                if asks.as_array().is_none_or(|all| all.iter().all(|one| one["apiKey"].is_null())) {
                    continue;
                }
                count += 1;
                for status in ["402", "429"] {
                    assert!(about["responses"][status].is_object(), "{method} {path}: {status}");
                }
            }
        }
        assert!(count > 80, "{count}");
    })
    .await;
}
