//! Values inside a JSON column, as what they are.

use crate::{Engine, Sql, Tx};

/// Appends the number that the JSON object in `column` holds under a name, as a double; null when
/// there is none, or something else than a number. `name` is bound as parameter.
pub fn number<'a>(tx: &Tx, sql: &mut Sql<'a>, column: &'static str, name: &'a str) {
    match tx.engine() {
        Engine::Sqlite => {
            // `->` gives JSON text: only a number starts with a digit or a minus.
            sql.push("(case when substr(")
                .push(column)
                .push(" -> cast(")
                .bind(name)
                .push(" as text)");
            sql.push(
                ", 1, 1) in ('-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9') then cast(",
            );
            sql.push(column).push(" ->> cast(").bind(name).push(" as text)").push(" as real) end)");
        }
        Engine::Postgres => {
            sql.push("(case when jsonb_typeof(")
                .push(column)
                .push(" -> cast(")
                .bind(name)
                .push(" as text)");
            sql.push(") = 'number' then (")
                .push(column)
                .push(" ->> cast(")
                .bind(name)
                .push(" as text)");
            sql.push(")::double precision end)");
        }
    }
}
