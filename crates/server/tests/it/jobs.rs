//! Background jobs through the front door, with real ones: letters for a mail server that hangs, or
//! refuses them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::engines::Engine;
use crate::people::{Answer, Person};
use crate::process::Server;
use crate::stage::{PASSWORD, on_both, sign_in, sign_up};

/// Longer than a job whose worker was killed may take to run again.
const PATIENCE: Duration = Duration::from_secs(70);

/// A mail server that takes connections and says nothing, or that it will never take a letter.
struct Post {
    url: String,
    refuses: Arc<AtomicBool>,
    calls: Arc<AtomicU32>,
}

impl Post {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("its address"));
        let (refuses, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (never, counted) = (Arc::clone(&refuses), Arc::clone(&calls));
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::AcqRel);
                if never.load(Ordering::Acquire) {
                    let _ = socket.write_all(b"554 nobody here takes letters\r\n").await;
                } else {
                    kept.push(socket);
                }
            }
        });
        Self { url, refuses, calls }
    }
}

/// A server that sends its letters there, and who owns it.
async fn house(engine: &Engine, post: &Post) -> (Server, Person) {
    let mut server = Server::prepare(engine).await;
    server.set("SIXFOLD_MAIL_SMTP_URL", &post.url);
    server.set("SIXFOLD_MAIL_FROM", "house@example.com");
    server.set("SIXFOLD_PASSWORD", PASSWORD);
    let made = ["admin", "create", "--name", "Root", "--email", "root@example.com"];
    assert_eq!(server.say(&made).code, 0);
    server.run();
    let root = sign_in(&Person::nobody(server.url()), "root").await;
    (server, root)
}

/// Has a letter written.
async fn letter(root: &Person) {
    let body = json!({ "email": "root@example.com" });
    Person::nobody(&root.base).post("/v1/auth/sign-in/magic-link", body).await.was(200);
}

/// Waits until what is asked for is so, and answers it.
async fn until(what: &str, ask: impl AsyncFn() -> Option<Value>) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The only letter's job, once it is in this state.
async fn job_is(root: &Person, state: &str) -> Value {
    until(&format!("the job is {state}"), async || {
        let path = format!("/v1/jobs?kind=mail.deliver&state={state}");
        root.get(&path).await.was(200).json()["data"].get(0).cloned()
    })
    .await
}

fn path(job: &Value, verb: &str) -> String {
    format!("/v1/jobs/{}{verb}", job["id"].as_str().expect("an id"))
}

async fn ask(root: &Person, path: &str) -> Answer {
    root.send(root.request(reqwest::Method::POST, path)).await
}

