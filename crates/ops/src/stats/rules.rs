//! What is shown, and to whom.

use kernel::{App, Caller};
use types::Result;

use super::model::{
    OpsDatabase, OpsFollower, OpsJobs, OpsLive, OpsProcess, OpsRequests, OpsStats, OpsStore,
};
use crate::Ops;
use crate::jobs::rules::owns_platform;
use crate::metrics::process;
use crate::sight::Sight;

/// The state of the house as of now.
///
/// # Errors
/// 401; 403 for who does not own the platform.
pub async fn stats(ops: &Ops, caller: &Caller) -> Result<OpsStats> {
    owns_platform(caller)?;
    let (now, started_at) = (ops.now(), ops.watch.started_at);
    Ok(OpsStats {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        engine: ops.db.engine().name().to_owned(),
        started_at,
        uptime_seconds: (now.seconds() - started_at.seconds()).max(0),
        process: process::look().map(|process| OpsProcess {
            cpu_seconds: process.cpu_seconds,
            memory_bytes: process.memory_bytes,
            open_files: process.open_files,
            max_open_files: process.max_files,
            threads: process.threads,
        }),
        requests: requests(ops),
        database: database(ops),
        live: live(ops),
        store: ops.watch.look(ops).await.sight().map(store),
    })
}

fn requests(app: &App) -> OpsRequests {
    let http = &app.meters().http;
    let (mut answered, mut failed) = (0, 0);
    for (_, _, route) in http.asked() {
        let [.., server] = &route.classes;
        answered += route.classes.iter().map(telemetry::Counter::get).sum::<u64>();
        failed += server.get();
    }
    let by_rate: u64 = app.rates.refused().iter().map(|(_, refused)| refused).sum();
    OpsRequests {
        in_flight: http.in_flight.get(),
        answered,
        failed,
        refused: http.refused.sum(),
        slow: http.slow.get(),
        rate_limited: by_rate + app.limits.refused(),
    }
}

fn database(app: &App) -> OpsDatabase {
    let (load, meter) = (app.db.load(), &app.meters().database);
    OpsDatabase {
        queue_depth: load.waiting,
        queue_limit: load.places,
        connections: load.connections,
        connections_in_use: load.in_use,
        reads: meter.reads.done.get() + meter.reads.failed.get(),
        writes: meter.writes.done.get() + meter.writes.failed.get(),
        refused: meter.refused_full.get()
            + meter.refused_unconnected.get()
            + meter.refused_long.get(),
        slow_statements: meter.slow.get(),
    }
}

fn live(app: &App) -> OpsLive {
    let live = &app.meters().live;
    OpsLive {
        sockets: live.sockets.get(),
        streams: live.streams.get(),
        subscriptions: live.subscriptions.get(),
        frames: live.frames.get(),
        slow_readers: live.slow.get(),
    }
}

fn store(sight: &Sight) -> OpsStore {
    let followers = sight.followers.iter().map(|one| OpsFollower {
        name: one.name.clone(),
        lag_events: one.events,
        stalled_seconds: one.stalled_s,
    });
    let jobs = sight.queues.iter().map(|queue| OpsJobs {
        kind: queue.kind.clone(),
        queued: queue.queued,
        running: queue.running,
        dead: queue.dead,
        oldest_age_seconds: queue.oldest_age_seconds,
    });
    OpsStore {
        size_bytes: sight.sizes.data,
        wal_size_bytes: sight.sizes.log,
        followers: followers.collect(),
        jobs: jobs.collect(),
        letters_waiting: sight.letters,
        deliveries_waiting: sight.deliveries,
    }
}
