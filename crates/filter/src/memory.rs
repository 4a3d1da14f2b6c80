//! A filter asked of an object in memory.

use std::cmp::Ordering;

use serde_json::Value as JsonValue;
use types::{JsonMap, Time};
use uuid::Uuid;

use crate::tree::Condition;
use crate::{Given, Literal, Op, Subject, Test};

/// What can be asked: an object with the fields of the filter's schema.
pub trait Row {
    /// The field with this name, of the kind its schema says.
    fn field(&self, name: &str) -> Value<'_>;
    /// The JSON object with this name.
    fn json(&self, name: &str) -> Option<&JsonMap>;
    /// The JSON list with this name.
    fn list(&self, _name: &str) -> &[JsonValue] {
        &[]
    }
}

/// What a field of a row holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Real(f64),
    /// A text.
    Text(&'a str),
    /// A moment.
    Time(Time),
    /// An id.
    Id(Uuid),
}

/// Whether `condition` is true of `row`.
pub(crate) fn holds(condition: &Condition, row: &dyn Row, given: Given) -> bool {
    match condition {
        Condition::All(all) => all.iter().all(|one| holds(one, row, given)),
        Condition::Any(any) => any.iter().any(|one| holds(one, row, given)),
        Condition::Not(one) => !holds(one, row, given),
        Condition::Test(test) => passes(test, row, given),
    }
}

fn passes(test: &Test, row: &dyn Row, given: Given) -> bool {
    let list: &[JsonValue];
    let found = match &test.subject {
        Subject::Field(field) => {
            list = &[];
            Some(row.field(field.name))
        }
        Subject::Json { root, path, .. } if path.keys().is_empty() => {
            list = row.list(root);
            None
        }
        Subject::Json { root, path, .. } => {
            let value = walk(row.json(root), path.keys());
            list = value.and_then(JsonValue::as_array).map_or(&[], Vec::as_slice);
            value.map_or(Some(Value::Null), scalar)
        }
    };
    let compared = |wanted: &Literal| order(found?, literal(wanted, given)?);
    let any = |is: fn(Ordering) -> bool| test.values.iter().filter_map(compared).any(is);
    let listed = |wanted: &Literal| {
        let wanted = literal(wanted, given);
        list.iter()
            .filter_map(scalar)
            .any(|one| wanted.and_then(|wanted| order(one, wanted)) == Some(Ordering::Equal))
    };
    match (test.op, found, test.values.first()) {
        (Op::Equal | Op::In, _, _) => any(Ordering::is_eq),
        (Op::Less, _, _) => any(Ordering::is_lt),
        (Op::AtMost, _, _) => any(Ordering::is_le),
        (Op::Greater, _, _) => any(Ordering::is_gt),
        (Op::AtLeast, _, _) => any(Ordering::is_ge),
        (Op::StartsWith, Some(Value::Text(text)), Some(Literal::Text(part))) => {
            text.starts_with(part.as_str())
        }
        (Op::EndsWith, Some(Value::Text(text)), Some(Literal::Text(part))) => {
            text.ends_with(part.as_str())
        }
        (Op::Contains, Some(Value::Text(text)), Some(Literal::Text(part))) => {
            text.contains(part.as_str())
        }
        (Op::Has | Op::Contains, _, Some(wanted)) => listed(wanted),
        _ => false,
    }
}

fn walk<'r>(object: Option<&'r JsonMap>, keys: &[String]) -> Option<&'r JsonValue> {
    let (last, way) = keys.split_last()?;
    way.iter().try_fold(object?, |object, key| object.get(key)?.as_object())?.get(last)
}

/// What a JSON value is compared as; lists and objects are equal to nothing, not even to null.
fn scalar(value: &JsonValue) -> Option<Value<'_>> {
    match value {
        JsonValue::Null => Some(Value::Null),
        JsonValue::Bool(flag) => Some(Value::Bool(*flag)),
        // Beyond 64 bits a whole number is a floating-point one, as in SQLite.
        JsonValue::Number(number) => {
            number.as_i64().map(Value::Int).or_else(|| number.as_f64().map(Value::Real))
        }
        JsonValue::String(text) => Some(Value::Text(text)),
        JsonValue::Array(_) | JsonValue::Object(_) => None,
    }
}

/// Nothing for `me` where nobody is: that equals nothing.
fn literal(value: &Literal, given: Given) -> Option<Value<'_>> {
    Some(match value {
        Literal::Null => Value::Null,
        Literal::Bool(flag) => Value::Bool(*flag),
        Literal::Int(number) => Value::Int(*number),
        Literal::Real(number) => Value::Real(*number),
        Literal::Text(text) => Value::Text(text),
        Literal::Time(time) => Value::Time(*time),
        Literal::Now => Value::Time(given.now),
        Literal::Id(id) => Value::Id(*id),
        Literal::Me => Value::Id(given.me?.0),
    })
}

/// Nothing for values of different types. `null` has no order and is asked only whether it is equal.
fn order(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(&right)),
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(&right)),
        (Value::Real(left), Value::Real(right)) => left.partial_cmp(&right),
        (Value::Int(left), Value::Real(right)) => Some(exact(left, right)),
        (Value::Real(left), Value::Int(right)) => Some(exact(right, left).reverse()),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(&right)),
        (Value::Id(left), Value::Id(right)) => Some(left.cmp(&right)),
        _ => None,
    }
}

/// Compares without rounding the whole number to a floating-point one.
fn exact(whole: i64, real: f64) -> Ordering {
    // 2^63, the first that is too large.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if real >= END {
        Ordering::Less
    } else if real < -END {
        Ordering::Greater
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "its range was just checked")]
        let floor = real.floor() as i64;
        whole.cmp(&floor).then(if real.fract() == 0.0 { Ordering::Equal } else { Ordering::Less })
    }
}
