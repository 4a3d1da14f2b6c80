//! Connections to PostgreSQL that are cut, again and again, under load: those who were using them
//! are told, and the next ones are opened.

use anyhow::{Context as _, Result};
use faults::{House, postgres, rounds, tell};

use crate::round::Round;

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
    tell(&format!("{cuts} times all connections cut: {}", round.heals(house, load)?));
    Ok(())
}
