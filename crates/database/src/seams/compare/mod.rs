//! Expressions that compare what is inside JSON, and texts: SQLite reads JSON with `json_extract`
//! and a path, PostgreSQL walks `jsonb` with `->`.
//!
//! Each function appends one expression. None of them fails on any row: where a value is absent or
//! of another type, the expression is null or false. Values and keys travel as parameters.

use crate::{Engine, Sql, Value};

/// The way to a value inside a JSON object: keys of objects, never positions in lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath {
    column: &'static str,
    keys: Vec<String>,
    /// `keys` as SQLite takes them: `$."a"."b"`.
    path: String,
}

impl JsonPath {
    /// The value at `keys` of the JSON in `column`.
    #[must_use]
    pub fn new(column: &'static str, keys: Vec<String>) -> Self {
        let mut path = String::from("$");
        for key in &keys {
            path.push_str(".\"");
            for letter in key.chars() {
                if matches!(letter, '"' | '\\') {
                    path.push('\\');
                }
                path.push(letter);
            }
            path.push('"');
        }
        Self { column, keys, path }
    }

    /// The keys, outermost first.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// `name(column, path)` on SQLite.
    fn call<'a>(&'a self, sql: &mut Sql<'a>, name: &'static str) {
        sql.push(name).push("(").push(self.column).push(", ").bind(&self.path).push(")");
    }

    /// The value as `jsonb` on PostgreSQL.
    fn walk<'a>(&'a self, sql: &mut Sql<'a>) {
        sql.push("(").push(self.column);
        for key in &self.keys {
            sql.push(" -> cast(").bind(key).push(" as text)");
        }
        sql.push(")");
    }

    /// The value as what it is: on SQLite a number or a text, on PostgreSQL a text.
    fn plain<'a>(&'a self, sql: &mut Sql<'a>, engine: Engine) {
        match engine {
            Engine::Sqlite => {
                sql.push("(").push(self.column).push(" ->> ").bind(&self.path).push(")");
            }
            Engine::Postgres => {
                sql.push("(");
                self.walk(sql);
                sql.push(" #>> '{}')");
            }
        }
    }

    /// The name of the value's type; null where there is no value.
    fn kind<'a>(&'a self, sql: &mut Sql<'a>, engine: Engine) {
        match engine {
            Engine::Sqlite => self.call(sql, "json_type"),
            Engine::Postgres => {
                sql.push("jsonb_typeof");
                self.walk(sql);
            }
        }
    }
}

/// The text at `path`; null where there is none.
pub fn text<'a>(sql: &mut Sql<'a>, engine: Engine, path: &'a JsonPath) {
    sql.push("case when ");
    path.kind(sql, engine);
    match engine {
        Engine::Sqlite => {
            sql.push(" = 'text' then ");
            path.call(sql, "json_extract");
        }
        Engine::Postgres => {
            sql.push(" = 'string' then ");
            path.walk(sql);
            sql.push(" #>> '{}'");
        }
    }
    sql.push(" end");
}

/// The number at `path`; null where there is none.
pub fn number<'a>(sql: &mut Sql<'a>, engine: Engine, path: &'a JsonPath) {
    sql.push("case when ");
    path.kind(sql, engine);
    match engine {
        Engine::Sqlite => {
            sql.push(" in ('integer', 'real') then ");
            path.call(sql, "json_extract");
        }
        Engine::Postgres => {
            sql.push(" = 'number' then cast(");
            path.walk(sql);
            sql.push(" as numeric)");
        }
    }
    sql.push(" end");
}

/// The text at `path`, where nothing but a text can be; null where there is none. The JSON may also
/// be packed, as SQLite's `jsonb` packs it.
pub fn known_text<'a>(sql: &mut Sql<'a>, engine: Engine, path: &'a JsonPath) {
    path.plain(sql, engine);
    sql.push(by_bytes(engine));
}

/// The number at `path`, where nothing but a number can be, as a double; else as [`known_text`].
pub fn known_number<'a>(sql: &mut Sql<'a>, engine: Engine, path: &'a JsonPath) {
    path.plain(sql, engine);
    if engine == Engine::Postgres {
        sql.push("::double precision");
    }
}

/// Whether the value at `path` is this flag.
pub fn is_flag<'a>(sql: &mut Sql<'a>, engine: Engine, path: &'a JsonPath, flag: bool) {
    match engine {
        Engine::Sqlite => {
            path.kind(sql, engine);
            sql.push(if flag { " = 'true'" } else { " = 'false'" });
        }
        Engine::Postgres => {
            path.walk(sql);
            sql.push(if flag { " = cast('true' as jsonb)" } else { " = cast('false' as jsonb)" });
        }
    }
}

/// Whether there is no value at `path`, or a null.
pub fn is_absent<'a>(sql: &mut Sql<'a>, engine: Engine, path: &'a JsonPath) {
    sql.push("coalesce(");
    path.kind(sql, engine);
    sql.push(", 'null') = 'null'");
}

/// Whether the value at `path` is a list with the element `value`: a text, number or flag.
pub fn has<'a>(sql: &mut Sql<'a>, engine: Engine, path: &'a JsonPath, value: Value<'a>) {
    sql.push("(");
    path.kind(sql, engine);
    sql.push(" = 'array' and ");
    match (engine, value) {
        (Engine::Sqlite, value) => {
            sql.push("exists (select 1 from ");
            path.call(sql, "json_each");
            sql.push(" e where e.type ");
            match value {
                Value::Flag(flag) => {
                    sql.push(if flag { "= 'true'" } else { "= 'false'" });
                }
                Value::Text(_) => {
                    sql.push("= 'text' and e.value = ").bind(value);
                }
                _ => {
                    sql.push("in ('integer', 'real') and e.value = ").bind(value);
                }
            }
            sql.push(")");
        }
        (Engine::Postgres, value) => {
            path.walk(sql);
            sql.push(" @> to_jsonb(cast(").bind(value).push(match value {
                Value::Flag(_) => " as boolean))",
                Value::Int(_) => " as bigint))",
                Value::Real(_) => " as double precision))",
                _ => " as text))",
            });
        }
    }
    sql.push(")");
}

/// The function of a text and a part of it that tells where the part begins, 0 if nowhere.
#[must_use]
pub const fn position(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "instr",
        Engine::Postgres => "strpos",
    }
}

/// Follows a text whose order is asked for: by bytes, whatever the locale of the database.
#[must_use]
pub const fn by_bytes(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " collate \"C\"",
    }
}
