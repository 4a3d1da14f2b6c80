//! https of the server's own: what is shown to whom, what an exchanged certificate does to those
//! who are there, and what is told of files that will not do.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use rustix::process::{Signal, kill_process};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

use crate::engines::Engine;
use crate::observability::value;
use crate::people::Person;
use crate::process::{METRICS_TOKEN, Server, text};
use crate::stage::{PASSWORD, sign_up};

const TRIES: u32 = 600;

pub(crate) fn own(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/tls")).join(name)
}

/// Puts a certificate and its key where the server looks.
fn put(server: &Server, name: &str) {
    for (from, to) in [(format!("{name}.pem"), "cert.pem"), (format!("{name}.key.pem"), "key.pem")]
    {
        let (to, beside) = (server.folder().join(to), server.folder().join("beside"));
        std::fs::copy(own(&from), &beside).expect("a copy");
        mode(&beside, 0o600);
        std::fs::rename(&beside, &to).expect("in place");
    }
}

fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("its mode");
}

async fn prepared() -> Server {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    put(&server, "one");
    for (name, file) in [("CERT", "cert.pem"), ("KEY", "key.pem")] {
        let path = text(&server.folder().join(file));
        server.set(&format!("SIXFOLD_SERVER_TLS_{name}"), &path);
    }
    server
}

/// Nobody, who trusts this certificate.
fn trusting(server: &Server, name: &str) -> Person {
    let pem = std::fs::read(own(&format!("{name}.pem"))).expect("PEM");
    Person { http: trusting_pem(&pem), ..Person::nobody(server.url()) }
}

/// A client that trusts this certificate and no other.
pub(crate) fn trusting_pem(pem: &[u8]) -> reqwest::Client {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem).expect("PEM")).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    http.build().expect("a client")
}

#[tokio::test]
async fn everything_is_as_behind_a_proxy_that_speaks_https() {
    let mut server = prepared().await;
    server.run();
    assert!(server.url().starts_with("https://127.0.0.1:"), "{}", server.url());
    let nobody = trusting(&server, "one");
    let health = nobody.get("/v1/health").await.was(200);
    assert!(health.header("strict-transport-security").starts_with("max-age="), "{health:?}");
    sign_up(&nobody, "alice").await;
    let collector = Person { token: Some(METRICS_TOKEN.to_owned()), ..nobody.clone() };
    let page = collector.get("/metrics").await.was(200).text;
    assert!(value(&page, "sixfold_tls_certificate_end_timestamp_seconds") > 1e9, "{page}");

    // A browser's session: the cookie is for https alone, and so are the pages that may use it.
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let entered = nobody.post("/v1/auth/sign-in/email", body).await.was(200);
    let cookie = entered.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-sixfold=") && cookie.contains("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    for (origin, site, status) in [
        (server.url(), "same-origin", 201),
        (server.url(), "cross-site", 201),
        ("https://evil.example", "cross-site", 403),
        ("http://six.example", "same-site", 403),
        ("null", "cross-site", 403),
    ] {
        let request = nobody
            .request(Method::POST, "/v1/things")
            .header("cookie", &cookie)
            .header("origin", origin)
            .header("sec-fetch-site", site)
            .json(&json!({ "type": "note", "name": "n" }));
        let answer = nobody.send(request).await;
        assert_eq!(answer.status, status, "{origin} {site}: {answer:?}");
    }

    // A socket, on the same port.
    let upgrade = nobody
        .request(Method::GET, "/socket.io/?EIO=4&transport=websocket")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let upgraded = upgrade.send().await.expect("an answer");
    assert_eq!(upgraded.status(), StatusCode::SWITCHING_PROTOCOLS);
    drop(upgraded);
    assert!(server.stop().success());
}

#[tokio::test]
async fn the_plain_port_leads_to_the_public_url_and_nowhere_else() {
    let mut server = prepared().await;
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port");
    server.set("SIXFOLD_SERVER_REDIRECT_PORT", &free.port().to_string());
    server.set("SIXFOLD_SERVER_PUBLIC_URL", "https://six.example");
    server.run();
    let plain = Person::nobody(&format!("http://{free}"));
    for (method, path) in [(Method::GET, "/v1/things?limit=1"), (Method::POST, "/v1/auth/sign-out")]
    {
        let request = plain
            .request(method.clone(), path)
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example");
        let led = plain.send(request).await.was(308);
        assert_eq!(led.header(header::LOCATION.as_str()), format!("https://six.example{path}"));
        assert_eq!(led.header("strict-transport-security"), "");
    }
    // Each port has as many connections as may be.
    let collector = Person { token: Some(METRICS_TOKEN.to_owned()), ..trusting(&server, "one") };
    let page = collector.get("/metrics").await.was(200).text;
    for port in ["main", "redirect"] {
        let limit = format!("sixfold_http_connections_limit{{port=\"{port}\"}}");
        assert!(value(&page, &limit) > 1.0, "{page}");
    }
    assert!(server.stop().success());
}

