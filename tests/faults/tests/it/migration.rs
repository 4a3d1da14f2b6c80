//! A first start that is killed at each of its steps: the next one completes it.

use anyhow::{Context as _, Result, ensure};
use faults::{Engine, House, Injection, is_full, postgres, strace, tell};

/// More calls than any first start makes.
const MOST: u64 = 5000;

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
