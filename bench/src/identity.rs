//! What signing in costs whoever does it, whoever does not exist, and everybody else.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::client::{self, Client};
use crate::load;
use crate::options::{Engine, RunOptions};
use crate::postgres::Databases;
use crate::proc;
use crate::report::Report;
use crate::run::{conditions, measure_into};
use crate::scenario::{Scenario, clip, visitor};
use crate::server::House;
use crate::stage::{World, render};

/// Sign-ins with a wrong password, half of them for accounts that do not exist.
const GUESSES: usize = 400;
/// Sign-ins that queue at once.
const STORM: u64 = 100;
/// Reads measured without and with that storm.
const READS: usize = 400;
/// Sessions whose memory is measured.
const SESSIONS: u64 = 10_000;
/// Makes hashes cheap where they are only in the way.
const CHEAP: (&str, &str) = ("SIXFOLD_IDENTITY_ARGON2_MEMORY_KIB", "64");

/// Everything on one engine.
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
    world.add_accounts().await?;
    throughput(&world, house.pid(), options, report).await?;
    known_and_unknown(&world, report).await?;
    world.things = Rc::new(load::fill(&world, options.seed_things, 32).await?);
    storm(&world, report).await?;
    for scenario in [Scenario::NoSession, Scenario::Session] {
        for connections in options.connections.iter().copied() {
            measure_into(scenario, None, connections, options, &world, house.pid(), report).await?;
        }
    }
    house.stop().await?;
    databases.drop_all().await;
    memory(engine, options, databases, report).await
}

/// Sign-ins per second beside what the cores could do if they did nothing but hash.
async fn throughput(
    world: &World,
    pid: Option<u32>,
    options: &RunOptions,
    report: &mut Report,
) -> Result<()> {
    let (one, all) = (hashes_per_second(1)?, hashes_per_second(cores())?);
    report.note(format!(
        "One Argon2id hash with the default cost takes {:.1} ms on one core; {} cores at once make \
         {all:.1} hashes/s.",
        1000.0 / one,
        cores()
    ));
    let connections = options.sign_in_connections;
    measure_into(Scenario::SignIn, None, connections, options, world, pid, report).await
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Hashes a second in so many threads, with the parameters the server has by default.
fn hashes_per_second(threads: usize) -> Result<f64> {
    const HASHES: u32 = 40;
    let params = argon2::Params::new(19_456, 2, 1, None).map_err(|error| anyhow::anyhow!(error))?;
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let params = params.clone();
            scope.spawn(move || {
                let argon2 = argon2::Argon2::new(
                    argon2::Algorithm::Argon2id,
                    argon2::Version::V0x13,
                    params,
                );
                let mut memory = vec![argon2::Block::default(); argon2.params().block_count()];
                let mut out = [0; 32];
                for _ in 0..HASHES {
                    let done = argon2.hash_password_into_with_memory(
                        b"analytical engine",
                        b"sixteen bytes ok",
                        &mut out,
                        &mut memory,
                    );
                    assert!(done.is_ok(), "the parameters were accepted above");
                }
            });
        }
    });
    Ok(f64::from(HASHES) * threads as f64 / begin.elapsed().as_secs_f64())
}

/// The time a wrong password takes for an account that exists and for one that does not, in turn.
async fn known_and_unknown(world: &World, report: &mut Report) -> Result<()> {
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..GUESSES {
        let unknown = number % 2;
        let account = &world.accounts[number % world.accounts.len()];
        let email = match unknown {
            0 => account.email.clone(),
            // As long as the others, so that reading it costs the same.
            _ => account.email.replacen('m', "n", 1),
        };
        let body = serde_json::json!({ "email": email, "password": "Wrong-0123456789abcdef" });
        let request =
            render(world.address, "POST", "/v1/auth/sign-in/email", None, Some(&body.to_string()));
        let source = Some(visitor(take(&world.visitors)));
        let begin = Instant::now();
        let (status, body) = client::once(world.address, source, &request).await?;
        times[unknown].push(begin.elapsed());
        if status != 401 {
            bail!("a wrong password was answered with {status}: {}", clip(&text(&body)));
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort();
        (millis(times[times.len() / 2]), millis(times[times.len() * 9 / 10]))
    });
    report.note(format!(
        "A wrong password takes {:.2} ms (p90 {:.2}) for a known account and {:.2} ms (p90 {:.2}) \
         for an unknown one ({GUESSES} tries, in turn).",
        known.0, known.1, unknown.0, unknown.1
    ));
    Ok(())
}

