use super::*;

fn number(name: &str, value: f64) -> (String, Indexed) {
    (name.to_owned(), Indexed::Number(value))
}

fn text(name: &str, value: &str) -> (String, Indexed) {
    (name.to_owned(), Indexed::Text(value.to_owned()))
}

fn told(values: &[(String, Indexed)]) -> Vec<Option<Value>> {
    let told = of(values).expect("what is told");
    let read = |told: Json| serde_json::from_str(told.as_str()).expect("JSON");
    told.into_iter().map(|told| told.map(read)).collect()
}

#[test]
fn an_entry_tells_of_the_others() {
    let values = [number("price", 2.0), text("code", "a\"ö"), number("on", 1.0)];
    let expected = [
        serde_json::json!({ "tcode": "a\"ö", "non": 1.0 }),
        serde_json::json!({ "nprice": 2.0, "non": 1.0 }),
        serde_json::json!({ "nprice": 2.0, "tcode": "a\"ö" }),
    ];
    assert_eq!(told(&values), expected.map(Some));
    assert_eq!(told(&values[..1]), [Some(serde_json::json!({}))]);
    assert!(told(&[]).is_empty());
}

#[test]
fn an_entry_tells_nothing_rather_than_too_much() {
    let long = "p".repeat(200);
    let names = ["1", "2", "3"].map(|end| format!("{long}{end}"));
    let [one, two, three] = names.map(|name| text(&name, "x"));
    // Two names of 200 characters are within bounds, three are not.
    assert!(told(&[one.clone(), two.clone(), three.clone()]).iter().all(Option::is_some));
    let values = [one, two, three, number("n", 1.0)];
    assert_eq!(told(&values).iter().filter(|told| told.is_none()).count(), 1);
    assert_eq!(told(&values)[3], None);
}

#[test]
fn beginnings_are_in_the_order_of_the_texts() {
    let long = "é".repeat(31);
    let mut texts = vec![String::new(), "a".to_owned(), "é".to_owned()];
    for end in ["", "a", "é", "日", "😀", "日a", "日é", "😀日"] {
        texts.push(format!("{long}{end}"));
    }
    texts.sort();
    for pair in texts.windows(2) {
        assert!(beginning(&pair[0]) <= beginning(&pair[1]), "{pair:?}");
    }
    for text in &texts {
        assert!(text.starts_with(beginning(text)) && beginning(text).chars().count() <= TOLD);
    }
}
