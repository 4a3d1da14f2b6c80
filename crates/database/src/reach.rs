//! How far a transaction reaches: what PostgreSQL's row-level security holds it to.

use std::fmt::Write as _;

use types::{GroupId, PersonId};
use uuid::Uuid;

/// The rows a transaction can see and change at all, whatever its statements say. A second wall
/// behind the conditions that every statement carries; SQLite has no such wall and ignores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach(Bounds);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Bounds {
    Everything,
    Within { groups: Vec<Uuid>, person: Option<Uuid> },
}

impl Reach {
    /// Rows of every tenant: for what the house does itself.
    #[must_use]
    pub const fn everything() -> Self {
        Self(Bounds::Everything)
    }

    /// These groups and all below them; and what somebody outside may see: public groups, what is
    /// public in them, and `person`'s own.
    #[must_use]
    pub fn within(groups: impl IntoIterator<Item = GroupId>, person: Option<PersonId>) -> Self {
        let mut groups: Vec<Uuid> = groups.into_iter().map(|group| group.0).collect();
        groups.sort_unstable();
        groups.dedup();
        Self(Bounds::Within { groups, person: person.map(|person| person.0) })
    }

    /// Adds groups; whether any was new.
    pub(crate) fn widen(&mut self, more: impl IntoIterator<Item = GroupId>) -> bool {
        let Bounds::Within { groups, .. } = &mut self.0 else { return false };
        let before = groups.len();
        for group in more {
            if let Err(place) = groups.binary_search(&group.0) {
                groups.insert(place, group.0);
            }
        }
        groups.len() > before
    }

    /// The statements that say so to PostgreSQL, until the transaction ends. Ids are letters,
    /// digits and dashes, so nothing in them needs a quote.
    pub(crate) fn declaration(&self) -> String {
        let Bounds::Within { groups, person } = &self.0 else {
            return "set local sixfold.reach = 'everything'".to_owned();
        };
        let mut text = String::with_capacity(96 + groups.len() * 37);
        text.push_str("set local sixfold.reach = '{");
        for (index, group) in groups.iter().enumerate() {
            // Writing into a string cannot fail.
            let _ = write!(text, "{}{group}", if index == 0 { "" } else { "," });
        }
        text.push_str("}'");
        if let Some(person) = person {
            let _ = write!(text, "; set local sixfold.person = '{person}'");
        }
        text
    }
}
