//! Sums over things: how many there are of what, and what their numbers come to.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use database::seams::json;
use database::{Row, Sql, Tx};
use filter::Given;
use kernel::access::{Right, Scope};
use kernel::{App, Caller};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::{Error, ErrorKind, GroupId, PersonId, Result, ThingId, Time};
use utoipa::{IntoParams, ToSchema};

use super::model::{Status, ThingFilter};
use super::query::parse;
use super::statement::condition;
use super::way::{hidden, refuse_hidden};
use crate::listing::{PROPERTIES, is_name};
use crate::ontology::rules as types_of;

/// Groups told at most.
const MOST: usize = 1000;
/// Metrics asked for at most.
const METRICS: usize = 16;
const DAY_MICROS: i64 = 86_400_000_000;

/// What is summed up, and how.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AggregateQuery {
    /// `type`, `status`, `ownerId`, `groupId`, `visibility`, `createdAt:day` (UTC) or
    /// `properties.X`; one group of everything, if absent.
    #[param(example = "type")]
    pub group_by: Option<String>,
    /// Any of `count` and `avg(properties.X)`, `sum(…)`, `min(…)`, `max(…)`; `count`, if absent.
    #[param(example = "count,avg(properties.price)")]
    pub metrics: Option<String>,
    /// Only of this group; every group the caller belongs to, if absent.
    pub group_id: Option<GroupId>,
    /// Also of all groups below `groupId`; for its owners.
    pub include_children: bool,
    /// Only of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Only with this status; everything but `archived`, if absent.
    pub status: Option<Status>,
    /// Only of this person.
    pub owner_id: Option<PersonId>,
    /// Only what belongs to this thing.
    pub parent_id: Option<ThingId>,
    /// Only what this says, e.g. `properties.price <= 100`; see `docs/filter.md`.
    pub filter: Option<String>,
}

/// The sums.
#[derive(Debug, Serialize, ToSchema)]
pub struct Aggregate {
    /// One for each value that things are grouped by, those of most things first.
    pub groups: Vec<Summed>,
    /// Whether there are more groups than these.
    pub truncated: bool,
}

/// The sums of one group of things.
#[derive(Debug, Serialize, ToSchema)]
pub struct Summed {
    /// The value they share; null for things that lack it or hold a list or an object there.
    #[schema(value_type = Option<Value>, example = "course")]
    pub key: Value,
    /// Each metric, by the name it was asked for; null where there is no number.
    #[schema(value_type = Object, example = json!({"count": 3, "avg(properties.price)": 12.5}))]
    pub metrics: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By<'q> {
    Everything,
    Text(&'static str),
    Id(&'static str, &'static str),
    Day,
    Property(&'q str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Count,
    Avg,
    Sum,
    Min,
    Max,
}

struct Metric<'q> {
    name: &'q str,
    function: Function,
    property: &'q str,
}

/// What is known of the numbers of one property in one group.
#[derive(Debug, Clone, Copy, Default)]
struct Numbers {
    count: i64,
    sum: f64,
    min: Option<f64>,
    max: Option<f64>,
}

impl Numbers {
    fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        Ok(Self {
            count: row.get(at)?,
            sum: row.get::<Option<f64>>(at + 1)?.unwrap_or_default(),
            min: row.get(at + 2)?,
            max: row.get(at + 3)?,
        })
    }

    fn add(&mut self, other: Self) {
        let pick = |a: Option<f64>, b: Option<f64>, choose: fn(f64, f64) -> f64| match (a, b) {
            (Some(a), Some(b)) => Some(choose(a, b)),
            (one, other) => one.or(other),
        };
        self.count += other.count;
        self.sum += other.sum;
        self.min = pick(self.min, other.min, f64::min);
        self.max = pick(self.max, other.max, f64::max);
    }

    fn tell(self, function: Function) -> Value {
        let known = self.count > 0;
        match function {
            Function::Count => Value::from(self.count),
            Function::Sum => Value::from(known.then_some(self.sum)),
            Function::Avg => Value::from(known.then(|| self.average())),
            Function::Min => Value::from(self.min),
            Function::Max => Value::from(self.max),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "nobody has 2^53 things")]
    fn average(self) -> f64 {
        self.sum / self.count as f64
    }
}

/// Sums up the things a list with the same filters would hold.
///
/// # Errors
/// 401; 403 and 404 by policy; 422 `unknown_group_by`, `unknown_metric`, `too_many_metrics`,
/// `hidden_property`.
pub async fn of(app: &App, caller: &Caller, query: AggregateQuery) -> Result<Aggregate> {
    // Read once before a thread is taken for it.
    by(query.group_by.as_deref())?;
    metrics(&query)?;
    let filter = ThingFilter {
        group_id: query.group_id,
        include_children: query.include_children,
        kind: query.kind.clone(),
        status: query.status,
        owner_id: query.owner_id,
        parent_id: query.parent_id,
        filter: parse(query.filter.as_deref())?,
    };
    let caller = caller.clone();
    let given = Given { me: caller.person(), now: app.now(), engine: app.db.engine() };
    app.store(&caller)
        .read_long(async move |tx| sum_up(tx, &caller, &query, &filter, given).await)
        .await
}

