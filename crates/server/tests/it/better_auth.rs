//! The `better-auth` client of npm, unchanged: every call it has, in Node on each engine and in a
//! browser on a page of another origin. The tests themselves are in `tests/clients/better-auth`.

use crate::clients::{Client, as_localhost, chromium, free_port};
use crate::engines::Engine;
use crate::process::Server;

/// A server as that client's default flow expects it, not started yet.
async fn server(engine: &Engine) -> (Server, String) {
    let mut server = Server::prepare(engine).await;
    let url = as_localhost(&mut server);
    server.set("SIXFOLD_IDENTITY_PASSWORD_MIN", "8");
    (server, url)
}

/// The test plays GitHub at the port that is given back.
fn with_github(server: &mut Server) -> String {
    let port = free_port().to_string();
    server.set("SIXFOLD_GITHUB_CLIENT_ID", "octo");
    server.set("SIXFOLD_GITHUB_CLIENT_SECRET", "not-so-secret");
    for (key, path) in [
        ("AUTHORIZATION", "authorize"),
        ("TOKEN", "token"),
        ("USERINFO", "user"),
        ("EMAILS", "emails"),
    ] {
        let url = format!("http://127.0.0.1:{port}/{path}");
        server.set(&format!("SIXFOLD_GITHUB_{key}_URL"), &url);
    }
    port
}

async fn in_node(engine: &Engine) {
    let Some(client) = Client::find("better-auth") else { return };
    let (mut server, url) = server(engine).await;
    let port = with_github(&mut server);
    server.run();
    client.run("all.mjs", &server, &[("SIXFOLD_URL", &url), ("SIXFOLD_PROVIDER_PORT", &port)]);
}

#[tokio::test]
async fn every_call_of_the_client_works_on_sqlite() {
    in_node(&Engine::Sqlite).await;
}

#[tokio::test]
async fn every_call_of_the_client_works_on_postgres() {
    for engine in Engine::all() {
        if engine != Engine::Sqlite {
            in_node(&engine).await;
        }
    }
}

#[tokio::test]
async fn the_client_works_in_a_browser_on_a_page_of_another_origin() {
    let (Some(client), Some(browser)) = (Client::find("better-auth"), chromium()) else { return };
    let (mut server, url) = server(&Engine::Sqlite).await;
    server.run();
    let variables = [("SIXFOLD_URL", url.as_str()), ("SIXFOLD_CHROMIUM", browser.as_str())];
    client.run("browser.mjs", &server, &variables);
}
