//! The words of a thing: its texts, gathered from free-form properties.

use serde_json::Value;

/// Appends every text in `value`, each a paragraph of its own, until `out` has `limit` bytes.
pub(crate) fn gather(value: &Value, out: &mut String, limit: usize) {
    match value {
        Value::String(text) => paragraph(text, out, limit),
        Value::Array(all) => all.iter().for_each(|one| gather(one, out, limit)),
        Value::Object(all) => all.values().for_each(|one| gather(one, out, limit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Appends one text as a paragraph, cut so that `out` keeps within `limit` bytes.
pub(crate) fn paragraph(text: &str, out: &mut String, limit: usize) {
    const BREAK: &str = "\n\n";
    let text = text.trim();
    let between = if out.is_empty() { "" } else { BREAK };
    if text.is_empty() || out.len() + between.len() >= limit {
        return;
    }
    out.push_str(between);
    let room = limit - out.len();
    out.push_str(&text[..text.floor_char_boundary(room)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_a_paragraph_and_the_whole_is_bounded() {
        let value = serde_json::json!({
            "a": "one", "b": [" two ", 3, null, {"c": "drei"}], "d": true, "e": ""
        });
        let mut out = String::new();
        gather(&value, &mut out, 100);
        assert_eq!(out, "one\n\ntwo\n\ndrei");
        for limit in 0..20 {
            let mut out = String::new();
            gather(&serde_json::json!(["aä", "日本", "x"]), &mut out, limit);
            assert!(out.len() <= limit, "{limit}: {out:?}");
        }
    }
}
