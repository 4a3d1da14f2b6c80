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
    Within { groups: Vec<Uuid>, member: bool, person: Option<Uuid> },
}

/// Groups that are named at most. Each transaction says their names, and each row is held against
/// them; of a longer list the server works out the trees itself.
const MOST: usize = 256;

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
        Self(Bounds::Within { groups, member: false, person: person.map(|person| person.0) })
    }

    /// The same for the groups that somebody is in, and the trees these are in.
    #[must_use]
    pub fn of_member(
        person: PersonId,
        groups: impl IntoIterator<Item = GroupId>,
        trees: impl IntoIterator<Item = GroupId>,
    ) -> Self {
        let mut named = Vec::new();
        // Looked at no further than it takes to know that there are too many.
        for group in groups.into_iter().chain(trees) {
            if let Err(place) = named.binary_search(&group.0) {
                if named.len() == MOST {
                    let person = Some(person.0);
                    return Self(Bounds::Within { groups: Vec::new(), member: true, person });
                }
                named.insert(place, group.0);
            }
        }
        Self(Bounds::Within { groups: named, member: false, person: Some(person.0) })
    }

    /// Leaves only these groups, of who does not reach everything.
    pub(crate) fn only(&self, groups: impl IntoIterator<Item = GroupId>) -> Self {
        match &self.0 {
            Bounds::Everything => self.clone(),
            Bounds::Within { person, .. } => Self::within(groups, person.map(PersonId)),
        }
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
        let Bounds::Within { groups, member, person } = &self.0 else {
            return "set local sixfold.reach = 'everything'".to_owned();
        };
        let mut text = String::with_capacity(96 + groups.len() * 37);
        // Worked out once: somebody who leaves a group reaches it until the transaction has ended.
        // Writing into a string cannot fail.
        if let (true, Some(person)) = (member, person) {
            let _ = write!(
                text,
                "set local sixfold.reach = 'everything'; \
                 select set_config('sixfold.member_of', coalesce(nullif( \
                 current_setting('sixfold.member_of', true), ''), trees_of('{person}')::text), \
                 true); "
            );
        }
        text.push_str("set local sixfold.reach = '{");
        for (index, group) in groups.iter().enumerate() {
            let _ = write!(text, "{}{group}", if index == 0 { "" } else { "," });
        }
        text.push_str("}'");
        if let Some(person) = person {
            let _ = write!(text, "; set local sixfold.person = '{person}'");
        }
        text
    }
}
