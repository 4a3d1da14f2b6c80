//! A whole run: engine by engine, scenario by scenario.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::access;
use crate::backup;
use crate::identity;
use crate::jobs;
use crate::load::{self, Load};
use crate::loopback;
use crate::options::{Engine, Place, RunOptions};
use crate::overload;
use crate::postgres::{self, Databases};
use crate::proc;
use crate::queries;
use crate::recovery;
use crate::report::{Report, median_and_longest};
use crate::scenario::{Scenario, rehearse};
use crate::search;
use crate::server::House;
use crate::sizes;
use crate::stage::World;
use crate::tree;
use crate::webhook;
use crate::writes;

/// Starts that are timed.
const STARTS: usize = 5;

/// How long the server is left alone before its idle memory is read.
const IDLE: Duration = Duration::from_secs(3);

/// Connections that create the first things.
const SEED_CONNECTIONS: u32 = 32;

/// Runs what was asked for; whether every answer was the expected one.
pub(crate) async fn run(options: &RunOptions, databases: &mut Databases) -> Result<bool> {
    if !options.sizes.windows(2).all(|pair| pair[0] < pair[1]) {
        bail!("--sizes must ascend");
    }
    let mut good = true;
    if let Some(url) = &options.place.url {
        let report = on_running(loopback::parse_url(url)?, options).await?;
        return finish(&report, &options.place);
    }
    let engines = options.place.engine.engines();
    if engines.contains(&Engine::Postgres) {
        loopback::postgres_url(&options.place.postgres, None)?;
    }
    for engine in engines {
        let report = on_engine(*engine, options, databases).await?;
        good &= finish(&report, &options.place)?;
    }
    Ok(good)
}

/// Prints the table and writes the file; figures of a failed run are not a result and are only
/// printed.
pub(crate) fn finish(report: &Report, place: &Place) -> Result<bool> {
    println!("\n{}", report.table());
    if report.failed() {
        return Ok(false);
    }
    if !place.no_file {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let path = report.write(&place.out, &arguments)?;
        println!("written: {}", path.display());
    }
    Ok(true)
}

async fn on_engine(
    engine: Engine,
    options: &RunOptions,
    databases: &mut Databases,
) -> Result<Report> {
    let mut report = Report::new(engine);
    println!("— {} —", engine.name());
    if options.scenarios.iter().any(|scenario| !scenario.is_apart()) {
        let mut house = House::open(engine, &options.place, databases).await?;
        conditions(engine, &house, &options.place, &mut report).await?;
        house.start().await?;
        let mut world = World::build(house.address()?).await?;
        scenarios(options, &mut world, house.pid(), &mut report).await?;
        starts(&mut house, "after these scenarios", &mut report).await?;
        house.stop().await?;
    }
    // Dropped here so that an engine's databases never lie around while the next one is measured.
    databases.drop_all().await;
    if options.scenarios.contains(&Scenario::Sizes) {
        sizes::on_engine(engine, options, databases, &mut report).await?;
    }
    if options.scenarios.contains(&Scenario::Identity) {
        identity::on_engine(engine, options, databases, &mut report).await?;
    }
    for scenario in options.scenarios.iter().copied() {
        match scenario {
            Scenario::Queries => queries::on_engine(engine, options, databases, &mut report).await,
            Scenario::Search => search::on_engine(engine, options, databases, &mut report).await,
            Scenario::Writes => writes::on_engine(engine, options, databases, &mut report).await,
            Scenario::Tree => tree::on_engine(engine, options, databases, &mut report).await,
            Scenario::Access => access::measure(&mut report).await,
            Scenario::Jobs => jobs::on_engine(engine, options, databases, &mut report).await,
            Scenario::Backup => backup::on_engine(engine, options, databases, &mut report).await,
            Scenario::Recovery => {
                recovery::on_engine(engine, options, databases, &mut report).await
            }
            Scenario::Webhook => webhook::on_engine(engine, options, databases, &mut report).await,
            Scenario::Overload => {
                overload::on_engine(engine, options, databases, &mut report).await
            }
            _ => Ok(()),
        }?;
    }
    Ok(report)
}

