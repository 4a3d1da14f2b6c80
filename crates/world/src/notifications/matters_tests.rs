use serde_json::json;

use super::*;

fn names(name: &str, text: &str) -> Vec<String> {
    let properties = json!({ "content": text, "other": "@nobody_looks_here" });
    let serde_json::Value::Object(properties) = properties else { return Vec::new() };
    mentioned(name, &properties).into_iter().collect()
}

#[test]
fn who_is_named_is_found_and_nobody_else() {
    assert_eq!(names("", "Hello @ada, and @Bob!"), ["ada", "bob"]);
    assert_eq!(names("@carol: look", "(@dan_1) @eve-2"), ["carol", "dan_1", "eve"]);
    assert_eq!(names("", "@ada @ada @ADA"), ["ada"]);
    for nobody in ["ada", "me@example.com", "a.@b", "@ab", "@", "@@", "@ ada", "@ädä", "x@ada"] {
        assert!(names("", nobody).is_empty(), "{nobody}");
    }
    let long = format!("@{}", "a".repeat(21));
    assert!(names("", &long).is_empty());
}

#[test]
fn one_text_names_so_many_and_no_more() {
    let many: String = (100..200).map(|number| format!("@user{number} ")).collect();
    assert_eq!(names("", &many).len(), MENTIONS);
}
