//! Every body and every parameter of the description, made wrong.

use super::shapes::{Operation, misfit};
use super::*;

const AUTH: &[&str] = &["VALIDATION_ERROR", "BAD_REQUEST"];
const LINK: &[&str] = &["invalid_json", "invalid_email", "missing_token"];
const UNREADABLE: &[&str] = &["malformed_json", "BAD_REQUEST", "invalid_json"];
const TOO_DEEP: &[&str] = &["too_deep", "TOO_DEEP", "invalid_json"];

async fn everything(stage: &Stage) -> (Value, Vec<Operation>) {
    let document = stage.nobody().get("/openapi.json").await.was(200).json();
    let operations = Operation::all(&document);
    (document, operations)
}

impl Watch<'_> {
    /// Refused in the words of the operation: 422 or, at the auth client's door, 400.
    async fn wrong(&self, operation: &Operation, body: &str, codes: &[&str]) -> Answer {
        let method = operation.method.clone();
        let what = format!("{method} {} {body:.80}", operation.path);
        let answer = self.raw(method, &operation.somewhere(), body.to_owned()).await;
        let (status, codes) = match answer.status {
            _ if operation.is_auth() => (400, AUTH),
            400 if operation.is_link() => (400, LINK),
            _ => (422, codes),
        };
        self.refused(&what, answer, status, codes).await
    }
}

#[tokio::test]
async fn every_body_is_an_object_of_known_fields() {
    alone_on_both(async |stage| {
        let watch = Watch::over(&stage).await;
        let (document, operations) = everything(&stage).await;
        let mut count = 0;
        for operation in &operations {
            if operation.fields(&document).is_none() {
                // Lines of JSON are no object, and what a provider posts is none either; what
                // reads them has tests of its own.
                let content = &operation.about["requestBody"]["content"];
                let reads = content.as_object().is_some_and(|all| {
                    let others = [
                        "application/x-ndjson",
                        "application/octet-stream",
                        "application/x-www-form-urlencoded",
                        "text/csv",
                    ];
                    all.keys().any(|kind| !others.contains(&kind.as_str()))
                });
                assert!(!reads, "the body of {} has no fields", operation.path);
                continue;
            }
            // The definition of a type is read where the group is known.
            if operation.path.contains("/types/{dimension}/") {
                continue;
            }
            // What another program says is read once it is known to have said it.
            if operation.path == "/v1/receivers/{id}/in" {
                continue;
            }
            count += 1;
            let known = watch.wrong(operation, "{\"unknownField\":1}", &["unknown_field"]).await;
            assert!(known.text.contains("unknownField"), "it names the field: {known:?}");
            if !operation.is_auth() {
                assert_eq!(known.json()["errors"][0]["pointer"], "/unknownField");
            }
            for body in ["[]", "[1]", "[{}]", "\"x\"", "7", "true", "null"] {
                watch.wrong(operation, body, &["wrong_type"]).await;
            }
            for body in ["{\"unknownField\":\"\\ud800\"}", "{\"unknownField\":\"\\udc00\"}", "{"] {
                let what = format!("{} {body}", operation.path);
                let method = operation.method.clone();
                let answer = watch.raw(method, &operation.somewhere(), body).await;
                watch.refused(&what, answer, 400, UNREADABLE).await;
            }
            let deep = format!("{{\"unknownField\":{}{}}}", "[".repeat(40), "]".repeat(40));
            let method = operation.method.clone();
            let answer = watch.raw(method, &operation.somewhere(), deep).await;
            watch.refused(&operation.path, answer, 400, TOO_DEEP).await;
        }
        assert!(count >= 20, "{count} bodies");
    })
    .await;
}

/// Fields that are read only once what they are about is known (a key, the begun challenge), or
/// never: that an address changes elsewhere is told whatever was sent.
fn is_read_late(operation: &Operation, field: &str) -> bool {
    let call = operation.path.strip_prefix("/v1/auth/").unwrap_or_default();
    match field {
        "metadata" => call.starts_with("api-key/"),
        "response" => call.starts_with("passkey/"),
        "email" => call == "update-user",
        _ => false,
    }
}

