//! Texts that look like language to an index: few words are everywhere, most are rare.

use crate::ids::Dice;

/// Words there are.
pub(crate) const COUNT: usize = 5000;

/// Words of a text.
pub(crate) const LENGTH: usize = 40;

const SYLLABLES: [&str; 32] = [
    "ba", "ce", "di", "fo", "gu", "ha", "ji", "ko", "lu", "ma", "ne", "pi", "ro", "su", "ta", "ve",
    "wi", "xo", "yu", "za", "bre", "cla", "dro", "fle", "gri", "kla", "pre", "qua", "sti", "tro",
    "vla", "zwi",
];

/// Word number `index`, the most common first.
pub(crate) fn word(index: usize) -> String {
    let syllable = |part: usize| SYLLABLES[part % SYLLABLES.len()];
    let base = SYLLABLES.len();
    // Three digits in base 32, stirred so that neighbours in frequency do not begin alike.
    let stirred = (index * 7919) % (base * base * base);
    [syllable(stirred), syllable(stirred / base), syllable(stirred / base / base)].concat()
}

/// The words of text number `number`, the same on every run.
pub(crate) fn of_text(number: u64) -> Vec<String> {
    let mut dice = Dice::new(number ^ 0x5eed);
    (0..LENGTH).map(|_| word(common(&mut dice))).collect()
}

/// A word's number: small ones far more often than large ones.
fn common(dice: &mut Dice) -> usize {
    const STEPS: usize = 1 << 20;
    let even = dice.below(STEPS) as f64 / STEPS as f64;
    (COUNT as f64 * even * even * even) as usize
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
