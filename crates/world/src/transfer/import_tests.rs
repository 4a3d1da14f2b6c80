use super::*;

fn chunks(text: &str) -> Vec<Chunk> {
    let (sender, chunks) = sync_channel(1000);
    read(text.as_bytes(), &sender).expect("readable");
    drop(sender);
    chunks.into_iter().collect()
}

#[test]
fn broken_lines_are_refused_by_number_and_the_rest_is_read() {
    let text = "{\"kind\":\"eventType\",\"groupId\":\"group_00000000000000000000000001\",\"name\":\"a\"}\n\
                not json\n\
                \n\
                {\"kind\":\"planet\"}\n\
                {\"kind\":\"eventType\",\"groupId\":\"x\",\"name\":\"a\"}\n\
                {\"kind\":\"eventType\",\"name\":\"a\",\"groupId\":\"group_00000000000000000000000001\",\"colour\":1}\n\
                {\"kind\":\"eventType\",\"groupId\":\"group_00000000000000000000000001\",\"name\":\"\\u0000\"}\n\
                {\"kind\":\"eventType\",\"groupId\":\"group_00000000000000000000000001\",\"name\":\"last\"}";
    let all = chunks(text);
    assert_eq!(all.len(), 1);
    let good: Vec<bool> = all[0].lines.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, false, false, false, false, false, false, true]);
    assert_eq!((all[0].first, all[0].last(), all[0].bytes), (1, 8, text.len() as u64));
}

#[test]
fn an_empty_input_has_no_chunks() {
    assert!(chunks("").is_empty());
}

#[test]
fn an_escaped_backslash_before_u0000_is_no_nul() {
    for (text, nul) in [
        (r#""\u0000""#, true),
        (r#""\\u0000""#, false),
        (r#""\\\u0000""#, true),
        (r#""ü\n\u0000""#, true),
        (r#""u0000 \u00001""#, true),
        (r#""plain""#, false),
        ("\\", false),
    ] {
        assert_eq!(has_nul_escape(text), nul, "{text}");
    }
}

#[test]
fn inputs_that_differ_earlier_have_another_digest_later() {
    let (one, other) = (chunks("a\nb\n"), chunks("x\nb\n"));
    assert_ne!(one[0].digest, other[0].digest);
    assert_eq!(one[0].digest, chunks("a\nb\n")[0].digest);
}

#[test]
fn a_long_line_takes_none_with_it() {
    let last = r#"{"kind":"eventType","groupId":"group_00000000000000000000000001","name":"last"}"#;
    for (long, code) in [
        (MAX_LINE - 1, "malformed_line"),
        (MAX_LINE, "malformed_line"),
        (MAX_LINE + 1, "line_too_long"),
    ] {
        let text = format!("{}\n{last}\n", "x".repeat(long));
        let all = chunks(&text);
        let lines: Vec<_> = all.iter().flat_map(|chunk| &chunk.lines).collect();
        let codes: Vec<_> = lines.iter().map(|line| line.as_ref().err().map(Error::code)).collect();
        assert_eq!(codes, [Some(code), None], "{long}");
        assert_eq!(all.last().map(|chunk| chunk.bytes), Some(text.len() as u64));
    }
}
