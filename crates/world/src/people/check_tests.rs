use super::*;

#[test]
fn usernames_are_short_plain_and_lower_case() {
    for good in ["ada", "a_1", "abcdefghij0123456789"] {
        assert!(is_username(good), "{good}");
    }
    for bad in ["", "ab", "Ada", "a-b", "adá", "abcdefghij01234567890"] {
        assert!(!is_username(bad), "{bad}");
    }
}

#[test]
fn a_picture_runs_nothing() {
    for good in ["https://example.com/a.png", "/files/a.png", "data:image/png;base64,AA"] {
        assert!(is_picture(good), "{good}");
    }
    for bad in ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "vbscript:x"] {
        assert!(!is_picture(bad), "{bad}");
    }
}
