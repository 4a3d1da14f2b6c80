//! A PostgreSQL that is restarted under load, once in order and once as a crash, on a cluster that
//! is nobody else's.

use anyhow::Result;
use faults::{Cluster, House, rounds, tell};

use crate::round::Round;

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
    tell(&format!("{restarts} restarts of PostgreSQL: {}", round.heals(house, load)?));
    Ok(())
}
