//! Lists of things: what was asked is checked, the way to the rows chosen, and the page told.

use std::sync::Arc;

use database::seams::plan;
use database::{Row, Tx};
use filter::{Filter, Given};
use kernel::access::{self, Right, Scope};
use kernel::{App, Caller};
use types::{Error, GroupId, Json, Limit, Result};
use uuid::Uuid;

use super::expand::Expand;
use super::filtered::{SCHEMA, TABLE};
use super::gathered;
use super::model::{Thing, ThingFilter, ThingQuery};
use super::row::ThingRow;
use super::statement::{Ask, Found, condition};
use super::way::Way;
use crate::listing::{
    self, Count, Fields, Listable as _, Order, Part, Place, Shown, Sorted, wrong_cursor,
};
use crate::pace;

/// A list that was asked for, checked as far as it can be without looking.
pub struct Request {
    filter: ThingFilter,
    order: Order,
    fields: Option<Arc<Fields>>,
    expand: Expand,
    count: bool,
    explain: bool,
    limit: Limit,
    after: Option<Place>,
}

/// A page.
pub struct Listing {
    /// Its rows.
    pub rows: Vec<ThingRow>,
    /// Where the next page starts, if there is one.
    pub next: Option<Vec<u8>>,
    /// What all pages hold together, if asked for.
    pub total: Option<u64>,
    /// How it was found, if asked for.
    pub plan: Option<Vec<Json>>,
}

impl Request {
    /// Reads what was asked; `after` is what the cursor holds.
    ///
    /// # Errors
    /// 422 for a parameter that is wrong.
    pub fn read(query: ThingQuery, limit: Limit, after: Option<&[u8]>) -> Result<Self> {
        let order = Order::parse(&TABLE, query.sort.as_deref())?;
        if order.property().is_some() {
            let needed = |name, code: &'static str| {
                Error::invalid(name, code, "is needed to sort by a property, which it indexes.")
            };
            query.kind.as_ref().ok_or_else(|| needed("type", "missing_field"))?;
            query.group_id.ok_or_else(|| needed("groupId", "missing_field"))?;
        }
        let after = after.map(|bytes| order.read(bytes).ok_or_else(wrong_cursor)).transpose()?;
        Ok(Self {
            fields: fields(query.fields.as_deref())?,
            expand: Expand::parse(query.expand.as_deref())?,
            count: query.count == Some(Count::Exact),
            explain: query.explain,
            filter: ThingFilter {
                group_id: query.group_id,
                include_children: query.include_children,
                kind: query.kind,
                status: query.status,
                owner_id: query.owner_id,
                parent_id: query.parent_id,
                filter: parse(query.filter.as_deref())?,
            },
            order,
            limit,
            after,
        })
    }

    /// Whether it is known to take longer than a moment.
    fn is_long(&self) -> bool {
        self.count || self.filter.include_children
    }

    /// What helps should it read too much, and the parameter it is about.
    fn advice(&self) -> (&'static str, String) {
        let Some(filter) = &self.filter.filter else {
            return (
                "sort",
                "sort by `createdAt`, or by a property that `type` indexes".to_owned(),
            );
        };
        let mut named: Vec<&str> = filter.json_paths().collect();
        named.sort_unstable();
        named.dedup();
        let named: Vec<String> = named.into_iter().map(|name| format!("`{name}`")).collect();
        let advice = if named.is_empty() {
            "name `groupId` and `type`, and filter by a property that the type indexes".to_owned()
        } else {
            let names = named.join(", ");
            format!("name `groupId` and `type`, and let the type index {names} (`indexed`)")
        };
        ("filter", advice)
    }
}

fn fields(text: Option<&str>) -> Result<Option<Arc<Fields>>> {
    Ok(text.map(|text| Fields::parse(text, &TABLE)).transpose()?.map(Arc::new))
}

/// A page of things.
///
/// # Errors
/// 401; 403 and 404 by policy; 403 for a plan by anyone but an owner of the group; 422
/// `not_indexed` for a property that the type does not index, `hidden_property`, `unknown_type`.
pub async fn list(app: &App, caller: &Caller, request: Request) -> Result<Listing> {
    let (caller, given) = (caller.clone(), listing::given(app, caller));
    let long = request.is_long();
    let costly = request.filter.filter.is_some() || !request.order.is_by_creation();
    let (at, advice) = request.advice();
    let store = app.store(&caller);
    let look = async move |tx: &mut Tx| page(tx, &caller, given, &request).await;
    if costly {
        let found = store.read_bounded(look).await;
        return found.map_err(|error| listing::too_expensive(error, at, &advice));
    }
    if long { store.read_long(look).await } else { store.read(look).await }
}

