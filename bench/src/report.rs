//! The result: a table to look at now and a dated file to compare with later.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::load::Outcome;
use crate::options::Engine;
use crate::proc;

const COLUMNS: [&str; 15] = [
    "scenario",
    "engine",
    "things",
    "connections",
    "req/s",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "max ms",
    "server cores",
    "CPU µs/req",
    "RSS MB",
    "own MB",
    "generator cores",
    "machine cores",
];

/// Everything measured on one engine.
pub(crate) struct Report {
    engine: Engine,
    rows: Vec<[String; 15]>,
    facts: Vec<(&'static str, String)>,
    notes: Vec<String>,
    failed: bool,
}

impl Report {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, rows: Vec::new(), facts: proc::machine(), notes: Vec::new(), failed: false }
    }

    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    /// Whether more than the machine is known about the conditions.
    pub(crate) fn has_conditions(&self) -> bool {
        self.facts.iter().any(|(name, _)| name.starts_with("Disk"))
    }

    /// Something about the conditions.
    pub(crate) fn fact(&mut self, name: &'static str, value: String) {
        self.facts.push((name, value));
    }

    /// Something measured that is not a row of the table.
    pub(crate) fn note(&mut self, text: String) {
        println!("{text}");
        self.notes.push(text);
    }

    /// A scenario that did not get what it asked for.
    pub(crate) fn failure(&mut self, scenario: &str, text: &str) {
        println!("FAILED {scenario}: {text}");
        self.failed = true;
    }

    /// A measured scenario.
    pub(crate) fn row(
        &mut self,
        scenario: &str,
        things: Option<u64>,
        connections: u32,
        outcome: &Outcome,
    ) {
        let latencies = &outcome.latencies;
        let count = latencies.len();
        let seconds = outcome.elapsed.as_secs_f64();
        let ms = |micros: u64| format!("{:.2}", micros as f64 / 1000.0);
        let usage = outcome.usage;
        let per_request =
            usage.server.filter(|_| count > 0).map(|cores| cores * seconds * 1e6 / count as f64);
        let row = [
            scenario.to_owned(),
            self.engine.name().to_owned(),
            things.map_or_else(|| "–".to_owned(), |things| things.to_string()),
            connections.to_string(),
            format!("{:.0}", count as f64 / seconds),
            ms(latencies.value_at_quantile(0.5)),
            ms(latencies.value_at_quantile(0.99)),
            ms(latencies.value_at_quantile(0.999)),
            ms(latencies.max()),
            figure(usage.server, 2),
            figure(per_request, 1),
            figure(usage.memory, 1),
            figure(usage.own_memory, 1),
            figure(Some(usage.generator), 2),
            figure(Some(usage.machine), 2),
        ];
        println!(
            "{:<18} {:>8} things {:>5} connections {:>9} req/s  p50 {:>8} ms  p99 {:>8} ms  server {} cores",
            row[0], row[2], row[3], row[4], row[5], row[6], row[9]
        );
        self.rows.push(row);
    }

    /// The table, as Markdown that is also readable as it stands.
    pub(crate) fn table(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([COLUMNS[column].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
        let line = |cells: &[String]| {
            let cells = cells.iter().zip(&widths).enumerate().map(|(index, (cell, width))| {
                if index < 2 { format!(" {cell:<width$} |") } else { format!(" {cell:>width$} |") }
            });
            format!("|{}\n", cells.collect::<String>())
        };
        let rules: Vec<String> =
            widths
                .iter()
                .enumerate()
                .map(|(index, width)| {
                    if index < 2 {
                        "-".repeat(*width)
                    } else {
                        format!("{}:", "-".repeat(width - 1))
                    }
                })
                .collect();
        let mut table = line(&COLUMNS.map(str::to_owned)) + &line(&rules);
        for row in &self.rows {
            table.push_str(&line(row));
        }
        table
    }

    /// Writes the dated result file; an earlier one of the same day is kept.
    pub(crate) fn write(&self, directory: &Path, arguments: &[String]) -> Result<PathBuf> {
        fs::create_dir_all(directory).context("could not make --out")?;
        let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        let name = format!("{date}-{}", self.engine.name());
        let path = (1..1000)
            .map(
                |count| {
                    if count == 1 { format!("{name}.md") } else { format!("{name}-{count}.md") }
                },
            )
            .map(|name| directory.join(name))
            .find(|path| !path.exists())
            .context("there are a thousand results of today already")?;
        fs::write(&path, self.markdown(&date, arguments))
            .context("could not write the result file")?;
        Ok(path)
    }

    fn markdown(&self, date: &str, arguments: &[String]) -> String {
        let mut text = format!("# {date} · {}\n\n", self.engine.name());
        text.push_str("What the columns mean: [bench/README.md](../README.md).\n\n");
        for (name, value) in &self.facts {
            text.push_str(&format!("* {name}: {value}\n"));
        }
        text.push_str(&format!("* Revision: {}\n", revision()));
        text.push_str(&format!("\n```\n{}\n```\n", command_line(arguments)));
        for part in [self.table(), self.notes.iter().map(|note| format!("* {note}\n")).collect()] {
            if !part.is_empty() {
                text.push('\n');
                text.push_str(&part);
            }
        }
        text
    }
}

/// The median of times, and the longest, in milliseconds.
pub(crate) fn median_and_longest(times: &mut [Duration]) -> (f64, f64) {
    times.sort();
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    (ms(times.get(times.len() / 2)), ms(times.last()))
}

fn figure(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}

/// The commit, and whether there were changes on top of it.
fn revision() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    // Results are written during a run, so they do not count.
    match git(&["status", "--porcelain", "--", ":/", ":(top,exclude)bench/results"]) {
        Some(changes) if changes.is_empty() => commit,
        _ => format!("{commit} with uncommitted changes"),
    }
}

/// The command as it can be repeated elsewhere: without this machine's paths and without passwords.
fn command_line(arguments: &[String]) -> String {
    let mut line = String::from("cargo run --release -p sixfold-bench --");
    for argument in arguments {
        line.push(' ');
        line.push_str(&public(argument));
    }
    line
}

fn public(argument: &str) -> String {
    // `--flag=value` and `KEY=VALUE` hide their value like a bare one.
    if let Some((name, value)) = argument.split_once('=')
        && !name.contains('/')
    {
        return format!("{name}={}", public(value));
    }
    if let Some((scheme, rest)) = argument.split_once("://") {
        return match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://…@{host}"),
            None if rest.starts_with('/') => format!("{scheme}://…"),
            None => argument.to_owned(),
        };
    }
    if argument.starts_with(['/', '~']) || argument.contains("..") {
        let name = Path::new(argument).file_name().map(|name| name.to_string_lossy().into_owned());
        return format!("…/{}", name.unwrap_or_default());
    }
    argument.to_owned()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
