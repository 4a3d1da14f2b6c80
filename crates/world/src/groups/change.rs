//! What a merge patch makes of a group, and what of it changed.

use types::{Result, Time};

use super::model::{Group, GroupChange, GroupLimits, GroupSettings, GroupSettingsChange};
use web::Patch;

use crate::changes::Changes;

/// The group after `change`, one version on, and what of it changed.
pub(super) fn apply(before: &Group, change: &GroupChange, now: Time) -> Result<(Group, Changes)> {
    let mut after = before.clone();
    let mut changes = Changes::default();
    if let Some(parent) = change.parent_group_id.sent() {
        after.parent_group_id = parent;
        changes.note("parentGroupId", before.parent_group_id, parent);
    }
    if let Some(slug) = &change.slug {
        after.slug.clone_from(slug);
        changes.note("slug", &before.slug, slug);
    }
    if let Some(name) = &change.name {
        after.name.clone_from(name);
        changes.note("name", &before.name, name);
    }
    if let Some(kind) = &change.kind {
        after.kind.clone_from(kind);
        changes.note("type", &before.kind, kind);
    }
    if let Some(description) = change.description.clone().sent() {
        changes.note("description", &before.description, &description);
        after.description = description;
    }
    if let Some(patch) = &change.settings {
        after.settings = settings(&before.settings, patch);
        let (old, new) = (&before.settings, &after.settings);
        changes.note("settings.visibility", old.visibility, new.visibility);
        changes.note("settings.joinPolicy", old.join_policy, new.join_policy);
        changes.note("settings.plan", &old.plan, &new.plan);
        changes.note("settings.limits", &old.limits, &new.limits);
    }
    if let Some(patch) = &change.metadata {
        after.metadata = changes.merge("metadata", &before.metadata, patch)?;
    }
    if let Some(status) = change.status {
        after.status = status;
        changes.note("status", before.status, status);
    }
    after.version += 1;
    after.updated_at = now;
    Ok((after, changes))
}

fn settings(before: &GroupSettings, patch: &GroupSettingsChange) -> GroupSettings {
    GroupSettings {
        visibility: patch.visibility.unwrap_or(before.visibility),
        join_policy: patch.join_policy.unwrap_or(before.join_policy),
        plan: patch.plan.clone().unwrap_or_else(|| before.plan.clone()),
        limits: match &patch.limits {
            Patch::Absent => before.limits.clone(),
            Patch::Null => None,
            Patch::Set(patch) => {
                let mut limits: GroupLimits = before.limits.clone().unwrap_or_default();
                for (name, limit) in patch {
                    match limit {
                        Some(limit) => limits.insert(name.clone(), *limit),
                        None => limits.remove(name),
                    };
                }
                (!limits.is_empty()).then_some(limits)
            }
        },
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
