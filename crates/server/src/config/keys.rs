//! Every key there is, with its type, default and what it is for: the source of the reference
//! page, of the example file and of the names in the environment. A test holds it to the structs
//! the settings are read into, so none is missing, extra, or has another default.

use std::cmp::Ordering;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Text that must not be shown; also read from a file named by `<key>_file`.
    Secret,
    Whole,
    List,
}

impl Kind {
    pub(crate) const fn described(self) -> &'static str {
        match self {
            Self::Text | Self::Secret => "a text",
            Self::Whole => "a whole number",
            Self::List => "a list of texts",
        }
    }
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) section: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// As it would stand in the file; empty when there is none.
    pub(crate) default: &'static str,
    /// What it is for, in sentences.
    pub(crate) doc: &'static str,
    /// Further names in the environment.
    pub(crate) short: &'static [&'static str],
}

impl Key {
    /// `section.name`.
    pub(crate) fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// `SIXFOLD_SECTION_NAME`.
    pub(crate) fn variable(&self) -> String {
        format!("SIXFOLD_{}_{}", self.section, self.name).to_ascii_uppercase()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.section, self.name).cmp(&(other.section, other.name))
    }
}

/// The sections in the order of the reference, each with a sentence.
pub(crate) static SECTIONS: &[(&str, &str)] = &[
    ("server", "The process: where it listens, whom it serves, where its data lies."),
    ("database", "The store: where it is and how much it may use."),
    ("web", "The edge: limits of every request."),
    ("identity", "Accounts, sessions and API keys."),
    (
        "keys",
        "Secrets of the installation. Without them the first start makes two files in the data \
         directory (`keys/root.key` and `keys/signing.key`, readable by their owner only).",
    ),
];

const fn text(
    section: &'static str,
    name: &'static str,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { section, name, kind: Kind::Text, default, doc, short: &[] }
}

const fn secret(section: &'static str, name: &'static str, doc: &'static str) -> Key {
    Key { section, name, kind: Kind::Secret, default: "", doc, short: &[] }
}

const fn whole(
    section: &'static str,
    name: &'static str,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { section, name, kind: Kind::Whole, default, doc, short: &[] }
}

const fn list(
    section: &'static str,
    name: &'static str,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { section, name, kind: Kind::List, default, doc, short: &[] }
}

impl Key {
    const fn or(mut self, short: &'static [&'static str]) -> Self {
        self.short = short;
        self
    }
}

