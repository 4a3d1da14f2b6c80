//! What a request says of itself, and who is believed: where it comes from, and which page sends it.

use reqwest::Method;
use serde_json::json;

use crate::engines::Engine;
use crate::people::Person;
use crate::process::Server;
use crate::stage::PASSWORD;

/// Whether tries of many accounts are soon enough for whoever these are said to come from. There are
/// more than twice as many as may be, since a minute can end in between.
async fn is_limited(door: &Person, from: impl Fn(usize) -> String) -> bool {
    for number in 0..8 {
        let body = json!({ "email": format!("n{number}@example.com"), "password": PASSWORD });
        let request = door.request(Method::POST, "/v1/auth/sign-in/email").json(&body);
        let answer = door.send(request.header("x-forwarded-for", from(number))).await;
        match answer.status {
            401 => {}
            429 => return true,
            other => panic!("{other}: {answer:?}"),
        }
    }
    false
}

#[tokio::test]
async fn where_a_request_comes_from_is_a_trusted_proxys_to_say() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("SIXFOLD_IDENTITY_TRIES_PER_MINUTE", "3");
    server.set("SIXFOLD_WEB_TRUSTED_PROXIES", "127.0.0.1");
    server.run();
    let door = Person::nobody(server.url());
    let each = |number: usize| format!("203.0.113.{number}");
    assert!(!is_limited(&door, each).await, "each try is another client's");
    // What a client says before its proxy does is no address of theirs.
    let forged = |number: usize| format!("203.0.113.{number}, 198.51.100.1");
    assert!(is_limited(&door, forged).await, "all are one client's");
    assert!(!is_limited(&door, |number| format!("192.0.2.{number}")).await, "others may still try");
    server.stop();
    // And from somebody who is no proxy of ours it is not read.
    server.set("SIXFOLD_WEB_TRUSTED_PROXIES", "192.0.2.1");
    server.run();
    let door = door.at(server.url());
    assert!(is_limited(&door, |number| format!("203.0.113.{}", 100 + number)).await);
}

#[tokio::test]
async fn in_production_the_pages_that_were_named_may_call_and_no_others() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("SIXFOLD_ENV", "production");
    server.set("SIXFOLD_SERVER_PUBLIC_URL", "https://sixfold.example");
    server.set("SIXFOLD_WEB_CORS_ORIGINS", "https://app.example,https://other.example:8443");
    server.run();
    let nobody = Person::nobody(server.url());
    let ask = async |method: Method, origin: &str| {
        let request = nobody.request(method, "/v1/things").header("origin", origin);
        nobody.send(request.header("access-control-request-method", "POST")).await
    };
    for known in ["https://app.example", "https://other.example:8443"] {
        let preflight = ask(Method::OPTIONS, known).await.was(204);
        for answer in [preflight, ask(Method::GET, known).await.was(401)] {
            assert_eq!(answer.header("access-control-allow-origin"), known);
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
        }
    }
    for foreign in [
        "http://app.example",
        "https://app.example:8443",
        "https://other.example",
        "https://app.example.evil.example",
        "https://evilapp.example",
        "https://www.app.example",
        "http://localhost:5173",
        "null",
    ] {
        let preflight = ask(Method::OPTIONS, foreign).await.was_problem(403, "invalid_origin");
        for answer in [preflight, ask(Method::GET, foreign).await.was(401)] {
            assert_eq!(answer.header("access-control-allow-origin"), "", "{foreign}");
            assert_eq!(answer.header("access-control-allow-credentials"), "", "{foreign}");
        }
    }
}
