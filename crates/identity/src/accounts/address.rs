//! What counts as the same address.
//!
//! Addresses are compared without the space around them and without the case of ASCII letters.
//! Only ASCII is taken: an internationalised domain is written in its `xn--` form (RFC 5890).
//! Lower-casing more than ASCII would let `K` (U+212A, the Kelvin sign) become `k` and so make a
//! look-alike reach somebody else's account; here such an address is refused.

use types::{Checks, Result};

/// How an address is stored and looked for.
pub(crate) fn normalized(email: &str) -> String {
    email.trim_matches([' ', '\t', '\r', '\n']).to_ascii_lowercase()
}

/// The same, refused when no mail could be sent there.
///
/// # Errors
/// 422 `invalid_email`.
pub(super) fn checked(pointer: &str, email: &str) -> Result<String> {
    let email = normalized(email);
    let mut checks = Checks::new();
    checks.email(pointer, &email);
    checks.done()?;
    Ok(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_space_around_do_not_count() {
        for text in ["ada@example.com", " ADA@Example.COM\t", "Ada@example.com\n"] {
            assert_eq!(checked("/email", text).unwrap(), "ada@example.com");
        }
    }

    #[test]
    fn tricks_are_refused() {
        let long = format!("{}@example.com", "x".repeat(250));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@localhost",
            "ada@example..com",
            "ada@.example.com",
            "ada@exa mple.com",
            "a da@example.com",
            "ada\u{0}@example.com",
            "ada@example.com\r\nBcc: x@example.com",
            "ada@example.com,eve@example.com",
            "ada@evil.example@example.com",
            "\"ada@evil\"@example.com",
            // Kelvin sign, long s, dotless and dotted i, full-width letters, a zero-width space.
            "\u{212a}ate@example.com",
            "\u{17f}am@example.com",
            "l\u{131}sa@example.com",
            "l\u{130}sa@example.com",
            "\u{ff41}da@example.com",
            "ada\u{200b}@example.com",
            "ada@ex\u{430}mple.com",
            &long,
        ] {
            assert!(checked("/email", text).is_err(), "{text:?}");
        }
    }
}
