//! A clock that jumps, by the hand of libfaketime: the server alone sees it.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::json;
use types::Time;

use crate::house::House;
use crate::machine;

/// Where Debian puts libraries, by architecture.
const PLACES: &str = "/usr/lib";
/// Microseconds that a moment may be from the one that is asked for: less than any jump.
const NEAR: i64 = 60_000_000;
/// The one for programs with threads.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// What a house takes for the time of day. Time that only measures goes on as it does.
pub struct FakeClock {
    library: PathBuf,
    file: PathBuf,
}

impl FakeClock {
    /// One for the next start of a house; nothing where there is no libfaketime, which is said.
    ///
    /// # Errors
    /// When it is missing and required (`SIXFOLD_TEST_REQUIRE`).
    pub fn of(house: &mut House, what: &str) -> Result<Option<Self>> {
        let Some(library) = library() else {
            let lack = format!("there is no {LIBRARY} (Debian: faketime)");
            machine::skip("faketime", what, &lack)?;
            return Ok(None);
        };
        let clock = Self { library, file: house.folder().join("clock") };
        clock.set_hours(0)?;
        for (name, value) in [
            ("LD_PRELOAD", clock.library.as_path()),
            ("FAKETIME_TIMESTAMP_FILE", &clock.file),
            // Looked at each time it is asked for.
            ("FAKETIME_NO_CACHE", Path::new("1")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", Path::new("1")),
            ("DONT_FAKE_MONOTONIC", Path::new("1")),
        ] {
            house.set(name, value.to_str().context("a path in UTF-8")?);
        }
        Ok(Some(clock))
    }

    /// From now on it is so many hours later than it is.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn set_hours(&self, hours: i64) -> Result<()> {
        // Moved into place, so that nobody reads half of it.
        let beside = self.file.with_extension("new");
        std::fs::write(&beside, format!("{hours:+}h\n"))?;
        Ok(std::fs::rename(beside, &self.file)?)
    }

    /// Makes a thing in a group, and holds the moment at which the server says it was made against
    /// the right time and so many hours.
    ///
    /// # Errors
    /// When the server's clock shows something else.
    pub fn is_at(house: &House, group: &str, hours: i64) -> Result<()> {
        let from = now()?;
        let note = json!({ "groupId": group, "type": "note", "name": "time" });
        let answer = house.client().send("POST", "/v1/things", None, Some(&note))?;
        ensure!(answer.status == 201, "no thing is made: {answer:?}");
        let made = answer.text_at("/createdAt")?;
        let time: Time = made.parse().map_err(|error| anyhow!("no time: {error:?}"))?;
        let expected = later(from, hours)?..=later(now()?, hours)?;
        ensure!(is_near(time, &expected), "at {hours:+} hours a thing was made at {made}");
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "the right time, to hold the server's against")]
fn now() -> Result<Duration> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?)
}

/// So many hours after that, in microseconds.
fn later(moment: Duration, hours: i64) -> Result<i64> {
    Ok(i64::try_from(moment.as_micros())? + hours * 3_600_000_000)
}

fn is_near(time: Time, expected: &RangeInclusive<i64>) -> bool {
    (expected.start() - NEAR..=expected.end() + NEAR).contains(&time.micros())
}

fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir(PLACES).ok()?;
    folders.filter_map(|folder| Some(folder.ok()?.path().join(LIBRARY))).find(|path| path.is_file())
}
