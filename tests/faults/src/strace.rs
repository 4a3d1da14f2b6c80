//! Calls of the system that go wrong, by the hand of strace: the real binary on the real kernel.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::machine;

/// Where Debian puts it; tests run without a PATH.
const PLACES: [&str; 2] = ["/usr/bin/strace", "/usr/local/bin/strace"];

/// What goes wrong, and from when on. Calls are counted by thread.
#[derive(Debug, Clone)]
pub struct Injection {
    calls: String,
    effect: String,
    paths: Vec<PathBuf>,
}

impl Injection {
    /// `kill -9` instead of a thread's n-th call of these (`fdatasync,rename`).
    #[must_use]
    pub fn kill(calls: &str, nth: u64) -> Self {
        let effect = format!("signal=SIGKILL:when={nth}");
        Self { calls: calls.to_owned(), effect, paths: Vec::new() }
    }

    /// All of a thread's calls fail from the n-th on, until [`crate::House::mend`].
    #[must_use]
    pub fn fail(calls: &str, error: &str, from: u64) -> Self {
        let effect = format!("error={error}:when={from}+");
        Self { calls: calls.to_owned(), effect, paths: Vec::new() }
    }

    /// Each call takes so many microseconds longer, until [`crate::House::mend`].
    #[must_use]
    pub fn slow(calls: &str, micros: u64) -> Self {
        let effect = format!("delay_enter={micros}");
        Self { calls: calls.to_owned(), effect, paths: Vec::new() }
    }

    /// Only of calls on these files.
    #[must_use]
    pub fn on(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        self.paths.extend(paths);
        self
    }

    /// A program under it, still the child of whoever starts it.
    pub(crate) fn command(&self, strace: &Path, program: &Path) -> Command {
        let mut command = Command::new(strace);
        // `-I 2`: it can be told to let go.
        command.args(["-D", "-I", "2", "-f", "-qqq", "-o", "/dev/null", "-e", "signal=none"]);
        command.args(["-e", &format!("trace={}", self.calls)]);
        command.args(["-e", &format!("inject={}:{}", self.calls, self.effect)]);
        for path in &self.paths {
            command.arg("-P").arg(path);
        }
        command.arg("--").arg(program);
        command
    }
}

/// strace, where there is one that may watch a process here; else the test says that it is skipped.
///
/// # Errors
/// When it is missing and required (`SIXFOLD_TEST_REQUIRE`).
pub fn strace(what: &str) -> Result<Option<PathBuf>> {
    let Some(path) = PLACES.iter().map(PathBuf::from).find(|path| path.is_file()) else {
        machine::skip("strace", what, "there is no strace")?;
        return Ok(None);
    };
    let arguments = ["-D", "-f", "-qqq", "-o", "/dev/null", "-e", "trace=fdatasync"];
    let tried = Command::new(&path).args(arguments).args(["--", "/bin/true"]).output()?;
    if !tried.status.success() {
        let said = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
        machine::skip("strace", what, &format!("strace may not watch a process here ({said})"))?;
        return Ok(None);
    }
    Ok(Some(path))
}
