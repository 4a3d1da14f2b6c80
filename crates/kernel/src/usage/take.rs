//! Taking what a plan includes, and giving it back.

use database::Tx;
use database::seams::gate;
use serde_json::json;
use types::{Error, ErrorKind, GroupId, Json, Result};

use super::sql::{self, Cut, Number, Terms};
use super::{Level, Metric, Plans, month};
use crate::Work;

/// With less than this for each slot, writers go one after the other.
const WORTH_SHARING: i64 = 4;

/// Takes `amount` of what the group's plan includes; a negative one gives it back. The house
/// itself (an import, the command line) is counted, and not refused.
///
/// # Errors
/// 402 `quota_exceeded` naming the limit, when there is not that much left.
pub async fn take(work: &mut Work<'_>, group: GroupId, metric: Metric, amount: i64) -> Result<()> {
    take_all(work, group, &[(metric, amount)]).await
}

/// The same for several numbers of a group, with one look at its plan.
///
/// # Errors
/// As [`take`].
pub async fn take_all(
    work: &mut Work<'_>,
    group: GroupId,
    amounts: &[(Metric, i64)],
) -> Result<()> {
    if amounts.iter().all(|(_, amount)| *amount == 0) {
        return Ok(());
    }
    let terms = terms(work.tx, group).await?;
    take_by(work, &terms, amounts).await
}

/// What limits the numbers of a group, for who knows before a change that it will take something.
///
/// # Errors
/// 404 when there is no such group, or as the store.
pub async fn terms(tx: &mut Tx, group: GroupId) -> Result<Terms> {
    sql::terms(tx, group, "").await?.ok_or_else(Error::not_found)
}

/// As [`take_all`], of the group whose terms these are; they were read in the same transaction.
///
/// # Errors
/// As [`take`].
pub async fn take_by(work: &mut Work<'_>, terms: &Terms, amounts: &[(Metric, i64)]) -> Result<()> {
    let group = terms.group;
    let mut free = Vec::with_capacity(amounts.len());
    for (metric, amount) in amounts.iter().copied().filter(|(_, amount)| *amount != 0) {
        let limit = terms.limit(&work.app().plans, metric);
        let cut = terms.cut(metric);
        let number = Number { group, metric, period: "" };
        if limit.is_none() && cut.is_none() {
            free.push((number, amount));
        } else if work.is_rehearsal() {
            sum_with(work, number, limit, amount).await?;
            let slot = own_slot(work);
            sql::add(work.tx, number, slot, amount).await?;
        } else if limit != cut.map(|cut| cut.most) || !beside(work, number, cut, amount).await? {
            in_turn(work, number, limit, cut, amount).await?;
        }
    }
    sql::add_all(work.tx, own_slot(work), &free).await
}

impl Terms {
    /// The status of the group: terms are in its row.
    pub(crate) fn status(&self) -> &str {
        &self.status
    }

    /// The platform's own group is everybody's: no plan limits it.
    pub(super) fn limit(&self, plans: &Plans, metric: Metric) -> Option<i64> {
        if self.platform { None } else { plans.limit(&self.plan, &self.limits, metric) }
    }

    pub(super) fn cut(&self, metric: Metric) -> Option<Cut> {
        self.cuts.iter().find(|(name, _)| name == metric.name()).map(|(_, cut)| *cut)
    }
}

/// Counts without a look at what others count; false where that cannot be.
async fn beside(
    work: &mut Work<'_>,
    number: Number<'_>,
    cut: Option<Cut>,
    amount: i64,
) -> Result<bool> {
    let slot = own_slot(work);
    match cut {
        Some(cut) if amount > 0 && cut.share == 0 => return Ok(false),
        Some(_) if amount > 0 => {
            return sql::add_below_ceiling(work.tx, number, slot, amount).await;
        }
        // Whether what was told still holds is for whoever knows the sum.
        Some(cut) if cut.told > Level::Ok => return Ok(false),
        _ => sql::add(work.tx, number, slot, amount).await?,
    }
    Ok(true)
}

