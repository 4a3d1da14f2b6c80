//! Keeping a source as chunks: what did not change is left alone, what did is replaced.

use kernel::access;
use kernel::usage::{self, Metric};
use kernel::{App, Caller, Work};
use types::{Checks, Error, Json, KnowledgeId, Result, ThingId};

use super::chunk::{self, Piece};
use super::model::{Chunk, Embed, Embedded, Knowledge, KnowledgeType};
use super::{check, rules, sql};
use crate::search::text;
use crate::things;
use crate::things::model::{Thing, Tier};

/// A text, cut: made before the transaction, because cutting a long one takes a moment.
struct Source {
    text: String,
    hash: String,
    pieces: Vec<(Piece, [u8; 32])>,
    /// The thing it was taken from, and its version at that time.
    thing: Option<(ThingId, u64)>,
}

impl Source {
    fn new(text: String, thing: Option<(ThingId, u64)>) -> Self {
        let hash = rules::hex(&rules::digest(&text));
        let pieces = chunk::cut(&text)
            .into_iter()
            .map(|piece| {
                let hash = rules::digest(&text[piece.bytes.clone()]);
                (piece, hash)
            })
            .collect();
        Self { text, hash, pieces, thing }
    }
}

/// Cuts a thing's text, or a text, into chunks and keeps them.
///
/// # Errors
/// 401, 403, 404 by policy; 409 in an archived group or when the thing changes meanwhile; 422
/// for what is not sensible.
pub async fn embed(app: &App, caller: &Caller, ask: Embed) -> Result<Embedded> {
    access::require_known(caller)?;
    check(&ask)?;
    let source = match (ask.thing_id, &ask.text) {
        (Some(id), _) => {
            let thing = things::rules::get(app, caller, id).await?;
            Source::new(words(&thing)?, Some((id, thing.version)))
        }
        (None, text) => Source::new(text.clone().unwrap_or_default(), None),
    };
    app.change(caller, async move |work| keep(work, &ask, &source).await).await
}

/// The texts of a thing: its name and its properties.
fn words(thing: &Thing) -> Result<String> {
    if thing.tier != Tier::Plain {
        return Err(Error::invalid(
            "/thingId",
            "sealed",
            "is sealed: its text cannot be read here.",
        ));
    }
    let mut all = String::new();
    text::paragraph(&thing.name, &mut all, check::MAX_TEXT);
    text::gather(&thing.properties.to_map().into(), &mut all, check::MAX_TEXT);
    Ok(all)
}

async fn keep(work: &mut Work<'_>, ask: &Embed, source: &Source) -> Result<Embedded> {
    let thing = match source.thing {
        Some((id, version)) => {
            let thing = rules::source(work, id).await?;
            if thing.version != version {
                return Err(Error::conflict(
                    "thing_changed",
                    "This thing was changed while its text was being cut; try again.",
                ));
            }
            Some(thing)
        }
        None => None,
    };
    let group = rules::home(work, ask.group_id, thing.as_ref()).await?;
    let mut before = match &thing {
        Some(thing) => sql::chunks_of(work.tx, thing.id).await?,
        None => {
            let hashes: Vec<[u8; 32]> = source.pieces.iter().map(|(_, hash)| *hash).collect();
            let mut all = sql::chunks_by_hash(work.tx, group, &hashes).await?;
            // The same words from another text, or kept by somebody else, are not these.
            let me = work.me();
            all.retain(|one| one.owner == me && is_from(one, &source.hash));
            all
        }
    };
    before.sort_by_key(|one| place(one).map(|place| place.index));
    let labels = Json::of(&rules::distinct(&ask.labels))?;
    if before.len() == source.pieces.len()
        && before.iter().all(|one| {
            one.group_id == group && is_from(one, &source.hash) && same(&one.labels, &labels)
        })
    {
        return Ok(Embedded { data: before, unchanged: true, embedded: false });
    }
    for one in &before {
        rules::delete(work, one).await?;
    }
    let gone = before.iter().map(|one| (one.group_id, rules::bytes(one))).collect();
    rules::give_back(work, gone).await?;
    let mut made = Vec::with_capacity(source.pieces.len());
    for (index, (piece, hash)) in source.pieces.iter().enumerate() {
        let chunk = Chunk {
            index: u32::try_from(index)?,
            start: u32::try_from(piece.chars.start)?,
            end: u32::try_from(piece.chars.end)?,
            source: source.hash.clone(),
        };
        let mut one = Knowledge {
            id: KnowledgeId(work.id()),
            group_id: group,
            kind: KnowledgeType::Chunk,
            text: Some(source.text[piece.bytes.clone()].to_owned()),
            source_thing_id: None,
            chunk: Some(Json::of(&chunk)?),
            labels: labels.clone(),
            metadata: Json::empty(),
            content_hash: Some(rules::hex(hash)),
            deprecated: false,
            created_at: work.now,
            updated_at: work.now,
            visibility: "group".to_owned(),
            owner: work.me(),
        };
        if let Some(thing) = &thing {
            rules::belong_to(&mut one, thing);
        }
        sql::insert(work.tx, &one, Some(hash)).await?;
        let role = KnowledgeType::Chunk.role();
        if let Some(thing) = &thing {
            sql::join(work.tx, thing.id, one.id, role, work.now).await?;
        }
        let joined = thing.as_ref().map(|thing| (thing.id, role));
        rules::record(work, "knowledge_created", &one, rules::told(&one, joined)).await?;
        made.push(one);
    }
    let bytes = made.iter().map(rules::bytes).sum();
    usage::take(work, group, Metric::StorageBytes, bytes).await?;
    Ok(Embedded { data: made, unchanged: false, embedded: false })
}

fn place(one: &Knowledge) -> Option<Chunk> {
    serde_json::from_str(one.chunk.as_ref()?.as_str()).ok()
}

fn is_from(one: &Knowledge, hash: &str) -> bool {
    place(one).is_some_and(|place| place.source == hash)
}

/// The engines write the same JSON with different blanks.
fn same(one: &Json, other: &Json) -> bool {
    let read = |json: &Json| serde_json::from_str::<Vec<String>>(json.as_str()).ok();
    read(one) == read(other)
}

fn check(ask: &Embed) -> Result<()> {
    let mut checks = Checks::new();
    match (&ask.text, ask.thing_id) {
        (Some(text), None) => check::check_text(&mut checks, text),
        (None, Some(_)) => {}
        (None, None) => {
            checks.that(false, "/text", "missing_field", "send `text` or `thingId`.");
        }
        (Some(_), Some(_)) => {
            checks.that(false, "/text", "ambiguous", "send `text` or `thingId`, not both.");
        }
    }
    check::check_labels(&mut checks, &ask.labels);
    checks.done()
}
