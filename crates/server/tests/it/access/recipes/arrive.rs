//! What is asked by those who arrive: of the contact form, of the way in, and of the analysis of
//! websites. What is counted by the hour is asked by somebody new, or refused before it counts.

use serde_json::{Value, json};

use super::{Ask, about, body, query};
use crate::access::scene::Scene;
use crate::people::Person;

pub(super) async fn of(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    if let Some(asks) = of_letters(scene, who, operation) {
        return Some(asks);
    }
    if let Some(asks) = of_websites(scene, operation) {
        return Some(asks);
    }
    of_the_way_in(scene, who, operation).await
}

fn of_letters(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    let of = |group: &str| format!("?groupId={group}");
    Some(match operation {
        // Five a minute are taken from this address, and more than five ask: nobody's is taken.
        "submit_contact" => {
            let letter = |group: &str| {
                let mut letter = json!({ "name": "x", "email": "nowhere", "message": "x" });
                letter["groupId"] = group.into();
                letter
            };
            vec![
                body("to Acme, from no address", letter(&scene.acme)),
                body("to Alice's public group, from no address", letter(&scene.letterbox)),
            ]
        }
        "list_contacts" | "get_contact_stats" => vec![
            query("to the platform", String::new()),
            query("to Acme", of(&scene.acme)),
            query("to a group below, of others", of(&scene.annex)),
            query("to Alice's public group", of(&scene.letterbox)),
            query("to Carol's public group", of(&scene.plaza)),
        ],
        "get_contact" => vec![
            about("to Alice's public group", &scene.letter),
            about("a thing that is no letter", &scene.inside),
        ],
        // There is one letter, and it goes forward only: the platform's owner comes after Alice.
        "update_contact" => {
            let status = if who.id == scene.root.id { "responded" } else { "read" };
            let step = |status: &str| json!({ "status": status });
            vec![
                about("to Alice's public group", &scene.letter).with(step(status)),
                about("to Alice's public group, back", &scene.letter).with(step("new")),
                about("a thing that is no letter", &scene.inside).with(step(status)),
            ]
        }
        _ => return None,
    })
}

fn of_websites(scene: &Scene, operation: &str) -> Option<Vec<Ask>> {
    Some(match operation {
        // It is refused without a look at any network.
        "analyze_website" => {
            let form = json!({
                "url": "http://10.0.0.1/", "name": "x", "organizationName": "x",
                "email": "x@example.com",
            });
            vec![body("inside a network", form)]
        }
        "create_onboarding_group" => {
            let brand = json!({
                "name": "x", "voice": "friendly", "fonts": { "heading": "Inter", "body": "Inter" },
                "colors": { "primary": "#B5651D", "secondary": "#FFFFFF", "accent": "#2E8B57" },
            });
            let group = json!({
                "name": "x", "slug": scene.fresh("website"), "website": "https://example.com",
                "brand": brand,
            });
            vec![body("", group)]
        }
        _ => return None,
    })
}

async fn of_the_way_in(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    let somebody_new = async || scene.guest(who).await;
    Some(match operation {
        "get_onboarding" => vec![Ask::default()],
        "check_availability" => vec![
            query("a slug that is taken", "?slug=acme".to_owned()),
            query("a username", "?username=nobody_has_it".to_owned()),
        ],
        "send_address_code" => vec![Ask::default().by(somebody_new().await)],
        "verify_address_code" => {
            let code = json!({ "code": "000000" });
            vec![body("when none was sent", code).by(somebody_new().await)]
        }
        "set_onboarding_profile" => {
            let name = scene.fresh("asked").replace('-', "_");
            let profile = json!({ "username": name, "niche": ["asking"] });
            vec![body("", profile).by(somebody_new().await)]
        }
        "create_onboarding_workspace" => {
            vec![body("", json!({ "name": "x", "slug": scene.fresh("workspace") }))]
        }
        "invite_onboarding_team" => vec![
            body("into Acme", invitation(scene, Some(&scene.acme))),
            body("into a group below, of others", invitation(scene, Some(&scene.annex))),
            body("into Carol's public group", invitation(scene, Some(&scene.plaza))),
            body("before there is a workspace", invitation(scene, None)).by(somebody_new().await),
        ],
        "set_onboarding_wallet" => {
            let address = format!("0x{}", "5a".repeat(20));
            vec![body("", json!({ "address": address, "chainId": 1 }))]
        }
        "set_onboarding_skills" => vec![body("", json!({ "skills": ["asking"] }))],
        "complete_onboarding" => {
            vec![query("before the steps", String::new()).by(somebody_new().await)]
        }
        _ => return None,
    })
}

fn invitation(scene: &Scene, group: Option<&str>) -> Value {
    let email = format!("{}@example.com", scene.fresh("invited"));
    let mut form = json!({ "invites": [{ "email": email, "role": "member" }] });
    if let Some(group) = group {
        form["groupId"] = group.into();
    }
    form
}
