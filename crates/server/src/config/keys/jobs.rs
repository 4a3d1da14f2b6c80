//! Background jobs.

use super::{Key, whole};

pub(super) static KEYS: &[Key] = &[
    whole(
        "jobs",
        "workers",
        "4",
        "Jobs of one kind that one process runs at the same time, 1 to 64. Each kind has its own \
         places, so that one that hangs holds up no other.",
    ),
    whole(
        "jobs",
        "per_group",
        "2",
        "Jobs of one kind that run at the same time for one group, in all processes together, 1 to \
         64: so that no tenant has all places.",
    ),
    whole("jobs", "keep_done_days", "7", "Days a job that is done or cancelled can be looked up."),
    whole(
        "jobs",
        "keep_dead_days",
        "30",
        "Days a job that was given up can be looked up and run again.",
    ),
];
