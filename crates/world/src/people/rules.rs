//! What may be read of people, and how they come into a group.

use database::Tx;
use kernel::access::{self, Right, Role, Standing};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Error, ErrorKind, GroupId, Json, JsonMap, PersonId, Result};

pub(crate) use super::change::appoint_as_is;
pub use super::change::{appoint_in, update, update_in};
pub use super::check::{MAX_NAME, is_username};
pub use super::lookup::{by_username, me};
pub(crate) use super::lookup::{known, list};
use super::members::{above, is_me, may_grant, may_keep};
pub use super::members::{admit, dismiss, reaches, remove, remove_in};
pub(crate) use super::members::{
    already_member, is_member, may_appoint, may_lend, may_own, read_permissions,
};
use super::model::{Member, NewPerson, Person, PersonGroup};
use super::sql::Reach;
pub(crate) use super::sql::find;
pub use super::sql::is_username_taken;
use super::{check, sql};
use crate::groups;
use crate::groups::model::JoinPolicy;
use crate::listing::Slice;
use crate::roles;
use crate::roles::model::Held;
use crate::things::expand::OwnerRef;

/// One person; with a group, also what they are there.
///
/// # Errors
/// 401; 403 without `people:read` in the group; 404 when there is none the caller may see, or
/// they are not in the group.
pub async fn get(
    app: &App,
    caller: &Caller,
    id: PersonId,
    group: Option<GroupId>,
) -> Result<Person> {
    let caller = caller.clone();
    app.store(&caller).read(async move |tx| visible(tx, &caller, id, group).await).await
}

/// The same inside a transaction.
///
/// # Errors
/// As [`get`].
pub async fn visible(
    tx: &mut Tx,
    caller: &Caller,
    id: PersonId,
    group: Option<GroupId>,
) -> Result<Person> {
    access::require_known(caller)?;
    let Some(group) = group else {
        if !is_me(caller, id) && !sql::is_within(tx, id, &reach(caller)).await? {
            return Err(Error::not_found());
        }
        return Ok(sql::find(tx, id).await?.ok_or_else(Error::not_found)?.0);
    };
    let place = access::standing(tx, caller, group).await?;
    if !is_me(caller, id) {
        place.require(Right::PeopleRead)?;
    }
    let member = sql::membership(tx, group, id).await?.ok_or_else(Error::not_found)?;
    let (person, _) = sql::find(tx, id).await?.ok_or_else(Error::not_found)?;
    Ok(person.in_group(member))
}

/// Those of these people that the caller may see, in a few words.
///
/// # Errors
/// As [`Tx::all`].
pub async fn refs(tx: &mut Tx, caller: &Caller, ids: &[PersonId]) -> Result<Vec<OwnerRef>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sql::refs(tx, ids, caller.person(), &reach(caller)).await
}

/// The member of a group with this address, if the caller may read its members.
///
/// # Errors
/// 401, 404 by policy.
pub async fn with_email(
    work: &mut Work<'_>,
    group: GroupId,
    email: &str,
) -> Result<Option<PersonId>> {
    let place = access::standing(work.tx, work.caller, group).await?;
    if !place.rights.has(Right::PeopleRead) {
        return Ok(None);
    }
    sql::with_email(work.tx, group, &check::email(email)).await
}

/// A page of the groups somebody is in, and one more when another page follows: all of them for
/// themselves, else those whose members the caller may read.
///
/// # Errors
/// 401; 404 when the caller may not see the person.
pub async fn groups_of(
    app: &App,
    caller: &Caller,
    id: PersonId,
    slice: Slice,
) -> Result<Vec<PersonGroup>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            visible(tx, &caller, id, None).await?;
            let reach = if is_me(&caller, id) {
                Reach { all: true, ..Reach::default() }
            } else {
                reach(&caller)
            };
            sql::groups_of(tx, id, &reach, slice).await
        })
        .await
}

/// Whose memberships a caller may read: those of groups where they have `people:read`, and of all
/// below the ones they own.
pub(super) fn reach(caller: &Caller) -> Reach {
    let identity = caller.identity();
    let readable = || identity.memberships.iter().filter(|one| one.rights.has(Right::PeopleRead));
    Reach {
        all: identity.platform_owner,
        groups: readable().map(|one| one.group).collect(),
        below: readable().filter(|one| one.role >= Role::GroupOwner).map(|one| one.group).collect(),
    }
}

/// Adds somebody to a group: a person there is, or a new record. An e-mail address is a note in a
/// new record and no more: nobody has proven that it is theirs, so it brings in no account and
/// tells of none.
///
/// # Errors
/// 401, 403, 404 by policy; 403 `role_above_own`, `permissions_above_own`, `invite_only`; 409
/// `already_member`, `username_taken`, or in an archived group; 422 for what is not sensible.
pub async fn add(app: &App, caller: &Caller, new: NewPerson) -> Result<Person> {
    app.change(caller, async move |work| add_in(work, &new).await).await
}

/// Either an id and nothing else about them, or a record.
fn check_choice(new: &NewPerson) -> Result<()> {
    let wrong = |pointer: &str, code: &'static str, message: &str| {
        Err(Error::invalid(pointer, code, message))
    };
    if new.person_id.is_none() {
        return match new.display_name {
            Some(_) => Ok(()),
            None => wrong("/displayName", "missing_field", "is needed, or `personId` instead."),
        };
    }
    let described = [
        ("/displayName", new.display_name.is_some()),
        ("/email", new.email.is_some()),
        ("/username", new.username.is_some()),
        ("/bio", new.bio.is_some()),
        ("/avatar", new.avatar.is_some()),
        ("/metadata", !new.metadata.is_empty()),
    ];
    match described.into_iter().find(|(_, sent)| *sent) {
        Some((pointer, _)) => {
            wrong(pointer, "not_allowed", "is the person's own: leave it out beside `personId`.")
        }
        None => Ok(()),
    }
}

