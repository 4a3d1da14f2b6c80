//! Accounts from elsewhere, a line each: what is wrong is told by its number and stops nothing,
//! and what is there already stays as it is, so that an import can be run again.

use std::collections::HashSet;
use std::io::{BufRead, Read as _};

use http::HeaderValue;
use kernel::events::NewEvent;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Error, ErrorKind, Json, Result, UserId};

use super::line::{self, Checked};
use super::make::{self, Fresh};
use super::model::{ImportSummary, ImportedLine, LineStatus};
use super::office::owner_just_now;
use super::sql;
use crate::sessions::Login;
use crate::{IdentityApp, setup};

/// Lines that share a transaction: others wait for it.
const BATCH: usize = 200;
/// A longer line is refused.
const MAX_LINE: usize = 64 * 1024;

/// How an import is to go.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options {
    /// Store nothing.
    pub(super) dry_run: bool,
    /// Lines at most.
    pub(super) max_lines: Option<u64>,
    /// Lines with a plain password at most: each takes as long as a sign-in.
    pub(super) max_passwords: Option<u64>,
}

/// Stores every line of `input` and tells what became of each, in order.
///
/// # Errors
/// 401, 403; 413 `too_many_lines`; when the input cannot be read or the store cannot be written:
/// what was stored so far stays.
pub(super) async fn import(
    house: &IdentityApp,
    caller: &Caller,
    mut input: impl BufRead + Send,
    options: Options,
    mut report: impl FnMut(ImportedLine) + Send,
) -> Result<ImportSummary> {
    owner_just_now(house, caller)?;
    let (mut summary, mut number, mut passwords) = (ImportSummary::default(), 0, 0);
    loop {
        let mut batch: Vec<(u64, Result<Fresh>)> = Vec::with_capacity(BATCH);
        let (mut over, mut too_many) = (false, false);
        while batch.len() < BATCH && !over {
            let line = next_line(&mut input)?;
            too_many = options.max_lines.is_some_and(|most| number >= most);
            match line {
                Read::End => (over, too_many) = (true, false),
                // What stands before is stored first.
                _ if too_many => over = true,
                Read::Line(bytes) => {
                    number += 1;
                    if !bytes.trim_ascii().is_empty() {
                        let read = line::check(house, &bytes);
                        batch.push((number, ready(house, read, options, &mut passwords).await?));
                    }
                }
                Read::TooLong => {
                    number += 1;
                    batch.push((number, Err(line_too_long())));
                }
            }
        }
        for told in store(house, caller, batch, options.dry_run).await? {
            summary.lines += 1;
            match told.status {
                LineStatus::Created => summary.created += 1,
                LineStatus::Exists => summary.exists += 1,
                LineStatus::Refused => summary.refused += 1,
            }
            report(told);
        }
        if too_many {
            return Err(too_many_lines(options.max_lines.unwrap_or_default()));
        }
        if over {
            return Ok(summary);
        }
    }
}

/// Whether the caller may import at all.
///
/// # Errors
/// 401, 403.
pub(super) fn may(house: &IdentityApp, caller: &Caller) -> Result<()> {
    owner_just_now(house, caller)
}

/// Whether a body says that it is lines of JSON.
///
/// # Errors
/// 415.
pub(super) fn check_type(kind: Option<&HeaderValue>) -> Result<()> {
    let kind = kind.map(HeaderValue::as_bytes).unwrap_or_default();
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let known: [&[u8]; 2] = [b"application/x-ndjson", b"application/ndjson"];
    if known.iter().any(|one| essence.eq_ignore_ascii_case(one)) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::WrongType,
        "wrong_content_type",
        "Send the lines with `Content-Type: application/x-ndjson`.",
    ))
}

enum Read {
    Line(Vec<u8>),
    TooLong,
    End,
}

/// One line, of which no more than allowed is kept.
fn next_line(input: &mut impl BufRead) -> Result<Read> {
    let mut line = Vec::new();
    let most = MAX_LINE as u64 + 1;
    if input.by_ref().take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(Read::End);
    }
    if line.len() <= MAX_LINE || line.ends_with(b"\n") {
        return Ok(Read::Line(line));
    }
    loop {
        line.clear();
        let read = input.by_ref().take(most).read_until(b'\n', &mut line)?;
        if read == 0 || line.ends_with(b"\n") {
            return Ok(Read::TooLong);
        }
    }
}

/// Hashes a plain password, one at a time: the other cores are for people who sign in. What is
/// wrong with a line is its outcome; anything else ends the import.
async fn ready(
    house: &IdentityApp,
    read: Result<Checked>,
    options: Options,
    passwords: &mut u64,
) -> Result<Result<Fresh>> {
    let Checked { mut fresh, password } = match read {
        Ok(checked) => checked,
        Err(error) => return Ok(Err(error)),
    };
    let Some(password) = password else { return Ok(Ok(fresh)) };
    *passwords += 1;
    if options.max_passwords.is_some_and(|most| *passwords > most) {
        return Ok(Err(Error::invalid(
            "/password",
            "too_many_passwords",
            "is one too many of this request; send hashes, send it in parts, or use `sixfold user \
             import`.",
        )));
    }
    if !options.dry_run {
        fresh.hash = Some(house.parts.passwords.hash(&house.random, &password).await?);
    }
    Ok(Ok(fresh))
}

