//! What the machine says: how much is to be done, and what there is to do it with.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};

#[expect(clippy::disallowed_methods, reason = "how tests are told about the machine")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether everything is to be done (`SIXFOLD_FAULTS=full`) and not a sample of it.
///
/// # Errors
/// When the variable says something else.
pub fn is_full() -> Result<bool> {
    match variable("SIXFOLD_FAULTS").as_deref() {
        None | Some("sample") => Ok(false),
        Some("full") => Ok(true),
        Some(other) => bail!("SIXFOLD_FAULTS is {other:?}; there are `sample` and `full`"),
    }
}

/// How many rounds there are, in a sample and in full.
///
/// # Errors
/// As [`is_full`].
pub fn rounds(sample: usize, full: usize) -> Result<usize> {
    Ok(if is_full()? { full } else { sample })
}

/// Says something past the harness, which keeps quiet about tests that pass.
pub fn tell(text: &str) {
    // Nobody is left to be told that nobody listens.
    let _ = writeln!(std::io::stderr(), "faults: {text}");
}

/// A test that cannot be run here says so, and fails where it has to run.
pub(crate) fn skip(need: &str, what: &str, lack: &str) -> Result<()> {
    let required = variable("SIXFOLD_TEST_REQUIRE").unwrap_or_default();
    let required = required.split(',').any(|name| name.trim() == need);
    ensure!(!required, "SIXFOLD_TEST_REQUIRE names {need}, but {lack}");
    tell(&format!("{what} is skipped: {lack}"));
    Ok(())
}

/// The server: the one that `SIXFOLD_FAULTS_SERVER` names, or the one built beside these tests.
pub(crate) fn server() -> Result<PathBuf> {
    let path = match variable("SIXFOLD_FAULTS_SERVER") {
        Some(path) => PathBuf::from(path),
        None => {
            let own = std::env::current_exe()?;
            // target/debug/deps/it-…, and target/debug/sixfold
            let profile = own.parent().and_then(|deps| deps.parent()).context("a target folder")?;
            profile.join("sixfold")
        }
    };
    ensure!(
        path.is_file(),
        "there is no server at {}: run `cargo build -p server --bin sixfold`, or name one in \
         SIXFOLD_FAULTS_SERVER",
        path.display()
    );
    Ok(path)
}
