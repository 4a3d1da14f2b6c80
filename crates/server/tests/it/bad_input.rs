//! What bad input gets: a clear problem, nothing written, and a server that goes on. Bodies and
//! parameters of every described operation are made wrong from the description itself, so a new
//! operation is covered when it appears.

mod described;
mod shapes;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::people::{Answer, Person};
use crate::stage::{Stage, alone_on_both};

/// Looks after each bad input whether anything came of it.
struct Watch<'a> {
    stage: &'a Stage,
    alice: Person,
    root: Person,
    newest: String,
}

impl<'a> Watch<'a> {
    async fn over(stage: &'a Stage) -> Self {
        let (alice, root) = (stage.alice(), stage.root());
        let mut watch = Self { stage, alice, root, newest: String::new() };
        watch.look_again().await;
        watch
    }

    /// Of what requests do: what follows from it, people are told in their own time.
    async fn last_event(&self) -> String {
        let said = self.root.get("/v1/events?limit=100").await.was(200).json();
        let mut events = said["data"].as_array().into_iter().flatten();
        let follows = |one: &Value| {
            one["type"].as_str().is_some_and(|kind| kind.starts_with("notification_"))
        };
        let newest = events.find(|one| !follows(one)).expect("an event of a request");
        newest["id"].to_string()
    }

    /// What was written until now was meant to be.
    async fn look_again(&mut self) {
        self.newest = self.last_event().await;
    }

    /// Refused by a problem document, with nothing written, by a server that goes on.
    async fn refused(&self, what: &str, answer: Answer, status: u16, codes: &[&str]) -> Answer {
        let code = answer.code();
        assert!(
            answer.status == status && codes.contains(&code.as_str()),
            "{what}: expected {status} {codes:?}, got {answer:?}"
        );
        let answer = answer.was_problem(status, &code);
        self.nothing_came_of(what).await;
        answer
    }

    /// Nothing was written, and the server goes on.
    async fn nothing_came_of(&self, what: &str) {
        self.stage.nobody().get("/v1/health").await.was(200);
        assert_eq!(self.last_event().await, self.newest, "{what}: something was written");
    }

    /// As Alice, a body as it is.
    async fn raw(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.alice.request(method, path).header(CONTENT_TYPE, "application/json");
        self.alice.send(request.body(body)).await
    }

    async fn thing(&mut self, group: &str) -> String {
        let body = json!({ "groupId": group, "type": "note", "name": "there" });
        let id = self.alice.post("/v1/things", body).await.was(201).id();
        self.look_again().await;
        id
    }
}

