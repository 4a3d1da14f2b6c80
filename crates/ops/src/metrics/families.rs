//! Every metric there is. Names are a promise: dashboards and alerts are made of them.

use std::fmt::Write as _;

/// One metric.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name, with the unit in it.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

macro_rules! families {
    ($($id:ident $kind:literal $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(pub(super) static $id: Family =
            Family { name: $name, kind: $kind, labels: &[$($label),*], help: $help };)*

        /// All of them, in the order in which they are written.
        pub static ALL: &[&Family] = &[$(&$id),*];
    };
}

families! {
    BUILD "gauge" "sixfold_build_info" ["version", "engine"]
        "Always 1; the labels say which version this is and on which engine it runs.";

    HTTP_REQUESTS "counter" "sixfold_http_requests_total" ["route", "method", "status"]
        "Requests answered, by the template of their route and the class of their status (2xx); `other` is what the API's description does not have; a client that left counts as 4xx.";
    HTTP_DURATION "histogram" "sixfold_http_request_duration_seconds" ["route", "method"]
        "How long requests took until their answer began.";
    HTTP_IN_FLIGHT "gauge" "sixfold_http_requests_in_flight" []
        "Requests being worked on; who polls a socket waits for something to happen, and is not among them.";
    HTTP_REFUSED "counter" "sixfold_http_requests_refused_total" ["reason"]
        "Requests answered 503 for want of room, by what was full: in_flight, awaited_bodies, idempotent_requests, wait_target, database_queue, database_connections, long_reads, passwords, exports, calls, pages, live_connections, other. They are among the 5xx.";
    HTTP_SLOW "counter" "sixfold_http_slow_requests_total" []
        "Requests that took longer than web.slow_request_ms.";
    HTTP_CONNECTIONS "gauge" "sixfold_http_connections" ["port"]
        "Connections that are open to the `main` port, and to the one that leads there (`redirect`); without sockets, which are in sixfold_live_sockets.";
    HTTP_CONNECTIONS_LIMIT "gauge" "sixfold_http_connections_limit" ["port"]
        "How many may be open before one more is turned away (web.max_connections).";
    HTTP_CONNECTIONS_REFUSED "counter" "sixfold_http_connections_refused_total" ["port"]
        "Connections turned away because so many were open; what they asked is no request here.";

    DB_UP "gauge" "sixfold_db_up" []
        "Whether the store answered the last look, or others while it looked; what is read from the store is missing here after a look that was not answered.";
    DB_TRANSACTIONS "counter" "sixfold_db_transactions_total" ["mode", "outcome"]
        "Transactions that read or write; `failed` are also those that a rule refused, and those that nobody waited for any more.";
    DB_WAIT "histogram" "sixfold_db_wait_seconds" ["mode"]
        "How long transactions waited for the writer or a connection. Short reads on SQLite wait for nothing and are not in it.";
    DB_QUEUE "gauge" "sixfold_db_queue_depth" []
        "Transactions that wait.";
    DB_QUEUE_LIMIT "gauge" "sixfold_db_queue_limit" []
        "How many may wait before one more is refused.";
    DB_BATCH "histogram" "sixfold_db_commit_batch_size" []
        "Changes that shared one commit. SQLite only.";
    DB_COMMIT "histogram" "sixfold_db_commit_duration_seconds" []
        "How long commits took.";
    DB_CONNECTIONS "gauge" "sixfold_db_connections" ["state"]
        "Connections to the store that are in use or idle; on SQLite those that read.";
    DB_REFUSED "counter" "sixfold_db_refused_total" ["reason"]
        "Transactions refused with 503: the queue was full, no connection was free in time, or too many long reads waited.";
    DB_RETRIES "counter" "sixfold_db_retries_total" []
        "Runs of a transaction that lost a race and was run again. PostgreSQL only.";
    DB_SLOW "counter" "sixfold_db_slow_statements_total" []
        "Statements that took longer than database.slow_statement_ms.";
    DB_SIZE "gauge" "sixfold_db_size_bytes" []
        "Size of the database.";
    DB_LOG_SIZE "gauge" "sixfold_db_wal_size_bytes" []
        "Size of the write-ahead log beside it. SQLite only.";

    LOG_LAG "gauge" "sixfold_event_log_lag_events" ["follower"]
        "Events a follower of the log has not read yet, counted up to 10000.";
    LOG_STALLED "gauge" "sixfold_event_log_stalled_seconds" ["follower"]
        "Since when a follower has not moved on although there are events for it; 0 when there are none, and for `live`.";

    JOBS "gauge" "sixfold_jobs" ["kind", "state"]
        "Jobs that are queued, running or dead, on all nodes.";
    JOBS_OLDEST "gauge" "sixfold_jobs_oldest_age_seconds" ["kind"]
        "For how long the job has been due that has waited longest, on all nodes.";
    JOBS_ENQUEUED "counter" "sixfold_jobs_enqueued_total" ["kind"]
        "Jobs this process put into the queue.";
    JOBS_FINISHED "counter" "sixfold_jobs_finished_total" ["kind", "outcome"]
        "Runs that ended here: done, failed (to be tried again), dead, cancelled.";
    JOBS_DURATION "histogram" "sixfold_job_duration_seconds" ["kind"]
        "How long runs took.";

    LIVE_SOCKETS "gauge" "sixfold_live_sockets" []
        "Socket.IO connections of people who are signed in.";
    LIVE_STREAMS "gauge" "sixfold_live_streams" []
        "Streams of server-sent events.";
    LIVE_SUBSCRIPTIONS "gauge" "sixfold_live_subscriptions" []
        "Topics they listen to, together.";
    LIVE_FRAMES "counter" "sixfold_live_frames_total" []
        "Events and messages handed to connections.";
    LIVE_SLOW "counter" "sixfold_live_slow_readers_total" []
        "Connections ended because their queue was full.";

    LIMITED "counter" "sixfold_rate_limited_total" ["limit"]
        "Refused for being too fast: by the rate of a key, a person, a group or live connections, or as one of too many tries.";

    WEBHOOKS "gauge" "sixfold_webhook_deliveries_waiting" []
        "Deliveries of webhooks that wait or are being sent, on all nodes, counted up to 10000.";
    WEBHOOK_ATTEMPTS "counter" "sixfold_webhook_attempts_total" ["outcome"]
        "Requests made for webhooks: delivered, failed (to be made again), given_up.";
    WEBHOOK_DURATION "histogram" "sixfold_webhook_duration_seconds" []
        "How long requests made for webhooks took.";

    MAIL_OUTBOX "gauge" "sixfold_mail_outbox_letters" []
        "Letters that wait to be sent, on all nodes, counted up to 10000.";
    MAIL "counter" "sixfold_mail_letters_total" ["outcome"]
        "Letters sent, failed (to be tried again) and lost.";

    BACKUP_GOOD "gauge" "sixfold_backup_last_success_timestamp_seconds" []
        "When the last good backup of the schedule began, in seconds since 1970, or the schedule itself before there is one. Only where backup.every is set.";

    CERTIFICATE_ENDS "gauge" "sixfold_tls_certificate_end_timestamp_seconds" []
        "When the certificate that is shown ends, in seconds since 1970. Only where the server speaks https itself.";

    LOG_DROPPED "counter" "sixfold_log_lines_dropped_total" []
        "Lines of the log left out because whoever reads it was slower than they came.";

    SPANS "counter" "sixfold_trace_spans_exported_total" []
        "Spans the collector took.";
    SPANS_DROPPED "counter" "sixfold_trace_spans_dropped_total" []
        "Spans lost: 2048 waited already, or the collector did not take them or rejected them.";
    SPANS_FAILED "counter" "sixfold_trace_export_failures_total" []
        "Requests to the collector that failed.";

    PROCESS_CPU "counter" "process_cpu_seconds_total" []
        "Time on the processor. These are read from /proc, so on Linux only.";
    PROCESS_MEMORY "gauge" "process_resident_memory_bytes" []
        "Memory in use.";
    PROCESS_VIRTUAL "gauge" "process_virtual_memory_bytes" []
        "Address space in use.";
    PROCESS_FILES "gauge" "process_open_fds" []
        "Open files and sockets.";
    PROCESS_MAX_FILES "gauge" "process_max_fds" []
        "How many may be open.";
    PROCESS_THREADS "gauge" "process_threads" []
        "Threads.";
    PROCESS_START "gauge" "process_start_time_seconds" []
        "When it was started, in seconds since 1970.";
}

/// The table of the documentation.
#[must_use]
pub fn table() -> String {
    let mut text = String::from("| name | | labels | |\n|---|---|---|---|\n");
    for family in ALL {
        let labels: Vec<String> = family.labels.iter().map(|one| format!("`{one}`")).collect();
        let Family { name, kind, help, .. } = family;
        let _ = writeln!(text, "| `{name}` | {kind} | {} | {help} |", labels.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_are() {
        for family in ALL {
            let Family { name, kind, .. } = family;
            assert!(name.starts_with("sixfold_") || name.starts_with("process_"), "{name}");
            assert!(name.bytes().all(|one| one == b'_' || one.is_ascii_lowercase()), "{name}");
            assert_eq!(*kind == "counter", name.ends_with("_total"), "{name}");
            assert_eq!(ALL.iter().filter(|other| other.name == *name).count(), 1, "{name}");
            assert!(
                family.help.ends_with('.') && !family.help.contains(['\n', '\\', '|']),
                "{name}"
            );
        }
    }
}
