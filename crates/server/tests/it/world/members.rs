//! Who may make whom what in a group, and how one joins and leaves.

use serde_json::json;

use super::{below, note, refused, rows};
use crate::people::Person;
use crate::stage::{group, member, on_both, sign_up};

fn path(id: &str) -> String {
    format!("/v1/people/{id}")
}

#[tokio::test]
async fn nobody_grants_more_than_they_have() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = group(&alice, "granting", "Granting").await;
        member(&alice, &team, &bob, "group_user").await;
        let add = |more: serde_json::Value| {
            let mut body = json!({ "groupId": team, "displayName": "x" });
            for (key, value) in more.as_object().into_iter().flatten() {
                body[key] = value.clone();
            }
            body
        };
        bob.post("/v1/people", add(json!({}))).await.was_problem(403, "forbidden");
        let extra = ["people:create", "people:update", "people:delete"];
        let lend = json!({ "groupId": team, "permissions": extra });
        let lent = alice.patch(&path(&bob.id), lend).await.was(200).json();
        assert_eq!(lent["permissions"], json!(extra));
        // What was lent counts with the next request.
        for (more, code) in [
            (json!({ "role": "group_owner" }), "role_above_own"),
            (json!({ "role": "platform_owner" }), "role_above_own"),
            (json!({ "permissions": ["things:delete"] }), "permissions_above_own"),
            (json!({ "permissions": ["*"] }), "permissions_above_own"),
        ] {
            bob.post("/v1/people", add(more)).await.was_problem(403, code);
        }
        let record = add(json!({ "permissions": ["people:create"], "role": "customer" }));
        let record = bob.post("/v1/people", record).await.was(201).id();
        let role = |role: &str| json!({ "groupId": team, "role": role });
        let up = role("group_owner");
        bob.patch(&path(&bob.id), up.clone()).await.was_problem(403, "role_above_own");
        bob.patch(&path(&record), up).await.was_problem(403, "role_above_own");
        bob.patch(&path(&alice.id), role("customer")).await.was_problem(403, "role_above_own");
        let out = format!("{}?groupId={team}", path(&alice.id));
        bob.delete(&out).await.was_problem(403, "role_above_own");
        let all = json!({ "groupId": team, "permissions": ["things:*"] });
        bob.patch(&path(&record), all).await.was_problem(403, "permissions_above_own");
        bob.patch(&path(&record), role("group_user")).await.was(200);
        bob.delete(&format!("{}?groupId={team}", path(&record))).await.was(204);
        // What is taken back is gone with the next request.
        let back = json!({ "groupId": team, "permissions": [] });
        alice.patch(&path(&bob.id), back).await.was(200);
        bob.post("/v1/people", add(json!({}))).await.was_problem(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn an_open_group_is_joined_by_oneself_and_no_other() {
    on_both(async |stage| {
        let (alice, jo) = (stage.alice(), sign_up(&stage.nobody(), "jo").await);
        let make = async |slug: &str, kind: &str| {
            let body = json!({ "slug": slug, "name": "n", "type": kind });
            alice.post("/v1/groups", body).await.was(201).id()
        };
        let open = make("join-open", "dao").await;
        let asking = make("join-asking", "community").await;
        let closed = make("join-closed", "business").await;
        let join = |group: &str| json!({ "groupId": group, "personId": jo.id });
        jo.post("/v1/people", join(&asking)).await.was_problem(403, "invite_only");
        jo.post("/v1/people", join(&closed)).await.was_problem(404, "not_found");
        for role in ["group_user", "group_owner"] {
            let mut high = join(&open);
            high["role"] = json!(role);
            jo.post("/v1/people", high).await.was_problem(403, "role_above_own");
        }
        let mut more = join(&open);
        more["permissions"] = json!(["things:create"]);
        jo.post("/v1/people", more).await.was_problem(403, "role_above_own");
        // Nobody brings somebody else along.
        let other = json!({ "groupId": open, "personId": alice.id });
        jo.post("/v1/people", other).await.was_problem(403, "forbidden");
        let joined = jo.post("/v1/people", join(&open)).await.was(201);
        assert_eq!(joined.text_at("/role"), "customer");
        jo.post("/v1/people", join(&open)).await.was_problem(409, "already_member");
        jo.get(&format!("/v1/people?groupId={open}")).await.was_problem(403, "forbidden");
        jo.get(&format!("{}?groupId={open}", path(&alice.id))).await.was_problem(403, "forbidden");
        alice.get(&path(&jo.id)).await.was(200);
        jo.delete(&format!("{}?groupId={open}", path(&jo.id))).await.was(204);
        alice.get(&path(&jo.id)).await.was_problem(404, "not_found");
        // Somebody invisible is not brought in by their id.
        let unseen = json!({ "groupId": closed, "personId": jo.id });
        alice.post("/v1/people", unseen).await.was_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn who_leaves_sees_nothing_any_more_and_takes_nothing_along() {
    on_both(async |stage| {
        let alice = stage.alice();
        let lea = sign_up(&stage.nobody(), "lea").await;
        let team = group(&alice, "leaving", "Leaving").await;
        member(&alice, &team, &lea, "group_user").await;
        let hidden = super::secret(&lea, &team, "hers").await;
        let open = note(&lea, &team, "open").await;
        let edge = super::connect(&lea, "owns", &lea.id, &open).await;
        alice.delete(&format!("{}?groupId={team}", path(&lea.id))).await.was(204);
        for path in [
            format!("/v1/groups/{team}"),
            format!("/v1/things/{hidden}"),
            format!("/v1/things/{open}"),
            format!("/v1/connections/{edge}"),
            format!("/v1/things?groupId={team}"),
        ] {
            lea.get(&path).await.was_problem(404, "not_found");
            alice.get(&path).await.was(200);
        }
        for list in ["things", "connections", "events", "knowledge"] {
            for row in lea.walk(&format!("/v1/{list}")).await {
                assert_eq!(row["groupId"], lea.home.as_str(), "{list}: {row}");
            }
        }
        assert!(rows(&lea, &format!("/v1/connections/from/{}", lea.id)).await.is_empty());
        // Back, she has what she had.
        member(&alice, &team, &lea, "group_user").await;
        lea.patch(&format!("/v1/things/{hidden}"), json!({ "name": "again" })).await.was(200);
    })
    .await;
}

#[tokio::test]
async fn roles_are_given_in_each_group_for_itself() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let top = group(&alice, "roles-top", "Top").await;
        let low = below(&alice, &top, "roles-low").await;
        member(&alice, &top, &bob, "customer").await;
        member(&alice, &low, &bob, "group_owner").await;
        let role = async |group: &str| {
            bob.get(&format!("{}?groupId={group}", path(&bob.id))).await.was(200).text_at("/role")
        };
        assert_eq!((role(&top).await, role(&low).await), ("customer".into(), "group_owner".into()));
        let make = async |person: &Person, group: &str| {
            let body = json!({ "groupId": group, "type": "note", "name": "n" });
            person.post("/v1/things", body).await.status
        };
        assert_eq!((make(&bob, &top).await, make(&bob, &low).await), (403, 201));
        let nowhere = json!({ "groupId": stage.globex, "role": "customer" });
        alice.patch(&path(&bob.id), nowhere).await.was_problem(404, "not_found");
        let stranger = json!({ "groupId": low, "role": "customer" });
        alice.patch(&path(&stage.vera().id), stranger).await.was_problem(404, "not_found");
        // Aliases of the ontology are understood.
        let alias = json!({ "groupId": low, "role": "org_user" });
        assert_eq!(
            alice.patch(&path(&bob.id), alias).await.was(200).text_at("/role"),
            "group_user"
        );
        let own = format!("{}?groupId={}", path(&bob.id), bob.home);
        bob.delete(&own).await.was_problem(409, "personal_group");
        let less = json!({ "groupId": bob.home, "role": "customer" });
        bob.patch(&path(&bob.id), less).await.was_problem(409, "personal_group");
        refused(bob.delete(&path(&bob.id)).await, "groupId", "missing_parameter");
    })
    .await;
}
