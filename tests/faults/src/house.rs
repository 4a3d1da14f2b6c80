//! The binary over a store of its own, and somebody who signed up there.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tempfile::TempDir;

use crate::client::Client;
use crate::machine;
use crate::postgres::{Database, Engine};
use crate::process::Running;
use crate::strace::Injection;

/// Nobody's real password, and nobody's guess.
const PASSWORD: &str = "violet-kettle-harbour-93";
const EMAIL: &str = "ada@example.com";
/// How long a server may need to be well again.
const RECOVERY: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);
/// Bytes of the log that are shown with a fault.
const SHOWN: usize = 6000;

/// A data directory, a database and — while it runs — the server on them.
pub struct House {
    // First, so that the server ends before its data goes.
    running: Option<Running>,
    database: Option<Database>,
    folder: TempDir,
    server: PathBuf,
    variables: BTreeMap<String, String>,
    token: String,
    groups: u32,
}

impl House {
    /// A place for a server; nothing runs yet.
    ///
    /// # Errors
    /// When there is no server, or no database can be made.
    pub fn prepare(engine: &Engine) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let database = Database::create(engine)?;
        let data = folder.path().join("data");
        let mut variables = BTreeMap::from(
            [
                ("PORT", "0"),
                ("SIXFOLD_DATA_DIR", data.to_str().context("a path in UTF-8")?),
                // A small log is folded back all the time, which is when most can go wrong.
                ("SIXFOLD_DATABASE_WAL_BYTES", "262144"),
                ("SIXFOLD_DATABASE_CONNECTIONS", "8"),
                ("SIXFOLD_IDENTITY_ARGON2_MEMORY_KIB", "64"),
                ("SIXFOLD_IDENTITY_TRIES_PER_MINUTE", "1000000"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        if let Some(database) = &database {
            variables.insert("DATABASE_URL".to_owned(), database.url().to_owned());
        }
        let (server, token) = (machine::server()?, String::new());
        Ok(Self { running: None, database, folder, server, variables, token, groups: 0 })
    }

    /// A server that runs, and somebody who signed up.
    ///
    /// # Errors
    /// When it does not start.
    pub fn open(engine: &Engine) -> Result<Self> {
        let mut house = Self::prepare(engine)?;
        house.start()?;
        house.sign_up()?;
        Ok(house)
    }

    /// Another setting for the next start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// A place beside the data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the data directory.
    #[must_use]
    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    /// Its database, unless it is a file.
    #[must_use]
    pub const fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// When it ends before that.
    pub fn start(&mut self) -> Result<()> {
        let command = Command::new(&self.server);
        ensure!(self.start_by(command)?, "the server does not start:\n{}", self.told());
        Ok(())
    }

    /// Starts it under strace; whether it got so far as to listen before it was killed.
    ///
    /// # Errors
    /// When it neither listens nor is killed.
    pub fn start_under(&mut self, strace: &Path, injection: &Injection) -> Result<bool> {
        let command = injection.command(strace, &self.server);
        self.start_by(command)
    }

    fn start_by(&mut self, mut command: Command) -> Result<bool> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        command.env_clear().envs(&self.variables).current_dir(self.folder.path()).stderr(log);
        self.running = Running::start(&mut command).with_context(|| self.told())?;
        Ok(self.running.is_some())
    }

    /// Kills it: no signal it could hear. Of no effect on one that has ended.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.running.take().map_or(Ok(()), |mut running| running.kill())
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// When it does not end well.
    pub fn stop(&mut self) -> Result<()> {
        let mut running = self.running.take().context("the server runs")?;
        let status = running.stop()?;
        ensure!(status.success(), "the server ended with {status}:\n{}", self.told());
        Ok(())
    }

    /// Whether it was killed by somebody else.
    ///
    /// # Errors
    /// When it ended in any other way.
    pub fn was_killed(&mut self) -> Result<bool> {
        let killed = self.running.as_mut().map_or(Ok(true), Running::was_killed);
        killed.with_context(|| self.told())
    }

    /// Waits for the end of one that was killed by somebody else.
    ///
    /// # Errors
    /// When it ends in any other way, or not at all.
    pub fn until_killed(&mut self) -> Result<()> {
        let gone = self.running.as_mut().map_or(Ok(()), Running::until_killed);
        gone.with_context(|| self.told())
    }

    /// What was injected ends; the server goes on.
    ///
    /// # Errors
    /// When nothing was injected.
    pub fn mend(&self) -> Result<()> {
        self.running.as_ref().context("the server runs")?.let_go()
    }

    /// Whether strace holds its thread of this name in the middle of a call.
    ///
    /// # Errors
    /// When there is no such thread.
    pub fn is_held(&self, thread: &str) -> Result<bool> {
        self.running.as_ref().context("the server runs")?.is_held(thread)
    }

    /// Somebody signs up, and calls from now on.
    ///
    /// # Errors
    /// When that is refused.
    pub fn sign_up(&mut self) -> Result<()> {
        let body = json!({ "name": "Ada", "email": EMAIL, "password": PASSWORD });
        self.token = self.enter("/v1/auth/sign-up/email", &body)?;
        Ok(())
    }

    /// The one who signed up signs in, with another session.
    ///
    /// # Errors
    /// When that is refused.
    pub fn sign_in(&mut self) -> Result<()> {
        let body = json!({ "email": EMAIL, "password": PASSWORD });
        self.token = self.enter("/v1/auth/sign-in/email", &body)?;
        Ok(())
    }

    fn enter(&self, path: &str, body: &serde_json::Value) -> Result<String> {
        let mut client = self.client();
        let answer = client.send("POST", path, None, Some(body))?;
        ensure!(answer.status == 200, "{path} was answered {answer:?}\n{}", self.told());
        answer.text_at("/token")
    }

    /// Whoever signed up, on a connection of their own.
    #[must_use]
    pub fn client(&self) -> Client {
        // Nobody listens on port 0: a request fails where no server runs.
        let nowhere = || ([127, 0, 0, 1], 0).into();
        let address = self.running.as_ref().map_or_else(nowhere, |running| running.address);
        Client::new(address, self.token.clone())
    }

    /// A new group.
    ///
    /// # Errors
    /// When that is refused.
    pub fn group(&mut self) -> Result<String> {
        self.groups += 1;
        let slug = format!("round-{}", self.groups);
        let body = json!({ "slug": slug, "name": slug, "type": "business" });
        let answer = self.client().send("POST", "/v1/groups", None, Some(&body))?;
        ensure!(answer.status == 201, "no group: {answer:?}\n{}", self.told());
        answer.text_at("/id")
    }

    /// Waits until it says that it can serve, and it takes a write.
    ///
    /// # Errors
    /// When it does not become well.
    pub fn until_well(&mut self) -> Result<()> {
        let end = Instant::now() + RECOVERY;
        loop {
            let mut client = self.client();
            let ready = client.send("GET", "/v1/ready", None, None);
            if ready.as_ref().is_ok_and(|answer| answer.status == 200) && self.group().is_ok() {
                return Ok(());
            }
            let told = || format!("it does not become well: {ready:?}\n{}", self.told());
            ensure!(Instant::now() < end, "{}", told());
            std::thread::sleep(LOOK);
        }
    }

    /// `sixfold doctor` finds nothing, and neither does the engine in its file.
    ///
    /// # Errors
    /// With what they found.
    pub fn examine(&self) -> Result<()> {
        self.ask(&["doctor"])?;
        if self.database.is_some() {
            return Ok(());
        }
        let file = rusqlite::Connection::open(self.data("sixfold.db"))?;
        for (check, well) in [("integrity_check", vec!["ok"]), ("foreign_key_check", Vec::new())] {
            let mut look = file.prepare(&format!("pragma {check}"))?;
            let found = look.query_map([], |row| row.get::<_, String>(0))?;
            let found = found.collect::<Result<Vec<_>, _>>()?;
            ensure!(found == well, "{check} says {found:?}");
        }
        Ok(())
    }

    /// `sixfold audit verify` finds that each event was sealed once, and that nothing was changed.
    ///
    /// # Errors
    /// With what it found.
    pub fn verify(&self) -> Result<()> {
        self.ask(&["audit", "verify"])
    }

    /// Asks the command line, which has to find nothing wrong.
    fn ask(&self, words: &[&str]) -> Result<()> {
        let mut command = Command::new(&self.server);
        command.env_clear().envs(&self.variables).current_dir(self.folder.path());
        let said = command.args(words).stdin(Stdio::null()).output()?;
        let texts = [said.stdout, said.stderr].concat();
        let text = String::from_utf8_lossy(&texts);
        ensure!(said.status.success(), "`{}` says:\n{text}", words.join(" "));
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// Whether it has logged something with this in it.
    #[must_use]
    pub fn has_told(&self, text: &str) -> bool {
        String::from_utf8_lossy(&std::fs::read(self.log()).unwrap_or_default()).contains(text)
    }

    /// The end of what it logged.
    #[must_use]
    pub fn told(&self) -> String {
        let log = std::fs::read(self.log()).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(SHOWN)..]).into_owned()
    }
}
