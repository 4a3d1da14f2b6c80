//! Inviting: who may, whom, as what, how often.

use std::time::Duration;

use database::Tx;
use kernel::access::Right;
use kernel::mail::Letter;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Checks, Error, GroupId, InvitationId, Json, Result, Time};
use world::people;
use world::roles;
use world::roles::model::Held;

use super::model::{InvitationStatus, InviteMember, OrganizationInvitation, TeamIds};
use super::sql::{self, NewRow, Stored};
use crate::IdentityApp;
use crate::accounts;
use crate::callback::with_query;
use crate::organizations::rules::one_role;
use crate::organizations::seat::{Inside, inside};
use crate::organizations::{codes, members, teams};
use crate::sessions::present;
use crate::tries;

/// Open invitations of one organization at most.
const MOST: i64 = 100;

/// A checked wish to invite somebody.
#[derive(Clone)]
struct Wish {
    email: String,
    role: String,
    organization: Option<String>,
    team: Option<String>,
    resend: bool,
}

/// Invites an address, or invites it once more. Whether there is an account with it makes no
/// difference.
///
/// # Errors
/// 401; 400 `organization_not_found`, `member_not_found`, `role_not_found`, `team_not_found`,
/// `user_is_already_a_member_of_this_organization`,
/// `user_is_already_invited_to_this_organization`; 403
/// `you_are_not_allowed_to_invite_users_to_this_organization`,
/// `you_are_not_allowed_to_invite_user_with_this_role`,
/// `you_are_not_allowed_to_create_a_new_team_member`, `invitation_limit_reached`; 422; 429.
pub(crate) async fn invite(
    house: &IdentityApp,
    caller: &Caller,
    form: InviteMember,
) -> Result<OrganizationInvitation> {
    let who = present(caller)?;
    let wish = wish(form)?;
    // Who may not invite takes no place: nobody keeps mail from an address that way.
    let (asking, asked) = (caller.clone(), wish.clone());
    house.store(&asking).read(async move |tx| may_invite(tx, &asking, &asked).await).await?;
    let places = tries::letter(house, &wish.email, Some(&who.user.to_string()))?;
    let inside = house.clone();
    let done = house.change(caller, async move |work| invite_in(work, &inside, &wish).await).await;
    if done.is_err() {
        places.give_back();
    }
    done
}

fn wish(form: InviteMember) -> Result<Wish> {
    let email = accounts::normalized(&form.email);
    let mut checks = Checks::new();
    checks.email("/email", &email);
    checks.done()?;
    let team = match form.team_id {
        None => None,
        Some(TeamIds::One(id)) => Some(id).filter(|id| !id.is_empty()),
        Some(TeamIds::Several(mut ids)) if ids.len() <= 1 => ids.pop(),
        Some(TeamIds::Several(_)) => {
            let message = "must be one team: add people to others once they are members.";
            return Err(Error::invalid("/teamId", "one_team", message));
        }
    };
    Ok(Wish {
        email,
        role: one_role(&form.role)?,
        organization: form.organization_id,
        team,
        resend: form.resend.unwrap_or(false),
    })
}

/// The organization and the role, if the caller may give it there.
async fn may_invite(tx: &mut Tx, caller: &Caller, wish: &Wish) -> Result<(Inside, Held)> {
    let given = wish.organization.as_deref();
    let inside = inside(tx, caller, given, codes::organization_not_found).await?;
    let inside = inside.ok_or_else(codes::member_not_found)?;
    if !inside.has(Right::PeopleCreate) {
        return Err(codes::you_are_not_allowed_to_invite_users_to_this_organization());
    }
    let role = roles::rules::find(tx, inside.organization.id, &wish.role)
        .await
        .map_err(|error| codes::told(error, &[("unknown_role", codes::role_not_found)]))?;
    if !people::rules::reaches(&inside.place, &role) {
        return Err(codes::you_are_not_allowed_to_invite_user_with_this_role());
    }
    may_seat(&inside, wish.team.is_some())?;
    Ok((inside, role))
}

/// Refuses a team to who may not bring people into teams.
fn may_seat(inside: &Inside, into_team: bool) -> Result<()> {
    if into_team && !teams::rules::may_seat(&inside.place) {
        return Err(codes::you_are_not_allowed_to_create_a_new_team_member());
    }
    Ok(())
}

