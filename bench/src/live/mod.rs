//! Live connections: how fast what happens is told, to how many, and what a silent one costs.

mod events;
mod fan_out;
mod idle;
mod messages;
mod wire;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use crate::loopback;
use crate::options::{Engine, LiveOptions, Part};
use crate::postgres::Databases;
use crate::proc::Usage;
use crate::report::Report;
use crate::run::{conditions, finish};
use crate::server::House;
use crate::stage::{World, text};

/// What a server is told, because one person plays many here and hashes are in the way.
const SETTINGS: [(&str, &str); 7] = [
    ("SIXFOLD_LIVE_CONNECTIONS_PER_PERSON", "100000"),
    ("SIXFOLD_LIVE_MAX_CONNECTIONS", "100000"),
    ("SIXFOLD_LIVE_MESSAGES_PER_MINUTE", "0"),
    ("SIXFOLD_LIMITS_LIVE_PER_MINUTE", "0"),
    ("SIXFOLD_WEB_MAX_CONNECTIONS", "100000"),
    ("SIXFOLD_IDENTITY_ARGON2_MEMORY_KIB", "64"),
    ("SIXFOLD_SERVER_LOG_LEVEL", "warn"),
];

/// Runs what was asked for; whether everything was answered as expected.
pub(crate) async fn run(options: &LiveOptions, databases: &mut Databases) -> Result<bool> {
    let most = options.listeners.max(options.speakers).max(options.sockets);
    allow_files(u64::from(most) + 1000)?;
    if let Some(url) = &options.place.url {
        if options.parts != [Part::FanOut] {
            bail!("with --url only --parts fan-out is measured");
        }
        let address = loopback::parse_url(url)?;
        let mut report = Report::new(Engine::Running);
        let place = fan_out::Place { address, token: None, room: "bench" };
        fan_out::measure(&place, options, options.place.pid, &mut report).await?;
        return finish(&report, &options.place);
    }
    let mut good = true;
    for engine in options.place.engine.engines() {
        let mut report = Report::new(*engine);
        println!("— {} —", engine.name());
        for part in &options.parts {
            // Each on a server of its own, so that none inherits another's memory.
            let mut house = House::open(*engine, &options.place, databases).await?;
            for (key, value) in SETTINGS {
                house.set(key, value);
            }
            if !report.has_conditions() {
                conditions(*engine, &house, &options.place, &mut report).await?;
            }
            house.start().await?;
            let world = World::build(house.address()?).await?;
            let pid = house.pid().context("the server is not running")?;
            match part {
                Part::FanOut => {
                    let room = room(&world).await?;
                    let place = fan_out::Place {
                        address: world.address,
                        token: Some(world.token()),
                        room: &room,
                    };
                    fan_out::measure(&place, options, Some(pid), &mut report).await
                }
                Part::Messages => messages::measure(&world, options, pid, &mut report).await,
                Part::Events => events::measure(&world, options, pid, &mut report).await,
                Part::Idle => idle::measure(&world, options, pid, &mut report).await,
            }?;
            house.stop().await?;
            databases.drop_all().await;
        }
        good &= finish(&report, &options.place)?;
    }
    Ok(good)
}

/// A new room; its id.
async fn room(world: &World) -> Result<String> {
    let room = json!({ "groupId": world.group, "type": "conversation", "name": "Measured" });
    text(&world.ask("POST", "/v1/things", Some(&room), 201).await?, "id")
}

/// Each connection is a file, here and in the server that is started from here.
fn allow_files(count: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= count) {
        return Ok(());
    }
    if limit.maximum.is_some_and(|maximum| maximum < count) {
        bail!("{count} open files are needed: raise the limit (ulimit -Hn), or ask for less");
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(count), ..limit })
        .context("could not raise the limit of open files")
}

/// Latencies in microseconds, up to a minute.
fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

fn record(latencies: &mut Histogram<u64>, time: Duration) {
    latencies.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
}

/// The usual percentiles in words.
fn spread(latencies: &Histogram<u64>) -> String {
    let ms = |quantile| latencies.value_at_quantile(quantile) as f64 / 1000.0;
    format!("p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms", ms(0.5), ms(0.99), ms(1.0))
}

/// What it cost in words; `each` and `count` name what the server's time is divided by.
fn cost(usage: &Usage, elapsed: Duration, each: &str, count: u64) -> String {
    let server = usage.server.map_or_else(String::new, |cores| {
        let micros = cores * elapsed.as_secs_f64() * 1e6 / count.max(1) as f64;
        format!("server {cores:.2} cores ({micros:.1} µs of CPU per {each}), ")
    });
    format!("{server}generator {:.2} cores, machine {:.2} cores", usage.generator, usage.machine)
}
