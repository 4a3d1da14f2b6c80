//! A disk that takes its time: writers wait or are turned away, readers do not wait for them, and a
//! kill in the middle of a slow sync loses nothing.

use anyhow::{Result, ensure};
use faults::{Engine, House, Injection, rounds, strace, tell};

use crate::round::{Round, Sum, told};

/// Microseconds more for each sync.
const SLOW: u64 = 150_000;

#[test]
fn a_slow_disk_slows_writers_and_loses_nothing() -> Result<()> {
    let Some(strace) = strace("a slow disk")? else { return Ok(()) };
    let mut house = House::open(&Engine::Sqlite)?;
    let mut sum = Sum::default();
    for _ in 0..rounds(1, 20)? {
        let round = Round::of(&mut house)?;
        house.stop()?;
        let injection = Injection::slow("fdatasync", SLOW);
        ensure!(house.start_under(&strace, &injection)?, "it only takes longer");
        let load = round.load(&house);
        load.until(|counts| counts.done >= 60)?;
        let mut reader = house.client();
        reader.get("/v1/ready")?;
        reader.get(&format!("/v1/things?groupId={}", round.group))?;
        house.kill()?;
        let counts = load.end()?;
        let honest = counts.statuses.keys().all(|status| *status == 503);
        ensure!(honest, "{}", told(&counts));
        house.start()?;
        sum.add(round.judge(&mut house)?);
        house.until_well()?;
    }
    house.examine()?;
    house.stop()?;
    tell(&format!("{} kills in slow syncs: {}", sum.rounds, sum.sentence()));
    Ok(())
}
