//! Reads lines on a thread of its own and stores them a chunk at a time.

use std::io::BufRead;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use database::{Tx, args};
use futures_util::future::join;
use kernel::{App, Caller, Work};
use sha2::{Digest as _, Sha256};
use types::{Error, ErrorKind, Result, Time};

use super::line::Line;
use super::names::Names;
use super::news::{Held, News, Told};
use super::rehearsed::Rehearsed;
use super::store::{Outcome, Store};
use super::{ImportOptions, Progress, Summary};
use crate::things::many::{self, Draft};

/// Lines that share a transaction, and with it an fsync.
const CHUNK_LINES: usize = 10_000;
/// Things that are stored together.
const DRAFTS: usize = 512;
/// Bytes after which a chunk is closed.
const CHUNK_BYTES: usize = 8 << 20;
/// A longer line is refused: it could not have come through the API either.
const MAX_LINE: usize = 8 << 20;
/// Chunks read ahead of the store.
const AHEAD: usize = 2;

/// Lines as they were read.
pub(super) struct Chunk {
    /// Number of its first line, counted from 1.
    first: u64,
    lines: Vec<Result<Line>>,
    /// Bytes of the input up to its end.
    pub(super) bytes: u64,
    /// SHA-256 of the input up to its end: two inputs that differ anywhere before differ here.
    digest: String,
}

impl Chunk {
    /// Number of its last line.
    pub(super) fn last(&self) -> u64 {
        self.first + self.lines.len() as u64 - 1
    }
}

/// Stores every line of `input`. Refused lines are reported and stop nothing.
///
/// # Errors
/// When the input cannot be read or the store cannot be written: what was stored so far stays,
/// and `resume` goes on there.
pub async fn import(
    app: &App,
    input: impl BufRead + Send + 'static,
    options: ImportOptions,
    mut report: impl FnMut(Progress) + Send,
) -> Result<Summary> {
    let (sender, chunks) = sync_channel(AHEAD);
    let reader = std::thread::Builder::new()
        .name("import-reader".into())
        .spawn(move || read(input, &sender))?;
    let summary = if options.dry_run {
        rehearse(app, chunks, &mut report).await?
    } else {
        store(app, &chunks, options.resume, &mut report).await?
    };
    // Hangs up first, so that a reader that is ahead cannot wait for ever.
    match reader.join() {
        Ok(outcome) => outcome.map(|()| summary),
        Err(_) => Err(Error::internal("the reader of the import panicked")),
    }
}

async fn store(
    app: &App,
    chunks: &Receiver<Chunk>,
    resume: bool,
    report: &mut (impl FnMut(Progress) + Send),
) -> Result<Summary> {
    let caller = Caller::system("import");
    let mut summary = Summary::default();
    let mut names = Names::default();
    while let Ok(chunk) = chunks.recv() {
        let last = chunk.last();
        let done = if resume && was_taken(app, chunk.digest.clone()).await? { last } else { 0 };
        let known = names.clone();
        let (news, learned) = app
            .change(&caller, async move |work| {
                let (outcomes, learned) = take(work, &chunk, done, known.clone()).await?;
                if last > done {
                    keep_progress(work, &chunk.digest, last).await?;
                }
                Ok((News::of(&chunk, outcomes), learned))
            })
            .await?;
        names = learned;
        news.tell(&mut summary, report);
    }
    Ok(summary)
}

/// Everything in one transaction that is taken back, so that later lines see earlier ones and
/// nothing stays. What becomes of it is told on the way: all of a long input would be much to keep.
async fn rehearse(
    app: &App,
    chunks: Receiver<Chunk>,
    report: &mut (impl FnMut(Progress) + Send),
) -> Result<Summary> {
    let chunks = Mutex::new(Rehearsed::new(chunks));
    let (sender, mut news) = tokio::sync::mpsc::unbounded_channel();
    let house = Caller::system("import");
    let rehearsing = app.rehearse(&house, async move |work| {
        // What an earlier run of this transaction told is undone with it.
        let _ = sender.send(None);
        // Not held while a chunk is stored: nobody else asks.
        let at = |number| match chunks.lock() {
            Ok(mut chunks) => chunks.at(number),
            Err(_) => Err(Error::internal("a rehearsal died")),
        };
        let (mut names, mut number) = (Names::default(), 0);
        while let Some(chunk) = at(number)? {
            number += 1;
            let (outcomes, learned) = take(work, &chunk, 0, names).await?;
            names = learned;
            let _ = sender.send(Some(News::of(&chunk, outcomes)));
        }
        Ok(())
    });
    let telling = async {
        let (mut summary, mut held) = (Summary::default(), Held::default());
        while let Some(one) = news.recv().await {
            for certain in held.hear(one) {
                certain.tell(&mut summary, report);
            }
        }
        for last in held.rest() {
            last.tell(&mut summary, report);
        }
        summary
    };
    let (outcome, summary) = join(rehearsing, telling).await;
    outcome.map(|()| summary)
}

