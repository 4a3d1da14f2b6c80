//! Pulling the plug: `kill -9` in the middle of a thousand concurrent writes.
//!
//! The judge is a ledger the client keeps: an id is written there after its 201 was read and
//! before it is counted. After the restart every id of the ledger must be there with exactly its
//! one event, and there must be nothing that has no event, and no event without its thing.

use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::sync::Notify;

use crate::people::Person;
use crate::stage::alone_on_both;

const WRITERS: usize = 1000;
/// The plug is pulled when so many were acknowledged: the writers are in the middle of it.
const ENOUGH: usize = 1500;

/// A thousand connections need files; the server inherits the limit.
fn make_room() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(8192, |maximum| maximum.min(8192));
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        setrlimit(Resource::Nofile, raised).expect("room for the connections");
    }
}

struct Ledger {
    file: Mutex<std::fs::File>,
    count: AtomicUsize,
    enough: Notify,
}

impl Ledger {
    fn note(&self, id: &str) {
        let mut file = self.file.lock().expect("the ledger");
        writeln!(file, "{id}").expect("the ledger is written");
        drop(file);
        if self.count.fetch_add(1, Ordering::SeqCst) + 1 == ENOUGH {
            self.enough.notify_one();
        }
    }
}

/// Writes until the server is gone.
async fn write(alice: Person, group: String, ledger: Arc<Ledger>, writer: usize) {
    for number in 0.. {
        let name = format!("{writer}-{number}");
        let body = json!({ "groupId": group, "type": "note", "name": name });
        let sent = alice.request(Method::POST, "/v1/things").json(&body);
        match alice.try_send(sent).await {
            Ok(answer) if answer.status == 201 => ledger.note(&answer.id()),
            // Too many at once is an honest answer: nothing was acknowledged.
            Ok(answer) if answer.status == 503 => tokio::task::yield_now().await,
            Ok(answer) => panic!("{answer:?}"),
            Err(_) => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_nine() {
    make_room();
    alone_on_both(async |mut stage| {
        let path = stage.server.folder().join("ledger");
        let file = OpenOptions::new().create(true).append(true).open(&path).expect("a ledger");
        let ledger = Arc::new(Ledger {
            file: Mutex::new(file),
            count: AtomicUsize::new(0),
            enough: Notify::new(),
        });
        let alice = stage.alice();
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let (alice, group) = (alice.clone(), stage.acme.clone());
            writers.spawn(write(alice, group, Arc::clone(&ledger), writer));
        }
        ledger.enough.notified().await;
        stage.server.kill();
        writers.join_all().await;

        stage.server.run();
        let alice = alice.at(stage.server.url()).fresh();
        let text = std::fs::read_to_string(&path).expect("the ledger");
        let acknowledged: HashSet<&str> = text.lines().collect();
        assert!(acknowledged.len() >= ENOUGH, "only {}", acknowledged.len());
        assert_eq!(acknowledged.len(), text.lines().count(), "an id was given twice");

        let group = &stage.acme;
        let things = alice.walk(&format!("/v1/things?groupId={group}&type=note")).await;
        let things: HashSet<&str> =
            things.iter().filter_map(|thing| thing["id"].as_str()).collect();
        let lost: Vec<_> = acknowledged.difference(&things).collect();
        assert!(lost.is_empty(), "{}: {} were lost", stage.engine.name(), lost.len());

        let events = alice.walk(&format!("/v1/events?groupId={group}")).await;
        let mut of: HashMap<&str, usize> = HashMap::new();
        for event in &events {
            let target = event["targetId"].as_str().unwrap_or_default();
            if target.starts_with("thing_") {
                assert_eq!(event["type"], "thing_created", "{event}");
                *of.entry(target).or_default() += 1;
            }
        }
        for thing in &things {
            assert_eq!(of.get(thing), Some(&1), "{thing} has exactly its one event");
        }
        assert_eq!(of.len(), things.len(), "no event without its thing");
        // And the lists do not merely say so.
        for id in acknowledged.iter().take(20) {
            alice.get(&format!("/v1/things/{id}")).await.was(200);
        }
        assert_eq!(stage.server.say(&["doctor"]).code, 0);
        // Past the harness, which keeps quiet about tests that pass.
        let _ = writeln!(
            std::io::stderr(),
            "kill -9 on {}: {} acknowledged, {} there after the restart, none lost",
            stage.engine.name(),
            acknowledged.len(),
            things.len()
        );
    })
    .await;
}