#[tokio::test]
async fn what_is_no_value_of_a_field_is_refused_at_the_field() {
    alone_on_both(async |stage| {
        let mut watch = Watch::over(&stage).await;
        let (one, other) = (watch.thing(&stage.acme).await, watch.thing(&stage.acme).await);
        let acme = stage.acme.as_str();
        let long = |letters: usize| "ü".repeat(letters);
        let thing = |field: &str, value: Value| {
            let mut body = json!({ "groupId": acme, "type": "note", "name": "n" });
            body[field] = value;
            ("/v1/things", body, format!("/{field}"))
        };
        let group = |field: &str, value: Value| {
            let mut body = json!({ "slug": "a-new-one", "name": "n", "type": "business" });
            body[field] = value;
            ("/v1/groups", body, format!("/{field}"))
        };
        let person = |field: &str, value: Value| {
            let mut body = json!({ "groupId": acme, "displayName": "n" });
            body[field] = value;
            ("/v1/people", body, format!("/{field}"))
        };
        let edge = |field: &str, value: Value| {
            let mut body = json!({ "type": "part_of", "fromId": one, "toId": other });
            body[field] = value;
            ("/v1/connections", body, format!("/{field}"))
        };
        let event = |field: &str, value: Value| {
            let mut body = json!({ "groupId": acme, "type": "lesson_completed" });
            body[field] = value;
            ("/v1/events", body, format!("/{field}"))
        };
        let knowledge = |field: &str, value: Value| {
            let mut body = json!({ "groupId": acme, "type": "document", "text": "t" });
            body[field] = value;
            ("/v1/knowledge", body, format!("/{field}"))
        };
        let search = |field: &str, value: Value| {
            let mut body = json!({ "query": "t" });
            body[field] = value;
            ("/v1/knowledge/search", body, format!("/{field}"))
        };
        let key = |field: &str, value: Value| {
            let mut body = json!({ "groupId": acme, "name": "n", "permissions": [] });
            body[field] = value;
            ("/v1/api-keys", body, format!("/{field}"))
        };
        for ((path, body, pointer), code) in [
            (thing("name", long(501).into()), "too_long"),
            (thing("name", "".into()), "too_short"),
            (thing("name", "a\u{7}b".into()), "invalid_character"),
            (thing("type", "nonsense".into()), "unknown_type"),
            (thing("type", long(300).into()), "unknown_type"),
            (thing("status", "published".into()), "wrong_status"),
            (thing("status", "gone".into()), "unknown_value"),
            (thing("visibility", "secret".into()), "unknown_value"),
            (thing("groupId", "x".into()), "invalid_value"),
            (thing("groupId", one.as_str().into()), "invalid_value"),
            (thing("groupId", "01934f2c-7a10-7cc3-98c4-dc0c0c07398".into()), "invalid_value"),
            (thing("groupId", "group_8zzzzzzzzzzzzzzzzzzzzzzzzz".into()), "invalid_value"),
            (thing("parentId", acme.into()), "invalid_value"),
            (thing("parentId", "00000000-0000-7000-8000-000000000000".into()), "unknown_parent"),
            (group("slug", "a".repeat(51).into()), "invalid_slug"),
            (group("slug", "Not A Slug".into()), "invalid_slug"),
            (group("name", long(201).into()), "too_long"),
            (group("description", long(2001).into()), "too_long"),
            (group("metadata", json!({ "a": "x".repeat(70_000) })), "too_long"),
            (group("type", "nonsense".into()), "unknown_type"),
            (group("parentGroupId", one.as_str().into()), "invalid_value"),
            (person("displayName", long(101).into()), "too_long"),
            (person("email", "nobody".into()), "invalid_email"),
            (person("email", format!("{}@example.com", "x".repeat(300)).into()), "invalid_email"),
            (person("username", "a b".into()), "invalid_username"),
            (person("bio", long(501).into()), "too_long"),
            (person("role", "emperor".into()), "unknown_role"),
            (person("personId", one.as_str().into()), "invalid_value"),
            (edge("type", "nonsense".into()), "unknown_type"),
            (edge("fromId", "x".into()), "invalid_id"),
            (edge("toId", "key_00000000000000000000000000".into()), "wrong_kind"),
            (edge("toId", one.as_str().into()), "self_connection"),
            (edge("strength", json!(1.5)), "out_of_range"),
            (edge("strength", json!(1e308)), "out_of_range"),
            (edge("strength", json!(-1)), "out_of_range"),
            (edge("validFrom", "yesterday".into()), "invalid_value"),
            (edge("validTo", "2026-02-30T00:00:00Z".into()), "invalid_value"),
            (event("type", "nonsense".into()), "unknown_type"),
            (event("targetId", "x".into()), "invalid_id"),
            (event("timestamp", "1999-12-31T23:59:59Z".into()), "out_of_range"),
            (event("timestamp", "2999-01-01T00:00:00Z".into()), "out_of_range"),
            (event("timestamp", "99999-01-01T00:00:00Z".into()), "invalid_value"),
            (knowledge("type", "nonsense".into()), "unknown_value"),
            (knowledge("text", " ".into()), "too_short"),
            (knowledge("sourceThingId", acme.into()), "invalid_value"),
            (knowledge("labels", json!(vec!["a:b"; 51])), "too_many"),
            (search("query", long(1001).into()), "too_long"),
            (search("query", "".into()), "too_short"),
            (search("query", "-".into()), "empty_query"),
            (search("limit", json!(0)), "out_of_range"),
            (search("limit", json!(51)), "out_of_range"),
            (search("limit", json!(300)), "invalid_value"),
            (search("limit", json!(-1)), "invalid_value"),
            (search("limit", json!(1e30)), "wrong_type"),
            (search("kinds", json!([])), "too_short"),
            (key("name", long(101).into()), "too_long"),
            (key("name", "".into()), "too_short"),
            (key("permissions", json!(vec!["things:read"; 65])), "too_long"),
            (key("expiresAt", "never".into()), "invalid_value"),
        ] {
            let what = format!("{path} {pointer} {:.60}", body[&pointer[1..]].to_string());
            let answer = watch.alice.post(path, body).await;
            let answer = watch.refused(&what, answer, 422, &[code]).await;
            assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{what}: {answer:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn numbers_no_machine_holds_are_refused_and_large_ones_come_back() {
    alone_on_both(async |stage| {
        let mut watch = Watch::over(&stage).await;
        let body = |number: &str| {
            format!("{{\"type\":\"note\",\"name\":\"n\",\"properties\":{{\"n\":{number}}}}}")
        };
        for number in ["1e999", "-1e400", "01", "+1", "NaN", "Infinity", "0x10", "1.", ".5"] {
            let answer = watch.raw(Method::POST, "/v1/things", body(number)).await;
            watch.refused(number, answer, 400, &["malformed_json"]).await;
        }
        for number in
            ["9007199254740993", "18446744073709551615", "-9223372036854775808", "1e308", "5e-324"]
        {
            let made = watch.raw(Method::POST, "/v1/things", body(number)).await.was(201);
            let path = format!("/v1/things/{}", made.id());
            let back = watch.alice.get(&path).await.was(200).json();
            let sent: Value = serde_json::from_str(number).expect("a number");
            let same = back["properties"]["n"] == sent
                || back["properties"]["n"].as_f64() == sent.as_f64() && !sent.is_u64();
            assert!(same, "{number}: {back}");
        }
        watch.look_again().await;
        let limits = "{\"slug\":\"lim\",\"name\":\"n\",\"type\":\"business\",\"settings\":\
                      {\"limits\":{\"things\":99999999999999999999}}}";
        let answer = watch.raw(Method::POST, "/v1/groups", limits).await;
        watch.refused("a huge limit", answer, 422, &["wrong_type", "invalid_value"]).await;
    })
    .await;
}

#[tokio::test]
async fn who_changes_an_old_version_is_told() {
    alone_on_both(async |stage| {
        let mut watch = Watch::over(&stage).await;
        let thing = format!("/v1/things/{}", watch.thing(&stage.acme).await);
        let group = format!("/v1/groups/{}", stage.acme);
        let person = format!("/v1/people/{}", watch.alice.id);
        for (path, change) in [
            (&thing, json!({ "name": "again" })),
            (&group, json!({ "name": "Acme again" })),
            (&person, json!({ "bio": "again" })),
        ] {
            let before = watch.alice.get(path).await.was(200);
            let seen = before.header("etag").to_owned();
            assert_eq!(seen, format!("\"{}\"", before.json()["version"]));
            let alice = watch.alice.clone();
            let ask = |method: Method, version: &str| {
                alice.request(method, path).header("if-match", version).json(&change)
            };
            for (version, status, code) in [
                ("\"99\"", 412, "version_mismatch"),
                ("\"0\"", 412, "version_mismatch"),
                ("\"99999999999999999999999\"", 412, "version_mismatch"),
                ("\"x\"", 412, "version_mismatch"),
                ("W/\"1\"", 412, "version_mismatch"),
                ("1", 400, "malformed_if_match"),
                ("\"1\", \"2\"", 400, "malformed_if_match"),
                ("", 400, "malformed_if_match"),
            ] {
                let answer = watch.alice.send(ask(Method::PATCH, version)).await;
                watch.refused(&format!("{path} {version}"), answer, status, &[code]).await;
                if path != &person {
                    let answer = watch.alice.send(ask(Method::DELETE, version)).await;
                    watch.refused(&format!("{path} {version}"), answer, status, &[code]).await;
                }
            }
            let after = watch.alice.send(ask(Method::PATCH, &seen)).await.was(200);
            assert_ne!(after.header("etag"), seen);
            watch.look_again().await;
            // What was good once is stale now.
            let answer = watch.alice.send(ask(Method::PATCH, &seen)).await;
            watch.refused(path, answer, 412, &["version_mismatch"]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_goes_into_a_foreign_or_an_archived_group() {
    alone_on_both(async |stage| {
        let mut watch = Watch::over(&stage).await;
        let body = json!({ "slug": "old-acme", "name": "Old", "type": "business" });
        let old = watch.alice.post("/v1/groups", body).await.was(201).id();
        let (one, other) = (watch.thing(&old).await, watch.thing(&old).await);
        watch.alice.delete(&format!("/v1/groups/{old}")).await.was(204);
        watch.look_again().await;
        let missing = "00000000-0000-7000-8000-000000000000";
        for (group, status, code) in [
            (stage.globex.as_str(), 404, "not_found"),
            (missing, 404, "not_found"),
            (&old, 409, "group_archived"),
        ] {
            for (path, body) in [
                ("/v1/things", json!({ "groupId": group, "type": "note", "name": "n" })),
                ("/v1/events", json!({ "groupId": group, "type": "lesson_completed" })),
                ("/v1/knowledge", json!({ "groupId": group, "type": "document", "text": "t" })),
                ("/v1/knowledge/embed", json!({ "groupId": group, "text": "t" })),
                ("/v1/people", json!({ "groupId": group, "displayName": "n" })),
                ("/v1/api-keys", json!({ "groupId": group, "name": "n", "permissions": [] })),
                (
                    "/v1/groups",
                    json!({ "parentGroupId": group, "slug": "n-n-n", "name": "n", "type": "business" }),
                ),
            ] {
                let answer = watch.alice.post(path, body).await;
                watch.refused(&format!("{path} {group}"), answer, status, &[code]).await;
            }
        }
        let thing = format!("/v1/things/{one}");
        let edge = json!({ "type": "part_of", "fromId": one, "toId": other });
        for (what, answer) in [
            ("patch", watch.alice.patch(&thing, json!({ "name": "m" })).await),
            ("delete", watch.alice.delete(&thing).await),
            ("remove", watch.alice.delete(&format!("{thing}?permanent=true")).await),
            ("connect", watch.alice.post("/v1/connections", edge).await),
            ("archive", watch.alice.delete(&format!("/v1/groups/{old}")).await),
        ] {
            watch.refused(what, answer, 409, &["group_archived"]).await;
        }
        // It can still be read.
        watch.alice.get(&thing).await.was(200);

        let foreign = json!({ "groupId": stage.globex, "type": "note", "name": "theirs" });
        let theirs = stage.carol().post("/v1/things", foreign).await.was(201).id();
        let mine = watch.thing(&stage.acme).await;
        for (from, to) in [(&mine, &theirs), (&theirs, &mine)] {
            let edge = json!({ "type": "part_of", "fromId": from, "toId": to });
            let answer = watch.alice.post("/v1/connections", edge).await;
            watch.refused("to a foreign thing", answer, 404, &["not_found"]).await;
        }
        let ring = |from: &str, to: &str| json!({ "type": "part_of", "fromId": from, "toId": to });
        let end = watch.thing(&stage.acme).await;
        watch.alice.post("/v1/connections", ring(&mine, &end)).await.was(201);
        watch.look_again().await;
        let answer = watch.alice.post("/v1/connections", ring(&end, &mine)).await;
        watch.refused("a ring", answer, 409, &["cycle"]).await;
    })
    .await;
}