/// All of them.
pub(crate) static KEYS: &[Key] = &[
    text(
        "server",
        "host",
        "\"127.0.0.1\"",
        "Address to listen on: an IP address or `localhost`. Anything but a loopback address \
         needs `env = \"production\"`.",
    ),
    whole("server", "port", "8080", "Port to listen on; 0 takes a free one.").or(&["PORT"]),
    text(
        "server",
        "public_url",
        "\"\"",
        "Where people reach the server, without a path, e.g. `https://sixfold.example`. Links are \
         made from it, never from request headers. Empty: the address it listens on. Required in \
         production, and https there.",
    ),
    text(
        "server",
        "env",
        "\"development\"",
        "`development` or `production`. Development is for one person at one machine: it is \
         refused unless the server is bound to a loopback address.",
    )
    .or(&["SIXFOLD_ENV"]),
    text(
        "server",
        "data_dir",
        "\"./data\"",
        "Directory of the database and the keys; created by the first start, readable by its \
         owner only.",
    )
    .or(&["SIXFOLD_DATA_DIR"]),
    text(
        "server",
        "log_format",
        "\"auto\"",
        "`text`, `json`, or `auto`: JSON in production, else text. Logs go to stderr.",
    ),
    text(
        "server",
        "log_level",
        "\"info\"",
        "`error`, `warn`, `info`, `debug` or `trace`; with commas also for one part, e.g. \
         `info,web::request=debug` for a line per request.",
    ),
    Key {
        section: "database",
        name: "url",
        kind: Kind::Secret,
        default: "\"\"",
        doc: "`sqlite://PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`. Empty: \
              SQLite, in the file `sixfold.db` of the data directory.",
        short: &["DATABASE_URL"],
    },
    whole(
        "database",
        "write_queue",
        "4096",
        "Writes that may wait for the writer before further ones are refused with 503.",
    ),
    whole(
        "database",
        "commit_batch",
        "512",
        "Writes that share one commit (and one fsync) at most. SQLite only.",
    ),
    whole(
        "database",
        "long_reads",
        "4",
        "Long reads (search, export) running at the same time. SQLite only.",
    ),
    whole(
        "database",
        "mmap_bytes",
        "1073741824",
        "Bytes of the database file that may be memory-mapped. SQLite only.",
    ),
    whole("database", "cache_kib", "65536", "Page cache of the writer, in KiB. SQLite only."),
    whole(
        "database",
        "wal_bytes",
        "33554432",
        "Size of the write-ahead log, in bytes, above which it is folded back. SQLite only.",
    ),
    whole("database", "connections", "16", "Connections to PostgreSQL."),
    whole(
        "database",
        "statement_timeout_s",
        "30",
        "Seconds a statement may take before it is cancelled. PostgreSQL only.",
    ),
    whole(
        "database",
        "connect_timeout_s",
        "5",
        "Seconds a request waits for a free connection before it is refused. PostgreSQL only.",
    ),
    list(
        "web",
        "cors_origins",
        "[]",
        "Origins of web pages that may call with cookies, matched exactly, e.g. \
         `https://app.example.com`; separated by commas in the environment. The server's own \
         origin needs no entry.",
    ),
    whole(
        "web",
        "request_timeout_ms",
        "30000",
        "A request that has no answer after this many milliseconds is answered 503.",
    ),
    whole(
        "web",
        "body_limit_bytes",
        "1048576",
        "The largest request body in bytes, unless a route says otherwise.",
    ),
    whole(
        "web",
        "max_in_flight",
        "4096",
        "Requests worked on at once; one more is answered 503 at once.",
    ),
    whole(
        "web",
        "header_read_timeout_ms",
        "10000",
        "A connection that sends no complete request head for this many milliseconds is closed; \
         this is also how long an idle connection is kept.",
    ),
    whole(
        "web",
        "max_connections",
        "10000",
        "Connections open at once; further ones wait in the kernel's queue.",
    ),
    whole(
        "web",
        "shutdown_grace_ms",
        "10000",
        "How long requests in flight may take to finish when the server stops, in milliseconds.",
    ),
    whole("identity", "password_min", "12", "The fewest characters of a new password, 8 to 64."),
    whole("identity", "password_max", "128", "The most characters of a new password, 64 to 1024."),
    whole(
        "identity",
        "argon2_memory_kib",
        "19456",
        "Memory of one Argon2id hash in KiB; OWASP's least is 19456 with two passes.",
    ),
    whole("identity", "argon2_passes", "2", "Passes of one Argon2id hash."),
    whole(
        "identity",
        "hash_queue",
        "64",
        "Passwords that may wait for a free core; one more is answered 503.",
    ),
    whole("identity", "session_days", "30", "Days until a session ends, however much it is used."),
    whole("identity", "session_idle_days", "7", "Days until a session ends that is not used."),
    whole(
        "identity",
        "access_token_minutes",
        "15",
        "Minutes an access token of the token pair is good for.",
    ),
    whole(
        "identity",
        "refresh_days",
        "30",
        "Days until a refresh token's family ends, however often it was exchanged.",
    ),
    whole(
        "identity",
        "api_key_days",
        "365",
        "Days a new API key is good for, unless it says otherwise.",
    ),
    whole("identity", "api_keys_per_group", "100", "Live API keys of one group at most."),
    text(
        "identity",
        "default_plan",
        "\"enterprise\"",
        "The plan of the personal group every new account gets: `starter`, `pro` or `enterprise`.",
    ),
    list(
        "identity",
        "callback_origins",
        "[]",
        "Origins a `callbackURL` may point at, besides this server and the allowed origins of \
         the web, e.g. `https://app.example.com`.",
    ),
    secret(
        "keys",
        "root",
        "64 hexadecimal digits from which the keys for single purposes are derived. Given \
         together with `signing` or not at all.",
    )
    .or(&["SIXFOLD_ROOT_KEY"]),
    secret(
        "keys",
        "signing",
        "64 hexadecimal digits: the seed of the Ed25519 key that signs access tokens.",
    )
    .or(&["SIXFOLD_SIGNING_KEY"]),
];
