//! Connections that stay open.

use super::{Key, whole};

pub(super) static KEYS: &[Key] = &[
    whole("live", "max_connections", "50000", "Live connections of this process."),
    whole(
        "live",
        "connections_per_person",
        "20",
        "Live connections of one person, streams of server-sent events among them.",
    ),
    whole("live", "topics_per_connection", "100", "Topics one connection listens to."),
    whole("live", "rooms_per_connection", "100", "Rooms one connection is in."),
    whole("live", "heartbeat_s", "30", "Seconds between two questions whether a client is there."),
    whole(
        "live",
        "heartbeat_timeout_s",
        "60",
        "Seconds a client has to answer that; then its connection is ended.",
    ),
    whole("live", "max_frame_bytes", "1048576", "The largest frame a client may send."),
    whole(
        "live",
        "queue",
        "1024",
        "Events that wait for one client, or as many times 8 KiB of them; one that reads more \
         slowly is sent away, to come back and go on where it was.",
    ),
    whole(
        "live",
        "messages_per_minute",
        "600",
        "Messages one person may send to rooms in a minute; 0: no limit.",
    ),
];
