//! Import and export: the whole world, or one group with what is below it, as NDJSON.
//!
//! One object a line, `kind` first; what a line needs stands before it. Lines are taken through
//! the same rules as requests and leave the same events. What is there already is skipped, so an
//! import can be repeated and resumed; what is refused is reported by its line and stops nothing.

pub(crate) mod copy;
mod export;
mod import;
mod line;
mod names;
mod news;
mod rehearsed;
mod roles;
mod sql;
mod store;
mod within;

use std::fmt;

use serde::Serialize;
use types::GroupId;

pub use export::export;
pub(crate) use import::forget_inputs;
pub use import::import;

/// How to import.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// Do everything, then undo it.
    pub dry_run: bool,
    /// Go on behind the last line an earlier import of the same input has taken.
    pub resume: bool,
}

/// How a group is named.
#[derive(Debug, Clone)]
pub enum Top {
    /// As its rights were looked up: a slug may be another group's by the time it is read.
    Id(GroupId),
    /// As people write it.
    Slug(String),
}

/// What to export.
#[derive(Debug, Clone, Default)]
pub struct ExportOptions {
    /// A group: only it and what is below it.
    pub group: Option<Top>,
    /// Also the values of hidden properties, and of a group's export the records of people who are
    /// no members there: for whoever operates the store, and nobody else.
    pub hidden: bool,
}

/// News of a transfer under way.
#[derive(Debug, Clone)]
pub enum Progress {
    /// So much has been read, or written.
    Read {
        /// Lines so far.
        lines: u64,
        /// Bytes so far.
        bytes: u64,
    },
    /// A line was refused.
    Refused {
        /// Counted from 1.
        line: u64,
        /// Stable code of the error.
        code: String,
        /// What to do.
        message: String,
    },
}

/// What a transfer did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Lines read or written.
    pub lines: u64,
    /// Objects stored or written.
    pub stored: u64,
    /// Lines whose object was there already.
    pub skipped: u64,
    /// Lines that were refused.
    pub refused: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lines, {} stored, {} already there, {} refused",
            self.lines, self.stored, self.skipped, self.refused
        )
    }
}
