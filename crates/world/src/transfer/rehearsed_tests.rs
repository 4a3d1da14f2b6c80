use std::sync::mpsc::sync_channel;

use super::*;

/// So many chunks, which are their numbers.
fn rehearsed(many: usize) -> Rehearsed<usize> {
    let (sender, chunks) = sync_channel(many);
    for number in 0..many {
        sender.send(number).expect("there is room");
    }
    Rehearsed::new(chunks)
}

fn run(all: &mut Rehearsed<usize>) -> Result<Vec<usize>> {
    let mut numbers = Vec::new();
    while let Some(chunk) = all.at(numbers.len())? {
        numbers.push(*chunk);
    }
    Ok(numbers)
}

#[test]
fn a_dry_run_begins_again_with_its_first_line_or_not_at_all() {
    let mut all = rehearsed(KEPT);
    assert!(all.at(0).is_ok_and(|chunk| chunk.is_some()), "a run that ends early");
    for _ in 0..2 {
        assert_eq!(run(&mut all).ok(), Some((0..KEPT).collect()));
    }
    let mut all = rehearsed(KEPT + 1);
    assert_eq!(run(&mut all).ok(), Some((0..=KEPT).collect()));
    assert_eq!(run(&mut all).expect_err("too late").code(), "rehearsal_disturbed");
}
