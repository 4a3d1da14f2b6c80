//! What happens to everybody when three times as much is asked for as the server can do: an open
//! loop, in which a request's time begins when it is due, whether or not a connection was free.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::load::{self, Load};
use crate::options::{Engine, RunOptions};
use crate::postgres::Databases;
use crate::proc::Snapshot;
use crate::report::Report;
use crate::run::conditions;
use crate::scenario::{Scenario, Worker, clip, rehearse};
use crate::server::House;
use crate::stage::World;

/// By which capacity is measured.
const CLOSED: u32 = 64;
/// Connections at most, sixteen times as many as capacity is measured by: who is due while all are
/// taken was not asked. Where even refusing is more than the machine can do, this is what waits.
const OPEN: usize = 1_024;
const TIMES: f64 = 3.0;
const MAX_MICROS: u64 = 60_000_000;
/// By then a server that refused some takes all again.
const CALM: Duration = Duration::from_secs(5);
/// Answers may still come after the end.
const GRACE: Duration = Duration::from_secs(35);
/// What is asked of the server: mostly looks, mostly changes, and the expensive one.
const MEASURED: [Scenario; 3] = [Scenario::Mixed, Scenario::CreateThing, Scenario::SignIn];

/// All of it on one engine.
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
    world.things = Rc::new(load::fill(&world, options.seed_things, CLOSED).await?);
    world.add_accounts().await?;
    for scenario in MEASURED {
        // What was refused in the scenario before is none of this one's business.
        tokio::time::sleep(CALM).await;
        rehearse(scenario, &world).await?;
        let load = Load {
            connections: if scenario == Scenario::SignIn {
                options.sign_in_connections
            } else {
                CLOSED
            },
            warm_up: Duration::from_secs(options.warm_up),
            measure: Duration::from_secs(options.seconds),
            pid: house.pid(),
        };
        let closed = load::measure(scenario, &world, &load).await?;
        if let Some(sample) = closed.sample {
            bail!("{} at its capacity: {sample}", scenario.name());
        }
        report.row(scenario.name(), None, load.connections, &closed);
        let capacity = closed.latencies.len() as f64 / closed.elapsed.as_secs_f64();
        open(scenario, &world, &load, capacity * TIMES, report).await?;
    }
    house.stop().await?;
    databases.drop_all().await;
    Ok(())
}

/// What came of the requests; everything lives on one thread.
struct Shared {
    measured: Cell<bool>,
    idle: RefCell<Vec<(Client, Worker)>>,
    admitted: RefCell<Histogram<u64>>,
    refused: RefCell<Histogram<u64>>,
    failures: Cell<u64>,
    sample: RefCell<Option<String>>,
}

async fn open(
    scenario: Scenario,
    world: &World,
    load: &Load,
    rate: f64,
    report: &mut Report,
) -> Result<()> {
    let histogram = || Histogram::new_with_bounds(1, MAX_MICROS, 3);
    let shared = Rc::new(Shared {
        measured: Cell::new(false),
        idle: RefCell::default(),
        admitted: RefCell::new(histogram()?),
        refused: RefCell::new(histogram()?),
        failures: Cell::new(0),
        sample: RefCell::default(),
    });
    let (mut tasks, mut made, mut unsent, mut sent) = (JoinSet::new(), 0_usize, 0_u64, 0_u64);
    let (start, mut due) = (Instant::now(), 0_u64);
    let mut before = Snapshot::take(load.pid)?;
    while start.elapsed() < load.warm_up + load.measure {
        if !shared.measured.get() && start.elapsed() >= load.warm_up {
            shared.measured.set(true);
            before = Snapshot::take(load.pid)?;
        }
        let now = (start.elapsed().as_secs_f64() * rate) as u64;
        while due < now {
            let at = start + Duration::from_secs_f64(due as f64 / rate);
            due += 1;
            let free = shared.idle.borrow_mut().pop();
            let (client, worker) = match free {
                Some(free) => free,
                None if made < OPEN => {
                    made += 1;
                    (Client::new(world.address), Worker::new(scenario, world, made as u32)?)
                }
                None => {
                    unsent += u64::from(shared.measured.get());
                    continue;
                }
            };
            sent += u64::from(shared.measured.get());
            tasks.spawn_local(ask(client, worker, at, Rc::clone(&shared)));
        }
        while tasks.try_join_next().is_some() {}
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let elapsed = load.measure;
    let usage = Snapshot::take(load.pid)?.since(&before, elapsed);
    shared.measured.set(false);
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        report.failure("overload", "some requests were never answered");
    }
    tell(scenario, rate, elapsed, (sent, unsent), &shared, report);
    report.note(format!(
        "  meanwhile the generator took {:.2} cores, the server {:.2}, the machine {:.2}.",
        usage.generator,
        usage.server.unwrap_or_default(),
        usage.machine
    ));
    Ok(())
}

async fn ask(mut client: Client, mut worker: Worker, at: Instant, shared: Rc<Shared>) {
    let measured = shared.measured.get();
    let call = worker.next();
    if call.visitor.is_some() {
        client.call_from(call.visitor);
    }
    let expected = call.expected;
    let answered = client.send(call.request).await;
    let micros = u64::try_from(at.elapsed().as_micros()).unwrap_or(MAX_MICROS).max(1);
    let into = match &answered {
        Ok(answer) if expected.contains(&answer.status) => &shared.admitted,
        Ok(answer) if matches!(answer.status, 429 | 503) => &shared.refused,
        wrong => {
            shared.failures.set(shared.failures.get() + 1);
            shared.sample.borrow_mut().get_or_insert_with(|| match wrong {
                Ok(answer) => {
                    let body = client.body(answer).unwrap_or_default();
                    format!("{}: {}", answer.status, clip(&String::from_utf8_lossy(&body)))
                }
                Err(error) => format!("{error:#}"),
            });
            return;
        }
    };
    if measured {
        into.borrow_mut().saturating_record(micros);
    }
    shared.idle.borrow_mut().push((client, worker));
}

fn tell(
    scenario: Scenario,
    rate: f64,
    elapsed: Duration,
    (sent, unsent): (u64, u64),
    shared: &Shared,
    report: &mut Report,
) {
    let figures = |kind: &RefCell<Histogram<u64>>| {
        let kind = kind.borrow();
        let ms = |part: f64| kind.value_at_quantile(part) as f64 / 1000.0;
        format!(
            "{:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
            kind.len() as f64 / elapsed.as_secs_f64(),
            ms(0.5),
            ms(0.99)
        )
    };
    report.note(format!(
        "overload, {}: {rate:.0}/s were due ({TIMES} times the capacity), {:.0}/s were sent; \
         admitted {}; refused {}; {unsent} found all {OPEN} connections taken; {} failed.",
        scenario.name(),
        sent as f64 / elapsed.as_secs_f64(),
        figures(&shared.admitted),
        figures(&shared.refused),
        shared.failures.get(),
    ));
    if let Some(sample) = &*shared.sample.borrow() {
        report.failure("overload", &format!("an answer nobody should get: {sample}"));
    }
}
