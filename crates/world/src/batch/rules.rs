//! Carrying out a batch.

use std::collections::HashSet;
use std::sync::Arc;

use kernel::{App, Caller, Work, access};
use types::{Error, Json, Result};

use super::model::{Batch, BatchAnswer, Step, StepAnswer};
use super::operation::{Done, Object};
use super::read::Target;
use super::reference::{Answers, is_name};

/// Operations of a batch.
pub const MOST: usize = 1000;
/// The code of what takes a dry run back; nobody is shown it.
const DRY_RUN: &str = "dry_run";

/// Carries out all operations, or none.
///
/// # Errors
/// The one of the first operation that fails, with its index; 422 for what is no operation.
pub async fn carry_out(app: &App, caller: &Caller, batch: Batch) -> Result<BatchAnswer> {
    access::require_known(caller)?;
    check(&batch.operations)?;
    let batch = Arc::new(batch);
    app.change(caller, async move |work| {
        let results = if batch.dry_run {
            rehearse(work, &batch.operations).await?
        } else {
            carry_out_in(work, &batch.operations).await?
        };
        Ok(BatchAnswer { results, dry_run: batch.dry_run })
    })
    .await
}

/// Everything about a batch that needs no look into the store.
fn check(steps: &[Step]) -> Result<()> {
    if !(1..=MOST).contains(&steps.len()) {
        let message = "must have 1 to 1000 entries.";
        return Err(Error::invalid("/operations", "wrong_count", message));
    }
    let mut names = HashSet::new();
    for (index, step) in steps.iter().enumerate() {
        let place = format!("/operations/{index}");
        if let Some(name) = &step.id {
            let (good, code, message) = if is_name(name) {
                (names.insert(name), "duplicate", "is the name of an earlier operation.")
            } else {
                (false, "invalid_name", "must be a letter, then letters, digits, `_` or `-`.")
            };
            if !good {
                let error = Error::invalid("/id", code, message);
                return Err(error.in_operation(index, &place));
            }
        }
        Target::of(step.method, &step.path).map_err(|error| error.in_operation(index, &place))?;
    }
    Ok(())
}

/// Does everything in a part of the change that is then taken back.
async fn rehearse(work: &mut Work<'_>, steps: &[Step]) -> Result<Vec<StepAnswer>> {
    let mut results = Vec::new();
    let outcome: Result<()> = work
        .nested(async |part| {
            results = carry_out_in(part, steps).await?;
            Err(Error::conflict(DRY_RUN, "This was a dry run."))
        })
        .await;
    match outcome {
        Err(error) if error.code() == DRY_RUN => Ok(results),
        other => other.map(|()| results),
    }
}

async fn carry_out_in(work: &mut Work<'_>, steps: &[Step]) -> Result<Vec<StepAnswer>> {
    let mut answers = Answers::default();
    let mut results = Vec::with_capacity(steps.len());
    let mut caller = work.caller.clone();
    for (index, step) in steps.iter().enumerate() {
        let place = format!("/operations/{index}");
        let done = work
            .acting(&caller, async |work| {
                let (answer, may_admit) = one(work, step, &answers).await?;
                let renewed =
                    if may_admit { Some(work.caller.renewed(work.tx).await?) } else { None };
                Ok((answer, renewed))
            })
            .await;
        let (answer, renewed) = done.map_err(|error| error.in_operation(index, &place))?;
        if let Some(renewed) = renewed {
            caller = renewed;
        }
        if let Some(name) = &step.id {
            answers.note(name, &answer)?;
        }
        results.push(answer);
    }
    Ok(results)
}

/// Carries out one operation; also tells whether the caller may do more afterwards.
async fn one(
    work: &mut Work<'_>,
    step: &Step,
    answers: &Answers<'_>,
) -> Result<(StepAnswer, bool)> {
    let path = answers.path(&step.path)?;
    let body = step.body.as_ref().map(|body| answers.body(body.get())).transpose()?;
    let target = Target::of(step.method, &path)?;
    let operation = target.operation(step, body.as_deref())?;
    let done = operation.perform(work).await.map_err(in_body)?;
    Ok((answer(step, done)?, operation.may_admit()))
}

/// What rules find wrong is in the body.
fn in_body(error: Error) -> Error {
    error.below("/body")
}

fn answer(step: &Step, Done { change, object }: Done) -> Result<StepAnswer> {
    Ok(StepAnswer {
        operation: step.id.clone(),
        status: change.status(),
        id: object.id(),
        version: object.version(),
        body: if matches!(object, Object::Gone(_)) { None } else { Some(Json::of(&object)?) },
    })
}
