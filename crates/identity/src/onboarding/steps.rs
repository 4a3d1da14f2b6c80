//! The steps that are done by rules of other rooms.

use kernel::{Caller, Work};
use types::{Checks, Error, GroupId, Result};
use web::{IfMatch, Patch};
use world::groups::model::{NewGroup, NewGroupSettings};
use world::knowledge::model::{KnowledgeType, NewKnowledge};
use world::people::model::PersonChange;
use world::{groups, knowledge, people};

use super::model::{
    Invited, Onboarding, Profile, Skills, Step, Team, TeamInvited, Wallet, Workspace,
};
use super::rules::{found, shown, take};
use super::wallets;
use crate::IdentityApp;
use crate::organizations::{self, InviteMember, RoleNames};
use crate::sessions::present;

/// Names in one list.
const MOST_NAMES: usize = 50;
const MAX_NAME: usize = 80;
const MOST_INVITES: usize = 20;

/// Says who the caller is.
///
/// # Errors
/// 401; 409 `username_taken`; 422 for what is not sensible.
pub(super) async fn profile(
    house: &IdentityApp,
    caller: &Caller,
    profile: Profile,
) -> Result<Onboarding> {
    let who = present(caller)?;
    let lists = [
        ("niche", "/niche", profile.niche),
        ("expertise", "/expertise", profile.expertise),
        ("interest", "/interests", profile.interests),
    ];
    let mut checks = Checks::new();
    lists.iter().for_each(|(_, pointer, names)| check_names(&mut checks, pointer, names));
    checks.done()?;
    let change = PersonChange {
        username: Patch::Set(profile.username),
        display_name: profile.display_name,
        bio: profile.bio.map_or(Patch::Absent, Patch::Set),
        ..PersonChange::default()
    };
    house
        .change(caller, async move |work| {
            people::rules::update_in(work, who.person, IfMatch::default(), &change).await?;
            let (account, way) = found(work.tx, who).await?;
            for (prefix, _, names) in &lists {
                label(work, account.personal_group_id, prefix, names).await?;
            }
            take(work, &account, way, Step::Profile).await
        })
        .await
}

fn check_names(checks: &mut Checks, pointer: &str, names: &[String]) {
    let few = names.len() <= MOST_NAMES;
    checks.that(few, pointer, "too_many", format!("must be at most {MOST_NAMES}."));
    for (at, name) in names.iter().enumerate().filter(|_| few) {
        checks.text(&format!("{pointer}/{at}"), name.trim(), 1, MAX_NAME);
    }
}

/// Gives a group its labels `prefix:name`; those it has stay as they are.
async fn label(work: &mut Work<'_>, group: GroupId, prefix: &str, names: &[String]) -> Result<()> {
    for name in names {
        let label = NewKnowledge {
            id: None,
            group_id: Some(group),
            kind: KnowledgeType::Label,
            text: Some(format!("{prefix}:{}", name.trim().to_lowercase())),
            source_thing_id: None,
            labels: Vec::new(),
            metadata: types::JsonMap::new(),
            role: None,
        };
        knowledge::rules::insert_in(work, &label).await?;
    }
    Ok(())
}

/// Makes the caller a group to work in.
///
/// # Errors
/// 401; 409 `slug_taken`; 422 for what is not sensible.
pub(super) async fn workspace(
    house: &IdentityApp,
    caller: &Caller,
    new: Workspace,
) -> Result<Onboarding> {
    let who = present(caller)?;
    let group = NewGroup {
        parent_group_id: None,
        slug: new.slug,
        name: new.name,
        kind: "business".to_owned(),
        description: None,
        settings: NewGroupSettings::default(),
        metadata: types::JsonMap::new(),
    };
    house
        .change(caller, async move |work| {
            let made = groups::rules::create_in(work, &group).await?;
            let (account, mut way) = found(work.tx, who).await?;
            way.workspace = Some(made.id);
            take(work, &account, way, Step::Workspace).await
        })
        .await
}

