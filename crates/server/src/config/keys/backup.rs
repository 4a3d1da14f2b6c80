//! Backups.

use super::{Key, flag, list, secret, text, whole};

pub(super) static KEYS: &[Key] = &[
    text(
        "backup",
        "to",
        "\"\"",
        "A folder, or `s3://BUCKET/PREFIX`. Empty: backups are made only by `sixfold backup create \
         --to`. SQLite only.",
    ),
    text(
        "backup",
        "every",
        "\"\"",
        "When backups are made: a cron expression of five fields in UTC, e.g. `15 3 * * *`. Empty: \
         when somebody asks.",
    ),
    list(
        "backup",
        "recipients",
        "[]",
        "Public keys (`age1…`) of those who can read backups; `sixfold backup new-key` makes a pair. \
         The private keys do not belong on this machine.",
    ),
    secret(
        "backup",
        "passphrase",
        "Instead of `recipients`: 12 characters or more, with which backups are encrypted.",
    ),
    flag(
        "backup",
        "unencrypted",
        "false",
        "Whether backups lie there for anybody to read who finds them. One of `recipients`, \
         `passphrase` and this is needed with `to`.",
    ),
    flag(
        "backup",
        "include_keys",
        "false",
        "Whether the keys of the installation are in its backups: such a backup is all it takes to be \
         this server. Only with encryption.",
    ),
    whole(
        "backup",
        "keep_last",
        "3",
        "The newest backups of the schedule that are kept, 1 to 1000.",
    ),
    whole(
        "backup",
        "keep_daily",
        "7",
        "Besides, the newest of so many days, 0 to 1000. Backups somebody asked for stay until \
         somebody deletes them.",
    ),
    whole("backup", "keep_weekly", "5", "Besides, the newest of so many weeks, 0 to 1000."),
    whole("backup", "keep_monthly", "12", "Besides, the newest of so many months, 0 to 1000."),
    text(
        "backup",
        "s3_endpoint",
        "\"\"",
        "Address of an S3 that is not Amazon's, e.g. `https://s3.example.com`; `http://` only on this \
         machine.",
    ),
    text("backup", "s3_region", "\"us-east-1\"", "Region of the bucket.").or(&["AWS_REGION"]),
    secret("backup", "s3_access_key", "Who we are at the S3: the id of an access key.")
        .or(&["AWS_ACCESS_KEY_ID"]),
    secret("backup", "s3_secret_key", "The secret of that access key.")
        .or(&["AWS_SECRET_ACCESS_KEY"]),
    secret("backup", "s3_session_token", "The rest of the proof, where it is for a while only.")
        .or(&["AWS_SESSION_TOKEN"]),
    flag(
        "backup",
        "s3_checksums",
        "true",
        "Whether what is sent has a checksum (SHA-256), which a bucket with an object lock needs. \
         `false` for an S3 that does not know them.",
    ),
    whole(
        "backup",
        "s3_timeout_s",
        "60",
        "Seconds a call to the S3 may take, 1 to 600: a part of a backup is 8 MiB or more.",
    ),
];
