//! What a client knows for certain: an append-only file with a line before each request and a line
//! after each answer.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, anyhow};
use serde::{Deserialize, Serialize};

use crate::deed::Deed;

/// The file, open to be written.
pub struct Ledger {
    path: PathBuf,
    file: Mutex<File>,
    next: AtomicU64,
}

/// A line of it.
#[derive(Serialize, Deserialize)]
enum Line {
    /// About to be sent; with an `Idempotency-Key` or without one.
    Sent { number: u64, keyed: bool, deed: Deed },
    /// Acknowledged, with the ids that were answered.
    Done { number: u64, ids: Vec<String> },
    /// Acknowledged by the answer that it was done before.
    Kept { number: u64 },
    /// Refused for good.
    Refused { number: u64, answer: String },
}

/// What came of a write, as far as its client knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has to be there, with these ids.
    Done(Vec<String>),
    /// It has to be there.
    Kept,
    /// It must not be there.
    Refused(String),
    /// It may be there, whole, or not at all.
    Unknown,
}

/// A write of the ledger.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its number.
    pub number: u64,
    /// Whether it may be sent again.
    pub keyed: bool,
    /// What it is.
    pub deed: Deed,
    /// What came of it.
    pub outcome: Outcome,
}

impl Ledger {
    /// An empty one.
    ///
    /// # Errors
    /// When there is one already.
    pub fn create(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(path);
        let file = Mutex::new(file.context("a ledger")?);
        Ok(Self { path: path.to_owned(), file, next: AtomicU64::new(1) })
    }

    pub(crate) fn sent(&self, deed: &Deed, keyed: bool) -> Result<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.append(&Line::Sent { number, keyed, deed: deed.clone() })?;
        Ok(number)
    }

    pub(crate) fn done(&self, number: u64, ids: &[String]) -> Result<()> {
        self.append(&Line::Done { number, ids: ids.to_vec() })
    }

    pub(crate) fn kept(&self, number: u64) -> Result<()> {
        self.append(&Line::Kept { number })
    }

    pub(crate) fn refused(&self, number: u64, answer: &str) -> Result<()> {
        self.append(&Line::Refused { number, answer: answer.to_owned() })
    }

    /// One write per line, so that no two writers share one.
    fn append(&self, line: &Line) -> Result<()> {
        let text = format!("{}\n", serde_json::to_string(line)?);
        let mut file = self.file.lock().map_err(|_| anyhow!("a writer died with the ledger"))?;
        Ok(file.write_all(text.as_bytes())?)
    }

    /// All of it, from the file as it is on the disk.
    ///
    /// # Errors
    /// When it cannot be read, or contradicts itself.
    pub fn read(&self) -> Result<Vec<Written>> {
        self.file.lock().map_err(|_| anyhow!("a writer died with the ledger"))?.sync_all()?;
        let mut all = BTreeMap::new();
        for line in std::fs::read_to_string(&self.path)?.lines() {
            let (number, outcome) = match serde_json::from_str(line)? {
                Line::Sent { number, keyed, deed } => {
                    let outcome = Outcome::Unknown;
                    all.insert(number, Written { number, keyed, deed, outcome });
                    continue;
                }
                Line::Done { number, ids } => (number, Outcome::Done(ids)),
                Line::Kept { number } => (number, Outcome::Kept),
                Line::Refused { number, answer } => (number, Outcome::Refused(answer)),
            };
            let written = all.get_mut(&number).context("an answer to what was never sent")?;
            written.outcome = outcome;
        }
        Ok(all.into_values().collect())
    }
}
