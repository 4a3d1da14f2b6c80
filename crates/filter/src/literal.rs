//! Values as they are written, and what each may be compared with.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};
use types::{AnyId, Kind, Result, Time};

use crate::check::Reader;
use crate::{FieldKind, Literal, Op, Subject};

/// Whether `expr` is a value rather than a name.
pub(crate) fn is(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Literal(_) => true,
        Expr::Ident(name) => matches!(name.as_str(), "me" | "now"),
        Expr::Call(call) => {
            call.target.is_none()
                && matches!(call.func_name.as_str(), "timestamp" | operators::NEGATE)
        }
        _ => false,
    }
}

/// Reads a value.
pub(crate) fn of(reader: &Reader<'_>, expr: &IdedExpr) -> Result<Literal> {
    let wrong = |message: &str| reader.wrong(expr, "invalid_filter", message);
    match &expr.expr {
        Expr::Literal(LiteralValue::Null) => Ok(Literal::Null),
        Expr::Literal(LiteralValue::Boolean(flag)) => Ok(Literal::Bool(*flag.inner())),
        Expr::Literal(LiteralValue::Int(number)) => Ok(Literal::Int(*number.inner())),
        Expr::Literal(LiteralValue::UInt(number)) => i64::try_from(*number.inner())
            .map(Literal::Int)
            .map_err(|_| wrong("this number is too large.")),
        Expr::Literal(LiteralValue::Double(number)) => Ok(real(*number.inner())),
        Expr::Literal(LiteralValue::String(text)) => {
            let text = text.inner();
            // PostgreSQL holds no such text, so nothing could ever be equal to it.
            if text.contains('\0') {
                return Err(wrong("a text has no NUL characters."));
            }
            Ok(Literal::Text(text.to_owned()))
        }
        Expr::Ident(name) if name == "me" => Ok(Literal::Me),
        Expr::Ident(name) if name == "now" => Ok(Literal::Now),
        Expr::Call(call) if call.func_name == "timestamp" => match call.args.as_slice() {
            [text] => match of(reader, text)? {
                Literal::Text(text) => {
                    text.parse().map(Literal::Time).map_err(|message: &str| wrong(message))
                }
                _ => Err(wrong("timestamp takes a text like \"2026-01-31T12:00:00Z\".")),
            },
            _ => Err(wrong("timestamp takes one text.")),
        },
        _ => Err(wrong("a value is expected here: a text, a number, true, false or null.")),
    }
}

/// A whole number stays whole, so that it is compared exactly: `5.0` is `5`.
fn real(number: f64) -> Literal {
    // 2^63, the first that is too large.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() == 0.0 && (-END..END).contains(&number) {
        #[expect(clippy::cast_possible_truncation, reason = "its range was just checked")]
        return Literal::Int(number as i64);
    }
    Literal::Real(number)
}

/// The value as `subject` is compared with it, or why it cannot be.
pub(crate) fn fit(subject: &Subject, op: Op, value: Literal) -> Result<Literal, String> {
    let ordered = matches!(op, Op::Less | Op::AtMost | Op::Greater | Op::AtLeast);
    let textual = matches!(op, Op::StartsWith | Op::EndsWith | Op::Contains);
    if let Some(name) = subject.list()
        && !matches!(op, Op::Has | Op::Contains)
    {
        return Err(format!("`{name}` is a list; write `\"a\" in {name}`."));
    }
    match (&value, subject) {
        (Literal::Null, _) if op == Op::Has => Err("a list is not searched for null.".to_owned()),
        (Literal::Null | Literal::Bool(_), _) if ordered => {
            Err("null, true and false have no order; use == or !=.".to_owned())
        }
        (value, _) if textual && !matches!(value, Literal::Text(_)) => {
            Err("startsWith, endsWith and contains take a text.".to_owned())
        }
        (_, Subject::Json { .. }) => match value {
            Literal::Time(_) | Literal::Now | Literal::Me | Literal::Id(_) => {
                Err("properties hold texts and numbers; compare this one with a text.".to_owned())
            }
            value => Ok(value),
        },
        (Literal::Null, Subject::Field(_)) => Ok(value),
        (_, Subject::Field(field)) => {
            let kind = field.kind;
            if textual && kind != FieldKind::Text {
                return Err(format!("`{}` is not a text.", field.name));
            }
            if ordered && matches!(kind, FieldKind::Bool | FieldKind::Id(_) | FieldKind::AnyId) {
                return Err(format!("`{}` has no order; use ==, != or in.", field.name));
            }
            of_kind(kind, value)
                .map_err(|wanted| format!("compare `{}` with {wanted}.", field.name))
        }
    }
}

fn of_kind(kind: FieldKind, value: Literal) -> Result<Literal, String> {
    match (kind, value) {
        (FieldKind::Text, value @ Literal::Text(_))
        | (FieldKind::Number, value @ (Literal::Int(_) | Literal::Real(_)))
        | (FieldKind::Bool, value @ Literal::Bool(_))
        | (FieldKind::Time, value @ (Literal::Time(_) | Literal::Now))
        | (FieldKind::Id(Kind::Person) | FieldKind::AnyId, value @ Literal::Me) => Ok(value),
        (FieldKind::Time, Literal::Text(text)) => text
            .parse::<Time>()
            .map(Literal::Time)
            .map_err(|_| "a time like \"2026-01-31T12:00:00Z\"".to_owned()),
        (FieldKind::Id(kind), Literal::Text(text)) => AnyId::parse(&text, kind)
            .ok()
            .filter(|id| id.kind == kind)
            .map(|id| Literal::Id(id.uuid))
            .ok_or_else(|| format!("an id like \"{}_01j…\" or a UUID", kind.prefix())),
        (FieldKind::AnyId, Literal::Text(text)) => AnyId::parse(&text, Kind::Thing)
            .map(|id| Literal::Id(id.uuid))
            .map_err(|_| "an id like \"thing_01j…\" or a UUID".to_owned()),
        (FieldKind::Text | FieldKind::List, _) => Err("a text in quotes".to_owned()),
        (FieldKind::Number, _) => Err("a number".to_owned()),
        (FieldKind::Bool, _) => Err("true or false".to_owned()),
        (FieldKind::Time, _) => Err("timestamp(\"2026-01-31T12:00:00Z\") or now".to_owned()),
        (FieldKind::AnyId, _) => Err("an id like \"thing_01j…\"".to_owned()),
        (FieldKind::Id(kind), _) => Err(format!("an id like \"{}_01j…\"", kind.prefix())),
    }
}
