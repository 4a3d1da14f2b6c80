//! Other people's clients: the programs in `tests/clients`, run by Node or Python against the real
//! server.
//!
//! Where Node (20 or newer), the packages of a client (`npm ci`, a virtual environment) or Chromium
//! are missing, its tests say so and pass; with `SIXFOLD_TEST_REQUIRE=node,chromium,python` they
//! fail.

use std::fs::File;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::engines::{required, variable};
use crate::process::Server;

const NODE: u32 = 20;
const LIMIT: Duration = Duration::from_secs(180);

/// A folder of `tests/clients` that can be run.
pub(crate) struct Client {
    folder: PathBuf,
    /// What runs its programs, and with what before their name.
    runner: (PathBuf, &'static [&'static str]),
}

impl Client {
    /// It, or none where it cannot be run on this machine and need not.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let folder = folder(name);
        let lack = match node_version() {
            None => "Node is missing".to_owned(),
            Some(found) if found < NODE => format!("Node {found} is too old, {NODE} is needed"),
            Some(_) if !folder.join("node_modules").is_dir() => {
                format!("its packages are missing: run `npm ci` in tests/clients/{name}")
            }
            Some(_) => {
                let runner = (PathBuf::from("node"), ["--test-reporter=spec"].as_slice());
                return Some(Self { folder, runner });
            }
        };
        skipped("node", &format!("the client {name}"), &lack);
        None
    }

    /// One written in Python, or none where it cannot be run on this machine and need not.
    pub(crate) fn find_python(name: &str) -> Option<Self> {
        let folder = folder(name);
        let python = folder.join(".venv/bin/python");
        if python.exists() {
            return Some(Self {
                folder,
                runner: (python, &["-B", "-W", "ignore::ResourceWarning"]),
            });
        }
        let lack = format!(
            "its packages are missing: run `python3 -m venv .venv` and `.venv/bin/pip install \
             --no-deps --require-hashes -r requirements.txt` in tests/clients/{name}"
        );
        skipped("python", &format!("the client {name}"), &lack);
        None
    }

    /// One of its programs, in its folder, with nothing of this machine's settings.
    pub(crate) fn program(&self, program: &str) -> Command {
        let (runner, arguments) = &self.runner;
        let mut command = Command::new(runner);
        command.args(*arguments).arg(program).current_dir(&self.folder).env_clear();
        command.envs(variable("PATH").map(|path| ("PATH", path)));
        command
    }

    /// Runs one of its programs to its end; what it says is shown when it fails.
    pub(crate) fn run(&self, program: &str, server: &Server, variables: &[(&str, &str)]) {
        let told = server.folder().join("client.log");
        let log = File::create(&told).expect("a log file");
        let mut child = self
            .program(program)
            .env("HOME", server.folder())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the same file"))
            .stderr(log)
            .spawn()
            .expect("it starts");
        let deadline = Instant::now() + LIMIT;
        let ended = loop {
            match child.try_wait().expect("its state") {
                Some(status) => break status.success(),
                None if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                None => {
                    // Asked first, so that it ends the browser it may have started.
                    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
                    kill_process(pid.expect("a process"), Signal::TERM).expect("it can be told");
                    std::thread::sleep(Duration::from_secs(2));
                    let _ = child.kill();
                    let _ = child.wait();
                    break false;
                }
            }
        };
        let said = std::fs::read_to_string(&told).unwrap_or_default();
        assert!(ended, "{program} failed, or took longer than {LIMIT:?}:\n{said}");
    }
}

fn folder(client: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients").join(client)
}

/// Whether there is a browser to drive.
pub(crate) fn chromium() -> Option<String> {
    let path = variable("SIXFOLD_TEST_CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".to_owned());
    if Path::new(&path).exists() {
        return Some(path);
    }
    skipped("chromium", "the browser", &format!("there is no {path}"));
    None
}

/// A server people reach as `http://localhost:PORT`, since a passkey needs a name and not a number;
/// the port has to be known before it starts.
pub(crate) fn as_localhost(server: &mut Server) -> String {
    let port = free_port();
    let url = format!("http://localhost:{port}");
    server.set("PORT", &port.to_string());
    server.set("SIXFOLD_SERVER_PUBLIC_URL", &url);
    url
}

/// A port nobody listens on, and nobody will for a while: it lies below those that systems give to
/// whoever does not choose, which every other test takes its ports from.
pub(crate) fn free_port() -> u16 {
    static TURN: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    // Runs beside this one begin elsewhere.
    let begin = u16::try_from(std::process::id().wrapping_mul(97) % u32::from(COUNT));
    let begin = begin.expect("it is less than the count");
    let turns = std::iter::repeat_with(|| TURN.fetch_add(1, Ordering::Relaxed));
    turns
        .take(COUNT.into())
        .map(|turn| FIRST + (begin + turn % COUNT) % COUNT)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}

pub(crate) fn skipped(need: &str, what: &str, lack: &str) {
    assert!(!required(need), "SIXFOLD_TEST_REQUIRE names {need}, but {lack}");
    // Not by `eprintln!`, which the harness swallows when a test passes.
    let _ = writeln!(std::io::stderr(), "clients: {what} is skipped: {lack}");
}

fn node_version() -> Option<u32> {
    let said = Command::new("node").arg("--version").output().ok()?;
    let version = String::from_utf8(said.stdout).ok()?;
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}
