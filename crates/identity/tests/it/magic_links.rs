//! Signing in by a mailed link, in both contracts.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use database::args;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt as _;
use identity::{Settings, Surroundings};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use web::{Edge, Origins, PeerAddr};

use crate::accounts::futures;
use crate::on_each;
use crate::stage::{Answer, Stage};

mod abuse;
mod app;

const ASK: &str = "/v1/auth/sign-in/magic-link";
const VERIFY: &str = "/v1/auth/magic-link/verify";
const APP: &str = "https://app.example.com";
const PROGRAM: (&str, &str) = ("accept", "application/json");

struct Page {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Page {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn location(&self) -> &str {
        self.header("location")
    }
}

/// A request as browsers and scanners send it, from `peer`.
async fn visit(
    router: &Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
    peer: &str,
) -> Page {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body.to_owned())).unwrap();
    if !peer.is_empty() {
        let address: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(PeerAddr(address));
    }
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Page { status: parts.status.as_u16(), headers: parts.headers, text }
}

async fn browse(stage: &Stage, path: &str) -> Page {
    let headers = [("accept", "text/html,application/xhtml+xml"), ("sec-fetch-mode", "navigate")];
    visit(&stage.router, "GET", path, &headers, "", "").await
}

/// Presses the button of the page: its hidden fields, in a form.
async fn press(stage: &Stage, page: &Page, headers: &[(&str, &str)]) -> Page {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for input in page.text.split("<input type=\"hidden\" name=\"").skip(1) {
        let (name, rest) = input.split_once("\" value=\"").unwrap();
        let value = rest.split_once('"').unwrap().0;
        form.append_pair(name, &value.replace("&#x2f;", "/").replace("&amp;", "&"));
    }
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend(headers);
    visit(&stage.router, "POST", VERIFY, &all, &form.finish(), "").await
}

