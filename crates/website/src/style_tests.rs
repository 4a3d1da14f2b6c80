use super::*;

fn read(sheet: &str) -> (Vec<String>, Vec<String>) {
    let mut styles = Styles::default();
    styles.read(sheet);
    (styles.colours().into_iter().map(Colour::hex).collect(), styles.fonts())
}

#[test]
fn colours_are_read_in_every_notation() {
    for (text, hex) in [
        ("#f80", "#FF8800"),
        ("#f80c", "#FF8800"),
        ("#FF8800", "#FF8800"),
        ("#ff8800cc", "#FF8800"),
        ("rgb(255, 136, 0)", "#FF8800"),
        ("RGBA(255 136 0 / 50%)", "#FF8800"),
        ("rgb(100%, 50%, 0%)", "#FF8000"),
        ("hsl(120, 100%, 25%)", "#008000"),
        ("hsl(240deg 100% 50%)", "#0000FF"),
        ("hsla(-120, 100%, 50%, .5)", "#0000FF"),
    ] {
        assert_eq!(read(&format!("a {{ color: {text} }}")).0, [hex], "{text}");
    }
}

#[test]
fn selectors_and_rubbish_are_no_colours() {
    for sheet in
        ["#fab { top: 0 }", "a#abc:hover {}", "a { color: #12345 }", "a { color: rgb(1) }", "}}{{#"]
    {
        assert!(read(sheet).0.is_empty(), "{sheet}");
    }
}

#[test]
fn a_sheet_that_nests_without_end_is_read_to_a_depth() {
    let deep = "a{".repeat(250_000) + "color:#f80";
    assert!(read(&deep).0.is_empty());
    assert!(read(&"a{color:rgb(".repeat(100_000)).0.is_empty());
    assert_eq!(read(&("@media x{".repeat(4) + "a{color:#f80")).0, ["#FF8800"]);
}

#[test]
fn the_fonts_of_the_system_are_nobodys() {
    let (_, fonts) = read("a { font-family: Lora, 'Open Sans', serif; } b { font: 1em x }");
    assert_eq!(fonts, ["Lora", "Open Sans"]);
}
