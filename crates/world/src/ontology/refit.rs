//! What happens to the things of a type when its definition changes: in the same transaction all
//! of them are looked at. If one does not fit, nothing changes; else they get the defaults they
//! lack, and their hidden, indexed and unique properties are kept as the definition says now.

use kernel::Work;
use kernel::access::{self, Right, Sight};
use kernel::ontology::ThingType;
use types::{Error, ErrorKind, Field, GroupId, Json, Result, ThingId};

use super::kind::Kind;
use super::model::Existing;
use crate::things;
use crate::things::model::Thing;

/// Things that are read at once.
const BATCH: i64 = 500;
/// Things that are looked at; a change of more would hold everybody up for too long.
const MOST: usize = 100_000;
/// Things that do not fit and are named.
const NAMED: usize = 20;
/// Things that do not fit and may be looked at to find those that the caller sees.
const TRIED: usize = 1000;

/// Makes the things that `before` counted for follow `after`.
///
/// # Errors
/// 409 `data_does_not_fit`, `duplicate_key` or `too_much_data`; 422 when they are to stay as they
/// are and cannot.
pub(super) async fn refit(
    work: &mut Work<'_>,
    group: GroupId,
    before: &ThingType,
    after: &Kind,
    existing: Existing,
) -> Result<()> {
    let now = after.definition();
    let same_places =
        before.indexed == now.indexed && before.unique == now.unique && before.hidden == now.hidden;
    let same_rules = before.properties == now.properties
        && before.schema == now.schema
        && before.required == now.required;
    if same_places && same_rules {
        return Ok(());
    }
    if existing == Existing::Keep {
        return if same_places { Ok(()) } else { Err(cannot_keep()) };
    }
    let newly_hidden: Vec<String> =
        now.hidden.iter().filter(|name| !before.hidden.contains(name)).cloned().collect();
    let mut misfits = Misfits::default();
    let (mut last, mut seen) = (None, 0);
    loop {
        let batch = things::sql::of_type(work.tx, group, &now.name, last, BATCH).await?;
        let Some((thing, _)) = batch.last() else { break };
        last = Some(thing.id);
        seen += batch.len();
        if seen > MOST {
            return Err(too_much());
        }
        let ids: Vec<ThingId> = batch.iter().map(|(thing, _)| thing.id).collect();
        for (thing, hidden) in batch {
            fit(work, thing, hidden, after, &mut misfits).await?;
        }
        if !newly_hidden.is_empty() {
            things::history::sql::scrub(work.tx, &ids, &newly_hidden).await?;
        }
    }
    misfits.done()
}

async fn fit(
    work: &mut Work<'_>,
    thing: Thing,
    hidden: Option<Json>,
    kind: &Kind,
    misfits: &mut Misfits,
) -> Result<()> {
    let map = hidden.as_ref().map(Json::to_map);
    match kind.prepare(&thing.properties.to_map(), map.as_ref()) {
        Err(error) => misfits.note(work, &thing, &error).await,
        // What is refused anyway need not be changed first.
        Ok(_) if misfits.count > 0 => Ok(()),
        Ok(prepared) => things::change::follow_type(work, &thing, hidden, kind, prepared).await,
    }
}

/// Things that do not fit, as far as they are told.
#[derive(Default)]
struct Misfits {
    count: usize,
    told: Vec<Field>,
    named: usize,
}

impl Misfits {
    async fn note(&mut self, work: &mut Work<'_>, thing: &Thing, error: &Error) -> Result<()> {
        self.count += 1;
        if self.named == NAMED || self.count > TRIED || !sees(work, thing).await? {
            return Ok(());
        }
        self.named += 1;
        self.told.extend(error.field_errors().iter().take(4).map(|field| Field {
            pointer: format!("/things/{}{}", thing.id, field.pointer),
            code: field.code.clone(),
            message: field.message.clone(),
        }));
        Ok(())
    }

    fn done(self) -> Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        Err(Error::conflict(
            "data_does_not_fit",
            "There are things of this type that do not fit the definition: change them first, or \
             register it with `existing=keep`.",
        )
        .about(self.told))
    }
}

/// Whether the caller may see a thing in the group or below.
async fn sees(work: &mut Work<'_>, thing: &Thing) -> Result<bool> {
    match access::standing(work.tx, work.caller, thing.group_id).await {
        Ok(place) => {
            let sight = Sight::of(place.rights, Right::ThingsRead);
            Ok(sight.sees(thing.visibility.name(), thing.owner_id, work.me()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn too_much() -> Error {
    Error::conflict(
        "too_much_data",
        "There are more than 100 000 things of this type, too many to look at in one change: \
         register it with `existing=keep`, which leaves them as they are until they change.",
    )
}

fn cannot_keep() -> Error {
    Error::invalid(
        "existing",
        "cannot_keep",
        "must be `check`: what is indexed, unique or hidden has to be so for all things of a type.",
    )
}
