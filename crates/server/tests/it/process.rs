//! The real binary: as a server that can be stopped, killed and started again over the same data,
//! and as a command that runs and ends.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::engines::{Database, Engine};

const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// Opens `/metrics` of every server under test.
pub(crate) const METRICS_TOKEN: &str = "collects-what-is-counted";

/// A data directory and a database, and — while it runs — the server on them.
pub(crate) struct Server {
    folder: TempDir,
    database: Option<Database>,
    variables: HashMap<String, String>,
    /// A line of shell that ends in `exec "$0"`, through which it is started.
    through: Option<&'static str>,
    running: Option<Running>,
}

struct Running {
    child: Child,
    url: String,
    setup_token: Option<String>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Server {
    /// A place for a server; nothing runs yet.
    pub(crate) async fn prepare(engine: &Engine) -> Self {
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres(server) => Some(Database::create(server).await),
        };
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mut variables = HashMap::from([
            ("SIXFOLD_DATA_DIR".to_owned(), text(&folder.path().join("data"))),
            ("PORT".to_owned(), "0".to_owned()),
            ("SIXFOLD_DATABASE_CONNECTIONS".to_owned(), "8".to_owned()),
            // Every test signs people up; the cost of guessing is not what they are about.
            ("SIXFOLD_IDENTITY_ARGON2_MEMORY_KIB".to_owned(), "64".to_owned()),
            // And all of them from one address.
            ("SIXFOLD_IDENTITY_TRIES_PER_MINUTE".to_owned(), "1000000".to_owned()),
            ("SIXFOLD_IDENTITY_MAILS_PER_MINUTE".to_owned(), "1000000".to_owned()),
            ("SIXFOLD_EGRESS_ALLOW_PRIVATE".to_owned(), "127.0.0.1".to_owned()),
            ("SIXFOLD_OPS_METRICS_TOKEN".to_owned(), METRICS_TOKEN.to_owned()),
            ("SIXFOLD_IDENTITY_MAILS_PER_HOUR".to_owned(), "1000000".to_owned()),
        ]);
        if let Some(database) = &database {
            variables.insert("DATABASE_URL".to_owned(), database.url.clone());
        }
        Self { folder, database, variables, through: None, running: None }
    }

    /// Another node on the same database with the same keys; nothing runs yet.
    pub(crate) fn twin(&self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let data = folder.path().join("data");
        let mut variables = self.variables.clone();
        variables.insert("SIXFOLD_DATA_DIR".to_owned(), text(&data));
        let keys = self.data_dir().join("keys");
        std::fs::create_dir_all(data.join("keys")).expect("a folder");
        for key in std::fs::read_dir(keys).expect("the keys").map_while(Result::ok) {
            std::fs::copy(key.path(), data.join("keys").join(key.file_name())).expect("a copy");
        }
        Self { folder, database: None, variables, through: None, running: None }
    }

    /// A server that runs.
    pub(crate) async fn start(engine: &Engine) -> Self {
        let mut server = Self::prepare(engine).await;
        server.run();
        server
    }

    /// A setting less for the next start.
    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// Another setting for the next start.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// The next starts go through a line of shell that ends in `exec "$0"`.
    pub(crate) fn start_through(&mut self, line: &'static str) {
        self.through = Some(line);
    }

    /// The running process.
    pub(crate) fn pid(&self) -> Pid {
        pid(&self.running.as_ref().expect("the server runs").child)
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A place beside the data, for files of the test.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.running.as_ref().expect("the server runs").url
    }

    /// The token it printed, if setup is open.
    pub(crate) fn setup_token(&self) -> Option<&str> {
        self.running.as_ref().expect("the server runs").setup_token.as_deref()
    }

    /// The binary with this server's settings and nothing of the caller's.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare_command(self.folder.path());
        command.envs(&self.variables).args(arguments);
        command
    }

    /// Runs a command over the same data.
    pub(crate) fn say(&self, arguments: &[&str]) -> Said {
        outcome(&mut self.command(arguments))
    }

    /// Starts it and waits until it has printed where it listens: it is ready then.
    pub(crate) fn run(&mut self) {
        let mut command = match self.through {
            None => self.command(&[]),
            Some(line) => {
                let mut shell = Command::new("/bin/sh");
                shell.env_clear().envs(&self.variables).current_dir(self.folder.path());
                shell.args(["-c", line, env!("CARGO_BIN_EXE_sixfold")]);
                shell
            }
        };
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(self.log())
            .spawn()
            .expect("the binary starts");
        let out = child.stdout.take().expect("its output");
        let mut running = Running { child, url: String::new(), setup_token: None };
        let (sender, greeting) = std::sync::mpsc::channel();
        // Reads on to the end, so that whatever it prints later does not fill the pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let deadline = Instant::now() + START_LIMIT;
        while let Ok(line) = greeting.recv_timeout(deadline - Instant::now()) {
            if let Some((_, token)) = line.split_once("setup#token=") {
                running.setup_token = Some(token.to_owned());
            } else if let Some(rest) = line.strip_prefix("Listening on ") {
                running.url = rest.split(' ').next().unwrap_or_default().to_owned();
                break;
            }
        }
        let ended = running.child.try_wait().expect("its state");
        assert!(!running.url.is_empty(), "the server did not start ({ended:?}): {}", self.told());
        self.running = Some(running);
    }

    fn log(&self) -> Stdio {
        let path = self.folder.path().join("server.log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(path);
        log.expect("a log file").into()
    }

    /// What it logged so far.
    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Waits until it has logged this, which it writes beside what it does.
    pub(crate) async fn tells(&self, what: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.told().contains(what) {
            assert!(Instant::now() < deadline, "never: {what}\n{}", self.told());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.child.kill().expect("it can be killed");
            running.child.wait().expect("it is gone");
        }
    }

    /// SIGTERM, and waits until it has ended by itself.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.term();
        self.wait()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut running = self.running.take().expect("the server runs");
        let (sender, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(running.child.wait()));
        let status = ended.recv_timeout(STOP_LIMIT).unwrap_or_else(|_| {
            panic!("it did not stop: {}", self.told());
        });
        status.expect("its end")
    }

    /// SIGTERM only.
    pub(crate) fn term(&self) {
        ask_to_stop(&self.running.as_ref().expect("the server runs").child);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- the server's log\n{}", self.told());
        }
    }
}

fn ask_to_stop(child: &Child) {
    kill_process(pid(child), Signal::TERM).expect("it can be told");
}

fn pid(child: &Child) -> Pid {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process")
}

/// The binary without any setting of the machine.
pub(crate) fn bare_command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sixfold"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command
}

pub(crate) fn outcome(command: &mut Command) -> Said {
    let output = command.output().expect("the binary starts");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}
