//! Signing in with a real OpenID provider (npm `oidc-provider`, in `tests/clients/oidc`), end to
//! end.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::clients;
use crate::engines::Engine;
use crate::people::client;
use crate::process::Server;

/// Where people reach the server, as it is told: the test goes there in their place.
const PUBLIC: &str = "http://sixfold.test";
const CALLBACK: &str = "http://sixfold.test/v1/auth/callback/real";

struct Provider {
    child: Child,
    issuer: String,
}

impl Provider {
    fn start() -> Option<Self> {
        let mut child = clients::Client::find("oidc")?
            .program("provider.mjs")
            .arg(CALLBACK)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let said: Value = serde_json::from_str(&line).expect("it says where it listens");
        let issuer = said["issuer"].as_str().expect("an issuer").to_owned();
        Some(Self { child, issuer })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody with a browser.
struct Browser {
    http: Client,
    base: String,
}

struct Seen {
    status: u16,
    location: String,
    body: Value,
}

impl Browser {
    fn new(server: &Server) -> Self {
        let http = client().cookie_store(true).build().expect("a client");
        Self { http, base: server.url().to_owned() }
    }

    async fn seen(&self, response: Response) -> Seen {
        let (status, location) = (response.status().as_u16(), location(&response));
        let body = serde_json::from_str(&response.text().await.expect("a body"));
        Seen { status, location, body: body.unwrap_or_default() }
    }

    async fn get(&self, path: &str) -> Seen {
        let response = self.http.get(format!("{}{path}", self.base)).send().await;
        self.seen(response.expect("an answer")).await
    }

    async fn post(&self, path: &str, body: Value) -> Seen {
        let request = self.http.post(format!("{}/v1/auth/{path}", self.base));
        let request = request.header("origin", PUBLIC).json(&body);
        self.seen(request.send().await.expect("an answer")).await
    }

    /// Goes to the provider, signs in there, agrees; where the provider sends people back to.
    async fn agree(&self, mut url: String, who: &str) -> String {
        for _ in 0..20 {
            if url.starts_with(PUBLIC) {
                return url.replacen(PUBLIC, "", 1);
            }
            let page = self.http.get(&url).send().await.expect("a page");
            if page.status().is_redirection() {
                url = location(&page);
                continue;
            }
            let html = page.text().await.expect("a page");
            let action = html.split_once("action=\"").and_then(|(_, rest)| rest.split_once('"'));
            let action = action.unwrap_or_else(|| panic!("no form in {html}")).0;
            let login = format!("prompt=login&login={who}&password=x");
            let form =
                if html.contains("name=\"login\"") { login } else { "prompt=consent".into() };
            let request = self.http.post(action).body(form);
            let kind = "application/x-www-form-urlencoded";
            let answer = request.header("content-type", kind).send().await.expect("an answer");
            url = location(&answer);
        }
        panic!("the provider does not come to an end: {url}");
    }

    /// The whole way, from the first click.
    async fn travel(&self, path: &str, body: Value, who: &str) -> Seen {
        let started = self.post(path, body).await;
        assert_eq!(started.status, 200, "{}", started.body);
        let url = started.body["url"].as_str().expect("an address").to_owned();
        let back = self.agree(url, who).await;
        self.get(&back).await
    }
}

/// Where an answer leads, absolute.
fn location(response: &Response) -> String {
    let found = response.headers().get("location").and_then(|value| value.to_str().ok());
    match found {
        None => String::new(),
        Some(to) if to.starts_with("http") => to.to_owned(),
        Some(to) => response.url().join(to).map_or_else(|_| to.to_owned(), Into::into),
    }
}

fn ends_at(seen: &Seen, path: &str) {
    assert_eq!(seen.status, 302, "{}", seen.location);
    assert!(seen.location.ends_with(path), "{} is not {path}", seen.location);
}

fn house() -> Value {
    json!({ "provider": "real", "callbackURL": "/in", "newUserCallbackURL": "/welcome" })
}

async fn whole_life(engine: &Engine, provider: &Provider) {
    let mut server = Server::prepare(engine).await;
    let table = json!([{
        "id": "real", "issuer": provider.issuer, "client_id": "sixfold",
        "client_secret": "a secret of the tests: 100% & more",
    }]);
    server.set("SIXFOLD_OIDC", &table.to_string());
    server.set("SIXFOLD_SERVER_PUBLIC_URL", PUBLIC);
    server.run();

    // Somebody new.
    let ada = Browser::new(&server);
    ends_at(&ada.travel("sign-in/social", house(), "ada").await, "/welcome");
    let me = ada.get("/v1/auth/get-session").await.body;
    assert_eq!(me["user"]["email"], "ada@example.com");
    assert_eq!(me["user"]["emailVerified"], true);

    // The same, from another browser; and through the alias.
    let again = Browser::new(&server);
    ends_at(&again.travel("sign-in/social", house(), "ada").await, "/in");
    let other = again.get("/api/auth/get-session").await.body;
    assert_eq!(other["user"]["id"], me["user"]["id"]);

    // Their tokens, with one that renews them.
    let mut offline = house();
    offline["scopes"] = json!(["offline_access"]);
    offline["additionalParams"] = json!({ "prompt": "consent" });
    ends_at(&again.travel("sign-in/social", offline, "ada").await, "/in");
    let which = json!({ "providerId": "real" });
    let first = again.post("get-access-token", which.clone()).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let renewed = again.post("refresh-token", which.clone()).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    assert_ne!(renewed.body["accessToken"], first.body["accessToken"]);
    let kept = again.post("get-access-token", which.clone()).await;
    assert_eq!(kept.body["accessToken"], renewed.body["accessToken"]);
    let info = again.get("/v1/auth/account-info?providerId=real").await;
    assert_eq!(info.status, 200, "{}", info.body);
    assert_eq!(info.body["user"]["email"], "ada@example.com");
    assert_eq!(info.body["account"]["accountId"], "ada");
    let alone = again.post("unlink-account", which.clone()).await;
    assert_eq!(alone.body["code"], "FAILED_TO_UNLINK_LAST_ACCOUNT");

    // Whoever signed up with a password links an account, lets go of it, and is not let in by it.
    let bob = Browser::new(&server);
    let body = json!({ "name": "Bob", "email": "bob@example.com", "password": "violet-kettle-93" });
    assert_eq!(bob.post("sign-up/email", body).await.status, 200);
    let link = json!({ "provider": "real", "callbackURL": "/settings" });
    ends_at(&bob.travel("link-social", link.clone(), "bob").await, "/settings");
    let info = bob.get("/v1/auth/account-info?providerId=real").await;
    assert_eq!(info.body["account"]["accountId"], "bob", "{}", info.body);
    let gone = bob.post("unlink-account", json!({ "accountId": info.body["account"]["id"] })).await;
    assert_eq!((gone.status, &gone.body["status"]), (200, &json!(true)), "{}", gone.body);

    // An address the provider does not vouch for opens nobody's account.
    let body =
        json!({ "name": "U", "email": "unproven@example.com", "password": "violet-kettle-93" });
    assert_eq!(Browser::new(&server).post("sign-up/email", body).await.status, 200);
    let eve = Browser::new(&server);
    let refused = eve.travel("sign-in/social", house(), "unproven").await;
    ends_at(&refused, "/in?error=account_not_linked");
    assert_eq!(eve.get("/v1/auth/get-session").await.body, Value::Null);

    // Whoever says no at the provider comes back without an account.
    let nobody = Browser::new(&server);
    let started = nobody.post("sign-in/social", house()).await;
    let page = nobody.http.get(started.body["url"].as_str().expect("an address")).send().await;
    let interaction = location(&page.expect("a page"));
    let back = nobody.agree(format!("{interaction}/abort"), "nobody").await;
    ends_at(&nobody.get(&back).await, "/in?error=access_denied");

    let log = server.told();
    for secret in ["ada@example.com", "100% & more", "violet-kettle"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_provider_signs_people_in_and_links_their_accounts() {
    let Some(provider) = Provider::start() else { return };
    for engine in Engine::all() {
        whole_life(&engine, &provider).await;
    }
}
