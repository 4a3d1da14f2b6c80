use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::on_each;
use crate::stage::{PASSWORD, Stage};
use crate::users::owner;

/// In a build without optimization; with it, 10 000 are a matter of seconds too.
const MANY: usize = 1_000;
const SHA256: &str =
    "sha256$seasalt$bdd9adde09019e4d6f0949cb1e9b27b098aeeaa7b8b4c5cdfb93169acf3eef30";

async fn import(stage: &Stage, token: &str, query: &str, lines: &str) -> (u16, Value) {
    let request = Request::builder()
        .method("POST")
        .uri(format!("/v1/users/import{query}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/x-ndjson; charset=utf-8")
        .body(Body::from(lines.to_owned()))
        .unwrap();
    let response = stage.router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

fn lines(all: &[Value]) -> String {
    all.iter().map(|one| format!("{one}\n")).collect()
}

on_each!(an_import_tells_what_became_of_each_line_and_can_be_run_again, |stage| {
    let root = owner(&stage).await.text("/token");
    let text = lines(&[
        json!({ "email": "ada@example.com", "name": "Ada", "emailVerified": true,
            "passwordHash": SHA256, "createdAt": "2020-02-02T00:00:00Z",
            "id": "0190a5b0-0000-7000-8000-000000000001",
            "accounts": [{ "provider": "google", "accountId": "42" }] }),
        json!({ "email": "ADA@example.com", "name": "Ada again" }),
        json!({ "email": "nobody", "name": "" }),
        json!({ "email": "x@example.com", "name": "X", "role": "admin" }),
        json!({ "email": "secret@example.com" }),
        json!({ "email": "y@example.com", "name": "Y", "passwordHash": "plain" }),
        json!({ "email": "y@example.com", "name": "Y",
            "passwordHash": "$2b$31$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo." }),
        json!({ "email": "z@example.com", "name": "Z",
            "accounts": [{ "provider": "google", "accountId": "42" }] }),
        json!({ "email": "z@example.com", "name": "Z",
            "id": "0190a5b0-0000-7000-8000-000000000001" }),
        json!({ "email": "p@example.com", "name": "P", "password": "password1234" }),
        json!({ "email": "p@example.com", "name": "P", "password": PASSWORD,
            "passwordHash": SHA256 }),
        json!({ "email": "f@example.com", "name": "F", "createdAt": "2222-01-01T00:00:00Z" }),
        json!({ "email": "g@example.com", "name": "G",
            "accounts": [{ "provider": "password", "accountId": "g" }] }),
        json!({ "email": "bob@example.com", "name": "Bob", "password": PASSWORD }),
    ]) + "\n{ \"email\": broken@example.com\n[]\n\n";
    let (status, rehearsed) = import(&stage, &root, "?dryRun=true", &text).await;
    assert_eq!(status, 200, "{rehearsed}");
    assert_eq!(stage.count("select count(*) from users").await, 1);
    let (status, report) = import(&stage, &root, "", &text).await;
    assert_eq!(status, 200, "{report}");
    assert_eq!(report["summary"], json!({ "lines": 16, "created": 2, "exists": 1, "refused": 13 }));
    assert_eq!(rehearsed["summary"], report["summary"]);
    let results = report["results"].as_array().unwrap();
    let codes: Vec<_> = results
        .iter()
        .map(|one| (one["line"].as_u64().unwrap(), one["code"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(
        codes,
        [
            (1, ""),
            (2, ""),
            (3, "invalid_email"),
            (4, "malformed_line"),
            (5, "malformed_line"),
            (6, "unknown_hash"),
            (7, "hash_too_costly"),
            (8, "account_taken"),
            (9, "id_taken"),
            (10, "password_too_common"),
            (11, "ambiguous"),
            (12, "out_of_range"),
            (13, "unknown_value"),
            (14, ""),
            (16, "malformed_line"),
            (17, "malformed_line"),
        ]
    );
    assert!(results[3]["message"].as_str().unwrap().contains("role"), "{}", results[3]);
    let said = report.to_string();
    assert!(!said.contains('@') && !said.contains("plain\""), "{said}");

    let ada = stage.get("/v1/users?q=ada", &root).await;
    assert_eq!(ada.text("/data/0/createdAt"), "2020-02-02T00:00:00.000Z");
    assert_eq!(ada.body["data"][0]["emailVerified"], true);
    let uuid: types::UserId = "0190a5b0-0000-7000-8000-000000000001".parse().unwrap();
    assert_eq!(ada.text("/data/0/id"), uuid.to_string());

    let (_, again) = import(&stage, &root, "", &text).await;
    assert_eq!(again["summary"]["created"], 0);
    assert_eq!(again["summary"]["exists"], 3);
    let events = stage.events().await;
    let of = |kind: &str| events.iter().filter(|one| *one == kind).count();
    assert_eq!((of("users_imported"), of("user_imported")), (1, 2));
});

on_each!(an_imported_hash_is_replaced_at_the_first_sign_in, |stage| {
    let root = owner(&stage).await.text("/token");
    let line = json!({ "email": "ada@example.com", "name": "Ada", "passwordHash": SHA256 });
    import(&stage, &root, "", &line.to_string()).await;
    let stored = async || {
        let sql = "select c.secret_hash from credentials c join users u on u.id = c.user_id \
            where u.email = 'ada@example.com'";
        let read =
            stage.app.db.unbound().read(async move |tx| {
                tx.one(sql, database::args![], |row| row.get::<String>(0)).await
            });
        read.await.unwrap()
    };
    let sign_in = async |password: &str| {
        let body = json!({ "email": "ada@example.com", "password": password });
        stage.post("/v1/auth/sign-in/email", body).await.status
    };
    assert_eq!(stored().await, SHA256);
    assert_eq!(sign_in("correct horse batterz").await, 401);
    assert_eq!(stored().await, SHA256);
    assert_eq!(sign_in("correct horse battery").await, 200);
    assert!(stored().await.starts_with("$argon2id$v=19$"));
    assert_eq!(sign_in("correct horse battery").await, 200);
    assert_eq!(sign_in("correct horse batterz").await, 401);
});

on_each!(thousands_of_accounts_are_imported_in_seconds, |stage| {
    let root = owner(&stage).await.text("/token");
    let line = |number: usize| {
        json!({ "email": format!("user{number}@example.com"), "name": "Somebody",
            "passwordHash": SHA256 })
    };
    let text = lines(&(0..MANY).map(line).collect::<Vec<_>>());
    let began = std::time::Instant::now();
    let (status, report) = import(&stage, &root, "", &text).await;
    println!("{MANY} accounts in {:?}", began.elapsed());
    assert_eq!(status, 200, "{}", report["message"]);
    assert_eq!(report["summary"]["created"], MANY);
    let body = json!({ "email": format!("user{}@example.com", MANY - 1), "password": "correct horse battery" });
    assert_eq!(stage.post("/v1/auth/sign-in/email", body).await.status, 200);
});

on_each!(an_import_over_http_is_bounded, |stage| {
    let root = owner(&stage).await.text("/token");
    let line = json!({ "email": "nobody", "name": "" }).to_string() + "\n";
    let (status, answer) = import(&stage, &root, "", &line.repeat(10_001)).await;
    assert_eq!((status, &answer["code"]), (413, &json!("too_many_lines")));
    // What stands before is stored, also in a batch that is not full.
    let mut blank = json!({ "email": "first@example.com", "name": "F" }).to_string();
    blank.push_str(&"\n".repeat(10_001));
    blank.push_str("{}\n");
    let (status, answer) = import(&stage, &root, "", &blank).await;
    assert_eq!((status, &answer["code"]), (413, &json!("too_many_lines")));
    assert_eq!(stage.get("/v1/users?q=first", &root).await.body["data"][0]["name"], "F");
    let (status, answer) = import(&stage, &root, "", &"x".repeat((8 << 20) + 1)).await;
    assert_eq!((status, &answer["code"]), (413, &json!("body_too_large")));
    let (status, answer) = import(&stage, &root, "", &"x".repeat(100_000)).await;
    assert_eq!((status, &answer["results"][0]["code"]), (200, &json!("line_too_long")));
    let (status, answer) = import(&stage, &root, "?dry=1", "").await;
    assert_eq!(status, 422, "{answer}");
    let typed = stage.as_bearer("POST", "/v1/users/import", &root, json!({})).await;
    assert_eq!(typed.code(), (415, "wrong_content_type"));
    let plain = |number: usize| {
        let email = format!("u{number}@example.com");
        json!({ "email": email, "name": "U", "password": PASSWORD })
    };
    let text = lines(&(0..201).map(plain).collect::<Vec<_>>());
    let (_, answer) = import(&stage, &root, "?dryRun=true", &text).await;
    assert_eq!(answer["summary"]["created"], 200);
    assert_eq!(answer["results"][200]["code"], "too_many_passwords");
});

on_each!(accounts_elsewhere_are_kept_as_a_sign_in_looks_for_them, |stage| {
    let root = owner(&stage).await.text("/token");
    let tenant = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    let given = [
        (json!({ "provider": "google", "accountId": "1" }), ""),
        (json!({ "provider": "apple", "issuer": "", "accountId": "1" }), ""),
        (json!({ "provider": "github", "accountId": "1" }), ""),
        (json!({ "provider": "microsoft", "issuer": tenant, "accountId": "1" }), ""),
        (json!({ "provider": "work", "issuer": "https://id.example", "accountId": "1" }), ""),
        (json!({ "provider": "microsoft", "accountId": "2" }), "missing_field"),
        (json!({ "provider": "work", "accountId": "2" }), "missing_field"),
        (json!({ "provider": "github", "issuer": "x", "accountId": "2" }), "wrong_issuer"),
        (json!({ "provider": "google", "issuer": "x", "accountId": "2" }), "wrong_issuer"),
    ];
    let line = |(at, (account, _)): (usize, &(Value, &str))| json!({ "email": format!("u{at}@example.com"), "name": "U", "accounts": [account] });
    let text = lines(&given.iter().enumerate().map(line).collect::<Vec<_>>());
    let (_, report) = import(&stage, &root, "", &text).await;
    let results = report["results"].as_array().unwrap();
    for (at, (account, code)) in given.iter().enumerate() {
        assert_eq!(results[at]["code"].as_str().unwrap_or(""), *code, "{account}");
    }
    for (issuer, sql) in [
        (
            "google",
            "select count(*) from credentials where provider = 'google' \
          and issuer = 'https://accounts.google.com'",
        ),
        (
            "apple",
            "select count(*) from credentials where provider = 'apple' \
          and issuer = 'https://appleid.apple.com'",
        ),
        ("github", "select count(*) from credentials where provider = 'github' and issuer = ''"),
    ] {
        assert_eq!(stage.count(sql).await, 1, "{issuer}");
    }
});
