//! What an export holds: what the caller's lists hold, in the order things were made.

use std::collections::BTreeMap;

use kernel::ontology::ThingType;
use kernel::{App, Caller, Tries, access};
use serde::Serialize;
use serde_json::{Map, Value, json};
use types::{Error, Limit, Result, Time};
use uuid::Uuid;

use super::cells;
use super::model::{ExportDimension, ExportFilter, Format};
use crate::connections::model::ConnectionFilter;
use crate::events::model::EventFilter;
use crate::knowledge::model::{KnowledgeFilter, KnowledgeType};
use crate::listing::{After, Ask, Listable, Sorted, Table, Words};
use crate::pace::Pace;
use crate::people::model::PersonFilter;
use crate::things::model::ThingFilter;
use crate::{connections, events, knowledge, ontology, people, things};

/// An export under way: one page of rows at a time, whenever the reader asks for more.
pub struct Export {
    app: App,
    caller: Caller,
    ask: ExportFilter,
    format: Format,
    /// Of the type asked for: they get columns of their own.
    declared: BTreeMap<String, Value>,
    after: Option<After>,
    /// Where the list goes on by itself.
    next: Option<Vec<u8>>,
    pace: Pace,
    /// Which events, when more is said of them than of other rows.
    events: Option<EventFilter>,
    rows: u64,
    /// Read when the export was opened, so that a refusal is an answer and no broken-off file.
    first: Option<Vec<u8>>,
    read: bool,
}

impl Export {
    /// Opens an export.
    ///
    /// # Errors
    /// 401; 403 and 404 by policy; 422 for what is not sensible.
    pub async fn open(app: &App, caller: &Caller, ask: ExportFilter) -> Result<Self> {
        Self::open_with(app, caller, ask, None).await
    }

    /// The same of exactly these events.
    ///
    /// # Errors
    /// As [`Export::open`].
    pub(crate) async fn open_with(
        app: &App,
        caller: &Caller,
        ask: ExportFilter,
        events: Option<EventFilter>,
    ) -> Result<Self> {
        access::require_known(caller)?;
        if ask.status.is_some() && ask.dimension != ExportDimension::Things {
            return Err(Error::invalid("status", "unknown_parameter", "is for things only."));
        }
        let declared = declared(app, caller, &ask).await?;
        let after = ask.from.filter(|_| ask.dimension != ExportDimension::Events).map(first_id);
        let mut export = Self {
            app: app.clone(),
            caller: caller.clone(),
            format: ask.format.unwrap_or(Format::Ndjson),
            ask,
            declared,
            after: after.map(After::Id),
            next: None,
            pace: Pace::default(),
            events,
            rows: 0,
            first: None,
            read: false,
        };
        let mut out = export.head();
        export.page(&mut out).await?;
        export.first = Some(out);
        Ok(export)
    }

