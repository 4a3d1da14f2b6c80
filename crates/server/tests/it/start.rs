//! Starting: what is made, what a second start leaves alone, and what refuses to start.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio_postgres::NoTls;

use crate::engines::Engine;
use crate::people::Person;
use crate::process::{Said, Server, bare_command, outcome, text};
use crate::stage::{PASSWORD, alone_on_both, sign_in};

/// The exit code of a refused start, and a sentence instead of a backtrace.
#[track_caller]
fn refused(said: &Said, code: i32, parts: &[&str]) {
    assert_eq!(said.code, code, "{said:?}");
    assert!(said.err.contains("error: "), "{said:?}");
    for part in parts {
        assert!(said.err.contains(part), "{part}: {said:?}");
    }
    for noise in ["panicked", "backtrace", "RUST_BACKTRACE"] {
        assert!(!said.err.contains(noise), "{noise}: {said:?}");
    }
}

/// How long a start may take to come to a point, or to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// The lock that nodes take to bring the schema up to date (`database/src/migrate.rs`).
const MIGRATIONS: i64 = 0x5158_464f_4c44;
const ROOT: &str = "5f1b0c9de2a47386915ad0b4c7e83f2610d9ab54e7c3826f01b8d5a96e3f7c42";
const SIGNING: &str = "a94c07e15b3d8f620e71c5b8d24f9a36f80b6d1e3c5792a4b1d08e6f7c3a5942";

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(text(&path), std::fs::read(&path).expect("readable"));
        }
    }
    found
}

#[tokio::test]
async fn the_first_start_makes_everything_and_the_second_changes_nothing() {
    alone_on_both(async |mut stage| {
        let keys = stage.server.data_dir().join("keys");
        assert_eq!(mode(&stage.server.data_dir()), 0o700);
        assert_eq!(mode(&keys), 0o700);
        for key in ["root.key", "signing.key"] {
            assert_eq!(mode(&keys.join(key)), 0o600, "{key}");
        }
        let before = files(&keys);
        let made =
            stage.alice().post("/v1/things", json!({ "type": "note", "name": "kept" })).await;
        let path = format!("/v1/things/{}", made.was(201).id());
        let groups = stage.root().walk("/v1/groups").await.len();
        assert!(stage.server.stop().success(), "a stop is a success: {}", stage.server.told());

        stage.server.run();
        assert_eq!(files(&keys), before);
        assert_eq!(stage.server.setup_token(), None, "setup was done");
        let base = stage.server.url().to_owned();
        stage.alice().at(&base).get(&path).await.was(200);
        assert_eq!(stage.root().at(&base).walk("/v1/groups").await.len(), groups);
        let again = sign_in(&Person::nobody(&base), "alice").await;
        again.get(&path).await.was(200);
    })
    .await;
}

#[tokio::test]
async fn setup_stays_open_until_somebody_used_it() {
    for engine in Engine::all() {
        let mut server = Server::start(&engine).await;
        let token = server.setup_token().expect("setup is open").to_owned();
        assert!(server.stop().success());
        server.run();
        assert_eq!(server.setup_token(), Some(token.as_str()), "the same link as before");
        let said = server.say(&["admin", "setup-token"]);
        assert_eq!((said.code, said.out.trim()), (0, token.as_str()));

        let door = Person::nobody(server.url());
        let body = |token: &str| json!({ "token": token, "name": "R", "email": "r@example.com", "password": PASSWORD });
        let wrong = door.post("/v1/setup", body("0000")).await;
        assert!((400..500).contains(&wrong.status), "{wrong:?}");
        let right = door.post("/v1/setup", body(&token)).await;
        assert!(matches!(right.status, 200 | 201), "{right:?}");
        let second = door.post("/v1/setup", body(&token)).await;
        assert!((400..500).contains(&second.status), "{second:?}");
    }
}