/// Stores a batch in one transaction, each line in a part of its own; or tries it in one that is
/// taken back, and has no race to lose to those who sign up meanwhile.
async fn store(
    house: &IdentityApp,
    caller: &Caller,
    batch: Vec<(u64, Result<Fresh>)>,
    dry_run: bool,
) -> Result<Vec<ImportedLine>> {
    let inside = house.clone();
    if dry_run {
        let tried = house.rehearse(caller, async move |work| take(work, &inside, &batch).await);
        return tried.await;
    }
    house
        .change(caller, async move |work| {
            // A batch in which nothing is new records nothing.
            work.silently();
            take(work, &inside, &batch).await
        })
        .await
}

/// All lines in one part; should one be refused by the store, again with each in a part of its
/// own, so that it undoes only itself. Parts cost, and most inputs are sound.
async fn take(
    work: &mut Work<'_>,
    house: &IdentityApp,
    batch: &[(u64, Result<Fresh>)],
) -> Result<Vec<ImportedLine>> {
    let told = match work.nested(async |work| take_all(work, house, batch).await).await {
        Err(error) if error.kind() == ErrorKind::Conflict => take_each(work, house, batch).await?,
        told => told?,
    };
    let created = told.iter().filter(|one| one.status == LineStatus::Created).count();
    if created > 0
        && let Some(platform) = setup::platform_group(work.tx).await?
    {
        let (me, metadata) = (work.me(), Json::of(&json!({ "count": created }))?);
        let event = NewEvent::new(platform, "users_imported", None, &metadata);
        work.record(event.about("private", me).by(me)).await?;
    }
    Ok(told)
}

async fn take_all(
    work: &mut Work<'_>,
    house: &IdentityApp,
    batch: &[(u64, Result<Fresh>)],
) -> Result<Vec<ImportedLine>> {
    let sound = || batch.iter().filter_map(|(_, line)| line.as_ref().ok());
    let (emails, ids) = (sound().map(|new| &*new.email), sound().filter_map(|new| new.id));
    let taken = sql::taken(work.tx, emails, ids).await?;
    let (mut ids, mut emails): (HashSet<UserId>, HashSet<String>) = taken.into_iter().unzip();
    let mut told = Vec::with_capacity(batch.len());
    for (number, line) in batch {
        told.push(match line {
            Err(error) => refused(*number, error),
            Ok(new) if emails.contains(&new.email) => outcome(*number, LineStatus::Exists, None),
            Ok(new) if new.id.is_some_and(|id| ids.contains(&id)) => {
                refused(*number, &make::id_taken())
            }
            Ok(new) => {
                let login = make::insert(work, house, new).await?;
                emails.insert(new.email.clone());
                ids.extend(new.id);
                stored(work, *number, login).await?
            }
        });
    }
    Ok(told)
}

async fn take_each(
    work: &mut Work<'_>,
    house: &IdentityApp,
    batch: &[(u64, Result<Fresh>)],
) -> Result<Vec<ImportedLine>> {
    let mut told = Vec::with_capacity(batch.len());
    for (number, line) in batch {
        told.push(match line {
            Err(error) => refused(*number, error),
            Ok(new) => {
                let one = work.nested(async |work| {
                    let login = make::make(work, house, new).await?;
                    stored(work, *number, login).await
                });
                match one.await {
                    Err(error) if error.kind() == ErrorKind::Conflict => refused(*number, &error),
                    // A full disk or a lost race is no reason to pass over a line for good.
                    outcome => outcome?,
                }
            }
        });
    }
    Ok(told)
}

/// Tells the new account's log, if there is one.
async fn stored(work: &mut Work<'_>, number: u64, made: Option<Login>) -> Result<ImportedLine> {
    let Some(login) = made else { return Ok(outcome(number, LineStatus::Exists, None)) };
    let (me, metadata) = (work.me(), Json::of(&json!({ "userId": login.user }))?);
    let event = NewEvent::new(login.home, "user_imported", Some(login.person.into()), &metadata);
    work.record(event.about("private", Some(login.person)).by(me)).await?;
    Ok(outcome(number, LineStatus::Created, Some(login.user)))
}

fn outcome(line: u64, status: LineStatus, id: Option<UserId>) -> ImportedLine {
    ImportedLine { line, status, id, code: None, message: None }
}

fn refused(line: u64, error: &Error) -> ImportedLine {
    ImportedLine {
        code: Some(error.code().to_owned()),
        message: Some(error.message().to_owned()),
        ..outcome(line, LineStatus::Refused, None)
    }
}

fn line_too_long() -> Error {
    let message = format!("A line has at most {MAX_LINE} bytes.");
    Error::new(ErrorKind::TooLarge, "line_too_long", message)
}

fn too_many_lines(most: u64) -> Error {
    let message = format!(
        "A request has at most {most} lines; what stands before is stored. Send the rest in \
         further requests."
    );
    Error::new(ErrorKind::TooLarge, "too_many_lines", message)
}
