//! What is asked of each operation: about which objects, with which body. Called for everybody
//! who asks, so that what is destroyed was made for them alone.

mod accounts;
mod arrive;
mod bulk;
mod integrations;
mod keys;
mod notifications;
mod ops;
mod organizations;
mod tenancy;
mod transfer;
mod types;
mod users;

use serde_json::{Value, json};

use super::scene::{INSIDE, PRIVATE, Scene};
use crate::people::Person;
use crate::stage::PASSWORD;

/// One request.
#[derive(Default)]
pub(super) struct Ask {
    what: &'static str,
    /// What stands in the path: the first parameter, and a second one.
    pub(super) id: String,
    pub(super) part: String,
    pub(super) query: String,
    pub(super) body: Option<Value>,
    /// A body that is no JSON, and what it is instead.
    pub(super) text: Option<(&'static str, String)>,
    /// The answer is for whoever is at this machine, so it may tell of everybody.
    pub(super) tells_all: bool,
    /// Sends it instead of whoever asks: themselves, with a credential that may be spent.
    pub(super) by: Option<Person>,
}

impl Ask {
    /// How the row is told from others of its operation.
    pub(super) fn about(&self) -> String {
        if self.what.is_empty() { String::new() } else { format!("  ({})", self.what) }
    }
}

fn about(what: &'static str, id: &str) -> Ask {
    Ask { what, id: id.to_owned(), ..Ask::default() }
}

fn query(what: &'static str, query: String) -> Ask {
    Ask { what, query, ..Ask::default() }
}

fn body(what: &'static str, body: Value) -> Ask {
    Ask { what, body: Some(body), ..Ask::default() }
}

impl Ask {
    fn with(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    fn by(self, by: Option<Person>) -> Self {
        Self { by, ..self }
    }
}

/// What `who` asks of an operation; none for one that nobody has thought about.
pub(super) async fn of(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    Some(match operation.split_once('_').map_or(operation, |(_, what)| what) {
        _ if is_open(operation) => vec![Ask::default()],
        "things" | "connections" | "events" | "timeline" | "knowledge"
            if operation.starts_with("list_") =>
        {
            lists(scene)
        }
        _ => match of_identity(scene, who, operation).await {
            Some(asks) => asks,
            None => match elsewhere(scene, who, operation).await {
                Some(asks) => asks,
                None => match of_tenants(scene, who, operation).await {
                    Some(asks) => asks,
                    None => of_content(scene, operation).await?,
                },
            },
        },
    })
}

async fn elsewhere(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    if let Some(asks) = accounts::of(scene, who, operation).await {
        return Some(asks);
    }
    if let Some(asks) = arrive::of(scene, who, operation).await {
        return Some(asks);
    }
    if let Some(asks) = bulk::of(scene, operation) {
        return Some(asks);
    }
    if let Some(asks) = organizations::of(scene, who, operation).await {
        return Some(asks);
    }
    if let Some(asks) = integrations::of(scene, operation).await {
        return Some(asks);
    }
    if let Some(asks) = types::of(scene, operation).await {
        return Some(asks);
    }
    if let Some(asks) = tenancy::of(scene, who, operation).await {
        return Some(asks);
    }
    if let Some(asks) = ops::of(scene, operation).await {
        return Some(asks);
    }
    if let Some(asks) = transfer::of(scene, operation).await {
        return Some(asks);
    }
    if let Some(asks) = notifications::of(scene, operation).await {
        return Some(asks);
    }
    match keys::of(scene, who, operation).await {
        Some(asks) => Some(asks),
        None => users::of(scene, who, operation).await,
    }
}

fn is_open(operation: &str) -> bool {
    matches!(
        operation,
        "get_health"
            | "get_ready"
            | "auth_ok"
            | "get_setup"
            | "get_session"
            | "post_session"
            | "jwks"
            | "show_auth_error"
            | "current_session"
    )
}

fn lists(scene: &Scene) -> Vec<Ask> {
    let (acme, home, annex) = (&scene.acme, &scene.alice.home, &scene.annex);
    vec![
        query("of everywhere", String::new()),
        query("of Acme", format!("?groupId={acme}")),
        query("of Acme and below", format!("?groupId={acme}&includeChildren=true")),
        query("of a group below, of others", format!("?groupId={annex}")),
        query("of Alice's home", format!("?groupId={home}")),
        query("of Carol's public group", format!("?groupId={}", scene.plaza)),
    ]
}

async fn of_identity(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    let acme = &scene.acme;
    let form = |email: &str| json!({ "email": email, "password": PASSWORD });
    Some(match operation {
        "list_api_keys" => vec![
            query("of Acme", format!("?groupId={acme}")),
            query("of a group below, of others", format!("?groupId={}", scene.annex)),
        ],
        "create_api_key" => {
            let key = |group: &str| json!({ "name": "k", "groupId": group, "permissions": [] });
            vec![body("in Acme", key(acme)), body("in a group below, of others", key(&scene.annex))]
        }
        "revoke_api_key" => {
            let (key, _) = scene.key(&scene.alice, acme, json!([])).await;
            vec![about("of Acme", &key)]
        }
        "login" | "signin" | "sign_in_email" => {
            let (email, _) = scene.account().await;
            vec![body("", form(&email))]
        }
        "signup" => vec![body("", form(&format!("{}@example.com", scene.fresh("new"))))],
        "sign_up_email" => {
            let mut form = form(&format!("{}@example.com", scene.fresh("new")));
            form["name"] = "New".into();
            vec![body("", form)]
        }
        "refresh" => {
            let (_, token) = scene.account().await;
            vec![
                body("", json!({ "refreshToken": token })),
                body("with a made-up token", json!({ "refreshToken": "rft_x" })),
            ]
        }
        "logout" | "signout" | "sign_out" => {
            vec![body("", json!({})).by(scene.once_more(who).await)]
        }
        "set_up" => {
            let mut form = form(&format!("{}@example.com", scene.fresh("owner")));
            form["name"] = "Owner".into();
            form["token"] = "made-up".into();
            vec![body("with a made-up token", form)]
        }
        _ => return None,
    })
}

async fn of_tenants(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    let (alice, acme) = (&scene.alice, &scene.acme);
    // Nobody has no record; they ask for Alice's.
    let me = if who.id.is_empty() { &alice.id } else { &who.id };
    let here = format!("?groupId={acme}");
    Some(match operation {
        "list_groups" => vec![
            Ask::default(),
            query("public ones", "?visibility=public".to_owned()),
            query("below Acme", format!("?parentGroupId={acme}")),
        ],
        "create_group" => {
            let new = || json!({ "slug": scene.fresh("asked"), "name": "x", "type": "business" });
            let mut below = new();
            below["parentGroupId"] = acme.as_str().into();
            let mut far_below = new();
            far_below["parentGroupId"] = scene.annex.as_str().into();
            vec![
                body("at the top", new()),
                body("in Acme", below),
                body("in a group below, of others", far_below),
            ]
        }
        "get_group" | "list_child_groups" => vec![
            about("Acme", acme),
            about("a group below", &scene.child),
            about("a group below, of others", &scene.annex),
            about("Alice's home", &alice.home),
            about("Carol's public group", &scene.plaza),
        ],
        "update_group" => {
            let change = json!({ "metadata": { "asked": true } });
            vec![
                about("Acme", acme).with(change.clone()),
                about("a group below, of others", &scene.annex).with(change.clone()),
                about("Alice's home", &alice.home).with(change),
            ]
        }
        "archive_group" => {
            let own = scene.group(alice, acme).await;
            let others = scene.group(&scene.root, acme).await;
            vec![
                about("a group below", &own),
                about("a group below, of others", &others),
                about("Alice's home", &alice.home),
            ]
        }
        "list_people" => vec![
            query("of Acme", here.clone()),
            query("of Acme and below", format!("{here}&includeChildren=true")),
            query("of Alice's home", format!("?groupId={}", alice.home)),
            query("of Carol's public group", format!("?groupId={}", scene.plaza)),
        ],
        "add_person" => {
            let new = |role: &str| json!({ "groupId": acme, "displayName": "x", "role": role });
            // Nobody's of Acme: who joins is read by its owners from then on.
            let open = scene.open_group(&scene.root).await;
            vec![
                body("to Acme", new("customer")),
                body("to Acme, as an owner", new("group_owner")),
                body("to Acme, themselves", json!({ "groupId": acme, "personId": me })),
                body("to an open group, themselves", json!({ "groupId": open, "personId": me })),
            ]
        }
        "get_person" => vec![
            about("Alice", &alice.id),
            Ask { query: here, ..about("Alice, in Acme", &alice.id) },
            about("themselves", me),
        ],
        "update_person" => {
            let member = scene.member().await;
            let role = |role: &str| json!({ "groupId": acme, "role": role });
            vec![
                about("a member's role", &member).with(role("group_user")),
                about("a member's record", &member).with(json!({ "bio": "asked" })),
                about("Alice's record", &alice.id).with(json!({ "bio": "asked" })),
                about("their own record", me).with(json!({ "bio": "asked" })),
                about("their own role", me).with(role("group_owner")),
            ]
        }
        "remove_person" => {
            let member = scene.member().await;
            vec![Ask { query: here, ..about("a member of Acme", &member) }]
        }
        "list_person_groups" => vec![about("Alice", &alice.id), about("themselves", me)],
        "get_ontology" => vec![Ask::default(), query("of Acme", here)],
        _ => return None,
    })
}

async fn of_content(scene: &Scene, operation: &str) -> Option<Vec<Ask>> {
    let (alice, acme) = (&scene.alice, &scene.acme);
    let things = || {
        vec![
            about("shared", &scene.inside),
            about("private", &scene.private),
            about("public", &scene.public),
            about("of a group below, of others", &scene.in_annex),
            about("of Alice's home", &scene.at_home),
            about("public, of Carol's public group", &scene.plaza_public),
            about("shared, of Carol's public group", &scene.plaza_shared),
        ]
    };
    Some(match operation {
        "get_thing"
        | "get_thing_graph"
        | "list_thing_connections"
        | "list_thing_events"
        | "list_thing_history" => things(),
        "get_thing_version" => {
            things().into_iter().map(|ask| Ask { part: "1".to_owned(), ..ask }).collect()
        }
        // The version they have: nothing changes, and who may is told all the same.
        "revert_thing" => {
            things().into_iter().map(|ask| ask.with(json!({ "version": 1 }))).collect()
        }
        "aggregate_things" | "get_event_stats" => lists(scene),
        "create_thing" => {
            let new = |group: &str| json!({ "groupId": group, "type": "note", "name": "x" });
            vec![
                body("in Acme", new(acme)),
                body("in a group below, of others", new(&scene.annex)),
                body("at Alice's home", new(&alice.home)),
                body("at home", json!({ "type": "note", "name": "x" })),
                body("in Carol's public group", new(&scene.plaza)),
            ]
        }
        "update_thing" => {
            let change = json!({ "properties": { "asked": true } });
            let mut asks = things();
            asks.push(about("Bob's", &scene.thing(&scene.bob, acme, INSIDE, "group").await));
            asks.into_iter().map(|ask| ask.with(change.clone())).collect()
        }
        "delete_thing" => {
            let bobs = scene.thing(&scene.bob, acme, INSIDE, "group").await;
            let shared = scene.thing(alice, acme, INSIDE, "group").await;
            let others = scene.thing(&scene.root, &scene.annex, PRIVATE, "group").await;
            let forever =
                |what, id: &str| Ask { query: "?permanent=true".to_owned(), ..about(what, id) };
            vec![
                about("shared", &shared),
                about("private", &scene.thing(alice, acme, PRIVATE, "private").await),
                about("of a group below, of others", &others),
                about("Bob's", &bobs),
                forever("shared, for good", &shared),
                forever("Bob's, for good", &scene.thing(&scene.bob, acme, INSIDE, "group").await),
            ]
        }
        "create_connection" => {
            let edge =
                |from: &str, to: &str| json!({ "type": "part_of", "fromId": from, "toId": to });
            let other = scene.thing(alice, acme, INSIDE, "group").await;
            vec![
                body("between shared ones", edge(&other, &scene.inside)),
                body("from a shared to a private one", edge(&other, &scene.private)),
                body("to Alice", edge(&other, &alice.id)),
            ]
        }
        "get_connection" => vec![
            about("between shared ones", &scene.connection),
            about("to a private one", &scene.private_connection),
        ],
        "delete_connection" => vec![
            about("between shared ones", &scene.connection(&scene.inside).await),
            about("to a private one", &scene.connection(&scene.private).await),
        ],
        "list_connections_from" | "list_connections_to" => {
            let mut asks = things();
            asks.extend([about("Alice", &alice.id), about("Acme", acme)]);
            asks
        }
        "get_event" => vec![
            about("about a shared thing", &scene.event),
            about("about a private thing", &scene.private_event),
        ],
        "create_event" => {
            let event = |more: &str, id: &str| {
                let mut event = json!({ "type": "lesson_completed" });
                event[more] = id.into();
                event
            };
            vec![
                body("in Acme", event("groupId", acme)),
                body("about a shared thing", event("targetId", &scene.inside)),
                body("about a private thing", event("targetId", &scene.private)),
                body("at home", json!({ "type": "lesson_completed" })),
            ]
        }
        "stream_events" => vec![
            query("their own", String::new()),
            query("Acme", format!("?topic=group:{acme}")),
            query("a shared thing", format!("?topic=thing:{}", scene.inside)),
            query("a private thing", format!("?topic=thing:{}", scene.private)),
        ],
        "list_events_by_actor" => vec![
            about("Alice, everywhere", &alice.id),
            Ask { query: format!("?groupId={acme}"), ..about("Alice, in Acme", &alice.id) },
        ],
        "list_events_about_target" => vec![
            about("a shared thing, everywhere", &scene.inside),
            Ask { query: format!("?groupId={acme}"), ..about("a thing, in Acme", &scene.inside) },
        ],
        "create_knowledge" => {
            let new = |more: &str, id: &str| {
                let mut new = json!({ "type": "document", "text": "asked" });
                new[more] = id.into();
                new
            };
            vec![
                body("in Acme", new("groupId", acme)),
                body("about a shared thing", new("sourceThingId", &scene.inside)),
                body("about a private thing", new("sourceThingId", &scene.private)),
            ]
        }
        "get_knowledge" => vec![
            about("of a shared thing", &scene.document),
            about("of a private thing", &scene.private_document),
        ],
        "delete_knowledge" => vec![
            about("of a shared thing", &scene.document_of(&scene.inside, INSIDE).await),
            about("of a private thing", &scene.document_of(&scene.private, PRIVATE).await),
        ],
        "embed_knowledge" => vec![
            body("a text, in Acme", json!({ "groupId": acme, "text": scene.fresh("asked") })),
            body("a shared thing", json!({ "thingId": scene.inside })),
            body("a private thing", json!({ "thingId": scene.private })),
        ],
        "search_knowledge" => {
            let find = |more: Value| {
                let mut find = json!({ "query": "marker", "groupId": acme });
                find["includeChildren"] = more;
                find
            };
            vec![
                body("everywhere", json!({ "query": "marker" })),
                body("in Acme", find(false.into())),
                body("in Acme and below", find(true.into())),
            ]
        }
        _ => return None,
    })
}
