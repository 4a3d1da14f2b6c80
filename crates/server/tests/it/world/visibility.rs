//! Who sees what: the five people and nobody, before a private, a shared and a public thing, in a
//! private and in a public group; and who sees below a group.

use serde_json::json;

use super::{below, connect, each, note, rows, secret, team, thing};
use crate::people::Person;
use crate::stage::{Stage, member, on_both};

/// What a GET and a PATCH of a thing answer to somebody.
async fn answers(person: &Person, thing: &str) -> (u16, u16) {
    let path = format!("/v1/things/{thing}");
    let got = person.get(&path).await.status;
    // Nothing would change: only whether they may is asked.
    (got, person.patch(&path, json!({})).await.status)
}

async fn table(stage: &Stage, rows: &[(&str, &str, [(u16, u16); 6])]) {
    let people =
        [stage.alice(), stage.bob(), stage.vera(), stage.carol(), stage.nobody(), stage.root()];
    for (what, thing, wanted) in rows {
        for (person, wanted) in people.iter().zip(wanted) {
            let found = answers(person, thing).await;
            assert_eq!(found, *wanted, "{} and {what}", person.name);
        }
    }
}

const YES: (u16, u16) = (200, 200);
const LOOK: (u16, u16) = (200, 403);
const NO: (u16, u16) = (404, 404);
const WHO: (u16, u16) = (401, 401);

#[tokio::test]
async fn everybody_sees_and_changes_what_the_table_says() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "visible").await;
        let make = async |owner: &Person, visibility: &str| {
            let body = json!({ "groupId": team, "type": "note", "name": "n",
                "visibility": visibility });
            thing(owner, body).await
        };
        // Alice, Bob, Vera, Carol, nobody, root.
        let rows = [
            ("Alice's private", &make(&alice, "private").await, [YES, NO, NO, NO, WHO, YES]),
            ("Alice's shared", &make(&alice, "group").await, [YES, LOOK, NO, NO, WHO, YES]),
            ("Alice's public", &make(&alice, "public").await, [YES, LOOK, LOOK, NO, WHO, YES]),
            ("Bob's private", &make(&bob, "private").await, [YES, YES, NO, NO, WHO, YES]),
            ("Bob's shared", &make(&bob, "group").await, [YES, YES, NO, NO, WHO, YES]),
            ("Bob's public", &make(&bob, "public").await, [YES, YES, LOOK, NO, WHO, YES]),
        ];
        let private = rows.map(|(what, thing, wanted)| (what, thing.as_str(), wanted));
        table(stage, &private).await;
        // Once the group is public, whoever is signed in sees what is public in it.
        let path = format!("/v1/groups/{team}");
        alice.patch(&path, json!({ "settings": { "visibility": "public" } })).await.was(200);
        let public = private.map(|(what, thing, mut wanted)| {
            if what.ends_with("public") {
                wanted[3] = LOOK;
            }
            (what, thing, wanted)
        });
        table(stage, &public).await;
        let list = format!("/v1/things?groupId={team}&limit=200");
        for (person, count) in
            [(alice, 6), (bob, 5), (stage.vera(), 2), (stage.carol(), 2), (stage.root(), 6)]
        {
            let found = self::rows(&person, &list).await;
            assert_eq!(found.len(), count, "{}", person.name);
        }
    })
    .await;
}

#[tokio::test]
async fn a_customer_has_her_own_things_and_nothing_else() {
    on_both(async |stage| {
        let (alice, vera) = (stage.alice(), stage.vera());
        // She made them while she worked there.
        let team = team(stage, "customer").await;
        let her = format!("/v1/people/{}", vera.id);
        let role = |role: &str| json!({ "groupId": team, "role": role });
        alice.patch(&her, role("group_user")).await.was(200);
        let own = note(&vera, &team, "own").await;
        let hidden = secret(&vera, &team, "hidden").await;
        let theirs = note(&alice, &team, "theirs").await;
        let edge = connect(&vera, "owns", &vera.id, &theirs).await;
        alice.patch(&her, role("customer")).await.was(200);
        for thing in [&own, &hidden] {
            assert_eq!(answers(&vera, thing).await, YES);
        }
        assert_eq!(answers(&vera, &theirs).await, NO);
        let found = each(&rows(&vera, &format!("/v1/things?groupId={team}")).await, "id");
        assert_eq!(found, [hidden.clone(), own.clone()]);
        let found = each(&rows(&vera, &format!("/v1/connections?groupId={team}")).await, "id");
        assert_eq!(found, [edge.clone()]);
        vera.get(&format!("/v1/connections/{edge}")).await.was(200);
        vera.get(&her).await.was(200);
        // Somebody she meets nowhere else.
        let other = json!({ "groupId": team, "displayName": "Only Here" });
        let other = alice.post("/v1/people", other).await.was(201).json();
        let other = other["id"].as_str().expect("an id");
        vera.get(&format!("/v1/people/{other}")).await.was_problem(404, "not_found");
        vera.get(&format!("/v1/people?groupId={team}")).await.was_problem(403, "forbidden");
        for (path, body) in [
            ("/v1/things", json!({ "groupId": team, "type": "note", "name": "n" })),
            ("/v1/connections", json!({ "type": "part_of", "fromId": own, "toId": hidden })),
            ("/v1/events", json!({ "groupId": team, "type": "content_event" })),
            ("/v1/knowledge", json!({ "groupId": team, "type": "document", "text": "words" })),
            ("/v1/knowledge/embed", json!({ "groupId": team, "text": "words" })),
            ("/v1/people", json!({ "groupId": team, "displayName": "x" })),
            (
                "/v1/groups",
                json!({ "name": "x", "slug": "of-vera", "type": "dao", "parentGroupId": team }),
            ),
        ] {
            vera.post(path, body).await.was_problem(403, "forbidden");
        }
        vera.delete(&format!("/v1/connections/{edge}")).await.was(204);
        vera.delete(&format!("/v1/things/{own}")).await.was(204);
    })
    .await;
}

