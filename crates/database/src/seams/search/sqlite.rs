//! FTS5. The index has no content of its own: it refers to `search_documents` by rowid, so the
//! text is stored once.

use std::collections::HashMap;

use types::{AnyId, Result};
use uuid::Uuid;

use super::{Document, Ranked, Term, snippet};
use crate::{Row, Sql, Tx, args};

pub(super) async fn put(tx: &mut Tx, document: &Document) -> Result<()> {
    let same = tx
        .maybe(
            "select title, body, source_id from search_documents where object_id = $1",
            args![document.id],
            |row| {
                Ok(row.text(0)? == document.title
                    && row.text(1)? == document.text
                    && row.get::<Option<Uuid>>(2)? == document.source)
            },
        )
        .await?;
    match same {
        Some(true) => return Ok(()),
        Some(false) => remove(tx, document.id).await?,
        None => {}
    }
    // Without a savepoint of its own: at each, FTS5 writes out what it has gathered, which would
    // make a segment of each document.
    tx.insert_numbered(
        "insert into search_documents (object_id, kind, source_id, title, body) \
         values ($1, $2, $3, $4, $5)",
        "document_id",
        args![
            document.id,
            document.id.kind.prefix(),
            document.source,
            &document.title,
            &document.text
        ],
    )
    .await?;
    let rowid = tx.last_number().await?;
    tx.run(
        "insert into search_index (rowid, title, body) values ($1, $2, $3)",
        args![rowid, &document.title, &document.text],
    )
    .await?;
    Ok(())
}

pub(super) async fn remove(tx: &mut Tx, id: AnyId) -> Result<()> {
    let old: Option<(i64, String, String)> = tx
        .maybe(
            "delete from search_documents where object_id = $1 returning document_id, title, body",
            args![id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .await?;
    match old {
        Some((rowid, title, body)) => forget(tx, rowid, &title, &body).await,
        None => Ok(()),
    }
}

/// What is removed for good leaves no words behind: else FTS5 would only note that they do not
/// count any more, until it rewrites that part of the index some day. Setting it back writes out
/// what was gathered until then.
pub(super) async fn remove_all(tx: &mut Tx, ids: &[Uuid]) -> Result<()> {
    const SECURELY: &str =
        "insert into search_index (search_index, rank) values ('secure-delete', $1)";
    tx.run(SECURELY, args![1_i64]).await?;
    remove_each(tx, ids).await?;
    tx.run(SECURELY, args![0_i64]).await?;
    Ok(())
}

async fn remove_each(tx: &mut Tx, ids: &[Uuid]) -> Result<()> {
    let mut sql = Sql::new("delete from search_documents where object_id in ");
    sql.bind_list(ids.iter().copied()).push(" returning document_id, title, body");
    let old: Vec<(i64, String, String)> =
        tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).await?;
    for (rowid, title, body) in old {
        forget(tx, rowid, &title, &body).await?;
    }
    Ok(())
}

pub(super) async fn remove_made_from(tx: &mut Tx, source: AnyId) -> Result<()> {
    let old: Vec<(i64, String, String)> = tx
        .all(
            "delete from search_documents where source_id = $1 returning document_id, title, body",
            args![source],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .await?;
    for (rowid, title, body) in old {
        forget(tx, rowid, &title, &body).await?;
    }
    Ok(())
}

/// The index must be told what it had indexed.
async fn forget(tx: &mut Tx, rowid: i64, title: &str, body: &str) -> Result<()> {
    tx.run(
        "insert into search_index (search_index, rowid, title, body) values ('delete', $1, $2, $3)",
        args![rowid, title, body],
    )
    .await?;
    Ok(())
}

/// Only letters and digits in double quotes reach FTS5, so nothing typed is an operator.
pub(super) fn words(terms: &[Term]) -> String {
    let mut wanted = String::new();
    let mut unwanted = String::new();
    for term in terms {
        let side = if term.without { &mut unwanted } else { &mut wanted };
        if !side.is_empty() {
            side.push_str(if term.without { " OR " } else { " AND " });
        }
        side.push('"');
        side.push_str(&term.words.join(" "));
        side.push('"');
        if term.prefix {
            side.push('*');
        }
    }
    if unwanted.is_empty() { wanted } else { format!("({wanted}) NOT ({unwanted})") }
}

/// bm25() is better the smaller it is.
fn ranked(row: &Row<'_>) -> Result<Ranked> {
    Ok(Ranked { document: row.get(0)?, id: row.get(1)?, score: -row.get::<f64>(2)? })
}

/// Documents that are ranked at most: of words that more of them have, the newest are. To find a
/// match is cheap, to rank it takes ten times as long, and a word that is everywhere says little
/// about any of them.
const RANKED: i64 = 4_000;

pub(super) async fn best(tx: &mut Tx, words: &str, limit: i64) -> Result<Vec<Ranked>> {
    // Documents are numbered as they come: the newest have the highest numbers.
    let passed: Option<i64> = tx
        .maybe(
            "select rowid from search_index where search_index match $1 \
             order by rowid desc limit 1 offset $2",
            args![words, RANKED],
            |row| row.get(0),
        )
        .await?;
    tx.all(
        "select f.document, d.object_id, f.place from (\
           select rowid as document, bm25(search_index, 4.0, 1.0) as place from search_index \
           where search_index match $1 and rowid > $2 order by place, rowid limit $3) f \
         cross join search_documents d on d.document_id = f.document order by f.place, f.document",
        args![words, passed.unwrap_or(0), limit],
        ranked,
    )
    .await
}

pub(super) async fn find<'a>(
    tx: &mut Tx,
    words: &'a str,
    table: &'static str,
    limit: i64,
    visible: impl FnOnce(&mut Sql<'a>),
) -> Result<Vec<Ranked>> {
    // `cross join` keeps the order: the index is asked once, never once per visible object.
    let mut sql = Sql::new(
        "select f.rowid, d.object_id, bm25(search_index, 4.0, 1.0) as place \
         from search_index f cross join search_documents d on d.document_id = f.rowid cross join ",
    );
    sql.push(table).push(" o on o.id = d.object_id where search_index match ").bind(words);
    visible(&mut sql);
    sql.push(" order by place, f.rowid limit ").bind(limit);
    tx.all(sql.text(), sql.args(), ranked).await
}

pub(super) async fn snippets(
    tx: &mut Tx,
    words: &str,
    documents: &[Ranked],
) -> Result<HashMap<Uuid, String>> {
    let numbers = || documents.iter().map(|one| one.document);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else {
        return Ok(HashMap::new());
    };
    // All of them in one walk along the matches: each that is asked for by itself would put the
    // words of a prefix together once more. The plus sign keeps them from being asked for so.
    let mut sql = Sql::new(
        "select f.rowid, snippet(search_index, -1, char(2), char(3), '…', 24) \
         from search_index f where search_index match ",
    );
    sql.bind(words).push(" and f.rowid >= ").bind(first).push(" and f.rowid <= ").bind(last);
    sql.push(" and +f.rowid in ").bind_filled(numbers());
    let marked: Vec<(i64, String)> = tx
        .all(sql.text(), sql.args(), |row| Ok((row.get(0)?, snippet::html(row.text(1)?))))
        .await?;
    let ids: HashMap<i64, Uuid> = documents.iter().map(|one| (one.document, one.id)).collect();
    Ok(marked.into_iter().filter_map(|(at, html)| Some((*ids.get(&at)?, html))).collect())
}
