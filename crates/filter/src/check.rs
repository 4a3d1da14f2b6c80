//! From what the parser understood to what the schema allows.

use cel::common::ast::{CallExpr, Expr, IdedExpr, SourceInfo, operators};
use cel::parser::{ParseErrors, Parser};
use database::seams::compare::JsonPath;
use types::{Error, Result};

use crate::tree::Condition;
use crate::{FieldKind, Literal, Op, Schema, Subject, Test, literal, scan};

/// Values in one list.
const MAX_VALUES: usize = 100;
/// Keys of one path into JSON.
const MAX_KEYS: usize = 8;

/// Reads and checks a filter.
pub(crate) fn read(text: &str, schema: &'static Schema) -> Result<Condition> {
    scan::bounds(text)?;
    let (tree, info) = Parser::new()
        .max_recursion_depth(32)
        .parse_with_source_info(text)
        .map_err(|errors| syntax(text, &errors))?;
    Reader { text, info, schema }.condition(&tree)
}

fn syntax(text: &str, errors: &ParseErrors) -> Error {
    let (line, column) = errors.errors.first().map_or((1, 1), |error| error.pos);
    let before: usize = text
        .split_inclusive('\n')
        .take(usize::try_from(line - 1).unwrap_or(0))
        .map(|line| line.chars().count())
        .sum();
    let index = before + usize::try_from(column - 1).unwrap_or(0);
    let message = "this cannot be read; write comparisons like `status == \"published\"`, joined \
                   by && and ||.";
    scan::wrong(index.min(text.chars().count()), "invalid_filter", message)
}

pub(crate) struct Reader<'t> {
    text: &'t str,
    info: SourceInfo,
    schema: &'static Schema,
}