#[tokio::test]
async fn every_field_is_of_its_type_and_without_nul() {
    alone_on_both(async |stage| {
        let watch = Watch::over(&stage).await;
        let (document, operations) = everything(&stage).await;
        for operation in &operations {
            for (field, about) in operation.fields(&document).unwrap_or_default() {
                if is_read_late(operation, &field) {
                    continue;
                }
                let pointer = format!("/{field}");
                let body = json!({ &field: misfit(&about) }).to_string();
                let codes = ["wrong_type", "invalid_value", "unknown_field", "unknown_value"];
                let answer = watch.wrong(operation, &body, &codes).await;
                let body = json!({ &field: "a\0b" }).to_string();
                let nul = watch.wrong(operation, &body, &["invalid_character"]).await;
                for answer in [answer, nul].iter().filter(|answer| answer.status == 422) {
                    let at = answer.text_at("/errors/0/pointer");
                    assert!(at.starts_with(&pointer), "{} {body}: {answer:?}", operation.path);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn every_id_in_a_path_is_one_of_its_kind() {
    alone_on_both(async |stage| {
        let watch = Watch::over(&stage).await;
        let (_, operations) = everything(&stage).await;
        for operation in operations.iter().filter(|one| one.path.contains("{id}")) {
            // Where an id of that kind is the right one.
            let job =
                operation.path.contains("/target/") || operation.path.starts_with("/v1/jobs/");
            let group = format!("?groupId={}", stage.acme);
            let query = if operation.parameters().contains(&"groupId") { &group } else { "" };
            let long = "a".repeat(3000);
            for id in [
                "x",
                "%00",
                "%ff",
                "%ED%A0%80",
                "0",
                "-1",
                "banana_00000000000000000000000000",
                "job_00000000000000000000000000",
                "thing_8zzzzzzzzzzzzzzzzzzzzzzzzz",
                "thing_",
                "01934f2c-7a10-7cc3-98c4-dc0c0c07398",
                "01934f2c7a107cc398c4dc0c0c07398f",
                "%7B01934f2c-7a10-7cc3-98c4-dc0c0c07398f%7D",
                "'%20or%201=1--",
                &long,
            ] {
                if job && id.starts_with("job_") {
                    continue;
                }
                let path = operation.with_id(id);
                let path = format!("{path}{query}");
                let what = format!("{} {path:.100}", operation.method);
                let request = watch.alice.request(operation.method.clone(), &path);
                let request = match operation.about.get("requestBody") {
                    Some(_) => request.json(&json!({})),
                    None => request,
                };
                let answer = watch.alice.send(request).await;
                watch.refused(&what, answer, 422, &["invalid_id", "wrong_kind"]).await;
            }
        }
    })
    .await;
}

/// Values that are none of a parameter's.
fn misfits(operation: &Operation, name: &str) -> &'static [&'static str] {
    match name {
        // What clients of better-auth send is mostly words, and an empty one is one.
        "limit" | "offset" | "membersLimit" if operation.is_auth() => &["-1", "1.5", "x"],
        "sortDirection" | "filterOperator" | "authenticatorAttachment" => &["nonsense"],
        _ if operation.is_auth() => &[],
        "limit" if operation.path.ends_with("/graph") => &["0", "-1", "1001", "1.5", "x", ""],
        "limit" => &["0", "-1", "201", "1000000000", "1e9", "1.5", "x", "", "99999999999999999999"],
        "cursor" => &["x", "bm90IG91cnM", "a.b", ""],
        "sort" => &["colour", "", "-"],
        "includeChildren" | "permanent" | "cascade" | "banned" | "dryRun" => &["maybe", "1", ""],
        "from" | "to" if operation.path.starts_with("/v1/audit/") => &["x", "-1", "1.5", ""],
        "from" | "to" => &["yesterday", "2026-13-01T00:00:00Z", "7", ""],
        "status" | "visibility" | "role" | "state" => &["nonsense", ""],
        "kind" if operation.path == "/v1/jobs" => &[],
        // Free words: any text is fine.
        "type" | "types" | "label" | "q" | "key" | "confirm" | "username" | "email" | "slug"
        | "eventType" => &[],
        "targetId" => &["x", "", "banana_00000000000000000000000000"],
        _ => &["x", "", "job_00000000000000000000000000", "thing_8zzzzzzzzzzzzzzzzzzzzzzzzz"],
    }
}

/// What has no parameters, and is called by programs that append some of their own.
fn lets_all_pass(operation: &Operation) -> bool {
    let others = ["/metrics", "/v1/health", "/v1/ready", "/v1/receivers/{id}/in"];
    operation.path.starts_with("/v1/auth/") || others.contains(&operation.path.as_str())
}

#[tokio::test]
async fn every_parameter_is_known_sent_once_and_readable() {
    alone_on_both(async |stage| {
        let watch = Watch::over(&stage).await;
        let (_, operations) = everything(&stage).await;
        for operation in &operations {
            let names = operation.parameters();
            let ask = async |name: &str, query: String| {
                let group = format!("groupId={}&", stage.acme);
                let needs = name != "groupId" && names.contains(&"groupId");
                let group = if needs { group.as_str() } else { "" };
                let path = format!("{}?{group}{query}", operation.somewhere());
                let request = watch.alice.request(operation.method.clone(), &path);
                let answer = watch.alice.send(request).await;
                let what = format!("{} {path}", operation.method);
                if operation.is_page() && answer.status == 302 {
                    watch.nothing_came_of(&what).await;
                    return String::new();
                }
                if operation.is_auth() {
                    watch.refused(&what, answer, 400, AUTH).await;
                    return String::new();
                }
                let code = answer.code();
                let answer = watch.refused(&what, answer, 422, &[&code]).await;
                let pointer = answer.json()["errors"][0]["pointer"].clone();
                assert_eq!(pointer, name, "{what}: {answer:?}");
                code
            };
            for name in &names {
                for value in misfits(operation, name) {
                    ask(name, format!("{name}={value}")).await;
                }
                for value in ["%00", "a%00b", "%ff", "%ED%A0%80", "%ED%B0%80x"] {
                    let code = ask(name, format!("{name}={value}")).await;
                    let told = operation.is_auth()
                        || ["invalid_character", "out_of_range"].contains(&code.as_str());
                    assert!(told, "{name}={value}: {code}");
                }
                let twice = ask(name, format!("{name}=a&{name}=a")).await;
                assert!(operation.is_auth() || twice == "repeated_parameter", "{name}: {twice}");
            }
            if !names.is_empty() || !lets_all_pass(operation) {
                let code = ask("colour", "colour=red".to_owned()).await;
                assert!(operation.is_auth() || code == "unknown_parameter", "{code}");
            }
        }
    })
    .await;
}

/// Whether the description says that it answers nobody without a credential; the auth client's
/// door says what is wrong with a body first.
fn is_closed(document: &Value, operation: &Operation) -> bool {
    let asks = operation.about.get("security").unwrap_or(&document["security"]);
    let open = |one: &Value| one.as_object().is_none_or(serde_json::Map::is_empty);
    !operation.path.starts_with("/v1/auth/")
        && asks.as_array().is_some_and(|ways| !ways.is_empty() && !ways.iter().any(open))
}

#[tokio::test]
async fn nobody_is_asked_who_they_are_before_anything_is_read() {
    alone_on_both(async |stage| {
        let watch = Watch::over(&stage).await;
        let (document, operations) = everything(&stage).await;
        let nobody = stage.nobody();
        let mut count = 0;
        for operation in operations.iter().filter(|one| is_closed(&document, one)) {
            count += 1;
            for (path, kind, body) in [
                (operation.somewhere(), "application/json", "{"),
                (operation.somewhere(), "application/json", "[1]"),
                (operation.somewhere(), "text/plain", "\0"),
                (format!("{}?unknown=%00", operation.somewhere()), "application/json", ""),
                (operation.with_id("%00"), "application/json", "{}"),
            ] {
                let what = format!("{} {path} {body}", operation.method);
                let request = nobody.request(operation.method.clone(), &path);
                let request = request.header(CONTENT_TYPE, kind).header("if-match", "x");
                let answer = nobody.send(request.body(body)).await;
                watch.refused(&what, answer, 401, &["unauthenticated"]).await;
            }
        }
        assert!(count > 100, "{count}");
    })
    .await;
}