#[tokio::test]
async fn another_certificate_is_shown_without_sending_anybody_away() {
    let mut server = prepared().await;
    server.run();
    let before = trusting(&server, "one");
    before.get("/v1/health").await.was(200);
    put(&server, "two");
    kill_process(server.pid(), Signal::HUP).expect("it can be told");
    // Each time with connections of its own.
    let mut shown = false;
    for _ in 0..TRIES {
        let after = trusting(&server, "two");
        let answer = after.try_send(after.request(Method::GET, "/v1/health")).await;
        shown = answer.is_ok_and(|answer| answer.status == 200);
        if shown {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(shown, "the other one is shown");
    let late = trusting(&server, "one");
    assert!(late.try_send(late.request(Method::GET, "/v1/health")).await.is_err());
    before.get("/v1/health").await.was(200);

    // What will not do changes nothing.
    std::fs::copy(own("one.pem"), server.folder().join("cert.pem")).expect("a copy");
    kill_process(server.pid(), Signal::HUP).expect("it can be told");
    let mut told = false;
    for _ in 0..TRIES {
        told = server.told().contains("is not the key of the certificate");
        if told {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(told, "{}", server.told());
    trusting(&server, "two").get("/v1/health").await.was(200);
    assert!(server.stop().success());
}

#[tokio::test]
async fn files_that_will_not_do_are_told_before_anything_starts() {
    let server = prepared().await;
    let cert = server.folder().join("cert.pem");
    let key = server.folder().join("key.pem");
    let said = server.say(&["config", "check"]);
    assert_eq!(said.code, 0, "{said:?}");
    let well = server.say(&["doctor"]);
    assert!(well.out.contains("✓ certificate: good until 2126"), "{well:?}");

    // Whoever restarts the server tries files again (3), but no wrong settings (2).
    let refused = |server: &Server, code: i32, part: &str| {
        for (command, code) in
            [(&["config", "check"][..], code), (&["doctor"], 1), (&["serve"], code)]
        {
            let said = server.say(command);
            assert_eq!(said.code, code, "{command:?}: {said:?}");
            let all = format!("{}{}", said.out, said.err);
            assert!(all.contains(part), "{command:?}: {all}");
            assert!(!all.contains("PRIVATE KEY"), "{command:?}: {all}");
        }
    };
    mode(&key, 0o644);
    refused(&server, 3, "server.tls_key (SIXFOLD_SERVER_TLS_KEY): its file");
    refused(&server, 3, "run `chmod 600` on it");
    mode(&key, 0o600);
    std::fs::copy(own("ended.pem"), &cert).expect("a copy");
    refused(&server, 3, "server.tls_cert (SIXFOLD_SERVER_TLS_CERT): ended at 2021-01-01");
    std::fs::copy(own("two.pem"), &cert).expect("a copy");
    refused(&server, 3, "is not the key of the certificate in tls_cert");
    std::fs::remove_file(&cert).expect("it is gone");
    refused(&server, 3, "cannot be read");

    let mut both = prepared().await;
    std::fs::copy(own("ended.pem"), both.folder().join("cert.pem")).expect("a copy");
    both.set("SIXFOLD_SERVER_LOG_LEVEL", "loud");
    refused(&both, 2, "server.log_level (SIXFOLD_SERVER_LOG_LEVEL): must be error, warn");
    refused(&both, 2, "server.tls_cert (SIXFOLD_SERVER_TLS_CERT): ended at 2021-01-01");

    let mut half = prepared().await;
    half.set("SIXFOLD_SERVER_TLS_KEY", "");
    refused(&half, 2, "server.tls_key: is missing: a certificate and its key belong together");
    let mut plain = prepared().await;
    plain.set("SIXFOLD_SERVER_PUBLIC_URL", "http://six.example");
    refused(&plain, 2, "must begin with https://");
    let mut elsewhere = prepared().await;
    elsewhere.set("SIXFOLD_SERVER_PUBLIC_URL", "https://elsewhere.example");
    let said = elsewhere.say(&["doctor"]);
    assert!(said.out.contains("✗ certificate: it is for six.example"), "{said:?}");
}
