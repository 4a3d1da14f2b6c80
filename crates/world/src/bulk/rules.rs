//! Carrying out a bulk request.

use std::sync::Arc;

use kernel::{App, Caller, Work, access};
use serde_json::value::RawValue;
use types::{Error, JsonMap, Result, ThingId};
use web::{IfMatch, Problem};

use super::model::{Bulk, BulkAnswer, BulkChange, BulkDelete, ItemAnswer, Mode};
use crate::batch::operation::{Change, Done, Object, Operation, is_own};
use crate::things::many::{self, Common, Draft};

/// Items of a request.
pub const MOST: usize = 1000;

/// Of what there are many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Things.
    Things,
    /// Connections.
    Connections,
    /// People.
    People,
    /// Knowledge.
    Knowledge,
    /// Events.
    Events,
    /// Groups.
    Groups,
}

/// An item, or why it cannot be read.
type Read = std::result::Result<Operation, Box<Problem>>;

/// Makes objects, each by itself.
///
/// # Errors
/// 401; 422 for too many or none, and for an upsert of what nothing tells apart. What is wrong
/// with an item is in its result.
pub async fn create(app: &App, caller: &Caller, of: Of, bulk: Bulk) -> Result<BulkAnswer> {
    access::require_known(caller)?;
    check_count(bulk.items.len(), "/items")?;
    let key = natural_key(of, &bulk)?;
    let upsert = bulk.mode == Mode::Upsert;
    let read = |item: &RawValue| read(of, item.get(), upsert, key);
    carry_out(app, caller, bulk.items.iter().map(|item| read(item))).await
}

/// Changes things, each by itself.
///
/// # Errors
/// As [`create`].
pub async fn update(app: &App, caller: &Caller, bulk: BulkChange) -> Result<BulkAnswer> {
    access::require_known(caller)?;
    check_count(bulk.items.len(), "/items")?;
    carry_out(app, caller, bulk.items.iter().map(|item| read_change(item.get()))).await
}

/// Archives things or removes them for good, each by itself.
///
/// # Errors
/// As [`create`].
pub async fn delete(app: &App, caller: &Caller, bulk: BulkDelete) -> Result<BulkAnswer> {
    access::require_known(caller)?;
    check_count(bulk.ids.len(), "/ids")?;
    let read = |text: &String| {
        let (id, seen, permanent) = (read_id(text)?, IfMatch(None), bulk.permanent);
        Ok(Operation::DeleteThing { id, seen, permanent })
    };
    carry_out(app, caller, bulk.ids.iter().map(read)).await
}

fn check_count(count: usize, pointer: &str) -> Result<()> {
    if (1..=MOST).contains(&count) {
        return Ok(());
    }
    Err(Error::invalid(pointer, "wrong_count", "must have 1 to 1000 entries."))
}

/// What tells things apart; everything else has a natural key of its own, or none.
fn natural_key(of: Of, bulk: &Bulk) -> Result<&str> {
    match (bulk.mode, of, &bulk.key) {
        (Mode::Upsert, Of::Events, _) => {
            let message = "what has happened is not changed: events are made only.";
            Err(Error::invalid("/mode", "not_allowed", message))
        }
        (Mode::Upsert, Of::Things, Some(key)) => Ok(key),
        (Mode::Upsert, Of::Things, None) => {
            let message = "must name the unique property that things are told apart by.";
            Err(Error::invalid("/key", "missing_field", message))
        }
        (_, _, None) => Ok(""),
        (_, _, Some(_)) => {
            Err(Error::invalid("/key", "not_allowed", "goes with an upsert of things only."))
        }
    }
}

fn read(of: Of, item: &str, upsert: bool, key: &str) -> Result<Operation> {
    let item = item.as_bytes();
    Ok(match (of, upsert) {
        (Of::Things, false) => Operation::CreateThing(web::parse(item)?),
        (Of::Things, true) => Operation::UpsertThing(web::parse(item)?, key.to_owned()),
        // One of each type between two ends, and one label of each text: making is upserting.
        (Of::Connections, _) => Operation::CreateConnection(web::parse(item)?),
        (Of::Knowledge, _) => Operation::CreateKnowledge(web::parse(item)?),
        (Of::Events, _) => Operation::CreateEvent(web::parse(item)?),
        (Of::Groups, false) => Operation::CreateGroup(web::parse(item)?),
        (Of::Groups, true) => Operation::UpsertGroup(web::parse(item)?),
        (Of::People, false) => Operation::AddPerson(web::parse(item)?),
        (Of::People, true) => Operation::UpsertPerson(web::parse(item)?),
    })
}

