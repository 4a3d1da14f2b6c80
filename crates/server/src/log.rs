//! Log lines: text for a person, JSON in production, always on stderr.
//!
//! One schema: `timestamp level env request_id route method status latency_ms error_code`, and
//! whatever else a line says of itself. No e-mail, name, token, body or query value is ever
//! logged; those who write lines see to it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::IsTerminal as _;

use kernel::Clock;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{LogFormat, Mode, Settings};

/// Turns logging on for the life of the process; a second call changes nothing.
pub(crate) fn start(settings: &Settings) {
    let server = &settings.server;
    let filter = EnvFilter::new(&server.log_level);
    let json = match server.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => server.env == Mode::Production,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
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

/// One JSON object a line, fields of the event at the top.
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
        let mut line = Line(BTreeMap::new());
        event.record(&mut line);
        let mut fields = line.0;
        fields.insert("timestamp", Value::from(self.clock.now().to_string()));
        fields.insert("level", Value::from(event.metadata().level().as_str().to_lowercase()));
        fields.insert("env", Value::from(self.env));
        fields.insert("target", Value::from(event.metadata().target()));
        let text = serde_json::to_string(&fields).map_err(|_| fmt::Error)?;
        writeln!(writer, "{text}")
    }
}

struct Line(BTreeMap<&'static str, Value>);

impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name(), Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name(), Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name(), Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name(), Value::from(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), Value::from(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), Value::from(format!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

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

    #[test]
    fn a_line_has_the_schema() {
        let lines = Lines::default();
        let writer = lines.clone();
        let clock = Clock::Fixed(Arc::new(1_769_860_800_000_000.into()));
        let subscriber = tracing_subscriber::fmt()
            .event_format(Json { env: "production", clock })
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(request_id = "r1", status = 404, latency_ms = 1.5, "request \"quoted\"");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["timestamp"], "2026-01-31T12:00:00.000Z");
        assert_eq!((&line["level"], &line["env"]), (&"info".into(), &"production".into()));
        assert_eq!((&line["request_id"], &line["status"]), (&"r1".into(), &404.into()));
        assert_eq!(line["message"], "request \"quoted\"");
        assert_eq!(line["latency_ms"], 1.5);
    }
}
