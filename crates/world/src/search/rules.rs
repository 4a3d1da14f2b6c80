//! What a search looks through and in which order it answers.

use std::collections::HashMap;

use database::Tx;
use database::seams::search::{Hit, Query};
use kernel::access::{self, Right, Scope};
use kernel::{App, Caller};
use types::{AnyId, Checks, Error, Kind, Result};
use uuid::Uuid;

use super::facets::Tally;
use super::model::{Found, FoundList, Search, Searchable};
use super::sql::{self, Row};

/// Characters of a query.
const MAX_QUERY: usize = 1000;
const DEFAULT_LIMIT: u8 = 20;
const MAX_LIMIT: u8 = 50;

/// The best answers within what the caller may see.
///
/// # Errors
/// 401; 403 and 404 by policy; 422 for a query without a word, or another wrong field.
pub async fn search(app: &App, caller: &Caller, ask: Search) -> Result<FoundList> {
    access::require_known(caller)?;
    let query = check(&ask)?;
    let caller = caller.clone();
    app.store(&caller)
        .read_long(async move |tx| {
            let limit = ask.limit.unwrap_or(DEFAULT_LIMIT);
            let (mut found, mut tally) = (Vec::new(), ask.facets.then(Tally::default));
            for kind in [Searchable::Thing, Searchable::Knowledge] {
                if ask.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind)) {
                    let scope = scope(tx, &caller, &ask, kind).await?;
                    found.extend(one_kind(tx, &caller, &ask, &query, kind, &scope, limit).await?);
                    if let Some(tally) = &mut tally {
                        let me = caller.person();
                        tally.add(sql::facets(tx, &query, kind, &scope, me, &ask).await?);
                    }
                }
            }
            // One index and one query: the scores of both kinds are comparable.
            found.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.id.cmp(&a.id)));
            found.truncate(limit.into());
            Ok(FoundList { data: found, facets: tally.map(Tally::told) })
        })
        .await
}

async fn scope(tx: &mut Tx, caller: &Caller, ask: &Search, kind: Searchable) -> Result<Scope> {
    let right = match kind {
        Searchable::Thing => Right::ThingsRead,
        Searchable::Knowledge => Right::KnowledgeRead,
    };
    Scope::of(tx, caller, right, ask.group_id, ask.include_children).await
}

async fn one_kind(
    tx: &mut Tx,
    caller: &Caller,
    ask: &Search,
    query: &Query,
    kind: Searchable,
    scope: &Scope,
    limit: u8,
) -> Result<Vec<Found>> {
    let id_kind = match kind {
        Searchable::Thing => Kind::Thing,
        Searchable::Knowledge => Kind::Knowledge,
    };
    let hits = sql::find(tx, query, kind, scope, caller.person(), ask, limit.into()).await?;
    let ids: Vec<Uuid> = hits.iter().map(|hit| hit.id).collect();
    let mut rows: HashMap<Uuid, Row> =
        sql::rows(tx, kind, &ids).await?.into_iter().map(|row| (row.id, row)).collect();
    // Everything is there: the hits were joined with these rows in the same snapshot.
    let shown = |hit: Hit| {
        let row = rows.remove(&hit.id)?;
        Some(Found {
            kind,
            id: AnyId { kind: id_kind, uuid: hit.id },
            group_id: row.group,
            type_name: row.kind,
            name: row.name,
            text: row.text,
            score: hit.score,
            snippet: hit.snippet,
        })
    };
    Ok(hits.into_iter().filter_map(shown).collect())
}

fn check(ask: &Search) -> Result<Query> {
    let mut checks = Checks::new();
    checks
        .text("/query", &ask.query, 1, MAX_QUERY)
        .that(
            ask.limit.is_none_or(|limit| (1..=MAX_LIMIT).contains(&limit)),
            "/limit",
            "out_of_range",
            format!("must be between 1 and {MAX_LIMIT}."),
        )
        .that(
            ask.kinds.as_ref().is_none_or(|kinds| !kinds.is_empty()),
            "/kinds",
            "too_short",
            "must name `thing`, `knowledge` or both.",
        )
        .that(
            ask.from.zip(ask.to).is_none_or(|(from, to)| from < to),
            "/to",
            "out_of_range",
            "must be later than `from`.",
        )
        .done()?;
    Query::parse(&ask.query).ok_or_else(|| {
        Error::invalid(
            "/query",
            "empty_query",
            "must contain at least one word to look for, not only what to leave out.",
        )
    })
}
