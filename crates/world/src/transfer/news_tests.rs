use super::*;

/// News of a chunk of two lines, of which the second was refused.
fn chunk(number: u64) -> Option<News> {
    let last = number * 2;
    let refused = Err(("wrong".to_owned(), "Put it right.".to_owned()));
    Some(News::up_to((last, last * 10), vec![(last - 1, Ok(Outcome::Stored)), (last, refused)]))
}

/// The last lines of those that are told.
fn told(news: &[News]) -> Vec<u64> {
    news.iter().map(|one| one.lines).collect()
}

#[test]
fn what_may_be_undone_is_not_told_and_nothing_is_told_twice() {
    let mut held = Held::default();
    let kept = u64::try_from(KEPT).expect("few");
    for _ in 0..3 {
        assert!(held.hear(None).is_empty());
        for number in 1..=kept {
            assert!(held.hear(chunk(number)).is_empty(), "it may begin again");
        }
    }
    let all: Vec<u64> = (1..=kept + 1).map(|number| number * 2).collect();
    assert_eq!(told(&held.hear(chunk(kept + 1))), all);
    assert_eq!(told(&held.hear(chunk(kept + 2))), [2 * (kept + 2)], "each at once from now on");
    assert!(held.rest().is_empty());

    let mut short = Held::default();
    assert!(short.hear(None).is_empty() && short.hear(chunk(1)).is_empty());
    assert_eq!(told(&short.rest()), [2], "the end of a short one");
}

#[test]
fn refused_lines_are_told_by_number_and_the_others_are_counted() {
    let (mut summary, mut refused) = (Summary::default(), Vec::new());
    for number in 1..=2 {
        let news = chunk(number).expect("news");
        news.tell(&mut summary, &mut |one| {
            if let Progress::Refused { line, code, .. } = one {
                refused.push((line, code));
            }
        });
    }
    assert_eq!(summary, Summary { lines: 4, stored: 2, skipped: 0, refused: 2 });
    assert_eq!(refused, [(2, "wrong".to_owned()), (4, "wrong".to_owned())]);
}
