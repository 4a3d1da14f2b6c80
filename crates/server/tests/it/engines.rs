//! Which engines the tests run on: SQLite always, PostgreSQL where there is one.
//!
//! `SIXFOLD_TEST_POSTGRES` names a server on which databases may be made; without it one on
//! 127.0.0.1:5432 is used if it lets the user `postgres` in. `SIXFOLD_TEST_REQUIRE=sqlite,postgres`
//! turns a missing engine into a failure; the other names it may hold are those of [`crate::clients`] and
//! of `tests/faults`.

use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio_postgres::NoTls;

#[path = "../../../database/tests/it/plain.rs"]
pub(crate) mod plain;

const USUAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";
const PATIENCE: Duration = Duration::from_secs(30);
/// What tests may need.
const KNOWN: [&str; 9] =
    ["sqlite", "postgres", "node", "chromium", "python", "pebble", "strace", "faketime", "initdb"];

/// An engine to run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    /// With the address of a server.
    Postgres(String),
}

impl Engine {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// All there are, told once.
    pub(crate) fn all() -> Vec<Self> {
        static FOUND: OnceLock<Vec<Engine>> = OnceLock::new();
        FOUND.get_or_init(find).clone()
    }
}

#[expect(clippy::disallowed_methods, reason = "how tests are told about the machine")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn find() -> Vec<Engine> {
    let mut engines = vec![Engine::Sqlite];
    let given = variable("SIXFOLD_TEST_POSTGRES");
    let told = given.is_some();
    let url = given.unwrap_or_else(|| USUAL.to_owned());
    let note = match on_own_thread(async move { connect(&url).await.map(|_| url) }) {
        Ok(url) => {
            engines.push(Engine::Postgres(url));
            "SQLite and PostgreSQL".to_owned()
        }
        Err(error) if told => panic!("SIXFOLD_TEST_POSTGRES cannot be used: {error}"),
        Err(error) => {
            format!("SQLite only: no PostgreSQL ({error}); name one in SIXFOLD_TEST_POSTGRES")
        }
    };
    // Not by `eprintln!`, which the harness swallows when a test passes.
    let _ = writeln!(std::io::stderr(), "engines: {note}");
    for name in all_required() {
        assert!(
            KNOWN.contains(&name.as_str()),
            "SIXFOLD_TEST_REQUIRE names {name}; there are {}",
            KNOWN.join(", ")
        );
        assert!(
            !matches!(name.as_str(), "sqlite" | "postgres")
                || engines.iter().any(|engine| engine.name() == name),
            "SIXFOLD_TEST_REQUIRE names {name}, but the tests run on {note}"
        );
    }
    engines
}

/// Whether a test that needs this fails where it is missing.
pub(crate) fn required(need: &str) -> bool {
    all_required().iter().any(|name| name == need)
}

fn all_required() -> Vec<String> {
    let required = variable("SIXFOLD_TEST_REQUIRE").unwrap_or_default();
    let names = required.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// Runs a task to its end wherever one is, also while dropping and inside another runtime.
pub(crate) fn on_own_thread<T: Send>(task: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(task)
        });
        thread.join().expect("the task ends")
    })
}

async fn connect(url: &str) -> Result<tokio_postgres::Client, String> {
    let connecting = tokio::time::timeout(PATIENCE, tokio_postgres::connect(url, NoTls));
    let (client, connection) = connecting
        .await
        .map_err(|_| "it does not answer".to_owned())?
        .map_err(|error| error.to_string())?;
    // Ends by itself when the client is dropped.
    tokio::spawn(connection);
    Ok(client)
}

/// An empty database of our own, dropped with this.
pub(crate) struct Database {
    server: String,
    name: String,
    pub(crate) url: String,
}

impl Database {
    pub(crate) async fn create(server: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sixfold_it_{}_{count}", std::process::id());
        let client = connect(server).await.expect("PostgreSQL answers");
        client.batch_execute(&plain::make_role()).await.expect("may make roles");
        client.batch_execute(&plain::make_database(&name)).await.expect("may make databases");
        let url = plain::address(server, &name);
        Self { server: server.to_owned(), name, url }
    }

    /// Its address for whoever makes databases on the server.
    pub(crate) fn as_admin(&self) -> String {
        let (place, _) = self.server.rsplit_once('/').expect("an address with a database");
        format!("{place}/{}", self.name)
    }

    /// Runs a statement on it, in front of the wall between tenants: who says nothing reaches nothing.
    pub(crate) async fn run(&self, sql: &str) {
        let client = connect(&self.url).await.expect("PostgreSQL answers");
        let sql = format!("set sixfold.reach = 'everything'; {sql}");
        client.batch_execute(&sql).await.expect("the statement is right");
    }

    /// The texts that a statement finds, for who reaches this far.
    pub(crate) async fn all(&self, reach: &str, sql: &str) -> Vec<String> {
        let client = connect(&self.url).await.expect("PostgreSQL answers");
        let said = format!("set sixfold.reach = '{reach}'");
        client.batch_execute(&said).await.expect("it is heard");
        let rows = client.query(sql, &[]).await.expect("the statement is right");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Somebody else on it, in front of the wall between tenants, who keeps what they take.
    pub(crate) async fn other(&self) -> tokio_postgres::Client {
        let client = connect(&self.url).await.expect("PostgreSQL answers");
        let reach = "set sixfold.reach = 'everything'";
        client.batch_execute(reach).await.expect("it is heard");
        client
    }

    /// Sends everybody away and lets nobody in, until whoever stays opens it again.
    pub(crate) async fn shut(&self) -> tokio_postgres::Client {
        let client = connect(&self.url).await.expect("PostgreSQL answers");
        let shut = format!("alter database {} connection limit 0", self.name);
        client.batch_execute(&shut).await.expect("it is the role's");
        let away = "select pg_terminate_backend(pid) from pg_stat_activity \
                    where datname = current_database() and usename = current_user \
                    and pid <> pg_backend_pid()";
        client.batch_execute(away).await.expect("they are the role's");
        client
    }

    /// Lets everybody in again.
    pub(crate) async fn open(&self, by: tokio_postgres::Client) {
        let open = format!("alter database {} connection limit -1", self.name);
        by.batch_execute(&open).await.expect("it is the role's");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.name);
        on_own_thread(async {
            match connect(&self.server).await {
                Ok(client) => {
                    if let Err(error) = client.batch_execute(&drop).await {
                        eprintln!("{} was not dropped: {error}", self.name);
                    }
                }
                Err(error) => eprintln!("{} was not dropped: {error}", self.name),
            }
        });
    }
}
