use std::collections::HashSet;

use super::{COUNT, LENGTH, of_text, word};

#[test]
fn words_differ() {
    let words: HashSet<String> = (0..COUNT).map(word).collect();
    assert_eq!(words.len(), COUNT);
}

#[test]
fn few_words_are_in_most_texts_and_most_in_few() {
    let texts: Vec<HashSet<String>> =
        (0..1000).map(|number| of_text(number).into_iter().collect()).collect();
    let share = |index: usize| texts.iter().filter(|text| text.contains(&word(index))).count();
    assert!(share(0) > 700, "{}", share(0));
    assert!((1..100).contains(&share(1000)), "{}", share(1000));
    assert_eq!(of_text(7).len(), LENGTH);
    assert_eq!(of_text(7), of_text(7));
}
