//! Many changes in one request.

use anyhow::Result;
use serde_json::{Value, json};

use crate::data::{Ask, Stage, item};
use crate::options::{Engine, RunOptions};
use crate::postgres::Databases;
use crate::report::Report;
use crate::scenario::thing_fields;
use crate::stage::World;

/// Objects of a request.
const MANY: u64 = 1000;
/// Connections that write at once.
const WRITERS: u32 = 4;
/// Different requests of one kind.
const DRAWN: u64 = 20;

/// All of it on one engine.
pub(crate) async fn on_engine(
    engine: Engine,
    options: &RunOptions,
    databases: &mut Databases,
    report: &mut Report,
) -> Result<()> {
    for make in [bulk, bulk_indexed, batch, batch_mixed] {
        // Each on a database of its own: what the one before wrote would still be indexed.
        let mut stage = Stage::open(engine, options, databases, report).await?;
        let ask = make(&stage.world);
        for connections in [1, WRITERS] {
            stage.measure(&ask, None, connections, options, report).await?;
        }
        stage.house.stop().await?;
        databases.drop_all().await;
    }
    Ok(())
}

fn post(world: &World, path: &str, body: impl Fn(u64) -> String) -> Vec<Vec<u8>> {
    (0..DRAWN).map(|number| world.request("POST", path, Some(&body(number)))).collect()
}

fn lines(number: u64, line: impl Fn(u64) -> String) -> String {
    let all: Vec<String> = (number * MANY..(number + 1) * MANY).map(line).collect();
    all.join(",")
}

/// Things of a built-in type.
fn bulk(world: &World) -> Ask {
    let group = &world.group;
    let body = |number| {
        let line = |number| {
            format!(r#"{{"groupId":"{group}",{}}}"#, thing_fields(&format!("{number:016}")))
        };
        format!(r#"{{"items":[{}]}}"#, lines(number, line))
    };
    Ask::new("bulk", post(world, "/v1/things/bulk", body), MANY, |value| value["created"] == MANY)
}

/// Things of a registered type with three indexed properties.
fn bulk_indexed(world: &World) -> Ask {
    let group = &world.group;
    let body = |number| {
        let line = |number| format!(r#"{{"groupId":"{group}",{}}}"#, item(number));
        format!(r#"{{"items":[{}]}}"#, lines(number, line))
    };
    Ask::new("bulk-indexed", post(world, "/v1/things/bulk", body), MANY, |value| {
        value["created"] == MANY
    })
}

/// A thousand new things, all or none.
fn batch(world: &World) -> Ask {
    let group = &world.group;
    let body = |number| {
        let line = |number| {
            let fields = thing_fields(&format!("{number:016}"));
            format!(
                r#"{{"method":"POST","path":"/v1/things","body":{{"groupId":"{group}",{fields}}}}}"#
            )
        };
        format!(r#"{{"operations":[{}]}}"#, lines(number, line))
    };
    Ask::new("batch", post(world, "/v1/batch", body), MANY, all_done)
}

/// Pairs of things, each with a connection between them that refers to both, and a change.
fn batch_mixed(world: &World) -> Ask {
    let group = &world.group;
    let body = |_| {
        let four = |pair: u64| {
            let thing = |name: &str, kind: &str| {
                json!({ "id": format!("{name}{pair}"), "method": "POST", "path": "/v1/things",
                    "body": { "groupId": group, "type": kind, "name": name } })
            };
            let operations = [
                thing("course", "course"),
                thing("lesson", "lesson"),
                json!({ "method": "POST", "path": "/v1/connections",
                    "body": { "type": "part_of", "fromId": format!("$lesson{pair}.id"),
                        "toId": format!("$course{pair}.id") } }),
                json!({ "method": "PATCH", "path": format!("/v1/things/$course{pair}.id"),
                    "body": { "properties": { "title": "Rust for teams" } } }),
            ];
            operations.map(|one| one.to_string()).join(",")
        };
        let all: Vec<String> = (0..MANY / 4).map(four).collect();
        format!(r#"{{"operations":[{}]}}"#, all.join(","))
    };
    Ask::new("batch-mixed", post(world, "/v1/batch", body), MANY, all_done)
}

fn all_done(value: &Value) -> bool {
    value["results"].as_array().is_some_and(|results| results.len() as u64 == MANY)
}
