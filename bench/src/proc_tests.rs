use std::path::Path;

use super::{Snapshot, parse_file_system, parse_machine_ticks, parse_process_ticks};

#[test]
fn process_time_is_found_behind_any_name() {
    let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 700 30 0 0 20 0 1 0";
    assert_eq!(parse_process_ticks(stat), Some(730));
}

#[test]
fn idle_time_is_not_work() {
    assert_eq!(parse_machine_ticks("cpu  1 2 4 1000 1000 8 16 1000 0 0\ncpu0 …"), Some(31));
}

#[test]
fn the_nearest_mount_decides() {
    let mounts = "1 0 8:1 / / rw - ext4 /dev/x rw\n2 1 0:5 / /tmp rw shared:1 - tmpfs tmpfs rw\n";
    assert_eq!(parse_file_system(mounts, Path::new("/tmp/x")), Some("tmpfs".to_owned()));
    assert_eq!(parse_file_system(mounts, Path::new("/tmpx")), Some("ext4".to_owned()));
}

#[test]
fn this_process_can_be_watched() -> anyhow::Result<()> {
    let pid = Some(std::process::id());
    let usage =
        Snapshot::take(pid)?.since(&Snapshot::take(pid)?, std::time::Duration::from_secs(1));
    assert!(usage.memory.is_some_and(|memory| memory > 0.1));
    assert!(usage.server.is_some());
    Ok(())
}
