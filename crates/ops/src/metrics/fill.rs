//! Everything that is counted, on one page.

use kernel::App;
use telemetry::{Counter, Database, Transactions};

use super::families as all;
use super::page::{Page, Unit};
use super::process;
use crate::Ops;
use crate::sight::{Seen, Sight, Watch};

/// The page as of now.
pub(super) fn page(ops: &Ops, seen: &Seen) -> String {
    let (app, watch) = (&ops.app, &ops.watch);
    let mut page = Page::default();
    page.put(&all::BUILD, &[env!("CARGO_PKG_VERSION"), app.db.engine().name()], 1);
    http(&mut page, app);
    database(&mut page, app);
    jobs(&mut page, app);
    live(&mut page, app);
    refusals(&mut page, app);
    outgoing(&mut page, app);
    page.put(&all::DB_UP, &[], u8::from(seen.is_there()));
    if let Some(sight) = seen.sight() {
        of_store(&mut page, sight);
    }
    if let Some(good) = ops.backups.owed_since(app.now()) {
        page.put(&all::BACKUP_GOOD, &[], good.seconds());
    }
    if let Some(ends) = app.meters().certificate_ends.get() {
        page.put(&all::CERTIFICATE_ENDS, &[], ends);
    }
    page.put(&all::LOG_DROPPED, &[], app.meters().lost_lines.get().unwrap_or(0));
    of_process(&mut page, watch);
    page.finish()
}

fn http(page: &mut Page, app: &App) {
    const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
    let http = &app.meters().http;
    for (name, method, route) in http.asked() {
        for (class, counter) in CLASSES.iter().zip(&route.classes) {
            if counter.get() > 0 {
                page.put(&all::HTTP_REQUESTS, &[name, method, class], counter.get());
            }
        }
        page.histogram(&all::HTTP_DURATION, &[name, method], Unit::Time, &route.took);
    }
    page.put(&all::HTTP_IN_FLIGHT, &[], http.in_flight.get());
    for (reason, counter) in http.refused.all() {
        page.put(&all::HTTP_REFUSED, &[reason], counter.get());
    }
    page.put(&all::HTTP_SLOW, &[], http.slow.get());
    for (port, connections) in [("main", &http.connections), ("redirect", &http.redirects)] {
        // A port that nobody listens at has none.
        if let Some(open) = connections.open.get() {
            page.put(&all::HTTP_CONNECTIONS, &[port], open);
            page.put(&all::HTTP_CONNECTIONS_LIMIT, &[port], connections.limit.get());
            page.put(&all::HTTP_CONNECTIONS_REFUSED, &[port], connections.refused.get());
        }
    }
}

fn database(page: &mut Page, app: &App) {
    let Database { reads, writes, batch, commit, .. } = &app.meters().database;
    let mut of = |mode: &str, all_of: &Transactions| {
        page.put(&all::DB_TRANSACTIONS, &[mode, "done"], all_of.done.get());
        page.put(&all::DB_TRANSACTIONS, &[mode, "failed"], all_of.failed.get());
        page.histogram(&all::DB_WAIT, &[mode], Unit::Time, &all_of.waited);
    };
    of("read", reads);
    of("write", writes);
    let load = app.db.load();
    page.put(&all::DB_QUEUE, &[], load.waiting);
    page.put(&all::DB_QUEUE_LIMIT, &[], load.places);
    page.histogram(&all::DB_BATCH, &[], Unit::Size, batch);
    page.histogram(&all::DB_COMMIT, &[], Unit::Time, commit);
    page.put(&all::DB_CONNECTIONS, &["in_use"], load.in_use);
    page.put(&all::DB_CONNECTIONS, &["idle"], load.connections.saturating_sub(load.in_use));
    let meter = &app.meters().database;
    page.put(&all::DB_REFUSED, &["queue_full"], meter.refused_full.get());
    page.put(&all::DB_REFUSED, &["no_connection"], meter.refused_unconnected.get());
    page.put(&all::DB_REFUSED, &["long_reads"], meter.refused_long.get());
    page.put(&all::DB_RETRIES, &[], meter.again.get());
    page.put(&all::DB_SLOW, &[], meter.slow.get());
}

