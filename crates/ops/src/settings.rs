//! What an operator may change about watching.

use serde::Deserialize;
use types::Secret;

/// Shorter ones are guessed.
const LEAST: usize = 16;

/// The section `ops`.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Who sends it as a bearer token is answered metrics; without one nobody is.
    pub metrics_token: Option<Secret<String>>,
}

impl Settings {
    /// What is wrong with them: the key and a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let token = self.metrics_token.as_ref().map(Secret::reveal);
        let good = |token: &String| {
            token.len() >= LEAST && token.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if token.is_none_or(good) {
            return Vec::new();
        }
        let said = format!(
            "must have {LEAST} letters, digits and signs at least, and no blanks, as `openssl rand \
             -hex 32` prints it"
        );
        vec![("metrics_token", said)]
    }
}
