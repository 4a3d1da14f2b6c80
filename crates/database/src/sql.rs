//! A small append-only builder for the parts of a statement that are decided at run time.

use std::ops::Range;

use crate::Value;

/// A statement under construction: literal SQL from the code, values only as parameters.
#[derive(Debug, Default)]
pub struct Sql<'a> {
    text: String,
    args: Vec<Value<'a>>,
}

impl<'a> Sql<'a> {
    /// Starts with literal SQL.
    #[must_use]
    pub fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), args: Vec::new() }
    }

    /// Appends literal SQL.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends the next parameter.
    pub fn bind(&mut self, value: impl Into<Value<'a>>) -> &mut Self {
        self.args.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.args.len().to_string());
        self
    }

    /// Appends ` and COLUMN = $n` when there is a value.
    pub fn and_equals(
        &mut self,
        column: &'static str,
        value: Option<impl Into<Value<'a>>>,
    ) -> &mut Self {
        if let Some(value) = value {
            self.push(" and ").push(column).push(" = ").bind(value);
        }
        self
    }

    /// Appends `($1, $2, …)`; `(null)` for an empty list, which matches nothing.
    pub fn bind_list(
        &mut self,
        values: impl IntoIterator<Item = impl Into<Value<'a>>>,
    ) -> &mut Self {
        let mut separator = "(";
        for value in values {
            self.push(separator).bind(value);
            separator = ", ";
        }
        self.push(if separator == "(" { "(null)" } else { ")" })
    }

    /// Appends a list as [`Self::bind_list`] does, in one of few lengths: few statements have to
    /// be prepared. The last value fills up to a power of two.
    pub fn bind_filled(
        &mut self,
        values: impl IntoIterator<Item = impl Into<Value<'a>>>,
    ) -> &mut Self {
        let mut values: Vec<Value<'a>> = values.into_iter().map(Into::into).collect();
        if let Some(last) = values.last().copied() {
            values.resize(values.len().next_power_of_two(), last);
        }
        self.bind_list(values)
    }

    /// Appends a stretch of this text once more, with the same parameters: what several parts of
    /// a statement have in common is bound once.
    pub fn repeat(&mut self, stretch: Range<usize>) -> &mut Self {
        self.text.extend_from_within(stretch);
        self
    }

    /// The text, as [`crate::Tx`] takes it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parameters.
    #[must_use]
    pub fn args(&self) -> &[Value<'a>] {
        &self.args
    }
}

#[cfg(test)]
#[path = "sql_tests.rs"]
mod tests;
