//! What becomes of a row: what the same request would do, on behalf of the same caller.

use std::collections::{BTreeMap, HashMap};

use kernel::Work;
use serde_json::Value;
use types::{Error, ErrorKind, GroupId, Json, JsonMap, Result, ThingId};
use web::IfMatch;

use super::bundle;
use super::columns::Columns;
use super::cut::{Batch, Row};
use super::model::{Format, Import, ImportDimension, ImportError, Key};
use super::rules;
use crate::batch::operation::{Change, Operation};
use crate::connections::model::NewConnection;
use crate::events::model::NewCustomEvent;
use crate::knowledge::model::NewKnowledge;
use crate::people::model::NewPerson;
use crate::things::model::{NewThing, Status, ThingChange};
use crate::{connections, events, knowledge, ontology, people, things};

/// What an export tells of a row that an import leaves to the store.
const fn past(dimension: ImportDimension) -> &'static [&'static str] {
    match dimension {
        ImportDimension::People => {
            &["id", "groupId", "userId", "status", "version", "createdAt", "updatedAt"]
        }
        ImportDimension::Events => {
            &["id", "seq", "groupId", "actorId", "impersonatorId", "requestId"]
        }
        ImportDimension::Things | ImportDimension::Connections | ImportDimension::Knowledge => &[
            "id",
            "groupId",
            "ownerId",
            "tier",
            "version",
            "createdAt",
            "updatedAt",
            "deletedAt",
            "contentHash",
            "deprecated",
        ],
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    Created,
    Updated,
    Unchanged,
    /// A blank line, or the last one of an export.
    Nothing,
}

impl Outcome {
    const fn changed(changed: bool) -> Self {
        if changed { Self::Updated } else { Self::Unchanged }
    }
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) unchanged: u64,
    pub(super) refused: Vec<ImportError>,
    /// The group that a bundle became.
    pub(super) copy: Option<GroupId>,
    /// Of the refused ones, why the first for which a quota had no room was.
    pub(super) full: Option<String>,
}

impl Taken {
    pub(super) fn note(&mut self, line: u64, outcome: Result<Outcome>) -> Result<()> {
        match outcome {
            Ok(Outcome::Created) => self.created += 1,
            Ok(Outcome::Updated) => self.updated += 1,
            Ok(Outcome::Unchanged) => self.unchanged += 1,
            Ok(Outcome::Nothing) => {}
            Err(error) => {
                if error.kind() == ErrorKind::QuotaSpent {
                    self.full.get_or_insert_with(|| error.message().to_owned());
                }
                self.refused.push(ImportError { line, errors: told(&error)? });
            }
        }
        Ok(())
    }
}

/// All rows in one part; should one be refused by the store, again with each in a part of its own,
/// so that it undoes only itself. Parts cost, and most inputs are sound.
///
/// # Errors
/// When something is wrong that is not about a row.
pub(super) async fn take(work: &mut Work<'_>, import: &Import, batch: &Batch) -> Result<Taken> {
    match work.nested(async move |work| rows(work, import, batch, false).await).await {
        Err(error) if rules::is_about_row(&error) => rows(work, import, batch, true).await,
        taken => taken,
    }
}

async fn rows(work: &mut Work<'_>, import: &Import, batch: &Batch, apart: bool) -> Result<Taken> {
    if import.options.format == Format::Bundle {
        return bundle::rows(work, import, batch, apart).await;
    }
    let mut taken = Taken::default();
    let mut reader = Reader::of(import)?;
    for (line, row) in (import.lines + 1..).zip(&batch.rows) {
        let outcome = match reader.object(work, row).await {
            Ok(None) => Ok(Outcome::Nothing),
            Ok(Some(object)) if apart => {
                work.nested(async move |work| one(work, import, object).await).await
            }
            Ok(Some(object)) => Ok(one(work, import, object).await?),
            Err(error) => Err(error),
        };
        match outcome {
            Err(error) if !rules::is_about_row(&error) => return Err(error),
            outcome => taken.note(line, outcome)?,
        }
    }
    Ok(taken)
}

/// Reads rows as objects, and remembers the types it looked up.
struct Reader<'i> {
    import: &'i Import,
    columns: Option<Columns>,
    declared: HashMap<String, BTreeMap<String, Value>>,
}

