//! What people are told of what happens.

use super::{Key, whole};

pub(super) static KEYS: &[Key] = &[
    whole(
        "notifications",
        "keep_read_days",
        "30",
        "Days a notification is kept after it was read.",
    ),
    whole("notifications", "keep_unread_days", "180", "Days one is kept that nobody reads."),
    whole(
        "notifications",
        "keep_most",
        "1000",
        "The most of one person that are kept; the oldest go first.",
    ),
    whole(
        "notifications",
        "letters_every_s",
        "60",
        "Seconds from one look for letters that are due to the next; 1 to 3600.",
    ),
    whole(
        "notifications",
        "clean_up_every_s",
        "3600",
        "Seconds from one removal of old ones to the next; 1 to 86400.",
    ),
];
