//! The statements of usage.

use database::{Sql, Tx, Value, args};
use types::{GroupId, JsonMap, Result};

use super::{Level, Metric};

/// One number of one group.
#[derive(Clone, Copy)]
pub(super) struct Number<'a> {
    pub(super) group: GroupId,
    pub(super) metric: Metric,
    /// The month, of what is counted by the month; else empty.
    pub(super) period: &'a str,
}

/// What the numbers of a group may be.
pub struct Terms {
    pub(super) group: GroupId,
    /// As the group's row has it.
    pub(super) status: String,
    pub(super) plan: String,
    pub(super) limits: JsonMap,
    /// The installation's own group.
    pub(super) platform: bool,
    /// By the names of what they are about; none where nothing limits.
    pub(super) cuts: Vec<(String, Cut)>,
}

/// What the ceilings were made for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) most: i64,
    pub(super) share: i64,
    pub(super) told: Level,
}

/// Read by everybody, written seldom, so nobody loses to anybody for it.
pub(super) async fn terms(tx: &mut Tx, group: GroupId, period: &str) -> Result<Option<Terms>> {
    let mut terms = None;
    let cuts = tx
        .all(
            "select g.plan, g.limits, g.slug, c.metric, c.most, c.share, c.told, g.status \
             from groups g left join usage_cuts c on c.group_id = g.id and c.period = $2 \
             where g.id = $1",
            args![group, period],
            |row| {
                if terms.is_none() {
                    let limits: Option<types::Json> = row.get(1)?;
                    terms = Some(Terms {
                        group,
                        status: row.get(7)?,
                        plan: row.get(0)?,
                        limits: limits.map(|limits| limits.to_map()).unwrap_or_default(),
                        platform: row.text(2)? == "platform",
                        cuts: Vec::new(),
                    });
                }
                let Some(metric) = row.get::<Option<String>>(3)? else { return Ok(None) };
                let told = Level::stored(row.get(6)?);
                Ok(Some((metric, Cut { most: row.get(4)?, share: row.get(5)?, told })))
            },
        )
        .await?;
    Ok(terms.map(|terms| Terms { cuts: cuts.into_iter().flatten().collect(), ..terms }))
}

/// Adds to a slot, whatever its ceiling.
pub(super) async fn add(tx: &mut Tx, number: Number<'_>, slot: i64, amount: i64) -> Result<()> {
    add_all(tx, slot, &[(number, amount)]).await
}

