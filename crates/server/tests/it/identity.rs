//! The front door: accounts, sessions, the token pair and API keys, as the clients know them.

mod keys;
mod sessions;

use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};

use crate::engines::Engine;
use crate::people::{Answer, Person};
use crate::process::Server;
use crate::stage::{PASSWORD, Stage, alone_on_both, on_both};

const DAYS_30: &str = "2592000";

fn form(email: &str) -> Value {
    json!({ "name": "Guest", "email": email, "password": PASSWORD })
}

async fn sign_up(stage: &Stage, email: &str) -> Answer {
    stage.nobody().post("/v1/auth/sign-up/email", form(email)).await
}

async fn sign_in(door: &Person, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    door.post("/v1/auth/sign-in/email", body).await
}

/// Somebody with this credential.
fn holder(stage: &Stage, token: &str) -> Person {
    Person { token: Some(token.to_owned()), ..stage.nobody() }
}

fn keys_of(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

/// What better-auth's client reads of a user, and what is ours beside it.
#[track_caller]
fn is_user(user: &Value, email: &str) {
    assert_eq!(
        keys_of(user),
        [
            "createdAt",
            "email",
            "emailVerified",
            "id",
            "image",
            "name",
            "personId",
            "personalGroupId",
            "twoFactorEnabled",
            "updatedAt",
        ],
    );
    assert_eq!((&user["email"], &user["image"]), (&email.into(), &Value::Null));
    assert_eq!((&user["emailVerified"], &user["twoFactorEnabled"]), (&false.into(), &false.into()));
    for (key, prefix) in [("id", "user_"), ("personId", "person_"), ("personalGroupId", "group_")] {
        assert!(user[key].as_str().is_some_and(|id| id.starts_with(prefix)), "{user}");
    }
    for key in ["createdAt", "updatedAt"] {
        assert!(user[key].as_str().is_some_and(|at| at.len() == 24 && at.ends_with('Z')), "{user}");
    }
}

/// The name, the value and the attributes of the cookie that is set.
#[track_caller]
fn cookie(answer: &Answer) -> (String, String, Vec<String>) {
    let mut parts = answer.header("set-cookie").split("; ").map(str::to_owned);
    let first = parts.next().unwrap_or_default();
    let (name, value) = first.split_once('=').unwrap_or_else(|| panic!("no cookie: {answer:?}"));
    (name.to_owned(), value.to_owned(), parts.collect())
}

#[tokio::test]
async fn signing_up_in_and_out_has_the_shapes_of_the_client() {
    on_both(async |stage| {
        let email = "shapes@example.com";
        let up = sign_up(stage, "Shapes@Example.com").await.was(200);
        assert_eq!(keys_of(&up.json()), ["token", "user"]);
        is_user(&up.json()["user"], email);
        let signed_in = sign_in(&stage.nobody(), email, PASSWORD).await.was(200);
        assert_eq!(keys_of(&signed_in.json()), ["redirect", "token", "user"]);
        assert_eq!(signed_in.json()["redirect"], false);
        is_user(&signed_in.json()["user"], email);
        assert_ne!(up.text_at("/token"), signed_in.text_at("/token"), "a session each");

        for answer in [&up, &signed_in] {
            let token = answer.text_at("/token");
            assert_eq!(answer.header("set-auth-token"), token);
            let (name, value, attributes) = cookie(answer);
            assert_eq!((name.as_str(), &value), ("sixfold_session", &token));
            let age = format!("Max-Age={DAYS_30}");
            assert_eq!(attributes, [age.as_str(), "Path=/", "HttpOnly", "SameSite=Lax"]);
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        let mut short = form(email);
        short["rememberMe"] = false.into();
        short.as_object_mut().expect("an object").remove("name");
        let short = stage.nobody().post("/v1/auth/sign-in/email", short).await.was(200);
        assert_eq!(cookie(&short).2, ["Path=/", "HttpOnly", "SameSite=Lax"]);

        let guest = holder(stage, &up.text_at("/token"));
        let session = guest.get("/v1/auth/get-session").await.was(200);
        assert_eq!(keys_of(&session.json()), ["session", "user"]);
        is_user(&session.json()["user"], email);
        let about = &session.json()["session"];
        for key in ["id", "userId", "token", "expiresAt", "createdAt", "updatedAt"] {
            assert!(about[key].is_string(), "{key}: {about}");
        }
        for key in ["ipAddress", "userAgent", "activeOrganizationId"] {
            assert!(about.get(key).is_some(), "{key}: {about}");
        }
        assert!(!session.text.contains(&up.text_at("/token")), "the live token is not told");

        let out = guest.post("/v1/auth/sign-out", json!({})).await.was(200);
        assert_eq!(out.json(), json!({ "success": true }));
        assert_eq!(cookie(&out).1, "");
        assert!(cookie(&out).2.contains(&"Max-Age=0".to_owned()));
        // Dead with the next request, and only this one.
        guest.get("/v1/things").await.was_problem(401, "invalid_token");
        let none = guest.get("/v1/auth/get-session").await.was(200);
        assert_eq!(none.text, "null");
        holder(stage, &signed_in.text_at("/token")).get("/v1/things").await.was(200);
        assert_eq!(stage.nobody().get("/v1/auth/get-session").await.was(200).text, "null");
    })
    .await;
}

#[tokio::test]
async fn refusals_have_the_words_of_the_client() {
    on_both(async |stage| {
        let door = stage.nobody();
        sign_up(stage, "words@example.com").await.was(200);
        let with = |field: &str, value: &str| {
            let mut form = form("other-words@example.com");
            form[field] = value.into();
            form
        };
        for (body, status, code) in [
            (with("password", "short"), 400, "PASSWORD_TOO_SHORT"),
            (with("password", &"x".repeat(129)), 400, "PASSWORD_TOO_LONG"),
            (with("email", "nobody"), 400, "INVALID_EMAIL"),
            (with("name", ""), 400, "VALIDATION_ERROR"),
            (with("colour", "red"), 400, "VALIDATION_ERROR"),
            (json!({ "email": "other-words@example.com" }), 400, "VALIDATION_ERROR"),
            (form("words@example.com"), 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
            (form("WORDS@example.com "), 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
            (with("callbackURL", "https://evil.example/"), 403, "INVALID_CALLBACK_URL"),
        ] {
            let answer = door.post("/v1/auth/sign-up/email", body).await;
            assert!(answer.header("set-cookie").is_empty(), "{answer:?}");
            answer.was_problem(status, code);
        }
        let garbled = door
            .request(Method::POST, "/v1/auth/sign-in/email")
            .header("content-type", "application/json")
            .body("{");
        door.send(garbled).await.was_problem(400, "BAD_REQUEST");
        // Nobody came to be by being refused.
        let none = sign_in(&door, "other-words@example.com", PASSWORD).await;
        none.was_problem(401, "INVALID_EMAIL_OR_PASSWORD");

        let mut there = form("words@example.com");
        there.as_object_mut().expect("an object").remove("name");
        there["callbackURL"] = "/welcome".into();
        let there = door.post("/v1/auth/sign-in/email", there).await.was(200);
        assert_eq!(
            (&there.json()["redirect"], &there.json()["url"]),
            (&true.into(), &"/welcome".into())
        );
    })
    .await;
}

/// An answer without what differs each time.
fn bare(answer: &Answer) -> (u16, Value, Vec<String>) {
    let mut body = answer.json();
    body.as_object_mut().expect("an object").remove("requestId");
    let names = answer.headers.keys().map(ToString::to_string).collect();
    (answer.status, body, names)
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_look_alike() {
    on_both(async |stage| {
        let door = stage.nobody();
        for path in ["/v1/auth/sign-in/email", "/v1/auth/signin", "/v1/auth/login"] {
            let ask = async |email: &str| {
                let body = json!({ "email": email, "password": "not-the-right-one-7" });
                bare(&door.post(path, body).await)
            };
            let (known, unknown) = (ask("alice@example.com").await, ask("who@example.com").await);
            assert_eq!(known, unknown);
            assert_eq!(known.0, 401);
        }
    })
    .await;
}

#[tokio::test]
async fn the_cookie_of_a_public_server_is_bound_to_its_host() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("SIXFOLD_ENV", "production");
    server.set("SIXFOLD_SERVER_PUBLIC_URL", "https://sixfold.example");
    server.run();
    let door = Person::nobody(server.url());
    let up = door.post("/v1/auth/sign-up/email", form("a@example.com")).await.was(200);
    let (name, value, attributes) = cookie(&up);
    assert_eq!(name, "__Host-sixfold");
    let age = format!("Max-Age={DAYS_30}");
    assert_eq!(attributes, [age.as_str(), "Path=/", "HttpOnly", "SameSite=Lax", "Secure"]);
    let ask = |name: &str| {
        door.request(Method::GET, "/v1/things").header(COOKIE, format!("{name}={value}"))
    };
    door.send(ask("__Host-sixfold")).await.was(200);
    // One without the prefix may have been planted by another host of the domain.
    door.send(ask("sixfold_session")).await.was(401);
}

#[tokio::test]
async fn everybody_has_a_private_group_of_their_own() {
    on_both(async |stage| {
        let (alice, carol) = (stage.alice(), stage.carol());
        let home = format!("/v1/groups/{}", alice.home);
        let group = alice.get(&home).await.was(200).json();
        assert_eq!(group["settings"]["visibility"], "private");
        assert_eq!(group["settings"]["joinPolicy"], "invite_only");
        let members = alice.walk(&format!("/v1/people?groupId={}", alice.home)).await;
        assert_eq!(members.len(), 1);
        assert_eq!(
            (&members[0]["id"], &members[0]["role"]),
            (&alice.id.as_str().into(), &"group_owner".into())
        );
        for stranger in [&carol, &stage.bob(), &stage.vera()] {
            stranger.get(&home).await.was_problem(404, "not_found");
            let public = stranger.walk("/v1/groups?visibility=public").await;
            assert!(public.iter().all(|group| group["id"] != alice.home.as_str()));
            let join = json!({ "groupId": alice.home, "personId": stranger.id });
            stranger.post("/v1/people", join).await.was_problem(404, "not_found");
        }
        // What names no group is kept there.
        let made =
            alice.post("/v1/things", json!({ "type": "note", "name": "mine" })).await.was(201);
        assert_eq!(made.text_at("/groupId"), alice.home);
        alice.delete(&home).await.was_problem(409, "personal_group");
    })
    .await;
}

#[tokio::test]
async fn of_twenty_who_take_one_address_one_gets_it() {
    alone_on_both(async |stage| {
        for (round, path) in ["/v1/auth/sign-up/email", "/v1/auth/signup"].iter().enumerate() {
            let email = format!("race{round}@example.com");
            let mut all = tokio::task::JoinSet::new();
            for _ in 0..20 {
                let (door, body) = (stage.nobody(), form(&email));
                all.spawn(async move { door.post(path, body).await });
            }
            let answers = all.join_all().await;
            let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
            assert_eq!(won.len(), 1, "{answers:?}");
            let known = |answer: &Answer| matches!(answer.status, 200 | 409 | 422 | 503);
            assert!(answers.iter().all(known), "{answers:?}");
            // Whoever lost left nothing behind.
            let born = stage.root().walk("/v1/events?type=user_registered").await;
            assert_eq!(born.len(), 5 + round + 1, "the five of the stage, and one a round");
            sign_in(&stage.nobody(), &email, PASSWORD).await.was(200);
        }
        // Seven homes, Acme, Globex and the platform.
        assert_eq!(stage.root().walk("/v1/groups").await.len(), 10);
    })
    .await;
}
