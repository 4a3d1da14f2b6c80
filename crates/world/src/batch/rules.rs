//! Carrying out a batch.

use std::collections::HashSet;
use std::sync::Arc;

use kernel::{App, Caller, Work, access};
use types::{Error, Json, Result};

use super::model::{Batch, BatchAnswer, Step, StepAnswer};
use super::operation::{Change, Done, Object, Operation, is_own};
use super::read::Target;
use super::reference::{Answers, is_name};
use crate::things::many::{self, Common, Draft};

/// Operations of a batch.
pub const MOST: usize = 1000;
/// The code of what takes things back that were stored together, when the store refuses one of
/// them: everything is done again one by one, to tell which it was. Nobody is shown it.
const IN_DOUBT: &str = "in_doubt";

/// Carries out all operations, or none.
///
/// # Errors
/// The one of the first operation that fails, with its index; 422 for what is no operation.
pub async fn carry_out(app: &App, caller: &Caller, batch: Batch) -> Result<BatchAnswer> {
    access::require_known(caller)?;
    check(&batch.operations)?;
    let batch = Arc::new(batch);
    match attempt(app, caller, &batch, MOST).await {
        Err(error) if error.code() == IN_DOUBT => attempt(app, caller, &batch, 1).await,
        answer => answer,
    }
}

/// Everything in one transaction, with new things stored so many together at most.
async fn attempt(
    app: &App,
    caller: &Caller,
    batch: &Arc<Batch>,
    together: usize,
) -> Result<BatchAnswer> {
    let batch = Arc::clone(batch);
    if batch.dry_run {
        // Nothing of it is kept, so it has no race to lose to those who work there meanwhile.
        app.rehearse(caller, async move |work| all(work, &batch, together).await).await
    } else {
        app.change(caller, async move |work| all(work, &batch, together).await).await
    }
}

async fn all(work: &mut Work<'_>, batch: &Batch, together: usize) -> Result<BatchAnswer> {
    let results = Run::of(together).all(work, &batch.operations).await?;
    Ok(BatchAnswer { results, dry_run: batch.dry_run })
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

/// Says which operation failed, unless that is known: drafts fail later than their turn.
fn in_step(error: Error, index: usize) -> Error {
    if error.operation().is_some() {
        return error;
    }
    error.in_operation(index, &format!("/operations/{index}"))
}

/// A batch that is being carried out.
struct Run<'a> {
    /// New things that are stored together at most.
    together: usize,
    /// The caller as they are by now, once that is another than they were.
    caller: Option<Caller>,
    answers: Answers<'a>,
    common: Common,
    /// New things that nothing speaks against, with their places: they are answered already, and
    /// stored together before anything else looks.
    drafts: Vec<(usize, Draft)>,
}

impl<'a> Run<'a> {
    fn of(together: usize) -> Self {
        Self {
            together,
            caller: None,
            answers: Answers::default(),
            common: Common::default(),
            drafts: Vec::new(),
        }
    }

    async fn all(&mut self, work: &mut Work<'_>, steps: &'a [Step]) -> Result<Vec<StepAnswer>> {
        let mut results = Vec::with_capacity(steps.len());
        for (index, step) in steps.iter().enumerate() {
            let done = self.step(work, index, step).await;
            let answer = done.map_err(|error| in_step(error, index))?;
            if let Some(name) = &step.id {
                self.answers.note(name, &answer)?;
            }
            results.push(answer);
        }
        self.flush(work).await?;
        Ok(results)
    }

    async fn step(&mut self, work: &mut Work<'_>, index: usize, step: &Step) -> Result<StepAnswer> {
        let operation = match operation(step, &self.answers) {
            Ok(operation) => operation,
            Err(error) => return self.after_drafts(work, error).await,
        };
        if let Operation::CreateThing(new) = &operation {
            // What it belongs to is looked for in the store.
            if self.drafts.iter().any(|one| one.1.is(new.parent_id)) {
                self.flush(work).await?;
            }
            let caller = self.caller.clone().unwrap_or_else(|| work.caller.clone());
            let draft = work.acting(&caller, async |work| self.common.draft(work, new).await).await;
            let draft = match draft.map_err(in_body) {
                Ok(draft) => draft,
                Err(error) => return self.after_drafts(work, error).await,
            };
            let made = StepAnswer {
                operation: step.id.clone(),
                status: Change::Created.status(),
                id: draft.thing().id.into(),
                version: Some(draft.thing().version),
                body: Some(Json::of(draft.thing())?),
            };
            self.drafts.push((index, draft));
            if self.drafts.len() >= self.together {
                self.flush(work).await?;
            }
            return Ok(made);
        }
        self.flush(work).await?;
        answer(step, self.alone(work, &operation).await?)
    }

    /// Carries out one operation, and looks whether the caller may do more afterwards.
    async fn alone(&mut self, work: &mut Work<'_>, operation: &Operation) -> Result<Done> {
        let caller = self.caller.clone().unwrap_or_else(|| work.caller.clone());
        let done = work.acting(&caller, async |work| operation.perform(work).await).await;
        let done = done.map_err(in_body)?;
        if operation.is_about_groups() {
            self.common = Common::default();
        }
        if operation.may_admit() {
            self.caller = Some(caller.renewed(work.tx).await?);
        }
        Ok(done)
    }

    /// An operation failed, unless one before it does.
    async fn after_drafts<T>(&mut self, work: &mut Work<'_>, error: Error) -> Result<T> {
        self.flush(work).await?;
        Err(error)
    }

    /// Stores the drafts.
    ///
    /// # Errors
    /// The one of a draft that fails, with its index; of several, [`IN_DOUBT`].
    async fn flush(&mut self, work: &mut Work<'_>) -> Result<()> {
        let (places, drafts): (Vec<usize>, Vec<Draft>) = self.drafts.drain(..).unzip();
        let Some(first) = places.first() else { return Ok(()) };
        let caller = self.caller.clone().unwrap_or_else(|| work.caller.clone());
        let stored = work.acting(&caller, async |work| many::store(work, &drafts).await).await;
        stored.map_err(|error| match drafts.len() {
            1 => in_step(in_body(error), *first),
            _ if is_own(&error) => Error::conflict(IN_DOUBT, "Which of them it was, is not known."),
            _ => error,
        })
    }
}

/// What an operation means, with its references replaced.
fn operation(step: &Step, answers: &Answers<'_>) -> Result<Operation> {
    let path = answers.path(&step.path)?;
    let body = step.body.as_ref().map(|body| answers.body(body.get())).transpose()?;
    Target::of(step.method, &path)?.operation(step, body.as_deref())
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
