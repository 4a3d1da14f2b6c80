//! Connections to PostgreSQL that are cut, again and again, under load: those who were using them
//! are told, and the next ones are opened.

use anyhow::{Context as _, Result, ensure};
use faults::{House, postgres, rounds, tell};

use crate::round::{Round, Sum, told};

#[test]
fn connections_that_are_cut_are_opened_again() -> Result<()> {
    let Some(engine) = postgres("connections that are cut")? else { return Ok(()) };
    let mut house = House::open(&engine)?;
    let round = Round::of(&mut house)?;
    let load = round.load(&house);
    let cuts = rounds(15, 500)?;
    for _ in 0..cuts {
        // Between two cuts something must succeed: otherwise it does not recover.
        let seen = load.seen()?.done;
        load.until(|counts| counts.done >= seen + 10)?;
        house.database().context("a database")?.cut()?;
    }
    let seen = load.seen()?.done;
    load.until(|counts| counts.done >= seen + 50)?;
    let counts = load.end()?;
    let honest = counts.statuses.keys().all(|status| matches!(status, 500 | 503));
    ensure!(honest, "{}", told(&counts));
    ensure!(!house.has_ended()?, "the server is gone: {}", house.told());
    house.until_well()?;
    house.kill()?;
    house.start()?;
    let mut sum = Sum::default();
    sum.add(round.judge(&mut house)?);
    house.examine()?;
    house.stop()?;
    tell(&format!("{cuts} times all connections cut: {}; {}", told(&counts), sum.sentence()));
    Ok(())
}
