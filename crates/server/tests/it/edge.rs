//! What bad input gets, whatever room it is meant for: a clear problem, nothing half-written,
//! nothing internal told.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{on_both, sign_up};

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_told_apart() {
    on_both(async |stage| {
        for person in [stage.alice(), stage.nobody()] {
            for path in ["/nowhere", "/v1", "/v1/nowhere", "/v1/things/a/b/c", "/api/nowhere", "//"]
            {
                person.get(path).await.was_problem(404, "not_found");
            }
            let wrong = person.delete("/v1/health").await.was_problem(405, "wrong_method");
            assert!(wrong.header("allow").contains("GET"), "{wrong:?}");
            let wrong = person.send(person.request(Method::PUT, "/v1/things")).await;
            let wrong = wrong.was_problem(405, "wrong_method");
            assert!(wrong.header("allow").contains("POST"), "{wrong:?}");
            // The client of this surface reads its own words.
            for path in ["/v1/auth/nowhere", "/api/auth/nowhere", "/v1/auth/sign-in/a/b"] {
                person.get(path).await.was_problem(404, "NOT_FOUND");
            }
            let wrong = person.delete("/v1/auth/ok").await.was_problem(405, "WRONG_METHOD");
            assert!(wrong.header("allow").contains("GET"), "{wrong:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn parameters_are_checked_by_name() {
    on_both(async |stage| {
        let alice = stage.alice();
        for query in [
            "limit=0",
            "limit=-1",
            "limit=1000000000",
            "limit=x",
            "limit=1.5",
            "limit=%00",
            "limit=",
        ] {
            let answer = alice.get(&format!("/v1/things?{query}")).await;
            assert_eq!(answer.status, 422, "{query}: {answer:?}");
            assert_eq!(answer.json()["errors"][0]["pointer"], "limit", "{query}");
        }
        for cursor in ["x", "bm90IG91cnM", "%00", "a.b", &"a".repeat(5000)] {
            let answer = alice.get(&format!("/v1/things?cursor={cursor}")).await;
            assert!(matches!(answer.status, 422 | 431), "{cursor}: {answer:?}");
        }
        let answer = alice.get("/v1/things?colour=red").await.was(422);
        assert_eq!(answer.code(), "unknown_parameter");
        for id in [
            "x",
            "thing_",
            "person_00000000000000000000000000",
            "thing_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "%00",
        ] {
            let answer = alice.get(&format!("/v1/things/{id}")).await;
            assert!(matches!(answer.status, 404 | 422), "{id}: {answer:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_has_no_parameters_refuses_them_but_for_probes_and_other_programs() {
    on_both(async |stage| {
        let (alice, nobody) = (stage.alice(), stage.nobody());
        let odd = alice.get("/v1/people/me?odd=1").await.was_problem(422, "unknown_parameter");
        assert_eq!(odd.json()["errors"][0]["pointer"], "odd");
        alice.get("/api/v1/people/me?odd=1").await.was_problem(422, "unknown_parameter");
        alice.get("/v1/people/me?").await.was(200);
        let new = json!({ "groupId": stage.acme, "type": "note", "name": "n" });
        let made = alice.post("/v1/things?dryRun=true", new).await;
        made.was_problem(422, "unknown_parameter");
        nobody.get("/v1/people/me?odd=1").await.was_problem(401, "unauthenticated");
        for path in ["/v1/health", "/v1/ready", "/api/health", "/v1/auth/ok"] {
            nobody.get(&format!("{path}?t=1")).await.was(200);
        }
        let inbox = "/v1/receivers/00000000-0000-7000-8000-000000000000/in?shop=1";
        nobody.post(inbox, json!({})).await.was_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_cursor_of_another_list_or_with_another_letter_is_refused() {
    on_both(async |stage| {
        let alice = stage.alice();
        for name in ["a", "b", "c"] {
            let body = json!({ "groupId": stage.acme, "type": "note", "name": name });
            alice.post("/v1/things", body).await.was(201);
        }
        let list = format!("/v1/things?groupId={}&limit=1", stage.acme);
        let cursor = alice.get(&list).await.was(200).text_at("/nextCursor");
        alice.get(&format!("{list}&cursor={cursor}")).await.was(200);
        let mut letters: Vec<char> = cursor.chars().collect();
        let middle = letters.len() / 2;
        letters[middle] = if letters[middle] == 'A' { 'B' } else { 'A' };
        let tampered: String = letters.into_iter().collect();
        alice.get(&format!("{list}&cursor={tampered}")).await.was(422);
        let other = format!("/v1/events?groupId={}&cursor={cursor}", stage.acme);
        alice.get(&other).await.was(422);
    })
    .await;
}

#[tokio::test]
async fn credentials_in_the_address_are_refused() {
    on_both(async |stage| {
        let token = stage.alice().token.unwrap_or_default();
        for query in [
            "api_key=gsk_abc".to_owned(),
            "q=gsk_abc".to_owned(),
            format!("access_token={token}"),
            "authorization=x".to_owned(),
        ] {
            let answer = stage.nobody().get(&format!("/v1/things?{query}")).await;
            let answer = answer.was_problem(400, "credential_in_query");
            assert!(!answer.text.contains(&token) && !answer.text.contains("gsk_"), "{answer:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_credential_that_is_not_good_is_refused() {
    on_both(async |stage| {
        let nobody = stage.nobody();
        nobody.get("/v1/things").await.was_problem(401, "unauthenticated");
        for token in [
            "x",
            "gsk_",
            "gsk_0000000000000000000000000000000000000000000",
            "a.b.c",
            "eyJhbGciOiJub25lIn0.e30.",
        ] {
            let request = nobody.request(Method::GET, "/v1/things").bearer_auth(token);
            let answer = nobody.send(request).await;
            assert_eq!(answer.status, 401, "{token}: {answer:?}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            let request = nobody.request(Method::GET, "/v1/things").header("x-api-key", token);
            assert_eq!(nobody.send(request).await.status, 401, "{token}");
        }
        let basic = nobody.request(Method::GET, "/v1/things").basic_auth("a", Some("b"));
        assert_eq!(nobody.send(basic).await.status, 401);
    })
    .await;
}

#[tokio::test]
async fn every_answer_has_an_id_and_the_security_headers() {
    on_both(async |stage| {
        let alice = stage.alice();
        for path in
            ["/v1/health", "/v1/things", "/nowhere", "/", "/docs/", "/openapi.json", "/setup"]
        {
            let answer = alice.get(path).await;
            assert!(!answer.header("x-request-id").is_empty(), "{path}");
            assert!(answer.header("x-response-time").ends_with("ms"), "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
            assert!(!policy.contains("script-src 'unsafe"), "{path}: {policy}");
            assert_eq!(answer.header("server"), "", "{path}");
        }
        assert_eq!(alice.get("/v1/things").await.header("cache-control"), "no-store");
        // Nobody is a proxy here, so nobody says what a request is called.
        for strange in ["mine-1", "a b", "<script>", &"x".repeat(500)] {
            let request = alice.request(Method::GET, "/nowhere").header("x-request-id", strange);
            let answer = alice.send(request).await.was_problem(404, "not_found");
            assert_ne!(answer.header("x-request-id"), strange);
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_request_says_of_its_way_is_not_believed() {
    on_both(async |stage| {
        let nobody = stage.nobody();
        // Nobody else asks for letters to her.
        let elsa = sign_up(&nobody, "elsa").await;
        let own = stage.server.url().trim_start_matches("http://").to_owned();
        let ways = [
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=203.0.113.9;host=evil.example;proto=https"),
            ("x-original-url", "/v1/things"),
            ("x-forwarded-prefix", "/evil"),
        ];
        for (name, value) in ways {
            let body = json!({ "email": elsa.email, "redirectTo": "/new" });
            let request = nobody.request(Method::POST, "/v1/auth/request-password-reset");
            nobody.send(request.header(name, value).json(&body)).await.was(200);
            let health = nobody.request(Method::GET, "/v1/health").header(name, value);
            let health = nobody.send(health).await.was(200);
            assert_eq!(health.header("strict-transport-security"), "", "{name}");
        }
        // Jobs write them, in their own time.
        let deadline = Instant::now() + Duration::from_secs(60);
        let letters = loop {
            let all = nobody.get("/v1/dev/mailbox").await.was(200).json();
            let hers = |one: &&Value| one["kind"] == "password_reset" && one["to"] == *elsa.email;
            let all = all.as_array().into_iter().flatten();
            let letters: Vec<String> = all.filter(hers).map(Value::to_string).collect();
            if letters.len() >= ways.len() {
                break letters;
            }
            assert!(Instant::now() < deadline, "{} letters to her", letters.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        for letter in letters {
            assert!(letter.contains(&own) && !letter.contains("evil"), "{own}: {letter}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_others_wrote_comes_as_a_file_in_a_sandbox() {
    on_both(async |stage| {
        let alice = stage.alice();
        for path in [
            format!("/v1/exports?groupId={}&dimension=things", stage.acme),
            format!("/v1/events/export?groupId={}&format=csv", stage.acme),
        ] {
            let answer = alice.get(&path).await.was(200);
            assert!(answer.header("content-disposition").starts_with("attachment"), "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
            assert!(policy.ends_with("; sandbox"), "{path}: {policy}");
        }
    })
    .await;
}

#[tokio::test]
async fn only_known_pages_may_read_answers() {
    on_both(async |stage| {
        let alice = stage.alice();
        let ask = |method: Method, origin: &str| {
            alice
                .request(method, "/v1/things")
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "content-type,authorization")
        };
        // Development lets this machine's own pages in.
        let local = "http://localhost:5173";
        let preflight = alice.send(ask(Method::OPTIONS, local)).await.was(204);
        assert_eq!(preflight.header("access-control-allow-origin"), local);
        assert_eq!(preflight.header("access-control-allow-credentials"), "true");
        assert!(preflight.header("access-control-allow-headers").contains("authorization"));
        let answer = alice.send(ask(Method::GET, local)).await.was(200);
        assert_eq!(answer.header("access-control-allow-origin"), local);
        assert!(answer.header("access-control-expose-headers").contains("set-auth-token"));
        assert!(answer.header("vary").to_lowercase().contains("origin"));
        for foreign in ["https://evil.example", "http://localhost.evil.example", "null"] {
            let preflight = alice.send(ask(Method::OPTIONS, foreign)).await;
            assert_eq!(preflight.header("access-control-allow-origin"), "", "{foreign}");
            let answer = alice.send(ask(Method::GET, foreign)).await;
            assert_eq!(answer.header("access-control-allow-origin"), "", "{foreign}");
        }
    })
    .await;
}

#[tokio::test]
async fn other_bases_lead_to_the_same_routes() {
    on_both(async |stage| {
        let alice = stage.alice();
        alice.get("/api/health").await.was(200);
        let body = json!({ "type": "note", "name": "by the other door" });
        let made = alice.post("/api/v1/things", body).await.was(201);
        assert!(made.header("location").starts_with("/v1/things/"), "{made:?}");
        let path = format!("/api{}", made.header("location"));
        assert_eq!(alice.get(&path).await.was(200).id(), made.id());
        let session = alice.get("/api/auth/get-session").await.was(200);
        assert_eq!(session.text_at("/user/personId"), alice.id);
        alice.get("/api/v1/nowhere").await.was_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn the_description_of_the_api_is_served_as_committed() {
    on_both(async |stage| {
        let answer = stage.nobody().get("/openapi.json").await.was(200);
        let served = answer.json();
        assert_eq!(served["openapi"], "3.1.0");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../api/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let committed: Value = serde_json::from_str(&committed).unwrap_or_default();
        assert!(served == committed, "api/openapi.json is not what is served: run `just gen`");
    })
    .await;
}

/// Every operation that is described, as method and path.
pub(crate) fn operations(document: &Value) -> Vec<(Method, String)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if item.get(method.as_str().to_lowercase()).is_some() {
                found.push((method, path.clone()));
            }
        }
    }
    found
}

#[tokio::test]
async fn every_described_operation_exists_and_has_a_name_and_a_tag() {
    on_both(async |stage| {
        let document = stage.nobody().get("/openapi.json").await.was(200).json();
        let operations = operations(&document);
        assert!(operations.len() >= 37, "{} operations", operations.len());
        let mut names = std::collections::HashSet::new();
        for (method, path) in operations {
            let about = &document["paths"][&path][method.as_str().to_lowercase()];
            let name = about["operationId"].as_str().unwrap_or_default();
            assert!(
                !name.is_empty() && names.insert(name),
                "{method} {path} has no name of its own"
            );
            assert!(about["tags"][0].is_string(), "{method} {path} has no tag");
            assert!(about["summary"].is_string(), "{method} {path} has no summary");
            let responses = about["responses"].as_object().expect("responses");
            assert!(
                responses.keys().any(|status| status.starts_with(['2', '3'])),
                "{method} {path}"
            );
            // Asked by nobody with nothing: it may refuse, but it is there.
            let example = path
                .split('/')
                .map(|part| {
                    if part.starts_with('{') {
                        "00000000-0000-7000-8000-000000000000"
                    } else {
                        part
                    }
                })
                .collect::<Vec<_>>()
                .join("/");
            let nobody = stage.nobody();
            let answer = nobody.send(nobody.request(method.clone(), &example)).await;
            assert_ne!(answer.status, 405, "{method} {path}");
            assert_ne!(answer.status, 500, "{method} {path}: {answer:?}");
            assert!(
                !(answer.status == 404 && answer.text.contains("nothing at this path")),
                "{method} {path} is described and not there"
            );
            let status = answer.status.to_string();
            assert!(
                responses.contains_key(&status),
                "{method} {path} answers {status}, not described"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn the_pages_need_nothing_from_elsewhere() {
    on_both(async |stage| {
        let nobody = stage.nobody();
        let front = nobody.get("/").await.was(302);
        assert_eq!(front.header("location"), "/docs/");
        for page in ["/docs/", "/setup"] {
            let answer = nobody.get(page).await.was(200);
            assert!(answer.header("content-type").starts_with("text/html"), "{page}");
            for far in
                ["http://", "https://", "src=\"//", "href=\"//", "<style", "<script>", "onclick"]
            {
                assert!(!answer.text.contains(far), "{page}: {far}");
            }
            let files = answer.text.split(['"', '\'']).filter(|text| {
                text.ends_with(".js") || text.ends_with(".css") || text.ends_with(".png")
            });
            for file in files {
                let path = match file.strip_prefix('/') {
                    Some(_) => file.to_owned(),
                    None => format!("{page}{}", file.trim_start_matches("./")),
                };
                nobody.get(&path).await.was(200);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn readiness_and_health_are_for_everybody() {
    on_both(async |stage| {
        let nobody = stage.nobody();
        assert_eq!(nobody.get("/v1/health").await.was(200).json(), json!({ "status": "ok" }));
        let ready = nobody.get("/v1/ready").await.was(200).json();
        let checks = json!({ "database": "ok", "migrations": "ok", "keys": "ok" });
        assert_eq!(ready, json!({ "status": "ready", "checks": checks }));
    })
    .await;
}

#[tokio::test]
async fn a_head_that_never_ends_or_is_too_large_ends_the_connection() {
    on_both(async |stage| {
        let address = stage.server.url().trim_start_matches("http://").to_owned();
        let answers = tokio::task::spawn_blocking(move || {
            let heads = [
                format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(100_000)),
                format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000)),
                format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(500)),
                "NOT HTTP\r\n\r\n".to_owned(),
            ];
            heads.map(|head| {
                let mut stream = TcpStream::connect(&address).expect("a connection");
                stream.set_read_timeout(Some(Duration::from_secs(15))).expect("patience");
                let _ = stream.write_all(head.as_bytes());
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer);
                String::from_utf8_lossy(&answer).into_owned()
            })
        })
        .await
        .expect("the thread ends");
        for answer in answers {
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        }
        stage.nobody().get("/v1/health").await.was(200);
    })
    .await;
}
