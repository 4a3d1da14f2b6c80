//! A certificate of the server's own making, from a real authority: pebble, Let's Encrypt's own for
//! tests (Debian: `pebble`), which asks at the plain port as any authority would.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
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

    /// Waits until it is there; who signs its certificates, somebody else after each start.
    async fn root(&self) -> String {
        let one = std::fs::read(own("one.pem")).expect("PEM");
        let authority = format!("https://localhost:{}", self.management);
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
        root
    }

    /// How many accounts it was asked for, and how many certificates it gave, since its start.
    fn gave(&self) -> (usize, usize) {
        let said = std::fs::read_to_string(self.folder.path().join("log")).expect("its log");
        let count = |what: &str| said.matches(what).count();
        (count(" accounts in memory"), count("Issued certificate serial"))
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

/// A server that is to have its certificate from there, once the terms are agreed to.
async fn prepared(pebble: &Pebble) -> Server {
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
    server
}

/// The same, and they are.
async fn agreed(pebble: &Pebble) -> Server {
    let mut server = prepared(pebble).await;
    server.set("SIXFOLD_SERVER_ACME_TERMS_AGREED", "true");
    server
}

/// Where it keeps what it has from there.
fn folder(server: &Server, pebble: &Pebble) -> PathBuf {
    server.data_dir().join("acme").join(format!("localhost-{}-dir", pebble.port))
}

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).into_iter().flatten().map_while(Result::ok);
    let mut names: Vec<_> =
        files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Has it try again at once.
fn hang_up(server: &Server) {
    kill_process(server.pid(), Signal::HUP).expect("it can be told");
}

/// Waits until whoever trusts this authority is let in.
async fn lets_in(server: &Server, root: &str) {
    let here = server.url().replace("127.0.0.1", "localhost");
    until("it has a certificate", async || {
        let visitor = Person { http: trusting_pem(root.as_bytes()), ..Person::nobody(&here) };
        let answer = visitor.try_send(visitor.request(Method::GET, "/v1/health")).await;
        answer.is_ok_and(|answer| answer.status == 200)
    })
    .await;
}

#[tokio::test]
async fn a_certificate_is_got_kept_and_shown_again() {
    let Some(mut pebble) = Pebble::find() else { return };
    let mut server = prepared(&pebble).await;
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
    let root = pebble.root().await;
    hang_up(&server);
    lets_in(&server, &root).await;

    // Kept, for its owner only.
    let folder = folder(&server, &pebble);
    let kept = ["account.json", "certificate.pem"];
    until("nothing else is there", async || names(&folder) == kept).await;
    for file in kept {
        let mode = std::fs::metadata(folder.join(file)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
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

#[tokio::test]
async fn what_cannot_be_written_is_shown_and_not_asked_for_again() {
    let Some(mut pebble) = Pebble::find() else { return };
    let mut server = agreed(&pebble).await;
    let folder = folder(&server, &pebble);
    server.run();
    until("it has failed", async || folder.join("failure.txt").exists()).await;

    // A file is where the folder would be: nothing is asked for.
    let above = server.data_dir().join("acme");
    std::fs::remove_dir_all(&above).expect("it goes");
    std::fs::write(&above, "in the way").expect("a file");
    pebble.start();
    let root = pebble.root().await;
    hang_up(&server);
    server.tells("cannot be kept").await;
    assert_eq!(pebble.gave(), (0, 0));

    // Folders are where the two files would be: both are got once, and shown.
    let files = ["account.json", "certificate.pem"];
    std::fs::remove_file(&above).expect("it goes");
    for file in files {
        std::fs::create_dir_all(folder.join(file)).expect("a folder");
    }
    hang_up(&server);
    lets_in(&server, &root).await;
    let complaints = || server.told().matches("cannot be kept").count();
    for _ in 0..2 {
        let before = complaints();
        hang_up(&server);
        until("it is told again", async || complaints() > before).await;
    }
    lets_in(&server, &root).await;
    assert_eq!(pebble.gave(), (1, 1));
    let doctor = server.say(&["doctor"]);
    assert!(doctor.out.contains("✗ certificate authority: "), "{doctor:?}");

    // They are out of the way: what was got is written, and is there for the next start.
    for file in files {
        std::fs::remove_dir(folder.join(file)).expect("it goes");
    }
    hang_up(&server);
    let written = || names(&folder) == files && files.iter().all(|one| folder.join(one).is_file());
    until("both are written", async || written()).await;
    let doctor = server.say(&["doctor"]);
    assert!(doctor.out.contains("✓ certificate: good until"), "{doctor:?}");
    assert!(server.stop().success());
    server.run();
    lets_in(&server, &root).await;
    assert_eq!(pebble.gave(), (1, 1));
}

#[tokio::test]
async fn an_account_that_the_authority_lost_is_set_aside_for_another_one() {
    let Some(mut pebble) = Pebble::find() else { return };
    let mut server = agreed(&pebble).await;
    let folder = folder(&server, &pebble);
    pebble.start();
    let root = pebble.root().await;
    server.run();
    lets_in(&server, &root).await;
    until("the account is kept", async || folder.join("account.json").is_file()).await;
    assert!(server.stop().success());
    let account = std::fs::read(folder.join("account.json")).expect("an account");
    std::fs::remove_file(folder.join("certificate.pem")).expect("it goes");

    // It remembers nothing.
    pebble.stop();
    pebble.start();
    let root = pebble.root().await;
    server.run();
    lets_in(&server, &root).await;
    server.tells("the account is unknown").await;
    let kept = ["account.json", "account.json.old", "certificate.pem"];
    until("all of it is kept", async || names(&folder) == kept).await;
    let read = |name: &str| std::fs::read(folder.join(name)).expect("a file");
    assert!(read("account.json.old") == account && read("account.json") != account);
    assert_eq!(pebble.gave(), (1, 1));
}
