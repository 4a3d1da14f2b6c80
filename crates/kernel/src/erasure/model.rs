//! Whom it is about.

use std::str::FromStr;

use database::Value;
use serde::{Deserialize, Serialize};
use types::{Error, GroupId, PersonId, Result, UserId};

/// What becomes of what somebody owns in groups of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ErasedContents)]
pub enum Contents {
    /// It stays, and belongs to a member record without a name.
    #[default]
    Keep,
    /// It goes, too.
    Delete,
}

impl Contents {
    /// How it is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Delete => "delete",
        }
    }

    pub(super) fn stored(text: &str) -> Result<Self> {
        text.parse().map_err(Error::internal)
    }
}

impl FromStr for Contents {
    type Err = String;
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "keep" => Ok(Self::Keep),
            "delete" => Ok(Self::Delete),
            _ => Err(format!("`{text}` is neither `keep` nor `delete`")),
        }
    }
}

/// Somebody who is to be erased, or is told what is held about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Their member record.
    pub person: PersonId,
    /// Their login; none where nobody remembers it.
    pub user: Option<UserId>,
    /// The address of it.
    pub email: Option<String>,
    /// Whether the address is known to be theirs. Who signed up with somebody else's is not told what
    /// that one was sent or wrote, and takes nothing of it along.
    pub email_proven: bool,
    /// The groups that are theirs alone, the personal one first; and those that were and are gone,
    /// of which the log is left.
    pub groups: Vec<GroupId>,
    /// What becomes of what they own elsewhere.
    pub contents: Contents,
    /// The owner of the platform who asked for it, if one did.
    pub requested_by: Option<PersonId>,
}

impl Subject {
    /// The address, where it is known to be theirs.
    #[must_use]
    pub fn own_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_proven)
    }
}

/// A parameter of a statement about somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    /// [`Subject::person`].
    Person,
    /// The same, where what they own in groups of others goes, too.
    Owner,
    /// [`Subject::user`].
    User,
    /// [`Subject::own_email`].
    Email,
    /// Each of [`Subject::groups`]: the statement is run for one after the other.
    Group,
}

impl Arg {
    /// What it stands for, if there is anything.
    pub(super) fn of(self, subject: &Subject, group: Option<GroupId>) -> Option<Value<'_>> {
        match self {
            Self::Person => Some(subject.person.into()),
            Self::Owner => match subject.contents {
                Contents::Keep => None,
                Contents::Delete => Some(subject.person.into()),
            },
            Self::User => subject.user.map(Value::from),
            Self::Email => subject.own_email().map(Value::from),
            Self::Group => group.map(Value::from),
        }
    }

    /// The groups for which a statement with these parameters is run: none, once, where it names
    /// no group.
    pub(super) fn rounds(args: &[Self], subject: &Subject) -> Vec<Option<GroupId>> {
        if args.contains(&Self::Group) {
            subject.groups.iter().copied().map(Some).collect()
        } else {
            vec![None]
        }
    }
}
