//! What is asked about organizations, their members, teams and invitations, and about roles.

use serde_json::{Value, json};

use super::{Ask, about, body, query};
use crate::access::scene::Scene;
use crate::people::Person;

pub(super) async fn of(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    if let Some(asks) = of_members(scene, who, operation).await {
        return Some(asks);
    }
    if let Some(asks) = of_invitations(scene, who, operation).await {
        return Some(asks);
    }
    if let Some(asks) = of_teams(scene, who, operation).await {
        return Some(asks);
    }
    if let Some(asks) = of_roles(scene, operation).await {
        return Some(asks);
    }
    let acme = &scene.acme;
    let groups = || {
        vec![
            query("Acme", format!("?organizationId={acme}")),
            query("a group below, of others", format!("?organizationId={}", scene.annex)),
            query("Alice's home", format!("?organizationId={}", scene.alice.home)),
            query("Carol's public group", format!("?organizationId={}", scene.plaza)),
        ]
    };
    Some(match operation {
        "list_organizations" => vec![Ask::default()],
        "get_organization" | "get_full_organization" => {
            let mut asks = groups();
            let active = scene.active(who, acme).await;
            asks.push(query("the active one, Acme if they may", String::new()).by(active));
            asks
        }
        "create_organization" => {
            let new = || {
                json!({
                    "name": "x", "slug": scene.fresh("asked"),
                    "keepCurrentActiveOrganization": true,
                })
            };
            let mut alices = new();
            alices["userId"] = scene.user_of(&scene.alice).await.into();
            vec![body("", new()), body("for Alice", alices)]
        }
        "update_organization" => {
            let form = |group: &str| json!({ "organizationId": group, "data": { "metadata": { "asked": true } } });
            vec![
                body("Acme", form(acme)),
                body("a group below, of others", form(&scene.annex)),
                body("Alice's home", form(&scene.alice.home)),
                body("Carol's public group", form(&scene.plaza)),
            ]
        }
        "delete_organization" => {
            let (own, home) = (scene.organization(&scene.alice).await, &scene.alice.home);
            vec![
                body("of Alice's", json!({ "organizationId": own })),
                body("Alice's home", json!({ "organizationId": home })),
            ]
        }
        "set_active_organization" => {
            let form = |group: &str| json!({ "organizationId": group });
            vec![
                body("Acme", form(acme)).by(scene.once_more(who).await),
                body("Carol's public group", form(&scene.plaza)).by(scene.once_more(who).await),
            ]
        }
        "check_organization_slug" => vec![
            body("one that is free", json!({ "slug": scene.fresh("free") })),
            body("Acme's", json!({ "slug": "acme" })),
        ],
        "has_organization_permission" => {
            let form = json!({ "organizationId": acme, "permissions": { "member": ["create"] } });
            vec![body("in Acme", form)]
        }
        _ => return None,
    })
}

async fn of_members(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    let acme = &scene.acme;
    Some(match operation {
        "list_organization_members" => vec![
            query("of Acme", format!("?organizationId={acme}")),
            query("of Carol's public group", format!("?organizationId={}", scene.plaza)),
        ],
        "get_active_member" => {
            vec![query("of Acme", String::new()).by(scene.active(who, acme).await)]
        }
        "get_active_member_role" => {
            let alice = scene.user_of(&scene.alice).await;
            vec![
                query("their own, in Acme", format!("?organizationId={acme}")),
                query("Alice's, in Acme", format!("?organizationId={acme}&userId={alice}")),
            ]
        }
        "remove_organization_member" => {
            let member = scene.colleague().await.email;
            let form = |who: &str| json!({ "memberIdOrEmail": who, "organizationId": acme });
            vec![body("of Acme", form(&member)), body("the only owner", form("alice@example.com"))]
        }
        "update_organization_member_role" => {
            let form = |member: &str, role: &str| json!({ "memberId": member, "role": role, "organizationId": acme });
            let member = member_id(scene, &scene.colleague().await).await?;
            let mut asks = vec![
                body("to a customer", form(&member, "customer")),
                body("to an owner", form(&member, "owner")),
            ];
            // Whoever is no member has no such record; they ask for the other's again.
            let me = member_id(scene, who).await.unwrap_or(member);
            asks.push(body("their own, to an owner", form(&me, "owner")));
            asks
        }
        "leave_organization" => {
            let guest = scene.guest(who).await;
            let open = scene.open_group(&scene.root).await;
            if let Some(guest) = &guest {
                let joins = json!({ "groupId": open, "personId": guest.id });
                guest.post("/v1/people", joins).await.was(201);
            }
            vec![
                body("as a member", json!({ "organizationId": open })).by(guest),
                body("Acme, as no member", json!({ "organizationId": acme }))
                    .by(scene.guest(who).await),
            ]
        }
        _ => return None,
    })
}

/// What somebody is called as a member of Acme, if they are one.
async fn member_id(scene: &Scene, person: &Person) -> Option<String> {
    let person = scene.active(person, &scene.acme).await?;
    let member = person.get("/v1/auth/organization/get-active-member").await;
    member.json()["id"].as_str().map(str::to_owned)
}

