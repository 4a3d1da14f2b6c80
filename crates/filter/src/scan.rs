//! Bounds, before the parser sees anything: it recurses with the nesting and takes its time.
//!
//! What this takes for a text the parser must take for one too, or brackets could hide. So only
//! plain quotes with known escapes pass; raw, byte and triple-quoted texts, comments and quoted
//! names, which nobody needs in a filter, do not.

use types::{Error, Result};

/// Characters.
pub(crate) const MAX_LENGTH: usize = 3_500;
/// Brackets within brackets.
pub(crate) const MAX_DEPTH: usize = 8;
/// What `&&` and `||` join.
pub(crate) const MAX_TERMS: usize = 64;
/// Signs of one comparison. A chain of them, `a.b.c` or `1+1+1`, is a tree as deep as it is long, and
/// trees are walked with a stack. The longest list of numbers has fewer.
pub(crate) const MAX_SIGNS: usize = 320;

/// 422 about the character at `index` (from 0) of the filter.
pub(crate) fn wrong(index: usize, code: &'static str, message: &str) -> Error {
    Error::invalid("filter", code, format!("column {}: {message}", index + 1))
}

/// Refuses what is too long, too deep or too many, or no text of this language at all.
pub(crate) fn bounds(text: &str) -> Result<()> {
    let letters: Vec<char> = text.chars().take(MAX_LENGTH + 1).collect();
    if letters.len() > MAX_LENGTH {
        let message = format!("a filter has at most {MAX_LENGTH} characters; shorten it.");
        return Err(wrong(MAX_LENGTH, "too_long", &message));
    }
    let (mut depth, mut terms, mut signs, mut at) = (0_usize, 1, 0, 0);
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1).copied();
        match letter {
            '"' | '\'' => {
                at = quoted(&letters, at)?;
                continue;
            }
            '(' | '{' => depth += 1,
            '[' => (depth, signs) = (depth + 1, signs + 1),
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '&' | '|' if next == Some(letter) => {
                (terms, signs) = (terms + 1, 0);
                at += 1;
            }
            '.' | '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' => signs += 1,
            'i' if is_in(&letters, at) => signs += 1,
            _ => {}
        }
        if matches!(letter, '`' | '?' | '\0') || (letter == '/' && next == Some('/')) {
            return Err(wrong(at, "invalid_filter", "this does not belong in a filter."));
        }
        if letter.is_alphanumeric() && matches!(next, Some('"' | '\'')) {
            let message =
                "leave a space between a word and a text; r\"…\" and b\"…\" do not exist.";
            return Err(wrong(at, "invalid_filter", message));
        }
        if depth > MAX_DEPTH {
            let message = format!("brackets nest at most {MAX_DEPTH} deep; take some away.");
            return Err(wrong(at, "too_deep", &message));
        }
        if signs > MAX_SIGNS {
            let message = format!("a comparison has at most {MAX_SIGNS} signs; use fewer.");
            return Err(wrong(at, "too_deep", &message));
        }
        if terms > MAX_TERMS {
            let message = format!("a filter joins at most {MAX_TERMS} comparisons; use fewer.");
            return Err(wrong(at, "too_many_terms", &message));
        }
        at += 1;
    }
    Ok(())
}

/// Whether the word `in` is at `at`.
fn is_in(letters: &[char], at: usize) -> bool {
    let is_word = |letter: Option<&char>| letter.is_some_and(|one| one.is_alphanumeric());
    let before = at.checked_sub(1).and_then(|before| letters.get(before));
    letters.get(at + 1) == Some(&'n') && !is_word(before) && !is_word(letters.get(at + 2))
}

/// The place behind the text whose quote is at `start`.
fn quoted(letters: &[char], start: usize) -> Result<usize> {
    let quote = letters[start];
    let mut at = start + 1;
    loop {
        match letters.get(at) {
            Some(&letter) if letter == quote => break,
            Some('\\') => at = escape(letters, at)?,
            Some('\n' | '\r' | '\0') | None => {
                return Err(wrong(start, "invalid_filter", "this text has no closing quote."));
            }
            Some(_) => at += 1,
        }
    }
    if matches!(letters.get(at + 1), Some('"' | '\'')) {
        return Err(wrong(at + 1, "invalid_filter", "a text ends here and another begins."));
    }
    Ok(at + 1)
}

/// The place behind the escape whose backslash is at `start`.
fn escape(letters: &[char], start: usize) -> Result<usize> {
    let digits = match letters.get(start + 1) {
        Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '"' | '\'' | '\\') => 0,
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        _ => return Err(wrong(start, "invalid_filter", "write a backslash as `\\\\`.")),
    };
    let end = start + 2 + digits;
    let hex = letters.get(start + 2..end);
    if hex.is_some_and(|hex| hex.iter().all(char::is_ascii_hexdigit)) {
        Ok(end)
    } else {
        Err(wrong(start, "invalid_filter", "this escape is not complete."))
    }
}
