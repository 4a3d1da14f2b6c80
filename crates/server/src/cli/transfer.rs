//! `sixfold import` and `sixfold export`: NDJSON in and out, with progress for whoever watches.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use database::Reach;
use kernel::disk;
use world::transfer::{self, ExportOptions, ImportOptions, Progress, Summary, Top};

use super::private;
use crate::config::Settings;
use crate::exit::Stop;
use crate::{log, start};

const BUFFER: usize = 1 << 20;
/// A bar is drawn this often at most.
const DRAW: Duration = Duration::from_millis(100);

#[derive(clap::Args)]
pub(super) struct Import {
    /// NDJSON to read; `-` is stdin
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Check every line and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on where an earlier import of this file ended
    #[arg(long)]
    resume: bool,
}

#[derive(clap::Args)]
pub(super) struct Export {
    /// File to write; stdout if absent
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only this group and what is below it
    #[arg(long, value_name = "SLUG")]
    group: Option<String>,
}

/// 0 when every line was taken, 1 when one was not.
pub(super) async fn import(
    mut settings: Settings,
    import: Import,
    json: bool,
) -> Result<ExitCode, Stop> {
    log::start(&settings);
    // Looked at before the database is opened, let alone made.
    let (input, bytes) = source(&import.file)?;
    let scratch = if import.dry_run { Scratch::instead_of(&mut settings)? } else { None };
    let app = start::open(&settings).await?;
    let done = import_into(&app, input, bytes, &import, json).await;
    app.db.close().await;
    drop(scratch);
    let (summary, took) = done?;
    if json {
        super::print(&format!("{}\n", serde_json::json!({ "summary": summary })))?;
    } else {
        let verb = if import.dry_run { "checked" } else { "read" };
        eprintln!("{verb} in {:.1} s: {summary}", took.as_secs_f64());
    }
    Ok(if summary.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn import_into(
    app: &kernel::App,
    input: Box<dyn BufRead + Send>,
    bytes: Option<u64>,
    import: &Import,
    json: bool,
) -> Result<(Summary, Duration), Stop> {
    let began = Instant::now();
    let bar = bar(bytes);
    let shown = bar.clone();
    let options = ImportOptions { dry_run: import.dry_run, resume: import.resume };
    let done = transfer::import(app, input, options, move |news| match news {
        Progress::Read { lines, bytes } => {
            shown.set_position(bytes);
            shown.set_message(format!("{lines} lines"));
        }
        Progress::Refused { line, code, message } => {
            let report = serde_json::json!({ "line": line, "code": code, "message": message });
            // A line of data on stdout when data is asked for, else for the eyes on stderr.
            shown.suspend(|| if json { println!("{report}") } else { eprintln!("{report}") });
        }
    })
    .await;
    bar.finish_and_clear();
    Ok((done?, began.elapsed()))
}

/// A place for a dry run where there is no database yet: it must not leave one behind.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn instead_of(settings: &mut Settings) -> Result<Option<Self>, Stop> {
        if super::absent_database(settings).is_none() {
            return Ok(None);
        }
        let name = format!("sixfold-dry-run-{}", std::process::id());
        let scratch = Self(std::env::temp_dir().join(name));
        settings.server.data_dir.clone_from(&scratch.0);
        settings.database.url.clear();
        Ok(Some(scratch))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The input, and how long it is if that can be known.
pub(super) fn source(path: &Path) -> Result<(Box<dyn BufRead + Send>, Option<u64>), Stop> {
    if path == Path::new("-") {
        return Ok((Box::new(BufReader::with_capacity(BUFFER, std::io::stdin())), None));
    }
    let unreadable = |error: std::io::Error| {
        let message = format!("{} cannot be read: {error}.", path.display());
        Stop::usage("input_unreadable", message)
    };
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if about.is_dir() {
        let message = format!("{} is a directory: name a file of NDJSON.", path.display());
        return Err(Stop::usage("input_unreadable", message));
    }
    let bytes = about.is_file().then_some(about.len());
    Ok((Box::new(BufReader::with_capacity(BUFFER, file)), bytes))
}

pub(super) async fn export(settings: &Settings, export: Export, json: bool) -> Result<(), Stop> {
    log::start(settings);
    super::require_database(settings)?;
    let app = start::open(settings).await?;
    let began = Instant::now();
    let done = export_from(&app, &export).await;
    let took = began.elapsed();
    app.db.close().await;
    let summary = done?;
    // Stdout may be the data itself.
    if json {
        eprintln!("{}", serde_json::json!({ "summary": summary }));
    } else {
        eprintln!("written in {:.1} s: {} lines", took.as_secs_f64(), summary.lines);
    }
    Ok(())
}

async fn export_from(app: &kernel::App, export: &Export) -> Result<Summary, Stop> {
    let options = ExportOptions { group: export.group.clone().map(Top::Slug), hidden: true };
    let bar = bar(None);
    let shown = bar.clone();
    let report = move |news| {
        if let Progress::Read { lines, bytes } = news {
            shown.set_position(bytes);
            shown.set_message(format!("{lines} lines"));
        }
    };
    let done = match &export.file {
        None => write_all(app, std::io::stdout(), options, report).await,
        Some(path) => export_to(path, app, options, report).await,
    };
    bar.finish_and_clear();
    done
}

/// Writes beside the file and moves it into place, so that a half-written export never looks
/// like a whole one. Only this user reads it: hidden properties are in it.
async fn export_to(
    path: &Path,
    app: &kernel::App,
    options: ExportOptions,
    report: impl FnMut(Progress) + Send,
) -> Result<Summary, Stop> {
    let unwritable = |error: std::io::Error| {
        let message = format!("{} cannot be written: {error}.", path.display());
        Stop::failed("output_unwritable", message)
    };
    let (beside, file) = private::beside(path).map_err(unwritable)?;
    let done = async {
        let summary = write_all(app, &file, options, report).await?;
        file.sync_all().map_err(unwritable)?;
        std::fs::rename(&beside, path).map_err(unwritable)?;
        disk::sync_folder(disk::parent(path)).map_err(unwritable)?;
        Ok(summary)
    }
    .await;
    if done.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    done
}

async fn write_all(
    app: &kernel::App,
    out: impl Write + Send,
    options: ExportOptions,
    report: impl FnMut(Progress) + Send,
) -> Result<Summary, Stop> {
    let mut out = BufWriter::with_capacity(BUFFER, Out { out, failed: None });
    let done = transfer::export(app, Reach::everything(), &mut out, options, report).await;
    let flushed = out.flush();
    // The room knows only that writing failed; here it is known what that means.
    if let Some(error) = &out.get_ref().failed {
        let message = match error.kind() {
            ErrorKind::BrokenPipe => {
                "The reader of the output went away before its end.".to_owned()
            }
            _ => format!("The output cannot be written: {error}."),
        };
        return Err(Stop::failed("output_unwritable", message));
    }
    let summary = done?;
    flushed?;
    Ok(summary)
}

/// Remembers why it could not be written to.
struct Out<W> {
    out: W,
    failed: Option<std::io::Error>,
}

impl<W: Write> Out<W> {
    fn note<T>(&mut self, done: std::io::Result<T>) -> std::io::Result<T> {
        done.map_err(|error| {
            let kind = error.kind();
            if kind != ErrorKind::Interrupted {
                self.failed = Some(error);
            }
            kind.into()
        })
    }
}

impl<W: Write> Write for Out<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let done = self.out.write(bytes);
        self.note(done)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let done = self.out.flush();
        self.note(done)
    }
}

/// On a terminal; anywhere else it draws nothing.
fn bar(bytes: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = match bytes {
        Some(_) => "{bar:30} {bytes}/{total_bytes} ({bytes_per_sec}, {eta} left) {msg}",
        None => "{spinner} {bytes} ({bytes_per_sec}) {msg}",
    };
    let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(DRAW);
    bar
}
