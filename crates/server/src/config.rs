//! Settings: defaults, then `sixfold.toml`, then the environment, then flags.
//!
//! Everything is merged into one table of known [`keys`]; each value is then read into its place
//! by itself, so that all mistakes are found at once and each is told by its key. With no
//! configuration at all the server starts.

mod check;
mod docs;
mod keys;
mod layers;
mod model;
mod suggest;

use std::path::PathBuf;

use crate::exit::Stop;

pub(crate) use self::docs::{example, markdown};
pub(crate) use self::layers::{Environment, Flags};
pub(crate) use self::model::{AccessLog, LogFormat, Mode, Settings};

/// Something the operator has to repair.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Mistake {
    /// `section.key`, or the name as it was written.
    pub(crate) key: String,
    /// Where it was written: a file, a variable, a flag.
    pub(crate) origin: String,
    /// What is wrong and what to do, without the value (it may be a secret).
    pub(crate) message: String,
    /// It is in a file that a setting names, and that another program writes: time may mend it.
    #[serde(skip)]
    pub(crate) may_pass: bool,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.origin.is_empty() {
            write!(f, "{}: {}", self.key, self.message)
        } else {
            write!(f, "{} ({}): {}", self.key, self.origin, self.message)
        }
    }
}

/// Reads the settings of this process.
///
/// # Errors
/// All mistakes together.
pub(crate) fn load(flags: &Flags) -> Result<Settings, Vec<Mistake>> {
    read(flags, &Environment::of_process())
}

/// Variables of this process that begin like this and are no settings.
pub(crate) fn ignored(beginning: &str) -> Vec<String> {
    Environment::of_process().ignored(beginning)
}

fn read(flags: &Flags, environment: &Environment) -> Result<Settings, Vec<Mistake>> {
    let mut layers = layers::Layers::default();
    match &flags.config {
        Some(path) => layers.file(path, true),
        None => layers.file(&PathBuf::from("sixfold.toml"), false),
    }
    layers.environment(environment);
    layers.flags(flags);
    let (table, mut mistakes) = layers.merged();
    match model::parse(&table) {
        Ok(settings) => {
            mistakes.extend(check::all(&settings, &table));
            if mistakes.is_empty() { Ok(settings) } else { Err(mistakes) }
        }
        Err(wrong) => {
            mistakes.extend(wrong);
            Err(mistakes)
        }
    }
}

/// The mistakes as the end of a command.
pub(crate) fn stop(mistakes: &[Mistake]) -> Stop {
    let details = mistakes.iter().map(ToString::to_string).collect();
    // Whoever restarts the server tries again what is refused, but no wrong settings.
    if mistakes.iter().all(|mistake| mistake.may_pass) {
        let told = "The certificate cannot be used; repair it and start again:";
        return Stop::refused("certificate_unusable", told).with_details(details);
    }
    let told = match mistakes {
        [_] => "The configuration has a mistake; repair it and start again:".to_owned(),
        more => format!("The configuration has {} mistakes; repair them all:", more.len()),
    };
    Stop::usage("config_invalid", told).with_details(details)
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
