//! Collects everything that is wrong with a request, so that it is told at once.

use std::borrow::Cow;

use crate::{Error, Field, Result};

/// Field errors found so far; [`Checks::done`] turns them into one 422.
#[derive(Debug, Default)]
#[must_use = "call `done` to refuse what was found"]
pub struct Checks(Vec<Field>);

impl Checks {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Unless `good`, notes that the field at `pointer` is wrong.
    pub fn that(
        &mut self,
        good: bool,
        pointer: &str,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> &mut Self {
        if !good {
            self.0.push(Field {
                pointer: pointer.to_owned(),
                code: code.into(),
                message: message.into(),
            });
        }
        self
    }

    /// A text of `min` to `max` characters, without control characters other than line breaks
    /// and tabs.
    pub fn text(&mut self, pointer: &str, text: &str, min: usize, max: usize) -> &mut Self {
        // Bytes bound the count, so a huge text is not walked.
        let count = if text.len() > max * 4 { max + 1 } else { text.chars().count() };
        let control = text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
        self.that(count >= min.max(1) || min == 0, pointer, "too_short", {
            if min <= 1 {
                "must not be empty.".to_owned()
            } else {
                format!("must have at least {min} characters.")
            }
        })
        .that(count <= max, pointer, "too_long", format!("must have at most {max} characters."))
        .that(
            !control,
            pointer,
            "invalid_character",
            "must not contain control characters.",
        )
    }

    /// 3 to 50 of `a-z 0-9 -`, not starting or ending with a hyphen.
    pub fn slug(&mut self, pointer: &str, slug: &str) -> &mut Self {
        let good = (3..=50).contains(&slug.len())
            && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !slug.starts_with('-')
            && !slug.ends_with('-');
        self.that(
            good,
            pointer,
            "invalid_slug",
            "must be 3 to 50 of a-z, 0-9 and `-`, and not start or end with `-`.",
        )
    }

    /// One of a list.
    pub fn one_of(&mut self, pointer: &str, value: &str, allowed: &[&str]) -> &mut Self {
        self.that(
            allowed.contains(&value),
            pointer,
            "unknown_value",
            format!("must be one of {}.", allowed.join(", ")),
        )
    }

    /// An address that mail could be sent to: one `@`, something on both sides, at most 254
    /// characters (RFC 5321). Whether it exists, only a mail can tell.
    pub fn email(&mut self, pointer: &str, email: &str) -> &mut Self {
        let good = email.len() <= 254
            && email.is_ascii()
            && email.split_once('@').is_some_and(|(local, host)| {
                !local.is_empty()
                    && local.len() <= 64
                    && host.contains('.')
                    && !host.starts_with('.')
                    && !host.ends_with('.')
                    && !host.contains("..")
                    && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
            })
            && !email.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control() || b == b',');
        self.that(good, pointer, "invalid_email", "must be an e-mail address.")
    }

    /// Refuses if anything was found.
    ///
    /// # Errors
    /// 422 with every field that was found wrong.
    pub fn done(&mut self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Error::fields(std::mem::take(&mut self.0)))
    }
}
