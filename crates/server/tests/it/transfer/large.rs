//! Rows of any size, small ones between large ones, so that no page of an export is like the one
//! before: none is left out, none comes twice, and all are in order.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{file, good, json as parsed, summary};
use crate::engines::Engine;
use crate::process::Server;

const TOP: &str = "018f0000-0000-7000-8000-0000000a0000";
const GROUPS: usize = 60;
const TYPES: usize = 150;
const THINGS: usize = 400;
const TEXTS: usize = 40;
/// Bytes of a text, nearly: as many as a page has, or more.
const MEBIBYTE: usize = (1 << 20) - 100;

fn id(kind: u32, number: usize) -> String {
    format!("018f{kind:04x}-0000-7000-8000-{number:012x}")
}

/// The younger a group is, the further up it is.
fn group(number: usize) -> String {
    id(0x5000, 1000 - number)
}

fn words(bytes: usize) -> String {
    "words ".repeat(bytes / 6)
}

/// A few of fifty are large.
fn some(number: usize, large: usize) -> String {
    words(if number % 50 < 5 { large } else { 60 })
}

fn text(number: usize) -> String {
    let bytes = if number.is_multiple_of(4) { MEBIBYTE } else { 60 };
    format!("{number}: {}", words(bytes))
}

fn lines() -> Vec<Value> {
    let top = json!({ "kind": "group", "id": TOP, "slug": "large", "name": "Large",
        "type": "business" });
    let mut lines = vec![top];
    for number in 0..GROUPS {
        let parent = if number < 20 { TOP.to_owned() } else { group(number - 20) };
        lines.push(json!({ "kind": "group", "id": group(number), "parentGroupId": parent,
            "slug": format!("large-{number:03}"), "name": "Below", "type": "business",
            "metadata": { "text": some(number, 60_000) } }));
    }
    for number in 0..TYPES {
        lines.push(json!({ "kind": "thingType", "groupId": TOP, "name": format!("t{number:03}"),
            "category": some(number, 60_000) }));
        if number.is_multiple_of(3) {
            lines.push(json!({ "kind": "thingType", "groupId": group(0),
                "name": format!("t{number:03}"), "category": format!("own {number}") }));
        }
    }
    for number in 0..THINGS {
        lines.push(json!({ "kind": "thing", "id": id(0x6000, number), "groupId": TOP,
            "type": "note", "name": format!("note {number}"),
            "properties": { "text": some(number, 200_000) } }));
    }
    for number in 0..TEXTS {
        lines.push(json!({ "kind": "knowledge", "id": id(0x7000, number), "groupId": TOP,
            "type": "document", "text": text(number) }));
    }
    lines
}

fn of(lines: &[Value], kind: &str) -> Vec<Value> {
    lines.iter().filter(|line| line["kind"] == kind).cloned().collect()
}

fn each(lines: &[Value], key: &str) -> Vec<String> {
    lines.iter().map(|line| line[key].as_str().unwrap_or_default().to_owned()).collect()
}

/// What stands in an export of it all; without its texts where it fails, which are long.
fn hold(lines: &[Value]) {
    let mut seen = BTreeSet::new();
    let groups = of(lines, "group");
    for group in &groups {
        let parent = group["parentGroupId"].as_str();
        assert!(parent.is_none_or(|parent| seen.contains(parent)), "parents come first");
        seen.insert(group["id"].as_str().expect("an id"));
    }
    assert_eq!((groups.len(), seen.len()), (GROUPS + 1, GROUPS + 1));
    let of_top: Vec<Value> = of(lines, "thingType")
        .into_iter()
        .filter(|line| line["groupId"] == groups[0]["id"])
        .collect();
    let names: Vec<String> = (0..TYPES).map(|number| format!("t{number:03}")).collect();
    assert_eq!(each(&of_top, "name"), names);
    let names: Vec<String> = (0..THINGS).map(|number| format!("note {number}")).collect();
    assert_eq!(each(&of(lines, "thing"), "name"), names);
    let texts: Vec<String> = (0..TEXTS).map(text).collect();
    assert!(each(&of(lines, "knowledge"), "text") == texts, "texts are as they were");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_any_size_are_exported_once_and_in_order() {
    let given: Vec<String> = lines().iter().map(Value::to_string).collect();
    for engine in Engine::all() {
        let source = Server::prepare(&engine).await;
        let input = file(&source, "in.ndjson", given.join("\n"));
        let said = good(source.say(&["import", &input, "--json"]));
        assert_eq!(summary(&said)["stored"], given.len());
        let whole = good(source.say(&["export"])).out;
        hold(&whole.lines().map(parsed).collect::<Vec<_>>());
        let part = good(source.say(&["export", "--group", "large"])).out;
        hold(&part.lines().map(parsed).collect::<Vec<_>>());

        // Types of a part come from above, but for those it has itself.
        let part = good(source.say(&["export", "--group", "large-000"])).out;
        let types = of(&part.lines().map(parsed).collect::<Vec<_>>(), "thingType");
        let names: Vec<String> = (0..TYPES).map(|number| format!("t{number:03}")).collect();
        assert_eq!(each(&types, "name"), names);
        for (number, kind) in types.iter().enumerate() {
            let own = kind["category"] == format!("own {number}").as_str();
            assert_eq!(own, number.is_multiple_of(3), "{}", kind["name"]);
        }

        let target = Server::prepare(&Engine::Sqlite).await;
        let moved = file(&target, "moved.ndjson", &whole);
        good(target.say(&["import", &moved]));
        assert!(good(target.say(&["export"])).out == whole, "another export");
    }
}