/// What became of the lines of a chunk, and what was learned from it and those before.
type Taken = (Vec<Told>, Names);

/// All lines in one part; should one be refused, again with each in a part of its own, so that it
/// undoes only itself. Parts cost, and most inputs are sound.
async fn take(work: &mut Work<'_>, chunk: &Chunk, done: u64, mut names: Names) -> Result<Taken> {
    // A rehearsal, or a chunk in which every line was there already, records nothing.
    work.silently();
    // Lines that were taken before are not taken again, but later ones may go by their names.
    for (_, line) in (chunk.first..=done).zip(&chunk.lines) {
        if let Ok(line) = line {
            let line = names.translate(line);
            names.learn(work.tx, &line).await?;
        }
    }
    let known = names.clone();
    match work.nested(async move |work| take_all(work, chunk, done, known).await).await {
        Err(error) if is_refusal(&error) => take_each(work, chunk, done, names).await,
        taken => taken,
    }
}

/// The lines of a chunk that were not taken before, with their numbers.
fn open_lines(chunk: &Chunk, done: u64) -> impl Iterator<Item = (u64, &Result<Line>)> {
    (chunk.first..).zip(&chunk.lines).filter(move |(number, _)| *number > done)
}

async fn take_all(work: &mut Work<'_>, chunk: &Chunk, done: u64, names: Names) -> Result<Taken> {
    let mut store = Store::new(names);
    let mut outcomes = Vec::with_capacity(chunk.lines.len());
    let mut drafts = Drafts::default();
    for (number, line) in open_lines(chunk, done) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                outcomes.push(refused(number, error));
                continue;
            }
        };
        match store.names.translate(line).as_ref() {
            Line::Thing(line) => {
                let parent = line.parent_id;
                if drafts.all.len() == DRAFTS || drafts.all.iter().any(|one| one.is(parent)) {
                    drafts.store(work, &mut outcomes).await?;
                }
                drafts.all.push(store.draft(work, line).await?);
                drafts.places.push(outcomes.len());
                outcomes.push((number, Ok(Outcome::Stored)));
            }
            // Whatever it is, it may refer to what stands before it.
            _ => {
                drafts.store(work, &mut outcomes).await?;
                outcomes.push((number, Ok(store.line(work, line).await?)));
            }
        }
    }
    drafts.store(work, &mut outcomes).await?;
    Ok((outcomes, store.names))
}

/// Things that are stored together, and which of the outcomes are theirs.
#[derive(Default)]
struct Drafts {
    all: Vec<Draft>,
    places: Vec<usize>,
}

impl Drafts {
    async fn store(&mut self, work: &mut Work<'_>, outcomes: &mut [Told]) -> Result<()> {
        let stored = many::store_new(work, std::mem::take(&mut self.all)).await?;
        for (place, stored) in self.places.drain(..).zip(stored) {
            if let Some(told) = outcomes.get_mut(place) {
                told.1 = Ok(Outcome::from(stored));
            }
        }
        Ok(())
    }
}

async fn take_each(work: &mut Work<'_>, chunk: &Chunk, done: u64, names: Names) -> Result<Taken> {
    let mut store = Store::new(names);
    let mut outcomes = Vec::with_capacity(chunk.lines.len());
    for (number, line) in open_lines(chunk, done) {
        outcomes.push(match line {
            Ok(line) => {
                let known = &mut store;
                match work.nested(async move |work| known.line(work, line).await).await {
                    Ok(outcome) => (number, Ok(outcome)),
                    Err(error) if !is_refusal(&error) => return Err(error),
                    Err(error) => {
                        // What it looked up may have been undone with it.
                        store = Store::new(store.names);
                        refused(number, &error)
                    }
                }
            }
            Err(error) => refused(number, error),
        });
    }
    Ok((outcomes, store.names))
}

