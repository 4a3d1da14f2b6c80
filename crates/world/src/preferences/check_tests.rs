use super::*;

#[test]
fn language_tags_are_well_formed() {
    for good in [
        "en",
        "pt-BR",
        "zh-Hant-TW",
        "es-419",
        "de-CH-1996",
        "sl-rozaj-biske",
        "zh-cmn-Hans-CN",
        "en-u-ca-buddhist",
        "de-x-a-b",
        "EN-us",
        "gsw",
    ] {
        assert!(is_language(good), "{good}");
    }
    for bad in [
        "",
        "e",
        "english-language-tag",
        "en_US",
        "en-",
        "-en",
        "en--US",
        "12",
        "en-US-US",
        "é",
        "en-u",
        "en-x",
        "pt-BR-Latn",
        "en\n",
        "de-ab1",
    ] {
        assert!(!is_language(bad), "{bad}");
    }
    assert!(!is_language(&format!("en-x{}", "-a".repeat(40))));
}

#[test]
fn time_zones_are_those_of_the_database() {
    assert_eq!(time_zone("Europe/Berlin").expect("a zone"), "Europe/Berlin");
    assert_eq!(time_zone("europe/berlin").expect("a zone"), "Europe/Berlin");
    assert_eq!(time_zone("UTC").expect("a zone"), "UTC");
    let error = time_zone("Europe/Atlantis").expect_err("no zone");
    let told = &error.field_errors()[0].message;
    assert!(told.contains("Europe/Lisbon") && !told.contains("Asia/"), "{told}");
    let error = time_zone("Berlin").expect_err("no zone");
    assert!(error.field_errors()[0].message.contains("Europe/…"), "{error:?}");
    assert!(time_zone("").is_err() && time_zone("../etc/passwd").is_err());
}
