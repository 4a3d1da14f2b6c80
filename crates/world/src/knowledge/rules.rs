//! What may be kept as knowledge, who sees it, and what follows when its thing changes.

use std::fmt::Write as _;

use database::{Sql, Tx};
use kernel::access::{self, Right, Scope, Sight};
use kernel::events::NewEvent;
use kernel::usage::{self, Metric};
use kernel::{App, Caller, Work};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use types::{
    Checks, Error, ErrorKind, GroupId, Json, JsonMap, KnowledgeId, PersonId, Result, ThingId,
};

use super::check::{check, check_content};
use super::model::{Knowledge, KnowledgeFilter, KnowledgeRole, KnowledgeType, NewKnowledge};
use super::sql;
use crate::listing::{self, Ask, Found};
use crate::things::model::{Status, Thing, Visibility};
use crate::{groups, sizes, things};

/// Characters of a text in a list.
pub(crate) const SHOWN: i64 = 8192;

/// Keeps a piece of knowledge; also tells whether it is new: a label that is there is answered as
/// it is, and belongs to the thing from now on.
///
/// # Errors
/// 401, 403, 404 by policy; 409 in an archived group or for a thing of another group tree; 422
/// for what is not sensible.
pub async fn create(app: &App, caller: &Caller, new: NewKnowledge) -> Result<(Knowledge, bool)> {
    access::require_known(caller)?;
    check(&new)?;
    app.change(caller, async move |work| insert_in(work, &new).await).await
}

/// The same inside a change that is already being made (batch).
///
/// # Errors
/// As [`create`].
pub async fn insert_in(work: &mut Work<'_>, new: &NewKnowledge) -> Result<(Knowledge, bool)> {
    check(new)?;
    let source = match new.source_thing_id {
        Some(id) => Some(source(work, id).await?),
        None => None,
    };
    let group = home(work, new.group_id, source.as_ref()).await?;
    let role = new.role.unwrap_or(new.kind.role());
    let is_label = new.kind == KnowledgeType::Label;
    if is_label
        && let Some(text) = &new.text
        && let Some(label) = sql::find_label(work.tx, group, text).await?
    {
        return Ok((use_again(work, label, source.as_ref(), role).await?, false));
    }
    let hash = new.text.as_deref().map(digest);
    let mut made = Knowledge {
        id: new.id.unwrap_or_else(|| KnowledgeId(work.id())),
        group_id: group,
        kind: new.kind,
        text: new.text.clone(),
        source_thing_id: None,
        chunk: None,
        labels: Json::of(&distinct(&new.labels))?,
        metadata: Json::of(&new.metadata)?,
        content_hash: hash.as_ref().map(|hash| hex(hash)),
        deprecated: false,
        created_at: work.now,
        updated_at: work.now,
        visibility: "group".to_owned(),
        owner: work.me(),
    };
    // A label belongs to the group, whichever thing was the first to get it.
    if let Some(thing) = source.as_ref().filter(|_| !is_label) {
        belong_to(&mut made, thing);
    }
    if !sql::insert(work.tx, &made, hash.as_ref()).await? {
        return Err(work.tx.lost("This label is being made by others; try again."));
    }
    usage::take(work, group, Metric::StorageBytes, bytes(&made)).await?;
    if let Some(thing) = &source {
        sql::join(work.tx, thing.id, made.id, role, work.now).await?;
    }
    let apart = is_label && source.as_ref().is_some_and(is_private);
    let joined = source.as_ref().filter(|_| !apart).map(|thing| (thing.id, role));
    // Who sees a label need not see that a thing carries it, should the thing turn private.
    let mut seen = made.clone();
    seen.source_thing_id = made.source_thing_id.or(joined.map(|(thing, _)| thing));
    record(work, "knowledge_created", &seen, told(&made, joined)).await?;
    if let Some(thing) = source.as_ref().filter(|_| apart) {
        record_joined(work, &made, thing, role).await?;
    }
    Ok((made, true))
}

