//! The statement that finds one page of things.

use database::{Row, Sql, Value};
use filter::Given;
use kernel::access::Scope;
use types::Result;

use super::filtered::Bound;
use super::model::{Thing, ThingFilter};
use super::sql;
use super::way::Way;
use crate::listing::{Names, Order, Part, Place, Sorted};
use crate::pace;

/// One page, or the part of it that one statement finds.
pub(super) struct Ask<'a> {
    pub(super) scope: &'a Scope,
    pub(super) given: Given,
    pub(super) filter: &'a ThingFilter,
    pub(super) order: &'a Order,
    pub(super) part: Part,
    pub(super) way: &'a Way<'a>,
    pub(super) after: Option<&'a Place>,
    pub(super) limit: i64,
}

/// A row, with what the index of the sorted property holds of it.
pub(super) struct Found {
    pub(super) thing: Thing,
    pub(super) value: Option<Sorted>,
    pub(super) part: Part,
}

impl<'a> Ask<'a> {
    /// The statement: along the index of a property, or over the table.
    pub(super) fn statement(&'a self) -> Sql<'a> {
        let few = self.way.few.is_some();
        let along = match self.part {
            Part::Numbers | Part::Texts => true,
            Part::Table => !self.way.bounds.is_empty(),
            Part::Lacking => false,
        };
        let head = match (self.part, few) {
            (Part::Numbers, false) => sql::ALONG_NUMBERS,
            (Part::Numbers, true) => sql::FEW_NUMBERS,
            (Part::Texts, false) => sql::ALONG_TEXTS,
            (Part::Texts, true) => sql::FEW_TEXTS,
            (Part::Table, _) if along => sql::ALONG,
            (Part::Lacking, true) => sql::HEAD_FEW,
            (Part::Table | Part::Lacking, _) => sql::HEAD,
        };
        let names = if along { Names::Along("v.thing_id") } else { Names::Table };
        let page = |sql: &mut Sql<'a>| {
            match (self.after, self.scope) {
                (Some(after), _) => self.order.behind(sql, after, names),
                (None, Scope::Subtree(..)) if !along => self.order.along(sql),
                (None, _) => {}
            }
            self.order.order_by(sql, self.part, names);
            sql.push(" limit ").bind(self.limit);
        };
        if along || few {
            let mut sql = Sql::new(head);
            self.property(&mut sql);
            self.of_entries(&mut sql);
            page(&mut sql);
            return sql;
        }
        let merged = |sql: &mut Sql<'a>| self.order.order_by(sql, self.part, Names::Merged);
        self.scope.list_by(head, merged, self.limit, self.given.me, |sql| {
            self.property(sql);
            condition(sql, self.filter, self.given);
            page(sql);
        })
    }