impl Reader<'_> {
    /// 422 at the place where `expr` stands.
    pub(crate) fn wrong(&self, expr: &IdedExpr, code: &'static str, message: &str) -> Error {
        scan::wrong(self.index(expr), code, message)
    }

    /// Characters before `expr`.
    fn index(&self, expr: &IdedExpr) -> usize {
        let start = self.info.offset_for(expr.id).map_or(0, |(start, _)| start as usize);
        self.text.char_indices().take_while(|(at, _)| *at < start).count()
    }

    fn unknown(&self, expr: &IdedExpr) -> Error {
        let message = "the filter language has no such thing here; it has == != < <= > >= && || ! \
                       in, startsWith, endsWith, contains and timestamp.";
        self.wrong(expr, "unsupported", message)
    }

    fn condition(&self, expr: &IdedExpr) -> Result<Condition> {
        let Expr::Call(call) = &expr.expr else { return self.flag(expr) };
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            (operators::LOGICAL_AND, None, [left, right]) => {
                let mut all = Vec::new();
                for part in [self.condition(left)?, self.condition(right)?] {
                    match part {
                        Condition::All(parts) => all.extend(parts),
                        part => all.push(part),
                    }
                }
                Ok(Condition::All(all))
            }
            (operators::LOGICAL_OR, None, [left, right]) => {
                let mut any = Vec::new();
                for part in [self.condition(left)?, self.condition(right)?] {
                    match part {
                        Condition::Any(parts) => any.extend(parts),
                        part => any.push(part),
                    }
                }
                Ok(Condition::Any(any))
            }
            (operators::LOGICAL_NOT, None, [one]) => {
                Ok(Condition::Not(Box::new(self.condition(one)?)))
            }
            (operators::IN, None, [one, list]) => self.membership(expr, one, list),
            (operators::INDEX, None, _) => self.flag(expr),
            (name, Some(target), args) => self.method(expr, name, target, args),
            (_, None, [left, right]) => self.comparison(expr, call, left, right),
            _ => Err(self.unknown(expr)),
        }
    }

    /// A name on its own: is it true?
    fn flag(&self, expr: &IdedExpr) -> Result<Condition> {
        if matches!(expr.expr, Expr::Comprehension(_) | Expr::Map(_) | Expr::Struct(_)) {
            return Err(self.unknown(expr));
        }
        if !matches!(expr.expr, Expr::Ident(_) | Expr::Select(_) | Expr::Call(_)) {
            let message = "a value on its own is no condition; compare a field with it.";
            return Err(self.wrong(expr, "invalid_filter", message));
        }
        let subject = self.subject(expr)?;
        if let Some(name) = subject.list() {
            let message = format!("`{name}` is a list; write `\"a\" in {name}`.");
            return Err(self.wrong(expr, "type_mismatch", &message));
        }
        if let Subject::Field(field) = &subject
            && field.kind != FieldKind::Bool
        {
            let message =
                format!("`{}` is not true or false; compare it with a value.", field.name);
            return Err(self.wrong(expr, "type_mismatch", &message));
        }
        Ok(test(subject, Op::Equal, vec![Literal::Bool(true)]))
    }

    fn comparison(
        &self,
        expr: &IdedExpr,
        call: &CallExpr,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Result<Condition> {
        let (op, mirrored) = match call.func_name.as_str() {
            operators::EQUALS | operators::NOT_EQUALS => (Op::Equal, Op::Equal),
            operators::LESS => (Op::Less, Op::Greater),
            operators::LESS_EQUALS => (Op::AtMost, Op::AtLeast),
            operators::GREATER => (Op::Greater, Op::Less),
            operators::GREATER_EQUALS => (Op::AtLeast, Op::AtMost),
            _ => return Err(self.unknown(expr)),
        };
        let (named, value, op) = match (literal::is(left), literal::is(right)) {
            (false, true) => (left, right, op),
            (true, false) => (right, left, mirrored),
            (true, true) => {
                let message = "two values are compared; name a field on one side.";
                return Err(self.wrong(expr, "invalid_filter", message));
            }
            (false, false) => {
                let message = "a field is compared with a value, not with another field.";
                return Err(self.wrong(expr, "unsupported", message));
            }
        };
        let subject = self.subject(named)?;
        let value = self.value(&subject, op, value)?;
        let found = test(subject, op, vec![value]);
        let negated = call.func_name == operators::NOT_EQUALS;
        Ok(if negated { Condition::Not(Box::new(found)) } else { found })
    }

    fn membership(&self, expr: &IdedExpr, one: &IdedExpr, list: &IdedExpr) -> Result<Condition> {
        if literal::is(one) {
            let subject = self.subject(list)?;
            if let Subject::Field(field) = &subject {
                let message = format!("`{}` is not a list; write `field in [\"a\"]`.", field.name);
                return Err(self.wrong(list, "type_mismatch", &message));
            }
            let value = self.value(&subject, Op::Has, one)?;
            return Ok(test(subject, Op::Has, vec![value]));
        }
        let Expr::List(values) = &list.expr else {
            let message = "after `in` comes a list of values, like [\"draft\", \"published\"].";
            return Err(self.wrong(expr, "type_mismatch", message));
        };
        if values.elements.len() > MAX_VALUES {
            let message = format!("a list has at most {MAX_VALUES} values; use fewer.");
            return Err(self.wrong(list, "too_many_values", &message));
        }
        let subject = self.subject(one)?;
        let values = values
            .elements
            .iter()
            .map(|value| self.value(&subject, Op::In, value))
            .collect::<Result<Vec<_>>>()?;
        Ok(test(subject, Op::In, values))
    }

    fn method(
        &self,
        expr: &IdedExpr,
        name: &str,
        target: &IdedExpr,
        args: &[IdedExpr],
    ) -> Result<Condition> {
        let op = match name {
            "startsWith" => Op::StartsWith,
            "endsWith" => Op::EndsWith,
            "contains" => Op::Contains,
            _ => return Err(self.unknown(expr)),
        };
        let [part] = args else {
            let message = format!("`{name}` takes one text.");
            return Err(self.wrong(expr, "invalid_filter", &message));
        };
        let subject = self.subject(target)?;
        let value = self.value(&subject, op, part)?;
        Ok(test(subject, op, vec![value]))
    }

    /// What is named: a column, or a path into JSON as `properties.a.b` or `properties["a"].b`.
    fn subject(&self, expr: &IdedExpr) -> Result<Subject> {
        let mut keys = Vec::new();
        let mut rest = expr;
        let root = loop {
            match &rest.expr {
                Expr::Ident(name) => break name,
                Expr::Select(select) if !select.test => {
                    keys.push(select.field.clone());
                    rest = &*select.operand;
                }
                Expr::Call(call) if call.func_name == operators::INDEX => {
                    let [inner, key] = call.args.as_slice() else {
                        return Err(self.unknown(rest));
                    };
                    keys.push(self.key(key)?);
                    rest = inner;
                }
                _ => return Err(self.unknown(rest)),
            }
        };
        keys.reverse();
        if let Some(field) = self.schema.field(root) {
            return if keys.is_empty() && field.kind == FieldKind::List {
                let path = JsonPath::new(field.column, Vec::new());
                Ok(Subject::Json { root: field.name, path, at: self.index(expr) })
            } else if keys.is_empty() {
                Ok(Subject::Field(field))
            } else {
                let message = format!("there is nothing inside of `{root}`.");
                Err(self.wrong(expr, "unknown_field", &message))
            };
        }
        let Some((root, column)) = self.schema.json(root) else {
            let names = self.schema.names();
            let message = format!("there is no field `{root}`; there are {names}.");
            return Err(self.wrong(rest, "unknown_field", &message));
        };
        match keys.len() {
            0 => {
                let message = format!("name one of the {root}, like `{root}.price`.");
                Err(self.wrong(expr, "type_mismatch", &message))
            }
            1..=MAX_KEYS => {
                let path = JsonPath::new(column, keys);
                Ok(Subject::Json { root, path, at: self.index(rest) })
            }
            _ => {
                let message = format!("a path has at most {MAX_KEYS} keys; shorten it.");
                Err(self.wrong(expr, "too_deep", &message))
            }
        }
    }

    fn key(&self, expr: &IdedExpr) -> Result<String> {
        match literal::of(self, expr)? {
            Literal::Text(key) => Ok(key),
            _ => {
                let message = "between the brackets comes a key in quotes, like [\"unit price\"].";
                Err(self.wrong(expr, "type_mismatch", message))
            }
        }
    }

    fn value(&self, subject: &Subject, op: Op, expr: &IdedExpr) -> Result<Literal> {
        let value = literal::of(self, expr)?;
        literal::fit(subject, op, value)
            .map_err(|message| self.wrong(expr, "type_mismatch", &message))
    }
}

fn test(subject: Subject, op: Op, values: Vec<Literal>) -> Condition {
    Condition::Test(Test { subject, op, values })
}
