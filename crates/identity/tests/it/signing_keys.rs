use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};

use crate::on_each;
use crate::stage::{Answer, PASSWORD, Stage};

const MINUTE: Duration = Duration::from_secs(60);

/// The first owner of the platform.
async fn root(stage: &Stage) -> String {
    let body = json!({ "token": stage.app.keys.setup_token(), "name": "Root",
        "email": "root@example.com", "password": PASSWORD });
    stage.post("/v1/setup", body).await.text("/token")
}

async fn pair(stage: &Stage) -> Answer {
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    stage.post("/v1/auth/signin", body).await
}

async fn jwks(stage: &Stage) -> Vec<Value> {
    let answer = stage.send("GET", "/v1/auth/jwks", &[], None).await;
    assert_eq!(answer.status, 200);
    answer.body["keys"].as_array().unwrap().clone()
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

/// As another service would check it.
fn checked(token: &str, keys: &[Value]) -> Option<Value> {
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = keys.iter().find(|key| key["kid"] == header.kid.clone().unwrap().as_str())?;
    let key = DecodingKey::from_ed_components(key["x"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["http://localhost:8080"]);
    validation.set_issuer(&["http://localhost:8080"]);
    validation.validate_exp = false;
    Some(decode::<Value>(token, &key, &validation).unwrap().claims)
}

async fn rotate(stage: &Stage, token: &str, body: Value) -> Answer {
    stage.as_bearer("POST", "/v1/signing-keys/rotate", token, body).await
}

on_each!(a_session_gets_a_token_that_others_can_check, |stage| {
    let alice = stage.sign_up("alice").await;
    let keys = stage.send("GET", "/v1/auth/jwks", &[("authorization", "Bearer old")], None).await;
    assert_eq!(keys.headers["cache-control"], "public, max-age=1800");
    let keys = keys.body["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 1);
    for (name, value) in [("alg", "EdDSA"), ("crv", "Ed25519"), ("kty", "OKP"), ("use", "sig")] {
        assert_eq!(keys[0][name], value);
    }
    assert!(keys[0].get("d").is_none(), "the secret half stays here");

    let token = stage.get("/v1/auth/token", &alice.text("/token")).await.text("/token");
    let claims = checked(&token, &keys).unwrap();
    assert_eq!(claims["sub"], alice.body["user"]["id"]);
    let mut names: Vec<_> = claims.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["aud", "auth_time", "exp", "iat", "iss", "sid", "sub"]);
    assert_eq!(jsonwebtoken::decode_header(&token).unwrap().typ.unwrap(), "JWT");
    // Whoever is given it there cannot show it here.
    assert_eq!(stage.get("/v1/me", &token).await.code(), (401, "invalid_token"));

    let nobody = stage.send("GET", "/v1/auth/token", &[], None).await;
    assert_eq!(nobody.code(), (401, "UNAUTHORIZED"));
});

on_each!(a_token_for_others_says_who_acts, |stage| {
    let (root, alice) = (root(&stage).await, stage.sign_up("alice").await);
    let path = format!("/v1/users/{}/impersonate", alice.text("/user/id"));
    let acting = stage.as_bearer("POST", &path, &root, Value::Null).await;
    let token = stage.get("/v1/auth/token", &acting.text("/token")).await.text("/token");
    let claims = checked(&token, &jwks(&stage).await).unwrap();
    assert_eq!(claims["sub"], alice.body["user"]["id"]);
    assert_eq!(claims["act"]["sub"], acting.body["impersonatedBy"]);
});

on_each!(forged_tokens_open_nothing, |stage| {
    stage.sign_up("alice").await;
    let token = pair(&stage).await.text("/accessToken");
    let keys = jwks(&stage).await;
    let claims = checked(&token, &keys).unwrap();
    let real = jsonwebtoken::decode_header(&token).unwrap();
    let public = URL_SAFE_NO_PAD.decode(keys[0]["x"].as_str().unwrap()).unwrap();
    let none = |alg: &str| {
        let header = json!({ "alg": alg, "typ": "at+jwt", "kid": real.kid }).to_string();
        format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), token.split('.').nth(1).unwrap())
    };
    // The seed of the first key of every stage; nothing but this test knows it.
    let pkcs8 = |seed: u8| {
        let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        EncodingKey::from_ed_der(&[&head[..], &[seed; 32]].concat())
    };
    let with = |change: &dyn Fn(&mut Header, &mut Value), seed: u8| {
        let (mut header, mut claims) = (real.clone(), claims.clone());
        change(&mut header, &mut claims);
        encode(&header, &claims, &pkcs8(seed)).unwrap()
    };
    let hs = |alg| {
        let header = Header { alg, ..real.clone() };
        encode(&header, &claims, &EncodingKey::from_secret(&public)).unwrap()
    };
    assert_eq!(stage.get("/v1/me", &with(&|_, _| {}, 2)).await.status, 200, "the base");
    let forged = [
        none("none"),
        none("None"),
        none("EdDSA"),
        hs(Algorithm::HS256),
        hs(Algorithm::HS512),
        with(&|_, _| {}, 9),
        with(&|_, claims| claims["aud"] = json!("https://another.example"), 2),
        with(&|_, claims| claims["iss"] = json!("https://another.example"), 2),
        with(&|_, claims| claims["exp"] = json!(1_800_000_000), 2),
        with(&|_, claims| claims["sub"] = json!("user_01jd7jr6kg7k1srh6w1g603kwf"), 2),
        with(&|_, claims| claims["sid"] = json!("session_01jd7jr6kg7k1srh6w1g603kwf"), 2),
        with(&|header, _| header.typ = Some("JWT".to_owned()), 2),
        with(&|header, _| header.kid = None, 2),
        with(&|header, _| header.kid = Some("0000000000000000".to_owned()), 2),
        with(&|header, _| header.kid = Some("../../keys/signing.key".to_owned()), 2),
        with(&|header, _| header.kid = Some("a".repeat(1_000)), 2),
        with(&|header, _| header.kid = Some("a".repeat(100_000)), 2),
    ];
    for (index, token) in forged.iter().enumerate() {
        let answer = stage.get("/v1/me", token).await;
        assert_eq!(answer.code(), (401, "invalid_token"), "{index}");
        let cookie = format!("sixfold_session={token}");
        let answer = stage.send("GET", "/v1/me", &[("cookie", &cookie)], None).await;
        assert_eq!(answer.body["person"], Value::Null, "{index}: a cookie holds no JWT");
    }
});

