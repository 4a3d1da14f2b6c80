//! What a search looks through and in which order it answers.

use std::collections::HashMap;

use database::Tx;
use database::seams::search::{self, Query, Ranked};
use kernel::access::{self, Right, Scope};
use kernel::{App, Caller};
use types::{AnyId, Checks, Error, Kind, PersonId, Result};
use uuid::Uuid;

use super::facets::Tally;
use super::model::{Facets, Found, FoundList, Search, Searchable};
use super::sql::{self, Row};

/// Characters of a query.
const MAX_QUERY: usize = 1000;
const DEFAULT_LIMIT: u8 = 20;
const MAX_LIMIT: u8 = 50;
/// Of the best documents so many are looked at before a search goes through all that match.
const NEAR: usize = 256;
/// Of these, so many at a time.
const LOOKED: usize = 64;

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
            let mut sides = Vec::new();
            for kind in [Searchable::Thing, Searchable::Knowledge] {
                if ask.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind)) {
                    sides.push((kind, scope(tx, &caller, &ask, kind).await?));
                }
            }
            let look = Look { me: caller.person(), ask: &ask, query: &query, sides: &sides };
            let data = look.found(tx, limit.into()).await?;
            let facets = if ask.facets { Some(look.facets(tx).await?) } else { None };
            Ok(FoundList { data, facets })
        })
        .await
}

/// What is looked for, and where.
struct Look<'a> {
    me: Option<PersonId>,
    ask: &'a Search,
    query: &'a Query,
    sides: &'a [(Searchable, Scope)],
}

impl Look<'_> {
    async fn found(&self, tx: &mut Tx, limit: usize) -> Result<Vec<Found>> {
        let mut best = match self.near(tx, limit).await? {
            Some(best) => best,
            None => self.far(tx, limit).await?,
        };
        // One index and one query: the scores of both kinds are comparable.
        best.sort_by(|one, other| one.1.compare(&other.1));
        best.truncate(limit);
        self.shown(tx, best).await
    }

    /// The best of what the caller sees, if they are among the best of all: mostly they are, and
    /// then only these few are joined with their objects.
    async fn near(&self, tx: &mut Tx, limit: usize) -> Result<Option<Vec<(Searchable, Ranked)>>> {
        let all = search::best(tx, self.query, i64::try_from(NEAR)?).await?;
        let mut best = Vec::new();
        // The best of them first: mostly these are enough.
        for some in all.chunks(LOOKED) {
            let ids: Vec<Uuid> = some.iter().map(|one| one.id).collect();
            for (kind, scope) in self.sides {
                let seen = sql::visible(tx, *kind, scope, self.me, self.ask, &ids).await?;
                let seen = some.iter().filter(|one| seen.contains(&one.id));
                best.extend(seen.map(|one| (*kind, *one)));
            }
            if best.len() >= limit {
                return Ok(Some(best));
            }
        }
        Ok((all.len() < NEAR).then_some(best))
    }

    /// The same, whatever there is beside it.
    async fn far(&self, tx: &mut Tx, limit: usize) -> Result<Vec<(Searchable, Ranked)>> {
        let (limit, mut best) = (i64::try_from(limit)?, Vec::new());
        for (kind, scope) in self.sides {
            let found = sql::find(tx, self.query, *kind, scope, self.me, self.ask, limit).await?;
            best.extend(found.into_iter().map(|one| (*kind, one)));
        }
        Ok(best)
    }

    async fn shown(&self, tx: &mut Tx, best: Vec<(Searchable, Ranked)>) -> Result<Vec<Found>> {
        let ranked: Vec<Ranked> = best.iter().map(|one| one.1).collect();
        let mut snippets = search::snippets(tx, self.query, &ranked).await?;
        let mut rows: HashMap<Uuid, Row> = HashMap::new();
        for (kind, _) in self.sides {
            let of_kind = best.iter().filter(|one| one.0 == *kind);
            let ids: Vec<Uuid> = of_kind.map(|one| one.1.id).collect();
            let found = sql::rows(tx, *kind, &ids).await?;
            rows.extend(found.into_iter().map(|row| (row.id, row)));
        }
        // Everything is there: it was found in the same snapshot.
        let shown = |(kind, one): (Searchable, Ranked)| {
            let row = rows.remove(&one.id)?;
            let snippet = snippets.remove(&one.id)?;
            let id_kind = match kind {
                Searchable::Thing => Kind::Thing,
                Searchable::Knowledge => Kind::Knowledge,
            };
            Some(Found {
                kind,
                id: AnyId { kind: id_kind, uuid: one.id },
                group_id: row.group,
                type_name: row.kind,
                name: row.name,
                text: row.text,
                score: one.score,
                snippet,
            })
        };
        let mut found: Vec<Found> = best.into_iter().filter_map(shown).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.id.cmp(&a.id)));
        Ok(found)
    }

    async fn facets(&self, tx: &mut Tx) -> Result<Facets> {
        let mut tally = Tally::default();
        for (kind, scope) in self.sides {
            tally.add(sql::facets(tx, self.query, *kind, scope, self.me, self.ask).await?);
        }
        Ok(tally.told())
    }
}

async fn scope(tx: &mut Tx, caller: &Caller, ask: &Search, kind: Searchable) -> Result<Scope> {
    let right = match kind {
        Searchable::Thing => Right::ThingsRead,
        Searchable::Knowledge => Right::KnowledgeRead,
    };
    Scope::of(tx, caller, right, ask.group_id, ask.include_children).await
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
