//! How a command ends when it does not end well: an exit code, and one sentence that says what to
//! do.

use std::borrow::Cow;
use std::process::ExitCode;

use types::{Error, ErrorKind};

/// What exit codes mean, for `--help`.
pub(crate) const CODES: &str = "\
Exit codes:
  0  done
  1  it failed
  2  the command line or the configuration is wrong
  3  the start was refused: port or database in use, database newer than this binary, keys missing";

/// Why a command stops.
#[derive(Debug)]
pub(crate) struct Stop {
    status: u8,
    code: Cow<'static, str>,
    message: String,
    /// Further lines, when there is more than one thing to repair.
    details: Vec<String>,
}

impl Stop {
    /// 1: it was tried, and it failed.
    pub(crate) fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::of(1, code.into(), message.into())
    }

    /// 2: it was not asked for properly.
    pub(crate) fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self::of(2, code.into(), message.into())
    }

    /// 3: the house stays closed.
    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::of(3, code.into(), message.into())
    }

    /// What went wrong while the house was opened, before anything was served.
    pub(crate) fn opening(error: &Error) -> Self {
        Self { status: 3, ..Self::from_error(error) }
    }

    fn of(status: u8, code: Cow<'static, str>, message: String) -> Self {
        Self { status, code, message, details: Vec::new() }
    }

    fn from_error(error: &Error) -> Self {
        // The operator is the one who needs the cause; nobody else reads this.
        let message = match (error.cause(), error.kind()) {
            (None, _) => error.message().to_owned(),
            (Some(cause), ErrorKind::Internal) => {
                format!("Something is wrong inside: {cause}. Please report it.")
            }
            (Some(cause), _) => format!("{} ({cause})", error.message()),
        };
        Self::of(1, Cow::Owned(error.code().to_owned()), message)
    }

    /// Adds lines, one for each thing to repair.
    pub(crate) fn with_details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }

    /// The sentence, without the details.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Stable `snake_case` for machines.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// Says it on stderr and gives the exit code.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        if json {
            let error = serde_json::json!({
                "error": { "code": self.code, "message": self.message, "details": self.details },
            });
            eprintln!("{error}");
        } else {
            eprintln!("error: {}", self.message);
            for line in &self.details {
                eprintln!("  {line}");
            }
        }
        ExitCode::from(self.status)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::from_error(&error)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::failed("io", format!("Reading or writing failed: {error}."))
    }
}

impl From<serde_json::Error> for Stop {
    fn from(error: serde_json::Error) -> Self {
        Self::failed("json", format!("The output cannot be written as JSON: {error}."))
    }
}
