//! Which groups are above a group and below it, as far as the caller may see them.

use database::Tx;
use kernel::access::{self, Right, Role};
use kernel::{App, Caller};
use types::{GroupId, Result};

use super::model::{Depth, Group, GroupStatus, GroupVisibility};
use super::rules::own;
use super::sql::{self, Bound};
use super::tree;
use crate::listing::{self, Ask, Found};

/// A page of the groups below one, directly or however far: all of them for whoever owns it or one
/// above, else those that are public or the caller's own.
///
/// # Errors
/// 401; 403 for an API key without `groups:read`; 404 when there is none the caller may see; 422
/// `query_too_expensive`.
pub(super) async fn below(
    app: &App,
    caller: &Caller,
    id: GroupId,
    (depth, status): (Depth, Option<GroupStatus>),
    ask: Ask,
) -> Result<Found<Group>> {
    let (caller, given, asked) = (caller.clone(), listing::given(app, caller), ask.clone());
    asked
        .look(app.store(&caller), async move |tx| {
            let place = access::standing(tx, &caller, id).await?;
            place.require(Right::GroupsRead)?;
            let mut bound = Bound { public: true, ..own(&caller) };
            bound.all |= place.owns;
            let seen = (bound, given);
            match depth {
                Depth::Children => sql::children(tx, id, seen, status, &ask).await,
                Depth::Descendants => sql::descendants(tx, id, seen, status, &ask).await,
            }
        })
        .await
}

/// The groups above one, from its parent to the root, without those the caller may not see: a
/// child never reads its parent.
///
/// # Errors
/// As [`below`].
pub(super) async fn above(app: &App, caller: &Caller, id: GroupId) -> Result<Vec<Group>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            access::standing(tx, &caller, id).await?.require(Right::GroupsRead)?;
            let mut path = sql::ancestors(tx, id).await?;
            path.reverse();
            // From the root down, since owners see what is below what they own.
            let mut owned = caller.identity().platform_owner;
            path.retain(|group| {
                let member = caller.membership(group.id);
                let member = member.filter(|one| one.rights.has(Right::GroupsRead));
                owned |= member.is_some_and(|one| one.role >= Role::GroupOwner);
                let public = group.settings.visibility == GroupVisibility::Public
                    && caller.identity().key.is_none();
                owned || public || member.is_some()
            });
            path.reverse();
            Ok(path)
        })
        .await
}

/// Whether one group is somewhere below another.
///
/// # Errors
/// As [`below`], about either of them.
pub(super) async fn is_below(
    app: &App,
    caller: &Caller,
    id: GroupId,
    other: GroupId,
) -> Result<bool> {
    let caller = caller.clone();
    app.store(&caller).read(async move |tx| is_below_in(tx, &caller, id, other).await).await
}

async fn is_below_in(tx: &mut Tx, caller: &Caller, id: GroupId, other: GroupId) -> Result<bool> {
    for group in [id, other] {
        access::standing(tx, caller, group).await?.require(Right::GroupsRead)?;
    }
    tree::is_descendant_of(tx, id, other).await
}
