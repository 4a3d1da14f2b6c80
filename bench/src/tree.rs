//! The same requests in a flat tenant before and after somebody else has grown a tree of very many
//! groups beside it, and requests inside of that tree.

use std::io::Write as _;
use std::rc::Rc;

use anyhow::Result;
use serde_json::{Value, json};

use crate::data::{Ask, Stage};
use crate::ids::numbered;
use crate::load;
use crate::options::{Engine, RunOptions};
use crate::postgres::Databases;
use crate::report::Report;
use crate::run::measure_into;
use crate::scenario::{Scenario, thing_fields};

/// Levels of the tree below its root.
const DEPTH: u64 = 50;
/// Connections.
const READERS: u32 = 8;
/// Things in the deepest group.
const THINGS: u64 = 1000;
/// Reads first: what the measured creates add is no part of the comparison.
const MEASURED: [Scenario; 4] =
    [Scenario::Session, Scenario::GetThing, Scenario::List50, Scenario::CreateThing];

/// All of it on one engine.
pub(crate) async fn on_engine(
    engine: Engine,
    options: &RunOptions,
    databases: &mut Databases,
    report: &mut Report,
) -> Result<()> {
    let mut stage = Stage::open(engine, options, databases, report).await?;
    stage.world.things = Rc::new(load::fill(&stage.world, options.seed_things, READERS).await?);
    flat(&stage, "without the tree", options, report).await?;
    let groups = options.groups;
    let root = json!({ "name": "Tree", "slug": format!("tree-{:016x}", stage.world.run),
        "type": "organization" });
    let root = stage.world.ask("POST", "/v1/groups", Some(&root), 201).await?;
    let root = root["id"].as_str().unwrap_or_default().to_owned();
    let run = stage.world.run;
    let time = stage
        .import(|out, _| {
            for number in 0..groups {
                let parent = match parent(number) {
                    Some(parent) => numbered("group", parent),
                    None => root.clone(),
                };
                let id = numbered("group", number);
                let group = json!({ "kind": "group", "id": id, "parentGroupId": parent,
                    "slug": format!("g{:010x}-{number}", run >> 24), "name": "Branch",
                    "type": "organization" });
                writeln!(out, "{group}")?;
            }
            let deepest = numbered("group", DEPTH - 1);
            for number in 0..THINGS {
                let (id, fields) =
                    (numbered("thing", number), thing_fields(&format!("{number:016}")));
                writeln!(out, r#"{{"kind":"thing","id":"{id}","groupId":"{deepest}",{fields}}}"#)?;
            }
            Ok(())
        })
        .await?;
    report.note(format!(
        "{groups} groups in a tree {DEPTH} deep were imported in {:.1} s.",
        time.as_secs_f64()
    ));
    flat(&stage, "beside the tree", options, report).await?;
    let list = |group: &str, more: &str| {
        let path = format!("/v1/things?groupId={group}&limit=50{more}");
        vec![stage.world.request("GET", &path, None)]
    };
    let full = |value: &Value| value["data"].as_array().is_some_and(|rows| rows.len() == 50);
    let deepest = numbered("group", DEPTH - 1);
    for ask in [
        Ask::new("list-50 at the bottom", list(&deepest, ""), 1, full),
        Ask::new("list-50 of the whole tree", list(&root, "&includeChildren=true"), 1, full),
    ] {
        stage.measure(&ask, None, READERS, options, report).await?;
    }
    stage.house.stop().await?;
    databases.drop_all().await;
    Ok(())
}

/// Number `number` is below the one before until the bottom is reached; then the next branch
/// starts at the root.
fn parent(number: u64) -> Option<u64> {
    if number.is_multiple_of(DEPTH) { None } else { Some(number - 1) }
}

async fn flat(stage: &Stage, when: &str, options: &RunOptions, report: &mut Report) -> Result<()> {
    stage.rest().await?;
    report.note(format!("The flat tenant {when}: the next {} rows.", MEASURED.len()));
    for scenario in MEASURED {
        let pid = stage.house.pid();
        measure_into(scenario, None, READERS, options, &stage.world, pid, report).await?;
    }
    Ok(())
}
