//! The way to the rows of a list: along the table, or along the index of properties.
//!
//! A sorted property is its own index. Without one, a property that the filter bounds is taken if
//! it leaves one value (then it is in order of creation), or few rows; if it leaves many, walking
//! the table in order meets enough of them soon. With one, few rows of another property are found
//! along that and sorted; of many, each entry of the index is asked before its thing is looked at.

use std::borrow::Cow;

use database::{Engine, Sql, Tx};
use kernel::access::Scope;
use kernel::ontology::ThingType;
use types::{Error, ErrorKind, GroupId, Result};

use super::filtered::{Bound, Held, bounds};
use super::model::{Status, ThingFilter};
use super::others::{Asked, Other};
use super::statement::few;
use crate::listing::{Order, Part};
use crate::ontology::rules as types_of;

/// Rows that are sorted rather than found in order: cheaper than to pass by what does not match.
pub(super) const FEW: i64 = 2_000;

/// What the index of properties is asked.
#[derive(Debug, Default)]
pub(super) struct Way<'r> {
    /// Bounds of the sorted property; without one, of the property the page is found along.
    pub(super) bounds: Vec<Bound<'r>>,
    /// Another property, which leaves few rows: the page is found along that and sorted.
    pub(super) few: Option<Few<'r>>,
    /// Bounds of other properties: asked of every entry of the index.
    pub(super) asked: Vec<Asked<'r>>,
}

/// Few rows of one property, in the order of another.
#[derive(Debug)]
pub(super) struct Few<'r> {
    /// What they are within.
    pub(super) bounds: Vec<Bound<'r>>,
    /// What their entries `w` tell of the sorted property, if it is a number.
    pub(super) number: Other,
    /// The same, if it is a text: the beginning of it.
    text: Other,
}

impl Few<'_> {
    /// Appends ` and …` for those that may belong to a part of the list.
    pub(super) fn has<'a>(&'a self, part: Part, sql: &mut Sql<'a>, engine: Engine) {
        let has = |sql: &mut Sql<'a>, other: &'a Other, is: &'static str| {
            other.value(sql, engine);
            sql.push(is);
        };
        sql.push(" and (w.others is null or ");
        match part {
            Part::Numbers => has(sql, &self.number, " is not null"),
            Part::Texts => has(sql, &self.text, " is not null"),
            Part::Table | Part::Lacking => {
                has(sql, &self.number, " is null and ");
                has(sql, &self.text, " is null");
            }
        }
        sql.push(")");
    }
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
        let Some(known) = known(tx, group, kind, sorted.is_some()).await? else {
            return Ok(Self::default());
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
        let mut left = all.clone();
        while let Some(first) = left.first().copied() {
            let same = |one: &Bound<'r>| one.property == first.property && one.held == first.held;
            let held: Vec<Bound<'r>> = left.iter().copied().filter(same).collect();
            left.retain(|one| !same(one));
            let in_order = sorted.is_none() && order.is_by_creation();
            let enough = in_order && held.iter().any(Bound::is_equal);
            if !enough {
                let sql = few(scope, filter, &held, FEW);
                let rows: i64 = tx.one(sql.text(), sql.args(), |row| row.get(0)).await?;
                if rows > FEW {
                    continue;
                }
            }
            let Some(property) = sorted else {
                all.retain(|one| one.property != first.property);
                way.asked = all.into_iter().map(Asked::new).collect();
                return Ok(Self { bounds: held, ..way });
            };
            let number = Other::new("w.others", Held::Number, property);
            let text = Other::new("w.others", Held::Text, property);
            return Ok(Self { few: Some(Few { bounds: held, number, text }), ..way });
        }
        if sorted.is_some() {
            way.asked = all.into_iter().map(Asked::new).collect();
        }
        Ok(way)
    }
}

/// The type; without one that somebody registered there are no things of it, and nothing to sort
/// by.
async fn known(
    tx: &mut Tx,
    group: GroupId,
    kind: &str,
    sorted: bool,
) -> Result<Option<Cow<'static, ThingType>>> {
    match types_of::thing_type(tx, group, kind).await {
        Ok(known) => Ok(Some(known)),
        Err(error) if sorted => Err(at_type(error)),
        Err(error) if error.kind() == ErrorKind::Invalid => Ok(None),
        Err(error) => Err(error),
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

/// Hidden properties are neither filtered, sorted nor summed by: what an answer depends on, it
/// tells.
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
