use super::*;

fn read(text: &str) -> Result<Option<Line>> {
    Lines { from: text.as_bytes(), number: 0 }.next()
}

#[test]
fn lines_are_read_as_they_are_written() {
    let hash = base64(&[7; 32]);
    let line = Line::Leaf { hash: hash.clone(), entry: None, seq: None };
    let text = serde_json::to_string(&line).unwrap();
    assert_eq!(text, format!(r#"{{"kind":"leaf","hash":"{hash}"}}"#));
    assert!(matches!(read(&format!("{text}\n")).unwrap(), Some(Line::Leaf { entry: None, .. })));
    let end = Line::End { leaves: 2, checkpoints: 1, deletions: 0 };
    let text = serde_json::to_string(&end).unwrap();
    assert_eq!(text, r#"{"kind":"end","leaves":2,"checkpoints":1,"deletions":0}"#);
    assert!(read("").unwrap().is_none());
}

#[test]
fn what_is_no_line_is_refused_with_its_number() {
    for text in
        ["{}\n", "\n", "{\"kind\":\"odd\"}\n", "{\"kind\":\"end\",\"leaves\":1}\n", "{\"kind\":"]
    {
        let error = read(text).unwrap_err();
        assert_eq!(error.code(), "audit_file_damaged", "{text}");
        assert!(error.message().contains("line 1"), "{}", error.message());
    }
}

#[test]
fn an_entry_counts_in_its_canonical_form_only() {
    assert!(matches!(seen(None, None), Seen::Gone));
    assert!(matches!(seen(None, Some(3)), Seen::Missing(3)));
    assert!(matches!(seen(Some("{}"), None), Seen::Damaged(None)));
}
