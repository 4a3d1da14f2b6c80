//! The security policy as a table: every operation of the served API description × who asks →
//! status. `access.txt` is what was read and found right; a changed answer is a diff in review.
//!
//! After a change of policy run this with `SIXFOLD_TEST_UPDATE=1` and read the diff of the table.

mod recipes;
mod scene;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use crate::edge::operations;
use crate::engines::{Engine, variable};
use crate::people::{Answer, Person};
use crate::stage::{Stage, alone_on_both};
use recipes::Ask;
use scene::{INSIDE, MARKER, PRIVATE, Scene};

/// The columns: who asks, and which words they must never be answered. `former` was a member of
/// Acme, `invited` has not accepted yet, and `below` owns a group below Acme and is nobody at Acme.
const WHO: [(&str, &[&str]); 12] = [
    ("nobody", &[MARKER]),
    ("carol", &[MARKER]),
    ("former", &[MARKER]),
    ("invited", &[INSIDE, PRIVATE]),
    ("below", &[MARKER]),
    ("vera", &[INSIDE, PRIVATE]),
    ("bob", &[PRIVATE]),
    ("alice", &[]),
    ("root", &[]),
    ("foreign-key", &[MARKER]),
    ("reading-key", &[]),
    ("empty-key", &[MARKER]),
];
/// Who must never be answered an id of what is at Acme, either.
const OUTSIDE: [&str; 7] =
    ["nobody", "carol", "former", "invited", "below", "foreign-key", "empty-key"];

type Table = BTreeMap<String, [u16; WHO.len()]>;

fn everybody(stage: &Stage, scene: &Scene) -> [Person; WHO.len()] {
    [
        stage.nobody(),
        stage.carol(),
        scene.former.fresh(),
        scene.invited.fresh(),
        scene.below.fresh(),
        stage.vera(),
        stage.bob(),
        stage.alice(),
        stage.root(),
        scene.foreign_key.fresh(),
        scene.reading_key.fresh(),
        scene.empty_key.fresh(),
    ]
}

#[tokio::test]
async fn everybody_gets_what_the_policy_says() {
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/access.txt");
    alone_on_both(async |stage| {
        let text = render(&ask_everything(&stage).await);
        // One engine writes, the other compares: there is one policy.
        if stage.engine == Engine::Sqlite && variable("SIXFOLD_TEST_UPDATE").is_some() {
            std::fs::write(committed, &text).expect("the table can be written");
        }
        let expected = std::fs::read_to_string(committed).unwrap_or_default();
        assert!(
            text == expected,
            "{}: the answers are not those of tests/it/access.txt (- table, + answered):\n{}\
             If the new ones are right, run this test with SIXFOLD_TEST_UPDATE=1.",
            stage.engine.name(),
            diff(&expected, &text)
        );
    })
    .await;
}

async fn ask_everything(stage: &Stage) -> Table {
    let scene = Scene::set(stage).await;
    let people = everybody(stage, &scene);
    let document = stage.nobody().get("/openapi.json").await.was(200).json();
    let mut table = Table::new();
    for (method, path) in operations(&document) {
        let about = &document["paths"][&path][method.as_str().to_lowercase()];
        let name = about["operationId"].as_str().unwrap_or_default();
        for (column, person) in people.iter().enumerate() {
            let asks = recipes::of(&scene, person, name).await.unwrap_or_else(|| {
                panic!(
                    "{method} {path} has no row in the security policy: add `{name}` to \
                     tests/it/access/recipes.rs, saying what is asked about which object, run \
                     this test with SIXFOLD_TEST_UPDATE=1 and read the new line of access.txt"
                )
            });
            assert!(!asks.is_empty(), "the recipe of {name} asks nothing");
            for ask in asks {
                let answer = send(person, &method, &path, &ask).await;
                let row = format!("{method} {path}{}", ask.about());
                assert!(answer.status < 500, "{row} by {}: {answer:?}", WHO[column].0);
                keeps_quiet(&scene, column, &row, &ask, &answer);
                table.entry(row).or_default()[column] = answer.status;
            }
        }
    }
    table
}

async fn send(person: &Person, method: &Method, path: &str, ask: &Ask) -> Answer {
    let person = ask.by.as_ref().unwrap_or(person);
    let mut parts = std::iter::once(ask.id.as_str()).chain(ask.part.split('/'));
    let path: Vec<&str> = path
        .split('/')
        .map(|step| if step.starts_with('{') { parts.next().unwrap_or_default() } else { step })
        .collect();
    let path = format!("{}{}", path.join("/"), ask.query);
    let mut request = person.request(method.clone(), &path);
    if let Some(body) = &ask.body {
        request = request.json(body);
    }
    if let Some((kind, text)) = &ask.text {
        request = request.header(CONTENT_TYPE, *kind).body(text.clone());
    }
    person.send(request).await
}

/// Nothing foreign is in an answer: no word, and no id, of what the caller may not see.
fn keeps_quiet(scene: &Scene, column: usize, row: &str, ask: &Ask, answer: &Answer) {
    if ask.tells_all {
        return;
    }
    let (who, words) = WHO[column];
    let told = format!("{:?}\n{}", answer.headers, answer.text);
    for word in words {
        assert!(!told.contains(word), "{row} tells {who} `{word}`: {answer:?}");
    }
    if !OUTSIDE.contains(&who) {
        return;
    }
    // What they said themselves may be said back; who is below is told below what, who is invited
    // where to and by whom, and who was there keeps what was told while they were.
    let mut said = format!("{} {} {} {:?}", ask.id, ask.part, ask.query, ask.body);
    if matches!(who, "invited" | "former" | "below") {
        said.push_str(&scene.acme);
    }
    if who == "invited" {
        said.push_str(&scene.invitation);
    }
    if matches!(who, "invited" | "former") {
        said.push_str(&scene.alice.id);
        said.push_str(&scene.alice.email);
    }
    for id in scene.ids.borrow().iter().filter(|id| !said.contains(id.as_str())) {
        assert!(!told.contains(id.as_str()), "{row} tells {who} {id}: {answer:?}");
    }
}

fn render(table: &Table) -> String {
    let wide = table.keys().map(|row| row.chars().count()).max().unwrap_or_default();
    let mut text = format!("{:wide$}", "");
    for (who, _) in WHO {
        let _ = write!(text, "  {who}");
    }
    text.push('\n');
    for (row, statuses) in table {
        let _ = write!(text, "{row:wide$}");
        for ((who, _), status) in WHO.iter().zip(statuses) {
            let _ = write!(text, "  {status:>width$}", width = who.len());
        }
        text.push('\n');
    }
    text
}

/// The lines that are in one only. Rows are sorted and named, so no more is needed.
fn diff(old: &str, new: &str) -> String {
    let mut text = String::new();
    for line in old.lines().filter(|line| !new.lines().any(|other| other == *line)) {
        let _ = writeln!(text, "- {line}");
    }
    for line in new.lines().filter(|line| !old.lines().any(|other| other == *line)) {
        let _ = writeln!(text, "+ {line}");
    }
    text
}