    /// The next bytes; none behind the end.
    ///
    /// # Errors
    /// As [`Export::open`]: whoever may no longer read gets no further.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        if self.read {
            return Ok(None);
        }
        let mut tries = Tries::default();
        loop {
            match self.next_page().await {
                // A page is a read, and the reader cannot be told any more to come back later.
                Err(error) => tries.after(error).await?,
                Ok(page) => return Ok(Some(page)),
            }
        }
    }

    async fn next_page(&mut self) -> Result<Vec<u8>> {
        // The reader takes their time: what they may read is what they may by now.
        self.caller = self.caller.again().await?;
        let mut out = Vec::new();
        self.page(&mut out).await?;
        Ok(out)
    }

    async fn page(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let limit = self.pace.limit();
        // Kept until the page is there: one that fails may be asked for again.
        let (next, start) = (self.next.clone(), self.after);
        let in_order = |table, filter| on((table, filter), limit, next.as_deref(), start);
        let (app, caller, ask) = (self.app.clone(), self.caller.clone(), self.ask.clone());
        let (group, include_children, kind) = (ask.group_id, ask.include_children, ask.kind);
        match ask.dimension {
            ExportDimension::Things => {
                let filter = ThingFilter {
                    group_id: Some(group),
                    include_children,
                    kind,
                    status: ask.status,
                    ..ThingFilter::default()
                };
                let after = match self.after {
                    Some(After::Id(id)) => Some(id),
                    _ => None,
                };
                let found = things::query::in_order(&app, &caller, filter, limit, after).await?;
                let (rows, more) = found;
                self.write(out, &rows, more, |thing| After::Id(thing.id.0))
            }
            ExportDimension::Connections => {
                let filter = ConnectionFilter {
                    group_id: Some(group),
                    include_children,
                    kind,
                    ..ConnectionFilter::default()
                };
                let ask = in_order(&connections::table::TABLE, None)?;
                let found = connections::rules::list(&app, &caller, filter, ask).await?;
                let more = found.next.is_some();
                self.next = found.next;
                self.write(out, &found.rows, more, |connection| After::Id(connection.id.0))
            }
            ExportDimension::People => {
                let filter = PersonFilter {
                    group_id: Some(group),
                    include_children,
                    role: kind,
                    ..PersonFilter::default()
                };
                let ask = in_order(people::table::of(&filter), None)?;
                let found = people::rules::list(&app, &caller, filter, ask).await?;
                let more = found.next.is_some();
                self.next = found.next;
                self.write(out, &found.rows, more, |person| After::Id(person.id.0))
            }
            ExportDimension::Events => {
                let filter = self.events.clone().unwrap_or(EventFilter {
                    group_id: Some(group),
                    include_children,
                    kind,
                    from: ask.from,
                    to: ask.to,
                    ..EventFilter::default()
                });
                let ask = in_order(&events::table::TABLE, filter.filter.as_deref())?;
                let found = events::rules::list(&app, &caller, filter, ask).await?;
                let more = found.next.is_some();
                self.next = found.next;
                self.write(out, &found.rows, more, |event| After::Seq(event.seq))
            }
            ExportDimension::Knowledge => {
                let kind = kind.map(|name| knowledge_type(&name)).transpose()?;
                let filter = KnowledgeFilter {
                    group_id: Some(group),
                    include_children,
                    kind,
                    ..KnowledgeFilter::default()
                };
                let ask = in_order(&knowledge::table::TABLE, None)?;
                let found = knowledge::rules::list(&app, &caller, filter, ask).await?;
                let more = found.next.is_some();
                self.next = found.next;
                self.write(out, &found.rows, more, |one| After::Id(one.id.0))
            }
        }
    }

    fn write<T: Serialize + Listable>(
        &mut self,
        out: &mut Vec<u8>,
        rows: &[T],
        mut more: bool,
        key: impl Fn(&T) -> After,
    ) -> Result<()> {
        self.pace.had(rows.len(), rows.iter().map(Listable::bytes).sum());
        let end = self.ask.to.map(first_id);
        for row in rows {
            let place = key(row);
            if let (After::Id(id), Some(end)) = (place, end)
                && id >= end
            {
                more = false;
                break;
            }
            self.row(out, row)?;
            self.after = Some(place);
            self.rows += 1;
        }
        self.read = !more;
        if self.read && self.format == Format::Ndjson {
            // The last line tells that nothing is missing.
            let end = json!({ "kind": "end", "rows": self.rows });
            out.extend_from_slice(end.to_string().as_bytes());
            out.push(b'\n');
        }
        Ok(())
    }

    fn row<T: Serialize>(&self, out: &mut Vec<u8>, row: &T) -> Result<()> {
        match self.format {
            Format::Ndjson => serde_json::to_writer(&mut *out, row)?,
            Format::Csv => self.record(out, serde_json::to_value(row)?),
        }
        out.push(b'\n');
        Ok(())
    }

    /// What has a column of its own and fits there stands there; the other properties stay
    /// together as JSON, so that nothing is lost.
    fn record(&self, out: &mut Vec<u8>, mut row: Value) {
        let mut own: Map<String, Value> = Map::new();
        if let Some(properties) = row.get_mut("properties").and_then(Value::as_object_mut) {
            for (name, schema) in &self.declared {
                if properties.get(name).is_some_and(|value| cells::holds(schema, value)) {
                    own.extend(properties.remove_entry(name));
                }
            }
        }
        for (index, column) in columns(self.ask.dimension).iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            cells::push(out, &row[*column]);
        }
        for name in self.declared.keys() {
            out.push(b',');
            cells::push(out, own.get(name).unwrap_or(&Value::Null));
        }
    }

    fn head(&self) -> Vec<u8> {
        if self.format == Format::Ndjson {
            return Vec::new();
        }
        let mut head = columns(self.ask.dimension).join(",");
        for name in self.declared.keys() {
            let mut cell = Vec::new();
            cells::push(&mut cell, &json!(format!("properties.{name}")));
            head.push(',');
            head.push_str(&String::from_utf8_lossy(&cell));
        }
        head.push('\n');
        head.into_bytes()
    }

    /// How the file is called, and of which media type it is.
    #[must_use]
    pub fn label(&self) -> (String, &'static str) {
        let kind = match self.format {
            Format::Ndjson => "application/x-ndjson",
            Format::Csv => "text/csv; charset=utf-8; header=present",
        };
        (format!("{}.{}", self.ask.dimension.name(), self.format.name()), kind)
    }
}

