//! Everywhere a caller sees rows of one kind, whichever group they are in.

use database::Sql;
use types::{GroupId, PersonId};

use super::{Right, Rights, Role, Sight};
use crate::Caller;

/// Where a caller sees rows that one right opens: as a member, below groups they own, and — of
/// things — what public groups show to whoever is signed in. For rows that are reached by id, not
/// by group; a list over groups is a [`super::Scope`].
#[derive(Debug, Clone, Default)]
pub struct Everywhere {
    all: bool,
    groups: Vec<(GroupId, Sight)>,
    subtrees: Vec<(GroupId, Sight)>,
    public: bool,
}

impl Everywhere {
    /// What [`super::standing`] would say of each row's group, as one condition.
    #[must_use]
    pub fn of(caller: &Caller, read: Right) -> Self {
        let identity = caller.identity();
        if identity.platform_owner {
            return Self { all: true, ..Self::default() };
        }
        let all = &identity.memberships;
        Self {
            all: false,
            groups: all.iter().map(|one| (one.group, Sight::of(one.rights, read))).collect(),
            // What `access::standing` gives owners of an ancestor.
            subtrees: all
                .iter()
                .filter(|one| one.role >= Role::GroupOwner)
                .map(|one| (one.group, one.rights & Rights::read_all()))
                .filter(|(_, rights)| rights.has(Right::GroupsRead))
                .map(|(group, rights)| (group, Sight::of(rights, read)))
                .collect(),
            // A key is good for its own group and what is below, public or not.
            public: matches!(read, Right::ThingsRead)
                && identity.key.is_none()
                && Rights::visitor().has(Right::GroupsRead),
        }
    }

    /// Appends the condition on alias `o`.
    pub fn condition(&self, sql: &mut Sql<'_>, me: Option<PersonId>) {
        if self.all {
            return;
        }
        sql.push(" and (1 = 0");
        for sight in [Sight::All, Sight::Shared, Sight::Public, Sight::Own] {
            let with = |all: &[(GroupId, Sight)]| -> Vec<GroupId> {
                all.iter().filter(|one| one.1 == sight).map(|one| one.0).collect()
            };
            let (groups, subtrees) = (with(&self.groups), with(&self.subtrees));
            if !groups.is_empty() {
                sql.push(" or (o.group_id in ").bind_list(groups);
                sight.condition(sql, me);
                sql.push(")");
            }
            if !subtrees.is_empty() {
                sql.push(
                    " or (exists (select 1 from group_ancestors a \
                     where a.group_id = o.group_id and a.ancestor_id in ",
                )
                .bind_list(subtrees)
                .push(")");
                sight.condition(sql, me);
                sql.push(")");
            }
        }
        if self.public {
            sql.push(
                " or (o.visibility = 'public' and exists (select 1 from groups g \
                 where g.id = o.group_id and g.visibility = 'public'))",
            );
        }
        sql.push(")");
    }
}
