//! A filter as SQL.
//!
//! SQL's logic has three values and ours has two, but a `where` takes null for false, and `and` and
//! `or` of nulls never become true. So it is enough to turn null into false below each `not`, and
//! the plain comparisons stay plain: an index serves them.

use database::seams::compare;
use database::{Engine, Sql, Value};

use crate::tree::Condition;
use crate::{Given, Literal, Op, Subject, Test};

/// Appends `condition`.
pub(crate) fn write<'a>(condition: &'a Condition, sql: &mut Sql<'a>, given: Given) {
    match condition {
        Condition::All(all) => join(all, " and ", sql, given),
        Condition::Any(any) => join(any, " or ", sql, given),
        Condition::Not(one) => {
            sql.push("not coalesce(");
            write(one, sql, given);
            sql.push(", false)");
        }
        Condition::Test(test) => comparison(test, sql, given),
    }
}

fn join<'a>(parts: &'a [Condition], word: &'static str, sql: &mut Sql<'a>, given: Given) {
    let mut separator = "(";
    for part in parts {
        sql.push(separator);
        write(part, sql, given);
        separator = word;
    }
    sql.push(")");
}

fn comparison<'a>(test: &'a Test, sql: &mut Sql<'a>, given: Given) {
    match (test.op, test.values.as_slice()) {
        (Op::Equal | Op::In, values) => one_of(&test.subject, values, sql, given),
        (Op::Less, [value]) => order(&test.subject, " < ", value, sql, given),
        (Op::AtMost, [value]) => order(&test.subject, " <= ", value, sql, given),
        (Op::Greater, [value]) => order(&test.subject, " > ", value, sql, given),
        (Op::AtLeast, [value]) => order(&test.subject, " >= ", value, sql, given),
        (op, [Literal::Text(part)]) => part_of(&test.subject, op, part, sql, given.engine),
        (_, [value]) => has(&test.subject, value, sql, given),
        (_, _) => {
            sql.push("false");
        }
    }
}

/// What a value is compared as. On JSON each is an expression of its own; whole and floating-point
/// numbers are apart so that PostgreSQL compares the first exactly.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Null,
    Flag,
    Int,
    Real,
    Plain,
}

const fn class(value: &Literal) -> Class {
    match value {
        Literal::Null => Class::Null,
        Literal::Bool(_) => Class::Flag,
        Literal::Int(_) => Class::Int,
        Literal::Real(_) => Class::Real,
        Literal::Text(_) | Literal::Time(_) | Literal::Now | Literal::Id(_) | Literal::Me => {
            Class::Plain
        }
    }
}

fn one_of<'a>(subject: &'a Subject, values: &'a [Literal], sql: &mut Sql<'a>, given: Given) {
    let mut separator = "(";
    for wanted in [Class::Int, Class::Real, Class::Plain] {
        let mut some = values.iter().filter(|value| class(value) == wanted).peekable();
        let Some(first) = some.peek() else { continue };
        sql.push(separator);
        value_of(subject, first, sql, given.engine);
        let mut comma = " in (";
        for value in some {
            sql.push(comma);
            bind(value, sql, given);
            comma = ", ";
        }
        sql.push(")");
        separator = " or ";
    }
    for value in values {
        match (value, subject) {
            (Literal::Null, Subject::Field(field)) => {
                sql.push(separator).push(field.column).push(" is null");
            }
            (Literal::Null, Subject::Json { path, .. }) => {
                sql.push(separator);
                compare::is_absent(sql, given.engine, path);
            }
            (Literal::Bool(flag), Subject::Field(field)) => {
                sql.push(separator).push(field.column).push(" = ").bind(*flag);
            }
            (Literal::Bool(flag), Subject::Json { path, .. }) => {
                sql.push(separator);
                compare::is_flag(sql, given.engine, path, *flag);
            }
            _ => continue,
        }
        separator = " or ";
    }
    sql.push(if separator == "(" { "false" } else { ")" });
}

fn order<'a>(
    subject: &'a Subject,
    sign: &'static str,
    value: &'a Literal,
    sql: &mut Sql<'a>,
    given: Given,
) {
    value_of(subject, value, sql, given.engine);
    if matches!(value, Literal::Text(_)) {
        sql.push(compare::by_bytes(given.engine));
    }
    sql.push(sign);
    bind(value, sql, given);
}

/// Substrings without `like`, which has patterns to escape and opinions about letter case.
fn part_of<'a>(subject: &'a Subject, op: Op, part: &'a str, sql: &mut Sql<'a>, engine: Engine) {
    let whole = |sql: &mut Sql<'a>| match subject {
        Subject::Field(field) => {
            sql.push(field.column);
        }
        Subject::Json { path, .. } => {
            sql.push("(");
            compare::text(sql, engine, path);
            sql.push(")");
        }
    };
    let length = |sql: &mut Sql<'a>| {
        sql.push("length(cast(").bind(part).push(" as text))");
    };
    sql.push("(");
    match op {
        Op::StartsWith => {
            sql.push("substr(");
            whole(sql);
            sql.push(", 1, ");
            length(sql);
            sql.push(") = ").bind(part);
        }
        Op::EndsWith => {
            sql.push("length(");
            whole(sql);
            sql.push(") >= ");
            length(sql);
            sql.push(" and substr(");
            whole(sql);
            sql.push(", length(");
            whole(sql);
            sql.push(") - ");
            length(sql);
            sql.push(" + 1) = ").bind(part);
        }
        Op::Contains => {
            sql.push(compare::position(engine)).push("(");
            whole(sql);
            sql.push(", ").bind(part).push(") > 0");
        }
        _ => {
            sql.push("false");
        }
    }
    if let (Op::Contains | Op::Has, Subject::Json { path, .. }) = (op, subject) {
        sql.push(" or ");
        compare::has(sql, engine, path, Value::Text(part));
    }
    sql.push(")");
}

fn has<'a>(subject: &'a Subject, value: &'a Literal, sql: &mut Sql<'a>, given: Given) {
    match (subject, plain(value, given)) {
        (Subject::Json { path, .. }, value) => compare::has(sql, given.engine, path, value),
        (Subject::Field(_), _) => {
            sql.push("false");
        }
    }
}

/// The subject, as something of the kind that `value` has.
fn value_of<'a>(subject: &'a Subject, value: &Literal, sql: &mut Sql<'a>, engine: Engine) {
    match subject {
        Subject::Field(field) => {
            sql.push(field.column);
        }
        Subject::Json { path, .. } => {
            sql.push("(");
            match value {
                Literal::Int(_) | Literal::Real(_) => compare::number(sql, engine, path),
                _ => compare::text(sql, engine, path),
            }
            sql.push(")");
        }
    }
}

fn bind<'a>(value: &'a Literal, sql: &mut Sql<'a>, given: Given) {
    match plain(value, given) {
        // A number says what it is, whatever the engine would infer from the other side.
        value @ Value::Int(_) => sql.push("cast(").bind(value).push(" as bigint)"),
        value @ Value::Real(_) => sql.push("cast(").bind(value).push(" as double precision)"),
        value => sql.bind(value),
    };
}

fn plain(value: &Literal, given: Given) -> Value<'_> {
    match value {
        Literal::Null => Value::Null,
        Literal::Bool(flag) => Value::Flag(*flag),
        Literal::Int(number) => Value::Int(*number),
        Literal::Real(number) => Value::Real(*number),
        Literal::Text(text) => Value::Text(text),
        Literal::Time(time) => Value::from(*time),
        Literal::Now => Value::from(given.now),
        Literal::Id(id) => Value::Uuid(*id),
        Literal::Me => Value::from(given.me),
    }
}