#[tokio::test]
async fn fifty_people_set_up_at_once_and_one_wins() {
    for engine in Engine::all() {
        let server = Server::start(&engine).await;
        let token = server.setup_token().expect("setup is open").to_owned();
        let door = Person::nobody(server.url());
        let mut racing = tokio::task::JoinSet::new();
        for number in 0..50 {
            let (door, token) = (door.clone(), token.clone());
            racing.spawn(async move {
                let email = format!("r{number}@example.com");
                let body =
                    json!({ "token": token, "name": "R", "email": email, "password": PASSWORD });
                door.post("/v1/setup", body).await.status
            });
        }
        let answers = racing.join_all().await;
        let won = answers.iter().filter(|status| matches!(status, 200 | 201)).count();
        assert_eq!(won, 1, "{}: {answers:?}", engine.name());
        assert!(answers.iter().all(|status| *status != 500), "{answers:?}");
    }
}

#[tokio::test]
async fn a_database_newer_than_the_binary_is_refused_and_left_alone() {
    for engine in Engine::all() {
        let mut server = Server::start(&engine).await;
        assert!(server.stop().success());
        let newer =
            "insert into migrations (name, checksum, applied_at) values ('9999_future', 'x', 1)";
        match server.database() {
            Some(database) => database.run(newer).await,
            None => {
                let file = server.data_dir().join("sixfold.db");
                let database = rusqlite::Connection::open(file).expect("the file");
                database.execute_batch(newer).expect("the statement");
                database.pragma_update(None, "wal_checkpoint", "truncate").ok();
            }
        }
        let file = server.data_dir().join("sixfold.db");
        let before = std::fs::read(&file).ok();
        let said = server.say(&[]);
        refused(&said, 3, &["9999_future", "newer version"]);
        assert_eq!(std::fs::read(&file).ok(), before, "untouched");
        let said = server.say(&["migrate", "status"]);
        assert_eq!(said.code, 1);
        assert!(said.out.contains("unknown   9999_future"), "{said:?}");
        assert_eq!(server.say(&["doctor"]).code, 1);
    }
}

#[tokio::test]
async fn two_processes_do_not_share_one_file() {
    let server = Server::start(&Engine::Sqlite).await;
    refused(&server.say(&[]), 3, &["in use by another sixfold process", "SIXFOLD_DATA_DIR"]);
    let said = server.say(&["doctor"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("in use by a running sixfold"), "{said:?}");
    // The first one did not notice.
    Person::nobody(server.url()).get("/v1/ready").await.was(200);
}

#[tokio::test]
async fn two_nodes_share_one_postgres() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let server = Server::start(&engine).await;
        let url = server.database().expect("PostgreSQL").url.clone();
        // With the same keys it is a second node.
        let mut other = Server::prepare(&Engine::Sqlite).await;
        other.set("DATABASE_URL", &url);
        std::fs::create_dir(other.data_dir()).expect("a folder");
        let (from, to) = (server.data_dir().join("keys"), other.data_dir().join("keys"));
        std::fs::create_dir(&to).expect("a folder");
        for key in ["root.key", "signing.key"] {
            std::fs::copy(from.join(key), to.join(key)).expect("a key");
        }
        other.run();
        Person::nobody(other.url()).get("/v1/ready").await.was(200);
        // With keys of its own it is a mistake.
        let mut stranger = Server::prepare(&Engine::Sqlite).await;
        stranger.set("DATABASE_URL", &url);
        refused(&stranger.say(&[]), 3, &["holds data, but its keys are not in"]);
        stranger.set("SIXFOLD_ROOT_KEY", ROOT);
        stranger.set("SIXFOLD_SIGNING_KEY", SIGNING);
        refused(&stranger.say(&[]), 3, &["not the ones this database was made with"]);
    }
}

