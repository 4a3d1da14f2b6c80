//! The text format of Prometheus, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use telemetry::Histogram;

use super::families::{ALL, Family};

/// Series of all families, each family in one piece whatever the order they come in.
#[derive(Default)]
pub(super) struct Page(BTreeMap<&'static str, String>);

impl Page {
    /// One series.
    pub(super) fn put(&mut self, family: &Family, labels: &[&str], value: impl Display) {
        let text = self.0.entry(family.name).or_default();
        text.push_str(family.name);
        braces(text, family.labels, labels, None);
        let _ = writeln!(text, " {value}");
    }

    /// A histogram: of durations, told in seconds, or of sizes.
    pub(super) fn histogram(
        &mut self,
        family: &Family,
        labels: &[&str],
        unit: Unit,
        meter: &Histogram,
    ) {
        let (read, name) = (meter.read(), family.name);
        let text = self.0.entry(name).or_default();
        for (bound, count) in read.up_to {
            let _ = write!(text, "{name}_bucket");
            braces(text, family.labels, labels, Some(&unit.told(bound)));
            let _ = writeln!(text, " {count}");
        }
        let _ = write!(text, "{name}_bucket");
        braces(text, family.labels, labels, Some("+Inf"));
        let _ = writeln!(text, " {}", read.count);
        for (end, value) in [("sum", unit.told(read.sum)), ("count", read.count.to_string())] {
            let _ = write!(text, "{name}_{end}");
            braces(text, family.labels, labels, None);
            let _ = writeln!(text, " {value}");
        }
    }

    /// The whole page; every family is named, also where it has nothing to say.
    pub(super) fn finish(self) -> String {
        let mut page = String::with_capacity(64 << 10);
        for Family { name, kind, help, .. } in ALL {
            let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
            page.push_str(self.0.get(name).map_or("", String::as_str));
        }
        page
    }
}

/// What the numbers of a histogram are.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    /// Microseconds, told in seconds.
    Time,
    /// A number of things.
    Size,
}

impl Unit {
    fn told(self, value: u64) -> String {
        match self {
            Self::Time => seconds(value),
            Self::Size => value.to_string(),
        }
    }
}

/// Microseconds in seconds, exactly.
pub(super) fn seconds(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    let text = format!("{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn braces(text: &mut String, names: &[&str], values: &[&str], bound: Option<&str>) {
    let all = names.iter().copied().zip(values.iter().copied()).chain(bound.map(|le| ("le", le)));
    let mut open = '{';
    for (name, value) in all {
        text.push(open);
        let _ = write!(text, "{name}=\"");
        for letter in value.chars() {
            match letter {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                letter => text.push(letter),
            }
        }
        text.push('"');
        open = ',';
    }
    if open == ',' {
        text.push('}');
    }
}

#[cfg(test)]
mod tests {
    use telemetry::MICROS;

    use super::super::families::{DB_QUEUE, HTTP_DURATION, JOBS};
    use super::*;

    #[test]
    fn series_are_written_as_prometheus_reads_them() {
        let mut page = Page::default();
        page.put(&JOBS, &["a\"b\\c\nd", "queued"], 3);
        page.put(&DB_QUEUE, &[], 7);
        let took = Histogram::new(&MICROS);
        took.observe(1_500);
        page.histogram(&HTTP_DURATION, &["/v1/things/{id}", "GET"], Unit::Time, &took);
        let page = page.finish();
        for line in [
            "sixfold_jobs{kind=\"a\\\"b\\\\c\\nd\",state=\"queued\"} 3",
            "sixfold_db_queue_depth 7",
            "sixfold_http_request_duration_seconds_bucket{route=\"/v1/things/{id}\",method=\"GET\",le=\"0.001\"} 0",
            "sixfold_http_request_duration_seconds_bucket{route=\"/v1/things/{id}\",method=\"GET\",le=\"0.0025\"} 1",
            "sixfold_http_request_duration_seconds_bucket{route=\"/v1/things/{id}\",method=\"GET\",le=\"+Inf\"} 1",
            "sixfold_http_request_duration_seconds_sum{route=\"/v1/things/{id}\",method=\"GET\"} 0.0015",
            "sixfold_http_request_duration_seconds_count{route=\"/v1/things/{id}\",method=\"GET\"} 1",
            "# TYPE sixfold_mail_letters_total counter",
        ] {
            assert!(page.lines().any(|one| one == line), "{line}\n{page}");
        }
    }

    #[test]
    fn times_are_told_in_seconds() {
        for (micros, told) in
            [(0, "0"), (500, "0.0005"), (10_000_000, "10"), (1_000_001, "1.000001")]
        {
            assert_eq!(seconds(micros), told);
        }
    }
}
