//! The way to the rows of a list: along the table, or along the index of properties.
//!
//! A sorted property is its own index. Without one, a property that the filter bounds is taken if
//! it leaves one value (then it is in order of creation), or few rows; if it leaves many, walking
//! the table in order meets enough of them soon. With one, few rows of another property are found
//! along that and sorted; of many, the index is asked as they come, before the row is looked at.

use database::Tx;
use kernel::access::Scope;
use kernel::ontology::ThingType;
use types::{Error, ErrorKind, Result};

use super::filtered::{Bound, bounds};
use super::model::{Status, ThingFilter};
use super::statement::few;
use crate::listing::Order;
use crate::ontology::rules as types_of;

/// Rows that are sorted rather than found in order: cheaper than to pass by what does not match.
const FEW: i64 = 2_000;
/// Other properties that are asked for in the index.
const ASKED: usize = 3;

/// What the index of properties is asked.
#[derive(Debug, Default)]
pub(super) struct Way<'r> {
    /// Bounds of the sorted property; without one, of the property the page is found along.
    pub(super) bounds: Vec<Bound<'r>>,
    /// Bounds of another property, which leaves few rows: the page is found along that and sorted.
    pub(super) few: Vec<Bound<'r>>,
    /// Bounds of other properties, property by property: asked of every row by its id.
    pub(super) asked: Vec<Vec<Bound<'r>>>,
}

impl<'r> Way<'r> {
    /// Chooses the way of one page.
    ///
    /// # Errors
    /// 422 `not_indexed`, `hidden_property`, `unknown_type`.
    pub(super) async fn choose(
        tx: &mut Tx,
        scope: &Scope,
        filter: &'r ThingFilter,
        order: &Order,
    ) -> Result<Self> {
        let sorted = order.property();
        let (Some(group), Some(kind)) = (filter.group_id, filter.kind.as_deref()) else {
            return Ok(Self::default());
        };
        if sorted.is_none() && filter.filter.is_none() {
            return Ok(Self::default());
        }
        let known = match (types_of::thing_type(tx, group, kind).await, sorted) {
            (Ok(known), _) => known,
            (Err(error), Some(_)) => return Err(at_type(error)),
            // A type nobody registered has no things.
            (Err(error), None) if error.kind() == ErrorKind::Invalid => return Ok(Self::default()),
            (Err(error), None) => return Err(error),
        };
        refuse_hidden(filter, &known)?;
        if let Some(property) = sorted {
            require_indexed(&known, property)?;
        }
        let mut all: Vec<Bound<'r>> = filter.filter.iter().flat_map(bounds).collect();
        all.retain(|bound| known.indexed.iter().any(|one| one == bound.property));
        let mut way = Self::default();
        if let Some(property) = sorted {
            way.bounds = all.iter().filter(|one| one.property == property).copied().collect();
        }
        // What is archived is in no index.
        if filter.status == Some(Status::Archived) || !matches!(scope, Scope::Group(..)) {
            return Ok(way);
        }
        all.retain(|bound| Some(bound.property) != sorted);
        while let Some(first) = all.first().copied() {
            let same = |one: &Bound<'r>| one.property == first.property && one.held == first.held;
            let held: Vec<Bound<'r>> = all.iter().copied().filter(|one| same(one)).collect();
            all.retain(|one| !same(one));
            if sorted.is_none() && order.is_by_creation() && held.iter().any(Bound::is_equal) {
                return Ok(Self { bounds: held, ..way });
            }
            let sql = few(scope, filter, &held, FEW);
            let rows: i64 = tx.one(sql.text(), sql.args(), |row| row.get(0)).await?;
            match (rows <= FEW, sorted) {
                (true, None) => return Ok(Self { bounds: held, ..way }),
                (true, Some(_)) => return Ok(Self { few: held, asked: Vec::new(), ..way }),
                (false, Some(_)) if way.asked.len() < ASKED => way.asked.push(held),
                (false, _) => {}
            }
        }
        Ok(way)
    }
}

fn require_indexed(kind: &ThingType, property: &str) -> Result<()> {
    if kind.indexed.iter().any(|one| one == property) {
        return Ok(());
    }
    if kind.hidden.iter().any(|one| one == property) {
        return Err(hidden("sort", property));
    }
    let message = format!(
        "names a property that `{}` does not index; an owner may add it to `indexed` of the type.",
        kind.name
    );
    Err(Error::invalid("sort", "not_indexed", message))
}

/// Hidden properties are neither filtered, sorted nor summed by: what an answer depends on, it tells.
pub(super) fn refuse_hidden(filter: &ThingFilter, kind: &ThingType) -> Result<()> {
    let hidden = |name: &str| kind.hidden.iter().any(|one| one == name);
    filter.filter.as_ref().map_or(Ok(()), |filter| filter.refuse_hidden(hidden))
}

/// 422 `hidden_property` at a parameter.
pub(super) fn hidden(parameter: &str, name: &str) -> Error {
    let message = format!("names `{name}`, a hidden property, which is never read.");
    Error::invalid(parameter, "hidden_property", message)
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
