//! Takes the bytes of an import as they arrive.

use std::pin::pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use kernel::access;
use kernel::{App, Caller, Work};
use types::{Error, ErrorKind, ImportId, Result};

use super::columns::Columns;
use super::cut::{Batch, Cutter, Row};
use super::model::{Format, Import, State};
use super::{rules, sql, take};

/// Refused rows that are told of an import.
const TOLD: u64 = 1000;
/// How often a request says that it goes on while its last rows are taken.
const TICK: Duration = Duration::from_secs(5);

/// The bytes of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Upload {
    /// Where in the input they stand.
    pub(super) offset: u64,
    /// How many they are, if the client says so.
    pub(super) length: Option<u64>,
}

/// Takes rows until the bytes end. Each batch is durable, with how far the import has come, before
/// the next is read, and taken on behalf of the caller as they are then; `moving` is called with
/// each piece that arrives.
///
/// # Errors
/// As [`rules::get`], also for whoever lost the right meanwhile; 400 `incomplete_body` when the bytes
/// break off; 409 `import_ended` or `wrong_offset`; 422 `too_many_bytes`. What was taken stays, and
/// the import goes on there.
pub(super) async fn receive<B: AsRef<[u8]>, E>(
    app: &App,
    caller: &Caller,
    id: ImportId,
    upload: Upload,
    body: impl Stream<Item = std::result::Result<B, E>>,
    moving: fn(),
) -> Result<Import> {
    let mut import = rules::open(app, caller, id, upload.offset).await?;
    let end = upload.length.map(|length| upload.offset.saturating_add(length));
    import.total_bytes = import.total_bytes.or(end);
    if import.total_bytes.zip(end).is_some_and(|(all, end)| end > all) {
        return Err(too_many());
    }
    let whole = import.options.is_rehearsed_whole();
    let mut cutter = Cutter::new(import.options.format);
    let empty = if import.options.dry_run { Batch::of_all } else { Batch::default };
    let mut batch = empty();
    let mut arrived = upload.offset;
    let mut body = pin!(body);
    while let Some(piece) = body.next().await {
        moving();
        let Ok(piece) = piece else {
            if !whole {
                store(app, caller, &import, batch, false).await?;
            }
            return Err(Error::new(
                ErrorKind::Malformed,
                "incomplete_body",
                "The bytes broke off; ask for the import and go on at its `offsetBytes`.",
            ));
        };
        let mut rest = piece.as_ref();
        arrived += rest.len() as u64;
        if import.total_bytes.is_some_and(|all| arrived > all) {
            return Err(too_many());
        }
        while !rest.is_empty() {
            rest = cutter.cut(rest, &mut batch);
            if batch.is_full() && whole {
                return give_up(app, caller, &import).await;
            }
            if batch.is_full() {
                import = store(app, caller, &import, std::mem::replace(&mut batch, empty()), false)
                    .await?;
                moving();
            }
            if import.state != State::Open {
                return Ok(import);
            }
        }
    }
    // A row that is cut in two by the end of a part comes again with the next one.
    let last = import.total_bytes.is_none_or(|all| arrived == all);
    if last {
        cutter.finish(&mut batch);
    } else if whole {
        let message = "A dry run of a bundle comes in one request, with all its bytes.";
        return Err(Error::invalid("totalBytes", "one_request", message));
    }
    patiently(store(app, caller, &import, batch, last), moving).await
}

/// Waits for a transaction as long as it takes: its rows are bounded, and it happens anyway.
async fn patiently<T>(change: impl Future<Output = T>, moving: fn()) -> T {
    let mut change = pin!(change);
    loop {
        match tokio::time::timeout(TICK, &mut change).await {
            Ok(done) => return done,
            Err(_) => moving(),
        }
    }
}

fn too_many() -> Error {
    Error::invalid("totalBytes", "too_many_bytes", "is less than the bytes that were sent.")
}

/// Ends a dry run that cannot be one transaction.
async fn give_up(app: &App, caller: &Caller, before: &Import) -> Result<Import> {
    let (before, caller) = (before.clone(), caller.again().await?);
    app.change(&caller, async move |work| {
        let problem = "A dry run of a bundle takes up to 10000 lines and 16 MiB. Import a larger \
                       one below a group of its own, and delete that.";
        let mut after = before.clone();
        (after.state, after.problem) = (State::Failed, Some(problem.to_owned()));
        rules::move_on(work, &before, after).await
    })
    .await
}

async fn store(
    app: &App,
    caller: &Caller,
    before: &Import,
    batch: Batch,
    last: bool,
) -> Result<Import> {
    // Bytes may flow for days: whoever lost the right to import meanwhile gets no further.
    let (before, caller) = (before.clone(), caller.again().await?);
    app.change(&caller, async move |work| store_in(work, &before, &batch, last).await).await
}

async fn store_in(
    work: &mut Work<'_>,
    before: &Import,
    batch: &Batch,
    last: bool,
) -> Result<Import> {
    // Progress is bookkeeping; what the rows become has events of its own.
    work.silently();
    let place = access::standing_to_change(work.tx, work.caller, before.group_id).await?;
    rules::require(&place, &before.options)?;
    let mut after = before.clone();
    let head;
    let mut rows = batch;
    if let Some((header, others)) = head_of(before, batch) {
        match header.and_then(|header| Columns::of(&header, &before.options).map(|_| header)) {
            Ok(header) => (after.header, after.lines) = (Some(header), 1),
            Err(error) => {
                let told = error.field_errors().first().map_or(error.message(), |one| &one.message);
                (after.state, after.problem) = (State::Failed, Some(told.to_owned()));
                return rules::move_on(work, before, after).await;
            }
        }
        head = others;
        rows = &head;
    }
    let taken = if before.options.dry_run {
        take::rehearse(work, &after, rows).await?
    } else {
        take::take(work, &after, rows).await?
    };
    for refused in taken.refused.iter().take(TOLD.saturating_sub(before.failed) as usize) {
        sql::insert_error(work.tx, before.id, refused).await?;
    }
    after.lines += rows.rows.len() as u64;
    after.offset_bytes += batch.bytes;
    after.created += taken.created;
    after.updated += taken.updated;
    after.unchanged += taken.unchanged;
    after.failed += taken.refused.len() as u64;
    after.copy_id = after.copy_id.or(taken.copy).filter(|_| !before.options.dry_run);
    after.problem = after.problem.or(taken.full);
    if let Some(most) = before.options.max_errors.filter(|most| after.failed > *most) {
        let problem = match most {
            0 => "A row is wrong, and `maxErrors` allows none.".to_owned(),
            1 => "More than 1 row is wrong, and `maxErrors` allows no more.".to_owned(),
            _ => format!("More than {most} rows are wrong, and `maxErrors` allows no more."),
        };
        (after.state, after.problem) = (State::Failed, Some(problem));
    } else if last {
        after.state = State::Done;
    }
    rules::move_on(work, before, after).await
}

/// The head of a CSV and the rows behind it, when the batch begins with it.
fn head_of(before: &Import, batch: &Batch) -> Option<(Result<Vec<String>>, Batch)> {
    if before.options.format != Format::Csv || before.header.is_some() {
        return None;
    }
    let mut others = batch.clone();
    if others.rows.is_empty() {
        return None;
    }
    let header = match others.rows.remove(0) {
        Row::Record(fields) => take::texts(&fields),
        _ => Err(Error::invalid("", "too_many_columns", "The head has more than 1000 columns.")),
    };
    Some((header, others))
}
