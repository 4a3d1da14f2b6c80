//! What an operator may change about the store.

use serde::Deserialize;

/// The store: where it is and how much it may use.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `sqlite://PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`. Empty: SQLite
    /// in the data directory.
    pub url: String,
    /// Writes that may wait for the writer before further ones are refused with 503.
    pub write_queue: usize,
    /// Writes that share one commit (and one fsync) at most. SQLite only.
    pub commit_batch: usize,
    /// Long reads (search, export) running at the same time. SQLite only.
    pub long_reads: usize,
    /// Bytes of the database file that the writer may map into memory; SQLite maps no more than this
    /// default. SQLite only.
    pub mmap_bytes: i64,
    /// Page cache of the writer, in KiB. SQLite only.
    pub cache_kib: i64,
    /// Size of the write-ahead log, in bytes, above which it is folded back. SQLite only.
    pub wal_bytes: u64,
    /// Connections to PostgreSQL.
    pub connections: usize,
    /// Seconds a statement may take before it is cancelled. PostgreSQL only.
    pub statement_timeout_s: u32,
    /// Milliseconds a list with a filter or an order of its own may look for its rows before it is
    /// given up; 0: as long as any other read.
    pub filter_budget_ms: u32,
    /// Milliseconds a statement may take until its text and plan are logged; 0: never.
    pub slow_statement_ms: u32,
    /// Seconds a request waits for a free connection before it is refused. PostgreSQL only.
    pub connect_timeout_s: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: String::new(),
            write_queue: 4096,
            commit_batch: 512,
            long_reads: 4,
            mmap_bytes: 0x7fff_0000,
            cache_kib: 16_384,
            wal_bytes: 32 << 20,
            connections: 16,
            statement_timeout_s: 30,
            filter_budget_ms: 5000,
            slow_statement_ms: 250,
            connect_timeout_s: 5,
        }
    }
}
