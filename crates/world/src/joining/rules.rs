//! Who comes into a group by themselves, and who decides about those who ask.

use kernel::access::{self, Right, Role};
use kernel::events::NewEvent;
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Checks, Error, ErrorKind, GroupId, JoinRequestId, Json, PersonId, Result};

use super::model::{Approval, JoinRequest, Joined, Joining, RequestFilter, RequestStatus};
use super::sql;
use crate::groups;
use crate::groups::model::JoinPolicy;
use crate::listing::Slice;
use crate::people;
use crate::people::model::Person;
use crate::roles;
use crate::roles::model::Held;

/// Characters of a message.
const MAX_MESSAGE: usize = 500;

/// Makes the caller a member, or asks for it, as the group's policy says. Asking again changes
/// nothing.
///
/// # Errors
/// 401; 403 `invite_only`, and for an API key; 404 when there is no group they may see; 409
/// `already_member`, or in an archived group; 422 for a message that is too long.
pub async fn join(app: &App, caller: &Caller, group: GroupId, joining: Joining) -> Result<Joined> {
    let message = joining.message.as_deref().unwrap_or_default();
    Checks::new().text("/message", message, 0, MAX_MESSAGE).done()?;
    app.change(caller, async move |work| join_in(work, group, &joining).await).await
}

async fn join_in(work: &mut Work<'_>, id: GroupId, joining: &Joining) -> Result<Joined> {
    access::standing_to_change(work.tx, work.caller, id).await?;
    let me = themselves(work.caller)?;
    let group = groups::rules::visible(work.tx, work.caller, id).await?;
    if people::rules::is_member(work.tx, id, me).await? {
        return Err(people::rules::already_member());
    }
    match group.settings.join_policy {
        JoinPolicy::Open => {
            if let Some(open) = sql::pending(work.tx, id, me).await? {
                sql::answer(work.tx, open.id, RequestStatus::Approved, None, work.now).await?;
            }
            let member = welcome(work, id, me, Role::Customer.into()).await?;
            Ok(Joined::Member(Box::new(member)))
        }
        JoinPolicy::ApprovalRequired => Ok(Joined::Asked(ask(work, id, me, joining).await?)),
        JoinPolicy::InviteOnly => Err(Error::new(
            ErrorKind::Forbidden,
            "invite_only",
            "Nobody joins this group by themselves: ask an owner to add you.",
        )),
    }
}

async fn ask(
    work: &mut Work<'_>,
    group: GroupId,
    me: PersonId,
    joining: &Joining,
) -> Result<JoinRequest> {
    if let Some(open) = sql::pending(work.tx, group, me).await? {
        work.silently();
        return Ok(open);
    }
    let request = JoinRequest {
        id: JoinRequestId(work.id()),
        group_id: group,
        person_id: me,
        message: joining.message.clone().filter(|text| !text.is_empty()),
        status: RequestStatus::Pending,
        decided_by: None,
        created_at: work.now,
        updated_at: work.now,
    };
    sql::insert(work.tx, &request).await?;
    tell(work, "join_requested", &request).await?;
    Ok(request)
}

async fn welcome(
    work: &mut Work<'_>,
    group: GroupId,
    person: PersonId,
    role: Held,
) -> Result<Person> {
    let name = role.name().to_owned();
    let member = people::rules::admit(work, group, person, role, &[]).await?;
    let metadata = Json::of(&json!({"role": name, "permissions": []}))?;
    work.announce(group, "user_joined_group", person, &metadata).await?;
    let (person, _) = people::rules::find(work.tx, person).await?.ok_or_else(Error::not_found)?;
    Ok(person.in_group(member))
}

/// A page of the requests about a group, and one more when another page follows.
///
/// # Errors
/// 401, 404 by policy; 403 without `people:create`.
pub async fn list(
    app: &App,
    caller: &Caller,
    group: GroupId,
    filter: RequestFilter,
    slice: Slice,
) -> Result<Vec<JoinRequest>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            access::standing(tx, &caller, group).await?.require(Right::PeopleCreate)?;
            sql::list(tx, Some(group), None, filter, slice).await
        })
        .await
}