#[tokio::test]
async fn a_port_in_use_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its number").port().to_string();
    let server = Server::prepare(&Engine::Sqlite).await;
    refused(&server.say(&["--port", &port]), 3, &["in use", &port, "PORT"]);
    drop(taken);
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_used_is_told() {
    // A read-only directory is no obstacle to root, who may run these tests; a file is one to
    // everybody.
    let mut server = Server::prepare(&Engine::Sqlite).await;
    let file = server.folder().join("file");
    std::fs::write(&file, "not a directory").expect("a file");
    server.set("SIXFOLD_DATA_DIR", &text(&file));
    refused(&server.say(&[]), 3, &["is not a directory", "SIXFOLD_DATA_DIR"]);
    server.set("SIXFOLD_DATA_DIR", &text(&file.join("below")));
    refused(&server.say(&[]), 3, &["data directory"]);
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), "not a directory");

    let closed = server.folder().join("closed");
    std::fs::create_dir(&closed).expect("a folder");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).expect("a mode");
    server.set("SIXFOLD_DATA_DIR", &text(&closed));
    if std::fs::write(closed.join("probe"), "").is_err() {
        refused(&server.say(&[]), 3, &["cannot be written", "SIXFOLD_DATA_DIR"]);
    }
}

#[tokio::test]
async fn keys_are_never_made_over_data() {
    for engine in Engine::all() {
        let mut server = Server::start(&engine).await;
        assert!(server.stop().success());
        let keys = server.data_dir().join("keys");
        let away = server.folder().join("away");
        std::fs::rename(&keys, &away).expect("moved");
        refused(&server.say(&[]), 3, &["its keys are not in", "backup", "SIXFOLD_ROOT_KEY"]);
        assert!(!keys.exists(), "none were made");
        let said = server.say(&["doctor"]);
        assert_eq!(said.code, 1);
        assert!(said.out.contains("✗ keys"), "{said:?}");

        std::fs::rename(&away, &keys).expect("moved back");
        let root = keys.join("root.key");
        std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        refused(&server.say(&[]), 3, &["chmod 600"]);
        std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let right = std::fs::read_to_string(&root).expect("a key");
        std::fs::write(&root, "damaged").expect("written");
        refused(&server.say(&[]), 3, &["damaged"]);
        std::fs::write(&root, ROOT).expect("written");
        refused(&server.say(&[]), 3, &["not the ones this database was made with"]);
        std::fs::write(&root, right).expect("written");
        server.run();
    }
}

#[tokio::test]
async fn every_mistake_in_the_settings_is_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = "[server]\nprot = 1\nport = \"x\"\n[sever]\n[web]\nmax_in_flight = 0\n";
    std::fs::write(folder.path().join("sixfold.toml"), file).expect("a file");
    let mut command = bare_command(folder.path());
    command.env("SIXFOLD_SERVER_HSOT", "0.0.0.0").env("SIXFOLD_TEST_ANYTHING", "is not ours");
    let said = outcome(&mut command);
    let parts = [
        "4 mistakes",
        "server.prot (sixfold.toml)",
        "did you mean server.port?",
        "server.port (sixfold.toml): must be a whole number",
        "[server]?",
        "SIXFOLD_SERVER_HSOT",
        "SIXFOLD_SERVER_HOST?",
    ];
    refused(&said, 2, &parts);
    assert!(!folder.path().join("data").exists(), "nothing was made");
    let said = outcome(command.args(["config", "check", "--json"]));
    assert_eq!(said.code, 2);
    let json: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(json["mistakes"].as_array().map(Vec::len), Some(4), "{json}");
}

#[tokio::test]
async fn development_is_refused_beyond_this_machine() {
    let server = Server::prepare(&Engine::Sqlite).await;
    refused(&server.say(&["--host", "0.0.0.0"]), 2, &["server.env", "SIXFOLD_ENV=production"]);
    assert!(!server.data_dir().exists());
}

