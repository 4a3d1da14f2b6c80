//! The process, its store, its edge and its own secrets.

use super::{Key, Kind, flag, list, secret, text, whole};

pub(super) static KEYS: &[Key] = &[
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
        "tls_cert",
        "\"\"",
        "File of the certificate, in PEM, with those above it: with it the server speaks https itself \
         (TLS 1.2 and 1.3, HTTP/2); see [edge.md](edge.md). It is read again when it changes. \
         Empty: a proxy does that.",
    ),
    text(
        "server",
        "tls_key",
        "\"\"",
        "File of the certificate's key, in PEM, without a passphrase, and nobody else's to read.",
    ),
    whole(
        "server",
        "redirect_port",
        "0",
        "With TLS: a second port, where plain http is led to the public URL. 0: none.",
    ),
    list(
        "server",
        "domains",
        "[]",
        "Names for which the server gets a certificate by itself and renews it (ACME, HTTP-01), \
         instead of `tls_cert`; the first is the public URL where none is given. Needs \
         `redirect_port`, to which port 80 of these names must lead. See [edge.md](edge.md).",
    ),
    text(
        "server",
        "acme_directory",
        "\"https://acme-v02.api.letsencrypt.org/directory\"",
        "The certificate authority: the address of its directory.",
    ),
    text(
        "server",
        "acme_email",
        "\"\"",
        "Where the certificate authority may write to; not every one wants it.",
    ),
    flag(
        "server",
        "acme_terms_agreed",
        "false",
        "That you agree to the terms of the certificate authority. Without it none is asked.",
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
         `info,database=debug`.",
    ),
    text(
        "server",
        "access_log",
        "\"auto\"",
        "A line for each request, whatever the level: `on`, `off`, or `auto`: in production only.",
    ),
    Key {
        section: "database",
        name: "url",
        kind: Kind::Secret,
        default: "\"\"",
        doc: "`sqlite://PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`. Empty: \
              SQLite, in the file `sixfold.db` of the data directory. On PostgreSQL a plain role that \
              owns the database: row-level security binds no superuser.",
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
        "2147418112",
        "Bytes of the database file that the writer may map into memory, until nothing was written \
         for two seconds; SQLite maps no more than 2147418112. SQLite only.",
    ),
    whole("database", "cache_kib", "16384", "Page cache of the writer, in KiB. SQLite only."),
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
        "filter_budget_ms",
        "5000",
        "Milliseconds a list with a filter or an order of its own may look for its rows before it \
         is answered 422 `query_too_expensive`; 0: as long as any other read.",
    ),
    whole(
        "database",
        "slow_statement_ms",
        "250",
        "Milliseconds a statement may take until its text is logged, and once its plan, never what \
         it was given; 0: never.",
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
    list(
        "web",
        "trusted_proxies",
        "[]",
        "Addresses and ranges of proxies that may say in `X-Forwarded-For` where a request comes \
         from, e.g. `10.0.0.0/8`. Nobody else is believed.",
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
        "Requests worked on at once; one more is answered 503 at once. An eighth of them, from one \
         address, may wait for their bodies, and half of them in all.",
    ),
    whole(
        "web",
        "wait_target_ms",
        "0",
        "When requests wait longer than so many milliseconds for the store, even those that wait \
         least, a share of them is answered 503 at once, so that the others are not late; 0: none \
         is. See [edge.md](edge.md).",
    ),
    whole(
        "web",
        "header_read_timeout_ms",
        "10000",
        "A connection that sends no complete request head for this many milliseconds is closed; \
         this is also how long a handshake may take and an idle connection is kept.",
    ),
    whole(
        "web",
        "write_timeout_ms",
        "30000",
        "A connection whose client takes nothing of what is written to it for this many \
         milliseconds, or has vanished for four times as long, is cut off.",
    ),
    whole(
        "web",
        "slow_request_ms",
        "1000",
        "A request that takes longer than this many milliseconds is told in the log, with the \
         statements that were slow; 0: none is.",
    ),
    whole(
        "web",
        "max_connections",
        "10000",
        "Connections open at once; one more is answered 503 and closed.",
    ),
    whole(
        "web",
        "max_handshakes",
        "512",
        "TLS handshakes under way at once; further ones wait for their turn.",
    ),
    whole(
        "web",
        "idempotency_hours",
        "24",
        "How many hours an answer is given again to a request that is sent again with the same \
         `Idempotency-Key`.",
    ),
    whole(
        "web",
        "shutdown_grace_ms",
        "10000",
        "How long requests in flight may take to finish when the server stops, in milliseconds.",
    ),
    list(
        "egress",
        "allow_private",
        "[]",
        "Addresses, ranges and host names of this network that users may send the server to, at \
         any port, e.g. `10.1.0.0/16` or `intranet.example`. Otherwise only public addresses at \
         the ports 80 and 443 are read.",
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