/// A page of the caller's own requests, in whichever group.
///
/// # Errors
/// 401; 403 for an API key.
pub async fn list_own(
    app: &App,
    caller: &Caller,
    filter: RequestFilter,
    slice: Slice,
) -> Result<Vec<JoinRequest>> {
    let me = themselves(caller)?;
    app.store(caller).read(async move |tx| sql::list(tx, None, Some(me), filter, slice).await).await
}

/// Lets somebody in who asked.
///
/// # Errors
/// 401, 404 by policy; 403 without `people:create`, and `role_above_own`; 409 `request_answered`,
/// `already_member`, or in an archived group; 422 for an unknown role.
pub async fn approve(
    app: &App,
    caller: &Caller,
    group: GroupId,
    id: JoinRequestId,
    approval: Approval,
) -> Result<JoinRequest> {
    if let Some(name) = &approval.role {
        roles::rules::check_name(name)?;
    }
    app.change(caller, async move |work| {
        let request = in_group(work, group, id).await?;
        let role = match &approval.role {
            Some(name) => roles::rules::find(work.tx, group, name).await?,
            None => Role::GroupUser.into(),
        };
        people::rules::may_appoint(work, group, &role).await?;
        let request = answer(work, request, RequestStatus::Approved).await?;
        welcome(work, group, request.person_id, role).await?;
        Ok(request)
    })
    .await
}

/// Lets somebody know that they are not let in.
///
/// # Errors
/// As [`approve`].
pub async fn reject(
    app: &App,
    caller: &Caller,
    group: GroupId,
    id: JoinRequestId,
) -> Result<JoinRequest> {
    app.change(caller, async move |work| {
        let request = in_group(work, group, id).await?;
        let request = answer(work, request, RequestStatus::Rejected).await?;
        tell(work, "join_request_rejected", &request).await?;
        Ok(request)
    })
    .await
}

/// Takes one's own request back, whatever one may see of the group by now.
///
/// # Errors
/// 401; 403 for an API key; 404 when it is not the caller's; 409 `request_answered`.
pub async fn cancel(app: &App, caller: &Caller, id: JoinRequestId) -> Result<()> {
    let me = themselves(caller)?;
    app.change(caller, async move |work| {
        let request = sql::find(work.tx, id).await?.filter(|request| request.person_id == me);
        let request = request.ok_or_else(Error::not_found)?;
        let request = answer(work, request, RequestStatus::Canceled).await?;
        tell(work, "join_request_canceled", &request).await
    })
    .await
}

/// Takes the caller out of a group.
///
/// # Errors
/// 401; 403 for an API key; 404 when they are not in it; 409 `last_owner`, `personal_group`, or in
/// an archived group.
pub async fn leave(app: &App, caller: &Caller, group: GroupId) -> Result<()> {
    let me = themselves(caller)?;
    people::rules::remove(app, caller, me, group).await
}

/// A person in their own name.
fn themselves(caller: &Caller) -> Result<PersonId> {
    access::require_known(caller)?;
    caller.person().filter(|_| caller.identity().key.is_none()).ok_or_else(|| {
        Error::forbidden("People join and leave by themselves: sign in, without an API key.")
    })
}

/// A request about a group in which the caller decides.
async fn in_group(work: &mut Work<'_>, group: GroupId, id: JoinRequestId) -> Result<JoinRequest> {
    let place = access::standing_to_change(work.tx, work.caller, group).await?;
    place.require(Right::PeopleCreate)?;
    let request = sql::find(work.tx, id).await?.filter(|request| request.group_id == group);
    request.ok_or_else(Error::not_found)
}

/// The one who comes first answers; all others are told that it was.
async fn answer(
    work: &mut Work<'_>,
    request: JoinRequest,
    status: RequestStatus,
) -> Result<JoinRequest> {
    let by = work.me().filter(|me| *me != request.person_id);
    if !sql::answer(work.tx, request.id, status, by, work.now).await? {
        return Err(Error::conflict("request_answered", "This request was answered already."));
    }
    Ok(JoinRequest { status, decided_by: by, updated_at: work.now, ..request })
}

/// Who asks is nobody's business but theirs and the owners'.
async fn tell(work: &mut Work<'_>, kind: &'static str, request: &JoinRequest) -> Result<()> {
    let metadata = Json::of(&json!({"requestId": request.id}))?;
    let event = NewEvent::new(request.group_id, kind, Some(request.person_id.into()), &metadata);
    work.record(event.about("private", Some(request.person_id))).await?;
    Ok(())
}
