//! What is asked of a list, and the page that answers it.

use std::sync::Arc;

use database::{Row, Sql, Store, Tx};
use filter::{Filter, Given};
use http::Uri;
use kernel::access::Scope;
use kernel::{App, Caller};
use serde::{Deserialize, Serialize};
use types::{Error, Limit, Result};
use utoipa::ToSchema;
use web::ListedAs;

use super::order::Sorted;
use super::{Fields, Listable, Names, Order, Part, Place, Shown, Table};
use crate::{World, pace};

/// How to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Count {
    /// Every row there is.
    Exact,
}

/// The parameters that every list has, as they were sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Words<'q> {
    pub(crate) filter: Option<&'q str>,
    pub(crate) sort: Option<&'q str>,
    pub(crate) fields: Option<&'q str>,
    pub(crate) count: Option<Count>,
}

/// What is asked of a list, checked as far as it can be without looking.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) filter: Option<Filter>,
    pub(crate) order: Order,
    pub(crate) limit: Limit,
    pub(crate) after: Option<Place>,
    /// The mark that the cursor carries, where cursors carry one.
    pub(crate) mark: Option<i64>,
    /// Whether it is worth any time: then it is not given up before others are.
    patient: bool,
    fields: Option<Arc<Fields>>,
    count: bool,
}

/// A page.
#[derive(Debug)]
pub(crate) struct Found<T> {
    /// Its rows.
    pub(crate) rows: Vec<T>,
    /// Where the next page starts, if there is one.
    pub(crate) next: Option<Vec<u8>>,
    /// What all pages hold together, if asked for.
    pub(crate) total: Option<u64>,
    fields: Option<Arc<Fields>>,
}

impl<T> Found<T> {
    /// A page of a list that holds nothing.
    pub(crate) fn nothing(ask: &Ask) -> Self {
        let total = ask.count.then_some(0);
        Self { rows: Vec::new(), next: None, total, fields: ask.fields.clone() }
    }

    /// The same, whose cursor carries a mark: what the list was like when it was made.
    pub(crate) fn marked(mut self, mark: i64) -> Self {
        if let Some(next) = &mut self.next {
            next.extend_from_slice(&mark.to_be_bytes());
        }
        self
    }
}

/// A page of a list that can be counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CountedPage<T> {
    /// The rows, or the members of them that `fields` names.
    pub data: Vec<T>,
    /// Give this as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// Whether another page follows.
    pub has_more: bool,
    /// With `count=exact`: what all pages hold together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

impl Ask {
    /// Reads what was sent; `after` is what the cursor holds.
    ///
    /// # Errors
    /// 422 for a parameter that is wrong.
    pub(crate) fn read(
        table: &'static Table,
        words: Words<'_>,
        limit: Limit,
        after: Option<&[u8]>,
    ) -> Result<Self> {
        let order = Order::parse(table, words.sort)?;
        let (after, mark) = match after {
            Some(bytes) if table.marked => {
                let (place, mark) = bytes.split_last_chunk().ok_or_else(wrong_cursor)?;
                (Some(place), Some(i64::from_be_bytes(*mark)))
            }
            after => (after, None),
        };
        let after = after.map(|bytes| order.read(bytes).ok_or_else(wrong_cursor)).transpose()?;
        Ok(Self {
            filter: words.filter.map(|text| Filter::parse(text, table.schema)).transpose()?,
            order,
            limit,
            after,
            mark,
            patient: false,
            fields: words.fields.map(|text| Fields::parse(text, table)).transpose()?.map(Arc::new),
            count: words.count == Some(Count::Exact),
        })
    }

    /// Everything, oldest first, behind the row that was made at a place.
    pub(crate) fn in_order(table: &'static Table, limit: Limit, after: Option<Sorted>) -> Self {
        Self {
            filter: None,
            order: Order::of_creation(table),
            limit,
            after: after.map(Order::place_of),
            mark: None,
            patient: true,
            fields: None,
            count: false,
        }
    }

    /// The same as something worth any time, as an export is.
    pub(crate) fn patient(self) -> Self {
        Self { patient: true, ..self }
    }

    /// Whether it is an export's: of whole rows, however large they are.
    pub(crate) fn is_patient(&self) -> bool {
        self.patient
    }

