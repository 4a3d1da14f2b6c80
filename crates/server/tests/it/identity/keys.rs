//! API keys: shown once, bound to a group and to scopes, dead when revoked.

use super::*;

async fn make(by: &Person, group: &str, permissions: Value) -> Answer {
    let body = json!({ "name": "nightly", "groupId": group, "permissions": permissions });
    by.post("/v1/api-keys", body).await
}

fn note(group: &str) -> Value {
    json!({ "groupId": group, "type": "note", "name": "by key" })
}

#[tokio::test]
async fn a_key_is_shown_once_and_dies_when_it_is_revoked() {
    on_both(async |stage| {
        let alice = stage.alice();
        let made =
            make(&alice, &stage.acme, json!(["things:read", "things:create"])).await.was(201);
        let (id, key) = (made.id(), made.text_at("/key"));
        assert!(key.starts_with("gsk_") && key.len() == 53, "{key}");
        assert_eq!(made.header("location"), format!("/v1/api-keys/{id}"));
        let list =
            alice.get(&format!("/v1/api-keys?groupId={}&limit=200", stage.acme)).await.was(200);
        let row = list.json()["data"]
            .as_array()
            .and_then(|rows| rows.iter().find(|row| row["id"] == id.as_str()).cloned());
        let row = row.expect("it is listed");
        assert_eq!((&row["status"], row.get("key")), (&"active".into(), None));
        assert!(!list.text.contains(&key), "never again");
        let events = alice.walk(&format!("/v1/events?groupId={}", stage.acme)).await;
        assert!(!json!(events).to_string().contains(&key));
        assert!(!stage.server.told().contains(&key), "nor in the log");

        let holder = holder(stage, &key);
        holder.post("/v1/things", note(&stage.acme)).await.was(201);
        let header = stage.nobody().request(Method::GET, "/v1/things").header("x-api-key", &key);
        stage.nobody().send(header).await.was(200);
        // A key is no session and makes no keys.
        assert_eq!(holder.get("/v1/auth/get-session").await.was(200).text, "null");
        make(&holder, &stage.acme, json!([])).await.was_problem(403, "forbidden");

        let path = format!("/v1/api-keys/{id}");
        stage.carol().delete(&path).await.was_problem(404, "not_found");
        holder.get("/v1/things").await.was(200);
        alice.delete(&path).await.was(204);
        holder.get("/v1/things").await.was_problem(401, "invalid_token");
        holder.post("/v1/things", note(&stage.acme)).await.was_problem(401, "invalid_token");
        alice.delete(&path).await.was(204);
    })
    .await;
}

