//! Takes the bytes of an import as they arrive.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use kernel::access;
use kernel::{App, Caller, Work};
use types::{Error, ErrorKind, ImportId, Result};

use super::columns::Columns;
use super::cut::{Batch, Cutter, Row};
use super::model::{Format, Import, State};
use super::take::Taken;
use super::{rules, sql, take};

/// Refused rows that are told of an import.
const TOLD: u64 = 1000;
/// How often a request says that it goes on while rows of it are taken.
const TICK: Duration = Duration::from_secs(5);
/// Of a dry run that cannot be one transaction.
const TOO_LARGE: &str = "A dry run of a bundle takes up to 10000 lines and 16 MiB. Import a larger \
                         one below a group of its own, and delete that.";

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
/// As [`rules::get`], also for whoever lost the right meanwhile; 400 `incomplete_body` when the
/// bytes break off; 409 `import_ended` or `wrong_offset`; 422 `too_many_bytes`. What was taken
/// stays, and the import goes on there.
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
            // As much as is tried together, and more.
            if whole && batch.is_full() {
                return give_up(app, &caller.again().await?, &import, TOO_LARGE).await;
            }
            rest = cutter.cut(rest, &mut batch);
            if batch.is_full() && !whole {
                let full = std::mem::replace(&mut batch, empty());
                import = patiently(store(app, caller, &import, full, false), moving).await?;
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

/// Ends an import before its end.
async fn give_up(app: &App, caller: &Caller, before: &Import, problem: &str) -> Result<Import> {
    let (before, problem) = (before.clone(), problem.to_owned());
    app.change(caller, async move |work| {
        may_go_on(work, &before).await?;
        let mut after = before.clone();
        (after.state, after.problem) = (State::Failed, Some(problem.clone()));
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
    let caller = caller.again().await?;
    let (before, batch) = match behind_head(before.clone(), batch) {
        Ok((import, rows)) => (Arc::new(import), Arc::new(rows)),
        Err(problem) => return give_up(app, &caller, before, &problem).await,
    };
    let tried = if before.options.dry_run {
        Some(rehearse(app, &caller, &before, &batch).await?)
    } else {
        None
    };
    app.change(&caller, async move |work| {
        // Progress is bookkeeping; what the rows become has events of its own.
        work.silently();
        may_go_on(work, &before).await?;
        if let Some(tried) = &tried {
            return keep(work, &before, &batch, tried, last).await;
        }
        let taken = take::take(work, &before, &batch).await?;
        keep(work, &before, &batch, &taken, last).await
    })
    .await
}

/// Takes rows in a transaction that is taken back: of them nothing is kept, so it has no race to
/// lose to those who work there meanwhile, however long it takes.
async fn rehearse(
    app: &App,
    caller: &Caller,
    import: &Arc<Import>,
    batch: &Arc<Batch>,
) -> Result<Taken> {
    let (import, batch) = (Arc::clone(import), Arc::clone(batch));
    app.rehearse(caller, async move |work| {
        may_go_on(work, &import).await?;
        take::take(work, &import, &batch).await
    })
    .await
}

async fn may_go_on(work: &mut Work<'_>, import: &Import) -> Result<()> {
    let place = access::standing_to_change(work.tx, work.caller, import.group_id).await?;
    rules::require(&place, &import.options)
}

/// Keeps what became of rows, and with it how far the import is.
async fn keep(
    work: &mut Work<'_>,
    before: &Import,
    batch: &Batch,
    taken: &Taken,
    last: bool,
) -> Result<Import> {
    let mut after = before.clone();
    for refused in taken.refused.iter().take(TOLD.saturating_sub(before.failed) as usize) {
        sql::insert_error(work.tx, before.id, refused).await?;
    }
    after.lines += batch.rows.len() as u64;
    after.offset_bytes += batch.bytes;
    after.created += taken.created;
    after.updated += taken.updated;
    after.unchanged += taken.unchanged;
    after.failed += taken.refused.len() as u64;
    after.copy_id = after.copy_id.or(taken.copy).filter(|_| !before.options.dry_run);
    after.problem = after.problem.or_else(|| taken.full.clone());
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

/// The import and its rows behind the head of a CSV, where they begin with it; else why it is none.
fn behind_head(
    mut import: Import,
    mut batch: Batch,
) -> std::result::Result<(Import, Batch), String> {
    if import.options.format != Format::Csv || import.header.is_some() || batch.rows.is_empty() {
        return Ok((import, batch));
    }
    let header = match batch.rows.remove(0) {
        Row::Record(fields) => take::texts(&fields),
        _ => Err(Error::invalid("", "too_many_columns", "The head has more than 1000 columns.")),
    };
    match header.and_then(|header| Columns::of(&header, &import.options).map(|_| header)) {
        Ok(header) => {
            (import.header, import.lines) = (Some(header), 1);
            Ok((import, batch))
        }
        Err(error) => {
            let told = error.field_errors().first().map_or(error.message(), |one| &one.message);
            Err(told.to_owned())
        }
    }
}
