//! Counts beside the answers: how many of everything found have which type, label and day.

use types::Result;

use super::Query;
use crate::{Engine, Sql, Tx};

/// Objects that are counted at most: a word that is everywhere must not cost a walk over everything.
pub const MOST: i64 = 4_000;

/// Where the labels of an object are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    /// Joined with it by `thing_knowledge`.
    Joined,
    /// In its column `labels`, a list.
    Listed,
}

/// How many of the objects found share something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facet {
    /// All of them, at most [`MOST`] and one more when there are more.
    All(i64),
    /// Those of a type.
    Type(String, i64),
    /// Those with a label.
    Label(String, i64),
    /// Those made on a day, counted from 1970-01-01 UTC.
    Day(i64, i64),
}

/// Counts what [`super::find`] looks through, with the same `visible`.
///
/// # Errors
/// As [`Tx::all`].
pub async fn facets<'a>(
    tx: &mut Tx,
    query: &'a Query,
    table: &'static str,
    labels: Labels,
    visible: impl FnOnce(&mut Sql<'a>),
) -> Result<Vec<Facet>> {
    let engine = tx.engine();
    let mut sql = Sql::new("with matched as materialized (select o.id, o.type, o.created_at ");
    match engine {
        Engine::Sqlite => {
            sql.push(
                "from search_index f cross join search_documents d on d.document_id = f.rowid \
                 cross join ",
            );
            sql.push(table).push(" o on o.id = d.object_id where search_index match ");
            sql.bind(&*query.sqlite);
            // Documents of the other kind are not looked for among the objects of this one.
            sql.push(match labels {
                Labels::Joined => " and d.kind = 'thing'",
                Labels::Listed => " and d.kind = 'knowledge'",
            });
        }
        Engine::Postgres => {
            sql.push("from search_documents d join ").push(table);
            sql.push(" o on o.id = d.object_id cross join to_tsquery('simple', ");
            sql.bind(&*query.postgres).push(") q where d.words @@ q");
        }
    }
    visible(&mut sql);
    sql.push(" limit ").bind(MOST + 1);
    sql.push(
        ") select 'all', '', 0, count(*) from matched \
         union all select 'type', m.type, 0, count(*) from matched m group by m.type \
         union all select 'day', '', m.created_at / 86400000000, count(*) from matched m \
         group by m.created_at / 86400000000 \
         union all select 'label', ",
    );
    sql.push(match (labels, engine) {
        (Labels::Joined, _) => {
            "l.text, 0, count(*) from matched m join thing_knowledge k on k.thing_id = m.id \
             join knowledge l on l.id = k.knowledge_id and l.type = 'label' group by l.text"
        }
        (Labels::Listed, Engine::Sqlite) => {
            "l.value, 0, count(*) from matched m join knowledge k on k.id = m.id \
             cross join json_each(k.labels) l group by l.value"
        }
        (Labels::Listed, Engine::Postgres) => {
            "l.value, 0, count(*) from matched m join knowledge k on k.id = m.id \
             cross join lateral jsonb_array_elements_text(k.labels) l (value) group by l.value"
        }
    });
    tx.all(sql.text(), sql.args(), |row| {
        let (value, day, count) = (row.text(1)?, row.get(2)?, row.get(3)?);
        Ok(match row.text(0)? {
            "all" => Facet::All(count),
            "type" => Facet::Type(value.to_owned(), count),
            "day" => Facet::Day(day, count),
            _ => Facet::Label(value.to_owned(), count),
        })
    })
    .await
}
