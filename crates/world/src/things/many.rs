//! Many new things in one change. What they have in common — who may, which type — is looked up
//! once, and all rows are written together; each is still checked as if it came alone.

use std::collections::{HashMap, HashSet};

use kernel::access::{self, Right, Standing};
use kernel::events::NewEvent;
use kernel::usage::{self, Metric};
use kernel::{Caller, Work};
use types::{Error, GroupId, Json, JsonMap, Result, ThingId};

use super::model::{NewThing, Status, Thing};
use super::{content, rules, sql};
use crate::ontology::kind::Kind;
use crate::ontology::prepare::Prepared;
use crate::ontology::rules as types_of;

/// Ids that are asked for at once.
const LOOKED_UP: usize = 512;

/// A new thing that was checked and is not stored yet.
pub(crate) struct Draft {
    thing: Thing,
    prepared: Prepared,
}

/// What things to be made have in common.
#[derive(Default)]
pub(crate) struct Common {
    places: HashMap<GroupId, Standing>,
    kinds: HashMap<GroupId, HashMap<String, Kind>>,
}

impl Common {
    /// Decides on a new thing.
    ///
    /// # Errors
    /// As [`rules::create`].
    pub(crate) async fn draft(&mut self, work: &mut Work<'_>, new: &NewThing) -> Result<Draft> {
        rules::check_new(new)?;
        let group = rules::home(work.caller, new.group_id)?;
        self.place(work, group).await?.require(Right::ThingsCreate)?;
        let prepared = self.kind(work, group, &new.kind).await?.prepare(&new.properties, None)?;
        if let Some(parent) = new.parent_id {
            rules::check_parent(work, group, parent, None).await?;
        }
        Ok(Draft { thing: rules::new_thing(work, group, new, &prepared), prepared })
    }

    async fn place(&mut self, work: &mut Work<'_>, group: GroupId) -> Result<Standing> {
        if let Some(place) = self.places.get(&group) {
            return Ok(*place);
        }
        let place = access::standing_to_change(work.tx, work.caller, group).await?;
        self.places.insert(group, place);
        Ok(place)
    }

    async fn kind(&mut self, work: &mut Work<'_>, group: GroupId, name: &str) -> Result<&Kind> {
        let known = self.kinds.entry(group).or_default();
        if !known.contains_key(name) {
            known.insert(name.to_owned(), types_of::kind(work.tx, group, name).await?);
        }
        known.get(name).ok_or_else(|| Error::internal("a type is gone"))
    }
}

impl Draft {
    /// A thing that has its identity already (import), with its properties as its type wants them;
    /// `hidden` are its write-only ones.
    ///
    /// # Errors
    /// 422 for properties its type refuses.
    pub(crate) fn as_is(thing: Thing, kind: &Kind, hidden: Option<&JsonMap>) -> Result<Self> {
        let prepared = kind.prepare(&thing.properties.to_map(), hidden)?;
        Ok(Self { thing: Thing { properties: prepared.properties.clone(), ..thing }, prepared })
    }
}

/// Stores those whose ids are free, and tells of each whether it was stored: what is there stays
/// as it is.
///
/// # Errors
/// 409 when an owner or a parent is not there, or two share what is to be unique.
pub(crate) async fn store_new(work: &mut Work<'_>, drafts: Vec<Draft>) -> Result<Vec<bool>> {
    let mut taken: HashSet<ThingId> = HashSet::new();
    for part in drafts.chunks(LOOKED_UP) {
        let ids: Vec<ThingId> = part.iter().map(|one| one.thing.id).collect();
        taken.extend(work.tx.beyond(async |tx| sql::there(tx, &ids).await).await?);
    }
    let free: Vec<bool> = drafts.iter().map(|one| taken.insert(one.thing.id)).collect();
    let drafts: Vec<Draft> =
        drafts.into_iter().zip(&free).filter_map(|(one, free)| free.then_some(one)).collect();
    if !drafts.is_empty() {
        store(work, &drafts).await?;
    }
    Ok(free)
}

/// Stores all of them, or fails for all of them.
///
/// # Errors
/// 402 when a plan does not include so many; 409 `duplicate_key`.
pub(crate) async fn store(work: &mut Work<'_>, drafts: &[Draft]) -> Result<()> {
    let rows = drafts.iter().map(|one| (&one.thing, &one.prepared.hidden));
    if !sql::insert_all(work.tx, rows).await? {
        return Err(Error::internal("a new id was taken"));
    }
    if let [Draft { thing, prepared }] = drafts {
        if thing.status != Status::Archived {
            content::store_content(work.tx, thing.id, thing.group_id, &thing.kind, prepared)
                .await?;
        }
    } else {
        let open = drafts.iter().filter(|one| one.thing.status != Status::Archived);
        let all = open.map(|one| (&one.thing, &one.prepared));
        content::store_contents(work.tx, all).await?;
    }
    let mut taken: HashMap<GroupId, (i64, i64)> = HashMap::new();
    for Draft { thing, prepared } in drafts {
        let (things, bytes) = taken.entry(thing.group_id).or_default();
        *things += 1;
        *bytes += content::bytes(&thing.properties, prepared.hidden.as_ref());
    }
    for (group, (things, bytes)) in taken {
        let taken = [(Metric::Things, things), (Metric::StorageBytes, bytes)];
        usage::take_all(work, group, &taken).await?;
    }
    let told: Vec<Json> =
        drafts.iter().map(|one| rules::told_of_new(&one.thing)).collect::<Result<_>>()?;
    let events: Vec<NewEvent<'_>> = drafts
        .iter()
        .zip(&told)
        .map(|(one, told)| rules::event_of("thing_created", &one.thing, told))
        .collect();
    work.record_all(&events).await
}

impl Draft {
    /// What is about to be stored.
    pub(crate) const fn thing(&self) -> &Thing {
        &self.thing
    }

    /// Whether it is the thing with this id.
    pub(crate) fn is(&self, id: Option<ThingId>) -> bool {
        Some(self.thing.id) == id
    }

    /// The same, as a thing of its own.
    pub(crate) fn into_thing(self) -> Thing {
        self.thing
    }
}

/// The thing that has the same value of the unique property `key`, if the caller sees one: a
/// hidden one is a duplicate like any other's.
///
/// # Errors
/// 422 when the type keeps no such property unique, or the new thing does not have it.
pub(crate) async fn same(
    work: &mut Work<'_>,
    new: &NewThing,
    key: &str,
) -> Result<Option<ThingId>> {
    let group = rules::home(work.caller, new.group_id)?;
    access::standing(work.tx, work.caller, group).await?;
    let kind = types_of::kind(work.tx, group, &new.kind).await?;
    if !kind.definition().unique.iter().any(|name| name == key) {
        let message = format!("`{key}` is not a unique property of the type `{}`.", new.kind);
        return Err(Error::invalid("/key", "not_unique", message));
    }
    let prepared = kind.prepare(&new.properties, None)?;
    let Some((_, value)) = prepared.keys.iter().find(|(name, _)| name == key) else {
        let pointer = format!("/properties/{}", key.replace('~', "~0").replace('/', "~1"));
        return Err(Error::invalid(pointer, "missing_field", "is what things are told apart by."));
    };
    let Some(id) = sql::with_key(work.tx, group, &new.kind, key, value).await? else {
        return Ok(None);
    };
    Ok(is_visible(work, id).await?.then_some(id))
}

async fn is_visible(work: &mut Work<'_>, id: ThingId) -> Result<bool> {
    let caller: &Caller = work.caller;
    match rules::visible(work.tx, caller, id).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == types::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
