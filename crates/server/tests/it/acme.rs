//! A certificate of the server's own making, from a real authority: pebble, Let's Encrypt's own for
//! tests (Debian: `pebble`), which asks at the plain port as any authority would.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use rustix::process::{Signal, kill_process};

use crate::engines::{Engine, required, variable};
use crate::people::Person;
use crate::process::{Server, text};
use crate::tls::{own, trusting_pem};

const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);

struct Pebble {
    child: Option<Child>,
    folder: tempfile::TempDir,
    port: u16,
    management: u16,
    asks: u16,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").port()
}

impl Pebble {
    /// None where it is not installed.
    fn find() -> Option<Self> {
        let path = variable("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|folder| folder.join("pebble").exists()) {
            assert!(!required("pebble"), "SIXFOLD_TEST_REQUIRE names pebble, and it is not there");
            let _ = writeln!(std::io::stderr(), "skipped: there is no pebble (Debian: `pebble`)");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let (port, management, asks) = (free_port(), free_port(), free_port());
        Some(Self { child: None, folder, port, management, asks })
    }

    fn start(&mut self) {
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{}", self.port),
            "managementListenAddress": format!("127.0.0.1:{}", self.management),
            "certificate": own("one.pem"), "privateKey": own("one.key.pem"),
            "httpPort": self.asks, "tlsPort": 1, "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        let path = self.folder.path().join("pebble.json");
        std::fs::write(&path, config.to_string()).expect("a file");
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a log");
        let child = Command::new("pebble")
            .args(["-config", &text(&path)])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("pebble starts"));
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            let said = std::fs::read_to_string(self.folder.path().join("log"));
            eprintln!("--- pebble\n{}", said.unwrap_or_default());
        }
    }
}

/// Waits until it is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..TRIES {
        if so().await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("{what}: that did not happen");
}

#[tokio::test]
async fn a_certificate_is_got_kept_and_shown_again() {
    let Some(mut pebble) = Pebble::find() else { return };
    let mut server = Server::prepare(&Engine::Sqlite).await;
    for (name, value) in [
        ("SIXFOLD_SERVER_DOMAINS", "localhost"),
        ("SIXFOLD_SERVER_ACME_DIRECTORY", &format!("https://localhost:{}/dir", pebble.port)),
        ("SIXFOLD_SERVER_ACME_EMAIL", "root@example.com"),
        ("SIXFOLD_SERVER_REDIRECT_PORT", &pebble.asks.to_string()),
        ("SSL_CERT_FILE", &text(&own("one.pem"))),
    ] {
        server.set(name, value);
    }
    let said = server.say(&["config", "check"]);
    assert!(said.code == 2 && said.err.contains("read the terms"), "{said:?}");
    server.set("SIXFOLD_SERVER_ACME_TERMS_AGREED", "true");
    assert_eq!(server.say(&["config", "check"]).code, 0);

    // The authority is not there: the server is, and says so.
    server.run();
    server.tells("does not answer").await;
    let doctor = server.say(&["doctor"]);
    assert!(doctor.out.contains("✗ certificate authority: "), "{doctor:?}");
    let plain = Person::nobody(&format!("http://127.0.0.1:{}", pebble.asks));
    assert_eq!(plain.get("/x").await.was(308).header("location"), "https://localhost/x");
    plain.get("/.well-known/acme-challenge/x").await.was(308);

    pebble.start();
    let authority = format!("https://localhost:{}", pebble.management);
    let one = std::fs::read(own("one.pem")).expect("PEM");
    let management = Person { http: trusting_pem(&one), ..Person::nobody(&authority) };
    let mut root = String::new();
    until("pebble is there", async || {
        let asked = management.request(Method::GET, "/roots/0");
        let answer = management.try_send(asked).await;
        answer.is_ok_and(|answer| {
            root = answer.text;
            answer.status == 200
        })
    })
    .await;
    let here = server.url().replace("127.0.0.1", "localhost");
    let visitor = || Person { http: trusting_pem(root.as_bytes()), ..Person::nobody(&here) };
    kill_process(server.pid(), Signal::HUP).expect("it can be told");
    until("it has a certificate", async || {
        let visitor = visitor();
        let answer = visitor.try_send(visitor.request(Method::GET, "/v1/health")).await;
        answer.is_ok_and(|answer| answer.status == 200)
    })
    .await;

    // Kept, for its owner only.
    let kept = std::fs::read_dir(server.data_dir().join("acme")).expect("a folder");
    let folder = kept.map_while(Result::ok).next().expect("one authority").path();
    let mut names = Vec::new();
    for file in std::fs::read_dir(&folder).expect("files").map_while(Result::ok) {
        let mode = file.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file:?}");
        names.push(file.file_name());
    }
    names.sort();
    assert_eq!(names, ["account.json", "certificate.pem"]);
    let doctor = server.say(&["doctor"]);
    assert!(doctor.out.contains("✓ certificate: good until"), "{doctor:?}");

    // The next start shows it at once, whether or not the authority is there.
    pebble.stop();
    assert!(server.stop().success());
    let asked = server.told().matches("a new certificate").count();
    server.run();
    let here = server.url().replace("127.0.0.1", "localhost");
    let visitor = Person { http: trusting_pem(root.as_bytes()), ..Person::nobody(&here) };
    visitor.get("/v1/health").await.was(200);
    assert_eq!(server.told().matches("a new certificate").count(), asked);
    assert!(server.stop().success());
}
