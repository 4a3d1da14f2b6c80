use proptest::prelude::*;

use super::*;

fn texts(text: &str) -> Vec<&str> {
    cut(text).into_iter().map(|piece| &text[piece.bytes]).collect()
}

#[test]
fn a_short_text_is_one_chunk_and_a_blank_one_is_none() {
    assert_eq!(texts("  One. Two!\n"), ["One. Two!"]);
    assert!(texts("").is_empty() && texts(" \n\n ").is_empty());
    assert_eq!(cut("é x")[0], Piece { bytes: 0..4, chars: 0..3 });
}

#[test]
fn chunks_end_with_sentences_and_share_some_with_the_one_before() {
    let text: String = (0..400).map(|n| format!("This is sentence number {n}. ")).collect();
    let pieces = cut(&text);
    assert!(pieces.len() > 2);
    for pair in pieces.windows(2) {
        let shared = pair[0].chars.end - pair[1].chars.start;
        assert!((OVERLAP - 40..=OVERLAP).contains(&shared), "{shared}");
    }
    let found = texts(&text);
    for piece in &found {
        assert!(piece.starts_with("This is") && piece.ends_with('.'), "{piece}");
    }
    for piece in &found[..found.len() - 1] {
        assert!((SIZE - 40..=SIZE).contains(&piece.chars().count()));
    }
}

#[test]
fn code_blocks_and_tables_stay_whole() {
    let code = format!("```rust\n{}```", "let a = 1. + 2.; // why? because.\n".repeat(200));
    let table = format!("| a | b |\n|---|---|\n{}", "| one. | two! |\n".repeat(300));
    let text = format!("Before. {code}\n\nBetween them.\n\n{code}\n{table}\nBehind. And more.");
    let found = texts(&text);
    assert!(found.iter().any(|piece| piece.ends_with(&code)), "{found:?}");
    assert!(found.iter().any(|piece| piece.contains(table.trim_end())));
    assert!(found.iter().any(|piece| piece.contains("Between them.")));
    assert!(found.last().is_some_and(|last| last.ends_with("And more.")));
}

#[test]
fn an_open_code_block_and_a_lone_bar_are_no_trap() {
    assert_eq!(texts("~~~\nnever closed. No.\n"), ["~~~\nnever closed. No."]);
    assert_eq!(texts("| alone\n\nnext"), ["| alone\n\nnext"]);
    let huge = format!("```\n{}\n```", "x\n".repeat(WHOLE));
    assert!(texts(&huge).iter().all(|piece| piece.chars().count() <= SIZE));
}

#[test]
fn a_text_without_words_is_cut_all_the_same() {
    let solid = "a".repeat(SIZE * 2 + 10);
    let lengths: Vec<usize> = texts(&solid).iter().map(|piece| piece.len()).collect();
    assert_eq!(lengths, [SIZE, SIZE, 10]);
    let chinese = "这是一个句子。".repeat(1000);
    assert!(texts(&chinese).iter().all(|piece| piece.ends_with('。')));
}

#[test]
fn a_megabyte_of_anything_takes_no_time() {
    for unit in ["a", "* a\n", "a. ", "| a |\n", "```\n", "> *a*\n\n", "日"] {
        let text = unit.repeat((1 << 20) / unit.len());
        // That it comes back is the proof: where the cost grows with the square of the length, this
        // takes hours.
        let pieces = cut(&text);
        let letters = text.chars().count();
        let count = letters / SIZE..=letters / (SIZE - OVERLAP - 40) + 1;
        assert!(count.contains(&pieces.len()), "{unit:?}: {} of {count:?}", pieces.len());
        assert_eq!(pieces.last().map(|last| last.bytes.end), Some(text.trim_end().len()));
    }
}

proptest! {
    #[test]
    fn nothing_but_blanks_is_lost(parts in prop::collection::vec(
        prop_oneof![
            "[a-zé日.!? \n]{0,60}",
            Just("```\n".to_owned()),
            Just("| a | b |\n".to_owned()),
            Just("Word. ".repeat(700)),
            Just("x".repeat(5000)),
        ], 0..12)
    ) {
        let text = parts.concat();
        let pieces = cut(&text);
        let mut covered = 0;
        let mut last = None;
        for piece in &pieces {
            prop_assert!(!text[piece.bytes.clone()].trim().is_empty());
            prop_assert_eq!(text[..piece.bytes.start].chars().count(), piece.chars.start);
            prop_assert_eq!(text[..piece.bytes.end].chars().count(), piece.chars.end);
            if piece.bytes.start > covered {
                prop_assert!(text[covered..piece.bytes.start].trim().is_empty());
            }
            prop_assert!(last.is_none_or(|last| piece.bytes.end > last), "each says something new");
            last = Some(piece.bytes.end);
            covered = piece.bytes.end;
        }
        prop_assert!(text[covered..].trim().is_empty());
    }
}