/// Everything of a list, oldest first: from where it goes on, or else from a place.
fn on(
    (table, filter): (&'static Table, Option<&str>),
    limit: Limit,
    next: Option<&[u8]>,
    start: Option<After>,
) -> Result<Ask> {
    let start = start.map(|after| match after {
        After::Id(id) => Sorted::Id(id),
        After::Seq(seq) => Sorted::Int(seq),
    });
    if next.is_none() && filter.is_none() {
        return Ok(Ask::in_order(table, limit, start));
    }
    let words = Words { filter, sort: Some("createdAt"), ..Words::default() };
    Ok(Ask::read(table, words, limit, next)?.patient())
}

const fn columns(dimension: ExportDimension) -> &'static [&'static str] {
    match dimension {
        ExportDimension::Things => &[
            "id",
            "type",
            "name",
            "status",
            "visibility",
            "groupId",
            "parentId",
            "ownerId",
            "version",
            "createdAt",
            "updatedAt",
            "deletedAt",
            "properties",
        ],
        ExportDimension::Connections => &[
            "id",
            "type",
            "fromId",
            "toId",
            "groupId",
            "strength",
            "validFrom",
            "validTo",
            "createdAt",
            "updatedAt",
            "metadata",
        ],
        ExportDimension::People => &[
            "id",
            "displayName",
            "email",
            "username",
            "groupId",
            "role",
            "status",
            "bio",
            "avatar",
            "createdAt",
            "updatedAt",
            "metadata",
        ],
        ExportDimension::Events => {
            &["id", "seq", "type", "groupId", "actorId", "targetId", "timestamp", "metadata"]
        }
        ExportDimension::Knowledge => &[
            "id",
            "type",
            "text",
            "groupId",
            "sourceThingId",
            "labels",
            "createdAt",
            "updatedAt",
            "metadata",
        ],
    }
}

async fn declared(
    app: &App,
    caller: &Caller,
    ask: &ExportFilter,
) -> Result<BTreeMap<String, Value>> {
    let Some(kind) = ask.kind.clone().filter(|_| ask.dimension == ExportDimension::Things) else {
        return Ok(BTreeMap::new());
    };
    if ask.format != Some(Format::Csv) {
        return Ok(BTreeMap::new());
    }
    let group = ask.group_id;
    app.store(caller)
        .read(async move |tx| match ontology::rules::thing_type(tx, group, &kind).await {
            Ok(known) => {
                let ThingType { mut properties, hidden, .. } = known.into_owned();
                // No row has a value for them.
                properties.retain(|name, _| !hidden.contains(name));
                Ok(properties)
            }
            // A type nobody knows has no things; the list says who may ask.
            Err(_) => Ok(BTreeMap::new()),
        })
        .await
}

fn knowledge_type(name: &str) -> Result<KnowledgeType> {
    let known = KnowledgeType::ALL.iter().copied().find(|kind| kind.name() == name);
    known.ok_or_else(|| Error::invalid("type", "unknown_type", "is not a type of knowledge."))
}

/// Below every id that was made at `time` or later.
fn first_id(time: Time) -> Uuid {
    Uuid::from_u128(u128::from(time.millis().unsigned_abs()) << 80)
}
