//! A fresh store on each engine.

use std::sync::atomic::{AtomicU32, Ordering};

use database::{Db, Settings};

#[path = "plain.rs"]
pub mod plain;

pub const LOCAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// Connections of a store: many tests have theirs on one server at the same time.
const CONNECTIONS: usize = 4;

/// A store that is removed with this value.
pub struct Fresh {
    pub db: Db,
    pub settings: Settings,
    folder: tempfile::TempDir,
    server: Option<(String, String)>,
}

impl Fresh {
    pub async fn sqlite() -> Self {
        Self::sqlite_with(Settings::default()).await
    }

    pub async fn sqlite_with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("test.db");
        let settings = Settings { url: format!("sqlite://{}", path.display()), ..settings };
        let db = Db::open(&settings).await.expect("a store");
        Self { db, settings, folder, server: None }
    }

    /// A database of its own on the server, or nothing where there is none.
    pub async fn postgres() -> Option<Self> {
        Self::postgres_with(Settings { connections: CONNECTIONS, ..Settings::default() }).await
    }

    pub async fn postgres_with(settings: Settings) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = server().await?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sixfold_store_{}_{number}", std::process::id());
        admin(&server, &plain::make_role()).await;
        admin(&server, &plain::make_database(&name)).await;
        let settings = Settings { url: plain::address(&server, &name), ..settings };
        let db = Db::open(&settings).await.expect("a store");
        let folder = tempfile::tempdir().expect("a folder");
        Some(Self { db, settings, folder, server: Some((server, name)) })
    }

    /// Every engine there is on this machine; says so, and fails where one is required.
    pub async fn each() -> Vec<Self> {
        Self::found(Self::sqlite().await, Self::postgres().await)
    }

    /// The same with as many connections as there usually are: for tests about those who come in each
    /// other's way, of whom few connections would let too few in.
    pub async fn each_wide() -> Vec<Self> {
        Self::found(Self::sqlite().await, Self::postgres_with(Settings::default()).await)
    }

    fn found(sqlite: Self, postgres: Option<Self>) -> Vec<Self> {
        let mut all = vec![sqlite];
        all.extend(postgres);
        println!(
            "engines: {}",
            all.iter().map(|one| one.db.engine().name()).collect::<Vec<_>>().join(", ")
        );
        all
    }

    pub async fn done(self) {
        self.db.close().await;
        drop(self.db);
        drop(self.folder);
        if let Some((server, name)) = self.server {
            admin(&server, &format!("drop database {name} with (force)")).await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are told about the server by the environment")]
pub async fn server() -> Option<String> {
    let given = std::env::var("SIXFOLD_TEST_POSTGRES").ok();
    let address = given.clone().unwrap_or_else(|| LOCAL.to_owned());
    let reached = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.is_ok();
    let required = std::env::var("SIXFOLD_TEST_REQUIRE").unwrap_or_default().contains("postgres");
    assert!(
        reached || !(required || given.is_some()),
        "PostgreSQL is required and does not answer"
    );
    if !reached {
        println!("PostgreSQL does not answer on localhost: only SQLite runs");
    }
    reached.then_some(address)
}

pub async fn admin(server: &str, sql: &str) {
    let (client, connection) =
        tokio_postgres::connect(server, tokio_postgres::NoTls).await.expect("the server");
    tokio::spawn(connection);
    client.batch_execute(sql).await.expect(sql);
}

/// Runs one body on every engine; with `each_wide` before it, on those of that name.
#[macro_export]
macro_rules! on_each {
    ($name:ident, |$store:ident| $body:block) => {
        $crate::on_each!($name, each, |$store| $body);
    };
    ($name:ident, $which:ident, |$store:ident| $body:block) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            for $store in $crate::engines::Fresh::$which().await {
                $body
                $store.done().await;
            }
        }
    };
}
