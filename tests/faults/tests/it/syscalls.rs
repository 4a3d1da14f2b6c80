//! `kill -9` instead of a chosen call of the system: at the n-th sync, write or answer, which no
//! moment chosen by chance meets as exactly.

use anyhow::{Context as _, Result, ensure};
use faults::{Engine, House, Injection, Random, postgres, rounds, strace, tell};

use crate::round::{Round, Sum};

/// Writes after which a round ends whose call was not reached.
const ENOUGH: usize = 600;
/// Rounds of a set of calls beside those that are asked for, until one of them comes to its call.
const MORE: usize = 6;

#[test]
fn what_sqlite_acknowledged_survives_a_kill_at_any_call() -> Result<()> {
    // Commits and the folding of the log; its frames and the pages it is folded into; the end of a
    // log; answers.
    let calls = [("fdatasync", 80), ("pwrite64", 400), (LOG_ENDS, 4), (ANSWERS, 300)];
    killed(&Engine::Sqlite, &calls, rounds(1, 40)?)
}

#[test]
fn what_postgres_acknowledged_survives_a_kill_at_any_call() -> Result<()> {
    match postgres("kill -9 at calls over PostgreSQL")? {
        // What is said to the database, and what to clients.
        Some(engine) => killed(&engine, &[(ANSWERS, 600)], rounds(3, 100)?),
        None => Ok(()),
    }
}

/// Some of these only happen at a start.
const LOG_ENDS: &str = "ftruncate,unlink";
/// Everything that says something to somebody.
const ANSWERS: &str = "write,writev,sendto,sendmsg";

/// For each set of calls so many rounds, each at another of its first so many calls; and a few more,
/// should none of them have come to its call while others wrote.
fn killed(engine: &Engine, calls: &[(&str, u64)], rounds: usize) -> Result<()> {
    let Some(strace) = strace("kill -9 at chosen calls")? else { return Ok(()) };
    let mut random = Random::new()?;
    let seed = random.seed();
    let mut sum = Sum::default();
    let (mut starting, mut loaded) = (0, 0);
    let mut house = House::open(engine)?;
    for (calls, most) in calls {
        let met = |starting, loaded| if *calls == LOG_ENDS { starting + loaded } else { loaded };
        let (before, mut most) = (met(starting, loaded), *most);
        for number in 0..rounds + MORE {
            if number >= rounds && met(starting, loaded) > before {
                break;
            }
            let reached = starting + loaded;
            let nth = random.between(1, most);
            let round = Round::of(&mut house)?;
            house.stop()?;
            if house.start_under(&strace, &Injection::kill(calls, nth))? {
                let load = round.load(&house);
                load.until(|counts| counts.done >= ENOUGH)?;
                if load.end()?.lost > 0 {
                    house.until_killed()?;
                    loaded += 1;
                }
                house.kill()?;
            } else {
                starting += 1;
            }
            house.start()?;
            let found = round.judge(&mut house);
            sum.add(found.with_context(|| format!("at {calls} no. {nth}, seed {seed}"))?);
            house.until_well()?;
            if starting + loaded == reached {
                // Each thread counts its own calls, and none has made as many.
                most = (nth / 2).max(1);
            }
        }
        let reached = met(starting, loaded) > before;
        ensure!(reached, "no {calls} was reached under load (seed {seed})");
    }
    house.examine()?;
    house.stop()?;
    let (name, sentence) = (engine.name(), sum.sentence());
    tell(&format!(
        "{loaded} kills at calls under load and {starting} while starting over {name} (seed {seed}): \
         {sentence}"
    ));
    Ok(())
}
