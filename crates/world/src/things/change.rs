//! How a thing changes: by a patch, into and out of the archive, back to an earlier version, with
//! its type, or for good.

use kernel::access::{Right, Standing};
use kernel::usage::{self, Metric};
use kernel::{App, Caller, Work, ontology};
use serde_json::json;
use types::{Checks, Error, Json, JsonMap, Result, ThingId};
use web::IfMatch;

use super::history::difference::Difference;
use super::history::sql as revisions;
use super::model::{Status, Thing, ThingChange, Visibility};
use super::rules::{MAX_NAME, archived, check_parent, is_mine, record, visible_to_change};
use super::{content, patch, sql};
use crate::ontology::kind::Kind;
use crate::ontology::model::Dimension;
use crate::ontology::prepare::Prepared;
use crate::ontology::rules as types_of;
use crate::{changes, connections, knowledge};

/// What becomes of the properties.
#[derive(Clone, Copy)]
pub(super) enum Edit<'a> {
    /// They stay as they are.
    Nothing,
    /// A merge patch, over the hidden ones too.
    Merge(&'a JsonMap),
    /// These instead of those that can be read.
    Replace(&'a JsonMap),
}

/// Properties as the type of a thing wants them, and the hidden ones as they were.
struct Content {
    kind: Kind,
    prepared: Prepared,
    hidden_before: Option<Json>,
}

/// Changes a thing, or restores it from the archive.
///
/// # Errors
/// 401, 403, 404 by policy; 409 for a step its status does not allow, a `cycle`, `too_deep`, or a
/// `duplicate_key`; 412 when it is no longer the version the caller has seen; 422 for what is not
/// sensible.
pub async fn update(
    app: &App,
    caller: &Caller,
    id: ThingId,
    seen: IfMatch,
    change: ThingChange,
) -> Result<Thing> {
    app.change(caller, async move |work| update_in(work, id, seen, &change).await).await
}

/// The same inside a change that is already being made.
///
/// # Errors
/// As [`update`].
pub async fn update_in(
    work: &mut Work<'_>,
    id: ThingId,
    seen: IfMatch,
    change: &ThingChange,
) -> Result<Thing> {
    if let Some(name) = &change.name {
        Checks::new().text("/name", name, 1, MAX_NAME).done()?;
    }
    let (before, place) = to_change(work, id, seen).await?;
    let after = patch::apply(&before, change, work.now);
    let edit = change.properties.as_ref().map_or(Edit::Nothing, Edit::Merge);
    settle(work, &place, before, after, edit, None).await
}

/// A thing the caller may change, as the version they have seen.
pub(super) async fn to_change(
    work: &mut Work<'_>,
    id: ThingId,
    seen: IfMatch,
) -> Result<(Thing, Standing)> {
    let (before, place) = visible_to_change(work, id).await?;
    place.require_on(Right::ThingsUpdate, is_mine(work, &before))?;
    seen.check(before.version)?;
    Ok((before, place))
}

/// Decides whether a thing may become `after`, with its properties edited, and stores it so.
pub(super) async fn settle(
    work: &mut Work<'_>,
    place: &Standing,
    before: Thing,
    mut after: Thing,
    edit: Edit<'_>,
    reverted_to: Option<u64>,
) -> Result<Thing> {
    let content = prepare(work, &before, &after, edit).await?;
    if let Some(content) = &content {
        after.properties = content.prepared.properties.clone();
    }
    let difference = difference(&before, &after, content.as_ref());
    if difference.is_empty() {
        return Ok(before);
    }
    check_step(before.status, after.status)?;
    // Archiving is deleting, whichever way it is asked for.
    if after.status == Status::Archived {
        place.require_on(Right::ThingsDelete, is_mine(work, &before))?;
    }
    if let Some(parent) = after.parent_id.filter(|parent| Some(*parent) != before.parent_id) {
        check_parent(work, after.group_id, parent, Some(after.id)).await?;
    }
    store(work, &before, &after, content.as_ref(), &difference, reverted_to).await?;
    Ok(after)
}

/// The properties after an edit. A thing that comes out of the archive is looked at again: its
/// type may want something else by now.
async fn prepare(
    work: &mut Work<'_>,
    before: &Thing,
    after: &Thing,
    edit: Edit<'_>,
) -> Result<Option<Content>> {
    let back = before.status == Status::Archived && after.status != Status::Archived;
    let built_in = types_of::is_built_in(Dimension::Thing, &after.kind);
    if matches!(edit, Edit::Nothing) && (built_in || !back) {
        return Ok(None);
    }
    let kind = types_of::kind(work.tx, after.group_id, &after.kind).await?;
    let hides = !kind.definition().hidden.is_empty();
    let hidden_before = if hides { sql::hidden(work.tx, after.id).await? } else { None };
    let hidden = hidden_before.as_ref().map(Json::to_map);
    let prepared = match edit {
        Edit::Nothing => kind.prepare(&before.properties.to_map(), hidden.as_ref()),
        Edit::Replace(properties) => kind.prepare(properties, hidden.as_ref()),
        Edit::Merge(patch) => {
            let mut all = before.properties.to_map();
            all.extend(hidden.unwrap_or_default());
            changes::merge(&mut all, patch);
            kind.prepare(&all, None)
        }
    }?;
    Ok(Some(Content { kind, prepared, hidden_before }))
}

fn difference(before: &Thing, after: &Thing, content: Option<&Content>) -> Difference {
    let mut difference = Difference::between(before, after);
    if let Some(content) = content {
        difference.hide(content.hidden_before.as_ref(), content.prepared.hidden.as_ref());
    }
    difference
}

/// Brings a thing into the form that its type wants by now, if it is not; the type was checked.
///
/// # Errors
/// 409 `duplicate_key`.
pub(crate) async fn follow_type(
    work: &mut Work<'_>,
    before: &Thing,
    hidden_before: Option<Json>,
    kind: &Kind,
    prepared: Prepared,
) -> Result<()> {
    let content = Content { kind: kind.clone(), prepared, hidden_before };
    let mut after = patch::next(before, work.now);
    after.properties = content.prepared.properties.clone();
    let difference = difference(before, &after, Some(&content));
    if difference.is_empty() {
        return keep_index(work, &after, Some(&content)).await;
    }
    store(work, before, &after, Some(&content), &difference, None).await
}

/// Archives a thing; archiving an archived one changes nothing.
///
/// # Errors
/// 401, 403, 404 by policy; 412.
pub async fn archive(app: &App, caller: &Caller, id: ThingId, seen: IfMatch) -> Result<()> {
    app.change(caller, async move |work| archive_in(work, id, seen).await).await
}

/// The same inside a change that is already being made.
///
/// # Errors
/// As [`archive`].
pub async fn archive_in(work: &mut Work<'_>, id: ThingId, seen: IfMatch) -> Result<()> {
    let change = ThingChange { status: Some(Status::Archived), ..ThingChange::default() };
    let (before, place) = visible_to_change(work, id).await?;
    place.require_on(Right::ThingsDelete, is_mine(work, &before))?;
    seen.check(before.version)?;
    if before.status == Status::Archived {
        return Ok(());
    }
    let after = patch::apply(&before, &change, work.now);
    let difference = Difference::between(&before, &after);
    store(work, &before, &after, None, &difference, None).await
}

/// Removes a thing for good, with its connections, its knowledge and its history.
///
/// # Errors
/// 401, 403, 404 by policy; 409 while other things belong to it; 412.
pub async fn remove(app: &App, caller: &Caller, id: ThingId, seen: IfMatch) -> Result<()> {
    app.change(caller, async move |work| remove_in(work, id, seen).await).await
}

/// The same inside a change that is already being made.
///
/// # Errors
/// As [`remove`].
pub async fn remove_in(work: &mut Work<'_>, id: ThingId, seen: IfMatch) -> Result<()> {
    let (thing, place) = visible_to_change(work, id).await?;
    place.require(Right::ThingsDelete)?;
    seen.check(thing.version)?;
    if sql::has_children(work.tx, id).await? {
        return Err(Error::conflict(
            "thing_has_children",
            "Other things belong to this one: remove or move them first.",
        ));
    }
    let connections = connections::rules::remove_of_thing(work, id).await?;
    let knowledge = knowledge::rules::remove_of_thing(work, id).await?;
    let bytes = sql::delete(work.tx, id).await?;
    let given_back = [(Metric::Things, -1), (Metric::StorageBytes, -bytes)];
    usage::take_all(work, thing.group_id, &given_back).await?;
    let metadata = Json::of(&json!({
        "type": thing.kind, "connections": connections, "knowledge": knowledge,
    }))?;
    record(work, "thing_deleted", &thing, &metadata).await
}

/// The steps of `ontology.json`; `archived` is left by restore, which is a step to `active`.
fn check_step(from: Status, to: Status) -> Result<()> {
    if from == Status::Archived && to != Status::Active {
        return Err(archived());
    }
    let steps = ontology::built_in().thing_statuses.get(from.name());
    let allowed = from == to
        || from == Status::Archived
        || steps.is_some_and(|steps| steps.iter().any(|step| step == to.name()));
    if allowed {
        return Ok(());
    }
    Err(Error::conflict(
        "wrong_transition",
        format!(
            "A thing that is {} can become {}, not {}.",
            from.name(),
            steps.map_or_else(String::new, |steps| steps.join(" or ")),
            to.name()
        ),
    ))
}

async fn store(
    work: &mut Work<'_>,
    before: &Thing,
    after: &Thing,
    content: Option<&Content>,
    difference: &Difference,
    reverted_to: Option<u64>,
) -> Result<()> {
    let bytes =
        content.map(|content| content::bytes(&after.properties, content.prepared.hidden.as_ref()));
    let grown = match bytes {
        Some(bytes) => bytes - sql::bytes(work.tx, after.id).await?,
        None => 0,
    };
    if !sql::update(work.tx, after, before.version, bytes).await? {
        return Err(work.tx.lost(sql::CHANGED));
    }
    usage::take(work, after.group_id, Metric::StorageBytes, grown).await?;
    keep_index(work, after, content).await?;
    if before.visibility != after.visibility {
        connections::rules::follow_visibility(work.tx, after.id).await?;
        let (visibility, owner) = (after.visibility.name(), after.owner_id);
        knowledge::rules::follow_visibility(work.tx, after.id, visibility, owner).await?;
    }
    // While it was private, or becomes so, the values are for those who may see them.
    let private = [before, after].into_iter().find(|one| one.visibility == Visibility::Private);
    let bound = private.unwrap_or(after);
    revisions::insert(work, before, bound, difference).await?;
    let kind = match (before.status, after.status) {
        _ if reverted_to.is_some() => "thing_reverted",
        (from, to) if from == to => "thing_updated",
        (_, Status::Archived) => "thing_archived",
        (Status::Archived, _) => "thing_restored",
        _ => "thing_updated",
    };
    let mut metadata = json!({ "type": after.kind, "changes": difference.told() });
    if let Some(version) = reverted_to {
        metadata["revertedTo"] = json!(version);
    }
    record(work, kind, bound, &Json::of(&metadata)?).await
}

/// Stores what is kept beside the thing; of a built-in type nothing is.
async fn keep_index(work: &mut Work<'_>, after: &Thing, content: Option<&Content>) -> Result<()> {
    if types_of::is_built_in(Dimension::Thing, &after.kind) {
        return Ok(());
    }
    if after.status == Status::Archived {
        content::clear_content(work.tx, after.id).await?;
    }
    let Some(content) = content else { return Ok(()) };
    if content.hidden_before != content.prepared.hidden {
        sql::set_hidden(work.tx, after.id, &content.prepared.hidden).await?;
    }
    if after.status != Status::Archived {
        content::clear_content(work.tx, after.id).await?;
        let (group, kind) = (after.group_id, &content.kind.definition().name);
        content::store_content(work.tx, after.id, group, kind, &content.prepared).await?;
    }
    Ok(())
}
