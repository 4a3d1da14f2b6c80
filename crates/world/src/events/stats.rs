//! How many events there were: by day, by type, by who did it.

use std::time::Duration;

use database::{Row, Sql, Tx};
use filter::{Filter, Given};
use kernel::access::{Right, Scope};
use kernel::{App, Caller};
use serde::{Deserialize, Serialize};
use types::{Error, GroupId, PersonId, Result, Time};
use utoipa::{IntoParams, ToSchema};

use super::model::EventFilter;
use super::rules::target;
use super::sql::condition;
use super::table::TABLE;
use crate::listing::{self, too_expensive};

/// Entries told at most.
const MOST: usize = 5000;
/// Days counted at most, and days counted unless `from` says otherwise.
const MOST_DAYS: u32 = 366;
const DAYS: u32 = 30;
const DAY: Duration = Duration::from_secs(24 * 3600);
const DAY_MICROS: i64 = 86_400_000_000;

/// What is counted, and by what.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StatsQuery {
    /// Only of this group; every group the caller belongs to, if absent.
    pub group_id: Option<GroupId>,
    /// Also of all groups below `groupId`; for its owners.
    pub include_children: bool,
    /// Not before this moment; 30 days before `to`, if absent.
    pub from: Option<Time>,
    /// Before this moment, at most 366 days after `from`; now, if absent.
    pub to: Option<Time>,
    /// Any of `day` (UTC), `type` and `actor`, e.g. `type,day`; `day`, if absent.
    #[param(example = "type,day")]
    pub by: Option<String>,
    /// Only of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Only by this person.
    pub actor_id: Option<PersonId>,
    /// Only about this object.
    #[param(value_type = Option<types::AnyId>)]
    pub target_id: Option<String>,
    /// Only what this says, e.g. `metadata.type == "course"`; see `docs/filter.md`.
    pub filter: Option<String>,
}

/// How many events there were.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventStats {
    /// From when was counted.
    pub from: Time,
    /// Until when.
    pub to: Time,
    /// One entry for each value there is: by day the earliest first, else the most first.
    pub data: Vec<EventCount>,
    /// All entries together.
    pub total: i64,
    /// Whether there are more entries than these.
    pub truncated: bool,
}

/// How many events there were of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventCount {
    /// With `day`: on which (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-01-31")]
    pub day: Option<String>,
    /// With `type`: of which.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(example = "thing_created")]
    pub kind: Option<String>,
    /// With `actor`: by whom; null for the installation itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PersonId>)]
    pub actor_id: Option<Option<PersonId>>,
    /// How many.
    pub count: i64,
}

/// What is counted by; at least one of them.
#[derive(Debug, Clone, Copy, Default)]
struct By {
    day: bool,
    kind: bool,
    actor: bool,
}

/// Counts events that the caller may see.
///
/// # Errors
/// 401; 403 and 404 by policy; 422 for what is not sensible, `query_too_expensive`.
pub(crate) async fn of(app: &App, caller: &Caller, query: StatsQuery) -> Result<EventStats> {
    let by = By::parse(query.by.as_deref())?;
    let (from, to) = range(&query, app.now())?;
    let text = query.filter.as_deref();
    let filter = text.map(|text| Filter::parse(text, TABLE.schema)).transpose()?;
    let target = query.target_id.as_deref().map(target).transpose()?;
    let plain = EventFilter {
        group_id: query.group_id,
        include_children: query.include_children,
        kind: query.kind,
        actor_id: query.actor_id,
        from: Some(from),
        to: Some(to),
        ..EventFilter::default()
    };
    let at = if filter.is_some() { "filter" } else { "from" };
    let (caller, given) = (caller.clone(), listing::given(app, caller));
    let store = app.store(&caller);
    let look = async move |tx: &mut Tx| {
        let (group, children) = (plain.group_id, plain.include_children);
        let scope = Scope::of(tx, &caller, Right::EventsRead, group, children).await?;
        let mut sql = by.head();
        scope.condition(&mut sql, given.me);
        condition(&mut sql, &scope, given, &plain, target);
        by.finish(&mut sql, filter.as_ref(), given);
        tx.all(sql.text(), sql.args(), |row| by.read(row)).await
    };
    let counted = store.read_bounded(look).await;
    let mut data =
        counted.map_err(|error| too_expensive(error, at, "count fewer days, or of one group"))?;
    let truncated = data.len() > MOST;
    data.truncate(MOST);
    let total = data.iter().map(|one| one.count).sum();
    Ok(EventStats { from, to, data, total, truncated })
}

/// From when to when is counted.
fn range(query: &StatsQuery, now: Time) -> Result<(Time, Time)> {
    let to = query.to.unwrap_or(now);
    let from = query.from.unwrap_or_else(|| to.before(DAY * DAYS));
    let at = if query.from.is_some() { "from" } else { "to" };
    if from >= to {
        return Err(Error::invalid(at, "out_of_range", "`from` must be earlier than `to`."));
    }
    if to.before(DAY * MOST_DAYS) > from {
        let message = format!("`from` and `to` are at most {MOST_DAYS} days apart.");
        return Err(Error::invalid(at, "out_of_range", message));
    }
    Ok((from, to))
}

impl By {
    fn parse(text: Option<&str>) -> Result<Self> {
        let mut by = Self::default();
        for name in text.unwrap_or("day").split(',') {
            match name {
                "day" => by.day = true,
                "type" => by.kind = true,
                "actor" => by.actor = true,
                _ => {
                    let message = "must be a list of `day`, `type` and `actor`.";
                    return Err(Error::invalid("by", "unknown_group_by", message));
                }
            }
        }
        Ok(by)
    }

    /// What is selected: what is not counted by is the same in all rows.
    fn head<'a>(self) -> Sql<'a> {
        let mut sql = Sql::new("select ");
        sql.push(if self.day { "o.occurred_at / 86400000000" } else { "null" });
        sql.push(if self.kind { ", o.type" } else { ", null" });
        sql.push(if self.actor { ", o.actor_id" } else { ", null" });
        sql.push(", count(*) as many from events o where 1 = 1");
        sql
    }

    fn finish<'a>(self, sql: &mut Sql<'a>, filter: Option<&'a Filter>, given: Given) {
        if let Some(filter) = filter {
            filter.condition(sql, given);
        }
        let columns = [(self.day, "1"), (self.kind, "2"), (self.actor, "3")];
        let mut separator = " group by ";
        for (_, column) in columns.into_iter().filter(|(asked, _)| *asked) {
            sql.push(separator).push(column);
            separator = ", ";
        }
        sql.push(if self.day { " order by 1, many desc" } else { " order by many desc" });
        // So that equal numbers have an order too.
        sql.push(if self.kind { ", 2" } else { "" }).push(if self.actor { ", 3" } else { "" });
        sql.push(" limit ").bind(i64::try_from(MOST).unwrap_or(i64::MAX) + 1);
    }

    fn read(self, row: &Row<'_>) -> Result<EventCount> {
        Ok(EventCount {
            day: if self.day { Some(day(row.get(0)?)) } else { None },
            kind: if self.kind { Some(row.get(1)?) } else { None },
            actor_id: if self.actor { Some(row.get(2)?) } else { None },
            count: row.get(3)?,
        })
    }
}

fn day(days: i64) -> String {
    let mut text = Time::from_micros(days.saturating_mul(DAY_MICROS)).to_string();
    text.truncate("2026-01-31".len());
    text
}
