//! A job in the hands of its handler.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use types::{GroupId, JobId, Json, Time};

use super::MAX_RESULT;

/// Characters of the text that tells how far a job has come.
const PROGRESS_CHARS: usize = 200;

/// A claimed job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Which handler runs it.
    pub kind: String,
    /// What the handler is given.
    pub payload: Json,
    /// Counted from 1.
    pub attempt: i64,
    /// The tenant it is for.
    pub group: Option<GroupId>,
    /// The tick of the schedule that made it.
    pub tick: Option<Time>,
    pub(crate) max_attempts: i64,
    pub(super) said: Arc<Said>,
}

impl Job {
    /// Whether the job is given up should this run fail.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.attempt >= self.max_attempts
    }

    /// Says how far it has come: a percentage, and a few words without anything secret. Costs
    /// nothing; it is stored every few seconds.
    pub fn progress(&self, percent: u8, words: &str) {
        let words = clean(words, PROGRESS_CHARS);
        let mut said = self.said.lock();
        (said.percent, said.words, said.changed) = (Some(percent.min(100)), words, true);
    }

    /// Says when the next run comes should this one fail, instead of after the pause of its attempt,
    /// and what that run is given as its payload.
    pub fn again(&self, pause: Duration, payload: Json) {
        self.said.lock().again = Some((pause, payload));
    }

    /// Says what came of it; kept with the job once it is done. More than 64 KiB fail it for good.
    pub fn result(&self, result: Json) {
        let text = result.as_str();
        let mut said = self.said.lock();
        if text.len() > MAX_RESULT {
            said.refused = Some(format!("its result has {} bytes; 64 KiB is all", text.len()));
        } else if text.contains("\\u0000") {
            said.refused = Some("its result has a character that cannot be stored".to_owned());
        } else {
            said.result = Some(result);
        }
    }
}

/// Text as it may be stored: no control characters, so many at most.
pub(super) fn clean(text: &str, most: usize) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().take(most).map(plain).collect()
}

/// What a handler said of its job so far.
#[derive(Debug, Default)]
pub(super) struct Said(Mutex<Words>);

#[derive(Debug, Default, Clone)]
pub(super) struct Words {
    pub(super) percent: Option<u8>,
    pub(super) words: String,
    pub(super) result: Option<Json>,
    /// When the next run comes should this one fail, and its payload.
    pub(super) again: Option<(Duration, Json)>,
    /// Why the result cannot be kept.
    pub(super) refused: Option<String>,
    changed: bool,
}

impl Words {
    pub(super) fn is_empty(&self) -> bool {
        self.percent.is_none() && self.result.is_none()
    }
}

impl Said {
    fn lock(&self) -> std::sync::MutexGuard<'_, Words> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of it.
    pub(super) fn words(&self) -> Words {
        self.lock().clone()
    }

    /// The progress, if it is news.
    pub(super) fn news(&self) -> Option<(u8, String)> {
        let mut said = self.lock();
        let news = std::mem::take(&mut said.changed);
        said.percent.filter(|_| news).map(|percent| (percent, said.words.clone()))
    }
}