#[tokio::test]
async fn scopes_bound_a_key() {
    on_both(async |stage| {
        let (alice, acme) = (stage.alice(), stage.acme.as_str());
        let thing = alice.post("/v1/things", note(acme)).await.was(201).id();
        let key = async |permissions: Value| {
            holder(stage, &make(&alice, acme, permissions).await.was(201).text_at("/key"))
        };
        let reader = key(json!(["things:read"])).await;
        reader.get(&format!("/v1/things/{thing}")).await.was(200);
        reader.post("/v1/things", note(acme)).await.was_problem(403, "forbidden");
        let change = json!({ "name": "changed" });
        reader.patch(&format!("/v1/things/{thing}"), change.clone()).await.was(403);
        reader.delete(&format!("/v1/things/{thing}")).await.was(403);
        reader.get(&format!("/v1/people?groupId={acme}")).await.was(403);
        reader.get(&format!("/v1/groups/{acme}")).await.was(403);
        let writer = key(json!(["things:create"])).await;
        writer.post("/v1/things", note(acme)).await.was(201);

        // No scopes, no rights: not even to what is its maker's own, or what is public.
        let empty = key(json!([])).await;
        let opened = json!({ "visibility": "public" });
        alice.patch(&format!("/v1/things/{thing}"), opened).await.was(200);
        for holder in [&empty, &writer] {
            for path in ["", "/events", "/connections"] {
                let path = format!("/v1/things/{thing}{path}");
                holder.get(&path).await.was_problem(404, "not_found");
            }
            for list in ["things", "events", "connections", "knowledge"] {
                assert_eq!(holder.walk(&format!("/v1/{list}?groupId={acme}")).await.len(), 0);
                assert_eq!(holder.walk(&format!("/v1/{list}")).await.len(), 0);
            }
            let find = json!({ "query": "key" });
            let found = holder.post("/v1/knowledge/search", find).await.was(200);
            assert_eq!(found.json()["data"], json!([]));
        }
        let shared = stage.bob().post("/v1/things", note(acme)).await.was(201).id();
        empty.get(&format!("/v1/things/{shared}")).await.was_problem(404, "not_found");
        empty.get(&format!("/v1/groups/{acme}")).await.was_problem(403, "forbidden");
        empty.post("/v1/things", note(acme)).await.was_problem(403, "forbidden");
        empty.patch(&format!("/v1/things/{thing}"), change).await.was_problem(404, "not_found");
        let body = json!({ "slug": "by-empty-key", "name": "x", "type": "business" });
        empty.post("/v1/groups", body).await.was(403);
        assert_eq!(empty.walk("/v1/groups").await.len(), 0);
        assert_eq!(empty.walk("/v1/groups?visibility=public").await.len(), 0);

        // One group, whatever its maker has elsewhere.
        let whole = key(json!(["*"])).await;
        whole.get(&format!("/v1/groups/{acme}")).await.was(200);
        for group in [&stage.globex, &alice.home] {
            whole.get(&format!("/v1/groups/{group}")).await.was_problem(404, "not_found");
            whole.post("/v1/things", note(group)).await.was_problem(404, "not_found");
        }
        let profile = json!({ "bio": "by key" });
        whole.patch(&format!("/v1/people/{}", alice.id), profile).await.was(403);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_right_or_no_group_of_the_maker_makes_no_key() {
    on_both(async |stage| {
        let (alice, acme) = (stage.alice(), stage.acme.as_str());
        make(&alice, &stage.globex, json!([])).await.was_problem(404, "not_found");
        make(&stage.carol(), acme, json!([])).await.was_problem(404, "not_found");
        make(&stage.bob(), acme, json!([])).await.was_problem(403, "forbidden");
        make(&alice, acme, json!(["things:fly"])).await.was_problem(422, "unknown_permission");
        make(&alice, "x", json!([])).await.was_problem(422, "invalid_value");
        let mut past = json!({ "name": "k", "groupId": acme, "permissions": [] });
        past["expiresAt"] = "2020-01-01T00:00:00Z".into();
        alice.post("/v1/api-keys", past).await.was_problem(422, "in_the_past");
        make(&stage.nobody(), acme, json!([])).await.was_problem(401, "unauthenticated");
    })
    .await;
}

#[tokio::test]
async fn a_key_has_its_makers_rights_of_now() {
    alone_on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let path = format!("/v1/people/{}", bob.id);
        let role = |role: &str| json!({ "groupId": stage.acme, "role": role });
        alice.patch(&path, role("group_owner")).await.was(200);
        let key = make(&bob, &stage.acme, json!(["*"])).await.was(201).text_at("/key");
        let key = holder(&stage, &key);
        key.post("/v1/things", note(&stage.acme)).await.was(201);
        key.get(&format!("/v1/api-keys?groupId={}", stage.acme)).await.was(200);
        alice.patch(&path, role("customer")).await.was(200);
        key.post("/v1/things", note(&stage.acme)).await.was_problem(403, "forbidden");
        key.get(&format!("/v1/api-keys?groupId={}", stage.acme))
            .await
            .was_problem(403, "forbidden");
        alice.delete(&format!("{path}?groupId={}", stage.acme)).await.was(204);
        key.get(&format!("/v1/groups/{}", stage.acme)).await.was_problem(404, "not_found");
        key.get(&format!("/v1/groups/{}", bob.home)).await.was_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn garbage_is_no_key_and_an_address_is_no_place_for_one() {
    on_both(async |stage| {
        let key = make(&stage.alice(), &stage.acme, json!(["*"])).await.was(201).text_at("/key");
        let last = if key.ends_with('0') { '1' } else { '0' };
        let mistyped = format!("{}{last}", &key[..key.len() - 1]);
        let upper = key.to_uppercase();
        for wrong in [mistyped.as_str(), &key[..52], &upper, "gsk_", &format!("{key}0")] {
            holder(stage, wrong).get("/v1/things").await.was_problem(401, "invalid_token");
            let header =
                stage.nobody().request(Method::GET, "/v1/things").header("x-api-key", wrong);
            stage.nobody().send(header).await.was_problem(401, "invalid_token");
        }
        for query in [format!("api_key={key}"), format!("apiKey={key}"), format!("q={key}")] {
            let answer = stage.alice().get(&format!("/v1/things?{query}")).await;
            let answer = answer.was_problem(400, "credential_in_query");
            assert!(!answer.text.contains(&key[4..20]), "{answer:?}");
        }
        holder(stage, &key).get("/v1/things").await.was(200);
        assert!(!stage.server.told().contains(&key[..20]));
    })
    .await;
}

#[tokio::test]
async fn a_key_ends_with_its_time() {
    on_both(async |stage| {
        // The server's clock is the only one it goes by, and its answers say what it shows.
        let alice = stage.alice();
        let now =
            alice.post("/v1/things", json!({ "type": "note", "name": "tick" })).await.was(201);
        let now = now.text_at("/createdAt");
        let second: u32 = now[17..19].parse().expect("seconds");
        if second > 55 {
            return;
        }
        let mut body = json!({ "name": "k", "groupId": stage.acme, "permissions": ["*"] });
        body["expiresAt"] = format!("{}{:02}{}", &now[..17], second + 2, &now[19..]).into();
        let key = alice.post("/v1/api-keys", body).await.was(201).text_at("/key");
        let key = holder(stage, &key);
        key.get("/v1/things").await.was(200);
        let patience = std::time::Instant::now();
        while key.get("/v1/things").await.status == 200 {
            assert!(patience.elapsed().as_secs() < 10, "it never ends");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        key.get("/v1/things").await.was_problem(401, "invalid_token");
    })
    .await;
}
