//! Tokens that were spent, signed out, forged or sent by another site.

use reqwest::header::{AUTHORIZATION, COOKIE, ORIGIN};

use super::*;

async fn pair(stage: &Stage, email: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD });
    stage.nobody().post("/v1/auth/signup", body).await.was(200)
}

async fn refresh(door: &Person, token: &str) -> Answer {
    door.post("/v1/auth/refresh", json!({ "refreshToken": token })).await
}

#[tokio::test]
async fn the_pair_signs_in_renews_and_signs_out() {
    on_both(async |stage| {
        let (door, email) = (stage.nobody(), "pair@example.com");
        let first = pair(stage, email).await;
        let again = json!({ "email": email, "password": PASSWORD });
        let other = door.post("/v1/auth/signin", again.clone()).await.was(200);
        let third = door.post("/v1/auth/login", again).await.was(200);
        let next = refresh(&door, &first.text_at("/refreshToken")).await.was(200);
        for answer in [&first, &other, &third, &next] {
            assert_eq!(
                keys_of(&answer.json()),
                ["accessToken", "expiresIn", "refreshToken", "user"]
            );
            is_user(&answer.json()["user"], email);
            assert_eq!(answer.json()["expiresIn"], 900);
            assert_eq!(answer.text_at("/accessToken").split('.').count(), 3, "a JWT");
            assert!(answer.header("set-cookie").is_empty());
            holder(stage, &answer.text_at("/accessToken")).get("/v1/things").await.was(200);
            // A refresh token renews and opens nothing.
            let refresh = holder(stage, &answer.text_at("/refreshToken"));
            refresh.get("/v1/things").await.was_problem(401, "invalid_token");
        }
        // Renewing does not end what was handed out before; signing out ends all of it.
        let renewed = holder(stage, &next.text_at("/accessToken"));
        let out = renewed.post("/v1/auth/signout", json!({})).await.was(200);
        assert_eq!(out.json(), json!({ "success": true }));
        for answer in [&first, &next] {
            let dead = holder(stage, &answer.text_at("/accessToken"));
            dead.get("/v1/things").await.was_problem(401, "invalid_token");
        }
        let late = refresh(&door, &next.text_at("/refreshToken")).await;
        late.was_problem(401, "invalid_refresh_token");
        // Without an access token, by the refresh token.
        let token = other.text_at("/refreshToken");
        door.post("/v1/auth/logout", json!({ "refreshToken": token })).await.was(200);
        let dead = holder(stage, &other.text_at("/accessToken"));
        dead.get("/v1/things").await.was_problem(401, "invalid_token");
        holder(stage, &third.text_at("/accessToken")).get("/v1/things").await.was(200);
    })
    .await;
}

#[tokio::test]
async fn of_fifty_who_renew_with_one_token_one_wins() {
    on_both(async |stage| {
        let made = pair(stage, "fifty@example.com").await;
        let token = made.text_at("/refreshToken");
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (door, token) = (stage.nobody(), token.clone());
            all.spawn(async move { refresh(&door, &token).await });
        }
        let answers = all.join_all().await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 401 | 503)));
        // The others showed a spent token: whose it is now nobody knows, so it is nobody's.
        if answers.iter().any(|answer| answer.status == 401) {
            let winner = holder(stage, &won[0].text_at("/accessToken"));
            winner.get("/v1/things").await.was_problem(401, "invalid_token");
        }
    })
    .await;
}

#[tokio::test]
async fn a_spent_refresh_token_ends_its_session_and_no_other() {
    on_both(async |stage| {
        let (door, email) = (stage.nobody(), "reuse@example.com");
        let first = pair(stage, email).await;
        let body = json!({ "email": email, "password": PASSWORD });
        let elsewhere = door.post("/v1/auth/signin", body).await.was(200);
        let second = refresh(&door, &first.text_at("/refreshToken")).await.was(200);
        let live = holder(stage, &second.text_at("/accessToken"));
        live.get("/v1/things").await.was(200);
        let stolen = refresh(&door, &first.text_at("/refreshToken")).await;
        stolen.was_problem(401, "invalid_refresh_token");
        live.get("/v1/things").await.was_problem(401, "invalid_token");
        let late = refresh(&door, &second.text_at("/refreshToken")).await;
        late.was_problem(401, "invalid_refresh_token");
        holder(stage, &elsewhere.text_at("/accessToken")).get("/v1/things").await.was(200);
        // Its owner can read about it.
        let owner = holder(stage, &elsewhere.text_at("/accessToken"));
        let ends = owner.walk("/v1/events?type=user_logout").await;
        assert_eq!(ends[0]["metadata"]["reason"], "refresh_token_reused");
    })
    .await;
}

