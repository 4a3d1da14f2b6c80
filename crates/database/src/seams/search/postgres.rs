//! `tsvector` with the `simple` configuration: no stemming, so both engines find the same words.

use std::collections::HashMap;

use types::Result;
use uuid::Uuid;

use super::{Document, Ranked, Term, snippet};
use crate::{Row, Sql, Tx, args};

pub(super) async fn put(tx: &mut Tx, document: &Document) -> Result<()> {
    tx.run_later(
        "insert into search_documents as d (object_id, kind, source_id, title, body) \
         values ($1, $2, $3, $4, $5) on conflict (object_id) do update set \
         source_id = excluded.source_id, title = excluded.title, body = excluded.body \
         where (d.source_id, d.title, d.body) is distinct from \
         (excluded.source_id, excluded.title, excluded.body)",
        args![
            document.id,
            document.id.kind.prefix(),
            document.source,
            &document.title,
            &document.text
        ],
    )
    .await
}

/// `to_tsquery` syntax from words of letters and digits only, so nothing typed is an operator.
pub(super) fn words(terms: &[Term]) -> String {
    let mut text = String::new();
    for term in terms {
        if !text.is_empty() {
            text.push_str(" & ");
        }
        text.push_str(if term.without { "!(" } else { "(" });
        text.push_str(&term.words.join(" <-> "));
        if term.prefix {
            text.push_str(":*");
        }
        text.push(')');
    }
    text
}

fn ranked(row: &Row<'_>) -> Result<Ranked> {
    Ok(Ranked { document: row.get(0)?, id: row.get(1)?, score: row.get(2)? })
}

pub(super) async fn best(tx: &mut Tx, words: &str, limit: i64) -> Result<Vec<Ranked>> {
    tx.all(
        "select d.document_id, d.object_id, \
         cast(ts_rank_cd(d.words, q) as double precision) as rank \
         from search_documents d cross join to_tsquery('simple', $1) q where d.words @@ q \
         order by rank desc, d.document_id limit $2",
        args![words, limit],
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
    let mut sql = Sql::new(
        "select d.document_id, d.object_id, \
         cast(ts_rank_cd(d.words, q) as double precision) as rank from search_documents d join ",
    );
    sql.push(table).push(" o on o.id = d.object_id cross join to_tsquery('simple', ");
    sql.bind(words).push(") q where d.words @@ q");
    visible(&mut sql);
    sql.push(" order by rank desc, d.document_id limit ").bind(limit);
    tx.all(sql.text(), sql.args(), ranked).await
}

pub(super) async fn snippets(
    tx: &mut Tx,
    words: &str,
    documents: &[Ranked],
) -> Result<HashMap<Uuid, String>> {
    let mut sql = Sql::new(
        "select d.object_id, ts_headline('simple', d.title || ' ' || d.body, \
         to_tsquery('simple', ",
    );
    sql.bind(words).push(
        "), 'StartSel=\u{2}, StopSel=\u{3}, MaxWords=24, MinWords=8, MaxFragments=1') \
         from search_documents d where d.document_id in ",
    );
    sql.bind_filled(documents.iter().map(|one| one.document));
    let found = tx
        .all(sql.text(), sql.args(), |row| Ok((row.get(0)?, snippet::html(row.text(1)?))))
        .await?;
    Ok(found.into_iter().collect())
}
