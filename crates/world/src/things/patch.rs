//! What a merge patch makes of a thing.

use types::Time;

use super::model::{Status, Thing, ThingChange};

/// The thing after `change`, one version on, with the properties it had: what becomes of those is
/// for its type to say.
pub(super) fn apply(before: &Thing, change: &ThingChange, now: Time) -> Thing {
    let mut after = next(before, now);
    if let Some(parent) = change.parent_id.sent() {
        after.parent_id = parent;
    }
    if let Some(name) = &change.name {
        after.name.clone_from(name);
    }
    if let Some(status) = change.status {
        after.status = status;
        after.deleted_at = (status == Status::Archived).then(|| before.deleted_at.unwrap_or(now));
    }
    if let Some(visibility) = change.visibility {
        after.visibility = visibility;
    }
    after
}

/// The same thing, one version on.
pub(super) fn next(before: &Thing, now: Time) -> Thing {
    let mut after = before.clone();
    after.version += 1;
    after.updated_at = now;
    after
}
