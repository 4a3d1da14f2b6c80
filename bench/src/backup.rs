//! What a backup costs those who write meanwhile, and how long it takes to be back: over `--rows`
//! things, the same load alone and beside backups that follow one another, in turns.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::sync::Notify;

use crate::load::{self, Load, Outcome};
use crate::options::{Engine, RunOptions};
use crate::postgres::Databases;
use crate::report::{Report, median_and_longest};
use crate::run::conditions;
use crate::scenario::Scenario;
use crate::server::House;
use crate::sizes::{import, rest};
use crate::stage::World;

/// Loads beside backups, each between two without.
const TURNS: usize = 3;

pub(crate) async fn on_engine(
    engine: Engine,
    options: &RunOptions,
    databases: &mut Databases,
    report: &mut Report,
) -> Result<()> {
    if engine != Engine::Sqlite {
        report.note("backup: PostgreSQL is backed up with pg_dump; nothing to measure".to_owned());
        return Ok(());
    }
    let mut house = House::open(engine, &options.place, databases).await?;
    if !report.has_conditions() {
        conditions(engine, &house, &options.place, report).await?;
    }
    house.start().await?;
    let mut world = World::build(house.address()?).await?;
    import(&mut house, &mut world, options.rows).await?;
    let connections = options.connections.first().copied().unwrap_or(1);
    rest(house.pid()).await?;
    let mut alone = vec![measure(&house, &world, options, connections).await?];
    let (mut beside, mut took) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        rest(house.pid()).await?;
        let over = Notify::new();
        let (measured, made) = tokio::join!(
            async {
                let measured = measure(&house, &world, options, connections).await;
                over.notify_one();
                measured
            },
            backups(&house, &over)
        );
        beside.push(measured?);
        took.extend(made?);
        rest(house.pid()).await?;
        alone.push(measure(&house, &world, options, connections).await?);
    }
    for (name, outcomes) in [("create-thing", &alone), ("… beside backups", &beside)] {
        for outcome in outcomes {
            report.row(name, Some(options.rows), connections, outcome);
            if let Some(sample) = &outcome.sample {
                report.failure(name, sample);
            }
        }
    }
    let count = took.len();
    let (median, longest) = median_and_longest(&mut took);
    report.note(format!(
        "Backups beside create-thing add {} to its p50 and {} to its p99, each time against the \
         loads before and after; {count} of them took {median:.0} ms each (median; longest \
         {longest:.0} ms).",
        added(&alone, &beside, 0.5),
        added(&alone, &beside, 0.99),
    ));
    house.stop().await?;
    restore(&house, options.rows, report).await
}

/// What each load beside backups took longer than the mean of its two neighbours: the table grows with
/// each load, and the machine has moods of its own.
fn added(alone: &[Outcome], beside: &[Outcome], quantile: f64) -> String {
    let of = |outcome: &Outcome| outcome.latencies.value_at_quantile(quantile) as f64;
    let neighbours = alone.windows(2).map(|pair| f64::midpoint(of(&pair[0]), of(&pair[1])));
    let parts = beside.iter().zip(neighbours).map(|(one, mean)| (of(one) / mean - 1.0) * 100.0);
    parts.map(|part| format!("{part:+.1} %")).collect::<Vec<_>>().join(", ")
}

async fn measure(
    house: &House,
    world: &World,
    options: &RunOptions,
    connections: u32,
) -> Result<Outcome> {
    let load = Load {
        connections,
        warm_up: Duration::from_secs(options.warm_up),
        measure: Duration::from_secs(options.seconds),
        pid: house.pid(),
    };
    load::measure(Scenario::CreateThing, world, &load).await
}

fn folder(house: &House) -> PathBuf {
    house.directory().join("backups")
}

/// One after the other until the load is over; one that has begun comes to its end.
async fn backups(house: &House, over: &Notify) -> Result<Vec<Duration>> {
    let folder = folder(house);
    let to = text(&folder)?;
    let mut took = Vec::new();
    let ended = over.notified();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            biased;
            () = &mut ended, if !took.is_empty() => return Ok(took),
            () = std::future::ready(()) => {}
        }
        let create = ["backup", "create", "--unencrypted", "--to", to];
        took.push(house.command_run(&create).await?);
        // The newest is enough, and disks are not endless.
        for old in older(&folder)? {
            std::fs::remove_file(old)?;
        }
    }
}

fn older(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map_while(Result::ok).map(|entry| entry.path()).collect();
    all.sort();
    all.pop();
    Ok(all)
}

async fn restore(house: &House, rows: u64, report: &mut Report) -> Result<()> {
    let backup = std::fs::read_dir(folder(house))?.map_while(Result::ok).map(|entry| entry.path());
    let Some(backup) = backup.max() else { bail!("there is no backup to restore") };
    let bytes = std::fs::metadata(&backup)?.len();
    let took = house.command_run(&["backup", "restore", text(&backup)?, "--replace"]).await?;
    report.note(format!(
        "Restoring {rows} things and what else was there, from {} MiB: {:.1} s.",
        bytes >> 20,
        took.as_secs_f64()
    ));
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}
