//! Why somebody may do something, or may not: the steps of [`standing`](super::standing()) told
//! one by one. The answer itself is the policy's, never worked out a second time.

use database::Tx;
use types::{Error, GroupId, PersonId, Result};

use super::standing::{self, Grant, Source};
use super::{Right, Role, Sight, Standing, require_known};
use crate::Caller;

/// A row somebody asks about.
#[derive(Debug, Clone)]
pub struct Row {
    /// The right that opens rows of its kind.
    pub read: Right,
    /// Who sees it.
    pub visibility: String,
    /// Whose it is, for seeing it.
    pub owner: Option<PersonId>,
    /// Whose it is, for changing it.
    pub maker: Option<PersonId>,
}

/// The answer of the policy.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Whether they may.
    pub allowed: bool,
    /// Whether they see what it is about.
    pub sees: bool,
    /// What led to it: when allowed, everything that allows it; else everything in the way.
    pub reasons: Vec<Reason>,
}

/// One step to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which rule of the policy.
    pub rule: Rule,
    /// The group it looked at.
    pub group: GroupId,
    /// The role held there.
    pub role: Option<Role>,
    /// The right that is there, or is missing.
    pub right: Option<Right>,
}

/// The rules of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Owners of the platform may do everything.
    PlatformOwner,
    /// Role and extra permissions of a member.
    Member,
    /// The same, about what is their own.
    Own,
    /// Owners of a group read what is below it.
    OwnerAbove,
    /// Anybody signed in reads in a public group.
    PublicGroup,
    /// Nothing shows them the group or the row.
    Invisible,
    /// No source gives the right.
    MissingRight,
    /// The same, of somebody who has no role that could give any.
    NoRole,
    /// An API key does not carry the right.
    KeyWithout,
    /// Nothing is changed in an archived group.
    GroupArchived,
}

impl Rule {
    /// The name it is shown by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlatformOwner => "platform_owner",
            Self::Member => "member",
            Self::Own => "own",
            Self::OwnerAbove => "owner_above",
            Self::PublicGroup => "public_group",
            Self::Invisible => "invisible",
            Self::MissingRight | Self::NoRole => "missing_right",
            Self::KeyWithout => "key_without_right",
            Self::GroupArchived => "group_archived",
        }
    }

    /// The same as a sentence.
    #[must_use]
    pub const fn because(self) -> &'static str {
        match self {
            Self::PlatformOwner => "Owners of the platform may do everything in every group.",
            Self::Member => "Their role or extra permissions in this group give the right.",
            Self::Own => "It is their own, and their role gives the right about one's own.",
            Self::OwnerAbove => "Owners of a group read everything in it and below it.",
            Self::PublicGroup => "The group is public: whoever is signed in sees it.",
            Self::Invisible => "They do not see it: for them it does not exist.",
            Self::MissingRight => {
                "Neither their role nor their permissions, in this group or above it, give the right."
            }
            Self::NoRole => "They have no role in this group, and own none above it.",
            Self::KeyWithout => "The API key they use does not carry the right.",
            Self::GroupArchived => "The group is archived: restore it before changing anything.",
        }
    }
}

/// Whether a caller may do `action` in a group — to `row`, if it is about one — and why.
///
/// # Errors
/// 401 when nobody is signed in; 404 when there is no such group.
pub async fn explain(
    tx: &mut Tx,
    caller: &Caller,
    action: Right,
    group: GroupId,
    row: Option<&Row>,
) -> Result<Explanation> {
    require_known(caller)?;
    let open = action.is_reading() || standing::is_active(tx, group).await?;
    let grants = standing::grants(tx, caller, group).await?;
    let place = Standing::of(group, &grants);
    let (me, mine) = (caller.person(), row.is_some_and(|row| is_of(row.maker, caller.person())));
    let sees = place.is_some_and(|place| {
        row.is_none_or(|row| Sight::of(place.rights, row.read).sees(&row.visibility, row.owner, me))
    });
    let may = place.is_some_and(|place| place.may(action, mine));
    let reason = |rule| Reason { rule, group, role: None, right: Some(action) };
    let allowed = sees && may && open;
    let reasons = if allowed {
        grants.iter().filter_map(|grant| because(grant, action, mine)).collect()
    } else {
        let lacking = match &caller.identity().key {
            Some(key) if !key.rights.has(action) => Rule::KeyWithout,
            _ if grants.iter().all(|grant| grant.role.is_none()) => Rule::NoRole,
            _ => Rule::MissingRight,
        };
        let hurdles = [(Rule::Invisible, sees), (lacking, may), (Rule::GroupArchived, open)];
        hurdles.into_iter().filter(|(_, passed)| !passed).map(|(rule, _)| reason(rule)).collect()
    };
    Ok(Explanation { allowed, sees, reasons })
}

fn is_of(maker: Option<PersonId>, me: Option<PersonId>) -> bool {
    maker.is_some() && maker == me
}

/// What a source has to do with an answer that is yes.
fn because(grant: &Grant, action: Right, mine: bool) -> Option<Reason> {
    let own = action.own().filter(|own| mine && grant.rights.has(*own));
    let (rule, right) = if grant.rights.has(action) {
        let rule = match grant.source {
            Source::Platform => Rule::PlatformOwner,
            Source::Membership => Rule::Member,
            Source::OwnerAbove => Rule::OwnerAbove,
            Source::PublicGroup => Rule::PublicGroup,
        };
        (rule, action)
    } else {
        (Rule::Own, own?)
    };
    Some(Reason { rule, group: grant.group, role: grant.role, right: Some(right) })
}

/// Reads the name of an action.
///
/// # Errors
/// 422 at `pointer`.
pub fn action(name: &str, pointer: &str) -> Result<Right> {
    Right::named(name).ok_or_else(|| {
        let names: Vec<&str> = Right::ALL.iter().map(|right| right.name()).collect();
        let message = format!("must be one of {}.", names.join(", "));
        Error::invalid(pointer, "unknown_action", message)
    })
}
