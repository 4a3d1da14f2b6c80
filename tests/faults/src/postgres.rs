//! Databases of our own, and a PostgreSQL of our own where one has to be restarted.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::machine;

#[path = "../../../crates/database/tests/it/plain.rs"]
mod plain;

const USUAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";
const PATIENCE: Duration = Duration::from_secs(5);
/// Where Debian puts each version's programs.
const PLACES: &str = "/usr/lib/postgresql";

/// What a house stores in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A database on the server with this address, as somebody who may make them.
    Postgres(String),
}

impl Engine {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

/// PostgreSQL, where it answers; else the test says that it is skipped.
///
/// # Errors
/// When it is named (`SIXFOLD_TEST_POSTGRES`) or required and does not answer.
pub fn postgres(what: &str) -> Result<Option<Engine>> {
    let given = machine::variable("SIXFOLD_TEST_POSTGRES");
    let url = given.clone().unwrap_or_else(|| USUAL.to_owned());
    match run(&url, "select 1") {
        Ok(()) => Ok(Some(Engine::Postgres(url))),
        Err(error) if given.is_some() => Err(error.context("SIXFOLD_TEST_POSTGRES")),
        Err(error) => {
            machine::skip("postgres", what, &format!("no PostgreSQL answers ({error:#})"))?;
            Ok(None)
        }
    }
}

/// Runs statements as whoever the address names.
fn run(url: &str, sql: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let connecting = tokio::time::timeout(PATIENCE, tokio_postgres::connect(url, NoTls));
        let (client, connection) = connecting.await.context("it does not answer")??;
        // Ends by itself when the client is dropped.
        tokio::spawn(connection);
        client.batch_execute(sql).await.with_context(|| sql.to_owned())
    })
}

/// An empty database of our own, dropped with this.
pub struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    /// Makes one, unless the engine needs none.
    pub(crate) fn create(engine: &Engine) -> Result<Option<Self>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Engine::Postgres(server) = engine else { return Ok(None) };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sixfold_faults_{}_{count}", std::process::id());
        run(server, &plain::make_role())?;
        run(server, &plain::make_database(&name))?;
        let url = plain::address(server, &name);
        Ok(Some(Self { server: server.clone(), name, url }))
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Cuts every connection to it.
    ///
    /// # Errors
    /// When its server does not answer.
    pub fn cut(&self) -> Result<()> {
        let own = "datname = '{}' and pid <> pg_backend_pid()".replace("{}", &self.name);
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity where";
        run(&self.server, &format!("{cut} {own}"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.name);
        if let Err(error) = run(&self.server, &drop) {
            machine::tell(&format!("{} was not dropped: {error:#}", self.name));
        }
    }
}

/// A PostgreSQL that is nobody else's.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes and starts one; nothing where its programs are missing, which is said.
    ///
    /// # Errors
    /// When they are required (`SIXFOLD_TEST_REQUIRE=initdb`) or do not work.
    pub fn start(what: &str) -> Result<Option<Self>> {
        let Some(programs) = programs() else {
            machine::skip("initdb", what, &format!("there is no initdb in {PLACES}"))?;
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        let cluster = Self { folder, programs, port: free_port()? };
        if is_root()? {
            // It refuses to run as root, and its folder is its own.
            let owner =
                ["postgres:", &cluster.folder.path().display().to_string()].map(str::to_owned);
            done(Command::new("/usr/bin/chown").args(owner))?;
        }
        let data = cluster.data();
        let how = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D"];
        done(cluster.program("initdb")?.args(how).arg(&data))?;
        cluster.control("start")?;
        Ok(Some(cluster))
    }

    /// Where it answers.
    #[must_use]
    pub fn engine(&self) -> Engine {
        Engine::Postgres(format!("postgres://postgres@127.0.0.1:{}/postgres", self.port))
    }

    /// Ends it and starts it again: `fast` rolls back what is under way, `immediate` leaves
    /// everything lying as a crash would.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn restart(&self, mode: &str) -> Result<()> {
        let stop = ["-m", mode, "-w", "-t", "60", "stop", "-D"];
        done(self.program("pg_ctl")?.args(stop).arg(self.data()))?;
        self.control("start")
    }

    fn control(&self, command: &str) -> Result<()> {
        let folder = self.folder.path();
        let options = format!("-p {} -h 127.0.0.1 -k {}", self.port, folder.display());
        let log = folder.join("postgres.log");
        let mut run = self.program("pg_ctl")?;
        run.args(["-w", "-t", "60", "-o", &options, "-D"]).arg(self.data());
        done(run.arg("-l").arg(log).arg(command))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of its programs, as somebody it accepts.
    fn program(&self, name: &str) -> Result<Command> {
        let path = self.programs.join(name);
        let mut command = if is_root()? {
            let mut command = Command::new("/usr/bin/setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        let folder = self.folder.path();
        command.current_dir(folder).env("HOME", folder).env("LC_ALL", "C.UTF-8");
        Ok(command)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped = self.program("pg_ctl").and_then(|mut stop| {
            done(stop.args(["-m", "immediate", "-w", "stop", "-D"]).arg(self.data()))
        });
        if let Err(error) = stopped {
            machine::tell(&format!("the private PostgreSQL was not stopped: {error:#}"));
        }
    }
}

/// The newest version's.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(PLACES).ok()?;
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let usable = folders.filter(|folder| folder.join("initdb").is_file());
    let number = |folder: &PathBuf| -> Option<u32> {
        folder.parent().and_then(Path::file_name)?.to_str()?.parse().ok()
    };
    usable.max_by_key(number)
}

fn is_root() -> Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(std::fs::metadata("/proc/self")?.uid() == 0)
}

/// A port nobody listens on just now.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Runs it to its good end. What a PostgreSQL that it starts inherits must be no pipe of ours.
fn done(command: &mut Command) -> Result<()> {
    let said = tempfile::NamedTempFile::new()?;
    let (out, err) = (said.reopen()?, said.reopen()?);
    let status = command.stdin(Stdio::null()).stdout(out).stderr(err).status();
    let status = status.with_context(|| format!("{command:?}"))?;
    let told = || anyhow!("{}", std::fs::read_to_string(said.path()).unwrap_or_default());
    ensure!(status.success(), told().context(format!("{command:?} ended with {status}")));
    Ok(())
}