/// A change with the thing's id, and perhaps the version it was made from, beside its fields.
fn read_change(item: &str) -> Result<Operation> {
    let wrong = |pointer: &str, code: &'static str, message: &str| {
        Error::invalid(pointer, code, message.to_owned())
    };
    let mut map: JsonMap = serde_json::from_str(item)
        .map_err(|_| wrong("", "wrong_type", "must be an object with the documented fields."))?;
    let id = map.remove("id").ok_or_else(|| wrong("/id", "missing_field", "is needed."))?;
    let id = id.as_str().ok_or_else(|| wrong("/id", "wrong_type", "must be a text."))?;
    let id = read_id(id)?;
    let seen = match map.remove("ifMatch") {
        None => None,
        Some(version) => Some(version.as_u64().ok_or_else(|| {
            wrong("/ifMatch", "wrong_type", "must be a version, as it was answered.")
        })?),
    };
    let change = web::parse(&serde_json::to_vec(&map)?)?;
    Ok(Operation::UpdateThing(id, IfMatch(seen), change))
}

fn read_id(text: &str) -> Result<ThingId> {
    text.parse().map_err(|error| Error::invalid("/id", "invalid_id", format!("{error}.")))
}

async fn carry_out(
    app: &App,
    caller: &Caller,
    items: impl Iterator<Item = Result<Operation>>,
) -> Result<BulkAnswer> {
    let told = |error: Error| Box::new(Problem::of(&error, caller.request_id()));
    let items: Arc<[Read]> = items.map(|item| item.map_err(told)).collect();
    app.change(caller, async move |work| {
        let mut bulk = Carried::of(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Ok(Operation::CreateThing(new)) => {
                    let draft = bulk.common.draft(work, new).await;
                    match draft {
                        Ok(draft) => bulk.drafts.push((index, draft)),
                        Err(error) => bulk.failed(work, index, error)?,
                    }
                }
                Ok(operation) => {
                    bulk.flush(work, &items).await?;
                    bulk.alone(work, index, operation).await?;
                }
                Err(problem) => bulk.results[index] = Some(failure((**problem).clone())),
            }
        }
        bulk.flush(work, &items).await?;
        bulk.answer()
    })
    .await
}

/// A bulk request that is being carried out.
struct Carried {
    common: Common,
    /// New things that nothing speaks against, with their places among the items.
    drafts: Vec<(usize, Draft)>,
    results: Vec<Option<ItemAnswer>>,
}

impl Carried {
    fn of(items: usize) -> Self {
        Self { common: Common::default(), drafts: Vec::new(), results: vec![None; items] }
    }

    /// Stores the drafts together. When the store finds fault with one of them, they go one by
    /// one, so that the others are not held to account.
    async fn flush(&mut self, work: &mut Work<'_>, items: &[Read]) -> Result<()> {
        if self.drafts.is_empty() {
            return Ok(());
        }
        let (places, drafts): (Vec<usize>, Vec<Draft>) = self.drafts.drain(..).unzip();
        match work.nested(async |part| many::store(part, &drafts).await).await {
            Ok(()) => {
                for (index, draft) in places.into_iter().zip(drafts) {
                    let thing = Object::Thing(draft.into_thing().into());
                    self.results[index] = Some(success(Done::new(Change::Created, thing)));
                }
                Ok(())
            }
            Err(error) if is_own(&error) => {
                for index in places {
                    if let Some(Ok(operation)) = items.get(index) {
                        self.alone(work, index, operation).await?;
                    }
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn alone(
        &mut self,
        work: &mut Work<'_>,
        index: usize,
        operation: &Operation,
    ) -> Result<()> {
        match work.nested(async |part| operation.perform(part).await).await {
            Ok(done) => self.results[index] = Some(success(done)),
            Err(error) => self.failed(work, index, error)?,
        }
        Ok(())
    }

    /// What is the item's own fault is told in its place; anything else ends the whole.
    fn failed(&mut self, work: &Work<'_>, index: usize, error: Error) -> Result<()> {
        if !is_own(&error) {
            return Err(error);
        }
        self.results[index] = Some(failure(Problem::of(&error, work.caller.request_id())));
        Ok(())
    }

    fn answer(self) -> Result<BulkAnswer> {
        let missing = || Error::internal("an item has no result");
        let results = self.results.into_iter().map(|one| one.ok_or_else(missing));
        let mut answer =
            BulkAnswer { results: results.collect::<Result<_>>()?, ..Default::default() };
        for one in &answer.results {
            let count = match one.change {
                Some(Change::Created) => &mut answer.created,
                Some(Change::Updated) => &mut answer.updated,
                Some(Change::Unchanged) => &mut answer.unchanged,
                Some(Change::Deleted) => &mut answer.deleted,
                None => &mut answer.failed,
            };
            *count += 1;
        }
        Ok(answer)
    }
}

fn success(Done { change, object }: Done) -> ItemAnswer {
    ItemAnswer {
        status: change.status(),
        change: Some(change),
        id: Some(object.id()),
        version: object.version(),
        problem: None,
    }
}

fn failure(problem: Problem) -> ItemAnswer {
    let status = problem.status;
    ItemAnswer { status, change: None, id: None, version: None, problem: Some(problem) }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
