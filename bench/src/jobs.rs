//! Background jobs with handlers that do nothing, from the call that enqueues the first to the store
//! saying that the last is done: what the queue itself costs. No server: the queue and its worker run
//! in this process, as they do in one.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use database::{Db, args};
use kernel::jobs::{Jobs, NewJob};
use kernel::{App, Caller, Clock, Keys, Parts, Random};
use types::{GroupId, Json};

use crate::options::{Engine, RunOptions};
use crate::postgres::Databases;
use crate::proc::Snapshot;
use crate::report::Report;
use crate::run::conditions;
use crate::server::House;

const JOBS: usize = 40_000;
/// Jobs that one transaction enqueues, where they come in crowds.
const CROWD: usize = 100;
/// Transactions that are enqueueing at the same time.
const CALLERS: usize = 64;
const KIND: &str = "bench.nothing";
const PATIENCE: Duration = Duration::from_secs(300);

/// How jobs come.
#[derive(Clone, Copy)]
struct Way {
    what: &'static str,
    crowd: usize,
    jobs: usize,
    /// Whose they are: of so many groups, in turn; of none.
    groups: u128,
    /// All are there before the worker is.
    before: bool,
}

const WAYS: [Way; 5] = [
    Way { what: "100 to a transaction", crowd: CROWD, jobs: JOBS, groups: 0, before: false },
    Way { what: "one to a transaction", crowd: 1, jobs: JOBS, groups: 0, before: false },
    Way { what: "all there before the worker", crowd: CROWD, jobs: JOBS, groups: 0, before: true },
    Way { what: "of 100 groups", crowd: CROWD, jobs: JOBS, groups: 100, before: false },
    Way {
        what: "of one group, two at a time",
        crowd: CROWD,
        jobs: 4_000,
        groups: 1,
        before: false,
    },
];

pub(crate) async fn on_engine(
    engine: Engine,
    options: &RunOptions,
    databases: &mut Databases,
    report: &mut Report,
) -> Result<()> {
    let house = House::open(engine, &options.place, databases).await?;
    if !report.has_conditions() {
        conditions(engine, &house, &options.place, report).await?;
    }
    for way in WAYS {
        let url = match engine {
            Engine::Postgres => databases.create(&options.place.postgres).await?,
            _ => {
                let file = house.directory().join(format!("jobs-{}.db", way.what.len()));
                format!("sqlite://{}", file.display())
            }
        };
        let (sender, done) = tokio::sync::oneshot::channel();
        let (before, begin) = (Snapshot::take(None)?, Instant::now());
        std::thread::spawn(move || sender.send(measure(&url, way)));
        let took = done.await.context("the measuring thread ended")??;
        let usage = Snapshot::take(None)?.since(&before, begin.elapsed());
        let (jobs, seconds) = (way.jobs as f64, took.as_secs_f64());
        report.note(format!(
            "{} jobs, {}: {:.0} jobs/s from enqueue to done ({seconds:.2} s); {:.0} µs of CPU a job \
             in this process, which had {:.2} of {:.2} cores that were busy.",
            way.jobs,
            way.what,
            jobs / seconds,
            usage.generator * begin.elapsed().as_secs_f64() * 1e6 / jobs,
            usage.generator,
            usage.machine
        ));
    }
    Ok(())
}

fn measure(url: &str, way: Way) -> Result<Duration> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let settings = database::Settings { url: url.to_owned(), ..database::Settings::default() };
        let db = Db::open(&settings).await.map_err(|error| told(&error))?;
        let keys = Keys::new([1; 32], [2; 32]);
        let app = App::new(Parts::new(db, keys, Clock::System, Random::System));
        let took = run(&app, way).await;
        app.db.close().await;
        took
    })
}

async fn run(app: &App, way: Way) -> Result<Duration> {
    let jobs = Jobs::default().with(KIND, |_, _| async { Ok(()) });
    let mut begin = Instant::now();
    let worker = if way.before {
        enqueue(app, way).await?;
        begin = Instant::now();
        tokio::spawn(jobs.run(app.clone()))
    } else {
        let worker = tokio::spawn(jobs.run(app.clone()));
        enqueue(app, way).await?;
        worker
    };
    loop {
        let left = left(app).await?;
        if left == 0 {
            break;
        }
        if begin.elapsed() > PATIENCE {
            return Err(anyhow!("{left} jobs are not done"));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = begin.elapsed();
    worker.abort();
    Ok(took)
}

async fn enqueue(app: &App, way: Way) -> Result<()> {
    let crowds = way.jobs / way.crowd;
    let callers: Vec<_> = (0..CALLERS.min(crowds))
        .map(|caller| {
            let app = app.clone();
            let share = crowds / CALLERS + usize::from(caller < crowds % CALLERS);
            tokio::spawn(async move {
                for number in 0..share {
                    crowd(&app, way, number).await?;
                }
                Ok::<(), types::Error>(())
            })
        })
        .collect();
    for caller in callers {
        caller.await?.map_err(|error| told(&error))?;
    }
    Ok(())
}

async fn crowd(app: &App, way: Way, number: usize) -> types::Result<()> {
    app.change(&Caller::system("bench"), async move |work| {
        work.silently();
        let job = |one: usize| {
            let job = NewJob::new(KIND, Json::empty());
            match (number * way.crowd + one) as u128 {
                _ if way.groups == 0 => job,
                one => job.of_group(GroupId(uuid::Uuid::from_u128(one % way.groups + 1))),
            }
        };
        let jobs: Vec<NewJob> = (0..way.crowd).map(job).collect();
        work.enqueue_all(&jobs).await
    })
    .await
}

async fn left(app: &App) -> Result<i64> {
    app.db.unbound()
        .read(async |tx| {
            tx.one(
                "select (select count(*) from (select 1 from jobs where state = 'queued' limit 1) q) \
                 + (select count(*) from jobs where state = 'running')",
                args![],
                |row| row.get(0),
            )
            .await
        })
        .await
        .map_err(|error| told(&error))
}

fn told(error: &types::Error) -> anyhow::Error {
    anyhow!("{error}")
}
