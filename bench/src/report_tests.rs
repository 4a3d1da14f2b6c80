use std::time::Duration;

use super::{Report, command_line, median_and_longest};
use crate::options::Engine;

#[test]
fn a_command_shows_no_path_and_no_password() {
    let arguments = [
        "run",
        "--server",
        "/home/somebody/secret/sixfold",
        "--out=/home/somebody/out",
        "--postgres",
        "postgres://somebody:password@127.0.0.1:5432/postgres",
        "--url=http://127.0.0.1:8080",
        "--server-env",
        "SIXFOLD_KEYS=/home/somebody/keys",
        "--work-dir",
        "../elsewhere",
        "--server",
        "target/release/sixfold",
    ]
    .map(str::to_owned);
    assert_eq!(
        command_line(&arguments),
        "cargo run --release -p sixfold-bench -- run --server …/sixfold --out=…/out --postgres \
         postgres://…@127.0.0.1:5432/postgres --url=http://127.0.0.1:8080 --server-env SIXFOLD_KEYS=…/keys --work-dir \
         …/elsewhere --server target/release/sixfold"
    );
}

#[test]
fn an_empty_report_has_no_table() {
    let report = Report::new(Engine::Sqlite);
    assert_eq!(report.table(), "");
    let text = report.markdown("2026-01-31", &["run".to_owned()]);
    assert!(text.starts_with("# 2026-01-31 · sqlite\n"));
    assert!(text.contains("* CPU: "));
}

#[test]
fn the_middle_and_the_longest_are_found() {
    let mut times = [5, 1, 3].map(Duration::from_millis);
    assert_eq!(median_and_longest(&mut times), (3.0, 5.0));
    assert_eq!(median_and_longest(&mut []), (0.0, 0.0));
}
