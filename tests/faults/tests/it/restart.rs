//! A PostgreSQL that is restarted under load, once in order and once as a crash, on a cluster that
//! is nobody else's.

use anyhow::{Context as _, Result, ensure};
use faults::{Cluster, House, rounds, tell};

use crate::round::{Round, Sum, told};

#[test]
fn the_server_outlives_its_postgres() -> Result<()> {
    let Some(cluster) = Cluster::start("a restart of PostgreSQL")? else { return Ok(()) };
    let mut house = House::open(&cluster.engine())?;
    let round = Round::of(&mut house)?;
    let load = round.load(&house);
    let restarts = rounds(2, 30)?;
    for (mode, _) in ["fast", "immediate"].iter().cycle().zip(0..restarts) {
        let seen = load.seen()?.done;
        load.until(|counts| counts.done >= seen + 30)?;
        cluster.restart(mode)?;
    }
    let seen = load.seen()?.done;
    load.until(|counts| counts.done >= seen + 50).context("after the last restart")?;
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
    tell(&format!("{restarts} restarts of PostgreSQL: {}; {}", told(&counts), sum.sentence()));
    Ok(())
}