async fn events(root: &Person, kind: &str) -> usize {
    let events = root.get(&format!("/v1/events?type={kind}")).await.was(200).json();
    events["data"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn what_a_killed_server_was_at_runs_again_within_a_minute() {
    for engine in Engine::all() {
        let post = Post::open().await;
        let (mut server, root) = house(&engine, &post).await;
        letter(&root).await;
        let before = job_is(&root, "running").await;
        assert_eq!(before["attempts"], 1);
        let (killed, calls) = (Instant::now(), post.calls.load(Ordering::Acquire));
        server.kill();
        server.run();
        let root = root.at(server.url());
        let again = until("it runs again", async || {
            let job = root.get(&path(&before, "")).await.was(200).json();
            (job["attempts"] == 2 && job["state"] == "running").then_some(job)
        })
        .await;
        assert!(killed.elapsed() < Duration::from_secs(60), "{again}");
        until("the mail server is called again", async || {
            (post.calls.load(Ordering::Acquire) > calls).then_some(Value::Null)
        })
        .await;
    }
}

#[tokio::test]
async fn a_job_is_cancelled_run_again_given_up_and_redriven() {
    for engine in Engine::all() {
        let post = Post::open().await;
        let (_server, root) = house(&engine, &post).await;
        letter(&root).await;
        let job = job_is(&root, "running").await;
        ask(&root, &path(&job, "/retry")).await.was_problem(409, "job_running");
        ask(&root, &path(&job, "/cancel")).await.was(200);
        let job = job_is(&root, "cancelled").await;
        assert_eq!((&job["cancelling"], &job["lastError"]), (&json!(false), &Value::Null));
        ask(&root, &path(&job, "/cancel")).await.was_problem(409, "job_over");

        post.refuses.store(true, Ordering::Release);
        let again = ask(&root, &path(&job, "/retry")).await.was(200);
        assert_eq!(again.json()["attempts"], 0);
        let dead = job_is(&root, "dead").await;
        assert_eq!(dead["id"], job["id"]);
        assert!(dead["lastError"].as_str().is_some_and(|why| why.contains("554")), "{dead}");
        let queues = root.get("/v1/jobs/queues").await.was(200).json();
        let letters = |queues: &Value| {
            let all = queues["data"].as_array().expect("queues").clone();
            all.into_iter().find(|one| one["kind"] == "mail.deliver").expect("a queue of letters")
        };
        assert_eq!(letters(&queues)["dead"], 1);

        let redrive = json!({ "kind": "mail.deliver" });
        let done = root.post("/v1/jobs/redrive", redrive.clone()).await.was(200);
        assert_eq!(done.json(), json!({ "redriven": 1, "more": false }));
        // The letter went with its job, so there is nothing left to send.
        let done = job_is(&root, "done").await;
        assert_eq!(done["id"], job["id"]);
        ask(&root, &path(&done, "/retry")).await.was_problem(409, "job_done");
        let none = root.post("/v1/jobs/redrive", redrive).await.was(200);
        assert_eq!(none.json()["redriven"], 0);
        for (kind, count) in [("job_cancelled", 1), ("job_retried", 1), ("jobs_redriven", 1)] {
            assert_eq!(events(&root, kind).await, count, "{kind}");
        }
    }
}

#[tokio::test]
async fn no_job_of_a_paused_queue_begins_until_it_is_resumed() {
    for engine in Engine::all() {
        let post = Post::open().await;
        let (_server, root) = house(&engine, &post).await;
        let paused = ask(&root, "/v1/jobs/queues/mail.deliver/pause").await.was(200).json();
        assert!(paused["pausedAt"].is_string(), "{paused}");
        // Once more changes nothing.
        let again = ask(&root, "/v1/jobs/queues/mail.deliver/pause").await.was(200).json();
        assert_eq!(again["pausedAt"], paused["pausedAt"]);
        letter(&root).await;
        let queued = job_is(&root, "queued").await;
        // Others of later go on meanwhile: a letter request is a job of another kind.
        let other = json!({ "email": "nobody@example.com" });
        root.post("/v1/auth/request-password-reset", other).await.was(200);
        until("the other is done", async || {
            let path = "/v1/jobs?kind=identity.letter_request&state=done";
            root.get(path).await.was(200).json()["data"].get(0).cloned()
        })
        .await;
        assert_eq!(post.calls.load(Ordering::Acquire), 0, "{queued}");
        // What is to run later does not wait yet.
        let bob = sign_up(&Person::nobody(&root.base), "bob").await;
        bob.post("/v1/auth/delete-user", json!({ "password": PASSWORD })).await.was(200);
        let queues = root.get("/v1/jobs/queues").await.was(200).json();
        let oldest = |kind: &str| {
            let all = queues["data"].as_array().expect("queues");
            let queue = all.iter().find(|one| one["kind"] == kind).expect("a queue");
            assert!(queue["queued"].as_i64() >= Some(1), "{queue}");
            queue["oldestAgeSeconds"].clone()
        };
        assert!(oldest("mail.deliver").is_i64(), "{queues}");
        assert_eq!(oldest("erase_person"), Value::Null);
        let resumed = ask(&root, "/v1/jobs/queues/mail.deliver/resume").await.was(200).json();
        assert_eq!(resumed["pausedAt"], Value::Null);
        job_is(&root, "running").await;
        for path in ["/v1/jobs/queues/none/pause", "/v1/jobs/queues/a%20b/resume"] {
            ask(&root, path).await.was_problem(404, "not_found");
        }
        for kind in ["job_queue_paused", "job_queue_resumed"] {
            assert_eq!(events(&root, kind).await, 1, "{kind}");
        }
    }
}

#[tokio::test]
async fn payloads_show_ids_and_nothing_that_could_be_secret() {
    on_both(async |stage| {
        let root = stage.root();
        let body = json!({ "email": "alice@example.com" });
        stage.nobody().post("/v1/auth/request-password-reset", body).await.was(200);
        let job = until("it was asked for", async || {
            let path = "/v1/jobs?kind=identity.letter_request";
            root.get(path).await.was(200).json()["data"].get(0).cloned()
        })
        .await;
        assert_eq!(job["payload"]["sealed"], "(sealed)");
        assert!(job["payload"]["id"].is_string());
        assert_eq!(job["payload"].as_object().map(serde_json::Map::len), Some(2));
        // Pages go on where the one before ended, and cursors fit their list only.
        let page = root.get("/v1/jobs?limit=1").await.was(200).json();
        if let Some(cursor) = page["nextCursor"].as_str() {
            let next = root.get(&format!("/v1/jobs?limit=1&cursor={cursor}")).await.was(200);
            assert_ne!(next.json()["data"][0]["id"], page["data"][0]["id"]);
            let other = format!("/v1/jobs?limit=1&state=done&cursor={cursor}");
            root.get(&other).await.was_problem(422, "invalid_cursor");
        }
        let schedules = root.get("/v1/jobs/schedules").await.was(200).json();
        let named = |one: &Value| one["name"] == "jobs.sweep";
        assert!(schedules["data"].as_array().is_some_and(|all| all.iter().any(named)));
        // Alice owns Acme, not the house.
        let alice = stage.alice();
        alice.get("/v1/jobs").await.was_problem(403, "forbidden");
        alice.get(&path(&job, "")).await.was_problem(404, "not_found");
        let own = alice.get(&format!("/v1/jobs?groupId={}", stage.acme)).await.was(200);
        assert_eq!(own.json()["data"], json!([]));
        let bob = stage.bob().get(&format!("/v1/jobs?groupId={}", stage.acme)).await;
        bob.was_problem(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn jobs_are_administered_without_http() {
    for engine in Engine::all() {
        let post = Post::open().await;
        post.refuses.store(true, Ordering::Release);
        let (mut server, root) = house(&engine, &post).await;
        letter(&root).await;
        let dead = job_is(&root, "dead").await;
        let id = dead["id"].as_str().expect("an id");
        server.stop();
        let say = |arguments: &[&str]| {
            let said = server.say(&[arguments, &["--json"]].concat());
            assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
            let line = said.out.lines().next().unwrap_or("null").to_owned();
            serde_json::from_str::<Value>(&line).expect("JSON")
        };
        assert_eq!(say(&["jobs", "list", "--state", "dead"])["id"], id);
        assert_eq!(say(&["jobs", "show", id])["state"], "dead");
        assert_eq!(say(&["jobs", "redrive", "mail.deliver"])["redriven"], 1);
        assert_eq!(say(&["jobs", "cancel", id])["state"], "cancelled");
        assert_eq!(say(&["jobs", "retry", id])["state"], "queued");
        assert!(say(&["jobs", "pause", "mail.deliver"])["pausedAt"].is_string());
        assert_eq!(say(&["jobs", "resume", "mail.deliver"])["pausedAt"], Value::Null);
        let schedules = server.say(&["jobs", "schedules"]);
        assert!(schedules.out.contains("jobs.sweep"), "{schedules:?}");
        let queues = server.say(&["jobs", "queues"]);
        assert!(queues.out.contains("mail.deliver queued 1 running 0 dead 0\n"), "{queues:?}");
        for wrong in [&["jobs", "show", "x"][..], &["jobs", "list", "--state", "lost"]] {
            assert_eq!(server.say(wrong).code, 2, "{wrong:?}");
        }
        let missing = server.say(&["jobs", "show", "job_01jd7jrygge1wv63rrwxms37sg"]);
        assert_eq!(missing.code, 1, "{missing:?}");
        server.run();
        job_is(&root.at(server.url()), "done").await;
    }
}
