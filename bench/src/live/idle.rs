//! Connections on which nothing happens: what each costs in memory, and all in CPU.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::wire::Wire;
use crate::options::LiveOptions;
use crate::proc::{self, Snapshot};
use crate::report::Report;
use crate::scenario::visitor;
use crate::stage::World;

/// People they belong to.
const PEOPLE: u64 = 100;
/// Connected before the others, so that what is made once is not counted.
const FIRST: u32 = 64;
/// Connecting at the same time.
const TOGETHER: usize = 64;
/// How long the server is left alone before its memory is read.
const SETTLED: Duration = Duration::from_secs(3);

/// Measures it.
pub(super) async fn measure(
    world: &World,
    options: &LiveOptions,
    pid: u32,
    report: &mut Report,
) -> Result<()> {
    let mut tokens = Vec::new();
    for number in 0..PEOPLE {
        tokens.push(world.somebody(number).await?);
    }
    let token = |number: u32| tokens[number as usize % tokens.len()].clone();
    let (ended, mut cut) = mpsc::unbounded_channel();
    let mut wires = JoinSet::new();
    connect(world, 0..FIRST, token, &ended, &mut wires).await?;
    tokio::time::sleep(SETTLED).await;
    let before = Memory::of(pid)?;
    let last = FIRST + options.sockets;
    connect(world, FIRST..last, token, &ended, &mut wires).await?;
    tokio::time::sleep(SETTLED).await;
    let after = Memory::of(pid)?;
    let (start, snapshot) = (Instant::now(), Snapshot::take(Some(pid))?);
    tokio::time::sleep(Duration::from_secs(options.idle_seconds)).await;
    let elapsed = start.elapsed();
    let usage = Snapshot::take(Some(pid))?.since(&snapshot, elapsed);
    let later = Memory::of(pid)?;
    if let Ok(error) = cut.try_recv() {
        bail!("a connection was cut off: {error:#}");
    }
    let each = |now: f64, then: f64| (now - then) * 1024.0 / f64::from(options.sockets);
    report.note(format!(
        "idle: {} connections of {PEOPLE} people that listen to one topic each: resident {:.1} MB \
         before, {:.1} MB with them: {:.1} KB each (proportional {:.1} KB); after {:.0} s of \
         silence {:.1} KB each (proportional {:.1} KB); server {:.3} cores meanwhile, generator \
         {:.3} cores.",
        options.sockets,
        before.resident,
        after.resident,
        each(after.resident, before.resident),
        each(after.proportional, before.proportional),
        elapsed.as_secs_f64(),
        each(later.resident, before.resident),
        each(later.proportional, before.proportional),
        usage.server.unwrap_or_default(),
        usage.generator,
    ));
    Ok(())
}

/// Opens connections, a few at a time; each then only answers heartbeats.
async fn connect(
    world: &World,
    numbers: std::ops::Range<u32>,
    token: impl Fn(u32) -> String,
    ended: &mpsc::UnboundedSender<anyhow::Error>,
    wires: &mut JoinSet<()>,
) -> Result<()> {
    let mut opening = JoinSet::new();
    for number in numbers {
        let (address, token) = (world.address, token(number));
        opening.spawn_local(async move {
            let source = Some(visitor(number.into()));
            let mut wire = Wire::open(address, source, Some(&token)).await?;
            wire.ask(1, "subscribe", r#"{"topic":"person:me"}"#).await?;
            anyhow::Ok(wire)
        });
        if opening.len() >= TOGETHER
            && let Some(opened) = opening.join_next().await
        {
            rest(opened??, ended, wires);
        }
    }
    while let Some(opened) = opening.join_next().await {
        rest(opened??, ended, wires);
    }
    Ok(())
}

fn rest(mut wire: Wire, ended: &mpsc::UnboundedSender<anyhow::Error>, wires: &mut JoinSet<()>) {
    let ended = ended.clone();
    wires.spawn_local(async move {
        loop {
            if let Err(error) = wire.packet().await {
                let _ = ended.send(error);
                return;
            }
        }
    });
}

/// In MiB.
struct Memory {
    resident: f64,
    proportional: f64,
}

impl Memory {
    fn of(pid: u32) -> Result<Self> {
        Ok(Self { resident: proc::resident(pid)?, proportional: proc::proportional(pid)? })
    }
}