/// Invites people into a group the caller owns, each for itself: one that is refused does not keep
/// the others. The step is taken when one letter is on its way.
///
/// # Errors
/// 401; 403 for anybody but an owner; 404 for a group the caller may not see; 409
/// `workspace_missing`; 422 for too many.
pub(super) async fn team(house: &IdentityApp, caller: &Caller, team: Team) -> Result<TeamInvited> {
    let who = present(caller)?;
    let few = (1..=MOST_INVITES).contains(&team.invites.len());
    Checks::new().that(few, "/invites", "out_of_range", "must be 1 to 20.").done()?;
    let (asking, named) = (caller.clone(), team.group_id);
    let group = house
        .store(&asking)
        .read(async move |tx| {
            let (_, way) = found(tx, who).await?;
            let group = named.or(way.workspace).ok_or_else(no_workspace)?;
            let place = kernel::access::standing(tx, &asking, group).await?;
            if place.owns {
                Ok(group)
            } else {
                Err(Error::forbidden("Only an owner invites here."))
            }
        })
        .await?;
    let mut results = Vec::new();
    for invite in team.invites {
        let form = InviteMember {
            email: invite.email.clone(),
            role: RoleNames::One(invite.role),
            organization_id: Some(group.to_string()),
            resend: None,
            team_id: None,
        };
        results.push(invited(invite.email, organizations::invite(house, caller, form).await)?);
    }
    let any = results.iter().any(|one| one.invited);
    let onboarding = house
        .change(caller, async move |work| {
            let (account, way) = found(work.tx, who).await?;
            if any && !way.taken.contains_key(&Step::Team) {
                take(work, &account, way, Step::Team).await
            } else {
                Ok(shown(&account, &way))
            }
        })
        .await?;
    Ok(TeamInvited { results, onboarding })
}

/// What became of an invitation; only what is our fault ends them all.
fn invited<T>(email: String, outcome: Result<T>) -> Result<Invited> {
    match outcome {
        Ok(_) => Ok(Invited { email, invited: true, code: None, message: None }),
        Err(error) if error.kind().status() >= 500 => Err(error),
        Err(error) => Ok(Invited {
            email,
            invited: false,
            code: Some(error.code().to_owned()),
            message: Some(error.message().to_owned()),
        }),
    }
}

fn no_workspace() -> Error {
    Error::conflict("workspace_missing", "Make a workspace first, or name a group you own.")
}

/// Keeps where the caller is paid.
///
/// # Errors
/// 401; 422 for what is no address.
pub(super) async fn wallet(
    house: &IdentityApp,
    caller: &Caller,
    wallet: Wallet,
) -> Result<Onboarding> {
    let who = present(caller)?;
    let mut checks = Checks::new();
    wallets::check(&mut checks, &wallet.address);
    checks.that(wallet.chain_id > 0, "/chainId", "out_of_range", "must be at least 1.").done()?;
    house
        .change(caller, async move |work| {
            let (account, mut way) = found(work.tx, who).await?;
            way.wallet = Some(wallet.address.clone());
            way.chain = Some(wallet.chain_id);
            take(work, &account, way, Step::Wallet).await
        })
        .await
}

/// Says what the caller can do.
///
/// # Errors
/// 401; 422 for what is not sensible.
pub(super) async fn skills(
    house: &IdentityApp,
    caller: &Caller,
    Skills { skills }: Skills,
) -> Result<Onboarding> {
    let who = present(caller)?;
    let mut checks = Checks::new();
    checks.that(!skills.is_empty(), "/skills", "too_short", "must name one at least.");
    check_names(&mut checks, "/skills", &skills);
    checks.done()?;
    house
        .change(caller, async move |work| {
            let (account, way) = found(work.tx, who).await?;
            label(work, account.personal_group_id, "skill", &skills).await?;
            take(work, &account, way, Step::Skills).await
        })
        .await
}
