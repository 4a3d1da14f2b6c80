//! The same questions at ten thousand, a hundred thousand and a million things.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::ids::{IdPool, thing_id};
use crate::load;
use crate::options::{Engine, Fill, RunOptions};
use crate::postgres::Databases;
use crate::proc::Snapshot;
use crate::report::Report;
use crate::run::{conditions, measure_into, starts};
use crate::scenario::{Scenario, thing_fields};
use crate::server::House;
use crate::stage::World;

/// Reads first: what the measured creates add must not change the size the reads are measured at.
const MEASURED: [Scenario; 3] = [Scenario::GetThing, Scenario::List50, Scenario::CreateThing];

/// Ids kept for `get-thing`, spread evenly over the table: enough to reach all of it, few enough to
/// stay small.
const KEPT: u64 = 200_000;

/// Connections that create things when there is no import.
const FILLING_CONNECTIONS: u32 = 128;

/// Measures every size on a database of its own.
pub(crate) async fn on_engine(
    engine: Engine,
    options: &RunOptions,
    databases: &mut Databases,
    report: &mut Report,
) -> Result<()> {
    for size in options.sizes.iter().copied() {
        let mut house = House::open(engine, &options.place, databases).await?;
        if !report.has_conditions() {
            conditions(engine, &house, &options.place, report).await?;
        }
        house.start().await?;
        let mut world = World::build(house.address()?).await?;
        if options.fill == Fill::Import {
            let time = import(&mut house, &mut world, size).await?;
            tell(report, size, "sixfold import", time);
        } else {
            post(&mut world, size, report).await?;
        }
        measure(size, options, &world, house.pid(), report).await?;
        starts(&mut house, &format!("at {size} things and those create-thing added"), report)
            .await?;
        house.stop().await?;
        databases.drop_all().await;
    }
    Ok(())
}

/// Measures every size in a group of its own on a server that is not ours; earlier sizes stay in
/// its database.
pub(crate) async fn on_running(
    address: SocketAddr,
    options: &RunOptions,
    report: &mut Report,
) -> Result<()> {
    for size in options.sizes.iter().copied() {
        let mut world = World::build(address).await?;
        post(&mut world, size, report).await?;
        measure(size, options, &world, options.place.pid, report).await?;
    }
    Ok(())
}

async fn measure(
    size: u64,
    options: &RunOptions,
    world: &World,
    pid: Option<u32>,
    report: &mut Report,
) -> Result<()> {
    rest(pid).await?;
    let connections = options.connections.first().copied().unwrap_or(1);
    for scenario in MEASURED {
        measure_into(scenario, Some(size), connections, options, world, pid, report).await?;
    }
    Ok(())
}

/// Waits, half an hour at most, until the server does nothing for a few seconds: what it still does
/// with the fill (indexing) would be measured with the requests. A million things take minutes.
pub(crate) async fn rest(pid: Option<u32>) -> Result<()> {
    const STEP: Duration = Duration::from_secs(1);
    const STEPS: u32 = 1800;
    const BUSY_CORES: f64 = 0.05;
    /// On a machine with other work one quiet second may be a server that was not let.
    const QUIET: u32 = 3;
    let mut quiet = 0;
    for _ in 0..STEPS {
        let before = Snapshot::take(pid)?;
        let begin = Instant::now();
        tokio::time::sleep(STEP).await;
        let usage = Snapshot::take(pid)?.since(&before, begin.elapsed());
        let Some(cores) = usage.server else { return Ok(()) };
        quiet = if cores < BUSY_CORES { quiet + 1 } else { 0 };
        if quiet == QUIET {
            return Ok(());
        }
    }
    println!("the server was still busy with the fill when it was measured");
    Ok(())
}

async fn post(world: &mut World, size: u64, report: &mut Report) -> Result<()> {
    let begin = Instant::now();
    world.things = Rc::new(load::fill(world, size, FILLING_CONNECTIONS).await?);
    tell(report, size, "POST /v1/things", begin.elapsed());
    Ok(())
}

/// Stops the server, imports `size` things into the world's group, and starts the server again.
pub(crate) async fn import(house: &mut House, world: &mut World, size: u64) -> Result<Duration> {
    house.stop().await?;
    let file = house.directory().join("things.ndjson");
    write(&file, &world.group, size).context("could not write the file to import")?;
    let time = house.import(&file).await?;
    std::fs::remove_file(&file)?;
    house.start().await?;
    world.address = house.address()?;
    world.things = Rc::new(imported(size));
    // New things take the numbers after the imported ones.
    world.numbers.set(size);
    Ok(time)
}

fn write(file: &Path, group: &str, size: u64) -> Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    for number in 0..size {
        let id = thing_id(number);
        let fields = thing_fields(&format!("{number:016}"));
        writeln!(out, r#"{{"kind":"thing","id":"{id}","groupId":"{group}",{fields}}}"#)?;
    }
    out.flush()?;
    Ok(())
}

/// Ids of imported things, evenly spread over all `size` of them.
fn imported(size: u64) -> IdPool {
    let kept = size.min(KEPT);
    let mut pool = IdPool::default();
    for index in 0..kept {
        pool.push(thing_id(index * size / kept).as_bytes());
    }
    pool
}

fn tell(report: &mut Report, size: u64, how: &str, time: Duration) {
    let seconds = time.as_secs_f64();
    report.note(format!(
        "Filled with {size} things by {how}: {seconds:.1} s, {:.0} things/s.",
        size as f64 / seconds
    ));
}

#[cfg(test)]
#[path = "sizes_tests.rs"]
mod tests;