/// What a reader notices of a hundred people signing in at once.
async fn storm(world: &World, report: &mut Report) -> Result<()> {
    let quiet = reads(world, None).await?;
    let mut queue = JoinSet::new();
    let left = Rc::new(Cell::new(true));
    let requests = Rc::new(crate::scenario::sign_in_requests(world)?);
    for number in 0..STORM {
        let (address, requests, left) = (world.address, requests.clone(), left.clone());
        let source = visitor(take(&world.visitors));
        queue.spawn_local(async move {
            let mut answered = 0_u64;
            while left.get() {
                let request = &requests[number as usize % requests.len()];
                // Refused for being too many (503) is an answer too.
                if client::once(address, Some(source), request).await.is_err() {
                    break;
                }
                answered += 1;
            }
            answered
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let busy = reads(world, Some(Duration::from_millis(2))).await?;
    left.set(false);
    let mut answered = 0;
    while let Some(done) = queue.join_next().await {
        answered += done?;
    }
    report.note(format!(
        "Reading a thing takes p50 {:.2} ms, p99 {:.2} ms with nothing else going on, and p50 \
         {:.2} ms, p99 {:.2} ms while {STORM} people sign in at once ({answered} sign-ins answered \
         meanwhile).",
        at(&quiet, 0.5),
        at(&quiet, 0.99),
        at(&busy, 0.5),
        at(&busy, 0.99),
    ));
    Ok(())
}

/// Latencies of one reader, in microseconds.
async fn reads(world: &World, pause: Option<Duration>) -> Result<Histogram<u64>> {
    let mut latencies = Histogram::new_with_bounds(1, 60_000_000, 3)?;
    let mut client = Client::new(world.address);
    let id = String::from_utf8(world.things.get(0).to_vec())?;
    let request = world.request("GET", &format!("/v1/things/{id}"), None);
    for _ in 0..READS {
        let begin = Instant::now();
        let answer = client.send(&request).await?;
        latencies.saturating_record(begin.elapsed().as_micros() as u64);
        if answer.status != 200 {
            bail!("reading was answered with {}", answer.status);
        }
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(latencies)
}

/// What ten thousand sessions cost in memory once each was used.
async fn memory(
    engine: Engine,
    options: &RunOptions,
    databases: &mut Databases,
    report: &mut Report,
) -> Result<()> {
    let mut house = House::open(engine, &options.place, databases).await?;
    house.set(CHEAP.0, CHEAP.1);
    house.start().await?;
    let address = house.address()?;
    let visitors = Rc::new(Cell::new(1_000_000));
    let mut tokens = Vec::new();
    let mut signing_up = JoinSet::new();
    for lane in 0..16 {
        let visitors = visitors.clone();
        signing_up.spawn_local(async move {
            let mut tokens = Vec::new();
            for number in 0..SESSIONS / 16 {
                tokens.push(sign_up(address, &visitors, lane, number).await?);
            }
            anyhow::Ok(tokens)
        });
    }
    while let Some(some) = signing_up.join_next().await {
        tokens.extend(some??);
    }
    // A fresh process: what signing up left behind is not what a session costs.
    house.stop().await?;
    house.start().await?;
    let address = house.address()?;
    let pid = house.pid().context("the server is not running")?;
    use_each(address, &tokens[..1]).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = proc::private(pid)?;
    use_each(address, &tokens).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = proc::private(pid)?;
    report.note(format!(
        "{} live sessions, each used once after a start: {:.1} MB of private memory before, {:.1} \
         MB after.",
        tokens.len(),
        before,
        after
    ));
    house.stop().await?;
    databases.drop_all().await;
    Ok(())
}

async fn sign_up(
    address: SocketAddr,
    visitors: &Cell<u64>,
    lane: u64,
    number: u64,
) -> Result<String> {
    let email = format!("s{lane}-{number}@example.com");
    let body = serde_json::json!({
        "name": "Measured Session", "email": email, "password": "Vq7-0123456789abcdef",
    });
    let request = render(address, "POST", "/v1/auth/sign-up/email", None, Some(&body.to_string()));
    let (status, body) = client::once(address, Some(visitor(take(visitors))), &request).await?;
    let value: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    value["token"]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("signing up was answered with {status}: {}", clip(&text(&body))))
}

async fn use_each(address: SocketAddr, tokens: &[String]) -> Result<()> {
    let mut client = Client::new(address);
    for token in tokens {
        let request = render(address, "GET", "/v1/auth/ok", Some(token), None);
        let answer = client.send(&request).await?;
        if answer.status != 200 {
            bail!("a session was answered with {}", answer.status);
        }
    }
    Ok(())
}

fn take(numbers: &Cell<u64>) -> u64 {
    let number = numbers.get();
    numbers.set(number + 1);
    number
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn at(latencies: &Histogram<u64>, quantile: f64) -> f64 {
    latencies.value_at_quantile(quantile) as f64 / 1000.0
}
