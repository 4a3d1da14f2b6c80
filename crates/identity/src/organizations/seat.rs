//! Who calls, from which device, and in which organization.

use database::Tx;
use kernel::Caller;
use kernel::access::{self, Right, Standing};
use types::{Error, GroupId, Result};

use super::codes;
use super::model::{Organization, WhichOrganization};
use super::sql;
use crate::sessions::{Present, present};

/// A signed-in device with what is active there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) who: Present,
    /// Only what its owner still belongs to.
    pub(super) organization: Option<GroupId>,
    pub(super) team: Option<GroupId>,
}

/// A member in their organization.
#[derive(Debug, Clone)]
pub(super) struct Inside {
    pub(super) seat: Seat,
    pub(super) organization: Organization,
    pub(super) place: Standing,
}

impl Inside {
    pub(super) fn has(&self, right: Right) -> bool {
        self.place.rights.has(right)
    }
}

/// The device the caller is at.
///
/// # Errors
/// 401 for nobody and for an API key.
pub(super) async fn seat(tx: &mut Tx, caller: &Caller) -> Result<Seat> {
    let who = present(caller)?;
    let (organization, team) = sql::active(tx, who.session).await?;
    let organization = match organization {
        Some(id) => sql::find(tx, who.person, id).await?.map(|_| id),
        None => None,
    };
    let team = team.filter(|team| organization.is_some() && caller.membership(*team).is_some());
    Ok(Seat { who, organization, team })
}

/// The organization of an id, or the active one; none when the caller is no member of such a one.
///
/// # Errors
/// 401; what `missing` says when neither is there.
pub(super) async fn inside(
    tx: &mut Tx,
    caller: &Caller,
    given: Option<&str>,
    missing: fn() -> Error,
) -> Result<Option<Inside>> {
    let seat = seat(tx, caller).await?;
    let id = match given.filter(|text| !text.is_empty()) {
        Some(text) => text.parse().ok(),
        None => Some(seat.organization.ok_or_else(missing)?),
    };
    match id {
        Some(id) => of(tx, caller, seat, id).await,
        None => Ok(None),
    }
}

/// The same, where a slug names it too.
///
/// # Errors
/// As [`inside`]; `organization_not_found` for a slug that is none of the caller's.
pub(super) async fn inside_of(
    tx: &mut Tx,
    caller: &Caller,
    which: &WhichOrganization,
) -> Result<Option<Inside>> {
    let Some(slug) = which.organization_slug.as_deref().filter(|slug| !slug.is_empty()) else {
        let id = which.organization_id.as_deref();
        return inside(tx, caller, id, codes::no_active_organization).await;
    };
    let seat = seat(tx, caller).await?;
    let found = sql::by_slug(tx, seat.who.person, slug).await?;
    let (organization, ..) = found.ok_or_else(codes::organization_not_found)?;
    of(tx, caller, seat, organization.id).await
}

/// A member in an organization they belong to.
pub(super) async fn of(
    tx: &mut Tx,
    caller: &Caller,
    seat: Seat,
    id: GroupId,
) -> Result<Option<Inside>> {
    let Some((organization, ..)) = sql::find(tx, seat.who.person, id).await? else {
        return Ok(None);
    };
    let place = access::standing(tx, caller, id).await?;
    Ok(Some(Inside { seat, organization, place }))
}
