//! `sixfold audit`: whether the event log is what was sealed. All of it only reads, and works beside
//! a server.

use std::path::{Path, PathBuf};

use kernel::sealed::{Checkpoint, Signer, Verifier};
use ops::audit::{self, Report, Wanted};
use serde_json::json;

use crate::config::Settings;
use crate::exit::Stop;
use crate::start::{self, keys};

/// A checkpoint has a few hundred bytes.
const MOST_BYTES: u64 = 64 * 1024;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Hold every event, hash and signature against each other
    Verify(Verify),
    /// Write the sealed log into a file, which can be verified elsewhere
    Export(Export),
    /// Print the public key that checkpoints are verified with
    Key,
}

#[derive(clap::Args)]
pub(super) struct Verify {
    /// An exported log, instead of the database
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere: the log has to be the same up to there
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The public key it has to be signed by, as `sixfold audit key` printed it: the checkpoint, if
    /// one is given, else the log; without it the keys at hand say. May be repeated: one of them
    /// has to have signed it
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
}

#[derive(clap::Args)]
pub(super) struct Export {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn run(command: Command, settings: &Settings, json: bool) -> Result<(), Stop> {
    match command {
        Command::Verify(asked) => verify(asked, settings, json).await,
        Command::Export(Export { file }) => export(&file, settings, json).await,
        Command::Key => key(settings, json).await,
    }
}

async fn verify(asked: Verify, settings: &Settings, json: bool) -> Result<(), Stop> {
    let keys: Result<Vec<_>, _> = asked.key.iter().map(|key| Verifier::parse(key)).collect();
    let given = keys?;
    let kept = asked.checkpoint.as_deref().map(kept).transpose()?;
    let (report, trusted) = match &asked.file {
        Some(file) => {
            let sure = !given.is_empty();
            let wanted = Wanted { trusted: given.clone(), kept: kept.map(|kept| (kept, given)) };
            (audit::verify_file(file, wanted)?, sure)
        }
        None => {
            super::require_database(settings)?;
            let own = keys::at_hand(settings).await?.map(|keys| Signer::of(&keys)).transpose()?;
            let own: Vec<_> = own.iter().map(|signer| signer.verifier().clone()).collect();
            // Beside a checkpoint the keys are those of the checkpoint, which may be older ones.
            let own_first = kept.is_some() && !own.is_empty();
            let trusted = if own_first || given.is_empty() { own } else { given.clone() };
            if trusted.is_empty() {
                return Err(no_keys());
            }
            let wanted = Wanted { trusted, kept: kept.map(|kept| (kept, given)) };
            (audit::verify(&start::database_settings(settings), wanted).await?, true)
        }
    };
    if json {
        super::print_json(&report)?;
    } else {
        super::print(&text(&report))?;
    }
    if !trusted {
        eprintln!("Without --key, signatures were held against the keys in the file only.");
    }
    if report.ok { Ok(()) } else { Err(tampered(&report)) }
}

fn kept(file: &Path) -> Result<Checkpoint, Stop> {
    let unreadable = |why: String| {
        let said = format!("{} cannot be read: {why}.", file.display());
        Stop::usage("file_unreadable", said)
    };
    let about = std::fs::metadata(file).map_err(|error| unreadable(error.to_string()))?;
    if about.len() > MOST_BYTES {
        return Err(unreadable("it is too large for a checkpoint".to_owned()));
    }
    let note = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    Ok(Checkpoint::parse(&note)?)
}

fn no_keys() -> Stop {
    Stop::usage(
        "key_missing",
        "The keys of this database are not at hand: give the public key of its log with --key, as \
         `sixfold audit key` printed it.",
    )
}

fn text(report: &Report) -> String {
    let Report { leaves, events, deleted, waiting, checkpoints, .. } = report;
    let mut text = format!(
        "{}: {leaves} events sealed; {events} are there, {deleted} were deleted. {waiting} wait \
         to be sealed.\n",
        report.origin.as_deref().unwrap_or("No checkpoint yet")
    );
    for [first, last] in &report.deleted_leaves {
        text.push_str(&format!("  deleted: leaves {first} to {last}\n"));
    }
    text.push_str(&format!("{checkpoints} checkpoints are good; root {}\n", report.root_hash));
    if let Some(kept) = report.kept {
        text.push_str(&format!("Held against a checkpoint of {kept} events.\n"));
    }
    if report.ok {
        text.push_str("Nothing was changed.\n");
    }
    text
}

/// What was found, each with its event.
fn tampered(report: &Report) -> Stop {
    let mut lines: Vec<String> = report
        .findings
        .iter()
        .map(|finding| format!("{}: {}", finding.code, finding.message))
        .collect();
    let untold = report.found.saturating_sub(lines.len() as u64);
    if untold > 0 {
        lines.push(format!("and {untold} more"));
    }
    let message = "The event log is not what was sealed.";
    Stop::failed("audit_tampered", message).with_details(lines)
}

async fn export(file: &Path, settings: &Settings, json: bool) -> Result<(), Stop> {
    super::require_database(settings)?;
    let done = audit::export(&start::database_settings(settings), file).await?;
    if json {
        return super::print_json(&done);
    }
    super::print(&format!(
        "{}: {} leaves, {} with their events, {} checkpoints, {} notes of deletions\n",
        file.display(),
        done.leaves,
        done.events,
        done.checkpoints,
        done.deletions
    ))
}

async fn key(settings: &Settings, json: bool) -> Result<(), Stop> {
    super::require_database(settings)?;
    let keys = keys::at_hand(settings).await?.ok_or_else(|| {
        let said = "The keys of this database are not at hand: put root.key and signing.key into \
                    its data directory, or give them in the environment.";
        Stop::refused("keys_missing", said)
    })?;
    let key = Signer::of(&keys)?.verifier().to_string();
    if json { super::print_json(&json!({ "key": key })) } else { super::print(&format!("{key}\n")) }
}
