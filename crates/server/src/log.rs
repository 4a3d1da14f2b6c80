//! Log lines: text for a person, JSON in production, always on stderr.
//!
//! One schema for JSON: `timestamp level env request_id route method status latency_ms error_code`, and
//! whatever else a line says of itself. Lines of a request have its id, whoever writes them. No
//! e-mail, name, token, body or query value is ever logged; those who write lines see to it.

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use kernel::Clock;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{AccessLog, LogFormat, Mode, Settings};

/// Lines that wait to be written; further ones are lost.
const LINES: usize = 16_384;

/// What others say is told from these levels on, unless a level names them. A storage that is asked
/// again is no news, and what fails in the end is told by whoever asked. The other two quote at `debug`
/// what people sent, paths with their queries, and where their webhooks go.
const QUIET: &str = "object_store=warn,h2=info,hyper_util=info";

/// Turns logging on for the life of the process; a second call changes nothing.
pub(crate) fn start(settings: &Settings) {
    start_with(settings, std::io::stderr);
}

/// As [`start`], with a thread that does the writing: whoever logs never waits for whoever reads,
/// and what is too much for them is left out, and counted. Lines are written to the end while the
/// guard lives.
pub(crate) fn start_apart(settings: &Settings) -> (WorkerGuard, ErrorCounter) {
    let (writer, lines) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES)
        .thread_name("log")
        .finish(std::io::stderr());
    let lost = writer.error_counter();
    start_with(settings, writer);
    (lines, lost)
}

fn start_with<W>(settings: &Settings, writer: W)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let server = &settings.server;
    let production = server.env == Mode::Production;
    let json = match server.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => production,
    };
    let requests = match server.access_log {
        AccessLog::On => true,
        AccessLog::Off => false,
        AccessLog::Auto => production,
    };
    // Lines about requests are there or not, whatever the level of the others; a level that names
    // them has the last word.
    let requests = if requests { "info" } else { "off" };
    let filter = filter(requests, &server.log_level);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = if json {
        let format = Json { env: server.env.name(), clock: Clock::System };
        builder.event_format(format).try_init()
    } else {
        builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init()
    };
    // Already on: a test of this crate started it.
    drop(started);
    // One line instead of the default's several; what a panic said is logged where it is caught.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a bug: the code panicked");
    }));
}

/// Which lines are told: of two levels for the same part the later one counts.
fn filter(requests: &str, level: &str) -> EnvFilter {
    EnvFilter::new(format!("web::request={requests},{QUIET},{level}"))
}

/// One JSON object a line, fields of the event at the top. It is written as it is read: a line for
/// each request is not to cost more than the request.
struct Json {
    env: &'static str,
    clock: Clock,
}

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let about = event.metadata();
        let level = match *about.level() {
            tracing::Level::ERROR => "error",
            tracing::Level::WARN => "warn",
            tracing::Level::INFO => "info",
            tracing::Level::DEBUG => "debug",
            tracing::Level::TRACE => "trace",
        };
        write!(
            writer,
            "{{\"timestamp\":\"{}\",\"level\":\"{level}\",\"env\":\"{}\",\"target\":\"{}\"",
            self.clock.now(),
            self.env,
            about.target()
        )?;
        let mut line = Line { writer: &mut writer, outcome: Ok(()), has_id: false };
        event.record(&mut line);
        let Line { outcome, has_id, .. } = line;
        outcome?;
        let current = telemetry::current().filter(|_| !has_id);
        if let Some(id) = current.as_ref().and_then(telemetry::Current::request_id) {
            writer.write_str(",\"request_id\":")?;
            quoted(&mut writer, format_args!("{id}"))?;
        }
        writer.write_str("}\n")
    }
}

struct Line<'l, 'w> {
    writer: &'l mut Writer<'w>,
    outcome: fmt::Result,
    /// The event says itself which request it is about.
    has_id: bool,
}

