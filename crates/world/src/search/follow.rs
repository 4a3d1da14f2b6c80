//! Keeping the index up to date: each batch of the event log names objects; what they say now is
//! put into the index, what is gone is taken out.

use std::collections::{BTreeMap, BTreeSet};

use database::Tx;
use database::seams::search::{self, Document};
use kernel::App;
use kernel::events::{self, Entry};
use types::{AnyId, Kind, Result};
use uuid::Uuid;

use super::{sql, text};

/// Bytes of a document; longer ones are found by their beginning. [`Document`] says why.
const MAX_TEXT: usize = 256 << 10;
/// Characters of a piece of knowledge that make its title.
const TITLE: usize = 120;

/// What a batch changes in the index.
struct Changes {
    /// Documents as they are now.
    put: Vec<Document>,
    /// Objects that are not to be found any more.
    remove: Vec<AnyId>,
    /// Things that are gone for good, with everything that was made from them.
    gone: Vec<AnyId>,
}

/// Follows the event log and keeps the index up to date, until the task is dropped.
pub async fn follow(app: App) {
    events::follow(
        app,
        "search",
        async |tx: &mut Tx, entries: &[Entry]| read(tx, entries).await,
        async |tx: &mut Tx, changes: &Changes| write(tx, changes).await,
    )
    .await;
}

async fn read(tx: &mut Tx, entries: &[Entry]) -> Result<Changes> {
    // Each object once, however often it was changed: its present state is what counts.
    let named = |kind: Kind| -> Vec<Uuid> {
        let all: BTreeSet<Uuid> = entries
            .iter()
            .filter_map(|entry| entry.target)
            .filter(|target| target.kind == kind)
            .map(|target| target.uuid)
            .collect();
        all.into_iter().collect()
    };
    let mut changes = Changes { put: Vec::new(), remove: Vec::new(), gone: Vec::new() };
    for part in named(Kind::Thing).chunks(sql::BATCH) {
        let mut missing = expected(Kind::Thing, part);
        for row in sql::things(tx, part).await? {
            missing.remove(&row.id.uuid);
            if row.open {
                changes.put.push(of_thing(&row));
            } else {
                changes.remove.push(row.id);
            }
        }
        changes.gone.extend(missing.into_values());
    }
    for part in named(Kind::Knowledge).chunks(sql::BATCH) {
        let mut missing = expected(Kind::Knowledge, part);
        let limit = i64::try_from(MAX_TEXT).unwrap_or(i64::MAX);
        for row in sql::knowledge(tx, part, limit).await? {
            missing.remove(&row.id.uuid);
            changes.put.push(of_knowledge(&row));
        }
        changes.remove.extend(missing.into_values());
    }
    Ok(changes)
}

fn expected(kind: Kind, ids: &[Uuid]) -> BTreeMap<Uuid, AnyId> {
    ids.iter().map(|uuid| (*uuid, AnyId { kind, uuid: *uuid })).collect()
}

async fn write(tx: &mut Tx, changes: &Changes) -> Result<()> {
    for thing in &changes.gone {
        search::remove(tx, *thing).await?;
        search::remove_made_from(tx, *thing).await?;
    }
    for id in &changes.remove {
        search::remove(tx, *id).await?;
    }
    for document in &changes.put {
        search::put(tx, document).await?;
    }
    Ok(())
}

fn of_thing(row: &sql::ThingRow) -> Document {
    let mut words = String::new();
    // `blog_post` is found by `blog` and by `post`.
    text::paragraph(&row.kind, &mut words, MAX_TEXT);
    text::gather(&row.properties.to_map().into(), &mut words, MAX_TEXT);
    Document { id: row.id, title: row.name.clone(), text: words, source: None }
}

fn of_knowledge(row: &sql::KnowledgeRow) -> Document {
    let labels: Vec<String> = serde_json::from_str(row.labels.as_str()).unwrap_or_default();
    let mut title = if row.is_label { row.text.clone() } else { beginning(&row.text) };
    for label in &labels {
        title.push(' ');
        title.push_str(label);
    }
    let mut words = String::new();
    if !row.is_label {
        text::paragraph(&row.text, &mut words, MAX_TEXT);
    }
    Document { id: row.id, title, text: words, source: row.source }
}

/// The first line that says something, without the marks of a heading.
fn beginning(text: &str) -> String {
    let line = text
        .lines()
        .map(|line| line.trim_start_matches(['#', ' ', '\t']))
        .find(|line| !line.is_empty());
    line.unwrap_or_default().chars().take(TITLE).collect()
}
