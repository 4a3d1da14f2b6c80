//! One pass over JSON text before it is parsed: nesting that would cost a stack, and characters
//! that a store cannot keep (NUL) or that no text may hold (half a surrogate pair).

use types::{Error, ErrorKind, Result};

/// Objects and arrays within each other.
pub(crate) const MAX_DEPTH: usize = 32;

/// What the pass saw.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// There is a `\u0000` in some string or key.
    pub(crate) has_nul: bool,
}

/// Looks once at every byte; whether it is JSON at all is the parser's business.
pub(crate) fn scan(bytes: &[u8]) -> Result<Seen> {
    let mut has_nul = false;
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Error::new(
                        ErrorKind::Malformed,
                        "too_deep",
                        format!("The body nests deeper than {MAX_DEPTH} levels; flatten it."),
                    ));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = skip_string(bytes, at, &mut has_nul)?,
            _ => {}
        }
    }
    Ok(Seen { has_nul })
}

/// From behind the opening quote to behind the closing one.
fn skip_string(bytes: &[u8], mut at: usize, has_nul: &mut bool) -> Result<usize> {
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => break,
            b'\\' => {
                if bytes.get(at) != Some(&b'u') {
                    at += 1;
                    continue;
                }
                at += 1;
                let Some(unit) = hex4(bytes, at) else { continue };
                at += 4;
                match unit {
                    0 => *has_nul = true,
                    0xD800..=0xDBFF => {
                        let low = (bytes.get(at..at + 2) == Some(b"\\u"))
                            .then(|| hex4(bytes, at + 2))
                            .flatten();
                        if !low.is_some_and(|low| (0xDC00..=0xDFFF).contains(&low)) {
                            return Err(half_pair());
                        }
                        at += 6;
                    }
                    0xDC00..=0xDFFF => return Err(half_pair()),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    Ok(at)
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)?
        .iter()
        .try_fold(0, |value, byte| char::from(*byte).to_digit(16).map(|digit| (value << 4) | digit))
}

fn half_pair() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "malformed_json",
        "The body holds half of a surrogate pair (`\\ud800` to `\\udfff` on its own), which is \
         not a character.",
    )
}

#[cfg(test)]
#[path = "json_scan_tests.rs"]
mod tests;