/// Stores knowledge that has its identity already (import); whose it is was decided. False when
/// the id is taken: what is there stays as it is.
///
/// # Errors
/// 422 for what is not sensible.
pub async fn insert_as_is(work: &mut Work<'_>, one: &Knowledge, labels: &[String]) -> Result<bool> {
    let mut checks = Checks::new();
    check_content(&mut checks, one.kind, one.text.as_deref(), labels);
    sizes::check_metadata(&mut checks, &one.metadata)?;
    checks.that(
        one.kind != KnowledgeType::Label || one.source_thing_id.is_none(),
        "/sourceThingId",
        "label_with_source",
        "a label belongs to its group; a `thingKnowledge` line gives it to a thing.",
    );
    checks.done()?;
    if sql::find(work.tx, one.id).await?.is_some() {
        return Ok(false);
    }
    let hash = one.text.as_deref().map(digest);
    if !sql::insert(work.tx, one, hash.as_ref()).await? {
        return Err(Error::conflict("already_exists", "The group has this label already."));
    }
    usage::take(work, one.group_id, Metric::StorageBytes, bytes(one)).await?;
    record(work, "knowledge_created", one, told(one, None)).await?;
    Ok(true)
}

/// The label of a group that says this, if there is one.
///
/// # Errors
/// As [`Tx::maybe`].
pub async fn label(tx: &mut Tx, group: GroupId, text: &str) -> Result<Option<KnowledgeId>> {
    Ok(sql::find_label(tx, group, text).await?.map(|label| label.id))
}

/// A label that is there already: no longer deprecated, and joined to one more thing.
async fn use_again(
    work: &mut Work<'_>,
    mut label: Knowledge,
    source: Option<&Thing>,
    role: KnowledgeRole,
) -> Result<Knowledge> {
    if label.deprecated {
        (label.deprecated, label.updated_at) = (false, work.now);
        sql::deprecate(work.tx, label.id, false, work.now).await?;
        let mut metadata = told(&label, None);
        metadata.insert("changes".to_owned(), json!({"deprecated": {"from": true, "to": false}}));
        record(work, "knowledge_updated", &label, metadata).await?;
    }
    if let Some(thing) = source
        && !sql::is_joined(work.tx, thing.id, label.id, role).await?
    {
        sql::join(work.tx, thing.id, label.id, role, work.now).await?;
        record_joined(work, &label, thing, role).await?;
    }
    Ok(label)
}

fn is_private(thing: &Thing) -> bool {
    thing.visibility == Visibility::Private
}

/// A label is the group's; that a private thing carries it is for those who see the thing.
async fn record_joined(
    work: &mut Work<'_>,
    label: &Knowledge,
    thing: &Thing,
    role: KnowledgeRole,
) -> Result<()> {
    let mut metadata = told(label, None);
    metadata.insert("joined".to_owned(), json!({"thingId": thing.id, "role": role}));
    let mut seen = label.clone();
    if is_private(thing) {
        thing.visibility.name().clone_into(&mut seen.visibility);
        seen.owner = thing.owner_id;
    }
    seen.source_thing_id = Some(thing.id);
    record(work, "knowledge_updated", &seen, metadata).await
}

/// One piece of knowledge.
///
/// # Errors
/// 401; 404 when there is none the caller may see.
pub async fn get(app: &App, caller: &Caller, id: KnowledgeId) -> Result<Knowledge> {
    let caller = caller.clone();
    app.store(&caller).read(async move |tx| visible(tx, &caller, id).await).await
}

/// A page of knowledge. Long texts are cut, but for exports.
///
/// # Errors
/// 401; 403 and 404 by policy; 422 `query_too_expensive`.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    filter: KnowledgeFilter,
    ask: Ask,
) -> Result<Found<Knowledge>> {
    let (caller, given, asked) = (caller.clone(), listing::given(app, caller), ask.clone());
    asked
        .look(app.store(&caller), async move |tx| {
            let (group, children) = (filter.group_id, filter.include_children);
            let scope = Scope::of(tx, &caller, Right::KnowledgeRead, group, children).await?;
            // Labels are the group's, and which of them a thing carries is the thing's.
            if let Some(thing) = filter.source_thing_id {
                match things::rules::visible(tx, &caller, thing).await {
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        return Ok(Found::nothing(&ask));
                    }
                    other => drop(other?),
                }
            }
            sql::list(tx, &scope, given, &filter, &ask).await
        })
        .await
}