/// Counts alone, with the exact sum: refuses, tells, and shares out what is left.
async fn in_turn(
    work: &mut Work<'_>,
    number: Number<'_>,
    limit: Option<i64>,
    cut: Option<Cut>,
    amount: i64,
) -> Result<()> {
    // Full is full, in turn or not.
    let after = sum_with(work, number, limit, amount).await?;
    gate::pass(work.tx, key(number))?;
    let Some(limit) = limit else {
        sql::forget_cut(work.tx, number).await?;
        let slot = own_slot(work);
        return sql::add(work.tx, number, slot, amount).await;
    };
    let before = cut.map_or(Level::Ok, |cut| cut.told);
    let told = tell(work, number, limit, after, before, amount).await?;
    let slots = gate::slots(work.tx);
    let room = (told.quiet_up_to(limit).min(limit) - after).max(0) / i64::from(slots);
    let share = if room < WORTH_SHARING { 0 } else { room };
    let next = Cut { most: limit, share, told };
    if cut != Some(next) {
        sql::keep_cut(work.tx, number, next).await?;
    }
    // Nobody counts beside the others while there is nothing to share: no ceiling need be right.
    if share == 0 && cut.is_some() {
        return sql::add(work.tx, number, 0, amount).await;
    }
    sql::spread(work.tx, number, slots, after, share).await
}

/// What a number comes to with so much more. It may be too much.
async fn sum_with(
    work: &mut Work<'_>,
    number: Number<'_>,
    limit: Option<i64>,
    amount: i64,
) -> Result<i64> {
    let used = sql::sum(work.tx, number).await?;
    let after = used.saturating_add(amount);
    if let Some(limit) = limit
        && amount > 0
        && after > limit
        && !work.caller.identity().system
    {
        return Err(exceeded(number.metric, limit, used));
    }
    Ok(after)
}

/// Records that a number has come closer to its limit than it was known to be; what is known now.
pub(super) async fn tell(
    work: &mut Work<'_>,
    number: Number<'_>,
    limit: i64,
    used: i64,
    before: Level,
    amount: i64,
) -> Result<Level> {
    let told = before.after(used, limit);
    // A limit that was lowered below what is there is no news of whoever gives back.
    if amount < 0 || told <= before {
        return Ok(told.min(before));
    }
    let metadata = Json::of(&json!({
        "metric": number.metric.name(), "status": told.name(), "used": used, "limit": limit,
    }))?;
    work.announce(number.group, "quota_warning", number.group, &metadata).await?;
    Ok(told)
}

/// Counts what there is one by one and goes on from there, after an import or a repair.
///
/// # Errors
/// As the store.
pub async fn recount(work: &mut Work<'_>, group: GroupId) -> Result<()> {
    for metric in Metric::ALL {
        let number = Number { group, metric, period: "" };
        let Some(exact) = sql::count(work.tx, group, metric).await? else { continue };
        gate::pass(work.tx, key(number))?;
        sql::forget_cut(work.tx, number).await?;
        let slots = gate::slots(work.tx);
        sql::spread(work.tx, number, slots, exact, 0).await?;
    }
    Ok(())
}

/// How much of something is used, of how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Of what.
    pub metric: Metric,
    /// How much.
    pub used: i64,
    /// Of how much; none where nothing limits it.
    pub limit: Option<i64>,
}

/// What a group uses in the month of `now`.
///
/// # Errors
/// As the store.
pub async fn of_group(
    tx: &mut Tx,
    plans: &Plans,
    group: GroupId,
    now: types::Time,
) -> Result<Vec<Used>> {
    let terms = terms(tx, group).await?;
    let all = sql::all(tx, group, &month(now)).await?;
    let used = |metric: Metric| all.iter().find(|(name, _)| name == metric.name());
    Ok(Metric::ALL
        .into_iter()
        .map(|metric| Used {
            metric,
            used: used(metric).map_or(0, |(_, amount)| *amount),
            limit: terms.limit(plans, metric),
        })
        .collect())
}

pub(super) fn exceeded(metric: Metric, limit: i64, used: i64) -> Error {
    let (words, name) = (metric.words(limit), metric.name());
    let message = match (limit, used) {
        (0, _) => {
            format!("The plan of this group includes {words} (`{name}`): ask for a larger one.")
        }
        (_, used) => {
            let used = match used {
                0 => "none is used".to_owned(),
                1 => "1 is used".to_owned(),
                _ => format!("{used} are used"),
            };
            let remedy = metric.remedy();
            format!("The plan of this group includes {words} (`{name}`), and {used}: {remedy}.")
        }
    };
    Error::new(ErrorKind::QuotaSpent, "quota_exceeded", message)
}

/// The slot this change writes to; others that are made just now write to others. What is rehearsed may
/// take long, and counts where only rehearsals do.
pub(super) fn own_slot(work: &Work<'_>) -> i64 {
    let seat = i64::from(gate::seat(work.tx));
    if work.is_rehearsal() { -1 - seat } else { seat }
}

/// The gate of a number: the hash of its group, and which of its numbers it is.
fn key(number: Number<'_>) -> i64 {
    let (high, low) = number.group.0.as_u64_pair();
    let folded = (high.rotate_left(32) ^ low).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (folded ^ number.metric as u64).cast_signed()
}
