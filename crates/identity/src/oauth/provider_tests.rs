use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use super::*;
use crate::oauth::checks::{is_endpoint, may_name};

const OWN: &str = "11111111-2222-3333-4444-555555555555";

fn at(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/v2.0")
}

#[test]
fn of_many_directories_the_token_says_which() {
    let many = |tenant: &str| Issuer::Tenants { tenant: tenant.to_owned() };
    assert!(many("common").issued(&at(OWN), Some(OWN)));
    assert!(many("common").issued(&at(PERSONAL), Some(PERSONAL)));
    assert!(many("consumers").issued(&at(PERSONAL), Some(PERSONAL)));
    assert!(!many("consumers").issued(&at(OWN), Some(OWN)));
    assert!(many("organizations").issued(&at(OWN), Some(OWN)));
    assert!(!many("organizations").issued(&at(PERSONAL), Some(PERSONAL)));
    assert!(!many("common").issued(&at(OWN), Some(PERSONAL)));
    assert!(!many("common").issued(&at(OWN), None));
    assert!(!many("common").issued(&at("common"), Some("common")));
    assert!(!many("common").issued(&at("x/../y"), Some("x/../y")));
    assert!(!many("common").issued("https://evil.example/v2.0", Some(OWN)));
    assert!(many("common").describes(&at("{tenantid}")) && !many("common").describes(&at(OWN)));
    assert!(Issuer::Exact(at(OWN)).issued(&at(OWN), None));
    assert!(!Issuer::Exact(at(OWN)).issued(&at(PERSONAL), Some(PERSONAL)));
    assert!(!Issuer::None.issued("", None));
}

#[test]
fn a_key_of_apples_is_read_from_pem_only() {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let body = STANDARD.encode(made.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    assert!(apple_key(&Secret::new(pem.clone())).is_some());
    assert!(apple_key(&Secret::new(pem.replace('\n', "\\n"))).is_some(), "as in a variable");
    for bad in ["", "junk", &body, &pem.replace("PRIVATE", "PUBLIC"), &pem.replace(&body, "AAAA")] {
        assert!(apple_key(&Secret::new(bad.to_owned())).is_none());
    }
}

#[test]
fn secrets_go_over_https_or_stay_on_this_machine() {
    for good in [
        "https://a.example",
        "https://a.example/x?y=1",
        "http://127.0.0.1:9",
        "http://[::1]/",
        "http://localhost/",
    ] {
        assert!(is_endpoint(good), "{good}");
    }
    for bad in [
        "",
        "a.example",
        "http://a.example",
        "http://localhost.evil.example",
        "ftp://127.0.0.1",
        "https://u@a.example",
        "https://a.example/#x",
        "file:///etc",
    ] {
        assert!(!is_endpoint(bad), "{bad}");
    }
}

#[test]
fn a_provider_elsewhere_names_nothing_on_this_machine_or_in_private_networks() {
    let far = "https://login.example.com/realms/work";
    for good in ["https://login.example.com/token", "https://8.8.8.8/t", "https://[2606:4700::1]/"]
    {
        assert!(may_name(far, good), "{good}");
    }
    for bad in [
        "",
        "http://login.example.com/token",
        "http://127.0.0.1:9/",
        "http://localhost/",
        "https://localhost/",
        "https://x.localhost./",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0.0.0.0/",
        "https://10.1.2.3/",
        "https://172.16.0.1/",
        "https://192.168.0.1/",
        "https://169.254.169.254/latest",
        "https://100.64.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
    ] {
        assert!(!may_name(far, bad), "{bad}");
    }
    assert!(may_name("http://127.0.0.1:9", "http://127.0.0.1:9/token"), "in development");
    assert!(may_name("https://10.0.0.5/realm", "https://10.0.0.5/token"), "its own host");
    assert!(!may_name("https://10.0.0.5/realm", "https://10.0.0.6/token"));
    assert!(!may_name("https://127.0.0.1/", "http://127.0.0.1/token"));
}

#[test]
fn what_an_operator_emptied_or_contradicted_is_told_at_boot() {
    use crate::oauth::settings::{GithubSettings, GoogleSettings, OidcSettings};
    let keys = |found: Vec<(&'static str, String)>| -> Vec<&'static str> {
        found.into_iter().map(|(key, _)| key).collect()
    };
    let (id, secret) = ("id".to_owned(), Secret::new("s".to_owned()));
    let google = GoogleSettings {
        client_id: id.clone(),
        client_secret: secret.clone(),
        issuer: String::new(),
        ..GoogleSettings::default()
    };
    assert_eq!(keys(google.mistakes()), ["issuer"]);
    let unused = GoogleSettings { issuer: String::new(), ..GoogleSettings::default() };
    assert!(unused.mistakes().is_empty(), "it is not offered");
    let github = GithubSettings {
        client_id: id,
        client_secret: secret.clone(),
        token_url: String::new(),
        emails_url: String::new(),
        ..GithubSettings::default()
    };
    assert_eq!(keys(github.mistakes()), ["token_url", "emails_url"]);
    let table = OidcTable {
        id: "work".to_owned(),
        issuer: "https://a.example".to_owned(),
        client_id: "c".to_owned(),
        client_secret: secret,
        client_auth: "none".to_owned(),
        scopes: Vec::new(),
        authorization_url: String::new(),
        token_url: String::new(),
        userinfo_url: String::new(),
        jwks_url: String::new(),
    };
    let said = OidcSettings { providers: vec![table] }.mistakes();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("leave `client_secret` out"), "{said:?}");
}

#[test]
fn what_a_provider_names_is_looked_at_unless_it_is_the_operators_own() {
    let provider = |issuer: &str, token: &str| {
        Provider::new("x", Dialect::Oidc, "id", ClientAuth::Public)
            .issued_by(Issuer::Exact(issuer.to_owned()))
            .at(Endpoints { token: token.to_owned(), ..Endpoints::default() })
    };
    let public = provider("https://idp.example/realm", "https://tokens.example:8443/t");
    for (url, whose) in [
        ("https://idp.example/keys", Whose::Operators),
        ("https://tokens.example:8443/t", Whose::Operators),
        ("https://tokens.example:8443/other", Whose::Named),
        ("https://idp.example:8443/keys", Whose::Named),
        ("https://keys.example/keys", Whose::Named),
        ("https://intranet.idp.example/keys", Whose::Named),
        ("no address", Whose::Named),
    ] {
        assert_eq!(public.whose(url), whose, "{url}");
    }
    let here = provider("http://127.0.0.1:9/realm", "");
    assert_eq!(here.whose("http://127.0.0.1:10/keys"), Whose::Operators);
    let plain = Provider::new("github", Dialect::Github, "id", ClientAuth::Public);
    assert_eq!(plain.whose("https://api.example"), Whose::Named);
}