/// Deletes a piece of knowledge. A label that things still carry is deprecated instead, and
/// answered.
///
/// # Errors
/// 401, 403, 404 by policy; 409 in an archived group.
pub async fn remove(app: &App, caller: &Caller, id: KnowledgeId) -> Result<Option<Knowledge>> {
    app.change(caller, async move |work| remove_in(work, id).await).await
}

/// The same inside a change that is already being made.
///
/// # Errors
/// As [`remove`].
pub async fn remove_in(work: &mut Work<'_>, id: KnowledgeId) -> Result<Option<Knowledge>> {
    let mut one = visible(work.tx, work.caller, id).await?;
    let place = access::standing_to_change(work.tx, work.caller, one.group_id).await?;
    let mine = one.owner.is_some() && one.owner == work.me();
    place.require_on(Right::KnowledgeDelete, mine)?;
    if one.kind != KnowledgeType::Label || !sql::is_in_use(work.tx, id).await? {
        delete(work, &one).await?;
        usage::take(work, one.group_id, Metric::StorageBytes, -bytes(&one)).await?;
        return Ok(None);
    }
    if !one.deprecated {
        (one.deprecated, one.updated_at) = (true, work.now);
        sql::deprecate(work.tx, id, true, work.now).await?;
        let mut metadata = told(&one, None);
        let changes = json!({"deprecated": {"from": false, "to": true}});
        metadata.insert("changes".to_owned(), changes);
        record(work, "knowledge_updated", &one, metadata).await?;
    }
    Ok(Some(one))
}

/// What a piece of knowledge counts for in `storageBytes`: its text.
pub(super) fn bytes(one: &Knowledge) -> i64 {
    one.text.as_ref().map_or(0, |text| i64::try_from(text.len()).unwrap_or(i64::MAX))
}

/// Gives back what pieces of knowledge that are gone counted for, each with its group.
///
/// # Errors
/// As the store.
pub(crate) async fn give_back(work: &mut Work<'_>, mut gone: Vec<(GroupId, i64)>) -> Result<()> {
    gone.sort_unstable_by_key(|(group, _)| *group);
    // A thing that was moved left some of it behind in its old tree.
    work.tx.enter(gone.iter().map(|(group, _)| *group));
    for of_one in gone.chunk_by(|(one, _), (other, _)| one == other) {
        let bytes: i64 = of_one.iter().map(|(_, bytes)| bytes).sum();
        if let Some((group, _)) = of_one.first() {
            usage::take(work, *group, Metric::StorageBytes, -bytes).await?;
        }
    }
    Ok(())
}

/// Deletes a row and records it; whether the caller may was decided, and what it counted for is
/// theirs to give back.
pub(super) async fn delete(work: &mut Work<'_>, one: &Knowledge) -> Result<()> {
    sql::delete(work.tx, one.id).await?;
    record(work, "knowledge_deleted", one, told(one, None)).await
}

/// Makes the knowledge that was made from a thing as visible as the thing is now.
///
/// # Errors
/// As [`Tx::run`].
pub async fn follow_visibility(
    tx: &mut Tx,
    thing: ThingId,
    visibility: &str,
    owner: Option<PersonId>,
) -> Result<()> {
    tx.beyond(async |tx| sql::follow(tx, thing, visibility, owner).await).await
}

/// Deletes what was made from a thing that is being removed for good; tells how much. The thing's
/// own event speaks for it. Labels stay.
///
/// # Errors
/// As [`Tx::run`].
pub async fn remove_of_thing(work: &mut Work<'_>, thing: ThingId) -> Result<u64> {
    let gone = work.tx.beyond(async |tx| sql::delete_of(tx, thing).await).await?;
    let count = gone.len() as u64;
    give_back(work, gone).await?;
    Ok(count)
}