    /// Looks for it: for no longer than such a question is worth, if it is one that an index may
    /// not answer.
    ///
    /// # Errors
    /// What `look` answers; 422 `query_too_expensive`.
    pub(crate) async fn look<T, F>(&self, store: Store<'_>, look: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        if self.patient || (self.filter.is_none() && self.order.is_by_creation()) {
            let is_long = self.count || self.patient;
            return if is_long { store.read_long(look).await } else { store.read(look).await };
        }
        let at = if self.filter.is_some() { "filter" } else { "sort" };
        store.read_bounded(look).await.map_err(|error| {
            too_expensive(
                error,
                at,
                "narrow the list by its other parameters, or ask for less of it",
            )
        })
    }

    /// A page over the groups of a scope. `head` selects from a table with alias `o` and ends in a
    /// `where` with one condition, to which `part` appends others.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub(crate) async fn over<'a, T: Listable>(
        &'a self,
        tx: &mut Tx,
        (scope, given): (&Scope, Given),
        head: &'static str,
        part: impl Fn(&mut Sql<'a>),
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Found<T>> {
        let page = |sql: &mut Sql<'a>| {
            part(sql);
            if self.after.is_none() && !matches!(scope, Scope::Group(..)) {
                self.order.along(sql);
            }
            self.finish(sql, given, Names::Table);
        };
        let exported = self.patient.then(|| {
            pace::along_keys((scope, given.engine), head, &self.order, |sql| {
                scope.condition(sql, given.me);
                page(sql);
            })
        });
        let sql = exported.flatten().unwrap_or_else(|| {
            let merged = |sql: &mut Sql<'a>| self.order.order_by(sql, Part::Table, Names::Merged);
            scope.list_by(head, merged, self.limit.probe(), given.me, page)
        });
        let (rows, more) = self.rows(tx, &sql, read).await?;
        let total = self
            .total(tx, given, |sql| {
                sql.push(head);
                scope.condition(sql, given.me);
                part(sql);
            })
            .await?;
        Ok(self.found((rows, more), total))
    }

    /// A page of what one statement selects, which ends in a `where` with a condition.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub(crate) async fn of<'a, T: Listable>(
        &'a self,
        tx: &mut Tx,
        (given, names): (Given, Names),
        whole: impl Fn(&mut Sql<'a>),
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Found<T>> {
        let mut sql = Sql::new("");
        whole(&mut sql);
        self.finish(&mut sql, given, names);
        let (rows, more) = self.rows(tx, &sql, read).await?;
        let total = self.total(tx, given, whole).await?;
        Ok(self.found((rows, more), total))
    }

    /// The rows of a page, and whether others were left because these are enough for an export.
    async fn rows<T: Listable>(
        &self,
        tx: &mut Tx,
        sql: &Sql<'_>,
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<(Vec<T>, bool)> {
        if self.patient {
            return pace::rows(tx, sql, read, T::bytes).await;
        }
        Ok((tx.all(sql.text(), sql.args(), read).await?, false))
    }

    /// Appends filter, position, order and limit.
    fn finish<'a>(&'a self, sql: &mut Sql<'a>, given: Given, names: Names) {
        if let Some(filter) = &self.filter {
            filter.condition(sql, given);
        }
        if let Some(after) = &self.after {
            self.order.behind(sql, after, names);
        }
        self.order.order_by(sql, Part::Table, names);
        sql.push(" limit ").bind(self.limit.probe());
    }

    /// How many rows all pages hold together.
    async fn total<'a>(
        &'a self,
        tx: &mut Tx,
        given: Given,
        whole: impl Fn(&mut Sql<'a>),
    ) -> Result<Option<u64>> {
        if !self.count {
            return Ok(None);
        }
        let mut sql = Sql::new("select count(*) from (");
        whole(&mut sql);
        if let Some(filter) = &self.filter {
            filter.condition(&mut sql, given);
        }
        sql.push(") as all_of_it");
        let total: i64 = tx.one(sql.text(), sql.args(), |row| row.get(0)).await?;
        Ok(Some(total.unsigned_abs()))
    }

    fn found<T: Listable>(&self, (mut rows, more): (Vec<T>, bool), total: Option<u64>) -> Found<T> {
        let has_more = more || rows.len() > self.limit.rows();
        rows.truncate(self.limit.rows());
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|last| self.order.write(&self.order.place(Part::Table, last, None)));
        Found { rows, next, total, fields: self.fields.clone() }
    }
}

/// What a filter is asked with by this caller now.
pub(crate) fn given(app: &App, caller: &Caller) -> Given {
    Given { me: caller.person(), now: app.now(), engine: app.db.engine() }
}

/// Says at which parameter a list asked for too much, and what helps.
pub(crate) fn too_expensive(error: Error, at: &str, advice: &str) -> Error {
    if error.code() != database::TOO_LONG {
        return error;
    }
    let message = format!("makes the list read too many rows; {advice}.");
    Error::invalid(at, database::TOO_LONG, message)
}

/// 422: the cursor is another list's.
pub(crate) fn wrong_cursor() -> Error {
    Error::invalid(
        "cursor",
        "invalid_cursor",
        "This cursor does not belong to this list; start again without one.",
    )
}

impl World {
    /// Reads what is asked of a list, whose cursors are good for the same path and filters.
    ///
    /// # Errors
    /// 422 for a parameter that is wrong.
    pub(crate) fn ask(
        &self,
        uri: &Uri,
        table: &'static Table,
        words: Words<'_>,
        (limit, cursor): (Limit, Option<&str>),
    ) -> Result<Ask> {
        let after = self.open(uri, cursor)?;
        Ask::read(table, words, limit, after.as_deref())
    }

    /// The answer of a list.
    pub(crate) fn listed<T>(&self, uri: Uri, found: Found<T>) -> ListedAs<CountedPage<Shown<T>>> {
        let next_cursor = found.next.map(|place| self.seal(&uri, &place));
        let shown = |row| Shown::new(row, found.fields.clone());
        let page = CountedPage {
            data: found.rows.into_iter().map(shown).collect(),
            has_more: next_cursor.is_some(),
            next_cursor: next_cursor.clone(),
            total: found.total,
        };
        ListedAs { rows: page.data.len(), next_cursor, page, uri }
    }
}
