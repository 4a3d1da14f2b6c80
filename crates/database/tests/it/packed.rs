//! Numbers that are told inside JSON.

use database::seams::compare::{self, JsonPath};
use database::{Engine, Sql, Value};

use crate::on_each;

/// Doubles of every size, the same on every run.
fn numbers() -> Vec<f64> {
    let mut state = 7_u64;
    let drawn = (0..2_000).flat_map(|at| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let any = f64::from_bits(state);
        let cents = f64::from(u32::try_from(state >> 40).unwrap_or(0)) / 100.0;
        [any, cents, cents * f64::powi(10.0, at % 40 - 20)]
    });
    let edges = [0.0, -0.0, 0.1, 2.0, f64::MAX, f64::MIN_POSITIVE, 5e-324, 9_007_199_254_740_993.0];
    drawn.chain(edges).filter(|number| number.is_finite()).collect()
}

// Lists compare the one with the other: a list by price must not lose what costs exactly that.
on_each!(a_number_told_in_json_is_the_number_to_the_last_bit, |store| {
    let found: Vec<(f64, Option<f64>)> = store
        .db
        .unbound()
        .read_long(async |tx| {
            let path = JsonPath::new("t.others", vec!["nprice".to_owned()]);
            let mut found = Vec::new();
            for number in numbers() {
                let others = serde_json::json!({ "nprice": number }).to_string();
                let mut sql = Sql::new("select ");
                compare::known_number(&mut sql, tx.engine(), &path);
                sql.push(match tx.engine() {
                    Engine::Sqlite => " from (select jsonb(",
                    Engine::Postgres => " from (select cast(",
                });
                sql.bind(Value::Json(&others)).push(match tx.engine() {
                    Engine::Sqlite => ") as others) t",
                    Engine::Postgres => " as jsonb) as others) t",
                });
                found.push((number, tx.one(sql.text(), sql.args(), |row| row.get(0)).await?));
            }
            Ok(found)
        })
        .await
        .expect("numbers");
    for (number, told) in found {
        assert_eq!(Some(number), told);
    }
});
