//! The real binary while it runs.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// A start may take this long: under strace, on a machine that others use too.
const START: Duration = Duration::from_secs(120);
/// So may an end after SIGTERM.
const STOP: Duration = Duration::from_secs(60);
/// The number of `fdatasync` on this kind of machine.
const FDATASYNC: i64 = if cfg!(target_arch = "x86_64") { 75 } else { 83 };
/// Between two looks at what only a look can tell.
const LOOK: Duration = Duration::from_millis(5);

/// A server that listens.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Running {
    /// Starts it; nothing, when it was killed before it listened.
    pub(crate) fn start(command: &mut Command) -> Result<Option<Self>> {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("the server cannot be started")?;
        let out = child.stdout.take().context("its output")?;
        let (sender, lines) = std::sync::mpsc::channel();
        // Reads on to the end, so that whatever it prints later does not fill the pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let end = Instant::now() + START;
        while let Ok(line) = lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            let Some(rest) = line.strip_prefix("Listening on http://") else { continue };
            let address = rest.split(' ').next().unwrap_or_default();
            let address = address.parse().with_context(|| format!("no address: {line:?}"))?;
            return Ok(Some(Self { child, address }));
        }
        // It printed its last, or nothing for too long.
        let late = Instant::now() >= end;
        let mut ended = Self { child, address: (Ipv4Addr::UNSPECIFIED, 0).into() };
        ensure!(!late, "the server does not start");
        ended.until_killed()?;
        Ok(None)
    }

    /// Whether it is gone without having been asked: killed, or else this is an error.
    pub(crate) fn was_killed(&mut self) -> Result<bool> {
        let Some(status) = self.child.try_wait()? else { return Ok(false) };
        // A server that fell over by itself is no kill that was survived.
        ensure!(status.signal() == Some(Signal::KILL.as_raw()), "the server ended with {status}");
        Ok(true)
    }

    /// Waits until one that closed its output is gone.
    pub(crate) fn until_killed(&mut self) -> Result<()> {
        let end = Instant::now() + STOP;
        while !self.was_killed()? {
            ensure!(Instant::now() < end, "the server does not end");
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// SIGKILL, and waits until it is gone; of no effect on one that is.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and waits until it has ended by itself.
    pub(crate) fn stop(&mut self) -> Result<ExitStatus> {
        kill_process(self.pid()?, Signal::TERM)?;
        let end = Instant::now() + STOP;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(Instant::now() < end, "the server does not stop");
            std::thread::sleep(LOOK);
        }
    }

    fn pid(&self) -> Result<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("a process")
    }

    /// Tells strace to let go of it, and waits until it has: from then on calls are the system's.
    pub(crate) fn let_go(&self) -> Result<()> {
        let Some(tracer) = self.tracer()? else { bail!("nobody watches the server") };
        kill_process(tracer, Signal::TERM)?;
        let end = Instant::now() + STOP;
        while self.tracer()?.is_some() {
            ensure!(Instant::now() < end, "strace does not let go");
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Whether strace holds a thread of this name at an `fdatasync`.
    pub(crate) fn is_held(&self, thread: &str) -> Result<bool> {
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let task = task?.path();
            // A thread may end between two looks.
            let Ok(name) = std::fs::read_to_string(task.join("comm")) else { continue };
            if name.trim_end() != thread {
                continue;
            }
            let stat = std::fs::read_to_string(task.join("stat")).unwrap_or_default();
            let state = stat.rsplit(')').next().unwrap_or_default().trim_start();
            // Its number comes first: a thread is stopped for a moment at each of its calls.
            let call = std::fs::read_to_string(task.join("syscall")).unwrap_or_default();
            let call = call.split(' ').next().and_then(|number| number.parse().ok());
            return Ok(state.starts_with('t') && call == Some(FDATASYNC));
        }
        bail!("there is no thread {thread}")
    }

    /// The strace that this start is under.
    fn tracer(&self) -> Result<Option<Pid>> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
        let pid = line.context("a tracer")?.trim().parse()?;
        Ok(Pid::from_raw(pid))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing outlives its test.
        let _ = self.kill();
    }
}
