//! Which rows a query may answer with.

use database::{Sql, Tx};
use types::{Error, GroupId, PersonId, Result};

use super::{Right, Rights, standing};
use crate::Caller;

/// How much of a group's rows of one kind a caller sees. Rows carry `visibility` and `owner_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Nothing at all: an API key without the right.
    Nothing,
    /// Only what is their own.
    Own,
    /// Their own, and what is public.
    Public,
    /// Everything but what is private to others.
    Shared,
    /// Everything.
    All,
}

impl Sight {
    /// What these rights show of rows that `read` opens. Things may be public; nothing else is.
    /// People always see their own; their keys see what the keys may read.
    #[must_use]
    pub const fn of(rights: Rights, read: Right) -> Self {
        if rights.has(read) {
            if rights.has(Right::PrivateRead) { Self::All } else { Self::Shared }
        } else if rights.is_through_key() {
            Self::Nothing
        } else if matches!(read, Right::ThingsRead) && rights.has(Right::GroupsRead) {
            Self::Public
        } else {
            Self::Own
        }
    }

    /// Whether one row is seen.
    #[must_use]
    pub fn sees(self, visibility: &str, owner: Option<PersonId>, me: Option<PersonId>) -> bool {
        let own = owner.is_some() && owner == me;
        match self {
            Self::All => true,
            Self::Shared => own || visibility != "private",
            Self::Public => own || visibility == "public",
            Self::Own => own,
            Self::Nothing => false,
        }
    }

    /// The same as a condition on the columns of alias `o`.
    pub fn condition<'a>(self, sql: &mut Sql<'a>, me: Option<PersonId>) {
        match self {
            Self::All => {}
            Self::Shared => {
                sql.push(" and (o.visibility <> 'private' or o.owner_id = ").bind(me).push(")");
            }
            Self::Public => {
                sql.push(" and (o.visibility = 'public' or o.owner_id = ").bind(me).push(")");
            }
            Self::Own => {
                sql.push(" and o.owner_id = ").bind(me);
            }
            Self::Nothing => {
                sql.push(" and 1 = 0");
            }
        }
    }
}

/// The groups a list looks into, with what the caller sees of each.
#[derive(Debug, Clone)]
pub enum Scope {
    /// One group.
    Group(GroupId, Sight),
    /// A group and all below it.
    Subtree(GroupId, Sight),
    /// Several groups, each with its own sight.
    Groups(Vec<(GroupId, Sight)>),
    /// The whole installation.
    Everything,
}

/// Groups that are listed one by one and merged; beyond that one scan is cheaper.
const MERGED: usize = 32;

impl Scope {
    /// What a list of rows that `read` opens may look into: `group`, its subtree when
    /// `children`, or — without a group — every group the caller belongs to.
    ///
    /// # Errors
    /// 401, 404 as [`standing`]; 403 for a subtree by anyone but an owner of its root.
    pub async fn of(
        tx: &mut Tx,
        caller: &Caller,
        read: Right,
        group: Option<GroupId>,
        children: bool,
    ) -> Result<Self> {
        super::require_known(caller)?;
        if let Some(group) = group {
            let place = standing(tx, caller, group).await?;
            if !children {
                return Ok(Self::Group(group, Sight::of(place.rights, read)));
            }
            // Only an owner — of this group or of one above — sees below.
            if !place.owns || !place.rights.has(read) {
                return Err(Error::forbidden(
                    "Only an owner of this group may read its children with it.",
                ));
            }
            return Ok(Self::Subtree(group, Sight::of(place.rights, read)));
        }
        if caller.identity().platform_owner {
            return Ok(Self::Everything);
        }
        Ok(Self::Groups(
            caller
                .identity()
                .memberships
                .iter()
                .map(|one| (one.group, Sight::of(one.rights, read)))
                .collect(),
        ))
    }

    /// Appends the condition on alias `o` that bounds a query to this scope.
    pub fn condition<'a>(&self, sql: &mut Sql<'a>, me: Option<PersonId>) {
        match self {
            Self::Everything => {}
            Self::Group(group, sight) => {
                sql.push(" and o.group_id = ").bind(*group);
                sight.condition(sql, me);
            }
            Self::Subtree(root, sight) => {
                // A list of groups, not a question about each row: the engines may run along an
                // index of `group_id` or look each row up in it, whichever is less.
                sql.push(
                    " and o.group_id in (select a.group_id from group_ancestors a \
                     where a.ancestor_id = ",
                )
                .bind(*root)
                .push(")");
                sight.condition(sql, me);
            }
            Self::Groups(groups) => {
                sql.push(" and (1 = 0");
                for sight in [Sight::All, Sight::Shared, Sight::Public, Sight::Own] {
                    let some: Vec<GroupId> =
                        groups.iter().filter(|one| one.1 == sight).map(|one| one.0).collect();
                    if !some.is_empty() {
                        sql.push(" or (o.group_id in ").bind_list(some);
                        sight.condition(sql, me);
                        sql.push(")");
                    }
                }
                sql.push(")");
            }
        }
    }

    /// Writes a list over this scope. `part` appends everything behind the scope's condition —
    /// filters, order and limit — and is called once per group when several are merged, so that
    /// each part runs along an index and the cost does not grow with the table.
    ///
    /// `head` selects from a table with alias `o` and ends in a `where` with one condition;
    /// `order` is the order of the merged rows, by column names of the answer.
    pub fn list<'a>(
        &self,
        head: &'static str,
        order: &'static str,
        limit: i64,
        me: Option<PersonId>,
        part: impl Fn(&mut Sql<'a>),
    ) -> Sql<'a> {
        let order = |sql: &mut Sql<'a>| {
            sql.push(order);
        };
        self.list_by(head, order, limit, me, part)
    }

    /// The same with an order that is composed.
    pub fn list_by<'a>(
        &self,
        head: &'static str,
        order: impl FnOnce(&mut Sql<'a>),
        limit: i64,
        me: Option<PersonId>,
        part: impl Fn(&mut Sql<'a>),
    ) -> Sql<'a> {
        let groups = match self {
            Self::Groups(groups) if (2..=MERGED).contains(&groups.len()) => groups.as_slice(),
            _ => {
                let mut sql = Sql::new(head);
                self.condition(&mut sql, me);
                part(&mut sql);
                return sql;
            }
        };
        let mut sql = Sql::new("select * from (");
        for (index, (group, sight)) in groups.iter().enumerate() {
            sql.push(if index == 0 { "select * from (" } else { " union all select * from (" });
            sql.push(head);
            Self::Group(*group, *sight).condition(&mut sql, me);
            part(&mut sql);
            // PostgreSQL before 16 wants a name for each.
            sql.push(") as part");
        }
        order(sql.push(") as merged "));
        sql.push(" limit ").bind(limit);
        sql
    }
}
