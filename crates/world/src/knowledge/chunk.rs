//! Cutting a text into chunks that overlap.
//!
//! Chunks have about 800 tokens and share about 200 with the one before; a token is taken for 4
//! characters, which is the rule of thumb for European languages. Cuts are made between sentences,
//! and a code block or a table stays whole. The cost grows with the length of the text and with
//! nothing else, because anybody may send a text. (Splitters that try one level of structure
//! after the other take seconds for a megabyte without a space.)

use std::ops::Range;

/// Characters of a token, about.
const TOKEN: usize = 4;
/// Characters of a chunk.
const SIZE: usize = 800 * TOKEN;
/// Characters shared with the chunk before.
const OVERLAP: usize = 200 * TOKEN;
/// Characters up to which a code block or a table stays whole: what a model still takes at once.
const WHOLE: usize = 8_000 * TOKEN;

/// A chunk of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it stands, in bytes.
    pub(super) bytes: Range<usize>,
    /// Where it stands, in characters.
    pub(super) chars: Range<usize>,
}

/// What is not cut: a sentence, a code block, a table.
#[derive(Debug)]
struct Unit {
    bytes: Range<usize>,
    chars: usize,
}

/// The chunks of a text, in order; none of a blank one.
pub(super) fn cut(text: &str) -> Vec<Piece> {
    let units = units(text);
    let mut pieces = Vec::new();
    let (mut start, mut done, mut position) = (0, 0, 0);
    while done < units.len() {
        // As many as fit, and one at least beyond what the chunk before had.
        let mut size: usize = units[start..done].iter().map(|unit| unit.chars).sum();
        let mut end = done;
        while end < units.len() && (end == done || size + units[end].chars <= SIZE) {
            size += units[end].chars;
            end += 1;
        }
        let bytes = units[start].bytes.start..units[end - 1].bytes.end;
        pieces.extend(trimmed(text, bytes, position));
        // The next one begins with the last sentences of this one, unless what follows them
        // would not fit.
        let mut next = end;
        let mut shared = 0;
        let following = units.get(end).map_or(0, |unit| unit.chars);
        while next > start + 1
            && shared + units[next - 1].chars <= OVERLAP
            && shared + units[next - 1].chars + following <= SIZE
        {
            next -= 1;
            shared += units[next].chars;
        }
        position += units[start..next].iter().map(|unit| unit.chars).sum::<usize>();
        (start, done) = (next, end);
    }
    pieces
}

/// A chunk without the blanks around it.
fn trimmed(text: &str, bytes: Range<usize>, position: usize) -> Option<Piece> {
    let whole = &text[bytes.clone()];
    let tail = whole.trim_end();
    let body = tail.trim_start_matches(['\n', '\r']).trim_start();
    if body.is_empty() {
        return None;
    }
    let skipped = &tail[..tail.len() - body.len()];
    let start = bytes.start + skipped.len();
    let first = position + skipped.chars().count();
    Some(Piece { bytes: start..start + body.len(), chars: first..first + body.chars().count() })
}

fn units(text: &str) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut prose = 0;
    let mut lines = Lines { text, at: 0 };
    while let Some(line) = lines.next() {
        let start = line.start;
        let kept = if let Some(fence) = fence(&text[line.clone()]) {
            Some(lines.until_fence(fence))
        } else if is_row(&text[line.clone()]) {
            lines.table()
        } else {
            None
        };
        if let Some(end) = kept {
            sentences(text, prose..start, &mut units);
            keep(text, start..end, &mut units);
            prose = end;
        }
    }
    sentences(text, prose..text.len(), &mut units);
    units
}

struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl Lines<'_> {
    fn peek(&self) -> Option<Range<usize>> {
        let rest = &self.text[self.at..];
        let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
        (length > 0).then(|| self.at..self.at + length)
    }

    fn next(&mut self) -> Option<Range<usize>> {
        let line = self.peek()?;
        self.at = line.end;
        Some(line)
    }

    /// The end of a code block: behind its closing fence, or the end of the text.
    fn until_fence(&mut self, (mark, length): (char, usize)) -> usize {
        while let Some(line) = self.next() {
            let line = self.text[line].trim();
            if line.len() >= length && line.chars().all(|c| c == mark) {
                break;
            }
        }
        self.at
    }

    /// The end of a table whose first row was read; nothing when no second row follows.
    fn table(&mut self) -> Option<usize> {
        let first = self.at;
        while let Some(line) = self.peek()
            && is_row(&self.text[line.clone()])
        {
            self.at = line.end;
        }
        (self.at > first).then_some(self.at)
    }
}

/// Three or more backticks or tildes at the beginning of a line open a code block.
fn fence(line: &str) -> Option<(char, usize)> {
    let line = line.trim_start();
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == mark).count();
    let info = line[length..].trim();
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length))
}

fn is_row(line: &str) -> bool {
    let line = line.trim();
    line.len() > 1 && line.starts_with('|')
}

/// A code block or a table: whole, or line by line when no model would take it.
fn keep(text: &str, bytes: Range<usize>, units: &mut Vec<Unit>) {
    let chars = text[bytes.clone()].chars().count();
    if chars <= WHOLE {
        units.push(Unit { bytes, chars });
        return;
    }
    let mut lines = Lines { text: &text[..bytes.end], at: bytes.start };
    while let Some(line) = lines.next() {
        bounded(text, line, units);
    }
}

/// Sentences end behind `.`, `!`, `?` and their like when a blank follows, and at an empty line.
fn sentences(text: &str, bytes: Range<usize>, units: &mut Vec<Unit>) {
    let mut start = bytes.start;
    // What was seen last: the end of a sentence, and a line break.
    let (mut ended, mut broken, mut blank) = (false, false, false);
    for (offset, letter) in text[bytes.clone()].char_indices() {
        let at = bytes.start + offset;
        if letter.is_whitespace() {
            ended |= broken && letter == '\n';
            broken |= letter == '\n';
            blank = true;
            continue;
        }
        if blank && ended {
            bounded(text, start..at, units);
            start = at;
        }
        if blank {
            ended = false;
        }
        (broken, blank) = (false, false);
        match letter {
            '.' | '!' | '?' | '…' => ended = true,
            '。' | '！' | '？' => {
                // No blank stands behind these.
                ended = true;
                blank = true;
            }
            // Closing marks belong to the sentence they end.
            '"' | '\'' | ')' | ']' | '»' | '”' | '’' | '*' | '_' => {}
            _ => ended = false,
        }
    }
    bounded(text, start..bytes.end, units);
}

/// Cuts what is longer than a chunk, between words where there are any.
fn bounded(text: &str, bytes: Range<usize>, units: &mut Vec<Unit>) {
    let mut start = bytes.start;
    let (mut chars, mut word) = (0, None);
    for (offset, letter) in text[bytes.clone()].char_indices() {
        let at = bytes.start + offset;
        if chars == SIZE {
            let (end, taken) = word.take().unwrap_or((at, chars));
            units.push(Unit { bytes: start..end, chars: taken });
            (start, chars) = (end, chars - taken);
        }
        chars += 1;
        if letter.is_whitespace() {
            word = Some((at + letter.len_utf8(), chars));
        }
    }
    if start < bytes.end {
        units.push(Unit { bytes: start..bytes.end, chars });
    }
}

#[cfg(test)]
#[path = "chunk_tests.rs"]
mod tests;
