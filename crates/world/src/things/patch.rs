//! What a merge patch makes of a thing, and what of it changed.

use types::{Result, Time};

use super::model::{Status, Thing, ThingChange};
use crate::changes::Changes;

/// The thing after `change`, one version on, and what of it changed.
pub(super) fn apply(before: &Thing, change: &ThingChange, now: Time) -> Result<(Thing, Changes)> {
    let mut after = before.clone();
    let mut changes = Changes::default();
    if let Some(parent) = change.parent_id.sent() {
        after.parent_id = parent;
        changes.note("parentId", before.parent_id, parent);
    }
    if let Some(name) = &change.name {
        after.name.clone_from(name);
        changes.note("name", &before.name, name);
    }
    if let Some(status) = change.status {
        after.status = status;
        after.deleted_at = (status == Status::Archived).then(|| before.deleted_at.unwrap_or(now));
        changes.note("status", before.status, status);
    }
    if let Some(visibility) = change.visibility {
        after.visibility = visibility;
        changes.note("visibility", before.visibility, visibility);
    }
    if let Some(patch) = &change.properties {
        after.properties = changes.merge("properties", &before.properties, patch)?;
    }
    after.version += 1;
    after.updated_at = now;
    Ok((after, changes))
}
