//! The groups that were somebody's alone go with them, in the way of any group that is deleted for
//! good; but nothing tells what they were called.

use kernel::Work;
use kernel::erasure::{self, Removing, Rooms, Subject};
use serde_json::json;
use types::{GroupId, Json, Result};

use super::{rules, sql};
use crate::groups::tree;

/// Adds what takes groups out of sight, and what removes them.
pub(super) fn erasing(rooms: Rooms) -> Rooms {
    rooms.first(hide).code(remove)
}

fn hide<'a>(work: &'a mut Work<'_>, who: &'a Subject, _most: i64) -> Removing<'a> {
    Box::pin(async move {
        // As it is stored now: an earlier round, or another try, found groups that whoever calls
        // has not heard of.
        let Some(who) = erasure::find(work.tx, who.person.0).await? else { return Ok(0) };
        let mut hidden = Vec::new();
        let mut some = 0;
        for group in &who.groups {
            if sql::is_going(work.tx, *group).await? {
                hidden.push(*group);
            } else if prepare(work, &who, *group).await? {
                let below = sql::subtree(work.tx, *group).await?;
                some += i64::try_from(below.len())?;
                rules::hide(work, *group).await?;
                hidden.extend(below.into_iter().filter(|one| !who.groups.contains(one)));
                hidden.push(*group);
            }
        }
        if some > 0 || hidden.len() != who.groups.len() {
            hidden.sort_unstable();
            hidden.dedup();
            erasure::set_groups(work.tx, who.person, &hidden).await?;
        }
        Ok(some)
    })
}

/// Whether a group is theirs alone still. The personal one is, whoever was let into it; a group
/// below it that has members becomes a tree of its own.
async fn prepare(work: &mut Work<'_>, who: &Subject, group: GroupId) -> Result<bool> {
    if !sql::is_personal(work.tx, who.person, group).await? {
        return Ok(!sql::has_members_around(work.tx, group).await?);
    }
    while let Some((below, parent, kind)) = sql::peopled_below(work.tx, group).await? {
        tree::cut(work.tx, below).await?;
        sql::put_at_the_top(work.tx, below, work.now).await?;
        let changes = json!({ "parentGroupId": { "from": parent, "to": null } });
        let metadata = Json::of(&json!({ "type": kind, "changes": changes }))?;
        work.announce(below, "group_updated", below, &metadata).await?;
    }
    sql::let_go(work.tx, who.person, group).await?;
    Ok(true)
}

fn remove<'a>(work: &'a mut Work<'_>, who: &'a Subject, most: i64) -> Removing<'a> {
    Box::pin(async move {
        for group in &who.groups {
            let removed = rules::remove_some(work, *group, most).await?;
            if removed > 0 {
                return Ok(removed);
            }
        }
        Ok(0)
    })
}
