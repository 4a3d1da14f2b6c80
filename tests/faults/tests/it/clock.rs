//! A clock that jumps by hours, forth and back, under load: the log keeps its order, ids stay
//! single, and whoever is signed in stays so.

use anyhow::{Context as _, Result, ensure};
use faults::{Engine, FakeClock, House, postgres, rounds, tell};

use crate::round::{Round, Sum};

/// Where the clock goes, in hours from the right time.
const HOURS: [i64; 5] = [5, -3, 7, -11, 0];

#[test]
fn a_clock_that_jumps_disorders_nothing_on_sqlite() -> Result<()> {
    jumps(&Engine::Sqlite)
}

#[test]
fn a_clock_that_jumps_disorders_nothing_on_postgres() -> Result<()> {
    match postgres("clock jumps over PostgreSQL")? {
        Some(engine) => jumps(&engine),
        None => Ok(()),
    }
}

fn jumps(engine: &Engine) -> Result<()> {
    let mut house = House::prepare(engine)?;
    let Some(clock) = FakeClock::of(&mut house, "a clock that jumps")? else { return Ok(()) };
    house.start()?;
    house.sign_up()?;
    // Nobody's ledger is kept of what is made to look at the clock.
    let looks = house.group()?;
    let mut sum = Sum::default();
    for _ in 0..rounds(1, 20)? {
        let round = Round::of(&mut house)?;
        let load = round.load(&house);
        let mut wanted = 0;
        for hours in HOURS {
            clock.set_hours(hours)?;
            wanted += 40;
            load.until(|counts| counts.done >= wanted)?;
            FakeClock::is_at(&house, &looks, hours)?;
            who_am_i(&house).with_context(|| format!("at {hours:+} hours"))?;
        }
        // A start in what was the future, after an end in what was the past.
        clock.set_hours(-4)?;
        FakeClock::is_at(&house, &looks, -4)?;
        load.until(|counts| counts.done >= wanted + 40)?;
        house.kill()?;
        load.end()?;
        clock.set_hours(6)?;
        house.start()?;
        FakeClock::is_at(&house, &looks, 6)?;
        sum.add(round.judge(&mut house)?);
        clock.set_hours(0)?;
        house.until_well()?;
        FakeClock::is_at(&house, &looks, 0)?;
        who_am_i(&house)?;
        house.sign_in().context("with the clock set right")?;
    }
    house.examine()?;
    house.stop()?;
    let jumps = (HOURS.len() + 3) * sum.rounds;
    tell(&format!("{jumps} jumps of the clock over {}: {}", engine.name(), sum.sentence()));
    Ok(())
}

/// The session is the one it was.
fn who_am_i(house: &House) -> Result<()> {
    let session = house.client().get("/v1/auth/get-session")?;
    ensure!(session["user"]["email"] == "ada@example.com", "the session is {session}");
    Ok(())
}
