//! A first start that is killed at each of its steps, and an upgrade that is: the next start
//! completes it.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use faults::{Engine, House, Injection, Older, is_full, postgres, strace, tell};

use crate::round::Round;

/// More calls than any first start makes.
const MOST: u64 = 5000;
/// The last step of the schema that an upgrade begins with.
const OLD: &str = "0016_copies";
/// Steps that come after it, at least.
const STEPS: usize = 5;

#[test]
fn a_first_start_on_sqlite_may_be_killed_at_each_step() -> Result<()> {
    // Each migration is a commit; then the keys are made, and moved into place.
    killed(&Engine::Sqlite, "fdatasync", &[1, 7, 30])?;
    killed(&Engine::Sqlite, "mkdir,rename,fsync", &[2])
}

#[test]
fn a_first_start_on_postgres_may_be_killed_at_each_step() -> Result<()> {
    match postgres("a first start over PostgreSQL")? {
        Some(engine) => killed(&engine, "sendto,write,writev", &[3, 20, 70]),
        None => Ok(()),
    }
}

/// Kills a first start at these calls, or in full at each until one gets through.
fn killed(engine: &Engine, calls: &str, sample: &[u64]) -> Result<()> {
    let Some(strace) = strace("a first start that is killed")? else { return Ok(()) };
    let every: Vec<u64> = if is_full()? { (1..MOST).collect() } else { sample.to_vec() };
    let (mut kills, mut through) = (0, false);
    for nth in every {
        let mut house = House::prepare(engine)?;
        through = house.start_under(&strace, &Injection::kill(calls, nth))?;
        house.kill()?;
        kills += usize::from(!through);
        completes(&mut house).with_context(|| format!("killed at {calls} no. {nth}"))?;
        if through {
            break;
        }
    }
    ensure!(kills > 0, "nothing was killed at {calls}");
    ensure!(through || !is_full()?, "no first start got through {MOST} calls");
    tell(&format!("{kills} first starts killed at {calls} over {}, all completed", engine.name()));
    Ok(())
}

#[test]
fn an_upgrade_over_data_may_be_killed_at_each_step() -> Result<()> {
    let Some(strace) = strace("an upgrade that is killed")? else { return Ok(()) };
    let mut house = House::open(&Engine::Sqlite)?;
    let round = Round::of(&mut house)?;
    let load = round.load(&house);
    load.until(|counts| counts.done >= 200)?;
    load.end()?;
    round.judge(&mut house)?;
    house.stop()?;
    let older = Older::of(&house, OLD)?;
    let every: Vec<u64> = if is_full()? { (1..MOST).collect() } else { vec![5, 9, 12] };
    let (mut kills, mut places, mut through) = (0, BTreeSet::new(), false);
    for nth in every {
        older.put(&house)?;
        through = house.start_under(&strace, &Injection::kill("fdatasync", nth))?;
        house.kill()?;
        kills += usize::from(!through);
        places.insert(older.steps_added(&house)?);
        house.start()?;
        round.judge(&mut house).with_context(|| format!("killed at sync no. {nth}"))?;
        round.followed(&house)?;
        house.until_well()?;
        house.examine()?;
        house.stop()?;
        let steps = older.steps_added(&house)?;
        ensure!(steps >= STEPS, "the upgrade has {steps} steps");
        if through {
            break;
        }
    }
    ensure!(kills > 1 && places.len() > 1, "{kills} kills after these steps: {places:?}");
    ensure!(through || !is_full()?, "no upgrade got through {MOST} syncs");
    tell(&format!("{kills} upgrades over data killed, after these steps: {places:?}"));
    Ok(())
}

/// The next start is as good as the first one would have been, and so is the one after it.
fn completes(house: &mut House) -> Result<()> {
    house.start()?;
    house.sign_up()?;
    let group = house.group()?;
    house.examine()?;
    house.stop()?;
    house.start()?;
    let kept = house.client().get(&format!("/v1/groups/{group}"))?;
    ensure!(kept["id"] == group.as_str(), "the group is {kept}");
    house.stop()
}