impl<'i> Reader<'i> {
    fn of(import: &'i Import) -> Result<Self> {
        let header = import.header.as_deref();
        let columns = header.map(|head| Columns::of(head, &import.options)).transpose()?;
        Ok(Self { import, columns, declared: HashMap::new() })
    }

    async fn object(&mut self, work: &mut Work<'_>, row: &Row) -> Result<Option<JsonMap>> {
        match row {
            Row::TooLong => Err(too_long()),
            Row::Line(line) => {
                let text = std::str::from_utf8(line).map_err(|_| not_text())?.trim();
                if text.is_empty() || text.starts_with(r#"{"kind":"end""#) {
                    return Ok(None);
                }
                serde_json::from_str(text).map(Some).map_err(|error| {
                    let message = format!("is not a JSON object: {error}.");
                    Error::new(ErrorKind::Malformed, "malformed_line", message)
                })
            }
            Row::Record(fields) => {
                let record = texts(fields)?;
                let kind = self.columns.as_ref().and_then(|all| all.cell("type", &record));
                let kind = kind.or(self.import.options.kind.as_deref()).map(str::to_owned);
                self.learn(work, kind.as_deref()).await;
                let none = BTreeMap::new();
                let declared = kind.and_then(|kind| self.declared.get(&kind)).unwrap_or(&none);
                let Some(columns) = &self.columns else { return Ok(None) };
                columns.object(&record, declared).map(Some)
            }
        }
    }

    /// A type nobody knows declares nothing; the row is refused for it later.
    async fn learn(&mut self, work: &mut Work<'_>, kind: Option<&str>) {
        let Some(kind) = kind.filter(|kind| !self.declared.contains_key(*kind)) else { return };
        let known = ontology::rules::thing_type(work.tx, self.import.group_id, kind).await;
        let declared = known.map(|known| known.properties.clone()).unwrap_or_default();
        self.declared.insert(kind.to_owned(), declared);
    }
}

/// The cells of a record.
///
/// # Errors
/// 400 for what is not UTF-8.
pub(super) fn texts(fields: &[Vec<u8>]) -> Result<Vec<String>> {
    fields.iter().map(|field| String::from_utf8(field.clone()).map_err(|_| not_text())).collect()
}

pub(super) fn too_long() -> Error {
    Error::new(ErrorKind::TooLarge, "line_too_long", "is longer than a row may be.")
}

pub(super) fn not_text() -> Error {
    Error::new(ErrorKind::Malformed, "invalid_utf8", "is not UTF-8 text.")
}

async fn one(work: &mut Work<'_>, import: &Import, mut row: JsonMap) -> Result<Outcome> {
    let Some(dimension) = import.options.dimension else {
        return Err(Error::internal("an import of rows says not which"));
    };
    let id = row.get("id").and_then(Value::as_str).map(str::to_owned);
    row.retain(|name, value| !past(dimension).contains(&name.as_str()) && !value.is_null());
    let kind = if dimension == ImportDimension::People { "role" } else { "type" };
    if let Some(given) = import.options.kind.as_deref().filter(|_| !row.contains_key(kind)) {
        row.insert(kind.to_owned(), given.into());
    }
    if !matches!(dimension, ImportDimension::Connections) {
        row.insert("groupId".to_owned(), import.group_id.to_string().into());
    }
    match dimension {
        ImportDimension::Things => match &import.options.key {
            Some(Key::Property(key)) => upsert(work, &row, key).await,
            Some(Key::Id) => match there(work, import, id.as_deref()).await? {
                Some(there) => change(work, there, row).await,
                None => make(work, import, &row).await,
            },
            None => make(work, import, &row).await,
        },
        ImportDimension::Connections => {
            let new: NewConnection = read(&row)?;
            let (stored, made) = connections::rules::insert_in(work, &new).await?;
            if stored.group_id != import.group_id {
                let message = "must be of the group of this import, as must `toId`.";
                return Err(Error::invalid("/fromId", "foreign_end", message));
            }
            let changed = stored.updated_at == work.now;
            Ok(if made { Outcome::Created } else { Outcome::changed(changed) })
        }
        ImportDimension::People => {
            let new: NewPerson = read(&row)?;
            people::rules::add_in(work, &new).await.map_err(of_row)?;
            Ok(Outcome::Created)
        }
        ImportDimension::Events => {
            let new: NewCustomEvent = read(&row)?;
            events::rules::create_in(work, &new).await?;
            Ok(Outcome::Created)
        }
        ImportDimension::Knowledge => {
            let new: NewKnowledge = read(&row)?;
            let (_, made) = knowledge::rules::insert_in(work, &new).await?;
            Ok(if made { Outcome::Created } else { Outcome::Unchanged })
        }
    }
}

