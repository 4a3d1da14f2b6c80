//! Finding people: the members of a group, or one by name or address among those the caller sees.

use database::Tx;
use filter::Given;
use kernel::access::{self, Right};
use kernel::{App, Caller, Work};
use types::{Checks, Error, ErrorKind, GroupId, PersonId, Result};

use super::members::{is_me, may_keep};
use super::model::{Person, PersonFilter};
use super::rules::{reach, visible};
use super::{called, check, sql};
use crate::listing::{self, Ask, Found};
use crate::roles;

/// A page of a group's members, or of whoever the caller sees that a name finds.
///
/// # Errors
/// 401, 404 by policy; 403 without `people:read`, and with the children for anybody but an owner;
/// 422 for an unknown role, and for neither a group nor a name; 422 `query_too_expensive`.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    mut filter: PersonFilter,
    ask: Ask,
) -> Result<Found<Person>> {
    access::require_known(caller)?;
    check_filter(&filter)?;
    filter.email = filter.email.as_deref().map(check::email);
    let (caller, given, asked) = (caller.clone(), listing::given(app, caller), ask.clone());
    asked
        .look(app.store(&caller), async move |tx| match filter.group_id {
            Some(group) => members(tx, (&caller, given), group, &filter, &ask).await,
            None => called::look_up(tx, &reach(&caller), given, &filter, &ask).await,
        })
        .await
}

/// Who somebody that is told of elsewhere is here: the person of this id, or whoever proved that
/// this address is theirs — as far as the caller sees them, and could bring them into a group. An
/// address that nobody proved says nothing.
///
/// # Errors
/// As the store.
pub(crate) async fn known(
    work: &mut Work<'_>,
    id: PersonId,
    email: Option<&str>,
) -> Result<Option<PersonId>> {
    if let Some((person, _)) = sql::find(work.tx, id).await?
        && may_bring(work, &person).await?
    {
        return Ok(Some(id));
    }
    let Some(email) = email else { return Ok(None) };
    let Some(id) = sql::with_proven_email(work.tx, &check::email(email)).await? else {
        return Ok(None);
    };
    let known = is_me(work.caller, id) || sql::is_within(work.tx, id, &reach(work.caller)).await?;
    Ok(known.then_some(id))
}

async fn may_bring(work: &mut Work<'_>, person: &Person) -> Result<bool> {
    if is_me(work.caller, person.id) {
        return Ok(true);
    }
    if !sql::is_within(work.tx, person.id, &reach(work.caller)).await? {
        return Ok(false);
    }
    if person.user_id.is_some() {
        return Ok(true);
    }
    match may_keep(work, person.id).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Forbidden => Ok(false),
        Err(error) => Err(error),
    }
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
    (caller, given): (&Caller, Given),
    group: GroupId,
    filter: &PersonFilter,
    ask: &Ask,
) -> Result<Found<Person>> {
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
    sql::list(tx, (group, given), filter, role.as_ref(), ask).await
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
