//! How a group comes to another place in the tree.

use kernel::access::{self, Right, Standing};
use kernel::{Caller, Work};
use types::{Error, ErrorKind, GroupId, Result};

use super::archiving::may_end;
use super::model::Group;
use super::tree;

/// Rows of `group_ancestors` that one request writes: a group moves with all below it, and each of
/// those has a row for each group above.
const MAX_ROWS: i64 = 200_000;

/// Who owns the new parent reads the group, also when its owners are not theirs.
pub(super) fn owned(place: &Standing) -> Result<()> {
    if place.owns {
        return Ok(());
    }
    Err(Error::forbidden("Only an owner moves a group to another place in the tree."))
}

/// Puts a group under another parent, or to the top, with all below it.
pub(super) async fn move_to(
    work: &mut Work<'_>,
    group: &Group,
    parent: Option<GroupId>,
) -> Result<()> {
    // A personal group under a parent would show its owner's private things to that parent's.
    may_end(work.tx, group).await?;
    match parent {
        Some(parent) => may_enter(work, group.id, parent).await?,
        None => no_key_at_the_top(work.caller)?,
    }
    if tree::rows_to_move(work.tx, group.id, parent).await? > MAX_ROWS {
        return Err(Error::conflict(
            "subtree_too_large",
            "There is too much below this group to move it at once: move parts of it first.",
        ));
    }
    // It is in no tree for a moment, and the trees people are in are others afterwards.
    work.tx.enter([group.id]);
    work.after_commit(|app| app.identities.clear());
    tree::cut(work.tx, group.id).await?;
    match parent {
        Some(parent) => tree::graft(work.tx, group.id, parent).await,
        None => Ok(()),
    }
}

async fn may_enter(work: &mut Work<'_>, group: GroupId, parent: GroupId) -> Result<()> {
    let place = match access::standing_to_change(work.tx, work.caller, parent).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let message = "must be a group you may see.";
            return Err(Error::invalid("/parentGroupId", "unknown_parent", message));
        }
        other => other?,
    };
    place.require(Right::GroupsCreate)?;
    if parent == group || tree::is_descendant_of(work.tx, parent, group).await? {
        return Err(Error::conflict("cycle", "A group cannot be inside itself, however far down."));
    }
    Ok(())
}

pub(super) fn no_key_at_the_top(caller: &Caller) -> Result<()> {
    if caller.identity().key.is_none() {
        return Ok(());
    }
    Err(Error::forbidden("An API key stays in its group; name a parent, or sign in."))
}