/// The thing with this id, if the group has it and the caller sees it.
async fn there(
    work: &mut Work<'_>,
    import: &Import,
    id: Option<&str>,
) -> Result<Option<things::model::Thing>> {
    let Some(id) = id else { return Ok(None) };
    let wrong = |error: types::IdError| Error::invalid("/id", "invalid_id", format!("{error}."));
    let id: ThingId = id.parse().map_err(wrong)?;
    match things::rules::visible(work.tx, work.caller, id).await {
        Ok((thing, _)) => Ok(Some(thing).filter(|thing| thing.group_id == import.group_id)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn change(
    work: &mut Work<'_>,
    before: things::model::Thing,
    mut row: JsonMap,
) -> Result<Outcome> {
    row.remove("groupId");
    if row.remove("type").is_some_and(|kind| kind != before.kind.as_str()) {
        return Err(Error::invalid("/type", "read_only", "cannot be changed."));
    }
    let change: ThingChange = read(&row)?;
    let after = things::rules::update_in(work, before.id, IfMatch(None), &change).await?;
    Ok(Outcome::changed(after.version != before.version))
}

async fn make(work: &mut Work<'_>, import: &Import, row: &JsonMap) -> Result<Outcome> {
    let (new, later) = new_thing(row)?;
    things::rules::check_new(&new)?;
    let made = things::rules::create_in(work, import.group_id, &new).await?;
    become_later(work, made.id, later).await?;
    Ok(Outcome::Created)
}

/// The thing that has the same value of a unique property is changed, as in a bulk request.
async fn upsert(work: &mut Work<'_>, row: &JsonMap, key: &str) -> Result<Outcome> {
    let (new, later) = new_thing(row)?;
    let done = Operation::UpsertThing(new, key.to_owned()).perform(work).await?;
    let mut change = done.change;
    let id = ThingId(done.object.id().uuid);
    if become_later(work, id, later).await? && change == Change::Unchanged {
        change = Change::Updated;
    }
    Ok(match change {
        Change::Created => Outcome::Created,
        change => Outcome::changed(change != Change::Unchanged),
    })
}

/// What a row describes, and what it is to become at once because nothing new can be it.
fn new_thing(row: &JsonMap) -> Result<(NewThing, Option<Status>)> {
    let mut new: NewThing = read(row)?;
    let later = new.status.take_if(|status| matches!(status, Status::Published | Status::Inactive));
    Ok((new, later))
}

async fn become_later(work: &mut Work<'_>, id: ThingId, later: Option<Status>) -> Result<bool> {
    if later.is_none() {
        return Ok(false);
    }
    let before = work.recorded();
    let change = ThingChange { status: later, ..ThingChange::default() };
    things::rules::update_in(work, id, IfMatch(None), &change).await?;
    Ok(work.recorded() > before)
}

/// A role or a permission above the caller's own is wrong with the row that gives it: the right to
/// add people was looked at before.
fn of_row(error: Error) -> Error {
    match error.code() {
        code @ ("role_above_own" | "permissions_above_own") => {
            let pointer = if code == "role_above_own" { "/role" } else { "/permissions" };
            Error::invalid(pointer, code.to_owned(), error.message().to_owned())
        }
        _ => error,
    }
}

/// The same reading, and the same refusals, as of a request's body.
fn read<T: serde::de::DeserializeOwned>(row: &JsonMap) -> Result<T> {
    web::parse(&serde_json::to_vec(row)?)
}

/// Pointer, code and message of everything that is wrong with a row.
pub(super) fn told(error: &Error) -> Result<Json> {
    let about = |pointer: &str, code: &str, message: &str| serde_json::json!({ "pointer": pointer, "code": code, "message": message });
    let fields = error.field_errors();
    let mut told: Vec<Value> =
        fields.iter().map(|one| about(&one.pointer, &one.code, &one.message)).collect();
    if told.is_empty() {
        told.push(about("", error.code(), error.message()));
    }
    Ok(Json::of(&told)?)
}
