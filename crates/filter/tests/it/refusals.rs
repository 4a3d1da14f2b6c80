//! What the language refuses, with which code and where.

use filter::{Filter, Op};
use proptest::prelude::*;

use crate::stage::SCHEMA;

fn refusal(text: &str) -> (String, String) {
    let error = Filter::parse(text, &SCHEMA).expect_err(text);
    assert_eq!(error.kind(), types::ErrorKind::Invalid, "{text:?}");
    let field = &error.field_errors()[0];
    assert_eq!(field.pointer, "filter");
    (field.code.to_string(), field.message.clone())
}

#[test]
fn every_mistake_has_a_code_and_a_column() {
    for (text, code, column) in [
        ("", "invalid_filter", 1),
        ("name ==", "invalid_filter", 8),
        ("name = 'a'", "invalid_filter", 6),
        ("name == 'abc", "invalid_filter", 9),
        ("name == 'a' &&& archived", "invalid_filter", 15),
        ("nme == 'a'", "unknown_field", 1),
        ("name == 'é' && nme == 'a'", "unknown_field", 16),
        ("name.first == 'a'", "unknown_field", 5),
        ("name == 5", "type_mismatch", 9),
        ("version == '5'", "type_mismatch", 12),
        ("version", "type_mismatch", 1),
        ("archived < true", "type_mismatch", 12),
        ("properties.a < true", "type_mismatch", 16),
        ("name < null", "type_mismatch", 8),
        ("createdAt > 'yesterday'", "type_mismatch", 13),
        ("createdAt > timestamp('x')", "invalid_filter", 23),
        ("ownerId == 'thing_01j00000000000000000000000'", "type_mismatch", 12),
        ("ownerId > me", "type_mismatch", 11),
        ("name == me", "type_mismatch", 9),
        ("targetId == 'banana'", "type_mismatch", 13),
        ("targetId > me", "type_mismatch", 12),
        ("labels", "type_mismatch", 1),
        ("labels == 'a'", "type_mismatch", 11),
        ("labels.a == 'a'", "unknown_field", 7),
        ("properties.a == me", "type_mismatch", 17),
        ("properties.a == now", "type_mismatch", 17),
        ("properties == null", "type_mismatch", 1),
        ("properties[0] == 1", "type_mismatch", 12),
        ("version.contains('a')", "type_mismatch", 18),
        ("'a' in name", "type_mismatch", 8),
        ("name in 'abc'", "type_mismatch", 6),
        ("null in properties.a", "type_mismatch", 1),
        ("name == name", "unsupported", 6),
        ("name.matches('a+')", "unsupported", 13),
        ("size(name) == 1", "unsupported", 5),
        ("version + 1 == 2", "unsupported", 9),
        ("has(properties.a)", "unsupported", 4),
        ("properties.a.all(x, x)", "unsupported", 1),
        ("1 == 1", "invalid_filter", 3),
        ("true", "invalid_filter", 1),
        ("name == 'a\\u0000'", "invalid_filter", 9),
        ("name == r'a'", "invalid_filter", 9),
        ("archived ? archived : archived", "invalid_filter", 10),
        ("' or 1=1 --", "invalid_filter", 1),
        ("$$", "invalid_filter", 1),
        ("properties[\"a\"];drop", "invalid_filter", 16),
        ("name == 'a'\0", "invalid_filter", 12),
    ] {
        let (found, message) = refusal(text);
        assert_eq!(found, code, "{text:?}: {message}");
        // What a macro became has no place of its own.
        if !text.contains(".all(") && !text.contains("timestamp(") {
            assert!(message.starts_with(&format!("column {column}: ")), "{text:?}: {message}");
        }
    }
}

#[test]
fn bounds_hold_before_anything_is_parsed() {
    let long = format!("name == '{}'", "x".repeat(3_490));
    let nested = format!("{}archived{}", "(".repeat(8), ")".repeat(8));
    let terms = vec!["archived"; 64].join(" && ");
    let list = |n| format!("version in [{}]", vec!["1"; n].join(","));
    for fits in [&long, &nested, &terms, &list(100)] {
        let fits: String = fits.chars().take(3_500).collect();
        assert!(Filter::parse(&fits, &SCHEMA).is_ok() || fits.len() == 3_500, "{fits}");
    }
    assert_eq!(refusal(&"x".repeat(3_501)).0, "too_long");
    assert_eq!(refusal(&format!("({nested})")).0, "too_deep");
    assert_eq!(refusal(&"(".repeat(3_000)).0, "too_deep");
    assert_eq!(refusal(&"(".repeat(10_000)).0, "too_long");
    assert_eq!(refusal(&format!("{terms} || archived")).0, "too_many_terms");
    assert_eq!(refusal(&list(101)).0, "too_many_values");
    assert_eq!(refusal("properties.a.b.c.d.e.f.g.h.i == 1").0, "too_deep");
    // An escape the parser would not know must not hide brackets from the bounds.
    assert_eq!(refusal(&format!("name == \"\\q{}", "(".repeat(500))).0, "invalid_filter");
}

/// Found by the corpus of `fuzz`: a chain needs no brackets to be deep.
#[test]
fn a_long_chain_needs_no_deep_stack() {
    let numbers = format!("version in [{}]", vec!["-1.5e-3"; 100].join(","));
    assert!(Filter::parse(&numbers, &SCHEMA).is_ok(), "a list that is as long as it may be");
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let read = small.spawn(|| {
        let chains = [("properties", ".a"), ("version == 1", "+1"), ("properties", "['a']")];
        let words =
            [("'a' in labels", " in labels"), ("archived", " == true"), ("name", ".f(1,2)")];
        for (start, link) in chains.into_iter().chain(words) {
            for count in [300, (3_500 - start.len()) / link.len()] {
                let refused = refusal(&format!("{start}{}", link.repeat(count))).0;
                assert!(count < 320 || refused == "too_deep", "{start}{link}…: {refused}");
            }
        }
        for sign in ["!", "-"] {
            assert_eq!(refusal(&format!("{}archived", sign.repeat(3_400))).0, "too_deep");
        }
    });
    assert!(read.expect("a thread").join().is_ok());
}

#[test]
fn the_top_comparisons_are_told_and_hidden_properties_refused() {
    let text =
        "properties.price.net <= 5.0 && (archived || properties['odd key'] == 1) && version > 2";
    let filter = Filter::parse(text, &SCHEMA).unwrap();
    let refused = |hidden: &str| filter.refuse_hidden(|name| name == hidden).err();
    for (hidden, column) in [("price", 1), ("odd key", 45)] {
        let error = refused(hidden).expect("it is refused");
        let field = &error.field_errors()[0];
        assert_eq!((field.pointer.as_str(), &*field.code), ("filter", "hidden_property"));
        let message = format!("column {column}: names `{hidden}`, a hidden property, ");
        assert!(field.message.starts_with(&message), "{field:?}");
    }
    for read in ["net", "version", "archived", "properties"] {
        assert!(refused(read).is_none(), "{read}");
    }
    let ops: Vec<Op> = filter.conjuncts().map(|test| test.op).collect();
    assert_eq!(ops, [Op::AtMost, Op::Greater]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn hostile_text_neither_panics_nor_needs_a_deep_stack(
        text in "(\\PC|[-()\\[\\]{}!&|<>=\"'.,a?: ]|name|properties| in |true|\\\\u){0,120}"
    ) {
        let small = std::thread::Builder::new().stack_size(1 << 20);
        let read = small.spawn(move || drop(Filter::parse(&text, &SCHEMA))).unwrap();
        prop_assert!(read.join().is_ok());
    }
}
