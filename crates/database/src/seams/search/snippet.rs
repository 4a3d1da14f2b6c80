//! From marked text to HTML that is safe to show.

/// Stands before a found word: a control character, so that no ordinary text looks like it.
const START: char = '\u{2}';
/// Stands behind a found word.
const STOP: char = '\u{3}';

/// Escapes the text and turns the marks into `<mark>` and `</mark>`, always in pairs: a text that
/// holds such characters itself cannot leave a tag open.
pub(super) fn html(marked: &str) -> String {
    let mut html = String::with_capacity(marked.len() + 32);
    let mut inside = false;
    for letter in marked.chars() {
        match letter {
            START if !inside => {
                inside = true;
                html.push_str("<mark>");
            }
            STOP if inside => {
                inside = false;
                html.push_str("</mark>");
            }
            START | STOP => {}
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            letter => html.push(letter),
        }
    }
    if inside {
        html.push_str("</mark>");
    }
    html
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn text_is_escaped_and_marks_come_in_pairs() {
        assert_eq!(html("a \u{2}b\u{3} <i>&c"), "a <mark>b</mark> &lt;i&gt;&amp;c");
        assert_eq!(html("\u{3}x\u{2}y\u{2}z"), "x<mark>yz</mark>");
    }
}
