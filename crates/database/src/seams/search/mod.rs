//! Full-text search over `search_documents`: FTS5 with BM25 on SQLite, `tsvector` with
//! `ts_rank_cd` on PostgreSQL.
//!
//! A query is what a person types: words (all must occur), `"a phrase"`, `prefix*` and `-without`.
//! It is parsed here, once, into terms that both engines are given in their own syntax.

mod facets;
mod postgres;
mod query;
mod snippet;
mod sqlite;

use std::collections::HashMap;

use types::{AnyId, Result};
use uuid::Uuid;

pub use self::facets::{Facet, Labels, MOST, facets};
pub use self::query::{Query, Term};
use crate::{Engine, Sql, Tx, Value, args};

/// What can be found: one object and its text.
#[derive(Debug, Clone)]
pub struct Document {
    /// The object.
    pub id: AnyId,
    /// Its title; weighs more than the text.
    pub title: String,
    /// Everything else worth finding. Whoever writes it keeps title and text below 300 KiB: what
    /// PostgreSQL keeps of a document is below 1 MiB and up to three times as long.
    pub text: String,
    /// The thing it was made from: [`remove_made_from`] that thing takes it along.
    pub source: Option<Uuid>,
}

/// A document with its place among all that match a query.
#[derive(Debug, Clone, Copy)]
pub struct Ranked {
    /// `search_documents.object_id`.
    pub id: Uuid,
    /// Higher is better; only comparable within one query.
    pub score: f64,
    /// `search_documents.document_id`: of as good ones, the lower comes first.
    document: i64,
}

impl Ranked {
    /// The order of answers: the best first.
    #[must_use]
    pub fn compare(&self, other: &Self) -> std::cmp::Ordering {
        other.score.total_cmp(&self.score).then(self.document.cmp(&other.document))
    }
}

/// Puts a document into the index, or replaces it.
///
/// # Errors
/// As [`Tx::run`].
pub async fn put(tx: &mut Tx, document: &Document) -> Result<()> {
    match tx.engine() {
        Engine::Sqlite => sqlite::put(tx, document).await,
        Engine::Postgres => postgres::put(tx, document).await,
    }
}

/// Takes a document out of the index.
///
/// # Errors
/// As [`Tx::run`].
pub async fn remove(tx: &mut Tx, id: AnyId) -> Result<()> {
    match tx.engine() {
        Engine::Sqlite => sqlite::remove(tx, id).await,
        Engine::Postgres => {
            forget(tx, "delete from search_documents where object_id = $1", args![id]).await
        }
    }
}

/// Takes several documents out of the index for good: none of their words stays in it.
///
/// # Errors
/// As [`Tx::run`].
pub async fn remove_all(tx: &mut Tx, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    match tx.engine() {
        Engine::Sqlite => sqlite::remove_all(tx, ids).await,
        Engine::Postgres => {
            let mut sql = Sql::new("delete from search_documents where object_id in ");
            sql.bind_list(ids.iter().copied());
            forget(tx, sql.text(), sql.args()).await
        }
    }
}

/// The index is nobody's: who removed an object takes it out, whichever group it was in.
async fn forget(tx: &mut Tx, sql: &str, args: &[Value<'_>]) -> Result<()> {
    tx.beyond(async |tx| tx.run(sql, args).await).await?;
    Ok(())
}

/// Takes everything out of the index that was made from one thing.
///
/// # Errors
/// As [`Tx::run`].
pub async fn remove_made_from(tx: &mut Tx, source: AnyId) -> Result<()> {
    match tx.engine() {
        Engine::Sqlite => sqlite::remove_made_from(tx, source).await,
        Engine::Postgres => {
            forget(tx, "delete from search_documents where source_id = $1", args![source]).await
        }
    }
}

/// The best `limit` documents of all, whoever may see them: [`find`] answers the same questions
/// for one caller and looks at every match for it, this one asks nothing but the index.
///
/// # Errors
/// As [`Tx::all`].
pub async fn best(tx: &mut Tx, query: &Query, limit: i64) -> Result<Vec<Ranked>> {
    match tx.engine() {
        Engine::Sqlite => sqlite::best(tx, &query.sqlite, limit).await,
        Engine::Postgres => postgres::best(tx, &query.postgres, limit).await,
    }
}

/// The best `limit` documents of one kind. `visible` appends the joins and conditions on alias
/// `o` (the object's own table) that bound the answer to what the caller may see.
///
/// # Errors
/// As [`Tx::all`].
pub async fn find<'a>(
    tx: &mut Tx,
    query: &'a Query,
    table: &'static str,
    limit: i64,
    visible: impl FnOnce(&mut Sql<'a>),
) -> Result<Vec<Ranked>> {
    match tx.engine() {
        Engine::Sqlite => sqlite::find(tx, &query.sqlite, table, limit, visible).await,
        Engine::Postgres => postgres::find(tx, &query.postgres, table, limit, visible).await,
    }
}

/// Part of the text of each document around what was found, as HTML: escaped, with the words in
/// `<mark>…</mark>` and no other tag.
///
/// # Errors
/// As [`Tx::all`].
pub async fn snippets(
    tx: &mut Tx,
    query: &Query,
    documents: &[Ranked],
) -> Result<HashMap<Uuid, String>> {
    if documents.is_empty() {
        return Ok(HashMap::new());
    }
    match tx.engine() {
        Engine::Sqlite => sqlite::snippets(tx, &query.sqlite, documents).await,
        Engine::Postgres => postgres::snippets(tx, &query.postgres, documents).await,
    }
}
