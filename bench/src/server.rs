//! The server under load: our own child process, on a free loopback port, with a fresh data
//! directory.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::client;
use crate::options::{Engine, Place};
use crate::postgres::Databases;
use crate::stage::render;

/// A start may take this long; a database of a million rows needs no recovery after a clean stop.
const START_LIMIT: Duration = Duration::from_secs(120);

/// After SIGTERM; the server promises ten seconds.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Settings of the caller's shell that must not reach the measured server.
const FOREIGN: [&str; 6] = ["SIXFOLD_", "DATABASE_", "PG", "OTEL_", "PORT", "RUST_LOG"];

/// A data directory, a database and — while it runs — the server on them.
pub(crate) struct House {
    binary: PathBuf,
    arguments: Vec<String>,
    settings: Vec<(String, String)>,
    database_url: String,
    // Above the directory: dropped first, so that an interrupted run ends the server before its data.
    running: Option<(Child, SocketAddr)>,
    directory: TempDir,
}

impl House {
    /// Prepares a fresh database; nothing runs yet.
    pub(crate) async fn open(
        engine: Engine,
        place: &Place,
        databases: &mut Databases,
    ) -> Result<Self> {
        let binary = place.server.canonicalize().with_context(|| {
            format!(
                "there is no server at {}; build it with cargo build --release",
                place.server.display()
            )
        })?;
        fs::create_dir_all(&place.work_dir).context("could not make --work-dir")?;
        let work = place.work_dir.canonicalize()?;
        let directory = tempfile::Builder::new().prefix("run-").tempdir_in(work)?;
        let database_url = match engine {
            Engine::Postgres => databases.create(&place.postgres).await?,
            _ => format!("sqlite://{}", directory.path().join("data").join("sixfold.db").display()),
        };
        fs::create_dir(directory.path().join("data"))?;
        Ok(Self {
            binary,
            arguments: place.server_arg.clone(),
            settings: place.server_env.clone(),
            database_url,
            directory,
            running: None,
        })
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Another setting for the next start.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.settings.push((key.to_owned(), value.to_owned()));
    }

    /// Where the server listens; only while it runs.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        self.running.as_ref().map(|(_, address)| *address).context("the server is not running")
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.running.as_ref().and_then(|(child, _)| child.id())
    }

    /// Starts the server and waits until it is ready; the time from exec to its first 200.
    pub(crate) async fn start(&mut self) -> Result<Duration> {
        let address = free_address()?;
        let mut command = self.command()?;
        command.args(&self.arguments).env("PORT", address.port().to_string());
        let begin = Instant::now();
        let mut child = command.spawn().context("could not start the server")?;
        let request = render(address, "GET", "/v1/ready", None, None);
        loop {
            if let Ok((200, _)) = client::once(address, None, &request).await {
                break;
            }
            if let Some(status) = child.try_wait()? {
                bail!("the server ended while it started ({status}):\n{}", self.last_words());
            }
            if begin.elapsed() > START_LIMIT {
                bail!("the server was not ready after {START_LIMIT:?}:\n{}", self.last_words());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let time = begin.elapsed();
        self.running = Some((child, address));
        Ok(time)
    }

    /// Asks the server to end (SIGTERM) and waits until it has.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let Some((mut child, _)) = self.running.take() else { return Ok(()) };
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let Some(id) = id else { bail!("the server ended by itself:\n{}", self.last_words()) };
        kill_process(id, Signal::TERM).context("could not stop the server")?;
        match tokio::time::timeout(STOP_LIMIT, child.wait()).await {
            Ok(status) => {
                let status = status?;
                if !status.success() {
                    eprintln!("note: the server ended with {status} after SIGTERM");
                }
            }
            Err(_) => {
                eprintln!(
                    "note: the server had not ended {STOP_LIMIT:?} after SIGTERM and was killed"
                );
                child.kill().await?;
            }
        }
        Ok(())
    }

    /// Ends the server as a power cut would (SIGKILL).
    pub(crate) async fn kill(&mut self) -> Result<()> {
        let Some((mut child, _)) = self.running.take() else { return Ok(()) };
        child.kill().await.context("could not kill the server")
    }

    /// Imports a file while the server is stopped; the time it took.
    pub(crate) async fn import(&self, file: &Path) -> Result<Duration> {
        let file = file.to_str().context("a path that is no text")?;
        self.command_run(&["import", file]).await
    }

    /// Runs a command over the same data to its end; the time it took.
    pub(crate) async fn command_run(&self, arguments: &[&str]) -> Result<Duration> {
        let begin = Instant::now();
        let status = self
            .command()?
            .args(arguments)
            .status()
            .await
            .with_context(|| format!("could not start `sixfold {}`", arguments.join(" ")))?;
        if !status.success() {
            let command = arguments.join(" ");
            bail!("`sixfold {command}` failed ({status}):\n{}", self.last_words());
        }
        Ok(begin.elapsed())
    }

    fn command(&self) -> Result<Command> {
        let log = self.log()?;
        let mut command = Command::new(&self.binary);
        for (key, _) in std::env::vars_os() {
            if FOREIGN.iter().any(|foreign| key.to_string_lossy().starts_with(foreign)) {
                command.env_remove(key);
            }
        }
        command
            .current_dir(self.directory.path())
            .env("SIXFOLD_DATA_DIR", self.directory.path().join("data"))
            .env("DATABASE_URL", &self.database_url)
            .envs(self.settings.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        Ok(command)
    }

    fn log(&self) -> Result<File> {
        Ok(OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.directory.path().join("server.log"))?)
    }

    /// The end of what the server has written.
    fn last_words(&self) -> String {
        let log = fs::read(self.directory.path().join("server.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log[log.len().saturating_sub(8192)..]).into_owned();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// A port nobody listens on just now.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}
