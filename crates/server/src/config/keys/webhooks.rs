//! Webhooks out and in.

use super::{Key, whole};

pub(super) static KEYS: &[Key] = &[
    whole("webhooks", "per_group", "50", "Webhooks, and receivers, of one group at most."),
    whole(
        "webhooks",
        "timeout_ms",
        "15000",
        "Milliseconds a webhook's server may take to answer, from the first connection to the last \
         byte; 100 to 60000.",
    ),
    whole(
        "webhooks",
        "disable_after_hours",
        "120",
        "Hours without one success after which a webhook that keeps failing is switched off.",
    ),
    whole(
        "webhooks",
        "keep_days",
        "30",
        "Days a delivery is kept with its requests and answers, also one that waits for its webhook \
         to be switched on again; 4 or more.",
    ),
];
