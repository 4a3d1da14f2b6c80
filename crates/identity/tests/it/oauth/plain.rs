//! Providers that speak plain OAuth 2.0: stand-ins for GitHub and Facebook.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::{back, leave, location, session, test};
use crate::oauth::provider::Provider;
use crate::stage::{Answer, Stage};

async fn visit(stage: &Stage, provider: &Provider, id: &str) -> Answer {
    let away = leave(stage, json!({ "provider": id, "callbackURL": "/in" })).await;
    assert_eq!(away.param("nonce"), "");
    assert_eq!(away.param("code_challenge").len(), 43, "PKCE always");
    let code = provider.agree(stage, &away, json!({}));
    back(stage, id, &[("code", &code), ("state", &away.param("state"))], &away.cookie).await
}

fn octocat() -> Value {
    json!({ "id": 583_231, "login": "octocat", "name": null, "avatar_url": "https://a.example/1" })
}

test!(github_tells_the_primary_address_and_whether_it_is_proven, async |stage, provider| {
    provider.inner().person = octocat();
    provider.inner().emails = json!([
        { "email": "other@example.com", "primary": false, "verified": true },
        { "email": "Octo@Example.com", "primary": true, "verified": true },
    ]);
    let done = visit(stage, provider, "github").await;
    assert_eq!(location(&done), "/in");
    let me = stage.get("/v1/auth/get-session", &session(&done).unwrap()).await;
    assert_eq!(me.text("/user/email"), "octo@example.com");
    assert_eq!(
        (me.text("/user/name").as_str(), &me.body["user"]["emailVerified"]),
        ("octocat", &json!(true))
    );
    let form = provider.inner().last_form.clone();
    assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), ("hub", "s&cret"));

    // The same person after changing the address: the account there is what counts.
    provider.inner().emails =
        json!([{ "email": "new@example.com", "primary": true, "verified": true }]);
    let again = visit(stage, provider, "github").await;
    let other = stage.get("/v1/auth/get-session", &session(&again).unwrap()).await;
    assert_eq!(other.text("/user/id"), me.text("/user/id"));

    // Unverified, somebody else's, or none.
    stage.sign_up("victim").await;
    for (emails, to) in [
        (
            json!([{ "email": "victim@example.com", "primary": true, "verified": false }]),
            "/in?error=account_not_linked",
        ),
        (
            json!([{ "email": "victim@example.com", "primary": true, "verified": "true" }]),
            "/in?error=account_not_linked",
        ),
        (
            json!([{ "email": "victim@example.com", "primary": false, "verified": true }]),
            "/in?error=email_not_found",
        ),
        (json!({ "message": "no" }), "/in?error=email_not_found"),
    ] {
        let mut person = octocat();
        person["id"] = json!(7);
        provider.inner().person = person;
        provider.inner().emails = emails;
        assert_eq!(location(&visit(stage, provider, "github").await), to);
    }
    provider.inner().person = json!({ "message": "no" });
    let nobody = visit(stage, provider, "github").await;
    assert_eq!(location(&nobody), "/in?error=unable_to_get_user_info");
});

test!(facebook_proves_its_secret_and_its_addresses_are_worth_nothing, async |stage, provider| {
    provider.inner().person = json!({
        "id": "10", "name": "Faith", "email": "faith@example.com", "email_verified": true,
        "picture": { "data": { "url": "https://a.example/2" } },
    });
    let done = visit(stage, provider, "facebook").await;
    assert_eq!(location(&done), "/in");
    let me = stage.get("/v1/auth/get-session", &session(&done).unwrap()).await;
    assert_eq!(me.body["user"]["emailVerified"], false);
    assert_eq!(me.text("/user/image"), "https://a.example/2");
    let query = provider.inner().last_query.clone();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"s&cret");
    let tag = hmac::sign(&key, b"access-1");
    let proof: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(query.contains(&format!("appsecret_proof={proof}")), "{query}");
    assert!(query.contains("fields=id%2Cname%2Cemail%2Cpicture"), "{query}");
    assert!(!query.contains("access_token"), "the token is in no address: {query}");

    stage.sign_up("victim").await;
    provider.inner().person = json!({ "id": "11", "name": "Eve", "email": "victim@example.com" });
    let eve = visit(stage, provider, "facebook").await;
    assert_eq!(location(&eve), "/in?error=account_not_linked");

    // Who registered first at a provider that proves nothing loses it to the owner's proof.
    let owner = json!({ "sub": "f", "email": "faith@example.com", "email_verified": true });
    let owner = super::travel(stage, provider, owner).await;
    assert_eq!(location(&owner), "/in");
    let kept = "select count(*) from credentials where provider = 'facebook'";
    assert_eq!(stage.count(kept).await, 0);
    let old = stage.get("/v1/auth/get-session", &session(&done).unwrap()).await;
    assert_eq!(old.body, Value::Null);
});
