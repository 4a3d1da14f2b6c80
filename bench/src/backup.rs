//! What a backup costs those who write meanwhile, and how long it takes to be back: over `--rows`
//! things, the same load once alone and once beside backups that follow one another.

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
    let alone = measure(&house, &world, options, connections).await?;
    report.row("create-thing", Some(options.rows), connections, &alone);
    rest(house.pid()).await?;
    let over = Notify::new();
    let (beside, made) = tokio::join!(
        async {
            let measured = measure(&house, &world, options, connections).await;
            over.notify_one();
            measured
        },
        backups(&house, &over)
    );
    let (beside, mut took) = (beside?, made?);
    report.row("… beside backups", Some(options.rows), connections, &beside);
    for (name, outcome) in [("create-thing", &alone), ("… beside backups", &beside)] {
        if let Some(sample) = &outcome.sample {
            report.failure(name, sample);
        }
    }
    let added = |quantile: f64| {
        let of = |outcome: &Outcome| outcome.latencies.value_at_quantile(quantile) as f64;
        (of(&beside) / of(&alone) - 1.0) * 100.0
    };
    let count = took.len();
    let (median, longest) = median_and_longest(&mut took);
    report.note(format!(
        "Backups beside create-thing add {:+.1} % to its p50 and {:+.1} % to its p99; {count} of them \
         took {median:.0} ms each (median; longest {longest:.0} ms).",
        added(0.5),
        added(0.99),
    ));
    house.stop().await?;
    restore(&house, options.rows, report).await
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