/// Whether it is about the line. Anything else — a full disk, a lost race — is no reason to pass
/// over a line for good: the import stops, or the transaction runs again.
fn is_refusal(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Internal | ErrorKind::Overloaded | ErrorKind::StorageFull | ErrorKind::TimedOut
    )
}

fn refused(number: u64, error: &Error) -> Told {
    (number, Err((error.code().to_owned(), error.message().to_owned())))
}

/// Whether an input that began exactly like this one was stored up to here.
async fn was_taken(app: &App, digest: String) -> Result<bool> {
    app.db
        .unbound()
        .read(async move |tx| {
            let there = tx
                .maybe("select 1 from imports where digest = $1", args![&digest], |_| Ok(()))
                .await?;
            Ok(there.is_some())
        })
        .await
}

/// In the transaction of the lines.
async fn keep_progress(work: &mut Work<'_>, digest: &str, lines: u64) -> Result<()> {
    let now = work.now;
    work.tx
        .run(
            "insert into imports (digest, lines, updated_at) values ($1, $2, $3) \
             on conflict (digest) do update set updated_at = excluded.updated_at",
            args![digest, lines.cast_signed(), now],
        )
        .await?;
    Ok(())
}

/// Forgets inputs that were last read before a moment: they cannot be resumed any more. How many.
pub(crate) async fn forget_inputs(tx: &mut Tx, before: Time, most: i64) -> Result<u64> {
    tx.run(
        "delete from imports where digest in \
         (select digest from imports where updated_at < $1 limit $2)",
        args![before, most],
    )
    .await
}

/// The reader's thread: cuts the input into lines and parses them while the store is writing.
fn read(mut input: impl BufRead, chunks: &SyncSender<Chunk>) -> Result<()> {
    let mut number = 0;
    let mut bytes = 0;
    let mut text = Vec::new();
    let mut digest = Sha256::new();
    loop {
        let mut lines = Vec::with_capacity(CHUNK_LINES);
        let first = number + 1;
        let start = bytes;
        let mut ended = false;
        while lines.len() < CHUNK_LINES && bytes - start < CHUNK_BYTES as u64 {
            text.clear();
            let read = std::io::Read::take(&mut input, MAX_LINE as u64 + 1)
                .read_until(b'\n', &mut text)
                .map_err(|error| unreadable(&error))?;
            if read == 0 {
                ended = true;
                break;
            }
            bytes += read as u64;
            number += 1;
            digest.update(&text);
            // What ends in a line feed is a line: behind it the next one begins.
            if read > MAX_LINE && !text.ends_with(b"\n") {
                bytes += skip_line(&mut input)?;
                lines.push(Err(Error::new(
                    ErrorKind::TooLarge,
                    "line_too_long",
                    "This line is longer than 8 MiB.",
                )));
                continue;
            }
            lines.push(parse(&text));
        }
        let name: String =
            digest.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if !lines.is_empty() && chunks.send(Chunk { first, lines, bytes, digest: name }).is_err() {
            // The store gave up and says why itself.
            return Ok(());
        }
        if ended {
            return Ok(());
        }
    }
}

fn unreadable(error: &std::io::Error) -> Error {
    let message = format!("The input cannot be read further: {error}.");
    Error::new(ErrorKind::Malformed, "input_unreadable", message)
}

fn skip_line(input: &mut impl BufRead) -> Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf().map_err(|error| unreadable(&error))?;
        let end = buffer.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let read = end.unwrap_or(buffer.len());
        input.consume(read);
        skipped += read as u64;
        if end.is_some() || read == 0 {
            return Ok(skipped);
        }
    }
}

pub(super) fn parse(text: &[u8]) -> Result<Line> {
    let refused = |error: &dyn std::fmt::Display| {
        Error::new(
            ErrorKind::Malformed,
            "malformed_line",
            format!("This line cannot be read: {error}."),
        )
    };
    let text = std::str::from_utf8(text).map_err(|error| refused(&error))?;
    if text.trim().is_empty() {
        return Err(refused(&"it is empty"));
    }
    // PostgreSQL cannot keep it in a text; the other engine does not keep it either.
    if has_nul_escape(text) {
        return Err(refused(&"it contains the character U+0000"));
    }
    serde_json::from_str(text).map_err(|error| refused(&error))
}

/// Whether `\u0000` stands in JSON text; a backslash before it may itself be escaped.
fn has_nul_escape(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at + 1..];
        if escape.starts_with("u0000") {
            return true;
        }
        // What is escaped is one character; it cannot start another escape.
        rest = escape.get(escape.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
