//! Full-text search.

use anyhow::Result;
use serde_json::{Value, json};

use crate::data::{Ask, Stage};
use crate::ids::Dice;
use crate::options::{Engine, RunOptions};
use crate::postgres::Databases;
use crate::report::Report;
use crate::stage::World;
use crate::words;

/// Different requests of one kind.
const DRAWN: usize = 500;
/// Words that are in so many texts that nobody looks for them alone.
const COMMON: usize = 50;
/// Connections that search.
const READERS: u32 = 4;

/// All of it on one engine.
pub(crate) async fn on_engine(
    engine: Engine,
    options: &RunOptions,
    databases: &mut Databases,
    report: &mut Report,
) -> Result<()> {
    let mut stage = Stage::open(engine, options, databases, report).await?;
    stage.fill(options.documents, report).await?;
    let begin = std::time::Instant::now();
    stage.rest().await?;
    report.note(format!(
        "Indexed {} things in the background, at the earliest after {:.0} s.",
        options.documents,
        begin.elapsed().as_secs_f64()
    ));
    for ask in asks(&stage.world, options.documents) {
        for connections in [1, READERS] {
            let things = Some(options.documents);
            stage.measure(&ask, things, connections, options, report).await?;
        }
    }
    stage.house.stop().await?;
    databases.drop_all().await;
    Ok(())
}

fn asks(world: &World, documents: u64) -> Vec<Ask> {
    let mut dice = Dice::new(7);
    let found = |value: &Value| value["data"].as_array().is_some_and(|rows| !rows.is_empty());
    let mut asks = Vec::new();
    let mut push = |name, make: &mut dyn FnMut() -> (String, bool)| {
        let request = |(query, facets): (String, bool)| {
            let body = json!({ "query": query, "groupId": world.group, "facets": facets });
            world.request("POST", "/v1/knowledge/search", Some(&body.to_string()))
        };
        asks.push(Ask::new(name, (0..DRAWN).map(|_| request(make())).collect(), 1, found));
    };
    // Words from a text that is there, so that something is found.
    let mut two = || loop {
        let text = words::of_text(dice.below(documents as usize) as u64);
        let at = dice.below(words::LENGTH - 5) + 4;
        let rare = |word: &String| (0..COMMON).all(|index| words::word(index) != **word);
        if let [first, second] = &text[at..at + 2]
            && rare(first)
            && rare(second)
        {
            return (first.clone(), second.clone());
        }
    };
    push("search-word", &mut || (two().0, false));
    push("search-words", &mut || {
        let (first, second) = two();
        (format!("{first} {second}"), false)
    });
    push("search-prefix", &mut || (format!("{}*", &two().0[..4]), false));
    push("search-phrase", &mut || {
        let (first, second) = two();
        (format!("\"{first} {second}\""), false)
    });
    push("search-facets", &mut || (two().0, true));
    let mut common = Dice::new(8);
    push("search-common", &mut || (words::word(common.below(COMMON)), false));
    asks
}