fn jobs(page: &mut Page, app: &App) {
    for (name, kind) in app.meters().jobs.all() {
        page.put(&all::JOBS_ENQUEUED, &[name], kind.enqueued.get());
        let outcomes: [(&str, &Counter); 4] = [
            ("done", &kind.done),
            ("failed", &kind.failed),
            ("dead", &kind.dead),
            ("cancelled", &kind.cancelled),
        ];
        for (outcome, counter) in outcomes {
            page.put(&all::JOBS_FINISHED, &[name, outcome], counter.get());
        }
        page.histogram(&all::JOBS_DURATION, &[name], Unit::Time, &kind.took);
    }
}

fn live(page: &mut Page, app: &App) {
    let live = &app.meters().live;
    page.put(&all::LIVE_SOCKETS, &[], live.sockets.get());
    page.put(&all::LIVE_STREAMS, &[], live.streams.get());
    page.put(&all::LIVE_SUBSCRIPTIONS, &[], live.subscriptions.get());
    page.put(&all::LIVE_FRAMES, &[], live.frames.get());
    page.put(&all::LIVE_SLOW, &[], live.slow.get());
}

fn refusals(page: &mut Page, app: &App) {
    for (name, refused) in app.rates.refused() {
        page.put(&all::LIMITED, &[name], refused);
    }
    page.put(&all::LIMITED, &["tries"], app.limits.refused());
}

fn outgoing(page: &mut Page, app: &App) {
    let webhooks = &app.meters().webhooks;
    page.put(&all::WEBHOOK_ATTEMPTS, &["delivered"], webhooks.delivered.get());
    page.put(&all::WEBHOOK_ATTEMPTS, &["failed"], webhooks.failed.get());
    page.put(&all::WEBHOOK_ATTEMPTS, &["given_up"], webhooks.given_up.get());
    page.histogram(&all::WEBHOOK_DURATION, &[], Unit::Time, &webhooks.took);
    let mail = &app.meters().mail;
    page.put(&all::MAIL, &["sent"], mail.sent.get());
    page.put(&all::MAIL, &["failed"], mail.failed.get());
    page.put(&all::MAIL, &["lost"], mail.lost.get());
    let spans = &app.meters().traces.sent;
    page.put(&all::SPANS, &[], spans.exported.get());
    page.put(&all::SPANS_DROPPED, &[], spans.dropped.get());
    page.put(&all::SPANS_FAILED, &[], spans.failed.get());
}

fn of_store(page: &mut Page, sight: &Sight) {
    page.put(&all::DB_SIZE, &[], sight.sizes.data);
    page.put(&all::DB_LOG_SIZE, &[], sight.sizes.log);
    for follower in &sight.followers {
        page.put(&all::LOG_LAG, &[&follower.name], follower.events);
        page.put(&all::LOG_STALLED, &[&follower.name], follower.stalled_s);
    }
    for queue in &sight.queues {
        for (state, count) in
            [("queued", queue.queued), ("running", queue.running), ("dead", queue.dead)]
        {
            page.put(&all::JOBS, &[&queue.kind, state], count);
        }
        page.put(&all::JOBS_OLDEST, &[&queue.kind], queue.oldest_age_seconds.unwrap_or(0));
    }
    page.put(&all::WEBHOOKS, &[], sight.deliveries);
    page.put(&all::MAIL_OUTBOX, &[], sight.letters);
}

fn of_process(page: &mut Page, watch: &Watch) {
    if let Some(process) = process::look() {
        page.put(&all::PROCESS_CPU, &[], process.cpu_seconds);
        page.put(&all::PROCESS_MEMORY, &[], process.memory_bytes);
        page.put(&all::PROCESS_VIRTUAL, &[], process.virtual_bytes);
        page.put(&all::PROCESS_FILES, &[], process.open_files);
        if let Some(most) = process.max_files {
            page.put(&all::PROCESS_MAX_FILES, &[], most);
        }
        page.put(&all::PROCESS_THREADS, &[], process.threads);
    }
    page.put(&all::PROCESS_START, &[], watch.started_at.seconds());
}
