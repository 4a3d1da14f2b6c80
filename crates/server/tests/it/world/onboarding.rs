//! The way in, step by step.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PATIENCE, each, log, refused, rows};
use crate::people::Person;
use crate::stage::{alone_on_both, sign_up};

/// The code of somebody's n-th letter, once it was delivered.
async fn letter(to: &Person, nth: usize) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let letters = to.get("/v1/dev/mailbox").await.was(200).json();
        let all = letters.as_array().into_iter().flatten();
        let codes = all.filter(|one| one["kind"] == "address_code" && one["to"] == *to.email);
        if let Some(code) = codes.filter_map(|one| one["code"].as_str()).nth(nth) {
            return code.to_owned();
        }
        assert!(Instant::now() < deadline, "no letter came: {letters}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn somebody_new_comes_in_step_by_step() {
    alone_on_both(async |stage| {
        let dora = sign_up(&stage.nobody(), "dora").await;
        let at = async |path: &str, body: Value| {
            dora.post(&format!("/v1/onboarding/{path}"), body).await
        };
        let first = dora.get("/v1/onboarding").await.was(200).json();
        assert_eq!(
            (&first["progress"], &first["nextStep"]),
            (&json!(0), &json!("email_verification"))
        );
        at("complete", json!({})).await.was_problem(409, "step_missing");

        refused(at("email/verify", json!({ "code": "123456" })).await, "/code", "code_expired");
        let code = async |nth: usize| {
            at("email/send", json!({})).await.was(202);
            letter(&dora, nth).await
        };
        let spent = code(0).await;
        let wrong = if spent == "000000" { "000001" } else { "000000" };
        for _ in 0..4 {
            refused(at("email/verify", json!({ "code": wrong })).await, "/code", "invalid_code");
        }
        at("email/verify", json!({ "code": wrong })).await.was_problem(429, "too_many_tries");
        at("email/verify", json!({ "code": spent })).await.was_problem(429, "too_many_tries");
        let fresh = code(1).await;
        let now = at("email/verify", json!({ "code": fresh })).await.was(200).json();
        assert_eq!((&now["progress"], &now["nextStep"]), (&json!(20), &json!("profile")));

        let free = async |query: &str| {
            let path = format!("/v1/onboarding/availability?{query}");
            dora.get(&path).await.was(200).json()["available"].clone()
        };
        assert_eq!(
            (free("username=dora_1").await, free("slug=acme").await),
            (json!(true), json!(false))
        );
        let both = "/v1/onboarding/availability?username=dora&slug=dora";
        assert_eq!(dora.get(both).await.status, 422);
        let profile = json!({ "username": "dora_1", "bio": "Bakes.", "niche": ["Bread"],
            "expertise": [], "interests": ["engines"] });
        assert_eq!(at("profile", profile).await.was(200).json()["progress"], 35);
        let workspace = json!({ "name": "Dora's", "slug": "doras" });
        let now = at("workspace", workspace).await.was(200).json();
        assert_eq!(now["progress"], 50);

        let invites = json!({ "invites": [
            { "email": "eve@example.com", "role": "member" },
            { "email": "not an address", "role": "member" } ] });
        let now = at("team", invites).await.was(200).json();
        assert_eq!(
            (&now["results"][0]["invited"], &now["results"][1]["invited"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(now["onboarding"]["progress"], 65);
        let foreign = json!({ "groupId": stage.acme, "invites": [
            { "email": "eve@example.com", "role": "member" } ] });
        at("team", foreign).await.was_problem(404, "not_found");

        for address in [
            "0x123",
            "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "0x+aaeb6053f3e94c9b9a09f33669435e7ef1beae",
        ] {
            let wallet = json!({ "address": address, "chainId": 1 });
            refused(at("wallet", wallet).await, "/address", "invalid_address");
        }
        // A digit that was mistyped shows in the capital letters (EIP-55).
        let mistyped =
            json!({ "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee", "chainId": 1 });
        refused(at("wallet", mistyped).await, "/address", "wrong_checksum");
        for address in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x52908400098527886E0F7030069857D2E4169EE7",
        ] {
            let wallet = json!({ "address": address, "chainId": 1 });
            let now = at("wallet", wallet.clone()).await.was(200).json();
            assert_eq!(now["wallet"], wallet, "as it was written");
        }
        let wallet =
            json!({ "address": "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "chainId": 1 });
        let now = at("wallet", wallet.clone()).await.was(200).json();
        assert_eq!((&now["progress"], &now["wallet"]), (&json!(80), &wallet));
        let many: Vec<String> = (0..51).map(|number| format!("skill {number}")).collect();
        refused(at("skills", json!({ "skills": many })).await, "/skills", "too_many");
        assert_eq!(
            at("skills", json!({ "skills": ["Baking"] })).await.was(200).json()["progress"],
            90
        );
        let now = at("complete", json!({})).await.was(200).json();
        assert_eq!((&now["progress"], &now["nextStep"]), (&json!(100), &Value::Null));
        assert_eq!(at("complete", json!({})).await.was(200).json(), now);

        let path = format!("/v1/knowledge?groupId={}&type=label", dora.home);
        let labels = each(&rows(&dora, &path).await, "text");
        for label in ["niche:bread", "interest:engines", "skill:baking"] {
            assert!(labels.contains(&label.to_owned()), "{labels:?}");
        }
        let events = log(&dora, &dora.home).await;
        let steps =
            each(&events, "type").iter().filter(|one| *one == "onboarding_step_completed").count();
        assert_eq!(steps, 7);
        assert!(!json!(events).to_string().to_lowercase().contains("0x5aaeb"), "{events:?}");
        stage.nobody().get("/v1/onboarding").await.was_problem(401, "unauthenticated");
    })
    .await;
}
