//! What an operator may set.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Limits of live connections.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Connections of this process at the same time.
    pub max_connections: usize,
    /// Of one person, streams of server-sent events among them.
    pub connections_per_person: usize,
    /// Topics one connection listens to.
    pub topics_per_connection: usize,
    /// Rooms one connection is in.
    pub rooms_per_connection: usize,
    /// Seconds between two questions whether a client is still there.
    pub heartbeat_s: u64,
    /// Seconds without an answer after which it is not.
    pub heartbeat_timeout_s: u64,
    /// The largest frame of a client, in bytes.
    pub max_frame_bytes: u64,
    /// Events waiting for one connection, or as many times 8 KiB of them; a client that reads more
    /// slowly is sent away to come back and catch up.
    pub queue: usize,
    /// Messages one person may send in a minute; 0: no limit.
    pub messages_per_minute: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_connections: 50_000,
            connections_per_person: 20,
            topics_per_connection: 100,
            rooms_per_connection: 100,
            heartbeat_s: 30,
            heartbeat_timeout_s: 60,
            max_frame_bytes: 1 << 20,
            queue: 1024,
            messages_per_minute: 600,
        }
    }
}

impl Settings {
    pub(crate) fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.heartbeat_s.clamp(1, 3_600))
    }

    pub(crate) fn heartbeat_timeout(&self) -> Duration {
        Duration::from_secs(self.heartbeat_timeout_s.clamp(1, 3_600))
    }
}