impl Line<'_, '_> {
    fn put(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        self.has_id |= field.name() == "request_id";
        if self.outcome.is_ok() {
            self.outcome = write!(self.writer, ",\"{}\":", field.name());
        }
        if self.outcome.is_ok() {
            self.outcome = value(self.writer);
        }
    }
}

impl Visit for Line<'_, '_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, |to| {
            if value.is_finite() { write!(to, "{value}") } else { to.write_str("null") }
        });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, |to| write!(to, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, |to| write!(to, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, |to| write!(to, "{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, |to| quoted(to, format_args!("{value}")));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, |to| quoted(to, format_args!("{value:?}")));
    }
}

/// A text of JSON.
fn quoted(to: &mut Writer<'_>, text: fmt::Arguments<'_>) -> fmt::Result {
    to.write_char('"')?;
    Escaped(to).write_fmt(text)?;
    to.write_char('"')
}

struct Escaped<'e, 'w>(&'e mut Writer<'w>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            // What is escaped is ASCII, so both ends are between letters.
            self.0.write_str(&text[plain..at])?;
            plain = at + 1;
            match byte {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                byte => write!(self.0, "\\u{byte:04x}")?,
            }
        }
        self.0.write_str(&text[plain..])
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What `tell` logs.
    fn logged(level: &str, tell: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let clock = Clock::Fixed(Arc::new(1_769_860_800_000_000.into()));
        let subscriber = tracing_subscriber::fmt()
            .event_format(Json { env: "production", clock })
            .with_env_filter(filter("off", level))
            .with_writer(move || writer.clone())
            .finish();
        // With a single subscriber tracing asks the thread that first reaches a line, which may be
        // another test's.
        let _second = tracing::Dispatch::new(tracing_subscriber::fmt().finish());
        tracing::subscriber::with_default(subscriber, tell);
        let text = lines.0.lock().unwrap().clone();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_line_has_the_schema() {
        let text = logged("info", || {
            tracing::info!(request_id = "r1", status = 404, latency_ms = 1.5, "request \"quoted\"");
        });
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["timestamp"], "2026-01-31T12:00:00.000Z");
        assert_eq!((&line["level"], &line["env"]), (&"info".into(), &"production".into()));
        assert_eq!((&line["request_id"], &line["status"]), (&"r1".into(), &404.into()));
        assert_eq!(line["message"], "request \"quoted\"");
        assert_eq!(line["latency_ms"], 1.5);
    }

    #[test]
    fn what_others_say_of_paths_and_hosts_is_told_only_where_they_are_named() {
        let say = || {
            tracing::debug!(target: "h2::server", "malformed headers: zqpath?zqquery");
            tracing::debug!(target: "hyper_util::client::legacy::pool", "reuse: zqhost");
            tracing::warn!(target: "h2::proto", "too many");
            tracing::debug!(target: "database", "ours");
        };
        for (level, told) in [
            ("info", [false, false, true, false]),
            ("debug", [false, false, true, true]),
            ("trace", [false, false, true, true]),
            ("debug,h2=debug", [true, false, true, true]),
            ("h2=off,debug,hyper_util::client=debug", [false, true, false, true]),
        ] {
            let text = logged(level, say);
            let found = ["zqpath", "zqhost", "too many", "ours"].map(|word| text.contains(word));
            assert_eq!(found, told, "{level}: {text}");
        }
    }

    #[test]
    fn a_line_of_a_request_has_its_id_and_nothing_breaks_out_of_it() {
        let text = logged("info", || {
            let current = telemetry::Current::new("r2".into());
            current.run(|| tracing::warn!(odd = "a\"b\\c\nd\u{1}é", what = ?["x\ty"], "said"));
            tracing::warn!(huge = f64::INFINITY, "outside");
        });
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!((&lines[0]["request_id"], &lines[0]["message"]), (&"r2".into(), &"said".into()));
        assert_eq!(lines[0]["odd"], "a\"b\\c\nd\u{1}é");
        assert_eq!(lines[0]["what"], "[\"x\\ty\"]");
        assert!(lines[1].get("request_id").is_none() && lines[1]["huge"].is_null());
    }
}
