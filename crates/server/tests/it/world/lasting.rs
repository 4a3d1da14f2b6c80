//! Requests that last as long as their client pleases: a right that is taken away is gone.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::imports::{import, state};
use super::{PATIENCE, rows, team};
use crate::engines::Engine;
use crate::people::Person;
use crate::stage::{Stage, alone_on_both, member, on_both, sign_up};

/// Rows that share a transaction; blank lines are such.
const BATCH: usize = 1000;
/// More than waits in sockets for a reader who does not read.
const REQUESTS: usize = 16;
const BYTES: usize = 200_000;

fn connect(stage: &Stage, person: &Person, request: &str) -> TcpStream {
    let host = stage.server.url().trim_start_matches("http://");
    let token = person.token.as_deref().unwrap_or_default();
    let mut pipe = TcpStream::connect(host).expect("a connection");
    pipe.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let head = format!(
        "{request} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\n"
    );
    pipe.write_all(head.as_bytes()).expect("it is sent");
    pipe
}

fn chunk(pipe: &mut TcpStream, bytes: &str) {
    let chunk = format!("{:x}\r\n{bytes}\r\n", bytes.len());
    pipe.write_all(chunk.as_bytes()).expect("it is sent");
}

/// Begins to send an import, until an owner of the group sees that blank lines of it were taken: a
/// busy server may give up before.
async fn begun(stage: &Stage, owner: &Person, person: &Person, id: &str) -> TcpStream {
    loop {
        let mut pipe = connect(stage, person, &format!("PUT /v1/imports/{id}/data"));
        pipe.write_all(b"transfer-encoding: chunked\r\n\r\n").expect("it is sent");
        chunk(&mut pipe, &"\n".repeat(BATCH));
        pipe.set_nonblocking(true).expect("a socket");
        while pipe.peek(&mut [0]).is_err() {
            if state(owner, id).await["offsetBytes"] != 0 {
                pipe.set_nonblocking(false).expect("a socket");
                return pipe;
            }
        }
    }
}

/// Sends one more line, and the end; the status of the answer.
fn end(mut pipe: TcpStream, line: &Value) -> u16 {
    chunk(&mut pipe, &format!("{line}\n"));
    pipe.write_all(b"0\r\n\r\n").expect("it is sent");
    let mut answer = String::new();
    pipe.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {answer}"))
}

#[derive(Clone, Copy)]
enum Lost {
    Membership,
    Role,
    Session,
}

/// Takes from somebody what made them an owner of a group.
async fn lose(owner: &Person, group: &str, other: &Person, lost: Lost) {
    let seat = format!("/v1/people/{}", other.id);
    match lost {
        Lost::Membership => {
            owner.delete(&format!("{seat}?groupId={group}")).await.was(204);
        }
        Lost::Role => {
            let user = json!({ "groupId": group, "role": "group_user" });
            owner.patch(&seat, user).await.was(200);
        }
        Lost::Session => {
            other.post("/v1/auth/sign-out", json!({})).await.was(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lost_the_right_to_import_gets_no_further_in_the_same_request() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "last-import").await;
        for (name, lost, status) in [
            ("last-member", Lost::Membership, 404),
            ("last-owner", Lost::Role, 403),
            ("last-session", Lost::Session, 401),
        ] {
            let other = sign_up(&stage.nobody(), name).await;
            member(&alice, &team, &other, "group_owner").await;
            // Who was an owner makes themselves one again, or owns what they copy.
            let people = json!({ "groupId": team, "format": "ndjson", "dimension": "people",
                "type": "group_owner" });
            let bundle = json!({ "groupId": team, "format": "bundle" });
            let group = json!({ "kind": "group", "id": "01900000-0000-7000-8000-000000000001",
                "slug": name, "name": "Too late", "type": "business" });
            let mut under_way = Vec::new();
            for (new, line) in [(people, json!({ "personId": other.id })), (bundle, group)] {
                let id = import(&other, new).await;
                under_way.push((begun(stage, &alice, &other, &id).await, line));
            }
            lose(&alice, &team, &other, lost).await;
            for (pipe, line) in under_way {
                assert_eq!(end(pipe, &line), status, "{name}: {line}");
            }
            let people = rows(&alice, &format!("/v1/people?groupId={team}&limit=200")).await;
            let role = people.iter().find(|one| one["id"] == json!(other.id));
            let wanted = match lost {
                Lost::Membership => None,
                Lost::Role => Some(json!("group_user")),
                Lost::Session => Some(json!("group_owner")),
            };
            assert_eq!(role.map(|one| one["role"].clone()), wanted, "{name}");
        }
        let children = rows(&alice, &format!("/v1/groups/{team}/children")).await;
        assert_eq!(children.len(), 0, "{children:?}");

        let key = json!({ "name": "last", "groupId": team,
            "permissions": ["things:read", "things:create"] });
        let key = alice.post("/v1/api-keys", key).await.was(201);
        let holder = Person { token: Some(key.text_at("/key")), ..stage.nobody() };
        let new = json!({ "groupId": team, "format": "ndjson", "dimension": "things" });
        let id = import(&holder, new).await;
        let pipe = begun(stage, &alice, &holder, &id).await;
        alice.delete(&format!("/v1/api-keys/{}", key.id())).await.was(204);
        assert_eq!(end(pipe, &json!({ "type": "note", "name": "too late" })), 401);
        let things = rows(&alice, &format!("/v1/things?groupId={team}")).await;
        assert_eq!(things.len(), 0, "{things:?}");
    })
    .await;
}