async fn ask(stage: &Stage, body: Value) -> String {
    let to = body["email"].as_str().unwrap().trim().to_lowercase();
    let before = letters_to(stage, &to);
    let answer = stage.post(ASK, body).await;
    assert_eq!((answer.status, answer.body), (200, json!({ "status": true })));
    for _ in 0..500 {
        if letters_to(stage, &to) > before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(letters_to(stage, &to) > before, "no letter for {to}");
    stage.letter("magic_link", &to).await.token
}

fn letters_to(stage: &Stage, to: &str) -> usize {
    stage.kinds().iter().filter(|(_, whose)| whose == to).count()
}

async fn token(stage: &Stage, email: &str) -> String {
    ask(stage, json!({ "email": email })).await
}

async fn redeem(stage: &Stage, token: &str) -> Answer {
    stage.send("GET", &format!("{VERIFY}?token={token}"), &[PROGRAM], None).await
}

/// The room over the same store, set otherwise.
fn otherwise(stage: &Stage, settings: Settings, development: bool) -> Router {
    let origins = Origins::default().with("http://localhost:8080");
    let public_url = "http://localhost:8080".to_owned();
    let surroundings = Surroundings { public_url, origins: origins.clone(), development };
    let house = identity::new(stage.app.clone(), settings, surroundings).unwrap();
    let (routes, _) = identity::router().split_for_parts();
    Router::new()
        .merge(routes.with_state(house.clone()))
        .layer(axum::middleware::from_fn_with_state(house, identity::authenticate))
        .layer(Edge::new(&web::Settings::default(), origins).layer())
}

fn settings() -> Settings {
    Settings { argon2_memory_kib: 64, argon2_passes: 1, ..Settings::default() }
}

async fn change(stage: &Stage, sql: &'static str) {
    stage.app.db.unbound().write(async move |tx| tx.run(sql, args![]).await).await.unwrap();
}

/// Lets nobody wait for a minute.
fn later(stage: &Stage) {
    stage.pass(Duration::from_secs(61));
}

on_each!(a_link_signs_in_once_and_makes_the_account, |stage| {
    let token = token(&stage, "ada@example.com").await;
    assert_eq!(token.len(), 43, "256 bits");
    let ada = redeem(&stage, &token).await;
    assert_eq!(ada.status, 200, "{}", ada.body);
    assert!(ada.cookie().starts_with("sixfold_session=ses_"));
    assert_eq!(ada.headers["set-auth-token"].to_str().unwrap(), ada.text("/token"));
    assert_eq!(ada.text("/user/email"), "ada@example.com");
    assert_eq!(ada.text("/user/name"), "ada");
    assert_eq!(ada.body["user"]["emailVerified"], true);
    assert_eq!(ada.text("/session/userId"), ada.text("/user/id"));
    assert_eq!(ada.text("/session/token"), ada.text("/session/id"), "never the live token");
    let mine = stage.get("/v1/auth/get-session", &ada.text("/token")).await;
    assert_eq!(mine.body["user"], ada.body["user"]);

    let again = redeem(&stage, &token).await;
    assert_eq!(again.code(), (401, "INVALID_TOKEN"));
    assert!(again.headers.get(header::SET_COOKIE).is_none());

    let events = stage.events().await;
    assert_eq!(
        events[events.len() - 5..],
        ["user_registered", "group_created", "person_created", "email_verified", "user_login"]
    );
    let told = stage.told().await;
    assert!(told.contains("\"magic_link\""), "{told}");
    for secret in ["example.com", &token, "ses_"] {
        assert!(!told.contains(secret), "{told}");
    }

    // The second time it is the same account.
    later(&stage);
    let token = ask(&stage, json!({ "email": "ada@example.com", "name": "Eve" })).await;
    let back = redeem(&stage, &token).await;
    assert_eq!(back.body["user"]["id"], ada.body["user"]["id"]);
    assert_eq!(back.text("/user/name"), "ada");
    assert_eq!(stage.count("select count(*) from users").await, 1);
    assert_eq!(stage.count("select count(*) from credentials").await, 0);
});

on_each!(a_program_with_a_callback_is_sent_on_with_a_cookie, |stage| {
    let urls = json!({
        "email": "ada@example.com", "name": "Ada Lovelace",
        "callbackURL": format!("{APP}/in?tab=1"), "newUserCallbackURL": format!("{APP}/welcome"),
        "errorCallbackURL": format!("{APP}/oops#x"), "metadata": { "any": ["thing"] },
    });
    let headers = [("sec-fetch-mode", "cors"), ("accept", "*/*")];
    ask(&stage, urls.clone()).await;
    let letter = stage.letter("magic_link", "ada@example.com").await;
    let path = letter.url.strip_prefix("http://localhost:8080").unwrap();
    let first = visit(&stage.router, "GET", path, &headers, "", "").await;
    assert_eq!((first.status, first.location()), (302, "https://app.example.com/welcome"));
    assert!(first.header("set-cookie").starts_with("sixfold_session=ses_"));
    let spent = visit(&stage.router, "GET", path, &headers, "", "").await;
    assert_eq!(
        (spent.status, spent.location()),
        (302, "https://app.example.com/oops?error=INVALID_TOKEN#x")
    );
    assert_eq!(spent.header("set-cookie"), "");

    later(&stage);
    ask(&stage, urls).await;
    let letter = stage.letter("magic_link", "ada@example.com").await;
    let path = letter.url.strip_prefix("http://localhost:8080").unwrap();
    let known = visit(&stage.router, "GET", path, &headers, "", "").await;
    assert_eq!((known.status, known.location()), (302, "https://app.example.com/in?tab=1"));

    let path = format!("{VERIFY}?token=unknown&callbackURL=%2Fa%3Fb%3D1");
    let unknown = visit(&stage.router, "GET", &path, &headers, "", "").await;
    assert_eq!((unknown.status, unknown.location()), (302, "/a?b=1&error=INVALID_TOKEN"));
});

on_each!(who_only_looks_spends_nothing_and_the_button_signs_in, |stage| {
    ask(&stage, json!({ "email": "ada@example.com", "callbackURL": format!("{APP}/in") })).await;
    let letter = stage.letter("magic_link", "ada@example.com").await;
    let path = letter.url.strip_prefix("http://localhost:8080").unwrap();
    let signed_in = "select count(*) from sessions";
    for (method, headers) in [
        ("GET", &[][..]),
        ("HEAD", &[]),
        ("HEAD", &[PROGRAM]),
        ("HEAD", &[("sec-fetch-mode", "cors")]),
        ("GET", &[("accept", "*/*")]),
        ("GET", &[("accept", "text/html, application/json")]),
        ("GET", &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")]),
        ("GET", &[("purpose", "prefetch"), ("sec-fetch-mode", "navigate")]),
    ] {
        let seen = visit(&stage.router, method, path, headers, "", "").await;
        assert_eq!(seen.status, 200, "{method} {headers:?}");
        assert_eq!(seen.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(seen.header("set-cookie"), "");
    }
    assert_eq!(stage.count(signed_in).await, 0);

    let page = browse(&stage, path).await;
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("script") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.text.contains("<form method=\"post\" action=\"verify\">"), "{}", page.text);
    assert!(page.text.contains("autofocus") && !page.text.contains("<script"));
    assert!(!page.text.contains("src=") && !page.text.contains("href="));

    let done = press(&stage, &page, &[("origin", "http://localhost:8080")]).await;
    assert_eq!((done.status, done.location()), (303, "https://app.example.com/in"));
    assert!(done.header("set-cookie").starts_with("sixfold_session=ses_"));
    assert_eq!(stage.count(signed_in).await, 1);
    let again = press(&stage, &page, &[("origin", "http://localhost:8080")]).await;
    assert_eq!(
        (again.status, again.location()),
        (303, "https://app.example.com/in?error=INVALID_TOKEN")
    );
});

on_each!(the_button_without_a_callback_leads_to_the_app, |stage| {
    ask(&stage, json!({ "email": "ada@example.com" })).await;
    let letter = stage.letter("magic_link", "ada@example.com").await;
    let path = letter.url.strip_prefix("http://localhost:8080").unwrap();
    let page = browse(&stage, path).await;
    let done = press(&stage, &page, &[]).await;
    assert_eq!((done.status, done.location()), (303, "http://localhost:8080"));
    let again = press(&stage, &page, &[]).await;
    assert_eq!((again.status, again.header("content-type")), (401, "text/html; charset=utf-8"));
    assert!(again.text.contains("no longer good"), "{}", again.text);
});

on_each!(of_fifty_uses_at_once_exactly_one_wins, |stage| {
    let token = token(&stage, "ada@example.com").await;
    let answers = futures((0..50).map(|_| redeem(&stage, &token))).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    println!("{won} won");
    assert_eq!(won, 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 401 | 503)));
    assert_eq!(stage.count("select count(*) from users").await, 1);
    assert_eq!(stage.count("select count(*) from sessions").await, 1);
});