async fn on_running(address: std::net::SocketAddr, options: &RunOptions) -> Result<Report> {
    let mut report = Report::new(Engine::Running);
    if options.scenarios.iter().any(|scenario| !scenario.is_apart()) {
        let mut world = World::build(address).await?;
        scenarios(options, &mut world, options.place.pid, &mut report).await?;
    }
    if options.scenarios.contains(&Scenario::Sizes) {
        sizes::on_running(address, options, &mut report).await?;
    }
    Ok(report)
}

/// Every scenario that shares a server, at every number of connections.
async fn scenarios(
    options: &RunOptions,
    world: &mut World,
    pid: Option<u32>,
    report: &mut Report,
) -> Result<()> {
    world.things = Rc::new(load::fill(world, options.seed_things, SEED_CONNECTIONS).await?);
    for scenario in options.scenarios.iter().copied().filter(|scenario| !scenario.is_apart()) {
        if scenario == Scenario::SignIn {
            world.add_accounts().await?;
            let alone = world.sign_in_alone().await?;
            report.note(format!(
                "One sign-in with nothing else going on takes {:.1} ms (median of 11): one password hash and one request.",
                alone.as_secs_f64() * 1000.0
            ));
            measure_into(scenario, None, options.sign_in_connections, options, world, pid, report)
                .await?;
            continue;
        }
        for connections in options.connections.iter().copied() {
            measure_into(scenario, None, connections, options, world, pid, report).await?;
        }
    }
    Ok(())
}

/// Rehearses one scenario, measures it and puts the row into the report.
pub(crate) async fn measure_into(
    scenario: Scenario,
    things: Option<u64>,
    connections: u32,
    options: &RunOptions,
    world: &World,
    pid: Option<u32>,
    report: &mut Report,
) -> Result<()> {
    if let Err(error) = rehearse(scenario, world).await {
        report.failure(scenario.name(), &format!("{error:#}"));
        return Ok(());
    }
    let load = Load {
        connections,
        warm_up: Duration::from_secs(options.warm_up),
        measure: Duration::from_secs(options.seconds),
        pid,
    };
    let outcome = load::measure(scenario, world, &load).await?;
    report.row(scenario.name(), things, connections, &outcome);
    if let Some(sample) = &outcome.sample {
        report.failure(
            scenario.name(),
            &format!("{} wrong answers, the first: {sample}", outcome.failures),
        );
    }
    Ok(())
}

/// Times a few starts on the database as the load has left it, then reads the memory of the idle
/// server.
pub(crate) async fn starts(house: &mut House, when: &str, report: &mut Report) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        house.stop().await?;
        times.push(house.start().await?);
    }
    let (median, longest) = median_and_longest(&mut times);
    report.note(format!(
        "start {when}: {median:.0} ms from exec to ready (median of {STARTS}, longest {longest:.0} ms)."
    ));
    tokio::time::sleep(IDLE).await;
    let memory = proc::resident(house.pid().context("the server is not running")?)?;
    report.note(format!(
        "idle {when}: {memory:.1} MB resident, {} s after such a start.",
        IDLE.as_secs()
    ));
    Ok(())
}

/// What decides how the figures read besides the machine: the disk and the database server.
pub(crate) async fn conditions(
    engine: Engine,
    house: &House,
    place: &Place,
    report: &mut Report,
) -> Result<()> {
    let sync = sync_cost(house.directory())?;
    report.fact(
        "Disk of the data directory",
        format!(
            "{}, {:.2} ms for a 4 KiB write with fdatasync (median of 100)",
            proc::file_system(house.directory()),
            sync.as_secs_f64() * 1000.0
        ),
    );
    if engine == Engine::Postgres {
        report.fact("Database server", postgres::facts(&place.postgres).await?);
    }
    for (key, _) in &place.server_env {
        report.fact("Setting changed", key.clone());
    }
    Ok(())
}

/// The median time of a small durable append: the floor under every commit.
fn sync_cost(directory: &Path) -> Result<Duration> {
    let path = directory.join("sync");
    let mut file = File::create(&path)?;
    let mut times = Vec::new();
    for _ in 0..100 {
        let begin = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    std::fs::remove_file(&path)?;
    times.sort();
    Ok(times[times.len() / 2])
}
