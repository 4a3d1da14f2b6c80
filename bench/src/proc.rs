//! What `/proc` tells: CPU time and memory of processes, and the machine all of it ran on.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// CPU time spent so far, in clock ticks.
pub(crate) struct Snapshot {
    server: Option<(u64, u32)>,
    generator: u64,
    machine: u64,
}

/// What a load cost.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Cores the server kept busy, when its process is known.
    pub(crate) server: Option<f64>,
    /// Cores this tool kept busy.
    pub(crate) generator: f64,
    /// Cores everything on the machine kept busy, these two and a database server included.
    pub(crate) machine: f64,
    /// The server's resident memory at the end, in MiB.
    pub(crate) memory: Option<f64>,
    /// What of it is no file, in MiB.
    pub(crate) own_memory: Option<f64>,
}

impl Snapshot {
    pub(crate) fn take(server: Option<u32>) -> Result<Self> {
        let server = match server {
            Some(pid) => Some((process_ticks(&pid.to_string())?, pid)),
            None => None,
        };
        Ok(Self { server, generator: process_ticks("self")?, machine: machine_ticks()? })
    }

    pub(crate) fn since(&self, before: &Self, elapsed: Duration) -> Usage {
        let ticks =
            rustix::param::clock_ticks_per_second() as f64 * elapsed.as_secs_f64().max(1e-9);
        let cores = |now: u64, then: u64| now.saturating_sub(then) as f64 / ticks;
        Usage {
            server: self.server.zip(before.server).map(|(now, then)| cores(now.0, then.0)),
            generator: cores(self.generator, before.generator),
            machine: cores(self.machine, before.machine),
            memory: self.server.and_then(|(_, pid)| resident(pid).ok()),
            own_memory: self.server.and_then(|(_, pid)| private(pid).ok()),
        }
    }
}

/// Resident memory of a process in MiB.
pub(crate) fn resident(pid: u32) -> Result<f64> {
    memory(pid, "status", "VmRSS:")
}

/// Memory of a process in MiB, with its share of what it shares with others.
pub(crate) fn proportional(pid: u32) -> Result<f64> {
    memory(pid, "smaps_rollup", "Pss:")
}

/// Memory of a process that is its own, in MiB: without files it has mapped.
pub(crate) fn private(pid: u32) -> Result<f64> {
    memory(pid, "status", "RssAnon:")
}

fn memory(pid: u32, file: &str, name: &str) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}"))
        .context("the server's process is gone")?;
    let kib = field(&text, name).context("the process has no memory figure")?;
    Ok(kib as f64 / 1024.0)
}

fn process_ticks(pid: &str) -> Result<u64> {
    let stat =
        fs::read_to_string(format!("/proc/{pid}/stat")).context("the server's process is gone")?;
    parse_process_ticks(&stat).context("/proc/pid/stat is not as expected")
}

/// User and system time: fields 14 and 15, counted after the name, which may itself hold blanks and
/// brackets.
fn parse_process_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

fn machine_ticks() -> Result<u64> {
    let stat = fs::read_to_string("/proc/stat").context("/proc/stat")?;
    parse_machine_ticks(&stat).context("/proc/stat is not as expected")
}

/// user + nice + system + irq + softirq of the line over all cores; idle, waiting and stolen time
/// left out.
fn parse_machine_ticks(stat: &str) -> Option<u64> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> =
        line.split_ascii_whitespace().filter_map(|field| field.parse().ok()).collect();
    [0, 1, 2, 5, 6].iter().map(|index| ticks.get(*index).copied()).sum()
}

/// The machine in a few lines, without its name.
pub(crate) fn machine() -> Vec<(&'static str, String)> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?
                .split_once(':')
                .map(|(_, model)| model.trim().to_owned())
        })
        .unwrap_or_else(|| "unknown".to_owned());
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let memory = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| field(&text, "MemTotal:"))
        .unwrap_or(0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    vec![
        ("CPU", model),
        (
            "Cores",
            format!(
                "{cores} (shared by the server, the generator and, where used, the database server)"
            ),
        ),
        ("Memory", format!("{:.1} GiB", memory as f64 / 1024.0 / 1024.0)),
        ("Kernel", format!("Linux {}", kernel.trim())),
    ]
}

/// The type of the file system a directory is on.
pub(crate) fn file_system(directory: &Path) -> String {
    let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    parse_file_system(&mounts, &directory).unwrap_or_else(|| "unknown".to_owned())
}

fn parse_file_system(mounts: &str, directory: &Path) -> Option<String> {
    // … mount point is the fifth field; the type is the first after a lone dash. The longest mount
    // point wins.
    mounts
        .lines()
        .filter_map(|line| {
            let point = line.split_ascii_whitespace().nth(4)?;
            let kind = line.split_once(" - ")?.1.split_ascii_whitespace().next()?;
            directory.starts_with(point).then(|| (point.len(), kind.to_owned()))
        })
        .max_by_key(|(length, _)| *length)
        .map(|(_, kind)| kind)
}

/// A figure of `status` or `meminfo`, in KiB.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.split_ascii_whitespace().next()?.parse().ok())
}

#[cfg(test)]
#[path = "proc_tests.rs"]
mod tests;
