//! Answering invitations, and seeing them.

use database::Tx;
use kernel::access::{Right, Standing};
use kernel::{Caller, Identity, Work};
use serde_json::json;
use types::{Error, Json, Result, Time};
use world::people;
use world::roles;
use world::roles::model::Held;

pub(super) use super::invite::invite;
use super::model::{
    AnsweredInvitation, InvitationStatus, ListedInvitation, OrganizationInvitation,
    ReceivedInvitation,
};
use super::sql::{self, Stored};
use crate::IdentityApp;
use crate::organizations::seat::{inside, of, seat};
use crate::organizations::{codes, members, sql as organizations, teams};
use crate::sessions::{Present, present};
use crate::users;

/// Whoever is invited, at their device.
struct Recipient {
    who: Present,
    stored: Stored,
}

/// An open invitation to the caller. The address must be proven theirs: anybody can make an account
/// with anybody's address.
async fn received(
    tx: &mut Tx,
    house: &IdentityApp,
    caller: &Caller,
    id: &str,
    unproven: fn() -> Error,
) -> Result<Recipient> {
    let who = present(caller)?;
    let id = id.parse().map_err(|_| codes::invitation_not_found())?;
    // Whoever is invited is not in that tree yet.
    let stored = tx.beyond(async |tx| sql::find(tx, id).await).await?;
    let stored = stored.filter(|stored| stored.is_open(house.now()));
    let stored = stored.ok_or_else(codes::invitation_not_found)?;
    let (_, email, verified) =
        members::sql::email_of(tx, who.user).await?.ok_or_else(Error::unauthenticated)?;
    if email != stored.invitation.email {
        return Err(codes::you_are_not_the_recipient_of_the_invitation());
    }
    if house.parts.settings.invitation_needs_verified_email && !verified {
        return Err(unproven());
    }
    tx.enter([stored.invitation.organization_id]);
    Ok(Recipient { who, stored })
}

/// Accepts an invitation: the caller is a member, in the role it gives, and works in that
/// organization from now on. Whoever invited must still be able to.
///
/// # Errors
/// 401; 400 `invitation_not_found` also when it was answered or has expired,
/// `organization_not_found`, `inviter_is_no_longer_a_member_of_the_organization`,
/// `user_is_already_a_member_of_this_organization`; 403
/// `you_are_not_the_recipient_of_the_invitation`,
/// `email_verification_required_before_accepting_or_rejecting_invitation`.
pub(super) async fn accept(
    house: &IdentityApp,
    caller: &Caller,
    id: String,
) -> Result<AnsweredInvitation> {
    let inside = house.clone();
    house
        .change(caller, async move |work| {
            let unproven =
                codes::email_verification_required_before_accepting_or_rejecting_invitation;
            let recipient = received(work.tx, &inside, work.caller, &id, unproven).await?;
            let Recipient { who, stored } = recipient;
            let mut invitation = stored.invitation.clone();
            let (id, group, now) = (invitation.id, invitation.organization_id, work.now);
            let role = still_given(work.tx, &stored, now).await?;
            if !sql::close(work.tx, id, InvitationStatus::Accepted, now).await? {
                return Err(codes::invitation_not_found());
            }
            invitation.status = InvitationStatus::Accepted;
            join(work, who, &invitation, role).await?;
            let team = join_team(work, who, &invitation).await?;
            organizations::set_active(work.tx, who.session, Some(group), team).await?;
            let member = members::sql::find(work.tx, group, who.person).await?;
            let mut member = member.ok_or_else(codes::member_not_found)?;
            member.user = None;
            Ok(AnsweredInvitation { invitation, member: Some(member) })
        })
        .await
}

/// The role an invitation gives, if whoever made it may still give it, and its team.
async fn still_given(tx: &mut Tx, stored: &Stored, now: Time) -> Result<Held> {
    let gone = codes::inviter_is_no_longer_a_member_of_the_organization;
    let group = stored.invitation.organization_id;
    if organizations::find(tx, stored.inviter, group).await?.is_none() {
        // Archived, or no longer theirs: both end what they promised.
        return Err(gone());
    }
    if users::is_banned(tx, stored.inviter, now).await? {
        return Err(gone());
    }
    let inviter = Identity::of_person(tx, stored.inviter).await?;
    let at = inviter.memberships.iter().find(|one| one.group == group).ok_or_else(gone)?;
    let place = Standing { group, rights: at.rights, role: Some(at.role), owns: false };
    let role = roles::rules::held(tx, group, stored.rank, stored.custom.as_deref()).await?;
    let seats = stored.invitation.team_id.is_none() || teams::rules::may_seat(&place);
    if place.rights.has(Right::PeopleCreate) && people::rules::reaches(&place, &role) && seats {
        return Ok(role);
    }
    Err(gone())
}

async fn join(
    work: &mut Work<'_>,
    who: Present,
    invitation: &OrganizationInvitation,
    role: Held,
) -> Result<()> {
    let group = invitation.organization_id;
    let metadata = Json::of(&json!({ "role": role.name(), "invitationId": invitation.id }))?;
    people::rules::admit(work, group, who.person, role, &[]).await.map_err(|error| {
        let already = codes::user_is_already_a_member_of_this_organization;
        codes::told(error, &[("already_member", already)])
    })?;
    work.announce(group, "user_joined_group", who.person, &metadata).await
}

/// Into the team as well, if it is still there.
async fn join_team(
    work: &mut Work<'_>,
    who: Present,
    invitation: &OrganizationInvitation,
) -> Result<Option<types::GroupId>> {
    let Some(team) = invitation.team_id else { return Ok(None) };
    let found = teams::sql::find(work.tx, invitation.organization_id, team).await?;
    let Some(team) = found else { return Ok(None) };
    teams::rules::join(work, team.id, who.person).await?;
    Ok(Some(team.id))
}

