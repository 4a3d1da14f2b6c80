//! Filters: whatever is accepted is a statement with all its parameters, on both engines, and
//! SQLite gives the answer that memory gives.

use ::filter::{Field, FieldKind, Filter, Given, Row, Schema, Value};
use database::{Engine, Sql};
use serde_json::json;
use types::{Json, JsonMap, Kind, PersonId};
use uuid::Uuid;

use crate::house::{NOW, house};

const fn field(name: &'static str, column: &'static str, kind: FieldKind) -> Field {
    Field { name, column, kind, nullable: true }
}

static SCHEMA: Schema = Schema {
    fields: &[
        field("name", "o.name", FieldKind::Text),
        field("version", "o.version", FieldKind::Number),
        field("archived", "o.archived", FieldKind::Bool),
        field("createdAt", "o.created_at", FieldKind::Time),
        field("ownerId", "o.owner_id", FieldKind::Id(Kind::Person)),
        field("targetId", "o.target_id", FieldKind::AnyId),
        field("labels", "o.labels", FieldKind::List),
    ],
    json: &[("properties", "o.properties")],
};

/// The one row there is.
struct Sample {
    labels: Vec<serde_json::Value>,
    properties: JsonMap,
}

const NAME: &str = "é b😀";
const OWNER: Uuid = Uuid::from_u128(1);

impl Sample {
    fn new() -> Self {
        let labels = vec![json!("a"), json!("b\"\\")];
        let properties = json!({
            "a": 1, "b": "b", "c": { "a": 1.5, "$.a": null }, "d": [1, "a", true, null, 1e300],
            "e": true, "f": null, "": "", "[0]": 9_007_199_254_740_993_i64, "g": -0.0,
        });
        Self { labels, properties: properties.as_object().cloned().unwrap_or_default() }
    }
}

impl Row for Sample {
    fn field(&self, name: &str) -> Value<'_> {
        match name {
            "name" => Value::Text(NAME),
            "version" => Value::Int(3),
            "archived" => Value::Bool(false),
            "createdAt" => Value::Time(NOW),
            "ownerId" => Value::Id(OWNER),
            _ => Value::Null,
        }
    }

    fn json(&self, name: &str) -> Option<&JsonMap> {
        (name == "properties").then_some(&self.properties)
    }

    fn list(&self, name: &str) -> &[serde_json::Value] {
        if name == "labels" { &self.labels } else { &[] }
    }
}

/// A text.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let filter = match Filter::parse(text, &SCHEMA) {
        Ok(filter) => filter,
        Err(error) => {
            assert_eq!(error.kind().status(), 422, "{text:?}: {error:?}");
            return;
        }
    };
    let sample = Sample::new();
    for me in [None, Some(PersonId(OWNER))] {
        for engine in [Engine::Postgres, Engine::Sqlite] {
            let given = Given { me, now: NOW, engine };
            let mut sql = Sql::new("");
            filter.condition(&mut sql, given);
            assert_eq!(placeholders(sql.text()), sql.args().len(), "{text:?}: {}", sql.text());
        }
        let given = Given { me, now: NOW, engine: Engine::Sqlite };
        let expected = filter.matches(&sample, given);
        assert_eq!(asked(&filter, &sample, given), expected, "{text:?} as {me:?}");
    }
}

/// The largest number of a parameter; all up to it are there.
fn placeholders(sql: &str) -> usize {
    let number = |rest: &str| -> Option<usize> {
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    };
    let mut all: Vec<usize> = sql.split('$').skip(1).filter_map(number).collect();
    all.sort_unstable();
    all.dedup();
    let count = all.len();
    assert_eq!(all, (1..=count).collect::<Vec<_>>(), "a parameter is left out: {sql}");
    count
}

/// What SQLite says of the row.
fn asked(filter: &Filter, sample: &Sample, given: Given) -> bool {
    let house = house();
    let filter = filter.clone();
    let labels = Json::of(&sample.labels).expect("JSON");
    let properties = Json::of(&sample.properties).expect("JSON");
    let found = house.run(house.app.db.unbound().read(async move |tx| {
        let mut sql = Sql::new("select count(*) from (select ");
        sql.bind(NAME).push(" as name, 3 as version, 0 as archived, cast(");
        sql.bind(NOW).push(" as integer) as created_at, ").bind(OWNER).push(" as owner_id, ");
        sql.push("null as target_id, ").bind(&labels).push(" as labels, ");
        sql.bind(&properties).push(" as properties) o where true");
        filter.condition(&mut sql, given);
        tx.one(sql.text(), sql.args(), |row| row.get::<i64>(0)).await
    }));
    found.expect("SQLite takes it") == 1
}
