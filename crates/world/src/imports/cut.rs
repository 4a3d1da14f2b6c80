//! Cuts what arrives into rows, wherever the pieces end, in bounded memory.

use csv_core::{ReadRecordResult, Reader};

use super::model::Format;

/// Bytes of a row.
const MAX_ROW: usize = 1 << 20;
/// Bytes of a line of a bundle, as the command line takes it: a row that came in by itself, with
/// what an export adds to it.
const MAX_LINE: usize = 8 << 20;
/// Rows that share a transaction.
const MAX_ROWS: usize = 1000;
/// Bytes after which a batch is closed.
const MAX_BYTES: usize = 4 << 20;
/// Columns of a record.
const MAX_FIELDS: usize = 1000;
/// Bytes that a field of a record takes beside its text, of which it may have none.
const FIELD: usize = size_of::<Vec<u8>>();

/// A row as it came.
#[derive(Debug, Clone)]
pub enum Row {
    /// A line of NDJSON.
    Line(Vec<u8>),
    /// A record of a CSV.
    Record(Vec<Vec<u8>>),
    /// One that is longer than a row may be.
    TooLong,
}

/// Rows and bytes that are rehearsed together, in one transaction: quotas and unique values count
/// across them.
const REHEARSED: (usize, usize) = (10_000, 16 << 20);

/// Rows that are taken together.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Rows, in their order.
    pub rows: Vec<Row>,
    /// Bytes of the input that these rows are, line ends among them.
    pub bytes: u64,
    held: usize,
    most: (usize, usize),
}

impl Default for Batch {
    fn default() -> Self {
        Self { rows: Vec::new(), bytes: 0, held: 0, most: (MAX_ROWS, MAX_BYTES) }
    }
}

impl Batch {
    /// One for the rows of a rehearsal.
    pub(super) fn of_all() -> Self {
        Self { most: REHEARSED, ..Self::default() }
    }

    /// Whether it takes no more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let (rows, bytes) = self.most;
        self.rows.len() >= rows || self.held >= bytes
    }

    fn push(&mut self, row: Row, held: usize, bytes: u64) {
        self.rows.push(row);
        self.held += held;
        self.bytes += bytes;
    }
}

/// Cuts one input.
pub enum Cutter {
    /// At line feeds.
    Lines {
        /// The line so far, at most one byte more than a row may have.
        line: Vec<u8>,
        /// Bytes of it, those that were not kept too.
        read: u64,
        /// Bytes a row may have.
        most: usize,
    },
    /// As RFC 4180 says.
    Csv(Box<Records>),
}

/// The state of a CSV between two pieces.
pub struct Records {
    reader: Reader,
    text: Vec<u8>,
    written: usize,
    ends: [usize; MAX_FIELDS],
    ended: usize,
    read: u64,
    too_long: bool,
}

impl Cutter {
    /// For an input of this format.
    #[must_use]
    pub fn new(format: Format) -> Self {
        match format {
            Format::Ndjson => Self::Lines { line: Vec::new(), read: 0, most: MAX_ROW },
            Format::Bundle => Self::Lines { line: Vec::new(), read: 0, most: MAX_LINE },
            Format::Csv => Self::Csv(Box::new(Records {
                reader: Reader::new(),
                text: vec![0; 4096],
                written: 0,
                ends: [0; MAX_FIELDS],
                ended: 0,
                read: 0,
                too_long: false,
            })),
        }
    }

    /// Adds the rows of `piece` to the batch until it is full; returns what is left of it.
    pub fn cut<'p>(&mut self, mut piece: &'p [u8], batch: &mut Batch) -> &'p [u8] {
        while !piece.is_empty() && !batch.is_full() {
            piece = match self {
                Self::Lines { line, read, most } => cut_line(line, read, *most, piece, batch),
                Self::Csv(records) => records.cut(piece, batch),
            };
        }
        piece
    }

    /// Adds the last row, which needs no line end.
    pub fn finish(&mut self, batch: &mut Batch) {
        match self {
            Self::Lines { read: 0, .. } => {}
            Self::Lines { line, read, most } => push_line(line, read, *most, batch),
            Self::Csv(records) => {
                records.cut(&[], batch);
                // What is left are blanks between records.
                batch.bytes += std::mem::take(&mut records.read);
            }
        }
    }
}

fn cut_line<'p>(
    line: &mut Vec<u8>,
    read: &mut u64,
    most: usize,
    piece: &'p [u8],
    batch: &mut Batch,
) -> &'p [u8] {
    let end = piece.iter().position(|byte| *byte == b'\n');
    let (content, rest) = match end {
        Some(at) => (&piece[..at], &piece[at + 1..]),
        None => (piece, &piece[piece.len()..]),
    };
    let room = (most + 1).saturating_sub(line.len());
    line.extend_from_slice(&content[..content.len().min(room)]);
    *read += content.len() as u64;
    if end.is_some() {
        *read += 1;
        push_line(line, read, most, batch);
    }
    rest
}

fn push_line(line: &mut Vec<u8>, read: &mut u64, most: usize, batch: &mut Batch) {
    let (line, read) = (std::mem::take(line), std::mem::take(read));
    let held = line.len();
    let row = if held > most { Row::TooLong } else { Row::Line(line) };
    batch.push(row, held, read);
}

impl Records {
    fn cut<'p>(&mut self, piece: &'p [u8], batch: &mut Batch) -> &'p [u8] {
        let (result, taken, written, ended) = self.reader.read_record(
            piece,
            &mut self.text[self.written..],
            &mut self.ends[self.ended..],
        );
        self.read += taken as u64;
        self.written += written;
        self.ended += ended;
        match result {
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            ReadRecordResult::OutputFull if self.text.len() < MAX_ROW => {
                self.text.resize(self.text.len() * 2, 0);
            }
            // The rest of it is read over what is there.
            ReadRecordResult::OutputFull => (self.too_long, self.written) = (true, 0),
            ReadRecordResult::OutputEndsFull => (self.too_long, self.ended) = (true, 0),
            ReadRecordResult::Record => self.push(batch),
        }
        &piece[taken..]
    }

    fn push(&mut self, batch: &mut Batch) {
        let held = self.written + self.ended * FIELD;
        let row = if self.too_long {
            Row::TooLong
        } else {
            let mut start = 0;
            let field = |end: &usize| {
                let field = self.text[start..*end].to_vec();
                start = *end;
                field
            };
            Row::Record(self.ends[..self.ended].iter().map(field).collect())
        };
        batch.push(row, held, self.read);
        (self.written, self.ended, self.read, self.too_long) = (0, 0, 0, false);
    }
}

#[cfg(test)]
#[path = "cut_tests.rs"]
mod tests;
