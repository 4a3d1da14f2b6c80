use super::*;

fn shown(text: &str) -> Vec<String> {
    Query::parse(text).map_or_else(Vec::new, |query| {
        query
            .terms()
            .iter()
            .map(|term| {
                let sign = if term.without { "-" } else { "" };
                let star = if term.prefix { "*" } else { "" };
                format!("{sign}{}{star}", term.words.join("+"))
            })
            .collect()
    })
}

#[test]
fn words_phrases_prefixes_and_exclusions_are_read() {
    assert_eq!(shown("Text editor"), ["text", "editor"]);
    assert_eq!(shown("\"text editor\" vi*  -emacs"), ["text+editor", "vi*", "-emacs"]);
    assert_eq!(shown("libc-dev"), ["libc+dev"]);
    assert_eq!(shown("-\"a b\" c"), ["-a+b", "c"]);
    assert_eq!(shown("\"open end"), ["open+end"]);
}

#[test]
fn nothing_to_find_is_no_query() {
    for text in ["", "   ", "-only", "\"\"", "***", "- -", "\"", "-"] {
        assert_eq!(Query::parse(text), None, "{text:?}");
    }
}

#[test]
fn operators_of_the_engines_are_plain_words() {
    assert_eq!(shown("a AND b) OR NEAR(c"), ["a", "and", "b", "or", "near+c"]);
    assert_eq!(shown("x:y & !z | 'q'"), ["x+y", "z", "q"]);
}

#[test]
fn a_long_query_is_cut() {
    assert_eq!(shown(&"w ".repeat(1000)).len(), MAX_TERMS);
}
