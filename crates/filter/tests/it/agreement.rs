//! SQLite, PostgreSQL and memory give the same answer.

use database::{Db, Engine, Sql, args};
use filter::{Filter, Given};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};
use types::{PersonId, Time};
use uuid::Uuid;

use crate::stage::{SCHEMA, Sample};

const TEXTS: [&str; 8] = ["", "a", "A", "ab", "ba", "é😀", "z%_", "$.a\"]\\'"];
const NUMBERS: [&str; 8] =
    ["0", "1", "-1", "1.5", "9007199254740992", "9007199254740993", "9223372036854775807", "1e300"];
const KEYS: [&str; 6] = ["a", "$.a", "[0]", "0", "q\"\\", "é 😀"];
const NOW: i64 = 1_700_000_000_000_000;

fn person(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        prop::sample::select(&NUMBERS[..]).prop_map(|n| serde_json::from_str(n).unwrap()),
        prop::sample::select(&TEXTS[..]).prop_map(|text| json!(text)),
    ]
}

fn property() -> impl Strategy<Value = Json> {
    prop_oneof![
        5 => scalar(),
        2 => prop::collection::vec(scalar(), 0..4).prop_map(Json::Array),
        1 => scalar().prop_map(|inner| json!({ "a": inner })),
    ]
}

fn sample() -> impl Strategy<Value = Sample> {
    let text = prop::option::of(prop::sample::select(&TEXTS[..]).prop_map(str::to_owned));
    let key = prop::sample::select(&KEYS[..]).prop_map(str::to_owned);
    (
        text,
        prop::option::of(prop_oneof![-2_i64..3, Just(i64::MAX)]),
        prop::option::of(any::<bool>()),
        prop::option::of((-1_i64..2).prop_map(|step| Time::from_micros(NOW + step * 1_000_000))),
        prop::option::of((0_u8..2).prop_map(person)),
        prop::option::of((0_u8..2).prop_map(person)),
        prop::collection::vec(prop::sample::select(&TEXTS[..]).prop_map(|text| json!(text)), 0..3),
        prop::collection::btree_map(key, property(), 0..5),
    )
        .prop_map(
            |(name, version, archived, created_at, owner_id, target_id, labels, rest)| Sample {
                name,
                version,
                archived,
                created_at,
                owner_id,
                target_id,
                labels,
                properties: rest.into_iter().collect(),
            },
        )
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn comparison() -> impl Strategy<Value = String> {
    let text = || prop::sample::select(&TEXTS[..]).prop_map(quoted);
    let number = || prop::sample::select(&NUMBERS[..]).prop_map(str::to_owned);
    let word = |words: &'static [&'static str]| prop::sample::select(words);
    let path = || {
        prop::sample::select(&KEYS[..]).prop_flat_map(|key| {
            let path = format!("properties[{}]", quoted(key));
            prop_oneof![4 => Just(path.clone()), 1 => Just(format!("{path}.a"))]
        })
    };
    let sign = || word(&["==", "!=", "<", "<=", ">", ">="]);
    let value = || prop_oneof![text(), number()];
    let named = prop_oneof![Just("name".to_owned()), path()];
    prop_oneof![
        (path(), sign(), value()).prop_map(|(p, s, v)| format!("{p} {s} {v}")),
        (path(), word(&["==", "!="]), word(&["null", "true", "false"]))
            .prop_map(|(p, s, v)| format!("{p} {s} {v}")),
        path(),
        (path(), prop::collection::vec(prop_oneof![value(), Just("null".to_owned())], 0..4))
            .prop_map(|(p, values)| format!("{p} in [{}]", values.join(", "))),
        (prop_oneof![value(), Just("true".to_owned())], path())
            .prop_map(|(v, p)| format!("{v} in {p}")),
        (named, word(&["startsWith", "endsWith", "contains"]), text())
            .prop_map(|(n, m, v)| format!("{n}.{m}({v})")),
        (sign(), text()).prop_map(|(s, v)| format!("name {s} {v}")),
        (sign(), number()).prop_map(|(s, v)| format!("version {s} {v}")),
        sign().prop_map(|s| format!("createdAt {s} now")),
        (word(&["==", "!="]), word(&["me", "null"])).prop_map(|(s, v)| format!("ownerId {s} {v}")),
        (
            word(&["==", "!="]),
            prop_oneof![
                Just("me".to_owned()),
                Just("null".to_owned()),
                (0_u8..2).prop_map(|number| quoted(&person(number).to_string())),
            ]
        )
            .prop_map(|(s, v)| format!("targetId {s} {v}")),
        text().prop_map(|text| format!("{text} in labels")),
        text().prop_map(|text| format!("labels.contains({text})")),
        Just("archived".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    comparison().prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.prop_map(|one| format!("!({one})")),
        ]
    })
}

async fn fill(db: &Db, rows: Vec<Sample>) {
    let table = match db.engine() {
        Engine::Sqlite => {
            "create table rows (n integer, name text, version integer, archived integer, \
             created_at integer, owner_id blob, target_id blob, labels text, properties text) strict"
        }
        Engine::Postgres => {
            "create table rows (n bigint, name text, version bigint, archived boolean, \
             created_at bigint, owner_id uuid, target_id uuid, labels jsonb, properties jsonb)"
        }
    };
    db.unbound()
        .write(async move |tx| {
            tx.run(table, args![]).await?;
            for (n, row) in rows.iter().enumerate() {
                let properties = types::Json::of(&row.properties)?;
                let labels = types::Json::of(&row.labels)?;
                tx.run(
                "insert into rows (n, name, version, archived, created_at, owner_id, target_id, \
                 labels, properties) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                args![
                    i64::try_from(n)?,
                    &row.name,
                    row.version,
                    row.archived,
                    row.created_at,
                    row.owner_id,
                    row.target_id,
                    &labels,
                    &properties
                ],
            )
            .await?;
            }
            Ok(())
        })
        .await
        .expect("rows");
}

crate::on_each!(sql_and_memory_agree_on_every_row, |store| {
    let mut runner = TestRunner::deterministic();
    let mut draw = |count| -> Vec<Sample> {
        (0..count).map(|_| sample().new_tree(&mut runner).unwrap().current()).collect()
    };
    let rows = draw(120);
    fill(&store.db, rows.clone()).await;
    let filters = condition();
    for round in 0..600 {
        let text = filters.new_tree(&mut runner).unwrap().current();
        let filter =
            Filter::parse(&text, &SCHEMA).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let me = (round % 3 != 0).then(|| PersonId(person(0)));
        let given = Given { me, now: Time::from_micros(NOW), engine: store.db.engine() };
        let expected: Vec<i64> = (0..)
            .zip(&rows)
            .filter_map(|(n, row)| filter.matches(row, given).then_some(n))
            .collect();
        let found = store
            .db
            .unbound()
            .read(async move |tx| {
                let mut sql = Sql::new("select n from rows o where true");
                filter.condition(&mut sql, given);
                sql.push(" order by n");
                tx.all(sql.text(), sql.args(), |row| row.get::<i64>(0)).await
            })
            .await
            .unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(found, expected, "{text}");
    }
});