async fn sum_up(
    tx: &mut Tx,
    caller: &Caller,
    query: &AggregateQuery,
    filter: &ThingFilter,
    given: Given,
) -> Result<Aggregate> {
    let (by, metrics) = (by(query.group_by.as_deref())?, metrics(query)?);
    let scope =
        Scope::of(tx, caller, Right::ThingsRead, filter.group_id, filter.include_children).await?;
    refuse_what_is_hidden(tx, filter, by, &metrics).await?;
    let mut properties: Vec<&str> = metrics.iter().map(|metric| metric.property).collect();
    properties.retain(|name| !name.is_empty());
    properties.sort_unstable();
    properties.dedup();

    let sql = statement(tx, &scope, given, filter, by, &properties);
    let rows = tx
        .all(sql.text(), sql.args(), |row| {
            let mut numbers = vec![Numbers { count: row.get(1)?, ..Numbers::default() }];
            for at in 0..properties.len() {
                numbers.push(Numbers::read(row, 2 + at * 4)?);
            }
            Ok((by.key(row)?, numbers))
        })
        .await?;
    let truncated = rows.len() > MOST;
    let tell = |numbers: &[Numbers], metric: &Metric<'_>| {
        let at = properties.binary_search(&metric.property).map_or(0, |at| at + 1);
        let value = numbers.get(at).map_or(Value::Null, |numbers| numbers.tell(metric.function));
        (metric.name.to_owned(), value)
    };
    let groups = merged(rows.into_iter().take(MOST)).into_iter().map(|(key, numbers)| Summed {
        key,
        metrics: metrics.iter().map(|metric| tell(&numbers, metric)).collect(),
    });
    Ok(Aggregate { groups: groups.collect(), truncated })
}

/// Where the type is known, as for lists.
async fn refuse_what_is_hidden(
    tx: &mut Tx,
    filter: &ThingFilter,
    by: By<'_>,
    metrics: &[Metric<'_>],
) -> Result<()> {
    let (Some(group), Some(kind)) = (filter.group_id, filter.kind.as_deref()) else {
        return Ok(());
    };
    let known = match types_of::thing_type(tx, group, kind).await {
        Ok(known) => known,
        // A type nobody registered has no things.
        Err(error) if error.kind() == ErrorKind::Invalid => return Ok(()),
        Err(error) => return Err(error),
    };
    refuse_hidden(filter, &known)?;
    let is_hidden = |name: &str| known.hidden.iter().any(|one| one == name);
    if let By::Property(name) = by
        && is_hidden(name)
    {
        return Err(hidden("groupBy", name));
    }
    match metrics.iter().find(|metric| is_hidden(metric.property)) {
        Some(metric) => Err(hidden("metrics", metric.property)),
        None => Ok(()),
    }
}

fn statement<'a>(
    tx: &Tx,
    scope: &Scope,
    given: Given,
    filter: &'a ThingFilter,
    by: By<'a>,
    properties: &[&'a str],
) -> Sql<'a> {
    // The numbers are read once for each row, inside; outside they are summed.
    let mut sql = Sql::new("select key, count(*) as things");
    for (count, sum, min, max) in PER_PROPERTY.iter().take(properties.len()) {
        sql.push(count).push(sum).push(min).push(max);
    }
    sql.push(" from (select ");
    by.column(&mut sql);
    sql.push(" as key");
    for (name, alias) in properties.iter().zip(ALIASES) {
        json::number(tx, sql.push(", "), "o.properties", name);
        sql.push(alias);
    }
    sql.push(" from things o where 1 = 1");
    scope.condition(&mut sql, given.me);
    condition(&mut sql, filter, given);
    sql.push(") as rows_of group by key order by things desc limit ");
    sql.bind(i64::try_from(MOST).unwrap_or(i64::MAX) + 1);
    sql
}

macro_rules! per_property {
    ($($alias:literal)*) => {
        const ALIASES: [&str; METRICS] = [$(concat!(" as ", $alias)),*];
        const PER_PROPERTY: [(&str, &str, &str, &str); METRICS] = [$((
            concat!(", count(", $alias, ")"),
            concat!(", sum(", $alias, ")"),
            concat!(", min(", $alias, ")"),
            concat!(", max(", $alias, ")"),
        )),*];
    };
}
per_property!("n0" "n1" "n2" "n3" "n4" "n5" "n6" "n7" "n8" "n9" "n10" "n11" "n12" "n13" "n14" "n15");

