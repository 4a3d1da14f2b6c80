//! Passwords that everybody tries first.

use std::sync::LazyLock;

/// 36,830 passwords of at least six characters, in lower case, sorted: the list of Django 5.2
/// (`common-passwords.txt`, made by Royce Williams, BSD-3-Clause) and the passwords of zxcvbn's
/// frequency lists (crate `zxcvbn` 3.1, MIT), together.
const TEXT: &str = include_str!("common.txt");

static LIST: LazyLock<Vec<&'static str>> = LazyLock::new(|| TEXT.lines().collect());

/// Shorter units say nothing about a password that repeats them: `abab…` is no better than `aaaa`.
const UNIT: usize = 3;

/// Whether a password, in lower case, is one of the common ones; one of them with digits and signs
/// around it that are not more than the word itself; one repeated; or a plain run like `abcdefgh`.
pub(super) fn is_common(lower: &str) -> bool {
    let listed = |word: &str| LIST.binary_search(&word).is_ok();
    let stem = lower.trim_matches(|c: char| !c.is_alphabetic());
    let dressed = stem.chars().count() * 2 >= lower.chars().count() && listed(stem);
    listed(lower)
        || dressed
        || is_run(lower)
        || unit(lower)
            .is_some_and(|unit| unit.chars().count() <= UNIT || listed(unit) || is_run(unit))
}

/// Each character follows the one before: up or down the alphabet or the digits.
fn is_run(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let step =
        |by: i64| {
            codes.windows(2).all(|pair| matches!(pair, [one, next] if {
            let zero = i64::from(b'0');
            let digits = (zero..zero + 10).contains(one) && (zero..zero + 10).contains(next);
            next - one == by || (digits && (next - one - by).rem_euclid(10) == 0)
        }))
        };
    codes.len() > UNIT && (step(1) || step(-1))
}

/// What the text is a repetition of, if it is one.
fn unit(text: &str) -> Option<&str> {
    let ends = text.char_indices().map(|(at, _)| at).skip(1);
    ends.take_while(|at| at * 2 <= text.len()).find_map(|at| {
        let (unit, rest) = text.split_at(at);
        let whole = text.len().is_multiple_of(at);
        (whole && rest.as_bytes().chunks(at).all(|part| part == unit.as_bytes())).then_some(unit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_in_lower_case() {
        assert!(LIST.is_sorted());
        assert_eq!(LIST.len(), 36_830);
        assert!(LIST.iter().all(|word| word.len() >= 6 && *word == word.to_lowercase()));
    }

    #[test]
    fn what_everybody_tries_is_common() {
        for common in [
            "password",
            "password1234",
            "!!password!!",
            "qwerty123456",
            "passwordpassword",
            "iloveyou2024!",
            "123456789012",
            "210987654321",
            "abcdefghijkl",
            "zzzzzzzzzzzz",
            "abcabcabcabc",
            "🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑",
        ] {
            assert!(is_common(common), "{common}");
        }
    }

    #[test]
    fn what_nobody_tries_is_not() {
        for rare in [
            "analytical engine",
            "correct horse battery staple",
            "violet-kettle-harbour-93",
            "something else",
            "monkey and a lantern",
            "",
        ] {
            assert!(!is_common(rare), "{rare}");
        }
    }
}
