//! What all lists of this room share: order, position, page.
//!
//! A list says once, as a [`Table`], what may be sorted by, filtered by and told; [`Ask`] is what a
//! request makes of it, and finds the page. Lists that only go forth or back have a [`Slice`].

mod ask;
mod fields;
mod order;
mod table;

use database::{Sql, Value};
use http::Uri;
use serde::Deserialize;
use types::{Limit, Page, Result};
use uuid::Uuid;
use web::Listed;

pub(crate) use ask::{Ask, Found, Words, given, too_expensive, wrong_cursor};
pub(crate) use ask::{Count, CountedPage};
pub(crate) use fields::Fields;
pub(crate) use fields::Shown;
pub(crate) use order::{Names, Order, PROPERTIES, Part, Place, Sorted, is_name};
pub(crate) use table::{Column, Holds, Listable, Table, asked, columns, fields};

use crate::World;

/// The order of a list. Ids are time-ordered, so the order of creation is the order of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, utoipa::ToSchema)]
pub enum Sort {
    /// Newest first.
    #[default]
    #[serde(rename = "-createdAt")]
    Newest,
    /// Oldest first.
    #[serde(rename = "createdAt")]
    Oldest,
}

/// Which rows of a list a page holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slice {
    /// How many.
    pub limit: Limit,
    /// After which row: an id, or an event's `seq`.
    pub after: Option<After>,
    /// In which order.
    pub sort: Sort,
}

/// The last row of the page before.
#[derive(Debug, Clone, Copy)]
pub enum After {
    /// Of rows with ids.
    Id(Uuid),
    /// Of events.
    Seq(i64),
}

impl After {
    const fn value(self) -> Value<'static> {
        match self {
            Self::Id(id) => Value::Uuid(id),
            Self::Seq(seq) => Value::Int(seq),
        }
    }
}

impl Slice {
    /// Appends position, order and limit for a query over alias `o`.
    pub fn finish(&self, sql: &mut Sql<'_>, column: &'static str) {
        if let Some(after) = self.after {
            sql.push(" and ").push(column);
            sql.push(match self.sort {
                Sort::Newest => " < ",
                Sort::Oldest => " > ",
            });
            sql.bind(after.value());
        }
        sql.push(" order by ").push(column);
        sql.push(match self.sort {
            Sort::Newest => " desc",
            Sort::Oldest => "",
        });
        sql.push(" limit ").bind(self.limit.probe());
    }

    /// The order of rows merged from several groups ([`kernel::access::Scope::list`]).
    #[must_use]
    pub const fn merged(&self) -> &'static str {
        match self.sort {
            Sort::Newest => "order by id desc",
            Sort::Oldest => "order by id",
        }
    }
}

impl World {
    /// Opens the cursor of a list of rows with ids. It only fits the list it came from: the same
    /// path and the same filters.
    ///
    /// # Errors
    /// 422 `invalid_cursor`.
    pub fn after(&self, uri: &Uri, cursor: Option<&str>) -> Result<Option<After>> {
        let Some(cursor) = cursor else { return Ok(None) };
        let payload = self.cursors.open(&scope(uri), cursor)?;
        Ok(match payload.len() {
            16 => Uuid::from_slice(&payload).ok().map(After::Id),
            8 => payload.try_into().ok().map(|bytes| After::Seq(i64::from_be_bytes(bytes))),
            _ => None,
        })
    }

    /// Opens the cursor of a list that knows itself what its cursors hold.
    ///
    /// # Errors
    /// 422 `invalid_cursor`.
    pub fn open(&self, uri: &Uri, cursor: Option<&str>) -> Result<Option<Vec<u8>>> {
        cursor.map(|cursor| self.cursors.open(&scope(uri), cursor)).transpose()
    }

    /// Seals what [`World::open`] opens.
    pub fn seal(&self, uri: &Uri, place: &[u8]) -> String {
        self.cursors.seal(&scope(uri), place)
    }

    /// A page from one row more than it shows; `key` names a row's place.
    pub fn page<T>(
        &self,
        uri: Uri,
        limit: Limit,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> After,
    ) -> Listed<T> {
        let has_more = rows.len() > limit.rows();
        rows.truncate(limit.rows());
        let next_cursor = rows.last().filter(|_| has_more).map(|last| match key(last) {
            After::Id(id) => self.cursors.seal(&scope(&uri), id.as_bytes()),
            After::Seq(seq) => self.cursors.seal(&scope(&uri), &seq.to_be_bytes()),
        });
        Listed(Page { data: rows, next_cursor, has_more }, uri)
    }
}

/// Path and filters, in one order; what only says which page, or what is told of a row, is left
/// out.
fn scope(uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default();
    let mut pairs: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !matches!(name, "" | "cursor" | "limit" | "fields" | "expand" | "count" | "explain")
        })
        .collect();
    pairs.sort_unstable();
    let mut scope = uri.path().to_owned();
    for pair in pairs {
        scope.push('&');
        scope.push_str(pair);
    }
    scope
}
