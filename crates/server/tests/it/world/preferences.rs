//! What one likes, and how people are found.

use serde_json::json;

use super::{each, log, refused, rows, team};
use crate::stage::{on_both, sign_up};

const MINE: &str = "/v1/people/me/preferences";

#[tokio::test]
async fn everybody_chooses_for_themselves() {
    on_both(async |stage| {
        let mia = sign_up(&stage.nobody(), "mia").await;
        stage.nobody().get(MINE).await.was(401);
        let none = json!({ "theme": "system", "language": null, "timeZone": null });
        assert_eq!(mia.get(MINE).await.was(200).json(), none);
        let chosen = json!({ "theme": "dark", "language": "pt-BR", "timeZone": "Europe/Lisbon" });
        assert_eq!(mia.patch(MINE, chosen.clone()).await.was(200).json(), chosen);
        mia.patch(MINE, json!({})).await.was(200);
        let less = mia.patch(MINE, json!({ "language": null })).await.was(200).json();
        assert_eq!((&less["language"], &less["theme"]), (&json!(null), &json!("dark")));
        assert_eq!(mia.get(MINE).await.was(200).json(), less);
        let bad = [
            ("language", "en_US", "invalid_language"),
            ("timeZone", "Europe/Atlantis", "unknown_time_zone"),
        ];
        for (field, value, code) in bad {
            refused(mia.patch(MINE, json!({ field: value })).await, &format!("/{field}"), code);
        }
        let theme = mia.patch(MINE, json!({ "theme": "pink" })).await;
        assert_eq!(theme.status, 422);
        for word in ["light", "dark", "system"] {
            assert!(theme.text.contains(word), "{theme:?}");
        }
        assert_eq!(mia.patch(MINE, json!({ "displayName": "M" })).await.status, 422);
        let told = each(&log(&mia, &mia.home).await, "type");
        assert_eq!(told.iter().filter(|kind| *kind == "preferences_updated").count(), 2);
        let me = mia.get("/v1/people/me").await.was(200);
        assert!(me.id() == mia.id && !me.text.contains("Lisbon"), "{me:?}");
    })
    .await;
}

#[tokio::test]
async fn people_are_found_by_those_who_share_a_group() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "finding").await;
        let record = json!({
            "groupId": team, "displayName": "Zoë 100%_Sure", "username": "zo_e",
            "email": "Zoe@Example.com",
        });
        let zoe = alice.post("/v1/people", record).await.was(201).id();
        for found in ["username=zo_e", "email=zoe@example.com", "q=zo_", "q=100%25", "q=zO_e"] {
            for who in [&alice, &bob] {
                let found = rows(who, &format!("/v1/people?{found}")).await;
                assert_eq!(each(&found, "id"), [&*zoe], "{found:?}");
            }
            let path = format!("/v1/people?{found}");
            assert!(rows(&vera, &path).await.is_empty(), "a customer reads nobody");
            assert!(rows(&stage.carol(), &path).await.is_empty());
        }
        // What stands for anything elsewhere stands for itself.
        assert!(rows(&alice, "/v1/people?q=z_x").await.is_empty());
        assert!(rows(&alice, "/v1/people?q=%25%25").await.is_empty());
        let here = rows(&bob, &format!("/v1/people?groupId={team}&q=100")).await;
        assert_eq!(each(&here, "role"), ["group_user"]);
        bob.get("/v1/people/by-username/zo_e").await.was(200);
        stage.carol().get("/v1/people/by-username/zo_e").await.was_problem(404, "not_found");
        bob.get("/v1/people/by-username/nobody_here").await.was_problem(404, "not_found");
        refused(bob.get("/v1/people").await, "groupId", "missing_parameter");
        refused(
            bob.get("/v1/people?username=x&role=customer").await,
            "groupId",
            "missing_parameter",
        );
        refused(bob.get("/v1/people?q=x").await, "q", "too_short");
        let name = json!({ "username": "admin" });
        refused(
            bob.patch(&format!("/v1/people/{}", bob.id), name).await,
            "/username",
            "reserved_username",
        );
    })
    .await;
}
