//! Live connections, with other people's clients unchanged; the tests themselves are in
//! `tests/clients/realtime` and `tests/clients/realtime-python`.

mod browser;
mod closing;
mod crowd;
mod messages;
mod rights;
mod socket;
mod streams;

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clients::Client;
use crate::engines::Engine;
use crate::people::Person;
use crate::stage::{Stage, alone_on_both, group, member};

/// A group with a room; Alice owns it, Bob works there, Carol is nobody there.
async fn scene(stage: &Stage) -> Value {
    let (alice, bob, carol) = (stage.alice(), stage.bob(), stage.carol());
    let group = group(&alice, "live", "Live").await;
    member(&alice, &group, &bob, "group_user").await;
    let room = json!({ "groupId": group, "type": "conversation", "name": "Room" });
    let room = alice.post("/v1/things", room).await.was(201).id();
    let person = |one: &Person| json!({ "id": one.id, "token": one.token, "email": one.email });
    json!({
        "url": stage.server.url(), "group": group, "room": room,
        "people": { "alice": person(&alice), "bob": person(&bob), "carol": person(&carol) },
    })
}

#[tokio::test]
async fn the_clients_of_npm_work_unchanged() {
    let Some(client) = Client::find("realtime") else { return };
    alone_on_both(async |mut stage| {
        stage.server.stop();
        stage.server.set("SIXFOLD_LIVE_MESSAGES_PER_MINUTE", "0");
        stage.server.run();
        let stage = stage.moved();
        let scene = scene(&stage).await.to_string();
        client.run("all.mjs", &stage.server, &[("SIXFOLD_SCENE", &scene)]);
    })
    .await;
}

#[tokio::test]
async fn who_types_or_asks_without_end_throws_nobody_off() {
    let Some(client) = Client::find("realtime") else { return };
    alone_on_both(async |mut stage| {
        stage.server.stop();
        stage.server.set("SIXFOLD_LIMITS_LIVE_PER_MINUTE", "120");
        stage.server.run();
        let stage = stage.moved();
        let scene = scene(&stage).await.to_string();
        client.run("limits.mjs", &stage.server, &[("SIXFOLD_SCENE", &scene)]);
    })
    .await;
}

/// What is asked over a live connection is counted like a request: a key's own limit holds there, too.
#[tokio::test]
async fn a_key_is_as_fast_by_socket_as_by_request() {
    let Some(client) = Client::find("realtime") else { return };
    alone_on_both(async |stage| {
        let mut scene = scene(&stage).await;
        let group = scene["group"].clone();
        let key = json!({
            "groupId": group, "name": "bot", "permissions": ["events:read", "things:read", "groups:read"],
            "rateLimitMax": 5, "rateLimitWindowMs": 3_600_000,
        });
        let made = stage.alice().post("/v1/api-keys", key).await.was(201);
        scene["people"]["bot"] = json!({ "token": made.text_at("/key") });
        client.run("key.mjs", &stage.server, &[("SIXFOLD_SCENE", &scene.to_string())]);
    })
    .await;
}

#[tokio::test]
async fn the_client_for_python_works_unchanged() {
    let Some(client) = Client::find_python("realtime-python") else { return };
    alone_on_both(async |stage| {
        let scene = scene(&stage).await.to_string();
        client.run("all.py", &stage.server, &[("SIXFOLD_SCENE", &scene)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_cut_off_by_a_crash_comes_back_and_misses_nothing() {
    let Some(client) = Client::find("realtime") else { return };
    alone_on_both(async |mut stage| {
        // The client comes back to the same address.
        let port = crate::clients::free_port().to_string();
        stage.server.stop();
        stage.server.set("PORT", &port);
        stage.server.run();
        let mut stage = stage.moved();
        let scene = scene(&stage).await.to_string();
        let folder = stage.server.folder().to_owned();
        let mut program = start(&client, "crash.mjs", &folder, &scene, &[]);
        wait_for(&folder.join("cut"), &mut program);
        stage.server.kill();
        stage.server.run();
        end_well(program);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_tell_each_other() {
    let Some(client) = Client::find("realtime") else { return };
    for engine in Engine::all() {
        if engine == Engine::Sqlite {
            continue;
        }
        let stage = Stage::open(&engine).await;
        let mut other = stage.server.twin();
        other.run();
        let mut scene = scene(&stage).await;
        scene["other"] = other.url().into();
        let folder = stage.server.folder().to_owned();
        let mut program = start(&client, "nodes.mjs", &folder, &scene.to_string(), &[]);
        wait_for(&folder.join("cut"), &mut program);
        other.kill();
        end_well(program);
    }
}

/// Starts a program that works while the test does something to the server.
fn start(
    client: &Client,
    program: &str,
    folder: &Path,
    scene: &str,
    variables: &[(&str, &str)],
) -> Program {
    let log = std::fs::File::create(folder.join("client.log")).expect("a log file");
    let child = client
        .program(program)
        .env("HOME", folder)
        .env("SIXFOLD_SCENE", scene)
        .env("SIXFOLD_FOLDER", folder)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("the same file"))
        .stderr(log)
        .spawn()
        .expect("it starts");
    Program { child, log: folder.join("client.log") }
}

struct Program {
    child: Child,
    log: std::path::PathBuf,
}

impl Program {
    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const LIMIT: Duration = Duration::from_secs(120);

/// Waits until the program makes a file.
fn wait_for(file: &Path, program: &mut Program) {
    let deadline = Instant::now() + LIMIT;
    while !file.exists() {
        let ended = program.child.try_wait().expect("its state");
        assert!(ended.is_none() && Instant::now() < deadline, "{}", program.said());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn end_well(mut program: Program) {
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        match program.child.try_wait().expect("its state") {
            Some(status) => break Some(status),
            None if Instant::now() > deadline => break None,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    assert!(status.is_some_and(|status| status.success()), "{}", program.said());
}
