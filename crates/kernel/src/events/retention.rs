//! How long the log keeps events is said by plans; here is when that is looked after, and where
//! what goes is written first.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

/// The longest pause: a month.
const MAX_S: u64 = 31 * 24 * 3600;

/// How events are deleted that are older than their group's plan keeps them.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionSettings {
    /// Seconds from one look to the next.
    pub every_s: u64,
    /// Whether events are written to files before they are deleted.
    pub archive: bool,
    /// Where; empty: `archive/events` in the data directory.
    pub archive_dir: String,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self { every_s: 24 * 3600, archive: true, archive_dir: String::new() }
    }
}

impl RetentionSettings {
    /// Keys whose values will not do, each with a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let fits = (1..=MAX_S).contains(&self.every_s);
        let said = || ("every_s", format!("must be 1 to {MAX_S}"));
        (!fits).then(said).into_iter().collect()
    }

    /// The same for the house, with its data directory.
    #[must_use]
    pub fn retention(&self, data_dir: &Path) -> Retention {
        let directory = match self.archive_dir.as_str() {
            "" => data_dir.join("archive").join("events"),
            named => PathBuf::from(named),
        };
        Retention {
            every: Duration::from_secs(self.every_s),
            archive: self.archive.then_some(directory),
        }
    }
}

/// When the log is looked after, and where what goes is written first.
#[derive(Debug, Clone)]
pub struct Retention {
    /// From one look to the next.
    pub every: Duration,
    /// The directory; none: what goes is gone.
    pub archive: Option<PathBuf>,
}

impl Default for Retention {
    fn default() -> Self {
        let RetentionSettings { every_s, .. } = RetentionSettings::default();
        Self { every: Duration::from_secs(every_s), archive: None }
    }
}