on_each!(two_links_for_one_new_address_make_one_account, |stage| {
    let one = token(&stage, "ada@example.com").await;
    let link = stage.post("/v1/auth/request-link", json!({ "email": "ada@example.com" })).await;
    let other = link.text("/magic_link").split_once("token=").unwrap().1.to_owned();
    let answers = futures([redeem(&stage, &one), redeem(&stage, &other)].into_iter()).await;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(answers[0].body["user"]["id"], answers[1].body["user"]["id"]);
    assert_eq!(stage.count("select count(*) from users").await, 1);
});

on_each!(a_link_is_good_for_its_minutes, |stage| {
    let early = token(&stage, "ada@example.com").await;
    stage.pass(Duration::from_secs(15 * 60 - 1));
    assert_eq!(redeem(&stage, &early).await.status, 200);
    let late = token(&stage, "bob@example.com").await;
    stage.pass(Duration::from_secs(15 * 60));
    assert_eq!(redeem(&stage, &late).await.code(), (401, "INVALID_TOKEN"));
    assert_eq!(stage.count("select count(*) from users").await, 1);
    for junk in ["", "x", "%00", &"x".repeat(129), &"A".repeat(43), "ses_x", "..", "%F0%9F"] {
        let answer = redeem(&stage, junk).await;
        assert!(matches!(answer.status, 400 | 401), "{junk}: {}", answer.body);
    }
    let missing = stage.send("GET", VERIFY, &[PROGRAM], None).await;
    assert_eq!(missing.code(), (400, "VALIDATION_ERROR"));
    let unknown = format!("{VERIFY}?token=x&admin=1");
    let unknown = stage.send("GET", &unknown, &[PROGRAM], None).await;
    assert_eq!(unknown.code(), (400, "VALIDATION_ERROR"));
});