#[tokio::test]
async fn production_speaks_https_and_json() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("SIXFOLD_ENV", "production");
    refused(&server.say(&[]), 2, &["server.public_url", "https"]);
    server.set("SIXFOLD_SERVER_PUBLIC_URL", "https://sixfold.example");
    server.set("SIXFOLD_SERVER_LOG_LEVEL", "info,web::request=debug");
    server.run();
    let nobody = Person::nobody(server.url());
    let answer = nobody.get("/v1/things?token=must-not-be-logged").await;
    assert!(answer.header("strict-transport-security").starts_with("max-age="), "{answer:?}");
    // No localhost pages here.
    let page = nobody
        .request(reqwest::Method::GET, "/v1/health")
        .header("origin", "http://localhost:5173");
    assert_eq!(nobody.send(page).await.header("access-control-allow-origin"), "");
    assert!(server.stop().success());
    let log = server.told();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let request = lines.iter().find(|line| line["route"] == "/v1/things").expect("its line");
    assert_eq!((&request["env"], &request["method"]), (&"production".into(), &"GET".into()));
    assert_eq!(request["status"], answer.status);
    assert_eq!(request["request_id"], answer.header("x-request-id"));
    assert!(request["latency_ms"].is_number() && request["error_code"].is_string(), "{request}");
    assert!(!log.contains("must-not-be-logged"), "{log}");
}

#[tokio::test]
async fn a_request_in_flight_is_finished_when_the_server_stops() {
    alone_on_both(async |mut stage| {
        let address = stage.server.url().trim_start_matches("http://").to_owned();
        let token = stage.alice().token.unwrap_or_default();
        let body = json!({ "type": "note", "name": "just in time" }).to_string();
        let (half, rest) = body.as_bytes().split_at(body.len() / 2);
        let mut stream = TcpStream::connect(&address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("patience");
        let head = format!(
            "POST /v1/things HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("sent");
        // It is being worked on: somebody asks for its body.
        let mut asked = [0; 25];
        stream.read_exact(&mut asked).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&asked), "HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(half).expect("sent");
        stage.server.term();
        // The server is stopping: nobody else is let in.
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(&address).is_ok() {
            assert!(Instant::now() < deadline, "the door stays open: {}", stage.server.told());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stream.write_all(rest).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer, and the end");
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        assert!(stage.server.wait().success(), "{}", stage.server.told());
        stage.server.run();
        let made = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
        let made: serde_json::Value = serde_json::from_str(made).expect("a thing");
        let path = format!("/v1/things/{}", made["id"].as_str().expect("an id"));
        stage.alice().at(stage.server.url()).get(&path).await.was(200);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_has_nothing_to_read_again_outlives_a_reload() {
    let mut server = Server::start(&Engine::Sqlite).await;
    // As `systemctl reload` does.
    kill_process(server.pid(), Signal::HUP).expect("it can be told");
    Person::nobody(server.url()).get("/v1/health").await.was(200);
    assert!(server.stop().success(), "{}", server.told());
}

#[tokio::test]
async fn a_start_that_waits_for_another_node_can_be_stopped() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let mut server = Server::prepare(&engine).await;
        let database = server.database().expect("PostgreSQL");
        let connecting = tokio_postgres::connect(&database.url, NoTls).await;
        let (other, connection) = connecting.expect("PostgreSQL answers");
        tokio::spawn(connection);
        let lock = format!("select pg_advisory_lock({MIGRATIONS})");
        other.batch_execute(&lock).await.expect("the lock");

        let mut command = server.command(&[]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut start = command.spawn().expect("the binary starts");
        let waiting = "select cast(pid as text) from pg_stat_activity \
                       where datname = current_database() and wait_event = 'advisory'";
        let deadline = Instant::now() + PATIENCE;
        while database.all("everything", waiting).await.is_empty() {
            assert!(Instant::now() < deadline, "it never waited");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // SIGHUP is heard by then, too, and no reason to end.
        let pid = Pid::from_child(&start);
        kill_process(pid, Signal::HUP).expect("it can be told");
        kill_process(pid, Signal::TERM).expect("it can be told");
        let ended = loop {
            if let Some(ended) = start.try_wait().expect("its state") {
                break ended;
            }
            assert!(Instant::now() < deadline, "it did not stop");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert!(ended.success(), "{ended:?}");
        let unlock = format!("select pg_advisory_unlock({MIGRATIONS})");
        other.batch_execute(&unlock).await.expect("the lock is given back");
        server.run();
    }
}
