//! What a new password must be like.

use types::{Error, Field, Result};

use super::common;
use crate::Settings;

/// Bytes of a password that are read at all, right or wrong.
const MAX_BYTES: usize = 1024;
/// Shorter words of a name are parts of too many other words.
const WORD_MIN: usize = 4;
/// What everybody here knows.
const PRODUCT: &str = "sixfold";

/// The rules a new password is held to.
pub(super) struct Policy {
    min: usize,
    max: usize,
    blocklist: bool,
    composition: bool,
}

/// One thing that is wrong with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Policy {
    pub(super) const fn new(settings: &Settings) -> Self {
        Self {
            min: settings.password_min,
            max: settings.password_max,
            blocklist: settings.password_blocklist,
            composition: settings.password_composition,
        }
    }

    /// Refuses a password that has a fault; `pointer` is the field it came in.
    ///
    /// # Errors
    /// 422 with every fault.
    pub(super) fn check(&self, pointer: &str, password: &str, context: &[&str]) -> Result<()> {
        let faults = self.faults(password, context);
        if faults.is_empty() {
            return Ok(());
        }
        let field = |fault: Fault| Field {
            pointer: pointer.to_owned(),
            code: fault.code.into(),
            message: fault.message,
        };
        Err(Error::fields(faults.into_iter().map(field).collect()))
    }

    /// Refuses a password that is too large to be hashed at all.
    ///
    /// # Errors
    /// 422 `password_too_long`.
    pub(super) fn check_size(&self, password: &str) -> Result<()> {
        if password.len() <= MAX_BYTES {
            return Ok(());
        }
        let Fault { code, message } = self.too_long();
        Err(Error::invalid("/password", code, message))
    }

    /// Everything that is wrong with it. Characters count, not bytes.
    pub(super) fn faults(&self, password: &str, context: &[&str]) -> Vec<Fault> {
        if password.len() > MAX_BYTES {
            return vec![self.too_long()];
        }
        let (characters, lower) = (password.chars().count(), password.to_lowercase());
        let fault = |code, message: &str| Fault { code, message: message.to_owned() };
        let mut faults = Vec::new();
        if characters < self.min {
            let message = format!("must have at least {} characters.", self.min);
            faults.push(Fault { code: "password_too_short", message });
        }
        if characters > self.max {
            faults.push(self.too_long());
        }
        if self.composition && !is_mixed(password) {
            let message = "must have a small and a capital letter, a digit and a sign.";
            faults.push(fault("password_too_simple", message));
        }
        if self.blocklist && common::is_common(&lower) {
            let message = "is one of those that are tried first; choose another, e.g. a few \
                           words that have nothing to do with each other.";
            faults.push(fault("password_too_common", message));
        }
        if is_made_of_context(&lower, context) {
            let message = "is made of what others know about you: your name, your address or \
                           the name of this service.";
            faults.push(fault("password_contains_context", message));
        }
        faults
    }

    fn too_long(&self) -> Fault {
        let message = format!("must have at most {} characters.", self.max);
        Fault { code: "password_too_long", message }
    }
}

fn is_mixed(password: &str) -> bool {
    let has = |test: fn(char) -> bool| password.chars().any(test);
    has(char::is_lowercase)
        && has(char::is_uppercase)
        && has(char::is_numeric)
        && has(|c| !c.is_alphanumeric())
}

/// Whether at least half of the password, in lower case, is words everybody knows of its owner.
fn is_made_of_context(lower: &str, context: &[&str]) -> bool {
    let mut words: Vec<String> = vec![PRODUCT.to_owned()];
    for known in context {
        let known = known.to_lowercase();
        let parts = known.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
        words.extend(parts.chain(known.split('@').map(str::to_owned)));
    }
    words.retain(|word| word.chars().count() >= WORD_MIN);
    // The longest first, so that a word does not tear a longer one apart.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = words.iter().fold(lower.to_owned(), |rest, word| rest.replace(word.as_str(), ""));
    let (whole, rest) = (lower.chars().count(), rest.chars().count());
    rest < whole && rest * 2 <= whole
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
