use proptest::prelude::*;

use super::*;

fn code(text: &str) -> String {
    match scan(text.as_bytes()) {
        Ok(Seen { has_nul: false }) => "ok".to_owned(),
        Ok(Seen { has_nul: true }) => "nul".to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

#[test]
fn thirty_two_levels_are_allowed_and_no_more() {
    let nested =
        |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n));
    assert_eq!(code(&nested("[", "]", 32)), "ok");
    assert_eq!(code(&nested("[", "]", 33)), "too_deep");
    assert_eq!(code(&nested("{\"a\":", "}", 33)), "too_deep");
    assert_eq!(code(&"[".repeat(1_000_000)), "too_deep");
    // Siblings are not nested, and brackets in text are text.
    assert_eq!(code(&format!("[{}1]", "[],".repeat(100))), "ok");
    assert_eq!(code(&format!("[\"{}\"]", "[".repeat(100))), "ok");
    assert_eq!(code(&format!("[\"\\\"{}\"]", "[".repeat(100))), "ok");
    assert_eq!(code(&format!("[\"\\\\\",{}", "[".repeat(100))), "too_deep");
}

#[test]
fn nul_and_half_pairs_are_found() {
    for (text, expected) in [
        (r#"{"a":"\u0000"}"#, "nul"),
        (r#"{"\u0000":1}"#, "nul"),
        (r#"{"a":"\\u0000"}"#, "ok"),
        (r#"{"a":"\u00001"}"#, "nul"),
        (r#"{"a":"\u0001"}"#, "ok"),
        (r#"{"a":"\ud83d\ude00"}"#, "ok"),
        (r#"{"a":"\uD83D\uDE00"}"#, "ok"),
        (r#"{"a":"\ud83d"}"#, "malformed_json"),
        (r#"{"a":"\ud83dx"}"#, "malformed_json"),
        (r#"{"a":"\ud83d\u0041"}"#, "malformed_json"),
        (r#"{"a":"\ude00"}"#, "malformed_json"),
        (r#"{"a":"\ud83d"#, "malformed_json"),
        (r#"{"a":"\u00"#, "ok"),
        (r#"{"a":"\"#, "ok"),
    ] {
        assert_eq!(code(text), expected, "{text}");
    }
}

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i64>().prop_map(Into::into),
        ".*".prop_map(serde_json::Value::String),
        "[\\[\\]{}\"\\\\\u{0}]*".prop_map(serde_json::Value::String),
    ];
    leaf.prop_recursive(40, 200, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(serde_json::Value::Array),
            (".*", inner).prop_map(|(key, value)| {
                serde_json::Value::Object(std::iter::once((key, value)).collect())
            }),
        ]
    })
}

fn has_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(list) => list.iter().any(has_nul),
        serde_json::Value::Object(map) => map.iter().any(|(k, v)| k.contains('\0') || has_nul(v)),
        _ => false,
    }
}

proptest! {
    #[test]
    fn the_pass_agrees_with_a_parser(value in json()) {
        let text = value.to_string();
        match scan(text.as_bytes()) {
            Ok(seen) => {
                prop_assert!(depth(&value) <= MAX_DEPTH);
                prop_assert_eq!(seen.has_nul, has_nul(&value));
            }
            Err(error) => {
                prop_assert_eq!(error.code(), "too_deep");
                prop_assert!(depth(&value) > MAX_DEPTH);
            }
        }
    }

    #[test]
    fn no_bytes_upset_the_pass(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = scan(&bytes);
    }
}
