//! A disk that takes its time: writers wait or are turned away, readers do not wait for them, and a
//! kill in the middle of a slow sync loses nothing.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use faults::{Engine, House, Injection, Load, WRITERS, rounds, strace, tell};

use crate::round::{Round, Sum, told};

/// Microseconds more for each sync.
const SLOW: u64 = 150_000;
/// Writes of a round, at least.
const WRITES: usize = 60;
/// A round may take this long: a machine that has others to serve reads less in a sync.
const PATIENCE: Duration = Duration::from_secs(180);
/// Times a reader is answered while the writer waits for a sync, at least.
const READS: usize = 5;

#[test]
fn a_slow_disk_slows_writers_and_loses_nothing() -> Result<()> {
    let Some(strace) = strace("a slow disk")? else { return Ok(()) };
    let mut house = House::open(&Engine::Sqlite)?;
    let (mut sum, mut reads) = (Sum::default(), 0);
    for _ in 0..rounds(1, 20)? {
        let round = Round::of(&mut house)?;
        house.stop()?;
        let injection = Injection::slow("fdatasync", SLOW);
        ensure!(house.start_under(&strace, &injection)?, "it only takes longer");
        let began = Instant::now();
        let load = round.load(&house);
        reads += read_meanwhile(&house, &load, &round.group)?;
        let (done, took) = (load.seen()?.done, began.elapsed());
        house.kill()?;
        // One commit answers each writer once at most, and each has a sync of its own: had none of
        // them been slow, this would be over sooner.
        let least = Duration::from_micros(SLOW) * u32::try_from(done / WRITERS)?;
        ensure!(took >= least, "{done} writes took {took:?}: their syncs were not slow");
        let counts = load.end()?;
        let honest = counts.statuses.keys().all(|status| *status == 503);
        ensure!(honest, "{}", told(&counts));
        house.start()?;
        sum.add(round.judge(&mut house)?);
        house.until_well()?;
    }
    house.examine()?;
    house.stop()?;
    let (kills, sentence) = (sum.rounds, sum.sentence());
    tell(&format!("{kills} kills in slow syncs, {reads} answers during one: {sentence}"));
    Ok(())
}

/// Reads until enough was written; how often it was answered while one and the same sync was held:
/// it was before and after, and nobody was told of a commit in between.
fn read_meanwhile(house: &House, load: &Load, group: &str) -> Result<usize> {
    let mut reader = house.client();
    reader.get("/v1/ready")?;
    let (path, mut reads) = (format!("/v1/things?groupId={group}"), 0);
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let before = load.seen()?;
        if before.writing == 0 || (before.done >= WRITES && reads >= READS) {
            break;
        }
        let held = house.is_held("sqlite-writer")?;
        reader.get(&path)?;
        let held = held && house.is_held("sqlite-writer")?;
        reads += usize::from(held && load.seen()?.done == before.done);
    }
    ensure!(reads >= READS, "only {reads} reads were answered during a sync");
    Ok(reads)
}
