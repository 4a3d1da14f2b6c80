//! Lines that are refused: each by its number and code, and the good ones around them stored.

use serde_json::{Value, json};

use super::{GROUP, file, good, input, json as parsed, refusals, summary, thing};
use crate::engines::Engine;
use crate::process::Server;

/// Every kind of line that is refused, each with its code.
fn wrong_lines() -> Vec<(Vec<u8>, &'static str)> {
    let other = "018f0000-0000-7000-8000-000000000002";
    let line = |line: Value| line.to_string().into_bytes();
    let a_thing = |id: usize| json!({"kind": "thing", "id": thing(id), "groupId": GROUP, "type": "part", "name": "x"});
    let with = |mut line: Value, key: &str, value: Value| {
        line[key] = value;
        line.to_string().into_bytes()
    };
    let label =
        |text: &str| json!({"kind": "knowledge", "groupId": GROUP, "type": "label", "text": text});
    vec![
        (b"{ broken".to_vec(), "malformed_line"),
        (b"".to_vec(), "malformed_line"),
        (b"{\"kind\":\"thing\",\"name\":\"\xff\xfe\"}".to_vec(), "malformed_line"),
        (b"{\"kind\":\"eventType\",\"name\":\"\\ud800\"}".to_vec(), "malformed_line"),
        (vec![b'x'; 9 << 20], "line_too_long"),
        (line(json!({"kind": "planet"})), "malformed_line"),
        (line(json!([1, 2])), "malformed_line"),
        (with(a_thing(50), "name", json!("a\u{0}b")), "malformed_line"),
        (with(a_thing(50), "colour", json!("red")), "malformed_line"),
        (with(a_thing(50), "id", json!("thing_x")), "malformed_line"),
        (with(a_thing(50), "type", json!("nothing")), "unknown_type"),
        (with(a_thing(50), "groupId", json!(other)), "unknown_reference"),
        (with(a_thing(50), "parentId", json!(thing(99))), "unknown_reference"),
        (with(a_thing(50), "ownerId", json!(thing(99))), "unknown_reference"),
        (with(a_thing(50), "name", json!("")), "too_short"),
        (
            line(json!({"kind": "connection", "groupId": GROUP, "type": "made_of",
                        "fromId": thing(3), "toId": thing(1)})),
            "cycle",
        ),
        (
            line(json!({"kind": "connection", "groupId": GROUP, "type": "made_of",
                        "fromId": thing(3), "toId": thing(98)})),
            "unknown_reference",
        ),
        (
            line(json!({"kind": "group", "id": other, "slug": "parts", "name": "P",
                        "type": "business"})),
            "slug_taken",
        ),
        (line(json!({"kind": "thingType", "groupId": GROUP, "name": "note"})), "built_in_type"),
        (line(label("no prefix")), "invalid_label"),
        (with(label("topic:x"), "sourceThingId", json!(thing(1))), "label_with_source"),
        (
            line(json!({"kind": "thingKnowledge", "thingId": thing(1), "knowledgeId": thing(97),
                        "role": "label"})),
            "unknown_reference",
        ),
        (
            line(json!({"kind": "membership", "groupId": GROUP, "personId": thing(96),
                        "role": "group_user"})),
            "unknown_reference",
        ),
    ]
}

#[tokio::test]
async fn wrong_lines_are_told_by_number_and_the_good_ones_are_stored() {
    for engine in Engine::all() {
        let server = Server::prepare(&engine).await;
        // Good lines, with a wrong one behind each, and the rest of those at the end.
        let mut good_lines = input();
        let last = json!({"kind": "thing", "id": thing(40), "groupId": GROUP, "type": "part",
                          "name": "the last good one"});
        let mut wrong = wrong_lines().into_iter();
        let (mut all, mut expected) = (Vec::new(), Vec::new());
        let mut number = 0;
        let mut add = |bytes: &[u8], code: Option<&str>| {
            number += 1;
            all.extend_from_slice(bytes);
            all.push(b'\n');
            expected.extend(code.map(|code| (number, code.to_owned())));
        };
        for line in &good_lines {
            add(line.as_bytes(), None);
        }
        for (bytes, code) in wrong.by_ref() {
            add(&bytes, Some(code));
            add(good_lines[4].as_bytes(), None);
        }
        add(last.to_string().as_bytes(), None);
        good_lines.push(last.to_string());
        let file = file(&server, "in.ndjson", &all);

        let rehearsed = server.say(&["import", &file, "--dry-run", "--json"]);
        assert_eq!(rehearsed.code, 1, "{rehearsed:?}");
        assert_eq!(refusals(&rehearsed), expected, "{}", engine.name());
        if engine == Engine::Sqlite {
            assert!(!server.data_dir().exists(), "nothing is written");
        } else {
            assert_eq!(good(server.say(&["export"])).out, "", "nothing is written");
        }

        let said = server.say(&["import", &file, "--json"]);
        assert_eq!(said.code, 1, "{said:?}");
        assert_eq!(refusals(&said), expected, "{}", engine.name());
        assert_eq!(said.out, rehearsed.out, "the rehearsal told the same");
        assert_eq!(summary(&said)["stored"], good_lines.len());
        for word in ["refused", "panicked", "sqlite", "constraint"] {
            assert!(!said.err.contains(word), "{word}: {said:?}");
        }
        assert!(good(server.say(&["export"])).out.contains("the last good one"));

        // For people it says the same on stderr, one line each.
        let said = server.say(&["import", &file]);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
        let told = said.err.lines().filter(|line| line.starts_with('{')).count();
        assert_eq!(told, expected.len(), "{said:?}");
        assert!(said.err.contains(&format!("{} refused", expected.len())), "{said:?}");
    }
}

/// Behind more of an input than is kept in case a dry run begins again.
#[tokio::test]
async fn a_dry_run_goes_on_where_a_group_with_limits_comes_late() {
    const LONG: usize = 5;
    for engine in Engine::all() {
        let server = Server::prepare(&engine).await;
        let mut all = Vec::new();
        for _ in 0..LONG {
            all.resize(all.len() + (9 << 20), b'x');
            all.push(b'\n');
        }
        let mut lines = input();
        let mut group = parsed(&lines[0]);
        group["settings"] = json!({"limits": {"things": 100}});
        lines[0] = group.to_string();
        all.extend_from_slice(lines.join("\n").as_bytes());
        let file = file(&server, "in.ndjson", &all);
        let rehearsed = server.say(&["import", &file, "--dry-run", "--json"]);
        let wanted: Vec<_> =
            (1..=LONG as u64).map(|line| (line, "line_too_long".to_owned())).collect();
        assert_eq!(refusals(&rehearsed), wanted, "{rehearsed:?}");
        assert_eq!(summary(&rehearsed)["stored"], lines.len(), "{rehearsed:?}");
        let said = server.say(&["import", &file, "--json"]);
        assert_eq!(said.out, rehearsed.out, "the rehearsal told the same");
    }
}