on_each!(a_rotated_key_is_published_then_signs_and_the_old_one_ends_last, |stage| {
    let owner = root(&stage).await;
    stage.sign_up("alice").await;
    let first = pair(&stage).await.text("/accessToken");
    let made = rotate(&stage, &owner, Value::Null).await;
    assert_eq!((made.status, made.text("/state").as_str()), (200, "waiting"), "{}", made.body);
    assert_ne!(made.text("/kid"), kid(&first));
    let published = jwks(&stage).await;
    assert_eq!(published.len(), 2, "known before it signs");

    stage.pass(MINUTE * 59);
    let last = pair(&stage).await.text("/accessToken");
    assert_eq!(kid(&last), kid(&first));
    stage.pass(MINUTE);
    let next = pair(&stage).await.text("/accessToken");
    assert_eq!(kid(&next), made.text("/kid"));
    assert!(checked(&next, &published).is_some(), "by the copy somebody kept");
    assert!(checked(&last, &jwks(&stage).await).is_some());
    for token in [&last, &next] {
        assert_eq!(stage.get("/v1/me", token).await.status, 200);
    }
    stage.pass(MINUTE * 15);
    let left = jwks(&stage).await;
    assert_eq!((left.len(), left[0]["kid"].as_str().unwrap()), (1, made.text("/kid").as_str()));
    let events = stage.events().await;
    assert_eq!(events.iter().filter(|kind| *kind == "signing_key_rotated").count(), 1);
    // Another process over the same store, e.g. after a restart, knows the key as well.
    let stored = stage.count("select count(*) from signing_keys").await;
    assert_eq!(stored, 1);
});

on_each!(a_leaked_key_ends_at_once, |stage| {
    let owner = root(&stage).await;
    stage.sign_up("alice").await;
    let leaked = pair(&stage).await.text("/accessToken");
    assert_eq!(stage.get("/v1/me", &leaked).await.status, 200);
    let path = |kid: &str| format!("/v1/signing-keys/{kid}");
    let retire = async |kid: &str| stage.as_bearer("DELETE", &path(kid), &owner, Value::Null).await;
    assert_eq!(retire(&kid(&leaked)).await.code(), (409, "signing_key_in_use"));
    let made = rotate(&stage, &owner, json!({ "immediately": true })).await;
    assert_eq!(made.text("/state"), "signing");
    assert_eq!(stage.get("/v1/me", &leaked).await.status, 200);
    assert_eq!(retire(&kid(&leaked)).await.status, 204);
    assert_eq!(retire(&kid(&leaked)).await.status, 204, "again changes nothing");
    assert_eq!(stage.get("/v1/me", &leaked).await.code(), (401, "invalid_token"));
    assert_eq!(jwks(&stage).await.len(), 1);
    let next = pair(&stage).await.text("/accessToken");
    assert_eq!(stage.get("/v1/me", &next).await.status, 200);
    assert_eq!(retire("0000000000000000").await.code(), (404, "not_found"));
    let listed = stage.get("/v1/signing-keys", &owner).await;
    assert_eq!(
        (listed.text("/data/0/state"), listed.text("/data/1/state")),
        ("over".to_owned(), "signing".to_owned())
    );
    assert!(!listed.body.to_string().contains("seed"));
});

on_each!(only_an_owner_who_just_proved_it_rotates, |stage| {
    let owner = root(&stage).await;
    let alice = stage.sign_up("alice").await.text("/token");
    for (token, status) in [(&alice, 403), (&"ses_unknown".to_owned(), 401)] {
        assert_eq!(rotate(&stage, token, json!({})).await.status, status);
        assert_eq!(stage.get("/v1/signing-keys", token).await.status, status);
        let path = "/v1/signing-keys/0000000000000000";
        assert_eq!(stage.as_bearer("DELETE", path, token, Value::Null).await.status, status);
    }
    assert_eq!(stage.post("/v1/signing-keys/rotate", json!({})).await.status, 401);
    assert_eq!(rotate(&stage, &owner, json!({ "kid": "x" })).await.code(), (422, "unknown_field"));
    stage.pass(MINUTE * 6);
    assert_eq!(rotate(&stage, &owner, json!({})).await.code(), (403, "session_not_fresh"));
    assert_eq!(stage.get("/v1/signing-keys", &owner).await.status, 200);
    assert_eq!(stage.count("select count(*) from signing_keys").await, 0);
});

on_each!(published_keys_are_bounded, |stage| {
    let owner = root(&stage).await;
    for _ in 1..16 {
        assert_eq!(rotate(&stage, &owner, json!({})).await.status, 200);
    }
    assert_eq!(rotate(&stage, &owner, json!({})).await.code(), (409, "too_many_signing_keys"));
});