on_each!(where_people_cannot_sign_up_a_link_makes_no_account, |stage| {
    stage.sign_up("alice").await;
    let closed = otherwise(&stage, Settings { sign_up: false, ..settings() }, true);
    let json = [("content-type", "application/json")];
    let ask = async |email: &str| {
        let body = json!({ "email": email }).to_string();
        let page = visit(&closed, "POST", ASK, &json, &body, "").await;
        (page.status, page.text)
    };
    assert_eq!(ask("alice@example.com").await, ask("nobody@example.com").await);
    let known = stage.letter("magic_link", "alice@example.com").await.token;
    let unknown = stage.letter("magic_link", "nobody@example.com").await.token;
    let open = async |token: &str, more: &str| {
        let path = format!("{VERIFY}?token={token}{more}");
        visit(&closed, "GET", &path, &[PROGRAM], "", "").await
    };
    assert_eq!(open(&known, "").await.status, 200);
    let told = open(&unknown, "").await;
    assert!(told.status == 403 && told.text.contains("NEW_USER_SIGNUP_DISABLED"), "{}", told.text);
    let told = open(&unknown, "&callbackURL=/in").await;
    assert_eq!((told.status, told.location()), (302, "/in?error=new_user_signup_disabled"));
    let typed = [("content-type", "application/x-www-form-urlencoded")];
    let form = format!("token={unknown}");
    let told = visit(&closed, "POST", VERIFY, &typed, &form, "").await;
    assert!(told.status == 403 && told.text.contains("opens nothing"), "{}", told.text);
    assert_eq!(stage.count("select count(*) from users").await, 1);
});

on_each!(who_is_banned_is_not_let_in, |stage| {
    stage.sign_up("alice").await;
    let token = token(&stage, "alice@example.com").await;
    change(&stage, "update users set banned_at = 1").await;
    assert_eq!(redeem(&stage, &token).await.code(), (403, "BANNED_USER"));
    let path = format!("{VERIFY}?token={token}&callbackURL=/in");
    let sent = visit(&stage.router, "GET", &path, &[PROGRAM], "", "").await;
    assert_eq!((sent.status, sent.location()), (302, "/in?error=banned_user"));
    let told = stage.post("/v1/auth/verify", json!({ "token": token })).await;
    assert_eq!(told.code(), (403, "banned_user"));
    assert_eq!(stage.count("select count(*) from sessions").await, 1, "the first one");
});

on_each!(a_second_factor_is_still_asked_for, |stage| {
    stage.sign_up("alice").await;
    change(&stage, "update users set email_verified = true, two_factor_enabled = true").await;
    let by_program = redeem(&stage, &token(&stage, "alice@example.com").await).await;
    assert_eq!(by_program.status, 200);
    assert_eq!(by_program.body["twoFactorRedirect"], true);
    assert!(by_program.cookie().starts_with("sixfold_two_factor="));
    assert!(by_program.headers.get("set-auth-token").is_none());

    let token = token(&stage, "alice@example.com").await;
    let page = browse(&stage, &format!("{VERIFY}?token={token}&callbackURL=/in")).await;
    let sent = press(&stage, &page, &[]).await;
    assert_eq!((sent.status, sent.location()), (303, "/in?error=two_factor_required"));
    assert!(sent.header("set-cookie").starts_with("sixfold_two_factor="));
    assert_eq!(stage.count("select count(*) from sessions").await, 1, "the first one");
});