    /// The same over the table for an export, whose things may be large.
    pub(super) fn exported(&'a self) -> Sql<'a> {
        let engine = self.given.engine;
        let along = pace::along_keys((self.scope, engine), sql::HEAD, self.order, |sql| {
            self.scope.condition(sql, self.given.me);
            condition(sql, self.filter, self.given);
            match self.after {
                Some(after) => self.order.behind(sql, after, Names::Table),
                None => self.order.along(sql),
            }
            self.order.order_by(sql, self.part, Names::Table);
            sql.push(" limit ").bind(self.limit);
        });
        along.unwrap_or_else(|| self.statement())
    }

    /// Appends what is asked of the things of entries of the index, which are of the type and in
    /// the group of their thing. Said of the table, too, PostgreSQL looks through all that are in
    /// it for each entry, as long as it does not know how many there are.
    pub(super) fn of_entries(&'a self, sql: &mut Sql<'a>) {
        match self.scope {
            Scope::Group(_, sight) | Scope::Subtree(_, sight) => {
                sight.condition(sql, self.given.me);
            }
            scope => scope.condition(sql, self.given.me),
        }
        but_type(sql, self.filter, self.given);
    }

    /// Bounds the index to a property of the type, or the table to what lacks it.
    fn property(&'a self, sql: &mut Sql<'a>) {
        let way = self.way;
        let bounded = way.bounds.first().map(|bound| bound.property);
        let Some(property) = self.order.property().or(bounded) else { return };
        if let Some(few) = &way.few {
            self.within("w", &few.bounds, sql);
            few.has(self.part, sql, self.given.engine);
        }
        if self.part == Part::Lacking {
            sql.push(" and not exists (select 1 from thing_values v where v.thing_id = o.id");
            sql.push(" and v.property = ").bind(property).push(")");
            return;
        }
        if way.few.is_none() {
            along("v", sql, self.scope, self.filter, property);
        } else {
            sql.push(" and v.property = ").bind(property);
        }
        match self.part {
            Part::Texts => sql.push(" and v.text is not null"),
            Part::Numbers => sql.push(" and v.number is not null"),
            Part::Table | Part::Lacking => sql,
        };
        for bound in &way.bounds {
            bound.condition("v", sql);
        }
        for asked in &way.asked {
            asked.condition(sql, self.given.engine);
        }
    }

    /// Bounds `alias` of the index to what `bounds` leave of one property.
    pub(super) fn within<'s>(
        &'s self,
        alias: &'static str,
        bounds: &'s [Bound<'s>],
        sql: &mut Sql<'s>,
    ) {
        let Some(first) = bounds.first() else { return };
        along(alias, sql, self.scope, self.filter, first.property);
        for bound in bounds {
            bound.condition(alias, sql);
        }
    }

    pub(super) fn read(&self, row: &Row<'_>) -> Result<Found> {
        let value = match self.part {
            Part::Numbers => Some(Sorted::Real(row.get(14)?)),
            Part::Texts => Some(Sorted::Text(row.get(14)?)),
            Part::Table | Part::Lacking => None,
        };
        Ok(Found { thing: sql::thing(row)?, value, part: self.part })
    }
}

/// Bounds `alias` of the index to one property of one type. The group is said of the index itself,
/// which runs along (group, type, property, value, id).
fn along<'a>(
    alias: &'static str,
    sql: &mut Sql<'a>,
    scope: &Scope,
    filter: &'a ThingFilter,
    property: &'a str,
) {
    match scope {
        Scope::Group(group, _) => {
            sql.push(" and ").push(alias).push(".group_id = ").bind(*group);
        }
        Scope::Subtree(root, _) => {
            sql.push(" and ").push(alias).push(".group_id in (select b.group_id ");
            sql.push("from group_ancestors b where b.ancestor_id = ").bind(*root).push(")");
        }
        Scope::Groups(_) | Scope::Everything => {}
    }
    sql.push(" and ").push(alias).push(".type = ").bind(filter.kind.as_deref());
    sql.push(" and ").push(alias).push(".property = ").bind(property);
}

/// Whether an index leaves at most `most` rows within bounds: it looks at no more than that.
pub(super) fn few<'a>(
    scope: &Scope,
    filter: &'a ThingFilter,
    bounds: &[Bound<'a>],
    most: i64,
) -> Sql<'a> {
    let mut sql = Sql::new("select count(*) from (select 1 from thing_values v where 1 = 1");
    if let Some(first) = bounds.first() {
        along("v", &mut sql, scope, filter, first.property);
    }
    for bound in bounds {
        bound.condition("v", &mut sql);
    }
    sql.push(" limit ").bind(most + 1).push(") as bounded");
    sql
}

/// Appends what a filter asks of the columns of alias `o`.
pub(super) fn condition<'a>(sql: &mut Sql<'a>, filter: &'a ThingFilter, given: Given) {
    of_type(sql, filter);
    but_type(sql, filter, given);
}

fn of_type<'a>(sql: &mut Sql<'a>, filter: &'a ThingFilter) {
    sql.and_equals("o.type", filter.kind.as_deref());
}

fn but_type<'a>(sql: &mut Sql<'a>, filter: &'a ThingFilter, given: Given) {
    sql.and_equals("o.owner_id", filter.owner_id).and_equals("o.parent_id", filter.parent_id);
    match filter.status {
        Some(status) => sql.and_equals("o.status", Some(Value::Text(status.name()))),
        None => sql.push(" and o.deleted_at is null"),
    };
    if let Some(filter) = &filter.filter {
        filter.condition(sql, given);
    }
}
