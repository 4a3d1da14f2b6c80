//! Lists, counts, sums and exports over very many things of one type.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::client;
use crate::data::{Ask, CATEGORIES, PRICES, STOCKS, Stage, TYPE};
use crate::ids::{Dice, EPOCH_MS};
use crate::options::{Engine, RunOptions};
use crate::postgres::Databases;
use crate::report::Report;
use crate::stage::World;

/// Different requests of one kind.
const DRAWN: usize = 500;
/// Connections that ask for pages.
const READERS: u32 = 8;
/// Rows of one export.
const EXPORTED: u64 = 50_000;

/// All of it on one engine.
pub(crate) async fn on_engine(
    engine: Engine,
    options: &RunOptions,
    databases: &mut Databases,
    report: &mut Report,
) -> Result<()> {
    let mut stage = Stage::open(engine, options, databases, report).await?;
    stage.fill(options.rows, report).await?;
    stage.rest().await?;
    let world = &stage.world;
    let things = Some(options.rows);
    for ask in pages(world).await? {
        for connections in [1, READERS] {
            stage.measure(&ask, things, connections, options, report).await?;
        }
    }
    for ask in sums(world, options.rows) {
        stage.measure(&ask, things, 1, options, report).await?;
    }
    stage.house.stop().await?;
    databases.drop_all().await;
    Ok(())
}

/// Lists of 50.
async fn pages(world: &World) -> Result<Vec<Ask>> {
    let mut dice = Dice::new(50);
    let full: fn(&Value) -> bool = |value| rows_in(value) == 50;
    let some: fn(&Value) -> bool = |value| rows_in(value) > 0;
    let mut asks = Vec::new();
    let mut push = |name, make: &mut dyn FnMut() -> String| {
        let requests = (0..DRAWN).map(|_| list(world, &make())).collect();
        // With few rows one of a thousand values may not fill a page.
        let holds = if name == "rare-sorted" { some } else { full };
        asks.push(Ask::new(name, requests, 1, holds));
    };
    let price = |dice: &mut Dice| dice.below(PRICES as usize * 9 / 10) as u64 / 100;
    push("range-sorted", &mut || {
        format!("filter=properties.price >= {}&sort=properties.price", price(&mut dice))
    });
    push("equal", &mut || {
        format!("filter=properties.category == \"category-{}\"", dice.below(CATEGORIES as usize))
    });
    push("equal-range", &mut || {
        format!(
            "filter=properties.category == \"category-{}\" %26%26 properties.price < {}",
            dice.below(CATEGORIES as usize),
            1000 + price(&mut dice)
        )
    });
    push("equal-sorted", &mut || {
        format!(
            "filter=properties.category == \"category-{}\"&sort=-properties.price",
            dice.below(CATEGORIES as usize)
        )
    });
    push("rare-sorted", &mut || {
        format!("filter=properties.stock == {}&sort=-properties.price", dice.below(STOCKS as usize))
    });
    push("updated", &mut || {
        format!("filter=properties.stock < {}&sort=-updatedAt", 500 + dice.below(500))
    });
    let cursors = cursors(world, &mut dice).await?;
    let pages = cursors
        .iter()
        .map(|cursor| list(world, &format!("sort=-properties.price&cursor={cursor}")));
    asks.insert(0, Ask::new("sorted-cursor", pages.collect(), 1, full));
    Ok(asks)
}

/// Cursors into the middle of a sorted list, as a reader who pages would have them: the place of a
/// row found by its price is a place in the list without the filter.
async fn cursors(world: &World, dice: &mut Dice) -> Result<Vec<String>> {
    let mut cursors = Vec::new();
    for _ in 0..DRAWN / 10 {
        // Cursors belong to the list they come from, so each is walked to from a random start.
        let start = (PRICES as usize / 10 + dice.below(PRICES as usize * 9 / 10)) / 100;
        let query = format!("filter=properties.price <= {start}&sort=-properties.price");
        let (_, body) = client::once(world.address, None, &list(world, &query)).await?;
        let page: Value = serde_json::from_slice(&body)?;
        let cursor = page["nextCursor"].as_str().context("a page without a next one")?;
        cursors.push(format!("{cursor}&filter=properties.price <= {start}"));
    }
    Ok(cursors)
}

/// What looks at many rows for one answer.
fn sums(world: &World, rows: u64) -> Vec<Ask> {
    let things = format!("groupId={}&type={TYPE}", world.group);
    let get = |path: &str| world.request("GET", &escaped(path), None);
    let counted = (0..CATEGORIES).map(|category| {
        list(world, &format!("filter=properties.category == \"category-{category}\"&count=exact"))
    });
    let grouped = format!(
        "/v1/things/aggregate?{things}&groupBy=properties.category\
         &metrics=count,avg(properties.price),max(properties.price)"
    );
    let few = (0..STOCKS).map(|stock| {
        get(&format!(
            "/v1/things/aggregate?{things}&filter=properties.stock == {stock}\
             &metrics=count,sum(properties.price)"
        ))
    });
    let exported = EXPORTED.min(rows);
    let windows = |format: &str| -> Vec<Vec<u8>> {
        let of = |window: u64| {
            let time = |index: u64| jiff::Timestamp::from_millisecond((EPOCH_MS + index) as i64);
            let (from, to) = (time(window * exported), time((window + 1) * exported));
            let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
            get(&format!(
                "/v1/exports?dimension=things&format={format}&{things}&from={from}&to={to}"
            ))
        };
        (0..rows / exported).map(of).collect()
    };
    vec![
        Ask::new("counted", counted.collect(), 1, |value| value["total"].as_u64() > Some(50)),
        Ask::new("aggregate", vec![get(&grouped)], 1, |value| {
            value["groups"].as_array().is_some_and(|groups| groups.len() as u64 == CATEGORIES)
        }),
        Ask::new("aggregate-few", few.collect(), 1, |value| {
            value["groups"][0]["metrics"]["count"].as_u64() > Some(1)
        }),
        // Not one JSON document: only the status is looked at.
        Ask::new("export-ndjson", windows("ndjson"), exported, |_| true),
        Ask::new("export-csv", windows("csv"), exported, |_| true),
    ]
}

fn rows_in(page: &Value) -> usize {
    page["data"].as_array().map_or(0, Vec::len)
}

fn list(world: &World, query: &str) -> Vec<u8> {
    let path = format!("/v1/things?groupId={}&type={TYPE}&limit=50&{query}", world.group);
    world.request("GET", &escaped(&path), None)
}

/// What may not stand in a request line as it is.
fn escaped(path: &str) -> String {
    path.replace(' ', "%20").replace('"', "%22").replace('<', "%3C").replace('>', "%3E")
}