async fn of_invitations(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    let acme = &scene.acme;
    let new = || format!("{}@example.com", scene.fresh("invited"));
    let to_acme = async || {
        let id = scene.invitation(&scene.alice, acme, &new()).await;
        scene.ids.borrow_mut().push(id.clone());
        id
    };
    // Into a group of Root's, for somebody new who sends it instead.
    let theirs = async || match scene.guest(who).await {
        Some(guest) => {
            scene.prove(&guest).await;
            let open = scene.open_group(&scene.root).await;
            let id = scene.invitation(&scene.root, &open, &guest.email).await;
            (id, Some(guest))
        }
        None => {
            let open = scene.open_group(&scene.root).await;
            (scene.invitation(&scene.root, &open, &new()).await, None)
        }
    };
    let form = |id: &str| json!({ "invitationId": id });
    Some(match operation {
        "invite_organization_member" => {
            let form = |group: &str, role: &str| json!({ "email": new(), "role": role, "organizationId": group });
            vec![
                body("to Acme", form(acme, "member")),
                body("to Acme, as an owner", form(acme, "owner")),
                body("to a group below, of others", form(&scene.annex, "member")),
                body("to Carol's public group", form(&scene.plaza, "member")),
            ]
        }
        "cancel_organization_invitation" => vec![body("of Acme", form(&to_acme().await))],
        "accept_organization_invitation" | "reject_organization_invitation" => {
            let (id, guest) = theirs().await;
            vec![
                body("of somebody else", form(&to_acme().await)).by(proven(scene, who).await),
                body("for them", form(&id)).by(guest),
            ]
        }
        "get_organization_invitation" => {
            let (id, guest) = theirs().await;
            vec![
                query("of somebody else", format!("?id={}", to_acme().await))
                    .by(proven(scene, who).await),
                query("for them", format!("?id={id}")).by(guest),
            ]
        }
        "list_organization_invitations" => vec![
            query("of Acme", format!("?organizationId={acme}")),
            query("of Carol's public group", format!("?organizationId={}", scene.plaza)),
        ],
        "list_user_invitations" => vec![Ask::default().by(proven(scene, who).await)],
        _ => return None,
    })
}

/// Somebody new with a proven address.
async fn proven(scene: &Scene, who: &Person) -> Option<Person> {
    let guest = scene.guest(who).await?;
    scene.prove(&guest).await;
    Some(guest)
}

async fn of_teams(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    let acme = &scene.acme;
    let with = |team: &str, more: Value| {
        let mut form = json!({ "teamId": team });
        for (name, value) in more.as_object().into_iter().flatten() {
            form[name] = value.clone();
        }
        form
    };
    Some(match operation {
        "create_team" => {
            let form =
                |group: &str| json!({ "name": scene.fresh("asked"), "organizationId": group });
            vec![body("in Acme", form(acme)), body("in Carol's public group", form(&scene.plaza))]
        }
        "list_teams" => vec![
            query("of Acme", format!("?organizationId={acme}")),
            query("of Carol's public group", format!("?organizationId={}", scene.plaza)),
        ],
        "list_team_members" => {
            let theirs = scene.team().await;
            let alice = scene.user_of(&scene.alice).await;
            let form = json!({ "teamId": theirs, "userId": alice, "organizationId": acme });
            let path = "/v1/auth/organization/add-team-member";
            scene.alice.post(path, form).await.was(200);
            vec![query("of a team of Alice's", format!("?teamId={theirs}"))]
        }
        "list_user_teams" => {
            let alice = scene.user_of(&scene.alice).await;
            vec![
                query("of their own", String::new()),
                query("of Alice", format!("?userId={alice}&organizationId={acme}")),
            ]
        }
        "update_team" => {
            let form = with(&scene.team().await, json!({ "data": { "name": "Asked" } }));
            vec![body("of Acme", form).by(scene.active(who, acme).await)]
        }
        "remove_team" => {
            let form = with(&scene.team().await, json!({ "organizationId": acme }));
            vec![body("of Acme", form)]
        }
        "set_active_team" => {
            let team = scene.team().await;
            vec![body("of Acme", with(&team, json!({}))).by(scene.active(who, acme).await)]
        }
        "add_team_member" | "remove_team_member" => {
            let (team, member) = (scene.team().await, scene.colleague().await);
            let user = scene.user_of(&member).await;
            let form = with(&team, json!({ "userId": user, "organizationId": acme }));
            if operation == "remove_team_member" {
                let path = "/v1/auth/organization/add-team-member";
                scene.alice.post(path, form.clone()).await.was(200);
            }
            vec![body("of Acme", form)]
        }
        _ => return None,
    })
}

async fn of_roles(scene: &Scene, operation: &str) -> Option<Vec<Ask>> {
    let acme = &scene.acme;
    let rights = json!({ "permissions": ["things:read"] });
    let named = |what, group: &str, name: &str| Ask { part: name.to_owned(), ..about(what, group) };
    let role = async || {
        let name = scene.fresh("role");
        let path = format!("/v1/groups/{acme}/roles/{name}");
        let alice = &scene.alice;
        alice.send(alice.request(reqwest::Method::PUT, &path).json(&rights)).await.was(200);
        name
    };
    Some(match operation {
        "get_quota" => vec![
            about("of Acme", acme),
            about("of a group below, of others", &scene.annex),
            about("of Alice's home", &scene.alice.home),
            about("of Carol's public group", &scene.plaza),
        ],
        "list_roles" => vec![
            about("of Acme", acme),
            about("of a group below, of others", &scene.annex),
            about("of Alice's home", &scene.alice.home),
            about("of Carol's public group", &scene.plaza),
        ],
        "get_role" => vec![named("of Acme", acme, &role().await)],
        "put_role" => vec![
            named("in Acme", acme, &scene.fresh("asked")).with(rights.clone()),
            named("in Acme, with every right", acme, &scene.fresh("asked"))
                .with(json!({ "permissions": ["*"] })),
            named("in a group below, of others", &scene.annex, &scene.fresh("asked"))
                .with(rights.clone()),
            named("in Carol's public group", &scene.plaza, &scene.fresh("asked"))
                .with(rights.clone()),
        ],
        "delete_role" => vec![named("of Acme", acme, &role().await)],
        _ => return None,
    })
}