impl<'q> By<'q> {
    fn column(self, sql: &mut Sql<'q>) {
        match self {
            Self::Everything => {
                // A value that is the same in every row, and no constant to either engine.
                sql.push("o.version - o.version");
            }
            Self::Text(column) | Self::Id(column, _) => {
                sql.push(column);
            }
            Self::Day => {
                sql.push("o.created_at / ").bind(DAY_MICROS);
            }
            Self::Property(name) => {
                sql.push("cast(o.properties -> cast(").bind(name).push(" as text) as text)");
            }
        }
    }

    fn key(self, row: &Row<'_>) -> Result<Value> {
        Ok(match self {
            Self::Everything => Value::Null,
            Self::Text(_) => Value::String(row.get(0)?),
            Self::Id(_, prefix) => match row.get::<Option<uuid::Uuid>>(0)? {
                Some(id) if prefix == "person" => serde_json::to_value(PersonId(id))?,
                Some(id) => serde_json::to_value(GroupId(id))?,
                None => Value::Null,
            },
            Self::Day => {
                let start = Time::from_micros(row.get::<i64>(0)? * DAY_MICROS);
                let mut text = start.to_string();
                text.truncate(10);
                Value::String(text)
            }
            Self::Property(_) => {
                let text: Option<String> = row.get(0)?;
                let value = text.as_deref().map_or(Ok(Value::Null), serde_json::from_str)?;
                match value {
                    Value::Array(_) | Value::Object(_) => Value::Null,
                    scalar => scalar,
                }
            }
        })
    }
}

/// The same number may be written in several ways (1 and 1.0), and what is no scalar counts as
/// missing: such groups are one. Most things first, then by key.
fn merged(rows: impl Iterator<Item = (Value, Vec<Numbers>)>) -> Vec<(Value, Vec<Numbers>)> {
    let mut all: Vec<(Value, Vec<Numbers>)> = rows.collect();
    all.sort_by(|one, other| by_key(&one.0, &other.0));
    all.dedup_by(|next, kept| {
        let same = by_key(&next.0, &kept.0) == Ordering::Equal;
        if same {
            for (kept, next) in kept.1.iter_mut().zip(&next.1) {
                kept.add(*next);
            }
        }
        same
    });
    let things = |one: &[Numbers]| one.first().map_or(0, |numbers| numbers.count);
    all.sort_by_key(|one| std::cmp::Reverse(things(&one.1)));
    all
}

fn by_key(one: &Value, other: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Bool(_) => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        Value::Null | Value::Array(_) | Value::Object(_) => 3,
    };
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => {
            let number = |value: &serde_json::Number| value.as_f64().unwrap_or_default() + 0.0;
            number(one).total_cmp(&number(other))
        }
        (Value::String(one), Value::String(other)) => one.cmp(other),
        _ => rank(one).cmp(&rank(other)),
    }
}

fn by(text: Option<&str>) -> Result<By<'_>> {
    Ok(match text {
        None => By::Everything,
        Some("type") => By::Text("o.type"),
        Some("status") => By::Text("o.status"),
        Some("visibility") => By::Text("o.visibility"),
        Some("ownerId") => By::Id("o.owner_id", "person"),
        Some("groupId") => By::Id("o.group_id", "group"),
        Some("createdAt:day") => By::Day,
        Some(other) => match other.strip_prefix(PROPERTIES).filter(|name| is_name(name)) {
            Some(property) => By::Property(property),
            None => {
                return Err(Error::invalid(
                    "groupBy",
                    "unknown_group_by",
                    "must be `type`, `status`, `visibility`, `ownerId`, `groupId`, \
                     `createdAt:day` or `properties.X`.",
                ));
            }
        },
    })
}

fn metrics(query: &AggregateQuery) -> Result<Vec<Metric<'_>>> {
    let text = query.metrics.as_deref().unwrap_or("count");
    let metrics: Vec<Metric<'_>> = text.split(',').map(metric).collect::<Result<_>>()?;
    if metrics.len() > METRICS {
        let message = format!("may name at most {METRICS} metrics.");
        return Err(Error::invalid("metrics", "too_many_metrics", message));
    }
    Ok(metrics)
}

fn metric(name: &str) -> Result<Metric<'_>> {
    if name == "count" {
        return Ok(Metric { name, function: Function::Count, property: "" });
    }
    let parsed = name.strip_suffix(')').and_then(|text| text.split_once('('));
    let found = parsed.and_then(|(function, field)| {
        let function = match function {
            "avg" => Function::Avg,
            "sum" => Function::Sum,
            "min" => Function::Min,
            "max" => Function::Max,
            _ => return None,
        };
        let property = field.strip_prefix(PROPERTIES).filter(|name| is_name(name))?;
        Some(Metric { name, function, property })
    });
    found.ok_or_else(|| {
        Error::invalid(
            "metrics",
            "unknown_metric",
            "must be a list of `count`, `avg(properties.X)`, `sum(properties.X)`, \
             `min(properties.X)` and `max(properties.X)`.",
        )
    })
}
