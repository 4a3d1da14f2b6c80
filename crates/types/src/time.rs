//! A moment: microseconds since 1970 UTC in the store, RFC 3339 with milliseconds on the wire.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::schema::Schema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// 9999-12-31T23:59:59.999999Z: four-digit years keep the text sortable.
const MAX_MICROS: i64 = 253_402_300_799_999_999;
/// 0001-01-01T00:00:00Z.
const MIN_MICROS: i64 = -62_135_596_800_000_000;

/// Unix time in microseconds, UTC, within the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(i64);

impl Time {
    /// From microseconds since 1970; clamped to the years 1 to 9999.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(if micros > MAX_MICROS {
            MAX_MICROS
        } else if micros < MIN_MICROS {
            MIN_MICROS
        } else {
            micros
        })
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This moment plus `span`, clamped.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// This moment minus `span`, clamped.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }
}

/// Days since 1970 → (year, month, day); Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`. A list of 50 objects writes 100 times: this costs no calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

fn digits(text: &mut [u8; 24], at: usize, width: usize, mut value: i64) {
    for slot in text[at..at + width].iter_mut().rev() {
        *slot = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

impl Time {
    fn text(self) -> [u8; 24] {
        let (year, month, day) = civil(self.0.div_euclid(MICROS_PER_DAY));
        let millis = self.0.rem_euclid(MICROS_PER_DAY) / 1000;
        let mut text = *b"0000-00-00T00:00:00.000Z";
        digits(&mut text, 0, 4, year);
        digits(&mut text, 5, 2, month);
        digits(&mut text, 8, 2, day);
        digits(&mut text, 11, 2, millis / 3_600_000);
        digits(&mut text, 14, 2, millis / 60_000 % 60);
        digits(&mut text, 17, 2, millis / 1000 % 60);
        digits(&mut text, 20, 3, millis % 1000);
        text
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Time {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "expected a time like 2026-01-31T12:00:00.000Z (RFC 3339)";
        let moment: jiff::Timestamp = text.parse().map_err(|_| WRONG)?;
        let micros = moment.as_microsecond();
        if (MIN_MICROS..=MAX_MICROS).contains(&micros) { Ok(Self(micros)) } else { Err(WRONG) }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::__dev::ComposeSchema for Time {
    fn compose(_: Vec<Schema>) -> Schema {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                utoipa::openapi::KnownFormat::DateTime,
            )))
            .examples(["2026-01-31T12:00:00.000Z"])
            .into()
    }
}

impl utoipa::ToSchema for Time {}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