/// Begins to read an export, and reads no more than its beginning. What is written for others, who
/// went away, may keep it from beginning for a moment.
fn begun_to_read(stage: &Stage, person: &Person, path: &str) -> TcpStream {
    loop {
        let mut pipe = connect(stage, person, &format!("GET {path}"));
        pipe.write_all(b"\r\n").expect("it is sent");
        let mut start = [0; 12];
        pipe.read_exact(&mut start).expect("it begins");
        if start != *b"HTTP/1.1 503" {
            assert!(start == *b"HTTP/1.1 200", "{}", String::from_utf8_lossy(&start));
            return pipe;
        }
    }
}

/// Reads on in an export of more than so many bytes: it breaks off, one way or the other.
#[track_caller]
fn breaks_off(mut pipe: TcpStream, bytes: usize) {
    let mut rest = Vec::new();
    let _ = pipe.read_to_end(&mut rest);
    assert!(rest.len() < bytes, "{} bytes", rest.len());
    assert!(!String::from_utf8_lossy(&rest).contains("\"kind\":\"end\""), "no end is told");
}

/// Fills a group with more than a reader is sent who does not read.
async fn fill(owner: &Person, group: &str) {
    let text = "x".repeat(BYTES);
    for number in 0..REQUESTS {
        let item = json!({ "groupId": group, "type": "note", "name": number.to_string(),
            "properties": { "text": text } });
        let items = vec![item; 10];
        owner.post("/v1/things/bulk", json!({ "items": items })).await.was(200);
    }
}

/// On a server of their own: search reads them all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lost_the_right_to_read_gets_no_further_in_the_same_export() {
    alone_on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        fill(&alice, &stage.acme).await;
        let path = format!("/v1/exports?groupId={}&dimension=things", stage.acme);
        let pipe = begun_to_read(&stage, &bob, &path);
        lose(&alice, &stage.acme, &bob, Lost::Membership).await;
        breaks_off(pipe, REQUESTS * 10 * BYTES);

        // All of the group waits in a file by then.
        let path = format!("/v1/groups/{}/export", stage.acme);
        for (name, lost) in [
            ("last-reader", Lost::Membership),
            ("last-exporter", Lost::Role),
            ("last-signed-in", Lost::Session),
        ] {
            let other = sign_up(&stage.nobody(), name).await;
            member(&alice, &stage.acme, &other, "group_owner").await;
            let pipe = begun_to_read(&stage, &other, &path);
            lose(&alice, &stage.acme, &other, lost).await;
            breaks_off(pipe, REQUESTS * 10 * BYTES);
        }
        // Whoever still may has all of it.
        let whole = alice.get(&path).await.was(200).text;
        assert!(whole.len() > REQUESTS * 10 * BYTES && whole.contains("\"kind\":\"end\""));
    })
    .await;
}

/// Until nothing is done in the store.
async fn quiet(stage: &Stage) {
    let busy = "select cast(pid as text) from pg_stat_activity \
                where datname = current_database() and usename = current_user \
                and pid <> pg_backend_pid() and xact_start is not null";
    let deadline = Instant::now() + PATIENCE;
    let database = stage.server.database().expect("PostgreSQL");
    while !database.all("everything", busy).await.is_empty() {
        assert!(Instant::now() < deadline, "it never ends");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Reads on in an export while the store answers nobody.
async fn read_on_without_store(stage: &Stage, mut pipe: TcpStream) -> Vec<u8> {
    const AWAY: Duration = Duration::from_millis(500);
    let database = stage.server.database().expect("PostgreSQL");
    let by = database.shut().await;
    let reading = std::thread::spawn(move || {
        let mut rest = Vec::new();
        pipe.read_to_end(&mut rest).map(|_| rest)
    });
    tokio::time::sleep(AWAY).await;
    database.open(by).await;
    let rest = tokio::task::spawn_blocking(|| reading.join().expect("no panic"));
    rest.await.expect("no panic").expect("it is not broken off")
}

/// Only where there are connections to be lost. The store is asked before each piece who reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_goes_on_when_the_store_answers_again() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let stage = Stage::open(&engine).await;
        let alice = stage.alice();
        fill(&alice, &stage.acme).await;
        quiet(&stage).await;
        let pipe = begun_to_read(&stage, &alice, &format!("/v1/groups/{}/export", stage.acme));
        // Its snapshot is gone as soon as all of it waits in a file.
        quiet(&stage).await;
        let whole = read_on_without_store(&stage, pipe).await;
        assert!(whole.len() > REQUESTS * 10 * BYTES, "{} bytes", whole.len());
        assert!(whole.ends_with(b"\r\n0\r\n\r\n"), "it is told whole");

        let path = format!("/v1/exports?groupId={}&dimension=things", stage.acme);
        let pipe = begun_to_read(&stage, &alice, &path);
        let rows = read_on_without_store(&stage, pipe).await;
        assert!(rows.len() > REQUESTS * 10 * BYTES, "{} bytes", rows.len());
        assert!(rows.ends_with(b"\r\n0\r\n\r\n"), "it is told whole");
    }
}
