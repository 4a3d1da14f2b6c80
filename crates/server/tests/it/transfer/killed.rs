//! An import that is pulled the plug.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::Value;

use super::{GROUP, file, good, input, json, refusals, summary, thing};
use crate::engines::Engine;
use crate::process::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_killed_goes_on_where_it_ended() {
    for engine in Engine::all() {
        // A label that is there under another id, and the platform's group: both are learned from
        // lines that are not read again.
        let mut server = Server::prepare(&engine).await;
        server.run();
        server.stop();
        let (theirs, label) = (thing(900), thing(901));
        let mut lines = input();
        lines.push("{ broken".to_owned());
        lines.push(
            json!({"kind": "group", "id": theirs, "slug": "platform", "name": "Platform",
                   "type": "business"})
            .to_string(),
        );
        for id in [thing(902), label.clone()] {
            lines.push(
                json!({"kind": "knowledge", "id": id, "groupId": GROUP, "type": "label",
                       "text": "topic:parts"})
                .to_string(),
            );
        }
        // More than the import takes at once.
        let long = "parts ".repeat(10_000);
        for number in 1000..1300 {
            lines.push(
                json!({"kind": "thing", "id": thing(number), "groupId": GROUP, "type": "part",
                       "name": format!("part {number}"), "properties": {"text": long}})
                .to_string(),
            );
        }
        lines.push(
            json!({"kind": "thingKnowledge", "thingId": thing(1), "knowledgeId": label,
                   "role": "label"})
            .to_string(),
        );
        lines.push(
            json!({"kind": "thing", "id": thing(3), "groupId": theirs, "type": "note",
                   "name": "there already"})
            .to_string(),
        );
        lines.push(
            json!({"kind": "thing", "id": thing(903), "groupId": theirs, "type": "note",
                   "name": "of the platform"})
            .to_string(),
        );
        let path = file(&server, "in.ndjson", lines.join("\n"));

        // Through a pipe that stays open: the import waits for more when it is killed.
        let mut import = server
            .command(&["import", "-", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut pipe = import.stdin.take().expect("its input");
        let (first, fed) = (lines[..220].join("\n"), std::sync::mpsc::channel::<()>());
        let feeder = std::thread::spawn(move || {
            let _ = pipe.write_all(first.as_bytes());
            let _ = fed.1.recv();
        });
        // It tells of the broken line once it has stored what came with it.
        let out = BufReader::new(import.stdout.take().expect("its output"));
        let told = out.lines().next().expect("a line").expect("readable");
        assert_eq!(json(&told)["line"], 10, "{told}");
        import.kill().expect("it can be killed");
        import.wait().expect("it is gone");
        drop(fed.0);
        feeder.join().expect("it ends");

        let said = good(server.say(&["import", &path, "--resume", "--json"]));
        let (all, stored) = (lines.len() as u64, summary(&said)["stored"].as_u64().unwrap_or(0));
        assert_eq!(summary(&said)["lines"], all);
        assert!((1..all - 100).contains(&stored), "it went on behind the first part: {said:?}");
        let resumed = good(server.say(&["export"])).out;

        let mut whole = Server::prepare(&engine).await;
        whole.run();
        whole.stop();
        let said = whole.say(&["import", &path, "--json"]);
        assert_eq!((said.code, refusals(&said)), (1, vec![(10, "malformed_line".to_owned())]));
        let straight = good(whole.say(&["export"])).out;
        let (resumed, straight) = (shape(&resumed), shape(&straight));
        let differ: Vec<_> = resumed.symmetric_difference(&straight).take(5).collect();
        assert!(differ.is_empty(), "{}: {differ:#?}", engine.name());
        // Nothing is left to do.
        let said = good(server.say(&["import", &path, "--resume", "--json"]));
        assert_eq!(summary(&said)["stored"], 0, "{said:?}");
        good(server.say(&["doctor"]));
    }
}

/// What lines say, without what a database gives: times, connections' ids, the platform's id.
fn shape(ndjson: &str) -> BTreeSet<String> {
    let platform = ndjson.lines().find(|line| line.contains(r#""slug":"platform""#));
    let platform = json(platform.expect("the platform's group"))["id"].clone();
    let platform = platform.as_str().unwrap_or_default().to_owned();
    ndjson
        .lines()
        .map(|line| {
            let mut line = json(&line.replace(&platform, "PLATFORM"));
            for key in ["createdAt", "updatedAt"] {
                line.as_object_mut().and_then(|line| line.remove(key));
            }
            if line["kind"] == "connection" {
                line["id"] = Value::Null;
            }
            line.to_string()
        })
        .collect()
}