/// The same inside a change that is already being made.
///
/// # Errors
/// As [`add`].
pub async fn add_in(work: &mut Work<'_>, new: &NewPerson) -> Result<Person> {
    if let Some(name) = &new.role {
        roles::rules::check_name(name)?;
    }
    let rights = read_permissions(&new.permissions)?;
    check_choice(new)?;
    let place = access::standing_to_change(work.tx, work.caller, new.group_id).await?;
    let role = match &new.role {
        Some(name) => Some(roles::rules::find(work.tx, new.group_id, name).await?),
        None => None,
    };
    if let Some(me) = new.person_id.filter(|id| is_me(work.caller, *id))
        && !place.rights.has(Right::PeopleCreate)
    {
        return join(work, me, new, role).await;
    }
    place.require(Right::PeopleCreate)?;
    let role = role.unwrap_or(Role::GroupUser.into());
    may_grant(work, &place, &role).await?;
    may_lend(&place, rights)?;
    let email = new.email.as_deref().map(check::email);
    let Some(id) = new.person_id else {
        let record = record(work, new, email)?;
        return begin(work, record, &place, new, role).await;
    };
    let person = visible(work.tx, work.caller, id, None).await?;
    if person.user_id.is_none() {
        may_keep(work, id).await?;
    }
    bring_in(work, id, new, role).await
}

/// The record a body describes.
fn record(work: &Work<'_>, new: &NewPerson, email: Option<String>) -> Result<Person> {
    Ok(Person {
        id: PersonId(work.id()),
        user_id: None,
        email,
        username: new.username.clone(),
        display_name: new.display_name.clone().unwrap_or_default(),
        bio: new.bio.clone(),
        avatar: new.avatar.clone(),
        metadata: Json::of::<JsonMap>(&new.metadata)?,
        group_id: None,
        role: None,
        permissions: None,
        status: None,
        version: 1,
        created_at: work.now,
        updated_at: work.now,
    })
}

/// Joins an open group by oneself.
async fn join(
    work: &mut Work<'_>,
    me: PersonId,
    new: &NewPerson,
    role: Option<Held>,
) -> Result<Person> {
    let group = groups::rules::visible(work.tx, work.caller, new.group_id).await?;
    if sql::membership(work.tx, group.id, me).await?.is_none()
        && group.settings.join_policy != JoinPolicy::Open
    {
        return Err(Error::new(
            ErrorKind::Forbidden,
            "invite_only",
            "Nobody joins this group by themselves: ask an owner to add you.",
        ));
    }
    if role.is_some_and(|role| role.rank > Role::Customer) || !new.permissions.is_empty() {
        return Err(above());
    }
    bring_in(work, me, new, Role::Customer.into()).await
}

/// Makes a person there is a member.
async fn bring_in(
    work: &mut Work<'_>,
    id: PersonId,
    new: &NewPerson,
    role: Held,
) -> Result<Person> {
    let member = admit(work, new.group_id, id, role, &new.permissions).await?;
    let (person, _) = sql::find(work.tx, id).await?.ok_or_else(Error::not_found)?;
    tell(work, "user_joined_group", id, &member).await?;
    Ok(person.in_group(member))
}

/// Makes a record and a member of it.
async fn begin(
    work: &mut Work<'_>,
    person: Person,
    place: &Standing,
    new: &NewPerson,
    role: Held,
) -> Result<Person> {
    // Told only to those who may look it up.
    if let Some(email) = &person.email
        && place.rights.has(Right::PeopleRead)
        && sql::is_email_in(work.tx, place.group, email).await?
    {
        return Err(Error::conflict("already_member", "Somebody with this address is a member."));
    }
    insert_as_is(work, &person, place.group).await?;
    let member = admit(work, place.group, person.id, role, &new.permissions).await?;
    let kind = if person.email.is_some() { "user_invited_to_group" } else { "user_joined_group" };
    tell(work, kind, person.id, &member).await?;
    Ok(person.in_group(member))
}

/// Stores a person who has their identity already (import); they are in no group yet, and
/// `group` is the one whose log tells about them.
///
/// # Errors
/// 409 when the id or the username is taken; 422 for what is not sensible.
pub async fn insert_as_is(work: &mut Work<'_>, person: &Person, group: GroupId) -> Result<()> {
    check::check(person)?;
    free_username(work.tx, person).await?;
    sql::insert(work.tx, person).await.map_err(taken)?;
    let metadata = Json::of(&json!({"displayName": person.display_name}))?;
    work.announce(group, "person_created", person.id, &metadata).await
}

async fn tell(
    work: &mut Work<'_>,
    kind: &'static str,
    id: PersonId,
    member: &Member,
) -> Result<()> {
    let metadata =
        Json::of(&json!({"role": member.role_name(), "permissions": member.permissions}))?;
    work.announce(member.group, kind, id, &metadata).await
}

pub(super) async fn free_username(tx: &mut Tx, person: &Person) -> Result<()> {
    match &person.username {
        Some(name) if sql::is_username_taken(tx, name, person.id).await? => Err(username_taken()),
        _ => Ok(()),
    }
}

/// Two at once with one username pass the look; the store refuses the second.
pub(super) fn taken(error: Error) -> Error {
    if error.code() == "already_exists" { username_taken() } else { error }
}

fn username_taken() -> Error {
    Error::conflict("username_taken", "This username belongs to somebody else; choose another.")
}
