//! The shapes of the state of the house.

use serde::Serialize;
use types::Time;
use utoipa::ToSchema;

/// The state of the house.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpsStats {
    /// The version of the server.
    #[schema(example = "0.1.0")]
    pub version: String,
    /// The engine of the store: `sqlite` or `postgres`.
    #[schema(example = "sqlite")]
    pub engine: String,
    /// When this process was started.
    pub started_at: Time,
    /// Seconds since then.
    pub uptime_seconds: i64,
    /// Null where the operating system does not tell.
    pub process: Option<OpsProcess>,
    /// Requests to this process.
    pub requests: OpsRequests,
    /// The store, as this process uses it.
    pub database: OpsDatabase,
    /// Long connections to this process.
    pub live: OpsLive,
    /// What is read from the store; null while it does not answer.
    pub store: Option<OpsStore>,
}

/// What this process uses.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpsProcess {
    /// Time on the processor, in seconds.
    pub cpu_seconds: f64,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// Open files and sockets.
    pub open_files: u64,
    /// How many may be open; null: any number.
    pub max_open_files: Option<u64>,
    /// Threads.
    pub threads: u64,
}

/// Requests since the start.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpsRequests {
    /// Being worked on.
    pub in_flight: i64,
    /// Answered.
    pub answered: u64,
    /// Of them, with a status of 500 or more.
    pub failed: u64,
    /// Answered 503 for want of room.
    pub refused: u64,
    /// Took longer than they should.
    pub slow: u64,
    /// Refused for being too fast.
    pub rate_limited: u64,
}

/// The store, as this process uses it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpsDatabase {
    /// Transactions that wait.
    pub queue_depth: usize,
    /// How many may wait.
    pub queue_limit: usize,
    /// Connections that are open.
    pub connections: usize,
    /// Of them, in use.
    pub connections_in_use: usize,
    /// Transactions that read since the start.
    pub reads: u64,
    /// Transactions that wrote since the start.
    pub writes: u64,
    /// Refused with 503 since the start.
    pub refused: u64,
    /// Statements since the start that took longer than they should.
    pub slow_statements: u64,
}

/// Long connections to this process.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpsLive {
    /// Socket.IO connections.
    pub sockets: i64,
    /// Streams of server-sent events.
    pub streams: i64,
    /// Topics they listen to, together.
    pub subscriptions: i64,
    /// Events and messages handed to connections since the start.
    pub frames: u64,
    /// Connections ended since the start because their queue was full.
    pub slow_readers: u64,
}

/// What is read from the store.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpsStore {
    /// Size of the database, in bytes.
    pub size_bytes: u64,
    /// Size of the write-ahead log beside it, in bytes; 0 on PostgreSQL.
    pub wal_size_bytes: u64,
    /// Those who read the event log.
    pub followers: Vec<OpsFollower>,
    /// Jobs, by kind.
    pub jobs: Vec<OpsJobs>,
    /// Letters that wait to be sent, counted up to 10000.
    pub letters_waiting: i64,
    /// Deliveries of webhooks that wait or are being sent, counted up to 10000.
    pub deliveries_waiting: i64,
}

/// One who reads the event log.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpsFollower {
    /// What it does; `live` is this process's own.
    #[schema(example = "search")]
    pub name: String,
    /// Events it has not read yet, counted up to 10000.
    pub lag_events: i64,
    /// Seconds since it last moved on although there are events for it.
    pub stalled_seconds: f64,
}

/// Jobs of one kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpsJobs {
    /// The kind.
    #[schema(example = "mail.deliver")]
    pub kind: String,
    /// Jobs that wait.
    pub queued: i64,
    /// Jobs that run.
    pub running: i64,
    /// Jobs that were given up.
    pub dead: i64,
    /// Seconds for which the one has been due that has waited longest.
    pub oldest_age_seconds: Option<i64>,
}
