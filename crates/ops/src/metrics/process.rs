//! This process, as the kernel of the machine sees it. Only Linux tells.

use std::fs;

#[cfg(target_os = "linux")]
use rustix::process::{Resource, getrlimit};

/// What it uses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Process {
    pub(crate) cpu_seconds: f64,
    pub(crate) memory_bytes: u64,
    pub(crate) virtual_bytes: u64,
    pub(crate) open_files: u64,
    /// None: as many as there is room for.
    pub(crate) max_files: Option<u64>,
    pub(crate) threads: u64,
}

/// Looks.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn look() -> Option<Process> {
    None
}

/// Looks.
#[cfg(target_os = "linux")]
pub(crate) fn look() -> Option<Process> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let open_files = fs::read_dir("/proc/self/fd").ok()?.count();
    let max_files = getrlimit(Resource::Nofile).current;
    read(
        &stat,
        rustix::param::clock_ticks_per_second(),
        u64::try_from(rustix::param::page_size()).ok()?,
        // The look itself has one.
        u64::try_from(open_files.saturating_sub(1)).ok()?,
        max_files,
    )
}

/// Reads `/proc/self/stat` (proc(5)): what is before the last parenthesis may be anything.
fn read(
    stat: &str,
    ticks: u64,
    page: u64,
    open_files: u64,
    max_files: Option<u64>,
) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    #[expect(clippy::cast_precision_loss, reason = "hundredths of seconds, for years")]
    let cpu_seconds = (field(14)? + field(15)?) as f64 / ticks.max(1) as f64;
    Some(Process {
        cpu_seconds,
        memory_bytes: field(24)? * page,
        virtual_bytes: field(23)?,
        open_files,
        max_files,
        threads: field(20)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_kernel_is_read() {
        let stat = "42 (six (fold)) S 1 42 42 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 7 0 100 4096000 \
                    300 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0";
        let read = read(stat, 100, 4096, 12, Some(1024)).expect("it can be read");
        assert!((read.cpu_seconds - 2.0).abs() < 1e-9);
        assert_eq!((read.threads, read.virtual_bytes), (7, 4_096_000));
        assert_eq!(read.memory_bytes, 300 * 4096);
    }
}