#[tokio::test]
async fn forged_tokens_open_nothing() {
    on_both(async |stage| {
        let (mine, theirs) =
            (pair(stage, "mine@example.com").await, pair(stage, "theirs@example.com").await);
        let (good, other) = (mine.text_at("/accessToken"), theirs.text_at("/accessToken"));
        let part = |token: &str, at: usize| token.split('.').nth(at).expect("a part").to_owned();
        let (head, claims, seal) = (part(&good, 0), part(&good, 1), part(&good, 2));
        // {"alg":"none"} and {"alg":"HS256","typ":"JWT"}
        let (none, secret) = ("eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9");
        let flipped: String = seal
            .char_indices()
            .map(|(at, letter)| match (at, letter) {
                (9, 'A') => 'B',
                (9, _) => 'A',
                _ => letter,
            })
            .collect();
        // The same account, were addresses and passwords all there is to it.
        let elsewhere = Server::start(&Engine::Sqlite).await;
        let body = json!({ "email": "mine@example.com", "password": PASSWORD });
        let foreign = Person::nobody(elsewhere.url()).post("/v1/auth/signup", body).await.was(200);
        for token in [
            format!("{none}.{claims}."),
            format!("{none}.{claims}.{seal}"),
            format!("{secret}.{claims}.{seal}"),
            format!("{head}.{claims}."),
            format!("{head}.{claims}"),
            format!("{head}.{claims}.{flipped}"),
            format!("{head}.{}.{seal}", part(&other, 1)),
            format!("{head}.{claims}.{}", part(&other, 2)),
            format!("{head}.{claims}.{seal}.{seal}"),
            format!("{good}{}", "A".repeat(5000)),
            foreign.text_at("/accessToken"),
            foreign.text_at("/refreshToken"),
        ] {
            let forger = holder(stage, &token);
            forger.get("/v1/things").await.was_problem(401, "invalid_token");
            forger.post("/v1/things", json!({})).await.was_problem(401, "invalid_token");
            assert_eq!(forger.get("/v1/auth/get-session").await.was(200).text, "null");
            let key = stage.nobody().request(Method::GET, "/v1/things").header("x-api-key", &token);
            stage.nobody().send(key).await.was(401);
        }
        let late = refresh(&stage.nobody(), &foreign.text_at("/refreshToken")).await;
        late.was_problem(401, "invalid_refresh_token");
        holder(stage, &good).get("/v1/things").await.was(200);
    })
    .await;
}

#[tokio::test]
async fn a_cookie_changes_things_from_our_own_pages_only() {
    on_both(async |stage| {
        let up = sign_up(stage, "cookie@example.com").await.was(200);
        let (name, value, _) = cookie(&up);
        let door = stage.nobody();
        let ask = |method: Method, path: &str, origin: Option<&str>| {
            let request = door.request(method, path).header(COOKIE, format!("{name}={value}"));
            let request = match origin {
                Some(origin) => request.header(ORIGIN, origin),
                None => request,
            };
            request.json(&json!({ "type": "note", "name": "by cookie" }))
        };
        let things = "/v1/things";
        let count = async || holder(stage, &value).walk(things).await.len();
        for (origin, code) in [
            (None, "missing_or_null_origin"),
            (Some("null"), "missing_or_null_origin"),
            (Some("https://evil.example"), "invalid_origin"),
            (Some("http://127.0.0.1.evil.example"), "invalid_origin"),
        ] {
            door.send(ask(Method::POST, things, origin)).await.was_problem(403, code);
            let auth = door.send(ask(Method::POST, "/v1/auth/sign-out", origin)).await;
            auth.was_problem(403, &code.to_uppercase());
            door.send(ask(Method::PATCH, "/v1/things/x", origin)).await.was(403);
            door.send(ask(Method::DELETE, "/v1/things/x", origin)).await.was(403);
        }
        assert_eq!(count().await, 0, "nothing was made, and the session lives");
        // Reading changes nothing; whether the page may read the answer, CORS decides.
        door.send(ask(Method::GET, things, Some("https://evil.example"))).await.was(200);
        let own = stage.server.url().to_owned();
        door.send(ask(Method::POST, things, Some(&own))).await.was(201);
        // A token in a header needs no origin, with the cookie beside it or not.
        let bearer = format!("Bearer {value}");
        let both = ask(Method::POST, things, None).header(AUTHORIZATION, &bearer);
        door.send(both).await.was(201);
        let body = json!({ "type": "note", "name": "by token" });
        let foreign = holder(stage, &value)
            .request(Method::POST, things)
            .header(ORIGIN, "https://evil.example")
            .json(&body);
        door.send(foreign).await.was(201);
        holder(stage, &value).post(things, body).await.was(201);
        assert_eq!(count().await, 4);
    })
    .await;
}