#[tokio::test]
async fn only_an_owner_sees_below_a_group_and_changes_nothing_there() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let top = team(stage, "subtree").await;
        let deep = below(&alice, &below(&alice, &top, "subtree-a").await, "subtree-b").await;
        // Somebody else runs the group far below, and Alice is no member of it.
        member(&alice, &deep, &bob, "group_owner").await;
        bob.delete(&format!("/v1/people/{}?groupId={deep}", alice.id)).await.was(204);
        let hidden = secret(&bob, &deep, "hidden").await;
        let other = note(&bob, &deep, "other").await;
        let edge = connect(&bob, "part_of", &hidden, &other).await;
        let known = json!({ "type": "document", "text": "Deepwords.", "sourceThingId": hidden });
        let known = bob.post("/v1/knowledge", known).await.was(201).id();
        for path in [
            format!("/v1/things/{hidden}"),
            format!("/v1/connections/{edge}"),
            format!("/v1/knowledge/{known}"),
            format!("/v1/groups/{deep}"),
            format!("/v1/people/{}?groupId={deep}", bob.id),
        ] {
            alice.get(&path).await.was(200);
            stage.vera().get(&path).await.was_problem(404, "not_found");
        }
        let change = json!({ "name": "mine" });
        for path in [format!("/v1/things/{hidden}"), format!("/v1/groups/{deep}")] {
            alice.patch(&path, change.clone()).await.was_problem(403, "forbidden");
            alice.delete(&path).await.was_problem(403, "forbidden");
        }
        alice.delete(&format!("/v1/connections/{edge}")).await.was_problem(403, "forbidden");
        alice.delete(&format!("/v1/knowledge/{known}")).await.was_problem(403, "forbidden");
        let body = json!({ "groupId": deep, "type": "note", "name": "n" });
        alice.post("/v1/things", body).await.was_problem(403, "forbidden");

        for (list, id) in [
            ("things", &hidden),
            ("connections", &edge),
            ("knowledge", &known),
            ("events", &hidden),
            ("people", &bob.id),
        ] {
            let alone = format!("/v1/{list}?groupId={top}");
            let whole = format!("{alone}&includeChildren=true&limit=200");
            let key = if list == "events" { "targetId" } else { "id" };
            if list != "people" {
                assert!(!each(&rows(&alice, &alone).await, key).contains(id), "{list}");
            }
            assert!(each(&rows(&alice, &whole).await, key).contains(id), "{list}");
            assert!(each(&rows(&stage.root(), &whole).await, key).contains(id), "{list}");
            bob.get(&whole).await.was_problem(403, "forbidden");
            stage.vera().get(&whole).await.was_problem(403, "forbidden");
            stage.carol().get(&whole).await.was_problem(404, "not_found");
            stage.nobody().get(&whole).await.was_problem(401, "unauthenticated");
        }
        let ask = json!({ "query": "deepwords", "groupId": top, "includeChildren": true });
        bob.post("/v1/knowledge/search", ask.clone()).await.was_problem(403, "forbidden");
        stage.carol().post("/v1/knowledge/search", ask).await.was_problem(404, "not_found");
        // A child never reads its parent.
        let above = note(&alice, &top, "above").await;
        bob.delete(&format!("/v1/people/{}?groupId={top}", bob.id)).await.was(204);
        bob.get(&format!("/v1/things/{above}")).await.was_problem(404, "not_found");
        bob.get(&format!("/v1/groups/{top}")).await.was_problem(404, "not_found");
        bob.get(&format!("/v1/things/{hidden}")).await.was(200);
    })
    .await;
}
