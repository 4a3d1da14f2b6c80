//! What is told of chunks: how many of their lines were taken, and which were refused.

use super::import::Chunk;
use super::rehearsed::KEPT;
use super::store::Outcome;
use super::{Progress, Summary};

/// What became of a line, by its number: of a refused one the code, and what to do.
pub(super) type Told = (u64, Result<Outcome, (String, String)>);

/// What is told of a chunk.
#[derive(Debug)]
pub(super) struct News {
    /// Lines up to its end.
    lines: u64,
    /// Bytes up to its end.
    bytes: u64,
    stored: u64,
    skipped: u64,
    refused: Vec<(u64, String, String)>,
}

impl News {
    pub(super) fn of(chunk: &Chunk, outcomes: Vec<Told>) -> Self {
        Self::up_to((chunk.last(), chunk.bytes), outcomes)
    }

    fn up_to((lines, bytes): (u64, u64), outcomes: Vec<Told>) -> Self {
        let mut news = Self { lines, bytes, stored: 0, skipped: 0, refused: Vec::new() };
        for (line, outcome) in outcomes {
            match outcome {
                Ok(Outcome::Stored) => news.stored += 1,
                Ok(Outcome::There) => news.skipped += 1,
                Ok(Outcome::Nothing) => {}
                Err((code, message)) => news.refused.push((line, code, message)),
            }
        }
        news
    }

    pub(super) fn tell(self, summary: &mut Summary, report: &mut impl FnMut(Progress)) {
        summary.lines = self.lines;
        summary.stored += self.stored;
        summary.skipped += self.skipped;
        summary.refused += self.refused.len() as u64;
        for (line, code, message) in self.refused {
            report(Progress::Refused { line, code, message });
        }
        report(Progress::Read { lines: self.lines, bytes: self.bytes });
    }
}

/// What a dry run has told that may begin again: with the chunks that are kept for that it ends,
/// and nothing is told twice.
#[derive(Debug, Default)]
pub(super) struct Held {
    news: Vec<News>,
    certain: bool,
}

impl Held {
    /// Hears of one more chunk, or that it begins; what is certain by now.
    pub(super) fn hear(&mut self, news: Option<News>) -> Vec<News> {
        let Some(news) = news else {
            self.news.clear();
            return Vec::new();
        };
        self.news.push(news);
        self.certain |= self.news.len() > KEPT;
        if self.certain { std::mem::take(&mut self.news) } else { Vec::new() }
    }

    /// What is left when it has ended.
    pub(super) fn rest(self) -> Vec<News> {
        self.news
    }
}

#[cfg(test)]
#[path = "news_tests.rs"]
mod tests;
