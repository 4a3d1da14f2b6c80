//! The page of a list that a filter by another property leaves few rows of, sorted by a property
//! that holds numbers: entries of the index are gathered and sorted, and only the things of the
//! page are read.

use std::collections::HashMap;

use database::seams::plan;
use database::{Sql, Tx};
use types::{Json, Result, ThingId};

use super::filtered::Held;
use super::model::Thing;
use super::sql;
use super::statement::{Ask, Found};
use super::way::{FEW, Few};
use crate::listing::{Column, Listable, Names, Part, Place, Sorted};

/// How much more is gathered each time that not enough of it is seen.
const MORE: i64 = 4;

/// What the index tells of a thing.
struct Entry {
    id: ThingId,
    number: f64,
}

impl Listable for Entry {
    /// The order is by the number, and then by creation.
    fn sorted(&self, _: &Column) -> Sorted {
        Sorted::Id(self.id.0)
    }
}

/// What `ask` finds, from the entries of `few`; `plans` is told how, if there is one.
pub(super) async fn numbers(
    tx: &mut Tx,
    ask: &Ask<'_>,
    few: &Few<'_>,
    mut plans: Option<&mut Vec<Json>>,
) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    // What is a number is no text.
    if ask.way.bounds.iter().any(|bound| bound.held == Held::Text) {
        return Ok(found);
    }
    let wanted = usize::try_from(ask.limit)?;
    let (mut limit, mut after) = (ask.limit, ask.after.cloned());
    loop {
        let sql = entries(ask, few, after.as_ref(), limit);
        if let Some(plans) = plans.as_deref_mut() {
            plans.push(plan::of(tx, &sql).await?);
        }
        let read = |row: &database::Row<'_>| Ok(Entry { id: row.get(0)?, number: row.get(1)? });
        let entries = tx.all(sql.text(), sql.args(), read).await?;
        let Some(last) = entries.last() else { return Ok(found) };
        after = Some(ask.order.place(Part::Numbers, last, Some(&Sorted::Real(last.number))));
        let ended = entries.len() < usize::try_from(limit)?;
        found.extend(seen(tx, ask, &entries, plans.as_deref_mut()).await?);
        found.truncate(wanted);
        if ended || found.len() == wanted {
            return Ok(found);
        }
        limit = (limit * MORE).min(FEW);
    }
}

/// The statement that sorts the entries behind a place.
fn entries<'a>(
    ask: &'a Ask<'a>,
    few: &'a Few<'a>,
    after: Option<&'a Place>,
    limit: i64,
) -> Sql<'a> {
    let engine = ask.given.engine;
    let mut sql = Sql::new(
        "select v.thing_id, v.number from (select w.thing_id, case when w.others is null then (\
         select x.number from thing_values x where x.thing_id = w.thing_id and x.property = ",
    );
    sql.bind(ask.order.property()).push(") else ");
    few.number.value(&mut sql, engine);
    sql.push(" end as number from thing_values w where 1 = 1");
    ask.within("w", &few.bounds, &mut sql);
    // No more of them are there. It keeps SQLite from making one statement of both, which would
    // look for the number anew each time that it is named.
    sql.push(" limit ").bind(FEW).push(") v where v.number is not null");
    for bound in &ask.way.bounds {
        bound.condition("v", &mut sql);
    }
    let names = Names::Along("v.thing_id");
    if let Some(after) = after {
        ask.order.behind(&mut sql, after, names);
    }
    ask.order.order_by(&mut sql, Part::Numbers, names);
    sql.push(" limit ").bind(limit);
    sql
}

/// Those of the things that the caller sees and the filter leaves, in the order of their entries.
async fn seen(
    tx: &mut Tx,
    ask: &Ask<'_>,
    entries: &[Entry],
    plans: Option<&mut Vec<Json>>,
) -> Result<Vec<Found>> {
    let mut sql = Sql::new(sql::HEAD);
    ask.of_entries(&mut sql);
    sql.push(" and o.id in ").bind_filled(entries.iter().map(|entry| entry.id));
    if let Some(plans) = plans {
        plans.push(plan::of(tx, &sql).await?);
    }
    let things = tx.all(sql.text(), sql.args(), sql::thing).await?;
    let mut things: HashMap<ThingId, Thing> =
        things.into_iter().map(|thing| (thing.id, thing)).collect();
    let found = |entry: &Entry| {
        let value = Some(Sorted::Real(entry.number));
        things.remove(&entry.id).map(|thing| Found { thing, value, part: Part::Numbers })
    };
    Ok(entries.iter().filter_map(found).collect())
}
