//! What a person types, as terms.

/// Terms of a query at most; more make no answer better and cost time.
const MAX_TERMS: usize = 32;

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The words, in order; more than one is a phrase. Letters and digits only.
    pub words: Vec<String>,
    /// The last word may go on.
    pub prefix: bool,
    /// The document must not contain it.
    pub without: bool,
}

/// All terms of a query, also in the syntax of either engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
    pub(super) sqlite: String,
    pub(super) postgres: String,
}

impl Query {
    /// Reads a query; nothing when it contains no word that could be found.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut terms = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() && terms.len() < MAX_TERMS {
            let without = rest.starts_with('-');
            let body = if without { &rest[1..] } else { rest };
            let (token, prefix, after) = if let Some(quoted) = body.strip_prefix('"') {
                let end = quoted.find('"').unwrap_or(quoted.len());
                let after = quoted.get(end + 1..).unwrap_or("");
                (&quoted[..end], false, after)
            } else {
                let end = body.find(char::is_whitespace).unwrap_or(body.len());
                (&body[..end], body[..end].ends_with('*'), &body[end..])
            };
            // Tokenizers split at everything else too, so `libc-dev` is the phrase `libc dev`.
            let words: Vec<String> = token
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase)
                .collect();
            if !words.is_empty() {
                terms.push(Term { words, prefix, without });
            }
            rest = after.trim_start();
        }
        terms.iter().any(|term| !term.without).then(|| Self {
            sqlite: super::sqlite::words(&terms),
            postgres: super::postgres::words(&terms),
            terms,
        })
    }

    /// The terms; at least one is not a `without`.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
