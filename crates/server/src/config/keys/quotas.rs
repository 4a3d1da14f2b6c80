//! Plans and rates.

use super::{Key, flag, tables, text, whole};

pub(super) static KEYS: &[Key] = &[
    text(
        "quotas",
        "default_plan",
        "\"enterprise\"",
        "The plan of a new group that names none: `starter`, `pro` or `enterprise`. Only an owner \
         of the platform gives a group more than this one includes. Personal groups have \
         `identity.default_plan`.",
    ),
    tables(
        "quotas",
        "plans",
        "[]",
        "Other numbers for plans, in the file a table `[[quotas.plans]]` for each: `name`, and as \
         needed `users`, `things`, `connections`, `storage_bytes`, `api_calls_per_month`, \
         `event_retention_days`; -1 is no limit.",
    ),
    whole(
        "limits",
        "key_per_minute",
        "1000",
        "Requests a minute with one API key that has no limit of its own; 0: no limit.",
    ),
    whole(
        "limits",
        "person_per_minute",
        "0",
        "Requests a minute by one person, with all their sessions; 0: no limit.",
    ),
    whole(
        "limits",
        "group_per_minute",
        "0",
        "Requests a minute with all API keys of one group; 0: no limit.",
    ),
    whole(
        "limits",
        "live_per_minute",
        "6000",
        "Calls a minute over all live connections of one person, or with one API key; 0: no limit.",
    ),
    whole(
        "retention",
        "every_s",
        "86400",
        "Seconds from one look for events that are older than their group's plan keeps them to the \
         next; 1 to 2678400. One node of a cluster looks.",
    ),
    flag(
        "retention",
        "archive",
        "true",
        "Whether events are written to files before they are deleted.",
    ),
    text(
        "retention",
        "archive_dir",
        "\"\"",
        "Directory of those files. Empty: `archive/events` in the data directory.",
    ),
];
