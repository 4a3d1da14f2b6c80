//! Who reads what a group uses, and who may have which plan.

use kernel::access::{self, Right};
use kernel::usage::{self, Metric, Used};
use kernel::{App, Caller, Work};
use types::{Error, ErrorKind, GroupId, JsonMap, Result};

use super::model::{Metrics, Quota, Usage};
use crate::groups;
use crate::groups::model::GroupSettings;

/// What a group uses of its plan, for its members and the owners of a group above.
///
/// # Errors
/// 401; 403 for visitors and without `groups:read`; 404 when there is none the caller may see.
pub async fn get(app: &App, caller: &Caller, id: GroupId) -> Result<Quota> {
    let (inside, caller, now) = (app.clone(), caller.clone(), app.now());
    let (group, used) = app
        .store(&caller)
        .read(async move |tx| {
            let group = groups::rules::visible(tx, &caller, id).await?;
            let place = access::standing(tx, &caller, id).await?;
            place.require(Right::GroupsRead)?;
            if place.role.is_none() && !place.owns {
                return Err(Error::forbidden("Only members of this group see what it uses."));
            }
            Ok((group, usage::of_group(tx, &inside.plans, id, now).await?))
        })
        .await?;
    let of = |metric: Metric| usage_of(&used, metric);
    Ok(Quota {
        group_id: id,
        plan: group.settings.plan,
        period: usage::month(now),
        metrics: Metrics {
            users: of(Metric::Users),
            things: of(Metric::Things),
            connections: of(Metric::Connections),
            storage_bytes: of(Metric::StorageBytes),
            api_calls_per_month: of(Metric::ApiCalls),
        },
    })
}

fn usage_of(all: &[Used], metric: Metric) -> Usage {
    let found = all.iter().find(|one| one.metric == metric);
    Usage::new(found.map_or(0, |one| one.used), found.and_then(|one| one.limit))
}

/// Refuses a plan or limits above those of the default plan to anybody but an owner of the
/// platform: nobody gives themselves what others pay for.
///
/// # Errors
/// 403 `plan_above_default`.
pub fn may_have(work: &Work<'_>, settings: &GroupSettings) -> Result<()> {
    let plans = &work.app().plans;
    let limits: JsonMap = settings
        .limits
        .iter()
        .flatten()
        .map(|(name, limit)| (name.clone(), (*limit).into()))
        .collect();
    if work.caller.identity().platform_owner || !plans.is_above_default(&settings.plan, &limits) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Forbidden,
        "plan_above_default",
        format!(
            "More than the plan `{}` includes is given by an owner of the platform.",
            plans.default_plan()
        ),
    ))
}