async fn invite_in(
    work: &mut Work<'_>,
    house: &IdentityApp,
    wish: &Wish,
) -> Result<OrganizationInvitation> {
    let (inside, role) = may_invite(work.tx, work.caller, wish).await?;
    let group = inside.organization.id;
    // Told only to those who may look it up.
    if inside.has(Right::PeopleRead)
        && members::sql::by_email(work.tx, group, &wish.email).await?.is_some()
    {
        return Err(codes::user_is_already_a_member_of_this_organization());
    }
    let expires_at = house.invitation_end(work.now);
    match sql::waiting(work.tx, group, &wish.email).await? {
        Some(open) if open.is_open(work.now) && wish.resend => {
            return resend(work, house, &inside, open, expires_at).await;
        }
        Some(open) if open.is_open(work.now) => {
            return Err(codes::user_is_already_invited_to_this_organization());
        }
        Some(expired) => {
            let (id, now) = (expired.invitation.id, work.now);
            sql::close(work.tx, id, InvitationStatus::Canceled, now).await?;
        }
        None => {}
    }
    if sql::count_open(work.tx, group, work.now).await? >= MOST {
        return Err(codes::invitation_limit_reached());
    }
    let team = team(work.tx, group, wish.team.as_deref()).await?;
    let row = NewRow {
        id: InvitationId(work.id()),
        group,
        team,
        email: &wish.email,
        role: &role,
        inviter: inside.seat.who.person,
        now: work.now,
        expires_at,
    };
    sql::insert(work.tx, &row).await.map_err(|error| {
        codes::told(
            error,
            &[("already_exists", codes::user_is_already_invited_to_this_organization)],
        )
    })?;
    let made = sql::find(work.tx, row.id).await?.ok_or_else(codes::invitation_not_found)?;
    write(work, house, &inside, &made.invitation).await?;
    let metadata = Json::of(&json!({ "role": role.name(), "teamId": team }))?;
    work.announce(group, "user_invited_to_group", made.invitation.id, &metadata).await?;
    Ok(made.invitation)
}

async fn team(tx: &mut Tx, group: GroupId, given: Option<&str>) -> Result<Option<GroupId>> {
    let Some(text) = given else { return Ok(None) };
    let id = text.parse().map_err(|_| codes::team_not_found())?;
    let team = teams::sql::find(tx, group, id).await?.ok_or_else(codes::team_not_found)?;
    Ok(Some(team.id))
}

/// Sends the letter again. It stays the invitation of whoever made it, with the role and the team
/// they gave — which whoever sends it must be able to give as well.
async fn resend(
    work: &mut Work<'_>,
    house: &IdentityApp,
    inside: &Inside,
    open: Stored,
    expires_at: Time,
) -> Result<OrganizationInvitation> {
    let (group, mut invitation) = (inside.organization.id, open.invitation);
    let held = roles::rules::held(work.tx, group, open.rank, open.custom.as_deref()).await?;
    if !people::rules::reaches(&inside.place, &held) {
        return Err(codes::you_are_not_allowed_to_invite_user_with_this_role());
    }
    may_seat(inside, invitation.team_id.is_some())?;
    sql::extend(work.tx, invitation.id, work.now, expires_at).await?;
    invitation.expires_at = expires_at;
    write(work, house, inside, &invitation).await?;
    let metadata = Json::of(&json!({ "role": held.name() }))?;
    work.announce(group, "invitation_resent", invitation.id, &metadata).await?;
    Ok(invitation)
}

async fn write(
    work: &mut Work<'_>,
    house: &IdentityApp,
    inside: &Inside,
    invitation: &OrganizationInvitation,
) -> Result<()> {
    let inviter = members::sql::email_of(work.tx, inside.seat.who.user).await?;
    let inviter = inviter.map(|(name, ..)| name).unwrap_or_default();
    let id = invitation.id.to_string();
    let url = with_query(&format!("{}/accept-invitation", house.app_url()), &[("id", &id)]);
    let letter = Letter::new("invitation", &invitation.email)
        .link(url, &id)
        .fact("inviter", inviter)
        .fact("organization", inside.organization.name.clone())
        .fact("role", invitation.role.clone());
    work.post(&letter).await
}

impl IdentityApp {
    fn invitation_end(&self, now: Time) -> Time {
        let days = u64::from(self.parts.settings.invitation_days);
        now.after(Duration::from_secs(days * 86_400))
    }
}
