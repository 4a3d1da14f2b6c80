//! How soon a server is back that was killed in the middle of its work: over `--rows` things, under
//! create-thing, as SIGKILL does it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::load::{self, Load};
use crate::options::{Engine, RunOptions};
use crate::postgres::Databases;
use crate::report::{Report, median_and_longest};
use crate::run::conditions;
use crate::scenario::Scenario;
use crate::server::House;
use crate::sizes::{import, rest};
use crate::stage::World;

const KILLS: usize = 5;
/// Under load before each.
const LOADED: Duration = Duration::from_secs(5);

pub(crate) async fn on_engine(
    engine: Engine,
    options: &RunOptions,
    databases: &mut Databases,
    report: &mut Report,
) -> Result<()> {
    let mut house = House::open(engine, &options.place, databases).await?;
    if !report.has_conditions() {
        conditions(engine, &house, &options.place, report).await?;
    }
    house.start().await?;
    let mut world = World::build(house.address()?).await?;
    import(&mut house, &mut world, options.rows).await?;
    rest(house.pid()).await?;
    let connections = options.connections.first().copied().unwrap_or(1);
    let (mut took, mut left) = (Vec::new(), 0);
    for _ in 0..KILLS {
        world.address = house.address()?;
        let forever = Duration::from_secs(3600);
        let load = Load { connections, warm_up: LOADED, measure: forever, pid: house.pid() };
        tokio::select! {
            outcome = load::measure(Scenario::CreateThing, &world, &load) => {
                outcome?;
                bail!("the load ended before the server was killed");
            }
            killed = async {
                tokio::time::sleep(LOADED).await;
                house.kill().await
            } => killed?,
        }
        left = left.max(bytes(&house, "sixfold.db-wal"));
        took.push(house.start().await?);
    }
    let size = bytes(&house, "sixfold.db") >> 20;
    let (median, longest) = median_and_longest(&mut took);
    let store = match engine {
        Engine::Sqlite => format!(" of {size} MiB, with up to {} MiB in its log", left >> 20),
        _ => format!(" of {} things", options.rows),
    };
    report.note(format!(
        "Killed {KILLS} times under create-thing from {connections} connections, over a database{store}: \
         ready {median:.0} ms after its start (median; longest {longest:.0} ms).",
    ));
    house.stop().await
}

fn bytes(house: &House, file: &str) -> u64 {
    let path = house.directory().join(Path::new("data").join(file));
    std::fs::metadata(path).map_or(0, |about| about.len())
}
