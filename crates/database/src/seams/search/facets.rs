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
    /// Those of a type made on a day, counted from 1970-01-01 UTC. Several may be about the same;
    /// together they are all of them, at most [`MOST`] and one more when there are more.
    Made(String, i64, i64),
    /// Those with a label.
    Label(String, i64),
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
            // Documents of the other kind are not looked for among the objects of this one. Most
            // are things: what is knowledge has an index of its own, without texts.
            sql.push(match labels {
                Labels::Joined => {
                    "from search_index f cross join search_documents d \
                     on d.document_id = f.rowid and d.kind = 'thing' cross join "
                }
                Labels::Listed => {
                    "from search_index f cross join search_documents d \
                     indexed by search_documents_knowledge \
                     on d.document_id = f.rowid and d.kind = 'knowledge' cross join "
                }
            });
            sql.push(table).push(" o on o.id = d.object_id where search_index match ");
            sql.bind(&*query.sqlite);
        }
        Engine::Postgres => {
            sql.push("from search_documents d join ").push(table);
            sql.push(" o on o.id = d.object_id cross join to_tsquery('simple', ");
            sql.bind(&*query.postgres).push(") q where d.words @@ q");
        }
    }
    visible(&mut sql);
    sql.push(" limit ").bind(MOST + 1);
    sql.push(") select 'made', m.type, m.created_at / 86400000000, ");
    sql.push(match engine {
        // To sort them takes longer than to tell them one by one; nothing is between it and us.
        Engine::Sqlite => "1 from matched m",
        Engine::Postgres => "count(*) from matched m group by m.type, m.created_at / 86400000000",
    });
    sql.push(" union all select 'label', ");
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
    let mut found = Vec::new();
    let counted = tx.all(sql.text(), sql.args(), |row| {
        let (value, day, count) = (row.text(1)?, row.get(2)?, row.get(3)?);
        if row.text(0)? == "label" {
            found.push(Facet::Label(value.to_owned(), count));
            return Ok(());
        }
        match found.last_mut() {
            // They come about as they were made: mostly it is the same day again.
            Some(Facet::Made(kind, on, all)) if *on == day && kind == value => *all += count,
            _ => found.push(Facet::Made(value.to_owned(), day, count)),
        }
        Ok(())
    });
    counted.await?;
    Ok(found)
}