/// Turns an invitation down.
///
/// # Errors
/// 401; 400 `invitation_not_found`; 403 as [`accept`].
pub(super) async fn reject(
    house: &IdentityApp,
    caller: &Caller,
    id: String,
) -> Result<AnsweredInvitation> {
    let inside = house.clone();
    house
        .change(caller, async move |work| {
            let unproven =
                codes::email_verification_required_before_accepting_or_rejecting_invitation;
            let recipient = received(work.tx, &inside, work.caller, &id, unproven).await?;
            let invitation = recipient.stored.invitation;
            let invitation = close(work, invitation, InvitationStatus::Rejected).await?;
            Ok(AnsweredInvitation { invitation, member: None })
        })
        .await
}

/// Takes an invitation back.
///
/// # Errors
/// 401; 400 `invitation_not_found` also for one into an organization that is not the caller's; 403
/// `you_are_not_allowed_to_cancel_this_invitation`.
pub(super) async fn cancel(
    house: &IdentityApp,
    caller: &Caller,
    id: String,
) -> Result<OrganizationInvitation> {
    house
        .change(caller, async move |work| {
            let seat = seat(work.tx, work.caller).await?;
            let none = codes::invitation_not_found;
            let id = id.parse().map_err(|_| none())?;
            let invitation = sql::find(work.tx, id).await?.ok_or_else(none)?.invitation;
            let group = invitation.organization_id;
            let inside = of(work.tx, work.caller, seat, group).await?.ok_or_else(none)?;
            if !inside.has(Right::PeopleCreate) {
                return Err(codes::you_are_not_allowed_to_cancel_this_invitation());
            }
            close(work, invitation, InvitationStatus::Canceled).await
        })
        .await
}

/// Closes one that waits, and tells so.
async fn close(
    work: &mut Work<'_>,
    mut invitation: OrganizationInvitation,
    status: InvitationStatus,
) -> Result<OrganizationInvitation> {
    let now = work.now;
    if !sql::close(work.tx, invitation.id, status, now).await? {
        return Err(codes::invitation_not_found());
    }
    invitation.status = status;
    let kind = match status {
        InvitationStatus::Rejected => "invitation_rejected",
        _ => "invitation_canceled",
    };
    let metadata = Json::of(&json!({ "role": invitation.role }))?;
    work.announce(invitation.organization_id, kind, invitation.id, &metadata).await?;
    Ok(invitation)
}

/// An open invitation, for whoever is invited.
///
/// # Errors
/// 401; 400 `invitation_not_found`, `organization_not_found`,
/// `inviter_is_no_longer_a_member_of_the_organization`; 403
/// `you_are_not_the_recipient_of_the_invitation`, `email_verification_required_for_invitation`.
pub(super) async fn get(
    house: &IdentityApp,
    caller: &Caller,
    id: String,
) -> Result<ReceivedInvitation> {
    let (caller, inside) = (caller.clone(), house.clone());
    house
        .store(&caller)
        .read(async move |tx| {
            let unproven = codes::email_verification_required_for_invitation;
            let stored = received(tx, &inside, &caller, &id, unproven).await?.stored;
            let gone = codes::inviter_is_no_longer_a_member_of_the_organization;
            let group = stored.invitation.organization_id;
            let found = organizations::find(tx, stored.inviter, group).await?;
            let (organization, ..) = found.ok_or_else(gone)?;
            let inviter = members::sql::find(tx, group, stored.inviter).await?;
            let inviter = inviter.and_then(|member| member.user).ok_or_else(gone)?;
            Ok(ReceivedInvitation {
                invitation: stored.invitation,
                organization_name: organization.name,
                organization_slug: organization.slug,
                inviter_email: inviter.email,
            })
        })
        .await
}

/// The invitations of an organization, for who may invite.
///
/// # Errors
/// 401; 400 `no_active_organization`; 403 `you_are_not_a_member_of_this_organization`,
/// `you_are_not_allowed_to_invite_users_to_this_organization`.
pub(super) async fn list(
    house: &IdentityApp,
    caller: &Caller,
    given: Option<String>,
) -> Result<Vec<OrganizationInvitation>> {
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| {
            let missing = codes::no_active_organization;
            let inside = inside(tx, &caller, given.as_deref(), missing).await?;
            let inside = inside.ok_or_else(codes::you_are_not_a_member_of_this_organization)?;
            if !inside.has(Right::PeopleCreate) {
                return Err(codes::you_are_not_allowed_to_invite_users_to_this_organization());
            }
            sql::list(tx, inside.organization.id).await
        })
        .await
}

/// The open invitations to the caller's address, which must be proven theirs.
///
/// # Errors
/// 401; 403 `email_verification_required_for_invitation`.
pub(super) async fn list_mine(
    house: &IdentityApp,
    caller: &Caller,
) -> Result<Vec<ListedInvitation>> {
    let (who, now) = (present(caller)?, house.now());
    house
        .store(caller)
        .read(async move |tx| {
            let found = members::sql::email_of(tx, who.user).await?;
            let (_, email, verified) = found.ok_or_else(Error::unauthenticated)?;
            if !verified {
                return Err(codes::email_verification_required_for_invitation());
            }
            let listed = |stored: Stored| ListedInvitation {
                invitation: stored.invitation,
                organization_name: stored.organization_name,
            };
            let open = tx.beyond(async |tx| sql::of_email(tx, &email, now).await).await?;
            Ok(open.into_iter().map(listed).collect())
        })
        .await
}
