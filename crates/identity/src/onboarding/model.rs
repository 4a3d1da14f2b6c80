//! The shapes of the way in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{GroupId, Secret, Time};
use utoipa::{IntoParams, ToSchema};

/// A step of the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OnboardingStep)]
pub(crate) enum Step {
    /// The address is proven.
    EmailVerification,
    /// People know who it is.
    Profile,
    /// There is a group to work in.
    Workspace,
    /// Others are invited.
    Team,
    /// There is an address to pay to.
    Wallet,
    /// People know what they can do.
    Skills,
    /// They are in.
    Complete,
}

impl Step {
    pub(super) const ALL: [Self; 7] = [
        Self::EmailVerification,
        Self::Profile,
        Self::Workspace,
        Self::Team,
        Self::Wallet,
        Self::Skills,
        Self::Complete,
    ];

    /// How far somebody is who has taken it, in percent.
    pub(super) const fn progress(self) -> u8 {
        match self {
            Self::EmailVerification => 20,
            Self::Profile => 35,
            Self::Workspace => 50,
            Self::Team => 65,
            Self::Wallet => 80,
            Self::Skills => 90,
            Self::Complete => 100,
        }
    }
}

/// When each step was taken, as it is stored.
pub(super) type Taken = BTreeMap<Step, Time>;

/// What is kept of somebody's way in.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    pub(super) taken: Taken,
    pub(super) workspace: Option<GroupId>,
    pub(super) wallet: Option<String>,
    pub(super) chain: Option<i64>,
    /// When it last changed; none before the first step.
    pub(super) updated_at: Option<Time>,
}

/// How far somebody has come.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Onboarding {
    /// Of the furthest step taken, in percent.
    #[schema(example = 50)]
    pub(super) progress: u8,
    /// The first step that was not taken.
    pub(super) next_step: Option<Step>,
    /// All of them, in order.
    pub(super) steps: Vec<StepTaken>,
    /// The group made on the way.
    pub(super) workspace_id: Option<GroupId>,
    /// Where they are paid.
    pub(super) wallet: Option<Wallet>,
}

/// A step, and whether it was taken.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepTaken {
    /// Which.
    pub(super) name: Step,
    /// How far it leads, in percent.
    pub(super) progress: u8,
    /// Whether it was taken.
    pub(super) done: bool,
    /// When, if it was taken here.
    pub(super) completed_at: Option<Time>,
}

/// A code from a letter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "314159"}))]
pub(crate) struct AddressCode {
    /// Six digits.
    #[schema(value_type = String)]
    pub(super) code: Secret<String>,
}

/// Who somebody is.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"username": "ada", "bio": "Counts.", "niche": ["engines"]}))]
pub(crate) struct Profile {
    /// 3 to 20 of `a-z`, `0-9` and `_`, unique on this server.
    pub(super) username: String,
    /// 1 to 100 characters.
    #[serde(default)]
    pub(super) display_name: Option<String>,
    /// At most 500 characters.
    #[serde(default)]
    pub(super) bio: Option<String>,
    /// What they are about: at most 50 names, labels `niche:…` of their personal group.
    #[serde(default)]
    pub(super) niche: Vec<String>,
    /// What they know: labels `expertise:…`.
    #[serde(default)]
    pub(super) expertise: Vec<String>,
    /// What they like: labels `interest:…`.
    #[serde(default)]
    pub(super) interests: Vec<String>,
}

/// A group to work in.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Engine Bakery", "slug": "engine-bakery"}))]
pub(crate) struct Workspace {
    /// 1 to 200 characters.
    pub(super) name: String,
    /// 3 to 50 of `a-z`, `0-9` and `-`, unique on this server.
    pub(super) slug: String,
}

/// People to be invited into the workspace.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"invites": [{"email": "bob@example.com", "role": "member"}]}))]
#[schema(as = OnboardingTeam)]
pub(crate) struct Team {
    /// 1 to 20.
    pub(super) invites: Vec<Invite>,
    /// A group of the caller's; the one made on the way, if absent.
    #[serde(default)]
    pub(super) group_id: Option<GroupId>,
}

/// Whom to invite, and as what.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invite {
    /// Their address.
    pub(super) email: String,
    /// `owner`, `admin`, `member`, or a role the group defines.
    pub(super) role: String,
}

/// What became of each invitation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TeamInvited {
    /// In the order they came.
    pub(super) results: Vec<Invited>,
    /// How far the caller has come.
    pub(super) onboarding: Onboarding,
}

/// What became of an invitation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invited {
    /// Whom it is for.
    pub(super) email: String,
    /// Whether a letter is on its way.
    pub(super) invited: bool,
    /// Why not.
    pub(super) code: Option<String>,
    /// The same for people.
    pub(super) message: Option<String>,
}

/// An address to pay to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"address": "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "chainId": 1}))]
pub(crate) struct Wallet {
    /// `0x` and 40 hexadecimal digits; in mixed case with a valid checksum (EIP-55).
    pub(super) address: String,
    /// The chain, by its number (EIP-155).
    #[schema(minimum = 1)]
    pub(super) chain_id: i64,
}

/// What somebody can do.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"skills": ["baking", "mathematics"]}))]
pub(crate) struct Skills {
    /// 1 to 50 names, labels `skill:…` of their personal group.
    pub(super) skills: Vec<String>,
}

/// A name somebody thinks of: one of the two.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Wanted {
    /// A username.
    pub(super) username: Option<String>,
    /// A group's slug.
    pub(super) slug: Option<String>,
}

/// Whether a name can be had.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Availability {
    /// Nobody has it just now.
    pub(super) available: bool,
}
