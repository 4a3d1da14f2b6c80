//! What stands at the two ends of a connection, and which group it belongs to.

use kernel::Work;
use kernel::access::{self, Right};
use kernel::ontology::{ConnectionType, Ends};
use types::{AnyId, Checks, Error, ErrorKind, GroupId, JsonMap, Kind, PersonId, Result};

use super::model::NewConnection;
use super::sql;
use crate::groups;
use crate::reference::{self, Referent};
use crate::things;

/// Two objects the caller may see, and the group of a connection between them, in which the
/// caller may make one.
pub(super) struct Place {
    pub(super) from: Referent,
    pub(super) to: Referent,
    pub(super) group: GroupId,
}

impl Place {
    /// Who sees a connection between these: when an end is private, only its owner — nobody but
    /// owners of the group when both are, each another person's.
    pub(super) fn visibility(&self) -> (&'static str, Option<PersonId>) {
        let private = |end: &Referent| end.visibility == "private";
        let person = |end: &Referent| (end.id.kind == Kind::Person).then_some(end.owner).flatten();
        match (private(&self.from), private(&self.to)) {
            (true, true) if self.from.owner == self.to.owner => ("private", self.from.owner),
            (true, true) => ("private", None),
            (true, false) => ("private", self.from.owner),
            (false, true) => ("private", self.to.owner),
            (false, false) => ("group", person(&self.from).or_else(|| person(&self.to))),
        }
    }
}

/// Finds both ends and the group.
///
/// # Errors
/// 401; 403 without the right; 404 when an end is not there for the caller; 409 in an archived
/// group, of an archived thing, or between two trees; 422 for what is no id, or the same one twice.
pub(super) async fn find(work: &mut Work<'_>, new: &NewConnection) -> Result<Place> {
    let ((from, bare_from), (to, bare_to)) = ids(new)?;
    let from = reference::resolve(work.tx, work.caller, from, bare_from).await?;
    let to = reference::resolve(work.tx, work.caller, to, bare_to).await?;
    let is_person = |end: &Referent| end.id.kind == Kind::Person;
    let (group, other) = match (is_person(&from), is_person(&to)) {
        (true, true) => {
            let group = between_people(work, from.id, to.id).await?;
            return Ok(Place { from, to, group });
        }
        (true, false) => (to.group, &from),
        (false, _) => (from.group, &to),
    };
    require(work, group).await?;
    if from.archived || to.archived {
        return Err(things::rules::archived());
    }
    require_in_tree(work, group, other).await?;
    Ok(Place { from, to, group })
}

/// Finds both ends of a connection whose group is known (import); the group was checked.
///
/// # Errors
/// 409 between two trees, but for the house; 422 for an end that is not there, and as [`find`].
pub(super) async fn find_in(
    work: &mut Work<'_>,
    new: &NewConnection,
    group: GroupId,
) -> Result<Place> {
    let ((from, bare_from), (to, bare_to)) = ids(new)?;
    let from = known(work, from, bare_from, "/fromId").await?;
    let to = known(work, to, bare_to, "/toId").await?;
    // What the house brings was made where it was allowed: somebody may have left since, or a group
    // been moved elsewhere, and the connection stayed.
    if !work.caller.identity().system {
        require_in_tree(work, group, &from).await?;
        require_in_tree(work, group, &to).await?;
    }
    Ok(Place { from, to, group })
}

/// The ids of both ends, each with whether it said of what kind it is.
type Ids = ((AnyId, bool), (AnyId, bool));

fn ids(new: &NewConnection) -> Result<Ids> {
    let from = reference::parse(&new.from_id, "/fromId")?;
    let to = reference::parse(&new.to_id, "/toId")?;
    if from.0.uuid == to.0.uuid {
        return Err(Error::invalid(
            "/toId",
            "self_connection",
            "must be another object than `fromId`.",
        ));
    }
    Ok((from, to))
}

async fn known(work: &mut Work<'_>, id: AnyId, bare: bool, pointer: &str) -> Result<Referent> {
    reference::resolve(work.tx, work.caller, id, bare).await.map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            let message =
                "refers to nothing that is there; what a connection joins stands before it.";
            Error::invalid(pointer, "unknown_reference", message)
        }
        _ => error,
    })
}

async fn require_in_tree(work: &mut Work<'_>, group: GroupId, end: &Referent) -> Result<()> {
    let inside = if end.id.kind == Kind::Person {
        let root = groups::rules::root(work.tx, group).await?;
        sql::belongs(work.tx, end.id, root).await?
    } else {
        groups::rules::same_tree(work.tx, group, end.group).await?
    };
    if inside { Ok(()) } else { Err(different_tree()) }
}

/// The first group of the one in whose tree the other one is too, and where the caller may.
async fn between_people(work: &mut Work<'_>, from: AnyId, to: AnyId) -> Result<GroupId> {
    let mut refused = None;
    for group in sql::shared(work.tx, from, to).await? {
        match require(work, group).await {
            Ok(()) => return Ok(group),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                refused.get_or_insert(error);
            }
        }
    }
    Err(refused.unwrap_or_else(different_tree))
}

/// Refuses whoever may not make connections in a group.
///
/// # Errors
/// 403, 404; 409 when it is archived.
pub(super) async fn require(work: &mut Work<'_>, group: GroupId) -> Result<()> {
    let place = access::standing_to_change(work.tx, work.caller, group).await?;
    place.require(Right::ConnectionsCreate)
}

fn different_tree() -> Error {
    Error::conflict(
        "different_tree",
        "Both ends must be in the same group tree: the same root group, or a person who belongs \
         to a group of it.",
    )
}

/// Refuses ends and metadata that the type does not allow.
///
/// # Errors
/// 422 with every field that is wrong.
pub(super) fn check(kind: &ConnectionType, place: &Place, metadata: &JsonMap) -> Result<()> {
    let mut checks = Checks::new();
    for (ends, end, pointer) in
        [(&kind.from, &place.from, "/fromId"), (&kind.to, &place.to, "/toId")]
    {
        if let Ends::Of(names) = ends {
            checks.that(
                ends.allows(&end.kind),
                pointer,
                "wrong_end",
                format!(
                    "is of type {}; for `{}` it must be {}.",
                    end.kind,
                    kind.name,
                    any_of(names)
                ),
            );
        }
    }
    for (key, allowed) in &kind.metadata {
        let pointer = format!("/metadata/{}", key.replace('~', "~0").replace('/', "~1"));
        let value = metadata.get(key).filter(|value| !value.is_null());
        checks.that(
            value.is_some(),
            &pointer,
            "missing_field",
            format!("is required for `{}`.", kind.name),
        );
        if let (Some(value), Some(allowed)) = (value, allowed) {
            let known = value.as_str().is_some_and(|text| allowed.iter().any(|one| one == text));
            checks.that(known, &pointer, "unknown_value", format!("must be {}.", any_of(allowed)));
        }
    }
    checks.done()
}

fn any_of(names: &[String]) -> String {
    match names {
        [one] => format!("`{one}`"),
        names => format!("one of {}", names.join(", ")),
    }
}
