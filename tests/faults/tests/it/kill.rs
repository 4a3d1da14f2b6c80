//! `kill -9` at random moments under load, and now and then while it starts again.

use anyhow::{Context as _, Result, ensure};
use faults::{Engine, House, Random, postgres, rounds, tell};

use crate::round::{Round, Sum};

/// Writes a round may see before its kill.
const WRITES: u64 = 250;
/// Rounds after which the engine looks at all of its file, and a new house is built.
const EXAMINED: usize = 25;

#[test]
fn what_sqlite_acknowledged_survives_kill_nine() -> Result<()> {
    killed(&Engine::Sqlite, rounds(10, 1000)?)
}

#[test]
fn what_postgres_acknowledged_survives_kill_nine() -> Result<()> {
    match postgres("kill -9 over PostgreSQL")? {
        Some(engine) => killed(&engine, rounds(5, 300)?),
        None => Ok(()),
    }
}

fn killed(engine: &Engine, rounds: usize) -> Result<()> {
    let mut random = Random::new()?;
    let seed = random.seed();
    let mut sum = Sum::default();
    let mut kills = 0;
    while sum.rounds < rounds {
        let mut house = House::open(engine)?;
        for _ in 0..EXAMINED.min(rounds - sum.rounds) {
            let round = Round::of(&mut house)?;
            let load = round.load(&house);
            let moment = random.between(1, WRITES);
            load.until(|counts| counts.done as u64 >= moment)?;
            house.kill()?;
            kills += 1;
            load.end()?;
            house.start()?;
            if random.between(0, 3) == 0 {
                // Before it has looked at anything it may have left undone.
                house.kill()?;
                kills += 1;
                house.start()?;
            }
            let found = round.judge(&mut house);
            sum.add(found.with_context(|| format!("round {}, seed {seed}", sum.rounds))?);
            house.until_well()?;
            let followed = round.followed(&house);
            followed.with_context(|| format!("round {}, seed {seed}", sum.rounds))?;
        }
        house.examine()?;
        house.stop()?;
    }
    ensure!(sum.unknown > 0, "no kill met a write that was under way (seed {seed})");
    let (name, sentence) = (engine.name(), sum.sentence());
    tell(&format!("{kills} kills at random over {name} (seed {seed}): {sentence}"));
    Ok(())
}
