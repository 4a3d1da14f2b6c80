//! What an id in a request refers to: one end of a connection, the target of an event.

use database::{Tx, args};
use kernel::Caller;
use kernel::access::{self, Right, Sight};
use types::{AnyId, Error, GroupId, Kind, PersonId, Result};

/// An object the caller may see.
#[derive(Debug, Clone)]
pub(crate) struct Referent {
    /// With its real kind, whatever the request called it.
    pub(crate) id: AnyId,
    /// Its group. For a person: the first group they share with the caller.
    pub(crate) group: GroupId,
    /// A thing's type; `group` for a group; `creator` for a person.
    pub(crate) kind: String,
    /// A thing's visibility; `group` for anything else.
    pub(crate) visibility: String,
    /// A thing's owner; the person themselves.
    pub(crate) owner: Option<PersonId>,
    /// Whether it is an archived thing.
    pub(crate) archived: bool,
}

/// Reads an id of a thing, a person or a group; a bare UUID is taken for a thing and, should
/// there be none, looked up among people and groups.
///
/// # Errors
/// 422 at `pointer`.
pub(crate) fn parse(text: &str, pointer: &str) -> Result<(AnyId, bool)> {
    let id = AnyId::parse(text, Kind::Thing)
        .map_err(|error| Error::invalid(pointer, "invalid_id", format!("{error}.")))?;
    if !matches!(id.kind, Kind::Thing | Kind::Person | Kind::Group) {
        return Err(Error::invalid(
            pointer,
            "wrong_kind",
            "must be the id of a thing, a person or a group.",
        ));
    }
    Ok((id, !text.contains('_')))
}

/// Finds what `id` refers to, if the caller may see it. `bare` allows another kind than `id` says.
///
/// # Errors
/// 404 when there is nothing they may see.
pub(crate) async fn resolve(
    tx: &mut Tx,
    caller: &Caller,
    id: AnyId,
    bare: bool,
) -> Result<Referent> {
    let kinds: &[Kind] = if bare { &[Kind::Thing, Kind::Person, Kind::Group] } else { &[id.kind] };
    for kind in kinds {
        let id = AnyId { kind: *kind, uuid: id.uuid };
        let found = match kind {
            Kind::Thing => thing(tx, caller, id).await?,
            Kind::Person => person(tx, caller, id).await?,
            _ => group(tx, caller, id).await?,
        };
        if let Some(found) = found {
            return Ok(found);
        }
    }
    Err(Error::not_found())
}

/// No error but absence for what is not there: [`resolve`] tries the next kind.
fn absent<T>(error: Error) -> Result<Option<T>> {
    if error.kind() == types::ErrorKind::NotFound { Ok(None) } else { Err(error) }
}

async fn thing(tx: &mut Tx, caller: &Caller, id: AnyId) -> Result<Option<Referent>> {
    let found = tx
        .maybe(
            "select group_id, type, visibility, owner_id, status from things where id = $1",
            args![id],
            |row| {
                Ok(Referent {
                    id,
                    group: row.get(0)?,
                    kind: row.get(1)?,
                    visibility: row.get(2)?,
                    owner: row.get(3)?,
                    archived: row.text(4)? == "archived",
                })
            },
        )
        .await?;
    let Some(found) = found else { return Ok(None) };
    let place = match access::standing(tx, caller, found.group).await {
        Ok(place) => place,
        Err(error) => return absent(error),
    };
    let sight = Sight::of(place.rights, Right::ThingsRead);
    Ok(sight.sees(&found.visibility, found.owner, caller.person()).then_some(found))
}

async fn group(tx: &mut Tx, caller: &Caller, id: AnyId) -> Result<Option<Referent>> {
    let group = GroupId(id.uuid);
    // The house itself has its rights without a look, also in what is not there.
    if caller.identity().system {
        let found =
            tx.maybe("select 1 from groups where id = $1", args![group], |_| Ok(())).await?;
        if found.is_none() {
            return Ok(None);
        }
    }
    match access::standing(tx, caller, group).await {
        Ok(_) => Ok(Some(Referent {
            id,
            group,
            kind: "group".to_owned(),
            visibility: "group".to_owned(),
            owner: None,
            archived: false,
        })),
        Err(error) => absent(error),
    }
}

/// People are seen by whoever may read people in a group they belong to, and by themselves.
async fn person(tx: &mut Tx, caller: &Caller, id: AnyId) -> Result<Option<Referent>> {
    let person = PersonId(id.uuid);
    let groups: Vec<GroupId> = tx
        .all(
            "select group_id from memberships where person_id = $1 and status = 'active' \
             order by created_at, group_id limit 1000",
            args![person],
            |row| row.get(0),
        )
        .await?;
    for group in groups {
        let seen = caller.person() == Some(person)
            || match access::standing(tx, caller, group).await {
                Ok(place) => place.rights.has(Right::PeopleRead),
                Err(error) => absent::<()>(error)?.is_some(),
            };
        if seen {
            return Ok(Some(Referent {
                id,
                group,
                kind: "creator".to_owned(),
                visibility: "group".to_owned(),
                owner: Some(person),
                archived: false,
            }));
        }
    }
    Ok(None)
}
