//! What is sensible about a group, without a look into the store.

use kernel::ontology;
use types::{Checks, Json, Result};

use super::model::Group;
use crate::sizes;

/// Characters of a name.
pub const MAX_NAME: usize = 200;
/// Characters of a description.
const MAX_DESCRIPTION: usize = 2000;
/// What a group may limit: the names of a plan's.
const LIMITS: [&str; 6] =
    ["users", "storageBytes", "apiCallsPerMonth", "things", "connections", "eventRetentionDays"];

/// Checks a group as it is about to be stored.
pub(super) fn check(group: &Group) -> Result<()> {
    let ontology = ontology::built_in();
    let kinds: Vec<&str> = ontology.group_types.iter().map(|one| one.name.as_str()).collect();
    let plans: Vec<&str> = ontology.plans.keys().map(String::as_str).collect();
    let mut checks = Checks::new();
    checks
        .text("/name", &group.name, 1, MAX_NAME)
        .slug("/slug", &group.slug)
        .text("/description", group.description.as_deref().unwrap_or_default(), 0, MAX_DESCRIPTION)
        .that(
            kinds.contains(&group.kind.as_str()),
            "/type",
            "unknown_type",
            format!("must be one of {}.", kinds.join(", ")),
        )
        .one_of("/settings/plan", &group.settings.plan, &plans)
        .that(fits(&group.metadata), "/metadata", "too_long", "must have at most 64 KiB.");
    for (name, limit) in group.settings.limits.iter().flatten() {
        if !LIMITS.contains(&name.as_str()) {
            let message = format!("can hold {}.", LIMITS.join(", "));
            checks.that(false, "/settings/limits", "unknown_field", message);
            break;
        }
        let pointer = format!("/settings/limits/{name}");
        checks.that(*limit >= 0, &pointer, "out_of_range", "must not be negative.");
    }
    checks.done()
}

fn fits(metadata: &Json) -> bool {
    metadata.as_str().len() <= sizes::METADATA
}
