//! Lines of an import: cut the same however they arrive, and taken or refused by name.

use std::io::Cursor;

use world::imports::cut::{Batch, Cutter, Row};
use world::imports::model::Format;
use world::transfer::{ImportOptions, Progress, import};

use crate::house::house;

/// A byte that says how the rest arrives, and the rest: rows.
pub fn import_line(data: &[u8]) {
    let [how, text @ ..] = data else { return };
    for format in [Format::Ndjson, Format::Csv, Format::Bundle] {
        let whole = rows(format, text, text.len().max(1));
        let pieces = rows(format, text, usize::from(how % 16) + 1);
        assert_eq!(whole, pieces, "rows depend on how they arrive");
    }
    rehearse(text);
}

/// The rows of a text that arrives in pieces of `size`.
fn rows(format: Format, text: &[u8], size: usize) -> Vec<Option<Vec<Vec<u8>>>> {
    let (mut cutter, mut rows, mut bytes) = (Cutter::new(format), Vec::new(), 0);
    let mut take = |batch: &mut Batch| {
        let batch = std::mem::take(batch);
        bytes += batch.bytes;
        rows.extend(batch.rows.into_iter().map(|row| match row {
            Row::Line(line) => Some(vec![line]),
            Row::Record(fields) => Some(fields),
            Row::TooLong => None,
        }));
    };
    let mut batch = Batch::default();
    for piece in text.chunks(size) {
        let mut rest = piece;
        while !rest.is_empty() {
            rest = cutter.cut(rest, &mut batch);
            if batch.is_full() {
                take(&mut batch);
            }
        }
    }
    cutter.finish(&mut batch);
    take(&mut batch);
    assert_eq!(bytes, text.len() as u64, "bytes that belong to no row");
    rows
}

/// All of it, and none of it kept.
fn rehearse(text: &[u8]) {
    let house = house();
    let mut refused = 0;
    let report = |progress| {
        if let Progress::Refused { line, code, message } = progress {
            assert!(code != "internal", "line {line} breaks something: {message}");
            assert!(!message.is_empty(), "line {line} is refused without a word");
            refused += 1;
        }
    };
    let options = ImportOptions { dry_run: true, resume: false };
    let input = Cursor::new(text.to_vec());
    let summary = house.run(import(&house.app, input, options, report)).expect("it is read");
    assert_eq!(summary.refused, refused, "{summary:?}");
    assert!(summary.stored + summary.skipped + summary.refused <= summary.lines, "{summary:?}");
}
