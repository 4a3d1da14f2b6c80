//! A clock that jumps, by the hand of libfaketime: the server alone sees it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::house::House;
use crate::machine;

/// Where Debian puts libraries, by architecture.
const PLACES: &str = "/usr/lib";
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
}

fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir(PLACES).ok()?;
    folders.filter_map(|folder| Some(folder.ok()?.path().join(LIBRARY))).find(|path| path.is_file())
}
