//! `$name.field`: what an earlier operation has answered.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;
use types::{Error, Result};

use super::model::StepAnswer;

/// Answers by the names of their operations.
#[derive(Default)]
pub(super) struct Answers<'a>(HashMap<&'a str, Value>);

impl<'a> Answers<'a> {
    /// Remembers the answer of an operation for those after it.
    ///
    /// # Errors
    /// Internal, when an answer cannot be read again.
    pub(super) fn note(&mut self, name: &'a str, answer: &StepAnswer) -> Result<()> {
        let value = match &answer.body {
            Some(body) => serde_json::from_str(body.as_str())?,
            None => serde_json::json!({ "id": answer.id }),
        };
        self.0.insert(name, value);
        Ok(())
    }

    /// A path with its references replaced.
    ///
    /// # Errors
    /// 422 at `/path`.
    pub(super) fn path<'p>(&self, path: &'p str) -> Result<Cow<'p, str>> {
        if !path.contains('$') {
            return Ok(Cow::Borrowed(path));
        }
        let mut whole = String::with_capacity(path.len() + 32);
        for part in path.split_inclusive(['/', '?', '=', '&']) {
            let end = part.trim_end_matches(['/', '?', '=', '&']);
            match self.find(end, "/path")? {
                Some(Value::String(text)) => whole.push_str(text),
                Some(_) => return Err(Error::invalid("/path", "wrong_type", "needs a text here.")),
                None => whole.push_str(end),
            }
            whole.push_str(&part[end.len()..]);
        }
        Ok(Cow::Owned(whole))
    }

    /// A body with its references replaced.
    ///
    /// # Errors
    /// 422 with a pointer below `/body`.
    pub(super) fn body<'b>(&self, body: &'b str) -> Result<Cow<'b, str>> {
        // A reference is a text that begins with the sign, however it is written.
        if !body.contains("\"$") && !body.contains("\"\\u0024") {
            return Ok(Cow::Borrowed(body));
        }
        let mut value: Value = serde_json::from_str(body)?;
        self.fill(&mut value, &mut String::from("/body"))?;
        Ok(Cow::Owned(serde_json::to_string(&value)?))
    }

    fn fill(&self, value: &mut Value, pointer: &mut String) -> Result<()> {
        let end = pointer.len();
        match value {
            Value::String(text) => {
                if let Some(found) = self.find(text, pointer)? {
                    *value = found.clone();
                } else if text.strip_prefix('$').is_some_and(|rest| parts(rest).is_some()) {
                    text.remove(0);
                }
            }
            Value::Array(list) => {
                for (index, item) in list.iter_mut().enumerate() {
                    pointer.push_str(&format!("/{index}"));
                    self.fill(item, pointer)?;
                    pointer.truncate(end);
                }
            }
            Value::Object(map) => {
                for (key, item) in map.iter_mut() {
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                    self.fill(item, pointer)?;
                    pointer.truncate(end);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What a text refers to; none for a text that is no reference.
    fn find(&self, text: &str, pointer: &str) -> Result<Option<&Value>> {
        let Some((name, fields)) = parts(text) else { return Ok(None) };
        let answer = self.0.get(name).ok_or_else(|| {
            let message = "refers to no earlier operation; write `$$` for a text that begins so.";
            Error::invalid(pointer, "unknown_reference", message)
        })?;
        let found = fields.split('.').try_fold(answer, |value, field| match value {
            Value::Array(list) => list.get(field.parse::<usize>().ok()?),
            other => other.get(field),
        });
        let message = "refers to a field that the operation did not answer.";
        found.map(Some).ok_or_else(|| Error::invalid(pointer, "unknown_reference", message))
    }
}

/// Name and fields of `$name.field.field`.
fn parts(text: &str) -> Option<(&str, &str)> {
    let (name, fields) = text.strip_prefix('$')?.split_once('.')?;
    let field = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    (is_name(name) && fields.split('.').all(field)).then_some((name, fields))
}

/// Whether an operation may be called so.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
