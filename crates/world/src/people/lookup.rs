//! Finding people: the members of a group, or one by name or address among those the caller sees.

use database::Tx;
use kernel::access::{self, Right};
use kernel::{App, Caller};
use types::{Checks, Error, GroupId, Result};

use super::model::{Person, PersonFilter};
use super::rules::{reach, visible};
use super::{called, check, sql};
use crate::listing::Slice;
use crate::roles;

/// A page of a group's members, or of whoever the caller sees that a name finds; and one more when
/// another page follows.
///
/// # Errors
/// 401, 404 by policy; 403 without `people:read`, and with the children for anybody but an owner;
/// 422 for an unknown role, and for neither a group nor a name.
pub async fn list(
    app: &App,
    caller: &Caller,
    mut filter: PersonFilter,
    slice: Slice,
) -> Result<Vec<Person>> {
    access::require_known(caller)?;
    check_filter(&filter)?;
    filter.email = filter.email.as_deref().map(check::email);
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| match filter.group_id {
            Some(group) => members(tx, &caller, group, &filter, slice).await,
            None => called::look_up(tx, &reach(&caller), &filter, slice).await,
        })
        .await
}

fn check_filter(filter: &PersonFilter) -> Result<()> {
    if let Some(name) = filter.role.as_deref() {
        roles::rules::check_name(name).map_err(|error| wrong_role(&error))?;
    }
    let named = filter.username.is_some() || filter.email.is_some() || filter.q.is_some();
    let of_group = filter.include_children || filter.role.is_some() || filter.status.is_some();
    let mut checks = Checks::new();
    checks.that(
        filter.group_id.is_some() || (named && !of_group),
        "groupId",
        "missing_parameter",
        "is needed, unless `username`, `email` or `q` says whom to look for, and nothing else.",
    );
    if let Some(q) = &filter.q {
        checks.text("q", q.trim(), 2, check::MAX_NAME);
    }
    checks.done()
}

async fn members(
    tx: &mut Tx,
    caller: &Caller,
    group: GroupId,
    filter: &PersonFilter,
    slice: Slice,
) -> Result<Vec<Person>> {
    let place = access::standing(tx, caller, group).await?;
    place.require(Right::PeopleRead)?;
    if filter.include_children && !place.owns {
        return Err(Error::forbidden("Only an owner of this group may read its children with it."));
    }
    let role = match filter.role.as_deref() {
        Some(name) => {
            Some(roles::rules::find(tx, group, name).await.map_err(|error| wrong_role(&error))?)
        }
        None => None,
    };
    sql::list(tx, group, filter, role.as_ref(), slice).await
}

fn wrong_role(error: &Error) -> Error {
    Error::invalid("role", "unknown_role", error.message().trim_start_matches("role: "))
}

/// The one of a username, if the caller may see them.
///
/// # Errors
/// 401; 404 when there is none.
pub async fn by_username(app: &App, caller: &Caller, username: String) -> Result<Person> {
    access::require_known(caller)?;
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            let found = called::of_username(tx, &username).await?.ok_or_else(Error::not_found)?;
            visible(tx, &caller, found, None).await
        })
        .await
}

/// Whoever calls.
///
/// # Errors
/// 401; 404 for an API key that may not read people.
pub async fn me(app: &App, caller: &Caller) -> Result<Person> {
    let me = caller.person().ok_or_else(Error::unauthenticated)?;
    let caller = caller.clone();
    app.store(&caller).read(async move |tx| visible(tx, &caller, me, None).await).await
}
