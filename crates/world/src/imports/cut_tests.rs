use super::{Batch, Cutter, MAX_ROW, Row};
use crate::imports::model::Format;

/// The rows of a text that arrives in pieces of `size`, and the bytes they are.
fn rows(format: Format, text: &[u8], size: usize) -> (Vec<String>, u64) {
    let (mut cutter, mut rows, mut bytes) = (Cutter::new(format), Vec::new(), 0);
    let mut take = |batch: &mut Batch| {
        bytes += batch.bytes;
        rows.extend(std::mem::take(batch).rows.into_iter().map(|row| {
            match row {
                Row::Line(line) => String::from_utf8_lossy(&line).into_owned(),
                Row::Record(fields) => fields
                    .iter()
                    .map(|field| String::from_utf8_lossy(field))
                    .collect::<Vec<_>>()
                    .join("|"),
                Row::TooLong => "too long".to_owned(),
            }
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
    (rows, bytes)
}

#[test]
fn rows_do_not_depend_on_how_they_arrive() {
    let csv = b"id,name\n1,\"a \"\"b\"\",\nc\"\r\n\n2,\"\"\n3,last";
    let lines = b"{}\n\n{\"a\":1}\r\nlast";
    for size in 1..=csv.len() {
        let (found, bytes) = rows(Format::Csv, csv, size);
        assert_eq!(found, ["id|name", "1|a \"b\",\nc", "2|", "3|last"], "pieces of {size}");
        assert_eq!(bytes, csv.len() as u64, "pieces of {size}");
        let (found, bytes) = rows(Format::Ndjson, lines, size);
        assert_eq!(found, ["{}", "", "{\"a\":1}\r", "last"]);
        assert_eq!(bytes, lines.len() as u64);
    }
}

#[test]
fn a_row_that_is_too_long_is_one_row_and_the_next_is_read() {
    let mut text = b"a\n".to_vec();
    text.resize(MAX_ROW * 3, b'x');
    text.extend_from_slice(b"\nb\n");
    for format in [Format::Ndjson, Format::Csv] {
        let (found, bytes) = rows(format, &text, 64 << 10);
        assert_eq!(found, ["a", "too long", "b"]);
        assert_eq!(bytes, text.len() as u64);
    }
}

#[test]
fn a_batch_of_empty_cells_is_not_larger_in_memory_than_others() {
    let mut cutter = Cutter::new(Format::Csv);
    let (record, mut records) = (",".repeat(899) + "\n", 0_usize);
    let mut batch = Batch::of_all();
    while !batch.is_full() {
        let left = cutter.cut(record.as_bytes(), &mut batch);
        assert!(left.is_empty());
        records += 1;
    }
    // Each cell is a list, of nothing.
    assert!(records < 1000, "{records} records of 900 cells");
    assert_eq!((batch.rows.len(), batch.bytes), (records, 900 * records as u64));
}