/// Things in the order they were made, after the one with an id, and whether others follow: what an
/// export reads, page by page, as far as they are enough.
///
/// # Errors
/// 401; 403 and 404 by policy.
pub(crate) async fn in_order(
    app: &App,
    caller: &Caller,
    filter: ThingFilter,
    limit: Limit,
    after: Option<Uuid>,
) -> Result<(Vec<Thing>, bool)> {
    let order = Order::of_creation(&TABLE);
    let after = after.map(|id| Order::place_of(Sorted::Id(id)));
    let caller = caller.clone();
    let given = listing::given(app, &caller);
    app.store(&caller)
        .read_long(async move |tx| {
            let (group, children) = (filter.group_id, filter.include_children);
            let scope = Scope::of(tx, &caller, Right::ThingsRead, group, children).await?;
            let way = Way::default();
            let ask = Ask {
                scope: &scope,
                given,
                filter: &filter,
                order: &order,
                part: Part::Table,
                way: &way,
                after: after.as_ref(),
                limit: limit.probe(),
            };
            let read = |row: &Row<'_>| Ok(ask.read(row)?.thing);
            let (mut rows, more) = pace::rows(tx, &ask.exported(), read, Thing::bytes).await?;
            let more = more || rows.len() > limit.rows();
            rows.truncate(limit.rows());
            Ok((rows, more))
        })
        .await
}

async fn page(tx: &mut Tx, caller: &Caller, given: Given, request: &Request) -> Result<Listing> {
    let filter = &request.filter;
    let scope =
        Scope::of(tx, caller, Right::ThingsRead, filter.group_id, filter.include_children).await?;
    if request.explain {
        require_owner(tx, caller, filter.group_id).await?;
    }
    let way = Way::choose(tx, &scope, filter, &request.order).await?;
    let mut plans = Vec::new();
    let mut found = rows(tx, given, &scope, request, &way, &mut plans).await?;
    let has_more = found.len() > request.limit.rows();
    found.truncate(request.limit.rows());
    let next = found.last().filter(|_| has_more).map(|last| {
        let place = request.order.place(last.part, &last.thing, last.value.as_ref());
        request.order.write(&place)
    });
    let total = if request.count { Some(total(tx, given, &scope, filter).await?) } else { None };
    let things: Vec<Thing> = found.into_iter().map(|one| one.thing).collect();
    let more = request.expand.of(tx, caller, &things).await?;
    let rows = things
        .into_iter()
        .zip(more)
        .map(|(thing, more)| ThingRow { thing: Shown::new(thing, request.fields.clone()), more });
    Ok(Listing { rows: rows.collect(), next, total, plan: request.explain.then_some(plans) })
}

/// The rows of a page and one more if another follows, from one part of the order after the other.
async fn rows(
    tx: &mut Tx,
    given: Given,
    scope: &Scope,
    request: &Request,
    way: &Way<'_>,
    plans: &mut Vec<Json>,
) -> Result<Vec<Found>> {
    let wanted = request.limit.rows() + 1;
    let mut found = Vec::with_capacity(wanted);
    let started = request.after.as_ref().map(|place| place.part);
    let parts = request.order.parts();
    let parts = parts.iter().skip_while(|part| started.is_some_and(|at| at != **part));
    // What bounds a property does not hold for what lacks it.
    let parts = parts.filter(|part| **part != Part::Lacking || way.bounds.is_empty());
    for part in parts {
        let ask = Ask {
            scope,
            given,
            filter: &request.filter,
            order: &request.order,
            part: *part,
            way,
            after: request.after.as_ref().filter(|place| place.part == *part),
            limit: i64::try_from(wanted - found.len())?,
        };
        let plans = request.explain.then_some(&mut *plans);
        found.extend(match &way.few {
            Some(few) if *part == Part::Numbers && request.order.is_by_property() => {
                gathered::numbers(tx, &ask, few, plans).await?
            }
            _ => {
                let sql = ask.statement();
                if let Some(plans) = plans {
                    plans.push(plan::of(tx, &sql).await?);
                }
                tx.all(sql.text(), sql.args(), |row| ask.read(row)).await?
            }
        });
        if found.len() == wanted {
            break;
        }
    }
    Ok(found)
}

/// How many things all pages hold together.
async fn total(tx: &mut Tx, given: Given, scope: &Scope, filter: &ThingFilter) -> Result<u64> {
    let mut sql = database::Sql::new("select count(*) from things o where 1 = 1");
    scope.condition(&mut sql, given.me);
    condition(&mut sql, filter, given);
    let total: i64 = tx.one(sql.text(), sql.args(), |row| row.get(0)).await?;
    Ok(total.unsigned_abs())
}

/// A plan tells how much there is of what: that is for owners.
async fn require_owner(tx: &mut Tx, caller: &Caller, group: Option<GroupId>) -> Result<()> {
    let owns = match group {
        Some(group) => access::standing(tx, caller, group).await?.owns,
        None => caller.identity().platform_owner,
    };
    if owns {
        return Ok(());
    }
    Err(Error::forbidden("Only an owner of `groupId` may ask how its lists are found."))
}

/// Reads `filter`.
///
/// # Errors
/// 422 at `filter`.
pub(super) fn parse(text: Option<&str>) -> Result<Option<Filter>> {
    text.map(|text| Filter::parse(text, &SCHEMA)).transpose()
}
