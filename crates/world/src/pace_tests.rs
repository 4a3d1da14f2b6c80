use super::*;

#[test]
fn small_rows_are_read_in_large_pages_before_long() {
    let mut pace = Pace::default();
    let mut limits = Vec::new();
    for _ in 0..4 {
        let rows = pace.limit().rows();
        limits.push(rows);
        pace.had(rows, rows * 500);
    }
    assert_eq!(limits, [250, 500, 1000, 1000]);
}

#[test]
fn as_many_rows_are_asked_for_as_have_enough_bytes() {
    let mut pace = Pace::default();
    pace.had(10, 10 * (100 << 10));
    assert_eq!(pace.limit().rows(), 10);
    // One row that is more than enough by itself.
    pace.had(1, 3 << 20);
    assert_eq!(pace.limit().rows(), 1);
    // And no more than twice as many again, page by page.
    pace.had(1, 10);
    assert_eq!(pace.limit().rows(), 2);
    pace.had(2, 20);
    assert_eq!(pace.limit().rows(), 4);
}

#[test]
fn a_few_rows_promise_nothing() {
    let mut pace = Pace::default();
    pace.had(3, 30);
    assert_eq!(pace.limit().rows(), 250);
    pace.had(0, 0);
    assert_eq!(pace.limit().rows(), 250);
}

#[test]
fn no_page_asks_for_more_than_it_may() {
    let mut pace = Pace::up_to(64);
    assert_eq!(pace.limit().rows(), 64);
    pace.had(64, 64);
    assert_eq!(pace.limit().rows(), 64);
}

/// Whatever the sizes of rows are, in whatever order: what is asked for in vain is a small multiple
/// of what there is.
#[test]
fn little_is_asked_for_in_vain() {
    const SMALL: usize = 100;
    const LARGE: usize = 1 << 20;
    let patterns: [&[(usize, usize)]; 4] = [
        &[(2000, LARGE)],
        &[(1000, SMALL), (1000, LARGE)],
        &[(4, SMALL), (4, LARGE)],
        &[(250, SMALL), (3, LARGE)],
    ];
    for pattern in patterns {
        let once = pattern.iter().flat_map(|(times, size)| std::iter::repeat_n(*size, *times));
        let sizes: Vec<usize> = once.cycle().take(6000).collect();
        let (mut pace, mut at, mut sent) = (Pace::default(), 0, 0_usize);
        while at < sizes.len() {
            let asked = &sizes[at..sizes.len().min(at + pace.limit().rows())];
            sent += asked.iter().sum::<usize>();
            let (mut rows, mut bytes) = (0, 0);
            for size in asked {
                if is_enough(bytes) {
                    break;
                }
                rows += 1;
                bytes += size;
            }
            assert!(bytes < 2 * BYTES, "a page has enough and one more row");
            pace.had(rows, bytes);
            at += rows;
        }
        let whole: usize = sizes.iter().sum();
        assert!(sent < 3 * whole, "{sent} bytes for {whole}: {pattern:?}");
    }
}