/// Appends that a row `o` carries a label, or is it. `quoted` is the label as JSON.
pub(crate) fn carries<'a>(sql: &mut Sql<'a>, label: &'a str, quoted: &'a str) {
    // JSON operators differ; both engines write an array of texts with each text in its quotes.
    sql.push(" and (replace(cast(o.labels as text), ")
        .bind(quoted)
        .push(", '') <> cast(o.labels as text) or (o.type = 'label' and o.text = ")
        .bind(label)
        .push("))");
}

async fn visible(tx: &mut Tx, caller: &Caller, id: KnowledgeId) -> Result<Knowledge> {
    access::require_known(caller)?;
    let one = sql::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let place = access::standing(tx, caller, one.group_id).await?;
    let sight = Sight::of(place.rights, Right::KnowledgeRead);
    if sight.sees(&one.visibility, one.owner, caller.person()) {
        Ok(one)
    } else {
        Err(Error::not_found())
    }
}

/// A thing that the caller may change: only then do they say what is known of it.
pub(super) async fn source(work: &mut Work<'_>, id: ThingId) -> Result<Thing> {
    let (thing, place) = things::rules::visible(work.tx, work.caller, id).await?;
    let mine = thing.owner_id.is_some() && thing.owner_id == work.me();
    place.require_on(Right::ThingsUpdate, mine)?;
    Ok(thing)
}

/// The group new knowledge goes to, in which the caller may add some.
pub(super) async fn home(
    work: &mut Work<'_>,
    named: Option<GroupId>,
    source: Option<&Thing>,
) -> Result<GroupId> {
    let group = things::rules::home(work.caller, named.or(source.map(|thing| thing.group_id)))?;
    let place = access::standing_to_change(work.tx, work.caller, group).await?;
    place.require(Right::KnowledgeCreate)?;
    if source.is_some_and(|thing| thing.status == Status::Archived) {
        return Err(things::rules::archived());
    }
    if let Some(thing) = source
        && thing.group_id != group
        && !groups::rules::same_tree(work.tx, group, thing.group_id).await?
    {
        return Err(Error::conflict(
            "different_tree",
            "The thing must be in the same group tree: a group with the same root.",
        ));
    }
    Ok(group)
}

/// What is made from a thing is as visible as the thing, and its owner's.
pub(super) fn belong_to(one: &mut Knowledge, thing: &Thing) {
    one.source_thing_id = Some(thing.id);
    one.visibility = thing.visibility.name().to_owned();
    one.owner = thing.owner_id;
}

/// Each label once, in the order given.
pub(crate) fn distinct(labels: &[String]) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::with_capacity(labels.len());
    for label in labels {
        if !all.contains(&label.as_str()) {
            all.push(label);
        }
    }
    all
}

pub(crate) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// What an event tells: no text but a label's, which is a name.
pub(super) fn told(one: &Knowledge, joined: Option<(ThingId, KnowledgeRole)>) -> JsonMap {
    let mut metadata = JsonMap::new();
    metadata.insert("type".to_owned(), json!(one.kind));
    if one.kind == KnowledgeType::Label {
        metadata.insert("label".to_owned(), json!(one.text));
    }
    if let Some((thing, role)) = joined {
        metadata.insert("sourceThingId".to_owned(), json!(thing));
        metadata.insert("role".to_owned(), json!(role));
    } else if let Some(thing) = one.source_thing_id {
        metadata.insert("sourceThingId".to_owned(), json!(thing));
    }
    metadata
}

pub(super) async fn record(
    work: &mut Work<'_>,
    kind: &'static str,
    one: &Knowledge,
    metadata: JsonMap,
) -> Result<()> {
    let metadata = Json::of(&Value::Object(metadata))?;
    let event = NewEvent::new(one.group_id, kind, Some(one.id.into()), &metadata)
        .about(&one.visibility, one.owner)
        .of_things([one.source_thing_id, None]);
    work.record(event).await?;
    Ok(())
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