/// The same with several numbers.
pub(super) async fn add_all(tx: &mut Tx, slot: i64, amounts: &[(Number<'_>, i64)]) -> Result<()> {
    let rows: Vec<Value<'_>> = amounts
        .iter()
        .flat_map(|(number, amount)| {
            let Number { group, metric, period } = *number;
            [group.into(), metric.name().into(), period.into(), slot.into(), (*amount).into()]
        })
        .collect();
    tx.insert_later(
        "insert into usage_counters as u (group_id, metric, period, slot, amount) values ",
        " on conflict (group_id, metric, period, slot) \
         do update set amount = u.amount + excluded.amount",
        5,
        &rows,
    )
    .await
}

/// Adds to a slot that stays below its ceiling; false when it would not.
pub(super) async fn add_below_ceiling(
    tx: &mut Tx,
    number: Number<'_>,
    slot: i64,
    amount: i64,
) -> Result<bool> {
    // An upsert looks for its row without the lock a read leaves on the page of the index, which
    // all slots share: PostgreSQL would take writers of other slots for conflicts. A slot that is
    // not there yet is made without a ceiling, and counts nothing.
    let ceiling = tx
        .maybe(
            "insert into usage_counters as u (group_id, metric, period, slot, amount) \
             values ($1, $2, $3, $4, 0) on conflict (group_id, metric, period, slot) \
             do update set amount = u.amount + $5 where u.amount + $5 <= u.ceiling \
             returning ceiling",
            args![number.group, number.metric.name(), number.period, slot, amount],
            |row| row.get::<Option<i64>>(0),
        )
        .await?;
    Ok(ceiling.flatten().is_some())
}

/// The number itself. Whoever reads it in a change loses to everybody who counts meanwhile, unless
/// they are behind its gate.
pub(super) async fn sum(tx: &mut Tx, number: Number<'_>) -> Result<i64> {
    tx.one(
        "select cast(coalesce(sum(amount), 0) as bigint) from usage_counters \
         where group_id = $1 and metric = $2 and period = $3",
        args![number.group, number.metric.name(), number.period],
        |row| row.get(0),
    )
    .await
}

/// Puts all of a number into its first slot, and gives each of `slots` the same room.
pub(super) async fn spread(
    tx: &mut Tx,
    number: Number<'_>,
    slots: u8,
    used: i64,
    share: i64,
) -> Result<()> {
    let (metric, period) = (number.metric.name(), number.period);
    let mut sql = Sql::new(
        "insert into usage_counters (group_id, metric, period, slot, amount, ceiling) values ",
    );
    for slot in 0..i64::from(slots) {
        let amount = if slot == 0 { used } else { 0 };
        sql.push(if slot == 0 { "" } else { ", " });
        sql.bind_list([
            Value::from(number.group),
            Value::from(metric),
            Value::from(period),
            Value::from(slot),
            Value::from(amount),
            Value::from(amount + share),
        ]);
    }
    sql.push(
        " on conflict (group_id, metric, period, slot) \
         do update set amount = excluded.amount, ceiling = excluded.ceiling",
    );
    tx.run(sql.text(), sql.args()).await?;
    Ok(())
}

pub(super) async fn keep_cut(tx: &mut Tx, number: Number<'_>, cut: Cut) -> Result<()> {
    tx.run(
        "insert into usage_cuts (group_id, metric, period, most, share, told) \
         values ($1, $2, $3, $4, $5, $6) on conflict (group_id, metric, period) \
         do update set most = excluded.most, share = excluded.share, told = excluded.told",
        args![
            number.group,
            number.metric.name(),
            number.period,
            cut.most,
            cut.share,
            cut.told.number()
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn forget_cut(tx: &mut Tx, number: Number<'_>) -> Result<()> {
    tx.run(
        "delete from usage_cuts where group_id = $1 and metric = $2 and period = $3",
        args![number.group, number.metric.name(), number.period],
    )
    .await?;
    Ok(())
}

/// Deletes numbers of months before `month`, with what their ceilings were made for.
pub(super) async fn forget_before(tx: &mut Tx, month: &str, limit: i64) -> Result<u64> {
    tx.run("delete from usage_cuts where period <> '' and period < $1", args![month]).await?;
    tx.run(
        "delete from usage_counters where (group_id, metric, period, slot) in \
         (select group_id, metric, period, slot from usage_counters \
         where period <> '' and period < $1 limit $2)",
        args![month, limit],
    )
    .await
}

/// Every number of a group: those of all time, and those of a month.
pub(super) async fn all(tx: &mut Tx, group: GroupId, month: &str) -> Result<Vec<(String, i64)>> {
    tx.all(
        "select metric, cast(sum(amount) as bigint) from usage_counters \
         where group_id = $1 and period in ('', $2) group by metric",
        args![group, month],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// What there is, counted one by one; none of what leaves no rows.
pub(super) async fn count(tx: &mut Tx, group: GroupId, metric: Metric) -> Result<Option<i64>> {
    let sql = match metric {
        Metric::Users => {
            "select count(*) from memberships where group_id = $1 and status = 'active'"
        }
        Metric::Things => "select count(*) from things where group_id = $1",
        Metric::Connections => "select count(*) from connections where group_id = $1",
        Metric::StorageBytes => {
            "select cast((select coalesce(sum(bytes), 0) from things where group_id = $1) \
             + (select coalesce(sum(octet_length(text)), 0) from knowledge where group_id = $1) \
             as bigint)"
        }
        Metric::ApiCalls => return Ok(None),
    };
    tx.one(sql, args![group], |row| row.get(0)).await.map(Some)
}
