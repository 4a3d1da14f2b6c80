//! Lists of things: what was asked is checked, the way to the rows chosen, and the page told.

use std::sync::Arc;

use database::Tx;
use database::seams::plan;
use filter::{Filter, Given};
use kernel::access::{self, Right, Scope};
use kernel::ontology::ThingType;
use kernel::{App, Caller};
use types::{Error, ErrorKind, GroupId, Json, Limit, Result};
use uuid::Uuid;

use super::expand::Expand;
use super::filtered::{Bound, SCHEMA, bounds};
use super::model::{Count, Status, Thing, ThingFilter, ThingQuery};
use super::order::{Order, Part, Place};
use super::row::{Fields, Shown, ThingRow};
use super::statement::{Ask, Found, condition, few};
use crate::ontology::rules as types_of;

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
        let order = Order::parse(query.sort.as_deref())?;
        if order.property().is_some() {
            let needed = |name, code: &'static str| {
                Error::invalid(name, code, "is needed to sort by a property, which it indexes.")
            };
            query.kind.as_ref().ok_or_else(|| needed("type", "missing_field"))?;
            query.group_id.ok_or_else(|| needed("groupId", "missing_field"))?;
        }
        let after = after.map(|bytes| order.read(bytes).ok_or_else(wrong_cursor)).transpose()?;
        Ok(Self {
            fields: query.fields.as_deref().map(Fields::parse).transpose()?.map(Arc::new),
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
}

fn wrong_cursor() -> Error {
    Error::invalid(
        "cursor",
        "invalid_cursor",
        "This cursor does not belong to this list; start again without one.",
    )
}

/// A page of things.
///
/// # Errors
/// 401; 403 and 404 by policy; 403 for a plan by anyone but an owner of the group; 422
/// `not_indexed` for a property that the type does not index, `unknown_type`.
pub async fn list(app: &App, caller: &Caller, request: Request) -> Result<Listing> {
    let (caller, long) = (caller.clone(), request.is_long());
    let given = Given { me: caller.person(), now: app.now(), engine: app.db.engine() };
    let store = app.store(&caller);
    let look = async move |tx: &mut Tx| page(tx, &caller, given, &request).await;
    if long { store.read_long(look).await } else { store.read(look).await }
}

/// Things in the order they were made, after the one with an id, and one more row when others
/// follow: what an export reads, page by page.
///
/// # Errors
/// 401; 403 and 404 by policy.
pub(crate) async fn in_order(
    app: &App,
    caller: &Caller,
    filter: ThingFilter,
    limit: Limit,
    after: Option<Uuid>,
) -> Result<Vec<Thing>> {
    let request = Request {
        filter,
        order: Order::parse(Some("createdAt"))?,
        fields: None,
        expand: Expand::default(),
        count: false,
        explain: false,
        limit,
        after: after.map(Order::place_of),
    };
    let caller = caller.clone();
    let given = Given { me: caller.person(), now: app.now(), engine: app.db.engine() };
    app.store(&caller)
        .read_long(async move |tx| {
            let filter = &request.filter;
            let (group, children) = (filter.group_id, filter.include_children);
            let scope = Scope::of(tx, &caller, Right::ThingsRead, group, children).await?;
            let found = rows(tx, given, &scope, &request, &[], &mut Vec::new()).await?;
            Ok(found.into_iter().map(|one| one.thing).collect())
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
    let bounds = along(tx, &scope, request).await?;
    let mut plans = Vec::new();
    let mut found = rows(tx, given, &scope, request, &bounds, &mut plans).await?;
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
    bounds: &[Bound<'_>],
    plans: &mut Vec<Json>,
) -> Result<Vec<Found>> {
    let wanted = request.limit.rows() + 1;
    let mut found = Vec::with_capacity(wanted);
    let started = request.after.as_ref().map(|place| place.part);
    let parts = request.order.parts();
    let parts = parts.iter().skip_while(|part| started.is_some_and(|at| at != **part));
    // What bounds a property does not hold for what lacks it.
    let parts = parts.filter(|part| **part != Part::Lacking || bounds.is_empty());
    for part in parts {
        let ask = Ask {
            scope,
            given,
            filter: &request.filter,
            order: &request.order,
            part: *part,
            bounds,
            after: request.after.as_ref().filter(|place| place.part == *part),
            limit: i64::try_from(wanted - found.len())?,
        };
        let sql = ask.statement();
        if request.explain {
            plans.push(plan::of(tx, &sql).await?);
        }
        found.extend(tx.all(sql.text(), sql.args(), |row| ask.read(row)).await?);
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

/// Rows that are sorted rather than found in order: cheaper than to pass by what does not match.
const FEW: i64 = 2_000;

/// Chooses the index a page is found along, as the bounds of its property; without any, it is the
/// index of the sorted property, or else the table.
///
/// A sorted property is its own index. Else one that the filter bounds is taken if it leaves one
/// value (then it is in order of creation), or few rows; if it leaves many, walking the table in
/// order meets enough of them soon.
async fn along<'r>(tx: &mut Tx, scope: &Scope, request: &'r Request) -> Result<Vec<Bound<'r>>> {
    let filter = &request.filter;
    let sorted = request.order.property();
    let (Some(group), Some(kind)) = (filter.group_id, filter.kind.as_deref()) else {
        return Ok(Vec::new());
    };
    if sorted.is_none() && filter.filter.is_none() {
        return Ok(Vec::new());
    }
    let known = match (types_of::thing_type(tx, group, kind).await, sorted) {
        (Ok(known), _) => known,
        (Err(error), Some(_)) => return Err(at_type(error)),
        // A type nobody registered has no things.
        (Err(error), None) if error.kind() == ErrorKind::Invalid => return Ok(Vec::new()),
        (Err(error), None) => return Err(error),
    };
    refuse_hidden(filter, &known)?;
    let all: Vec<Bound<'r>> = filter.filter.iter().flat_map(bounds).collect();
    let of = |property: &str| -> Vec<Bound<'r>> {
        all.iter().filter(|bound| bound.property == property).copied().collect()
    };
    if let Some(property) = sorted {
        require_indexed(&known, property)?;
        return Ok(of(property));
    }
    // What is archived is in no index.
    if filter.status == Some(Status::Archived) || !matches!(scope, Scope::Group(..)) {
        return Ok(Vec::new());
    }
    for first in all.iter().filter(|bound| known.indexed.iter().any(|one| one == bound.property)) {
        let held = of(first.property).into_iter().filter(|bound| bound.held == first.held);
        let held: Vec<Bound<'r>> = held.collect();
        if request.order.is_by_id() && held.iter().any(Bound::is_equal) {
            return Ok(held);
        }
        let sql = few(scope, filter, &held, FEW);
        let rows: i64 = tx.one(sql.text(), sql.args(), |row| row.get(0)).await?;
        if rows <= FEW {
            return Ok(held);
        }
    }
    Ok(Vec::new())
}

/// Reads `filter`.
///
/// # Errors
/// 422 at `filter`.
pub(super) fn parse(text: Option<&str>) -> Result<Option<Filter>> {
    text.map(|text| Filter::parse(text, &SCHEMA)).transpose()
}

fn require_indexed(kind: &ThingType, property: &str) -> Result<()> {
    if kind.indexed.iter().any(|one| one == property) {
        return Ok(());
    }
    let message = if kind.hidden.iter().any(|one| one == property) {
        "names a hidden property, which is never read.".to_owned()
    } else {
        format!(
            "names a property that `{}` does not index; an owner may add it to `indexed` of the \
             type.",
            kind.name
        )
    };
    Err(Error::invalid("sort", "not_indexed", message))
}

/// Hidden properties are not where a filter looks; saying so is kinder than finding nothing.
fn refuse_hidden(filter: &ThingFilter, kind: &ThingType) -> Result<()> {
    let mut named = filter.filter.iter().flat_map(Filter::json_paths);
    match named.find(|name| kind.hidden.iter().any(|one| one == name)) {
        None => Ok(()),
        Some(name) => Err(Error::invalid(
            "filter",
            "hidden_property",
            format!("names `{name}`, a hidden property, which is never read."),
        )),
    }
}

/// The type was a parameter, not a field of a body.
fn at_type(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Invalid => Error::invalid(
            "type",
            "unknown_type",
            "is not a thing type of this group; GET /v1/ontology lists them.",
        ),
        _ => error,
    }
}
