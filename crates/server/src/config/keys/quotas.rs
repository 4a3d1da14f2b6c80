//! Plans and rates.

use super::{Key, tables, text, whole};

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
];
