//! The statements of search: what the index is made from, and what is shown of an answer.

use std::collections::HashSet;

use database::seams::search::{self, Facet, Labels, Query, Ranked};
use database::{Sql, Tx};
use kernel::access::Scope;
use types::{AnyId, GroupId, Json, Kind, PersonId, Result, Time};
use uuid::Uuid;

use super::model::{Search, Searchable};
use crate::knowledge::rules::{SHOWN, carries};

/// Ids asked for at once.
pub(super) const BATCH: usize = 512;

/// The best documents of one kind, bounded to a scope.
pub(super) async fn find(
    tx: &mut Tx,
    query: &Query,
    kind: Searchable,
    scope: &Scope,
    me: Option<PersonId>,
    ask: &Search,
    limit: i64,
) -> Result<Vec<Ranked>> {
    let label = ask.label.as_deref().map(serde_json::to_string).transpose()?;
    search::find(tx, query, table(kind), limit, |sql| {
        bound(sql, kind, scope, me, ask, label.as_deref());
    })
    .await
}

/// Those of `ids` that [`find`] looks through.
pub(super) async fn visible(
    tx: &mut Tx,
    kind: Searchable,
    scope: &Scope,
    me: Option<PersonId>,
    ask: &Search,
    ids: &[Uuid],
) -> Result<HashSet<Uuid>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let label = ask.label.as_deref().map(serde_json::to_string).transpose()?;
    let mut sql = Sql::new("select o.id from ");
    sql.push(table(kind)).push(" o where o.id in ");
    sql.bind_filled(ids.iter().copied());
    bound(&mut sql, kind, scope, me, ask, label.as_deref());
    Ok(tx.all(sql.text(), sql.args(), |row| row.get(0)).await?.into_iter().collect())
}

/// Counts over everything that [`find`] looks through.
pub(super) async fn facets(
    tx: &mut Tx,
    query: &Query,
    kind: Searchable,
    scope: &Scope,
    me: Option<PersonId>,
    ask: &Search,
) -> Result<Vec<Facet>> {
    let label = ask.label.as_deref().map(serde_json::to_string).transpose()?;
    let labels = match kind {
        Searchable::Thing => Labels::Joined,
        Searchable::Knowledge => Labels::Listed,
    };
    search::facets(tx, query, table(kind), labels, |sql| {
        bound(sql, kind, scope, me, ask, label.as_deref());
    })
    .await
}

const fn table(kind: Searchable) -> &'static str {
    match kind {
        Searchable::Thing => "things",
        Searchable::Knowledge => "knowledge",
    }
}

/// Bounds alias `o` to what the caller sees and asks for; `quoted` is the label as JSON.
fn bound<'a>(
    sql: &mut Sql<'a>,
    kind: Searchable,
    scope: &Scope,
    me: Option<PersonId>,
    ask: &'a Search,
    quoted: Option<&'a str>,
) {
    scope.condition(sql, me);
    sql.and_equals("o.type", ask.kind.as_deref());
    if let Some(from) = ask.from {
        sql.push(" and o.created_at >= ").bind(from);
    }
    if let Some(to) = ask.to {
        sql.push(" and o.created_at < ").bind(to);
    }
    match (kind, ask.label.as_deref()) {
        (Searchable::Thing, label) => {
            sql.push(" and o.deleted_at is null");
            if let Some(label) = label {
                sql.push(
                    " and exists (select 1 from thing_knowledge k \
                     join knowledge l on l.id = k.knowledge_id \
                     where k.thing_id = o.id and l.type = 'label' and l.text = ",
                )
                .bind(label)
                .push(")");
            }
        }
        (Searchable::Knowledge, label) => {
            // What was made from an archived thing is put away with it.
            sql.push(
                " and (o.source_thing_id is null or exists (select 1 from things t \
                 where t.id = o.source_thing_id and t.deleted_at is null))",
            );
            if let Some((label, quoted)) = label.zip(quoted) {
                carries(sql, label, quoted);
            }
        }
    }
}

/// What is shown of an answer.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) group: GroupId,
    pub(super) kind: String,
    pub(super) name: Option<String>,
    pub(super) text: Option<String>,
}

/// Rows that were found within a scope: looks across groups for that reason.
pub(super) async fn rows(tx: &mut Tx, kind: Searchable, ids: &[Uuid]) -> Result<Vec<Row>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = match kind {
        Searchable::Thing => Sql::new("select o.id, o.group_id, o.type, o.name from things o"),
        Searchable::Knowledge => {
            let mut sql = Sql::new("select o.id, o.group_id, o.type, substr(o.text, 1, ");
            sql.bind(SHOWN).push(") from knowledge o");
            sql
        }
    };
    sql.push(" where o.id in ");
    sql.bind_filled(ids.iter().copied());
    tx.all(sql.text(), sql.args(), |row| {
        let words: Option<String> = row.get(3)?;
        let (name, text) = match kind {
            Searchable::Thing => (words, None),
            Searchable::Knowledge => (None, words),
        };
        Ok(Row { id: row.get(0)?, group: row.get(1)?, kind: row.get(2)?, name, text })
    })
    .await
}

/// A thing as the index is made from it.
pub(super) struct ThingRow {
    pub(super) id: AnyId,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) properties: Json,
    /// Neither archived nor sealed.
    pub(super) open: bool,
}

/// The index looks at everything: what of it is found depends on who asks.
pub(super) async fn things(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<ThingRow>> {
    let mut sql = Sql::new(
        "select o.id, o.type, o.name, o.properties, o.tier, o.deleted_at from things o \
         where o.id in ",
    );
    sql.bind_filled(ids.iter().copied());
    tx.all(sql.text(), sql.args(), |row| {
        let deleted: Option<Time> = row.get(5)?;
        Ok(ThingRow {
            id: AnyId { kind: Kind::Thing, uuid: row.get(0)? },
            kind: row.get(1)?,
            name: row.get(2)?,
            properties: row.get(3)?,
            open: row.text(4)? == "plain" && deleted.is_none(),
        })
    })
    .await
}

/// A piece of knowledge as the index is made from it.
pub(super) struct KnowledgeRow {
    pub(super) id: AnyId,
    pub(super) is_label: bool,
    pub(super) text: String,
    pub(super) labels: Json,
    pub(super) source: Option<Uuid>,
}

/// As [`things`]; of a long text only the first `limit` characters.
pub(super) async fn knowledge(tx: &mut Tx, ids: &[Uuid], limit: i64) -> Result<Vec<KnowledgeRow>> {
    let mut sql = Sql::new("select o.id, o.type, substr(o.text, 1, ");
    sql.bind(limit).push("), o.labels, o.source_thing_id from knowledge o where o.id in ");
    sql.bind_filled(ids.iter().copied());
    tx.all(sql.text(), sql.args(), |row| {
        Ok(KnowledgeRow {
            id: AnyId { kind: Kind::Knowledge, uuid: row.get(0)? },
            is_label: row.text(1)? == "label",
            text: row.get::<Option<String>>(2)?.unwrap_or_default(),
            labels: row.get(3)?,
            source: row.get(4)?,
        })
    })
    .await
}
