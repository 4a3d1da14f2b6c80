//! The statements about what things refer to. They look across groups, bounded to what the caller
//! sees.

use database::{Sql, Tx};
use kernel::Caller;
use kernel::access::{Everywhere, Right, Role};
use types::{GroupId, PersonId, Result, ThingId};

use super::expand::{GroupRef, ThingRef};
use super::model::Status;

/// Those of the things that are seen.
pub(super) async fn things(
    tx: &mut Tx,
    seen: &Everywhere,
    me: Option<PersonId>,
    ids: &[ThingId],
) -> Result<Vec<ThingRef>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("select o.id, o.type, o.name, o.status from things o where o.id in ");
    sql.bind_filled(ids.iter().copied());
    seen.condition(&mut sql, me);
    tx.all(sql.text(), sql.args(), |row| {
        Ok(ThingRef {
            id: row.get(0)?,
            kind: row.get(1)?,
            name: row.get(2)?,
            status: Status::stored(row.text(3)?)?,
        })
    })
    .await
}

/// Those of the groups that the caller may see.
pub(super) async fn groups(tx: &mut Tx, caller: &Caller, ids: &[GroupId]) -> Result<Vec<GroupRef>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("select o.id, o.slug, o.name, o.type from groups o where o.id in ");
    sql.bind_filled(ids.iter().copied());
    let identity = caller.identity();
    if !identity.platform_owner {
        let readable: Vec<_> =
            identity.memberships.iter().filter(|one| one.rights.has(Right::GroupsRead)).collect();
        sql.push(" and (o.id in ").bind_list(readable.iter().map(|one| one.group));
        let owned = readable.iter().filter(|one| one.role >= Role::GroupOwner);
        sql.push(" or exists (select 1 from group_ancestors a where a.group_id = o.id");
        sql.push(" and a.ancestor_id in ").bind_list(owned.map(|one| one.group)).push(")");
        if identity.key.is_none() {
            sql.push(" or o.visibility = 'public'");
        }
        sql.push(")");
    }
    tx.all(sql.text(), sql.args(), |row| {
        Ok(GroupRef { id: row.get(0)?, slug: row.get(1)?, name: row.get(2)?, kind: row.get(3)? })
    })
    .await
}
