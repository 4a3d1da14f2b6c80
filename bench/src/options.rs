//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::scenario::Scenario;

/// Load generator for Sixfold.
#[derive(Parser)]
#[command(name = "sixfold-bench", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start a server on a fresh database, load it, print and write down what was measured.
    Run(Box<RunOptions>),
    /// The same for live connections: fan-out, acknowledgements, events, idle memory.
    Live(Box<LiveOptions>),
}

/// Which database the server runs on.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineChoice {
    Sqlite,
    Postgres,
    Both,
}

/// One engine of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    /// A server that was running before us (`--url`): its engine is not known.
    Running,
}

impl Engine {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Running => "url",
        }
    }
}

impl EngineChoice {
    pub(crate) fn engines(self) -> &'static [Engine] {
        match self {
            Self::Sqlite => &[Engine::Sqlite],
            Self::Postgres => &[Engine::Postgres],
            Self::Both => &[Engine::Sqlite, Engine::Postgres],
        }
    }
}

/// How the `sizes` scenario fills the table.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fill {
    /// `sixfold import` while the server is stopped.
    Import,
    /// One `POST /v1/things` per thing.
    Post,
}

/// What is measured, and where the result goes.
#[derive(Args)]
pub(crate) struct Place {
    /// Database engine to run on.
    #[arg(long, value_enum, default_value = "sqlite")]
    pub(crate) engine: EngineChoice,

    /// The server's binary.
    #[arg(long, default_value = "target/release/sixfold")]
    pub(crate) server: PathBuf,

    /// An argument for the server's start; may be repeated. Without any it is started bare.
    #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true)]
    pub(crate) server_arg: Vec<String>,

    /// A setting for the server, `KEY=VALUE`; may be repeated. Recorded in the result.
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub(crate) server_env: Vec<(String, String)>,

    /// PostgreSQL on this machine; a database is created on it for the run and dropped afterwards.
    #[arg(long, default_value = "postgres://postgres@127.0.0.1:5432/postgres")]
    pub(crate) postgres: String,

    /// Load a server that is already running here, e.g. `http://127.0.0.1:8080`, instead of
    /// starting one.
    #[arg(long)]
    pub(crate) url: Option<String>,

    /// Process id of the server at `--url`, to read its CPU time and memory.
    #[arg(long, requires = "url")]
    pub(crate) pid: Option<u32>,

    /// Where the temporary data directory is made. It should be on a real disk: on a memory file
    /// system a sync is free.
    #[arg(long, default_value = "target/bench")]
    pub(crate) work_dir: PathBuf,

    /// Where the result file is written.
    #[arg(long, default_value = "bench/results")]
    pub(crate) out: PathBuf,

    /// Print only, write no result file.
    #[arg(long)]
    pub(crate) no_file: bool,
}

/// A part of the live measurements.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// One message after the other to everybody in a room.
    FanOut,
    /// Many people say something; how long until it is acknowledged.
    Messages,
    /// Something is changed over HTTP; how long until a listener is told.
    Events,
    /// Connections on which nothing happens.
    Idle,
}

#[derive(Args)]
pub(crate) struct LiveOptions {
    /// What to measure, in this order. With `--url` only `fan-out`, which asks for no account there.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "fan-out,messages,events,idle")]
    pub(crate) parts: Vec<Part>,

    /// Seconds each part is measured, but `idle`.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,

    /// Listeners in the room of `fan-out`.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub(crate) listeners: u32,

    /// Messages of `fan-out` that are on their way to somebody at the same time, at most.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) window: u32,

    /// Bytes of a message.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(20..=16_000))]
    pub(crate) body: u32,

    /// Messages a second of `messages`, from all together.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rate: u32,

    /// Connections that say them, one after the other, in ten rooms.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) speakers: u32,

    /// Changes a second of `events`.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) event_rate: u32,

    /// Connections of `idle`.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=50_000))]
    pub(crate) sockets: u32,

    /// Seconds for which they are left alone; heartbeats are 30 s apart.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) idle_seconds: u64,

    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct RunOptions {
    /// Scenarios to run, in this order.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "create-thing,get-thing,list-50,create-connection,sign-in,mixed"
    )]
    pub(crate) scenarios: Vec<Scenario>,

    /// Connections, each with one request in flight; every scenario runs once per number (`sizes`
    /// with the first).
    #[arg(long, value_delimiter = ',', default_value = "64,256", value_parser = clap::value_parser!(u32).range(1..=8192))]
    pub(crate) connections: Vec<u32>,

    /// Connections of the sign-in scenario, which the password hash bounds.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) sign_in_connections: u32,

    /// Seconds measured.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,

    /// Seconds of the same load before the measurement starts.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=120))]
    pub(crate) warm_up: u64,

    /// Things created before the first scenario.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    pub(crate) seed_things: u64,

    /// Table sizes of the `sizes` scenario, ascending.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "10000,100000,1000000",
        value_parser = clap::value_parser!(u64).range(1000..=10_000_000)
    )]
    pub(crate) sizes: Vec<u64>,

    /// How `sizes` fills the table; a running server (`--url`) is always filled by `post`.
    #[arg(long, value_enum, default_value = "import")]
    pub(crate) fill: Fill,

    /// Things of the `queries`, `backup` and `recovery` scenarios.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10_000..=10_000_000))]
    pub(crate) rows: u64,

    /// Things of the `search` scenario.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1000..=10_000_000))]
    pub(crate) documents: u64,

    /// Groups of the `tree` scenario.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=100_000))]
    pub(crate) groups: u64,

    #[command(flatten)]
    pub(crate) place: Place,
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a setting is written KEY=VALUE".to_owned()),
    }
}
