use serde_json::{Value, json};

use super::{holds, push, read, text};

fn cell(value: &Value) -> String {
    let mut out = Vec::new();
    push(&mut out, value);
    String::from_utf8(out).expect("text")
}

#[test]
fn what_a_spreadsheet_would_compute_is_text_and_numbers_stay_numbers() {
    for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "'=1", "''-x"] {
        let written = cell(&json!(formula));
        assert!(written.trim_start_matches('"').starts_with('\''), "{written}");
    }
    assert_eq!(cell(&json!(-5)), "-5");
    assert_eq!(cell(&json!(-0.5)), "-0.5");
    assert_eq!(cell(&json!("a-b")), "a-b");
    assert_eq!(cell(&json!("it's")), "it's");
    assert_eq!(cell(&json!("say \"a,b\"")), "\"say \"\"a,b\"\"\"");
}

#[test]
fn what_was_escaped_reads_as_it_was() {
    for before in ["=1+1", "'=1", "''", "'quoted'", "plain", "-", "'", "@me"] {
        let mut out = Vec::new();
        push(&mut out, &json!(before));
        let written = String::from_utf8(out).expect("text");
        assert_eq!(text(&written), before);
    }
}

#[test]
fn a_cell_holds_what_its_property_reads_again() {
    let number = json!({"type": "number"});
    assert!(holds(&number, &json!(-5)) && holds(&number, &json!(0.25)));
    assert!(!holds(&number, &json!(null)));
    assert!(holds(&json!({"type": "array"}), &json!(["a", 1])));
    assert!(!holds(&json!({"type": "string"}), &json!("")));
    assert!(!holds(&json!({}), &json!(5)), "it would be read as text");
    assert_eq!(read(&number, "many"), json!("many"));
    assert_eq!(read(&json!({"type": "boolean"}), "true"), json!(true));
}
